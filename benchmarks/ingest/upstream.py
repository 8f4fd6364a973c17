"""A service that answers every call with `{}` after ten milliseconds, and counts them.

`python -m benchmarks.ingest.upstream` prints its port and serves until its input ends. `GET /calls`
tells the number of calls so far, at once.
"""

import asyncio
import sys

from benchmarks.ingest.loopback import Connection, Request

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


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Call, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
