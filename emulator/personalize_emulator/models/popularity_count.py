"""aws-popularity-count and aws-vod-most-popular: what most users met, the same for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.evaluation import hold_out, measure
from personalize_emulator.models.model import Query, ScoredItem
from personalize_emulator.models.selection import best
from personalize_emulator.models.settings import TrainingSettings


@dataclass(frozen=True)
class PopularityCount:
    """Recommend by the number of users who met an item; the score is its share of them all.

    The guide counts "interactions data from unique users" (native-recipe-popularity), and videos
    "watched by the most users" (VIDEO_ON_DEMAND-use-cases): who comes back counts once.
    """

    kind: ClassVar[str] = "popularity-count"

    item_ids: list[str]
    share: NDArray[np.float64]
    metrics: Mapping[str, float]

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Count; the recipe has no parameters."""
        del settings
        past, cases = hold_out(data, seed=seed)
        popular = [item.item_id for item in best(cls.count(past), data.item_ids, 25)]
        metrics = measure(cases, lambda _: popular, len(data.item_ids))
        number = cls.count(data)
        return cls(data.item_ids, number / number.sum(), metrics)

    @classmethod
    def count(cls, data: TrainingData) -> NDArray[np.float64]:
        """How many users met each item."""
        items = len(data.item_ids)
        pairs = np.unique(data.user.astype(np.int64) * items + data.item)
        return np.bincount(pairs % items, minlength=items).astype(np.float64)

    def recommend(self, query: Query) -> list[ScoredItem]:
        """The most popular items; nothing that is known of the user changes them."""
        return best(self.share, self.item_ids, query.num_results, query.allowed)

    def to_bytes(self) -> bytes:
        """Serialise the model."""
        header = {"item_ids": self.item_ids, "metrics": dict(self.metrics)}
        return Archive(self.kind, header, {"share": self.share}).to_bytes()

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        header = archive.header
        return cls(header["item_ids"], archive.arrays["share"], header["metrics"])
