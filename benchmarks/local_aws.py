"""How soon local AWS is ready, and how much memory it holds; and the emulator in process.

The floor is plain MiniStack, without Amazon Personalize and whatever else is added to it.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3

from benchmarks.figure import Figure
from personalize_emulator import PersonalizeEmulator
from personalize_emulator.local import LocalAws

_RUNS = 5
_HOST = "127.0.0.1"
_PATIENCE_SECONDS = 60
_PLAIN = "import sys; sys.argv = ['ministack']; from ministack import app; app.main()"


def run() -> dict[str, Figure]:
    """Measure; each figure is the median of several runs, after one that warms up."""
    python = os.environ.get("PERSONALIZE_LOCAL_PYTHON", sys.executable)
    plain_start, plain_idle = _medians(lambda: _plain(python))
    start, idle, in_use = _medians(_local)
    (in_process,) = _medians(_in_process)
    return {
        "local.start": Figure(unit="s", ours=start, naive=None, floor=plain_start),
        "local.idle_memory": Figure(unit="MiB", ours=idle, naive=None, floor=plain_idle),
        "local.memory_in_use": Figure(unit="MiB", ours=in_use, naive=None, floor=plain_idle),
        "emulator.start": Figure(unit="s", ours=in_process, naive=None, floor=None),
    }


def _medians(measure: Callable[[], tuple[float, ...]]) -> list[float]:
    measure()
    rounds = [measure() for _ in range(_RUNS)]
    return [statistics.median(figures) for figures in zip(*rounds, strict=True)]


def _local() -> tuple[float, float, float]:
    """Seconds until it is ready; MiB then, and after the first calls of Amazon Personalize."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        with LocalAws(Path(folder)) as aws:
            ready = time.perf_counter() - begin
            idle = _memory(aws.pid)
            client = boto3.client("personalize", **aws.client_options)
            client.create_dataset_group(name="shop")
            client.list_recipes()
            client.close()
            return ready, idle, _memory(aws.pid)


def _plain(python: str) -> tuple[float, float]:
    """Seconds until plain MiniStack is ready, and MiB then."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        with _ministack(python, folder) as pid:
            return time.perf_counter() - begin, _memory(pid)


@contextmanager
def _ministack(python: str, folder: str) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port = probe.getsockname()[1]
    settings = {"BIND_HOST": _HOST, "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    settings |= {"GATEWAY_PORT": str(port), "TMPDIR": folder}
    environment = os.environ | settings
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # it would import from source each time
    process = subprocess.Popen(
        [python, "-c", _PLAIN],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(port)
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await(port: int) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        connection = http.client.HTTPConnection(_HOST, port, timeout=2)
        try:
            connection.request("GET", "/_ministack/health")
            connection.getresponse().read()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()


def _memory(group: int) -> float:
    """MiB that the processes of a group hold."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in listing.stdout.splitlines())
    return sum(int(kib) for its_group, kib in rows if int(its_group) == group) / 1024


def _in_process() -> tuple[float]:
    """Seconds that an emulator in process takes to start and to stop: a test has one of its own."""
    begin = time.perf_counter()
    with PersonalizeEmulator():
        pass
    return (time.perf_counter() - begin,)
