"""What to set for a rate, so that the burst of the day goes through without a queue."""

import math
from dataclasses import replace

from simulation.cycle import Cycle, steady_cycle
from simulation.day import Limit
from simulation.limits import use_of_limits, without_quotas
from simulation.settings import (
    MAX_BATCH_SIZE,
    MAX_PARALLELIZATION_FACTOR,
    Deployment,
    EventSource,
    Quotas,
    Traffic,
    largest_batch,
    shard_writes,
)
from simulation.traffic import peak

HEADROOM = 1.25
"""What is asked for, as a multiple of what the height of the burst takes."""
_MOST_BUSY = 0.5  # of a partition's time: the other half gathers, or catches up
_MOST_FULL = 0.95  # of a batch, where the window is to end it
_ROUND_BATCH = 100


def advise(traffic: Traffic, window: float) -> Deployment:
    """Return the settings for a day.

    The stream gets its shards, each shard as many batches side by side as send the burst and hold
    the window, and the quotas what the burst takes; everything with headroom.

    Args:
        traffic: The events.
        window: The seconds to wait for a full batch: the lag that is accepted, for fuller calls.
    """
    shards = math.ceil(HEADROOM * peak(traffic) / shard_writes(traffic.event_bytes))
    for factor in range(1, MAX_PARALLELIZATION_FACTOR + 1):
        deployment = _batched(traffic, window, shards, factor)
        if _fits(deployment, traffic):
            break
    return _with_quotas(deployment, traffic)


def busiest_cycle(deployment: Deployment, traffic: Traffic) -> Cycle:
    """Return the turn of a partition at the height of the burst.

    Args:
        deployment: The settings, with shards that are provisioned.
        traffic: The events.
    """
    factor = deployment.event_source.parallelization_factor
    partitions = (deployment.shard_count or 1) * factor
    return steady_cycle(deployment, traffic, peak(traffic) / partitions)


def _batched(traffic: Traffic, window: float, shards: int, factor: int) -> Deployment:
    """Return the settings with batches as large as a payload holds: the window ends them.

    When events have to wait batches get larger, and so calls fuller.
    """
    source = EventSource(batch_size=MAX_BATCH_SIZE, window=window, parallelization_factor=factor)
    size = largest_batch(source, traffic.event_bytes) // _ROUND_BATCH * _ROUND_BATCH
    return Deployment(shard_count=shards, event_source=replace(source, batch_size=size))


def _fits(deployment: Deployment, traffic: Traffic) -> bool:
    """Tell whether the function has time to spare in the burst, and a batch holds the window."""
    turn = busiest_cycle(deployment, traffic)
    full = largest_batch(deployment.event_source, traffic.event_bytes)
    in_time = turn.duration <= _MOST_BUSY * turn.period
    return in_time and turn.records <= _MOST_FULL * full


def _with_quotas(deployment: Deployment, traffic: Traffic) -> Deployment:
    """Return the settings with the quotas to ask for: never less than a new account has."""
    used = use_of_limits(without_quotas(deployment), traffic, peak(traffic))
    free = without_quotas(deployment).quotas
    calls = used[Limit.PUT_EVENTS] * free.put_events * HEADROOM
    running = used[Limit.CONCURRENCY] * free.concurrency * HEADROOM
    default = Quotas()
    quotas = Quotas(
        put_events=max(default.put_events, _rounded_up(calls)),
        concurrency=max(default.concurrency, round(_rounded_up(running))),
    )
    return Deployment(
        shard_count=deployment.shard_count, event_source=deployment.event_source, quotas=quotas
    )


def _rounded_up(number: float) -> float:
    """Return a number with two digits that is not below."""
    unit = 10.0 ** (math.floor(math.log10(number)) - 1)
    return math.ceil(number / unit) * unit
