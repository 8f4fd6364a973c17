"""Signatures are those that botocore makes, which every service of AWS takes."""

import calendar
import time

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from personalize_runtime.signatures import Credentials, Signer

VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
URLS = st.sampled_from(
    [
        "https://personalize-events.us-east-1.amazonaws.com/events",
        "https://sqs.us-east-1.amazonaws.com/",
        "https://sqs.us-east-1.amazonaws.com",
        "https://vpce-1.sqs.us-east-1.vpce.amazonaws.com:443/",
        "http://127.0.0.1:4566/action-interactions",
        "http://[::1]:4566/events",
        "http://localhost/a%20path/events",
    ]
)


def signed_by_botocore(
    signer: SigV4Auth, method: str, url: str, headers: dict[str, str], body: bytes
) -> AWSRequest:
    request = AWSRequest(method, url, headers=dict(headers), data=body)
    signer.add_auth(request)
    return request


def moment_of(request: AWSRequest) -> float:
    return calendar.timegm(time.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))


@given(
    URLS,
    st.builds(
        Signer,
        st.sampled_from(["personalize", "sqs"]),
        st.sampled_from(["us-east-1", "cn-north-1"]),
    ),
    st.dictionaries(
        st.sampled_from(["Content-Type", "X-Amz-Target", "X-Amzn-Query-Mode"]), VISIBLE
    ),
    st.binary(),
    st.builds(Credentials, VISIBLE, VISIBLE, st.none() | VISIBLE),
)
def test_a_request_is_signed_as_botocore_signs_it(
    url: str, signer: Signer, headers: dict[str, str], body: bytes, credentials: Credentials
) -> None:
    botocore = SigV4Auth(ReadOnlyCredentials(*credentials), signer.service, signer.region)
    theirs = signed_by_botocore(botocore, "POST", url, headers, body)

    ours = signer.signed("POST", url, headers, body, credentials, at=moment_of(theirs))

    assert ours["Authorization"] == theirs.headers["Authorization"]
    assert ours["X-Amz-Date"] == theirs.headers["X-Amz-Date"]
    assert ours.get("X-Amz-Security-Token") == theirs.headers.get("X-Amz-Security-Token")


@pytest.mark.parametrize("key", ["dead-letters/1", "a%20b", "%C3%A4/~x"])
def test_an_object_is_signed_as_botocore_signs_it(key: str) -> None:
    url, headers = f"https://s3.us-east-1.amazonaws.com/data/{key}", {"Content-Type": "text/plain"}
    credentials = Credentials("key", "secret", None)
    signer = S3SigV4Auth(ReadOnlyCredentials(*credentials), "s3", "us-east-1")
    theirs = signed_by_botocore(signer, "PUT", url, headers, b"data")

    ours = Signer("s3", "us-east-1").signed(
        "PUT", url, headers, b"data", credentials, at=moment_of(theirs)
    )

    assert ours["X-Amz-Content-SHA256"] == theirs.headers["X-Amz-Content-SHA256"]
    assert ours["Authorization"] == theirs.headers["Authorization"]


def test_a_signature_is_of_its_day() -> None:
    signer, credentials = Signer("personalize", "us-east-1"), Credentials("key", "secret", None)

    def scope(at: float) -> str:
        headers = signer.signed("POST", "https://aws/", {}, b"", credentials, at=at)
        return headers["Authorization"].partition(",")[0]

    assert scope(86_399).endswith("key/19700101/us-east-1/personalize/aws4_request")
    assert scope(86_400).endswith("key/19700102/us-east-1/personalize/aws4_request")
