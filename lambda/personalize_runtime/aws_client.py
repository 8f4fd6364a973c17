"""Signed calls of AWS services over connections that stay open.

Without the session, the models and the signer of boto3, which take most of the start of a function
(the signer alone loads all of urllib3) and most of the processor of a call (`benchmarks/api.py`,
`benchmarks/ingestion.py`). What else it leaves out is what these functions do by themselves:
retries, and checks of what is sent.
"""

import json
import os
import time
from collections.abc import Mapping
from functools import cache
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from botocore.exceptions import ClientError, NoCredentialsError

from personalize_runtime.connections import Answer, HttpConnections
from personalize_runtime.service_errors import client_error
from personalize_runtime.signatures import Credentials, Signer
from personalize_runtime.strict_json import json_of, read_json

if TYPE_CHECKING:
    from botocore.credentials import Credentials as RenewingCredentials

_ERROR = 400
_TRACE_VARIABLE = "_X_AMZN_TRACE_ID"  # Lambda sets it for each invocation
# In what a service says of an error: com.amazon.coral.service#ThrottlingException:http://...
_NAMESPACE_END = "#"
_DETAILS_START = ":"


class UnreadableAnswerError(HTTPException):
    """The service answered with something else than what it is asked for."""


class Connections(Protocol):
    """What a request goes out by: the network, or what stands in its place in a test."""

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        within: float | None = None,
    ) -> Answer:
        """Send one request and return its answer, if it is there in some seconds."""
        ...


class AwsClient:
    """A service of AWS, in the Region of the function and with its credentials.

    Attributes:
        endpoint_url: Where the service is.
        connections: What the requests go out by.
    """

    def __init__(self, endpoint_url: str, signing_name: str, connections: Connections) -> None:
        """Call a service by some connections; `of` makes them."""
        self.endpoint_url = endpoint_url
        self.connections = connections
        self._signer = Signer(signing_name, region())

    @classmethod
    def of(
        cls,
        endpoint: str,
        *,
        signing_name: str,
        connect_timeout: float,
        read_timeout: float,
        max_connections: int,
        max_answer_bytes: int | None = None,
    ) -> "AwsClient":
        """Return a client of a service.

        Args:
            endpoint: The first part of the name of its endpoint, `personalize-events` say.
            signing_name: Its name in a signature.
            connect_timeout: The seconds that making a connection may take.
            read_timeout: The seconds that an answer may take.
            max_connections: How many calls are made side by side.
            max_answer_bytes: The longest body of an answer (default: as long as it may be).
        """
        url = _endpoint_url(endpoint)
        connections = HttpConnections(
            url,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            max_connections=max_connections,
            max_answer_bytes=max_answer_bytes,
        )
        return cls(url, signing_name, connections)

    def rest(
        self, operation: str, path: str, body: Mapping[str, Any], *, within: float | None = None
    ) -> dict[str, Any]:
        """Call an operation of a service that speaks REST with JSON.

        Args:
            operation: Its name, for the error.
            path: Its path.
            body: Its input.
            within: The seconds that it may take (default: the timeouts together).

        Raises:
            ClientError: If the service answers with an error.
            OSError, http.client.HTTPException: If it does not answer, or nothing that can be read.
        """
        return self._json(operation, path, body, {"Content-Type": "application/json"}, within)

    def rpc(
        self,
        target: str,
        body: Mapping[str, Any],
        *,
        json_version: str = "1.1",
        within: float | None = None,
    ) -> dict[str, Any]:
        """Call an operation of a service that speaks JSON alone.

        Args:
            target: The version of the service and the operation, `AmazonSQS.SendMessage` say.
            body: Its input.
            json_version: The version of the protocol.
            within: The seconds that it may take (default: the timeouts together).

        Raises:
            ClientError: If the service answers with an error.
            OSError, http.client.HTTPException: If it does not answer, or nothing that can be read.
        """
        headers = {
            "Content-Type": f"application/x-amz-json-{json_version}",
            "X-Amz-Target": target,
        }
        return self._json(target.rpartition(".")[2], "/", body, headers, within)

    def get_object(self, bucket: str, key: str, *, within: float | None = None) -> bytes:
        """Return an object of a bucket.

        Args:
            bucket: The bucket.
            key: The key of the object.
            within: The seconds that it may take (default: the timeouts together).

        Raises:
            ClientError: If the service answers with an error.
            OSError, http.client.HTTPException: If it does not answer, or nothing that can be read.
        """
        return self._send("GetObject", "GET", _path_of(bucket, key), b"", {}, within=within)

    def put_object(self, bucket: str, key: str, body: bytes) -> None:
        """Put an object into a bucket.

        Raises:
            ClientError: If the service answers with an error.
            OSError, http.client.HTTPException: If it does not answer, or nothing that can be read.
        """
        headers = {"Content-Type": "application/octet-stream"}
        self._send("PutObject", "PUT", _path_of(bucket, key), body, headers, within=None)

    def _json(
        self,
        operation: str,
        path: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
        within: float | None,
    ) -> dict[str, Any]:
        content = json_of(body).encode()
        answer = self._send(operation, "POST", path, content, headers, within=within)
        try:
            # What is told on must be JSON that can be sent: no NaN, no half characters.
            document = read_json((answer or b"{}").decode())
        except (ValueError, RecursionError) as error:
            msg = f"{operation} answered with something else than JSON"
            raise UnreadableAnswerError(msg) from error
        if not isinstance(document, dict):
            msg = f"{operation} answered with JSON that is no object"
            raise UnreadableAnswerError(msg)
        return document

    def _send(
        self,
        operation: str,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        within: float | None,
    ) -> bytes:
        url = self.endpoint_url + path
        signed = self._signer.signed(method, url, headers, body, _credentials(), at=time.time())
        trace = os.environ.get(_TRACE_VARIABLE)
        if trace is not None:
            # As boto3 does in a function, and after the signature, in which it has no part.
            signed["X-Amzn-Trace-Id"] = trace
        answer = self.connections.request(method, path, body=body, headers=signed, within=within)
        if answer.status >= _ERROR:
            raise _error(operation, answer)
        return answer.data


