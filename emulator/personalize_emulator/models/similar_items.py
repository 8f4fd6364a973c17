"""aws-similar-items: what goes with an item."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive, Matrix, matrix_columns
from personalize_emulator.models.content import Content
from personalize_emulator.models.cooccurrence import neighbours
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.evaluation import hold_out, measure
from personalize_emulator.models.model import Query, ScoredItem
from personalize_emulator.models.popularity import counts
from personalize_emulator.models.selection import best
from personalize_emulator.models.settings import TrainingSettings

_CONTENT = 0.2
"""Weight of the description. What the same users met outweighs it, where enough users did."""

_POPULARITY = 1e-3
"""Weight of popularity: it orders the items that have nothing to do with the one asked for."""


@dataclass(frozen=True)
class SimilarItems:
    """Recommend the items that the same users met, and those described alike."""

    kind: ClassVar[str] = "similar-items"

    item_ids: list[str]
    neighbours: Matrix
    content: Content
    popularity: NDArray[np.float32]
    metrics: Mapping[str, float]
    _position: dict[str, int] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the catalogue."""
        self._position.update({item: position for position, item in enumerate(self.item_ids)})

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Measure a model of the earlier part on the later, then learn from all.

        The question of the measurement is the last item that each user met before.
        """
        past, cases = hold_out(data, seed=seed)
        content = Content.of(data.item_ids, data.item_metadata)
        trial = cls._fit(past, content, settings.parameters, {})
        metrics = measure(
            [case for case in cases if case.history],
            lambda case: [
                item.item_id for item in trial.recommend(Query(item_id=case.history[-1].item_id))
            ],
            len(data.item_ids),
        )
        return cls._fit(data, content, settings.parameters, metrics)

    @classmethod
    def _fit(
        cls,
        data: TrainingData,
        content: Content,
        parameters: Mapping[str, str],
        metrics: Mapping[str, float],
    ) -> Self:
        discount = float(parameters.get("popularity_discount_factor", "0.0"))
        number = counts(data)
        return cls(
            data.item_ids,
            neighbours(data, popularity_exponent=(1 + discount) / 2),
            content,
            (number / max(float(number.max()), 1.0)).astype(np.float32),
            metrics,
        )

    def recommend(self, query: Query) -> list[ScoredItem]:
        """The items nearest to the one asked for; for an unknown one, the popular items."""
        scores = np.float32(_POPULARITY) * (self.popularity + np.float32(1e-6))
        position = self._position.get(query.item_id or "")
        if position is not None:
            own = np.array([position], dtype=np.intp)
            row = self.neighbours[own]
            scores[row.indices] += row.data
            scores += np.float32(_CONTENT) * self.content.affinity(
                own, np.ones(1, dtype=np.float32)
            )
            scores[position] = 0
        return best(scores, self.item_ids, query.num_results, query.allowed)

    def to_bytes(self) -> bytes:
        """Serialise the model."""
        header = {"item_ids": self.item_ids, "metrics": dict(self.metrics)}
        arrays = {
            "popularity": self.popularity,
            **matrix_columns("neighbours", self.neighbours),
            **matrix_columns("content", self.content.vectors),
        }
        return Archive(self.kind, header, arrays).to_bytes()

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        return cls(
            archive.header["item_ids"],
            archive.matrix("neighbours"),
            Content(archive.matrix("content")),
            archive.arrays["popularity"],
            archive.header["metrics"],
        )
