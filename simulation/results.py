"""What `docs/scaling.md` tells: each rate as the construct is, and with what to set for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from simulation.advice import advise
from simulation.day import STEP, Day, Moment, play
from simulation.limits import without_quotas
from simulation.settings import MAX_PARALLELIZATION_FACTOR, Deployment, EventSource, Traffic
from simulation.traffic import BUSIEST

WINDOWS = {1_000: 1.0, 10_000: 30.0, 100_000: 60.0}
"""By the events a second, the window that is set: what we would wait for fuller calls."""

_NEW_STREAM_SECONDS = 3 * 3600


@dataclass(frozen=True)
class Case:
    """One rate.

    Attributes:
        traffic: The events.
        window: The seconds of the window that is set for it.
    """

    traffic: Traffic
    window: float

    @cached_property
    def as_is(self) -> Day:
        """The day, with the defaults of the construct in a new account."""
        return self.played_with(Deployment())

    @cached_property
    def as_set(self) -> Day:
        """The day, with what to set."""
        return self.played_with(advise(self.traffic, self.window))

    @cached_property
    def new_stream(self) -> Sequence[Moment]:
        """The first hours of a new stream on demand, of a mean rate, with all else in plenty."""
        source = EventSource(parallelization_factor=MAX_PARALLELIZATION_FACTOR)
        deployment = without_quotas(Deployment(event_source=source))
        arrivals = [self.traffic.mean * STEP] * round(_NEW_STREAM_SECONDS / STEP)
        return play(self.traffic, deployment, arrivals=arrivals).moments

    def with_window(self, window: float) -> Deployment:
        """Return what would be set for another window."""
        return advise(self.traffic, window)

    def played_with(self, deployment: Deployment) -> Day:
        """Return the day with other settings."""
        # A stream on demand knows the evenings of the days before, without a burst.
        return play(self.traffic, deployment, peak_before=BUSIEST * self.traffic.mean)


def cases(traffic: Traffic | None = None) -> Sequence[Case]:
    """Return the cases of the page.

    Args:
        traffic: What the events are like, at any rate (default: as assumed).
    """
    common = traffic or Traffic(mean=1.0)
    return [Case(replace(common, mean=rate), window) for rate, window in WINDOWS.items()]
