"""Days that the tests of the simulation play."""

from simulation.day import STEP, Day, play
from simulation.settings import Deployment, EventSource, Quotas, Traffic

ONE = Traffic(mean=1)
ROOMY = Deployment(event_source=EventSource(parallelization_factor=10))
ONE_SHARD = Deployment(
    shard_count=1,
    event_source=EventSource(parallelization_factor=10),
    quotas=Quotas(put_events=10_000),
)


def steady(deployment: Deployment, rate: float, hours: float = 0.5) -> Day:
    """Play a rate that stays as it is, on a stream that knows it."""
    arrivals = [rate * STEP] * round(hours * 3600 / STEP)
    return play(Traffic(mean=rate), deployment, peak_before=rate, arrivals=arrivals)