def _path_of(bucket: str, key: str) -> str:
    return f"/{bucket}/{quote(key, safe='/-_.~')}"


def region() -> str:
    """Return the Region that the function runs in."""
    return os.environ.get("AWS_REGION") or os.environ["AWS_DEFAULT_REGION"]


def _endpoint_url(endpoint: str) -> str:
    own = f"AWS_ENDPOINT_URL_{endpoint.replace('-', '_').upper()}"
    given = os.environ.get(own) or os.environ.get("AWS_ENDPOINT_URL")
    if given:
        return given.rstrip("/")
    suffix = "amazonaws.com.cn" if region().startswith("cn-") else "amazonaws.com"
    return f"https://{endpoint}.{region()}.{suffix}"


def _credentials() -> Credentials:
    """Return the credentials of the function: Lambda renews them by a new process, if at all."""
    environment = os.environ
    if "AWS_ACCESS_KEY_ID" not in environment:
        return _other_credentials()
    return Credentials(
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        environment.get("AWS_SESSION_TOKEN"),
    )


def _other_credentials() -> Credentials:
    """Return credentials from elsewhere, as they come under SnapStart and to other machines."""
    frozen = _session_credentials().get_frozen_credentials()
    if frozen.access_key is None or frozen.secret_key is None:
        raise NoCredentialsError
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


@cache
def _session_credentials() -> "RenewingCredentials":
    """Return credentials that renew themselves."""
    from botocore.session import get_session  # noqa: PLC0415, as it takes long and is rare

    credentials = get_session().get_credentials()
    if credentials is None:
        raise NoCredentialsError
    return credentials


def _error(operation: str, answer: Answer) -> ClientError:
    """Return the error that an answer tells of, as boto3 has it."""
    try:
        document = json.loads(answer.data)
    except (ValueError, RecursionError):
        document = {}
    if not isinstance(document, dict):
        document = {}
    code = answer.headers.get("x-amzn-errortype") or document.get("__type") or ""
    code = str(code).partition(_DETAILS_START)[0].rpartition(_NAMESPACE_END)[2]
    message = document.get("message") or document.get("Message") or ""
    return client_error(
        operation, code or str(answer.status), str(message), answer.status, answer.headers
    )
