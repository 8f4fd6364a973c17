"""Requests that no client should send, and some that it may: drawn at random, by a seed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any
from urllib.parse import quote

from tests.handlers.gateway import PAYLOADS, HttpRequest

IDS = (
    "ann",
    "a/b",
    "/",
    "..",
    "a b",
    " ",
    "a+b",
    "a?b&c=d#e",
    "%2F",
    "%",
    "ünï",
    "日本語",
    "\U0001f375",
    "-1",
    "0",
    "1e9",
    "null",
    "a,b",
    "a;b",
    '"',
    "'; --",
    "<script>",
    "\x00",
    "\n",
    "\u202e",
    "x" * 256,
    "é" * 256,
    "\U0001f375" * 256,
)
"""Ids that Amazon Personalize takes."""
_PATHS = (
    "/recommendations",
    "/related",
    "/popular",
    "/trending",
    "/ranking",
    "/actions",
    "/events",
    "/health",
    "/openapi.json",
)
_ODD_PATHS = (
    "/",
    "//",
    "/recommendations/",
    "//recommendations",
    "/Recommendations",
    "/recommendations/ann",
    "/recommendations%2Fann",
    "/recommendations%00",
    "/../recommendations",
    "/%FF",
    "/%",
    "/favicon.ico",
    "/$default",
    "/" + "x" * 5000,
)
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "BREW")
_NAMES = (
    "userId",
    "itemId",
    "itemIds",
    "numResults",
    "model",
    "filter",
    "filter.GENRE",
    "filter.MAX_PRICE",
    "filter.",
    "filter.a b",
    "promotion",
    "promotion.GENRE",
    "fields",
    "context",
    "context.DEVICE",
    "context.",
    "USERID",
    "userId ",
    "userId[]",
    "__proto__",
    "X-Amz-Signature",
    "",
    ".",
)
_VALUES = (
    "",
    "0",
    "1",
    "25",
    "500",
    "501",
    "-1",
    "1.5",
    "1e3",
    "٣",
    "9" * 400,
    "NaN",
    "true",
    "null",
    "[]",
    "{}",
    "for-you",
    "similar",
    "ranked",
    "unseen",
    "genre",
    "nobody",
    "itemId,score",
    ",",
    '"',
    'a","b',
    "x" * 257,
    "x" * 1001,
)
_BROKEN_QUERIES = (
    "%",
    "%zz",
    "userId=%",
    "userId=%FF",
    "userId=%C3",
    "userId=%ED%A0%80",
    "&&&=&",
    "?",
    ";userId=ann",
    "userId",
    "userId=ann&userId=bob",
    "userId=ann#fragment",
    "userId=ann&" + "&".join(f"filter.P{number}=1" for number in range(30)),
    "&".join(f"p{number}=1" for number in range(1500)),
)
_CONTENT_TYPES = (
    "application/json",
    "application/json; charset=utf-8",
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "APPLICATION/JSON",
    ";",
    "",
    "x" * 3000,
)
_HEADERS = (
    "accept",
    "authorization",
    "cookie",
    "if-none-match",
    "origin",
    "user-agent",
    "x-correlation-id",
    "x-time-zone",
    "cloudfront-viewer-country",
    "cloudfront-viewer-latitude",
    "cloudfront-viewer-time-zone",
    "cloudfront-is-mobile-viewer",
)
_HEADER_VALUES = (
    "",
    "*",
    '"',
    'W/"x", "y"',
    "null",
    "true",
    "NaN",
    "1e999",
    "-90.5",
    "Europe/Berlin",
    "../../etc/passwd",
    "Nowhere/Land",
    "DE",
    "https://evil.example",
    "\u00e9",
    "a\r\nSet-Cookie: b=c",
    "x" * 5000,
)
_JSON_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**400,
    float("nan"),
    float("inf"),
    "",
    "ann",
    "x" * 257,
    "\ud800",
    [],
    [None],
    [[]],
    ["a"] * 501,
    {},
    {"": None},
    {"GENRE": "tea"},
    {"GENRE": ["tea", None]},
    {"a": {"b": {"c": []}}},
)
_BROKEN_BODIES = (
    b"",
    b" ",
    b"{",
    b"[",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b'{"userId": "\xc3"}',
    b'{"userId": "ann", "userId": "bob"}',
    b"[" * 100_000,
    b'{"a":' * 20_000,
    b"nul",
    b"NaN",
    b"1e999",
    b"'ann'",
    b"userId=ann&itemIds=tea",
    b"{}{}",
    b'{"userId": "ann", "itemIds": ["tea",]}',
)
_BROKEN_BASE64 = ("=", "a", "ab=c", "!!!!", "é", "YQ==YQ==", "YW5u\n", "\ud800")


class OddRequests:
    """Draws requests; the same seed draws the same ones."""

    def __init__(self, seed: int, payloads: Sequence[str]) -> None:
        """Begin to draw.

        Args:
            seed: The seed.
            payloads: The versions of the payload that requests come in.
        """
        self._random = Random(seed)
        self._payloads = payloads

    def event(self) -> dict[str, Any]:
        """Draw a request, as API Gateway hands it on."""
        version = self._random.choice(self._payloads)
        event = PAYLOADS[version](self._request())
        if self._random.random() < 0.15:
            self._break(event, version)
        return event

    def _request(self) -> HttpRequest:
        choose = self._random.choice
        path = choose(_PATHS if self._random.random() < 0.85 else _ODD_PATHS)
        posted = path in {"/ranking", "/events"}
        method = ("POST" if posted else "GET") if self._random.random() < 0.85 else choose(_METHODS)
        query = "" if posted and self._random.random() < 0.8 else self._query()
        headers = [
            (choose(_HEADERS), choose(_HEADER_VALUES)) for _ in range(self._random.randrange(4))
        ]
        body = b""
        if method not in {"GET", "HEAD"}:
            content_type = _CONTENT_TYPES[0] if self._random.random() < 0.7 else None
            headers.append(("content-type", content_type or choose(_CONTENT_TYPES)))
            body = self._body(path)
        return HttpRequest(method, path + (f"?{query}" if query else ""), headers, body)

    def _query(self) -> str:
        if self._random.random() < 0.1:
            return self._random.choice(_BROKEN_QUERIES)
        pairs = []
        if self._random.random() < 0.8:
            pairs.append(("userId", self._random.choice(IDS)))
        if self._random.random() < 0.4:
            pairs.append(("itemId", self._random.choice(IDS)))
        for _ in range(self._random.choice((0, 0, 1, 1, 2, 3))):
            value = self._random.choice(IDS if self._random.random() < 0.3 else _VALUES)
            pairs.append((self._random.choice(_NAMES), value))
        self._random.shuffle(pairs)
        return "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)

    def _body(self, path: str) -> bytes:
        if self._random.random() < 0.15:
            return self._random.choice(_BROKEN_BODIES)
        document = self._events() if path == "/events" else self._ranking()
        if self._random.random() < 0.5:
            document = self._mutated(document)
        # The default of Python: NaN is not JSON, and a lone surrogate is escaped.
        return json.dumps(document).encode()

    def _ranking(self) -> Any:
        choose = self._random.choice
        document: dict[str, Any] = {
            "userId": choose(IDS),
            "itemIds": [choose(IDS) for _ in range(self._random.randrange(1, 8))],
        }
        if self._random.random() < 0.3:
            document[choose(_NAMES)] = choose(_VALUES)
        if self._random.random() < 0.2:
            document |= {"filter": "genre", "filterValues": {"GENRE": [choose(IDS)]}}
        return document

    def _events(self) -> Any:
        events = [
            {
                "userId": self._random.choice(IDS),
                "sessionId": self._random.choice(IDS),
                "eventType": "View",
                "itemId": self._random.choice(IDS),
                "sentAt": self._random.choice((1_700_000_000, "2026-11-26T20:15:00Z")),
                "properties": {"device": self._random.choice(IDS)},
            }
            for _ in range(self._random.randrange(1, 4))
        ]
        return self._random.choice((events[0], events, {"events": events}))

    def _mutated(self, document: Any) -> Any:
        """Put a value of another kind somewhere into a document, take something out, or add."""
        if not isinstance(document, dict | list) or not document or self._random.random() < 0.2:
            return self._random.choice(_JSON_VALUES)
        if isinstance(document, list):
            place = self._random.randrange(len(document))
            return [*document[:place], self._mutated(document[place]), *document[place + 1 :]]
        name = self._random.choice(list(document))
        kind = self._random.random()
        if kind < 0.2:
            return {key: value for key, value in document.items() if key != name}
        if kind < 0.3:
            return {**document, self._random.choice(_NAMES): self._random.choice(_JSON_VALUES)}
        return {**document, name: self._mutated(document[name])}

    def _break(self, event: dict[str, Any], version: str) -> None:
        """Let an event lack what it may lack, or say of its body what is not so."""
        kind = self._random.random()
        if kind < 0.4:
            nullable = ["body", "queryStringParameters", "headers", "cookies"]
            if version == "1.0":
                nullable += ["multiValueHeaders", "multiValueQueryStringParameters"]
            event[self._random.choice(nullable)] = None
        elif kind < 0.6:
            event.pop(self._random.choice(["body", "headers", "isBase64Encoded"]), None)
        else:
            event |= {"body": self._random.choice(_BROKEN_BASE64), "isBase64Encoded": True}
