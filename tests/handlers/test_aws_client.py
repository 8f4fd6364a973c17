"""Calls of AWS services are signed as botocore signs its own."""

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from personalize_runtime.aws_client import AwsClient
from tests.handlers.upstream import Call, Upstream


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> ReadOnlyCredentials:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return ReadOnlyCredentials("AKIAIOSFODNN7EXAMPLE", "secret", "token")


def client(endpoint: str, signing_name: str) -> AwsClient:
    return AwsClient.of(
        endpoint,
        signing_name=signing_name,
        connect_timeout=1,
        read_timeout=1,
        max_connections=1,
    )


def signature_of(call: Call, auth: SigV4Auth) -> str:
    """Return what botocore signs its own request with, at the time of the call."""
    headers = {name: value for name, value in call.headers.items() if name != "Authorization"}
    request = AWSRequest(call.method, call.url, headers=headers, data=call.content)
    request.context["timestamp"] = headers["X-Amz-Date"]
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


def test_a_call_has_the_signature_that_botocore_makes(credentials: ReadOnlyCredentials) -> None:
    events = client("personalize-events", "personalize")

    with Upstream().behind(events) as upstream:
        events.rest("PutEvents", "/events", {"userId": "Zoë"})

    (call,) = upstream.calls
    auth = SigV4Auth(credentials, "personalize", "us-east-1")
    assert call.headers["Authorization"].endswith(f"Signature={signature_of(call, auth)}")
    assert call.headers["Host"] == "personalize-events.us-east-1.amazonaws.com"
    assert call.headers["X-Amz-Security-Token"] == "token"


def test_a_call_belongs_to_the_trace_of_its_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    events = client("personalize-events", "personalize")

    with Upstream().behind(events) as upstream:
        events.rest("PutEvents", "/events", {})
        monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5e6f;Sampled=1")
        events.rest("PutEvents", "/events", {})

    without, traced = upstream.calls
    assert "X-Amzn-Trace-Id" not in without.headers
    assert traced.headers["X-Amzn-Trace-Id"] == "Root=1-5e6f;Sampled=1"
    assert "x-amzn-trace-id" not in traced.headers["Authorization"]


def test_an_object_has_the_signature_that_botocore_makes(credentials: ReadOnlyCredentials) -> None:
    s3 = client("s3", "s3")

    with Upstream().behind(s3) as upstream:
        s3.put_object("data", "a folder/ü+.json", b"content")

    (call,) = upstream.calls
    auth = S3SigV4Auth(credentials, "s3", "us-east-1")
    assert call.headers["Authorization"].endswith(f"Signature={signature_of(call, auth)}")
