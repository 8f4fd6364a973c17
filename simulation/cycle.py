"""The batches of one partition: gathered, sent, gathered again.

A shard has as many partitions as its parallelization factor says, and each of them one batch at a
time. The window of the next batch begins when the function returns; what arrived meanwhile is in
it. So a batch holds what arrived since the last one was handed over, as far as its size allows.
"""

from dataclasses import dataclass

from simulation.fill import events_per_call
from simulation.settings import POLL_SECONDS, Deployment, Traffic, largest_batch

_ITERATIONS = 200
_TOLERANCE = 1e-6
# A partition that receives almost nothing waits for a first record, and the window begins then.
_LEAST_RECORDS = 1.0
_LEAST_RATE = 1e-9


@dataclass(frozen=True, slots=True)
class Cycle:
    """One turn of a partition.

    Attributes:
        records: The records of the batch.
        period: The seconds from one batch to the next.
        gathering: The seconds that the first of these records waited until it was handed over.
        duration: The seconds that the function takes, if nothing throttles it.
        calls: The calls of PutEvents.
    """

    records: float
    period: float
    gathering: float
    duration: float
    calls: float

    @property
    def longest_lag(self) -> float:
        """The seconds until the first record of the batch is sent, if it does not wait besides."""
        return self.gathering + self.duration + POLL_SECONDS

    @property
    def events_per_call(self) -> float:
        """The events of a call."""
        return self.records / self.calls


def cycle(
    deployment: Deployment,
    traffic: Traffic,
    rate: float,
    *,
    backlog: float = 0.0,
    last_duration: float = 0.0,
) -> Cycle:
    """Return the next turn of a partition.

    Args:
        deployment: Its settings.
        traffic: What the events are like.
        rate: The events a second that the partition received when those arrived.
        backlog: The records that wait in it beyond those of the turn.
        last_duration: The seconds that the function took for the last batch.
    """
    source, function = deployment.event_source, deployment.function
    largest = largest_batch(source, traffic.event_bytes)
    rate = max(rate, _LEAST_RATE)
    full = max(0.0, largest - backlog) / rate
    period = last_duration + min(source.window, max(0.0, full - last_duration))
    idle = 0.0
    if rate * period + backlog < _LEAST_RECORDS:
        idle = (_LEAST_RECORDS - backlog) / rate
        period = idle + source.window
    records = min(largest, backlog + rate * period)
    gathering = period - idle
    calls = records / events_per_call(gathering if idle else records / rate, traffic.visits)
    duration = function.duration(records, calls)
    return Cycle(records, max(period, duration), max(gathering, duration), duration, calls)


def steady_cycle(deployment: Deployment, traffic: Traffic, rate: float) -> Cycle:
    """Return the turn that a partition comes to when it receives the same rate for long.

    Args:
        deployment: Its settings.
        traffic: What the events are like.
        rate: The events a second that the partition receives.
    """
    duration = 0.0
    for _ in range(_ITERATIONS):
        turn = cycle(deployment, traffic, rate, last_duration=duration)
        if abs(turn.duration - duration) < _TOLERANCE:
            break
        duration = (duration + turn.duration) / 2
    return turn


def flat_out(deployment: Deployment, traffic: Traffic, rate: float) -> Cycle:
    """Return the turn of a partition in which full batches wait.

    Args:
        deployment: Its settings.
        traffic: What the events are like.
        rate: The events a second that it received when these arrived.
    """
    largest = largest_batch(deployment.event_source, traffic.event_bytes)
    return cycle(deployment, traffic, rate, backlog=largest)
