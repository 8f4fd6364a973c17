"""How an event of a stream becomes calls, against one upstream that answers after 10 ms.

A batch has 100 records of 20 sessions. The naive handler makes a call for each record with boto3 as
it comes; the floor writes the fewest calls that there can be to bare sockets, all at once. Each is
a process of its own, and they take turns.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.ingest.lambda_process import ROOT, Invocation, LambdaProcess, environment
from benchmarks.ingest.records import kinesis_batch

_RECORDS, _SESSIONS = 100, 20
_ROUNDS = 15
_BATCHES = {"ours": 4, "naive": 1, "floor": 4}  # a round; the naive handler takes long
_HANDLERS = {
    "ours": "event_ingest.handler",
    "naive": "benchmarks.ingest.naive",
    "floor": "benchmarks.ingest.floor",
}
_BARE = "benchmarks.ingest.bare"
_IMPORTS = {
    "ours": "import event_ingest.handler",
    "naive": "import benchmarks.ingest.naive",
    "floor": "",
}
_PACKAGES = ("event_ingest", "personalize_runtime")
_KILOBYTE = 1000


def run() -> dict[str, Figure]:
    """Measure calls, time, processor, imports, package and memory."""
    with tempfile.TemporaryDirectory() as folder, _upstream() as port:
        package = _package(Path(folder))
        settings = environment(f"http://127.0.0.1:{port}", code=Path(folder))
        calls, invocations = _invocations(settings, port)
        memory = {name: invocations[name][-1].memory for name in ("ours", "naive")}
        with LambdaProcess(_BARE, settings) as bare:
            memory["floor"] = bare.invoke(_event()).memory
        imports = _imports(settings | {"AWS_ENDPOINT_URL": f"https://127.0.0.1:{port}"})
    wall = {name: [each.seconds for each in of] for name, of in invocations.items()}
    cpu = {name: [each.cpu for each in of] for name, of in invocations.items()}
    return {
        "ingestion.calls": _figure("calls", calls),
        "ingestion.wall": _median(wall, "ms", 1000),
        "ingestion.cpu": _median(cpu, "ms", 1000 * 1000 / _RECORDS),
        "ingestion.import": _median(imports, "ms", 1000),
        "ingestion.package": Figure(unit="KB", ours=package, naive=None, floor=None),
        "ingestion.memory": _figure("MiB", memory),
    }


def _event() -> str:
    return json.dumps({"Records": list(kinesis_batch(records=_RECORDS, sessions=_SESSIONS))})


def _median(measured: Mapping[str, Sequence[float]], unit: str, factor: float) -> Figure:
    return _figure(
        unit, {name: statistics.median(figures) * factor for name, figures in measured.items()}
    )


def _figure(unit: str, of: Mapping[str, float]) -> Figure:
    return Figure(unit=unit, ours=of["ours"], naive=of["naive"], floor=of["floor"])


def _invocations(
    settings: Mapping[str, str], port: int
) -> tuple[dict[str, int], dict[str, list[Invocation]]]:
    """Return the calls that a batch becomes, and what batches take when all is warm."""
    batch = _event()
    calls: dict[str, int] = {}
    invocations: dict[str, list[Invocation]] = {name: [] for name in _HANDLERS}
    with ExitStack() as stack:
        functions = {
            name: stack.enter_context(LambdaProcess(module, settings))
            for name, module in _HANDLERS.items()
        }
        for name, function in functions.items():
            function.invoke(batch)
            before = _calls(port)
            function.invoke(batch)
            calls[name] = _calls(port) - before
        for _ in range(_ROUNDS):
            for name, function in functions.items():
                invocations[name] += [function.invoke(batch) for _ in range(_BATCHES[name])]
    return calls, invocations


def _imports(settings: Mapping[str, str]) -> dict[str, list[float]]:
    """Return the seconds in which new processes have loaded each handler.

    The endpoint has TLS, as on AWS: ours reads the certificates when it is loaded, and boto3 not
    before its first call.
    """
    taken: dict[str, list[float]] = {name: [] for name in _IMPORTS}
    for _ in range(_ROUNDS):
        for name, statement in _IMPORTS.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], env=dict(settings), check=True)
            taken[name].append(time.perf_counter() - started)
    return taken


def _package(folder: Path) -> float:
    """Lay the code of the function into a folder, without bytecode; return its KB as a ZIP."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
        for source in (ROOT / "lambda" / name for name in _PACKAGES):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / source.name, ignore=ignored)
        for file in sorted(folder.rglob("*.py")):
            package.write(file, file.relative_to(folder))
    return len(archive.getvalue()) / _KILOBYTE


@contextmanager
def _upstream() -> Iterator[int]:
    """Run the upstream in a process of its own, and give its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ingest.upstream"],
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


def _calls(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/calls")
    calls = int(connection.getresponse().read())
    connection.close()
    return calls
