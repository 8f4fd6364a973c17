"""Requests as API Gateway hands them to a function, from what is on the wire."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

STAGE = "prod"
_TEXTS = ("text/", "application/json", "application/javascript", "application/xml")


@dataclass(frozen=True)
class HttpRequest:
    """A request on the wire.

    Attributes:
        method: Its method.
        target: Its path and query, as they are sent.
        headers: Its headers.
        body: Its body.
    """

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, as gateways decode it."""
        return unquote(self.target.partition("?")[0], errors="replace")

    @property
    def query(self) -> str:
        """The query as it is sent."""
        return self.target.partition("?")[2]

    def all_of(self, name: str) -> str:
        """Return the header of that name in small letters, or an empty text."""
        return ",".join(value for key, value in self.headers if key.lower() == name)


def http_api_event(request: HttpRequest) -> dict[str, Any]:
    """Return a request as an HTTP API hands it on: the payload format 2.0."""
    body, is_base64 = _body(request)
    headers = {key.lower(): request.all_of(key.lower()) for key, _ in request.headers}
    cookies = headers.pop("cookie", "")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": request.all_of("user-agent"),
            },
            "requestId": "request-1",
            "routeKey": "$default",
            "stage": "$default",
        },
        "isBase64Encoded": is_base64,
    }
    if cookies:
        event["cookies"] = cookies.split("; ")
    if request.query:
        event["queryStringParameters"] = {
            name: ",".join(values) for name, values in _parameters(request).items()
        }
    if body is not None:
        event["body"] = body
    return event


def rest_api_event(request: HttpRequest) -> dict[str, Any]:
    """Return a request as a REST API hands it on: the payload format 1.0."""
    body, is_base64 = _body(request)
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        headers.setdefault(name, []).append(value)
    parameters = _parameters(request)
    return {
        "resource": "/{proxy+}",
        "path": request.path,
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers or None,
        "queryStringParameters": _last(parameters),
        "multiValueQueryStringParameters": parameters or None,
        "pathParameters": {"proxy": request.path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "httpMethod": request.method,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": request.all_of("user-agent")},
            "path": f"/{STAGE}{request.path}",
            "protocol": "HTTP/1.1",
            "requestId": "request-1",
            "resourcePath": "/{proxy+}",
            "stage": STAGE,
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }


PAYLOADS: Mapping[str, Callable[[HttpRequest], dict[str, Any]]] = {
    "2.0": http_api_event,
    "1.0": rest_api_event,
}


def body_of(answer: Mapping[str, Any]) -> bytes:
    """Return the body that API Gateway sends, of what a function answered."""
    body = answer.get("body") or ""
    return base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()


def _body(request: HttpRequest) -> tuple[str | None, bool]:
    """Return the body as text where it is text, or else as base64."""
    if not request.body:
        return None, False
    if request.all_of("content-type").lower().startswith(_TEXTS):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def _parameters(request: HttpRequest) -> dict[str, list[str]]:
    parameters: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True, errors="replace"):
        parameters.setdefault(name, []).append(value)
    return parameters


def _last(values: Mapping[str, Sequence[str]]) -> dict[str, str] | None:
    return {name: given[-1] for name, given in values.items()} or None
