"""What goes with an item by interactions alone: the base of the models that count company."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive, Matrix, matrix_columns
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.evaluation import Case, answer_with, hold_out, measure
from personalize_emulator.models.model import Query, ScoredItem
from personalize_emulator.models.popularity import counts
from personalize_emulator.models.selection import best
from personalize_emulator.models.settings import TrainingSettings

KEPT = 100
"""Relatives kept for each item: a filter that rejects most of them leaves enough for a list."""

_POPULARITY = 1e-6
"""Weight of popularity: it orders the items that have nothing to do with the one asked for."""


@dataclass(frozen=True)
class RelatedItems(ABC):
    """Recommend an item's relatives; for one of which too little is known, what is popular."""

    kind: ClassVar[str]

    item_ids: list[str]
    relatives: Matrix
    popularity: NDArray[np.float32]
    metrics: Mapping[str, float]
    _position: dict[str, int] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the catalogue."""
        self._position.update({item: position for position, item in enumerate(self.item_ids)})

    @classmethod
    @abstractmethod
    def relate(cls, data: TrainingData, settings: TrainingSettings) -> Matrix:
        """Say how much each item has to do with each other one, with a row for each item."""

    @classmethod
    def hold_out(cls, data: TrainingData, *, seed: int) -> tuple[TrainingData, Sequence[Case]]:
        """Split off a later part to measure with; a case asks for what goes with its last item."""
        return hold_out(data, seed=seed)

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Measure a model of the earlier part on the later, then learn from all."""
        past, cases = cls.hold_out(data, seed=seed)
        trial = cls._fit(past, settings, {})
        metrics = measure(
            [case for case in cases if case.history],
            answer_with(trial.recommend),
            len(data.item_ids),
        )
        return cls._fit(data, settings, metrics)

    @classmethod
    def _fit(
        cls, data: TrainingData, settings: TrainingSettings, metrics: Mapping[str, float]
    ) -> Self:
        number = counts(data)
        popularity = (number / max(float(number.max(initial=0)), 1.0)).astype(np.float32)
        relatives = cls.relate(data, settings)
        # Scores are at most 1; a discount of popularity other than the cosine's leads beyond that.
        relatives.data /= max(float(relatives.data.max(initial=0)), 1.0)
        return cls(data.item_ids, relatives, popularity, metrics)

    def recommend(self, query: Query) -> list[ScoredItem]:
        """The relatives of the item asked for, then the popular items."""
        scores = np.float32(_POPULARITY) * self.popularity
        position = self._position.get(query.item_id or "")
        if position is not None:
            row = self.relatives[np.array([position])]
            scores[row.indices] += row.data
            scores[position] = 0
        return best(scores, self.item_ids, query.num_results, query.allowed)

    def to_bytes(self) -> bytes:
        """Serialise the model."""
        header = {"item_ids": self.item_ids, "metrics": dict(self.metrics)}
        arrays = {"popularity": self.popularity, **matrix_columns("relatives", self.relatives)}
        return Archive(self.kind, header, arrays).to_bytes()

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        return cls(
            archive.header["item_ids"],
            archive.matrix("relatives"),
            archive.arrays["popularity"],
            archive.header["metrics"],
        )
