"""aws-trending-now and aws-vod-trending-now: what is becoming popular at this moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.evaluation import hold_out, measure
from personalize_emulator.models.hyperparameters import Values
from personalize_emulator.models.model import Query, ScoredItem
from personalize_emulator.models.popularity import recent_popularity
from personalize_emulator.models.selection import best
from personalize_emulator.models.settings import TrainingSettings

_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}

_DOUBT = 1.28
"""Standard errors taken off a growth: nine of ten times the true growth is at least the rest."""

_PRIOR = 0.5
"""Added to both counts: an item that nobody met before has a finite growth."""

_MEASURED = 10
"""Intervals whose trends are foretold for the metric, from the latest backwards."""

_LIST = 25


@dataclass(frozen=True)
class TrendingNow:
    """Recommend what grows fastest from one interval to the next, then what is popular of late.

    An item that rises scores above 0.5, another one at most 0.5.
    """

    kind: ClassVar[str] = "aws-trending-now"

    item_ids: list[str]
    growth: NDArray[np.float32]
    popularity: NDArray[np.float32]
    interval: int
    latest: int
    """When the last interval ended: the time of the latest interaction, in epoch seconds."""
    metrics: Mapping[str, float]

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Measure how well earlier trends foretold later ones, then find the present ones."""
        interval = interval_of(settings)
        past, cases = hold_out(data, seed=seed)
        trending = [
            item.item_id for item in cls._of(past, interval, {}).recommend(Query(num_results=_LIST))
        ]
        metrics = measure(cases, lambda _: trending, len(data.item_ids))
        metrics["trend_prediction_accuracy"] = _accuracy(data, interval)
        return cls._of(data, interval, metrics)

    @classmethod
    def _of(cls, data: TrainingData, interval: int, metrics: Mapping[str, float]) -> Self:
        return cls(
            data.item_ids,
            _growth(data, interval),
            recent_popularity(data).astype(np.float32),
            interval,
            int(data.timestamp[-1]) if len(data) else 0,
            metrics,
        )

    def updated(self, data: TrainingData) -> Self:
        """The trends of new interactions, found in the same way; nothing is learnt anew."""
        return self._of(data, self.interval, self.metrics)

    def recommend(self, query: Query) -> list[ScoredItem]:
        """What rises; what is popular, if no interaction came within the last two intervals."""
        scores = self.popularity
        if query.now is None or query.now - self.latest < 2 * self.interval:
            scores = _scores(self.growth, self.popularity)
        return best(scores, self.item_ids, query.num_results, query.allowed)

    def to_bytes(self) -> bytes:
        """Serialise the model."""
        header = {
            "item_ids": self.item_ids,
            "interval": self.interval,
            "latest": self.latest,
            "metrics": dict(self.metrics),
        }
        arrays = {"growth": self.growth, "popularity": self.popularity}
        return Archive(self.kind, header, arrays).to_bytes()

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        header, arrays = archive.header, archive.arrays
        return cls(
            header["item_ids"],
            arrays["growth"],
            arrays["popularity"],
            header["interval"],
            header["latest"],
            header["metrics"],
        )


def interval_of(settings: TrainingSettings) -> int:
    """Return how often trends are discovered (`trend_discovery_frequency`), in seconds.

    Raises:
        ValueError: It is none of the frequencies of the service.
    """
    frequency = Values.of(TrendingNow.kind, settings).text("trend_discovery_frequency")
    number, unit = frequency.split()
    return int(number) * _SECONDS[unit.removesuffix("s")]


def _scores(growth: NDArray[np.float32], popularity: NDArray[np.float32]) -> NDArray[np.float32]:
    half = np.float32(0.5)
    return half * np.where(growth > 0, 1 + growth, popularity)


def _growth(data: TrainingData, interval: int) -> NDArray[np.float32]:
    """How fast each item grew from the last interval but one to the last, from 0 to 1.

    It is the ratio of the two counts, on a logarithmic scale and less its standard error, so that
    1 -> 2 says less than 100 -> 160.
    """
    if len(data) == 0:
        return np.zeros(len(data.item_ids), dtype=np.float32)
    latest = int(data.timestamp[-1])
    before = _counts(data, latest - 2 * interval, latest - interval) + _PRIOR
    after = _counts(data, latest - interval, latest) + _PRIOR
    least = np.log(after / before) - _DOUBT * np.sqrt(1 / after + 1 / before)
    return (1 - np.exp(-np.maximum(least, 0))).astype(np.float32)


def _counts(data: TrainingData, since: int, until: int) -> NDArray[np.float64]:
    """The interactions of each item after one moment, and up to another."""
    first, last = np.searchsorted(data.timestamp, [since, until], side="right")
    return np.bincount(data.item[first:last], minlength=len(data.item_ids)).astype(np.float64)


def _accuracy(data: TrainingData, interval: int) -> float:
    """The increase of what would have been recommended, over that of the 25 fastest risers.

    The guide takes both from "the actual interactions in the testing set"; here that is each of
    the last intervals in turn, foretold from what came before it.
    """
    shares: list[float] = []
    for back in range(1, _MEASURED + 1):
        end = int(data.timestamp[-1]) - back * interval
        known = data.where(data.timestamp <= end)
        if len(known) == 0:
            break
        before, after = _counts(data, end - interval, end), _counts(data, end, end + interval)
        increase = np.maximum(after - before, 0)
        possible = float(np.sort(increase)[-_LIST:].sum())
        if possible > 0:
            scores = _scores(_growth(known, interval), recent_popularity(known).astype(np.float32))
            chosen = np.argsort(-scores, kind="stable")[:_LIST]
            shares.append(float(increase[chosen].sum()) / possible)
    return round(sum(shares) / max(len(shares), 1), 6)
