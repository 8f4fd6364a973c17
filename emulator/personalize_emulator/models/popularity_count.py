"""aws-popularity-count: the items with the most interactions, the same for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.evaluation import hold_out, measure
from personalize_emulator.models.model import Query, ScoredItem
from personalize_emulator.models.popularity import counts
from personalize_emulator.models.selection import best
from personalize_emulator.models.settings import TrainingSettings


@dataclass(frozen=True)
class PopularityCount:
    """Recommend by the number of interactions; the score is an item's share of them."""

    kind: ClassVar[str] = "popularity-count"

    item_ids: list[str]
    share: NDArray[np.float64]
    metrics: Mapping[str, float]

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Count; the recipe has no parameters."""
        del settings
        past, cases = hold_out(data, seed=seed)
        popular = [item.item_id for item in best(counts(past), data.item_ids, 25)]
        metrics = measure(cases, lambda _: popular, len(data.item_ids))
        number = counts(data)
        return cls(data.item_ids, number / number.sum(), metrics)

    def recommend(self, query: Query) -> list[ScoredItem]:
        """The items with the most interactions."""
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
