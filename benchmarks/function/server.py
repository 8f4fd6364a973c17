"""A server in a process of its own: the upstream that all handlers of a benchmark call."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

from benchmarks.function.lambda_process import ROOT
from benchmarks.function.loopback import Connection


def serve(connection: type[Connection]) -> None:
    """Print a port of 127.0.0.1 and serve it until the input ends."""

    async def until_input_ends() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(connection, "127.0.0.1", 0, backlog=512)
        print(server.sockets[0].getsockname()[1], flush=True)
        await loop.run_in_executor(None, sys.stdin.read)
        server.close()

    asyncio.run(until_input_ends())


@contextmanager
def running(module: str) -> Iterator[int]:
    """Run a module that serves, and give its port."""
    with subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def ask(port: int, path: str) -> bytes:
    """Return what the server says of itself."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse().read()
    connection.close()
    return answer
