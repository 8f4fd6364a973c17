"""A service that answers every call with `{}` after ten milliseconds, and counts them.

`python -m benchmarks.ingest.upstream` prints its port and serves until its input ends. `GET /calls`
tells the number of calls so far, at once.
"""

import asyncio

from benchmarks.function.loopback import Connection, Request
from benchmarks.function.server import serve

_LATENCY_SECONDS = 0.010


class _Call(Connection):
    calls = 0

    def requested(self, request: Request) -> None:
        if request.path == "/calls":
            self.answer(200, {}, str(_Call.calls).encode())
            return
        _Call.calls += 1
        headers = {"Content-Type": "application/json"}
        asyncio.get_running_loop().call_later(_LATENCY_SECONDS, self.answer, 200, headers, b"{}")


if __name__ == "__main__":
    serve(_Call)
