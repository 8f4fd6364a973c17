"""How a request becomes recommendations, against one upstream that answers 25 items at once.

The naive handler is the usual one: boto3 as it comes. The floor writes the request that ours sends,
signed before the clock runs, to a bare socket that stays open. Each is a process of its own, and
they take turns. Side by side there are as many processes as requests: as in Lambda, where a process
has one request at a time.
"""

from __future__ import annotations

import base64
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.function.lambda_process import Invocation, LambdaProcess
from benchmarks.function.package import lay_out, seconds_to_load
from benchmarks.function.server import ask, running
from benchmarks.recommend_api.request import event, settings
from benchmarks.recommend_api.upstream import ITEMS

_ROUNDS, _TURN = 30, 100
_LOADS = 15
_SIDE_BY_SIDE, _BURSTS = 100, 15
_HANDLERS = {
    "ours": "recommend.handler",
    "naive": "benchmarks.recommend_api.naive",
    "floor": "benchmarks.recommend_api.floor",
}
_LOADED = {"ours": _HANDLERS["ours"], "naive": _HANDLERS["naive"], "floor": None}
_BARE = "benchmarks.function.bare"
_UPSTREAM = "benchmarks.recommend_api.upstream"
_PACKAGES = ("recommend", "personalize_runtime")
_MILLISECONDS = 1000
_EVENT = json.dumps(event())


def run() -> dict[str, Figure]:
    """Measure the time of requests, imports, package and memory."""
    with tempfile.TemporaryDirectory() as folder, running(_UPSTREAM) as port:
        package = lay_out(_PACKAGES, Path(folder))
        environment = dict(settings(f"http://127.0.0.1:{port}", code=Path(folder)))
        environment["REQUEST"] = _request_of_ours(environment, port)
        warm = _warm(environment)
        memory = {name: warm[name][-1].memory for name in ("ours", "naive")}
        with LambdaProcess(_BARE, environment) as bare:
            memory["floor"] = bare.invoke(_EVENT).memory
        loading = seconds_to_load(_LOADED, environment, _LOADS)
        together = {name: _side_by_side(name, environment) for name in _HANDLERS}
    seconds = {name: [each.seconds for each in of] for name, of in warm.items()}
    return {
        "api.p50": _milliseconds(seconds, statistics.median),
        "api.p99": _milliseconds(seconds, _p99),
        "api.import": _milliseconds(loading, statistics.median),
        "api.side_by_side": _milliseconds(together, statistics.median),
        "api.package": Figure(unit="KB", ours=package, naive=None, floor=None),
        "api.memory": _figure("MiB", memory),
    }


def _figure(unit: str, of: Mapping[str, float]) -> Figure:
    return Figure(unit=unit, ours=of["ours"], naive=of["naive"], floor=of["floor"])


def _milliseconds(
    measured: Mapping[str, Sequence[float]], statistic: Callable[[Sequence[float]], float]
) -> Figure:
    return _figure(
        "ms", {name: statistic(seconds) * _MILLISECONDS for name, seconds in measured.items()}
    )


def _p99(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98]


def _request_of_ours(environment: Mapping[str, str], port: int) -> str:
    """Return the request that our function sends, for the environment of the floor."""
    with LambdaProcess(_HANDLERS["ours"], environment) as ours:
        _check(ours.invoke(_EVENT))
    return base64.b64encode(ask(port, "/last")).decode()


def _warm(environment: Mapping[str, str]) -> dict[str, list[Invocation]]:
    """Return what each handler does when all is warm."""
    invocations: dict[str, list[Invocation]] = {name: [] for name in _HANDLERS}
    with ExitStack() as stack:
        functions = {
            name: stack.enter_context(LambdaProcess(module, environment))
            for name, module in _HANDLERS.items()
        }
        for function in functions.values():
            for _ in range(_TURN):
                _check(function.invoke(_EVENT))
        for _ in range(_ROUNDS):
            for name, function in functions.items():
                invocations[name] += [function.invoke(_EVENT) for _ in range(_TURN)]
    return invocations


def _side_by_side(name: str, environment: Mapping[str, str]) -> list[float]:
    """Return the seconds until as many requests as there are processes have been answered."""
    taken = []
    with ExitStack() as stack:
        functions = [
            stack.enter_context(LambdaProcess(_HANDLERS[name], environment))
            for _ in range(_SIDE_BY_SIDE)
        ]
        for burst in range(_BURSTS + 1):
            started = time.perf_counter()
            for function in functions:
                function.begin(_EVENT)
            invocations = [function.end() for function in functions]
            if burst:  # the first one waits until all have loaded their handler
                taken.append(time.perf_counter() - started)
        for invocation in invocations:
            _check(invocation)
    return taken


def _check(invocation: Invocation) -> None:
    """See that what is measured is an answer, and no failure.

    Raises:
        ValueError: If it is none.
    """
    answer = invocation.answer
    if answer["statusCode"] != 200 or answer["body"].count("itemId") != ITEMS:  # noqa: PLR2004
        msg = f"the handler must answer 200 with {ITEMS} items, got {answer}"
        raise ValueError(msg)
