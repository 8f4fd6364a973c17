"""Where each limit is, in events a second that go on for long."""

from collections.abc import Mapping
from dataclasses import replace

from simulation.cycle import flat_out, steady_cycle
from simulation.day import Limit
from simulation.settings import Deployment, Traffic, shard_reads, shard_writes
from simulation.stream import most_shards, on_demand_shards

_LOWEST, HIGHEST = 10.0, 1e8
_RATIO = 1.1
_PRECISION = 1e-3


def use_of_limits(deployment: Deployment, traffic: Traffic, rate: float) -> Mapping[Limit, float]:
    """Return how much of each limit is used, 1 if all of it is.

    Args:
        deployment: The settings; a stream on demand has grown to the rate.
        traffic: What the events are like.
        rate: The events a second.
    """
    quotas = deployment.quotas
    writes, reads = shard_writes(traffic.event_bytes), shard_reads(traffic.event_bytes)
    most = most_shards(deployment, traffic.event_bytes)
    shards = deployment.shard_count or on_demand_shards(rate, writes, most)
    partitions = shards * deployment.event_source.parallelization_factor
    turn = steady_cycle(deployment, traffic, rate / partitions)
    full = flat_out(deployment, traffic, rate / partitions)
    return {
        Limit.WRITES: rate / (most * writes),
        Limit.READS: rate / (most * reads),
        Limit.FUNCTION: rate / partitions * full.duration / full.records,
        Limit.CONCURRENCY: partitions * turn.duration / turn.period / quotas.concurrency,
        Limit.PUT_EVENTS: rate / turn.events_per_call / quotas.put_events,
    }


def limits(deployment: Deployment, traffic: Traffic) -> Mapping[Limit, float]:
    """Return the events a second at which each limit is hit, the first one first.

    A limit that is not hit below a hundred million events a second is left out.

    Args:
        deployment: The settings.
        traffic: What the events are like.
    """
    found: dict[Limit, float] = {}
    rate = _LOWEST
    while rate < HIGHEST and len(found) < len(Limit):
        for limit, use in use_of_limits(deployment, traffic, rate).items():
            if use >= 1 and limit not in found:
                found[limit] = _hit(deployment, traffic, limit, rate / _RATIO, rate)
        rate *= _RATIO
    return dict(sorted(found.items(), key=lambda item: item[1]))


def without_quotas(deployment: Deployment) -> Deployment:
    """Return a deployment whose account may do anything: what is left is its own limits."""
    quotas = replace(deployment.quotas, put_events=HIGHEST, concurrency=round(HIGHEST))
    return replace(deployment, quotas=quotas)


def _hit(
    deployment: Deployment, traffic: Traffic, limit: Limit, below: float, above: float
) -> float:
    while above / below > 1 + _PRECISION:
        middle = (below * above) ** 0.5
        if use_of_limits(deployment, traffic, middle)[limit] >= 1:
            above = middle
        else:
            below = middle
    return above
