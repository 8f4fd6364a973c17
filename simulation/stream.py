"""The Kinesis stream: how much it takes, on demand or with shards that are provisioned."""

import math

from simulation.settings import (
    ON_DEMAND_FIRST_SHARDS,
    ON_DEMAND_SPLIT_SECONDS,
    Deployment,
    shard_reads,
    shard_writes,
)

_MINUTE = 60.0


class Stream:
    """A stream, as it grows.

    On demand it has room for twice the most that it took in a minute of the last 30 days. A new
    peak makes it grow to that, a quarter of an hour later; what is more than it has room for until
    then is refused, and the producer has to put it again.
    """

    def __init__(self, deployment: Deployment, event_bytes: int, peak_before: float = 0.0) -> None:
        """Make the stream of a deployment.

        Args:
            deployment: Whose stream it is.
            event_bytes: The size of an event.
            peak_before: The events a second that it took at most in the month before.
        """
        self._writes = shard_writes(event_bytes)
        self._reads = shard_reads(event_bytes)
        self._on_demand = deployment.shard_count is None
        self._most = most_shards(deployment, event_bytes)
        self._peak = peak_before
        self._recent = peak_before
        self._grows_at: float | None = None
        self.shards = deployment.shard_count or self._wanted()

    @property
    def write_capacity(self) -> float:
        """The events a second that producers can put."""
        return self.shards * self._writes

    @property
    def read_capacity(self) -> float:
        """The events a second that the event source can read."""
        return self.shards * self._reads

    def take(self, written: float, at: float, step: float) -> None:
        """Grow, if it is on demand and what was written calls for it.

        Args:
            written: The events a second of this step.
            at: The time at the end of the step.
            step: The seconds of the step.
        """
        if not self._on_demand:
            return
        if self._grows_at is not None and at >= self._grows_at:
            self._grows_at = None
            self.shards = max(self.shards, self._wanted())
        self._recent += (written - self._recent) * min(1.0, step / _MINUTE)
        self._peak = max(self._peak, self._recent)
        if self._grows_at is None and self._wanted() > self.shards:
            self._grows_at = at + ON_DEMAND_SPLIT_SECONDS

    def _wanted(self) -> int:
        return on_demand_shards(self._peak, self._writes, self._most)


def on_demand_shards(peak: float, writes: float, most: int) -> int:
    """Return the shards that a stream on demand grows to.

    Args:
        peak: The events a second that it took at most.
        writes: The events a second that a shard takes.
        most: The shards that it may have.
    """
    return min(most, max(ON_DEMAND_FIRST_SHARDS, math.ceil(2 * peak / writes)))


def most_shards(deployment: Deployment, event_bytes: int) -> int:
    """Return the shards that the stream of a deployment may have."""
    if deployment.shard_count is not None:
        return deployment.shard_count
    # A limit in bytes is one in shards of a megabyte: small events reach it by their number.
    return math.floor(deployment.quotas.on_demand_bytes / (1_000 * 1_000))
