"""How full calls and batches are, and how long a batch takes."""

import heapq
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence

import pytest

from simulation.cycle import steady_cycle
from simulation.fill import events_per_call
from simulation.settings import (
    POLL_SECONDS,
    Deployment,
    EventSource,
    IngestFunction,
    Visits,
)
from tests.simulation.days import ONE
from tests.simulation.visits import Event, calls_of_the_function, visits_one_by_one


@pytest.mark.parametrize("span", [0.01, 1, 10, 100, 1000, 100_000])
def test_a_call_has_between_one_event_and_ten(span: float) -> None:
    for visits in (Visits(), Visits(seconds_between_events=0.01), Visits(seconds=1e5)):
        assert 1 <= events_per_call(span, visits) <= 10


def test_a_longer_span_and_busier_sessions_fill_calls_better() -> None:
    spans = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1000.0]
    filled = [events_per_call(span, Visits()) for span in spans]
    busier = [events_per_call(span, Visits(seconds_between_events=5)) for span in spans]

    assert filled == sorted(filled)
    assert all(more > less for more, less in zip(busier, filled, strict=True))


@pytest.mark.parametrize("span", [1, 20, 60, 400])
def test_fills_calls_as_the_function_does(span: float) -> None:
    visits = Visits()
    made = visits_one_by_one(visits, rate=3000 / span, seconds=span)

    filled = len(made) / calls_of_the_function(made)

    assert events_per_call(span, visits) == pytest.approx(filled, rel=0.03)


def batches_one_by_one(
    deployment: Deployment, made: Sequence[Event]
) -> Iterator[tuple[float, int, int]]:
    """Hand out one partition's events in batches; return when, how many, and the calls."""
    source, function = deployment.event_source, deployment.function
    waiting = [at for at, _ in made]
    first, free = 0, 0.0
    while first < len(made):
        full = first + source.batch_size - 1
        filled = waiting[full] if full < len(made) else math.inf
        handed = max(free, min(filled, free + source.window))
        last = min(first + source.batch_size, bisect_right(waiting, handed))
        if last == first:
            free = waiting[first]
            continue
        calls = calls_of_the_function(made[first:last])
        yield handed, last - first, calls
        free = handed + function.duration(last - first, calls)
        first = last


@pytest.mark.parametrize(
    ("rate", "source"),
    [
        (60, EventSource()),  # the window ends a batch
        (60, EventSource(batch_size=100, window=60)),  # its size does
        (60, EventSource(batch_size=10_000, window=20)),
    ],
)
def test_a_partition_has_batches_as_if_played_event_by_event(
    rate: float, source: EventSource
) -> None:
    deployment = Deployment(event_source=source)
    made = visits_one_by_one(Visits(), rate, seconds=80)

    batches = list(batches_one_by_one(deployment, made))[1:-1]
    turn = steady_cycle(deployment, ONE, rate)

    handed = [at for at, _, _ in batches]
    period = (handed[-1] - handed[0]) / (len(handed) - 1)
    filled = sum(count for _, count, _ in batches) / sum(calls for _, _, calls in batches)
    assert turn.period == pytest.approx(period, rel=0.06)
    assert turn.events_per_call == pytest.approx(filled, rel=0.06)


def test_an_event_of_a_quiet_partition_does_not_wait_for_the_next() -> None:
    source = EventSource()

    turn = steady_cycle(Deployment(event_source=source), ONE, rate=0.01)

    assert turn.period > 100
    assert turn.longest_lag < source.window + POLL_SECONDS + 0.1


@pytest.mark.parametrize("memory", [512, 1769])
@pytest.mark.parametrize("calls", [1, 10, 32, 50, 200, 500, 5000])
def test_an_invocation_takes_as_long_as_if_played_call_by_call(calls: int, memory: int) -> None:
    function = IngestFunction(memory=memory)

    played = invocation_call_by_call(function, calls)

    assert function.duration(0, calls) == pytest.approx(played, rel=0.1)


def invocation_call_by_call(function: IngestFunction, calls: int) -> float:
    """Return the seconds of an invocation whose threads share a processor."""
    work = function.processor_seconds_per_call / function.processors
    idle = [function.overhead_seconds] * function.threads  # when each thread is free
    processor = end = 0.0
    for _ in range(calls):
        processor = max(processor, heapq.heappop(idle)) + work
        end = max(end, processor + function.call_seconds)
        heapq.heappush(idle, processor + function.call_seconds)
    return end


def test_less_memory_takes_longer_and_more_than_a_processor_does_not_help() -> None:
    small, whole, large = (IngestFunction(memory=memory) for memory in (512, 1769, 3538))

    assert small.duration(500, 480) > 2 * whole.duration(500, 480)
    assert large.duration(500, 480) == whole.duration(500, 480)
