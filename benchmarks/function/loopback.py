"""As much of an HTTP server as a benchmark needs, at little cost."""

import asyncio
import re
from collections.abc import Mapping
from typing import NamedTuple, cast

_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Request(NamedTuple):
    """A request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Connection(asyncio.Protocol):
    """A connection that stays open; one request after the other comes by it."""

    transport: asyncio.Transport
    _received = b""

    def requested(self, request: Request) -> None:
        """Do what a request asks for, and answer it now or later."""
        raise NotImplementedError

    def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer the request."""
        lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.transport.write("\r\n".join(lines).encode() + _HEAD_END + body)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        self._received += data
        head, end, body = self._received.partition(_HEAD_END)
        length = _LENGTH.search(head)
        if not end or (length and len(body) < int(length[1])):
            return
        self._received = b""
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        self.requested(Request(method, path, dict(line.split(": ", 1) for line in lines), body))
