"""What no handler can beat: as few calls as there can be, all at once, on bare sockets.

The requests are those of our function, signed before the clock runs.
"""

import os
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from event_ingest import handler as ours
from personalize_runtime.connections import Answer

_BUFFER = 65536
_ANSWER_END = b"\r\n\r\n{}"

_requests: list[bytes] = []
_sockets: list[socket.socket] = []


class _Recorder:
    """Keeps the requests that it is to send."""

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        within: float | None = None,
    ) -> Answer:
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        _requests.append("\r\n".join(lines).encode() + body)
        return Answer(200, {}, b"{}")


def handler(event: dict[str, Any], context: Any) -> None:  # noqa: ANN401
    """Write all requests, then read all answers."""
    if not _requests:
        _prepare(event, context)
    for connection, request in zip(_sockets, _requests, strict=True):
        connection.sendall(request)
    for connection in _sockets:
        answer = b""
        while not answer.endswith(_ANSWER_END):
            answer += connection.recv(_BUFFER)


def _prepare(event: dict[str, Any], context: Any) -> None:  # noqa: ANN401
    ours.personalize_events.connections = _Recorder()
    ours.handler(event, context)
    upstream = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    for _ in _requests:
        connection = socket.create_connection((upstream.hostname, upstream.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _sockets.append(connection)
