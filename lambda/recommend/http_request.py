"""Requests as API Gateway hands them on: by an HTTP API (payload 2.0) or a REST API (1.0)."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from recommend.problems import bad_base64, bad_query

_HTTP_API = "2.0"
_CORRELATION_HEADER = "x-correlation-id"
_LONGEST_CORRELATION_ID = 128


class Request(NamedTuple):
    """One request.

    Attributes:
        method: Its method.
        path: Its path, without the stage.
        headers: Its headers, by their names in small letters.
        claims: What the authorizer says of the caller.
        request_id: The id that API Gateway gave the request.
        event: What Lambda was given.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    claims: Mapping[str, str]
    request_id: str
    event: Mapping[str, Any]

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "Request":
        """Read what API Gateway hands on."""
        context = event.get("requestContext") or {}
        http = context.get("http") or {}
        stage = context.get("stage") or ""
        path = event.get("rawPath") or event.get("path") or "/"
        if event.get("version") == _HTTP_API and stage != "$default":
            path = path.removeprefix(f"/{stage}") or "/"
        headers = event.get("headers") or {}
        return cls(
            method=http.get("method") or event.get("httpMethod") or "",
            path=path,
            headers={name.lower(): value for name, value in headers.items()},
            claims=_claims(context.get("authorizer") or {}),
            request_id=context.get("requestId") or "",
            event=event,
        )

    @property
    def query(self) -> list[tuple[str, str]]:
        """The parameters in the order in which they were sent.

        Raises:
            ProblemError: If they are not UTF-8.
        """
        raw = self.event.get("rawQueryString")
        if raw is None:
            given = self.event.get("multiValueQueryStringParameters") or {}
            return [(name, value) for name, values in given.items() for value in values]
        try:
            # Not what API Gateway has decoded: there it joins repeats with commas.
            return parse_qsl(raw, keep_blank_values=True, errors="strict")
        except ValueError as error:
            raise bad_query() from error

    @property
    def body(self) -> bytes:
        """The body.

        Raises:
            ProblemError: If it is said to be base64, and is not.
        """
        body = self.event.get("body") or ""
        if not self.event.get("isBase64Encoded"):
            return str(body).encode(errors="surrogatepass")
        try:
            return base64.b64decode(body, validate=True)
        except (ValueError, binascii.Error) as error:
            raise bad_base64() from error

    @property
    def correlation_id(self) -> str:
        """What the caller follows the request by; else the id that API Gateway gave it."""
        given = self.headers.get(_CORRELATION_HEADER, "")
        # It goes into the answer and into the log, so it is as short and plain as an id is.
        if 0 < len(given) <= _LONGEST_CORRELATION_ID and given.isascii() and given.isprintable():
            return given
        return self.request_id

    @property
    def content_type(self) -> str:
        """The type of the body, without its parameters; empty if the request does not say."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def _claims(authorizer: Mapping[str, Any]) -> dict[str, str]:
    """Return what a JWT, Cognito's or a function of one's own says of the caller."""
    jwt = authorizer.get("jwt") or {}
    for claims in (jwt.get("claims"), authorizer.get("claims"), authorizer.get("lambda")):
        if claims:
            return {name: str(value) for name, value in claims.items()}
    return {
        name: str(value) for name, value in authorizer.items() if not isinstance(value, Mapping)
    }
