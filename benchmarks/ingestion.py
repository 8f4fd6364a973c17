"""How an event of a stream becomes calls, against one upstream that answers after 10 ms.

A batch has 100 records of 20 sessions. The naive handler makes a call for each record with boto3 as
it comes; the floor writes the fewest calls that there can be to bare sockets, all at once. Each is
a process of its own, and they take turns.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.function.lambda_process import Invocation, LambdaProcess
from benchmarks.function.package import lay_out, seconds_to_load
from benchmarks.function.server import ask, running
from benchmarks.ingest.records import kinesis_batch
from benchmarks.ingest.settings import settings as event_settings

_RECORDS, _SESSIONS = 100, 20
_ROUNDS = 15
_BATCHES = {"ours": 4, "naive": 1, "floor": 4}  # a round; the naive handler takes long
_HANDLERS = {
    "ours": "event_ingest.handler",
    "naive": "benchmarks.ingest.naive",
    "floor": "benchmarks.ingest.floor",
}
_BARE = "benchmarks.function.bare"
_LOADED = {"ours": _HANDLERS["ours"], "naive": _HANDLERS["naive"], "floor": None}
_PACKAGES = ("event_ingest", "personalize_runtime")
_UPSTREAM = "benchmarks.ingest.upstream"


def run() -> dict[str, Figure]:
    """Measure calls, time, processor, imports, package and memory."""
    with tempfile.TemporaryDirectory() as folder, running(_UPSTREAM) as port:
        package = lay_out(_PACKAGES, Path(folder))
        settings = event_settings(f"http://127.0.0.1:{port}", code=Path(folder))
        calls, invocations = _invocations(settings, port)
        memory = {name: invocations[name][-1].memory for name in ("ours", "naive")}
        with LambdaProcess(_BARE, settings) as bare:
            memory["floor"] = bare.invoke(_event()).memory
        imports = seconds_to_load(_LOADED, settings, _ROUNDS)
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
            before = int(ask(port, "/calls"))
            function.invoke(batch)
            calls[name] = int(ask(port, "/calls")) - before
        for _ in range(_ROUNDS):
            for name, function in functions.items():
                invocations[name] += [function.invoke(batch) for _ in range(_BATCHES[name])]
    return calls, invocations
