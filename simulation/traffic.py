"""The events of a day: a quiet night, a long evening, and a burst in it."""

import math
import random
from collections.abc import Sequence

from simulation.settings import Traffic

DAY = 24 * 3600
_NOISE_SECONDS = 60  # how long the noise of the traffic stays much the same


def curve(second: float) -> float:
    """Return the traffic at a time of the day, as a multiple of the day's mean."""
    hour = second / 3600
    daily = -0.5 * math.cos(2 * math.pi * (hour - 4) / 24)
    half_daily = 0.15 * math.cos(2 * math.pi * (hour - 20) / 12)
    return 1 + daily + half_daily


BUSIEST = max(curve(minute * 60) for minute in range(DAY // 60))
"""The traffic at the busiest minute of a day without a burst, as a multiple of the mean."""


def peak(traffic: Traffic) -> float:
    """Return the events a second at the height of the burst, without noise."""
    return traffic.mean * max(
        BUSIEST, traffic.burst * curve(traffic.burst_at + traffic.burst_seconds / 2)
    )


def events(traffic: Traffic, step: float) -> Sequence[float]:
    """Return the events of each step of the day.

    Args:
        traffic: The events a second, and how they vary.
        step: The seconds of a step.
    """
    noise = random.Random(traffic.seed)
    keep = math.exp(-step / _NOISE_SECONDS)
    drift, counts = 0.0, []
    for at in range(round(DAY / step)):
        second = at * step
        drift = keep * drift + math.sqrt(1 - keep**2) * noise.gauss(0, traffic.noise)
        bursts = traffic.burst_at <= second < traffic.burst_at + traffic.burst_seconds
        expected = traffic.mean * step * curve(second) * (traffic.burst if bursts else 1.0)
        # So many events at random vary by the root of their number besides.
        count = expected * (1 + drift) + noise.gauss(0, math.sqrt(expected))
        counts.append(max(0.0, count))
    return counts
