"""A service that answers every call with `{}` after ten milliseconds, and counts them.

`python -m benchmarks.ingest.upstream` prints its port and serves until its input ends. `GET /calls`
tells the number of calls so far, at once.
"""

import asyncio
import re
import sys
from typing import cast

_LATENCY_SECONDS = 0.010
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class _Connection(asyncio.Protocol):
    """A connection that stays open; one request after the other comes by it."""

    calls = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_HEAD_END)
        length = _LENGTH.search(head)
        if not end or (length and len(body) < int(length[1])):
            return
        self._received = b""
        if head.startswith(b"GET /calls "):
            self._answer(str(_Connection.calls).encode())
            return
        _Connection.calls += 1
        asyncio.get_running_loop().call_later(_LATENCY_SECONDS, self._answer, b"{}")

    def _answer(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        self._transport.write(head.encode() + _HEAD_END + body)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
