"""How much one user wants each item: the heart of user personalisation and of ranking.

As the service documents its scores, they are exponentials of a sum, scaled to sum up to 1 over the
catalogue. The sum speaks for an item that is popular of late, that was met by those who met what
this user met, that is described alike, and that the user came back to. The history is weighed by
recency, so that the last ten events move the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive, Matrix, matrix_columns
from personalize_emulator.models.content import Content
from personalize_emulator.models.cooccurrence import neighbours
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.model import HistoryEvent
from personalize_emulator.models.popularity import recent_popularity

_RECENCY_HALF_LIFE = 7
"""Distinct items after which an item of the history weighs half."""

_HISTORY = 100
"""Latest distinct items of the history that count; the next would weigh a ten-thousandth."""

# Chosen on the tenth of online-retail before the last (recall and NDCG at 25), and so that ten
# events on things of one kind bring that kind to the head of the list.
_TOGETHER = 1.5
"""Weight of the item that goes best with the history."""

_ALIKE = 10.0
"""Weight of being like the history: of the mean cosine, so the more of one kind the history is, the
more its kind counts."""

_ALIKE_LEAST = 3.0
"""Weight of a history below which it says little: one event does not turn the list round."""

_RETURN = 1.25
"""Weight of the item that the user came back to most often."""

_UNPOPULAR = 0.05
"""Popularity that every item has: the best-seller is ahead of an unknown item by a factor of 21."""


@dataclass
class UserScorer:
    """The parts of the score; the history comes with the question, streamed events included."""

    item_ids: list[str]
    popularity: NDArray[np.float64]
    neighbours: Matrix
    content: Content
    recency: bool = True

    def __post_init__(self) -> None:
        """Index the catalogue."""
        self._position = {item: position for position, item in enumerate(self.item_ids)}

    @classmethod
    def fit(cls, data: TrainingData, parameters: Mapping[str, str]) -> Self:
        """Learn the parts from the data."""
        return cls(
            data.item_ids,
            recent_popularity(data),
            neighbours(data),
            Content.of(data.item_ids, data.item_metadata),
            parameters.get("apply_recency_bias", "true").casefold() != "false",
        )

    def position(self, item_id: str) -> int | None:
        """Where the catalogue has an item; None for an item that the training did not see."""
        return self._position.get(item_id)

    def scores(self, history: Sequence[HistoryEvent]) -> NDArray[np.float64]:
        """The score of each item of the catalogue, all positive, in sum 1."""
        score = self.popularity + _UNPOPULAR
        times: dict[int, int] = {}
        for event in reversed(history):
            position = self._position.get(event.item_id)
            if position is not None:
                times[position] = times.get(position, 0) + 1
        if times:
            items = np.fromiter(times, dtype=np.intp)
            returned = np.fromiter(times.values(), dtype=np.float64)
            wanted = self._affinity(items[:_HISTORY])
            wanted[items] += _RETURN * returned / returned.max()
            score *= np.exp(wanted)
        score /= score.sum()
        return score

    def _affinity(self, items: NDArray[np.intp]) -> NDArray[np.float64]:
        """What goes with some items and what is like them, the latest first."""
        weights = np.ones(len(items))
        if self.recency:
            weights = np.exp2(-np.arange(len(items)) / _RECENCY_HALF_LIFE)
        rows = self.neighbours[items]
        strength = rows.data * np.repeat(weights, np.diff(rows.indptr))
        # (Of nothing, bincount counts in whole numbers.)
        wanted = np.bincount(rows.indices, strength, minlength=len(self.item_ids)).astype(float)
        wanted *= _TOGETHER / max(float(wanted.max()), 1e-9)
        scale = _ALIKE / max(float(weights.sum()), _ALIKE_LEAST)
        wanted += scale * self.content.affinity(items, weights)
        return wanted

    def header(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return {"item_ids": self.item_ids, "recency": self.recency}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its numbers."""
        return {
            "popularity": self.popularity,
            **matrix_columns("neighbours", self.neighbours),
            **matrix_columns("content", self.content.vectors),
        }

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `header` and `arrays` took apart."""
        return cls(
            archive.header["item_ids"],
            archive.arrays["popularity"],
            archive.matrix("neighbours"),
            Content(archive.matrix("content")),
            archive.header["recency"],
        )
