"""How much one user wants each item: the heart of user personalisation and of ranking.

As the service documents its scores, they are exponentials of a sum, scaled to sum up to 1 over the
catalogue. The sum speaks for an item that is popular of late, that the user or users like them met
(an item goes best with itself, so what is bought again comes again), and that is described like
what the user met. The history is weighed by recency, so that the last ten events move the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive, Matrix, matrix_columns
from personalize_emulator.models.content import Content
from personalize_emulator.models.cooccurrence import neighbours
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.model import HistoryEvent
from personalize_emulator.models.popularity import recent_popularity

_RECENCY_HALF_LIFE = 10
"""Events after which an event of the history weighs half."""

_HISTORY = 200
"""Latest events of the history that count; the next would weigh a millionth."""

_LITTLE = 3.0
"""Weight of a history below which it says little: one event does not turn the list round."""

_UNPOPULAR = 0.05
"""Popularity that every item has: the best-seller is ahead of an unknown item by a factor of 21."""


@dataclass(frozen=True)
class Mix:
    """How the parts of the score are mixed; popularity has weight 1.

    Attributes:
        together: Weight of the item that goes best with the history.
        alike: Weight of being like the history: of the mean cosine, so the more of one kind the
            history is, the more its kind counts.
    """

    together: float
    alike: float


MIXES = (Mix(2, 10), Mix(8, 5), Mix(8, 2))
"""The mixes to choose from, the one that shows users most that is new to them first."""


@dataclass(frozen=True)
class UserScorer:
    """The parts of the score; the history comes with the question, streamed events included."""

    item_ids: list[str]
    popularity: NDArray[np.float32]
    neighbours: Matrix
    content: Content
    mix: Mix
    recency: bool
    _position: Mapping[str, int]

    @classmethod
    def fit(
        cls,
        data: TrainingData,
        content: Content,
        parameters: Mapping[str, str],
        *,
        items: NDArray[np.intp] | None = None,
    ) -> Self:
        """Learn the parts from the data.

        Args:
            data: The interactions.
            content: What the items are.
            parameters: The hyperparameters of the recipe.
            items: The items that will occur in a history (default: any).
        """
        return cls(
            data.item_ids,
            recent_popularity(data).astype(np.float32),
            neighbours(data, items=items),
            content,
            MIXES[0],
            parameters.get("apply_recency_bias", "true").casefold() != "false",
            _positions(data.item_ids),
        )

    def with_mix(self, mix: Mix) -> Self:
        """The same parts, mixed differently."""
        return replace(self, mix=mix)

    def position(self, item_id: str) -> int | None:
        """Where the catalogue has an item; None for an item that the training did not see."""
        return self._position.get(item_id)

    def scores(self, history: Sequence[HistoryEvent]) -> NDArray[np.float32]:
        """The score of each item of the catalogue, all positive, in sum 1."""
        score = self.popularity + np.float32(_UNPOPULAR)
        weights: dict[int, float] = {}
        decay = 0.5 ** (1 / _RECENCY_HALF_LIFE) if self.recency else 1.0
        for age, event in enumerate(reversed(history[-_HISTORY:])):
            position = self._position.get(event.item_id)
            if position is not None:
                weights[position] = weights.get(position, 0.0) + decay**age
        if weights:
            score *= np.exp(self._wanted(weights))
        score /= score.sum()
        return score

    def _wanted(self, history: Mapping[int, float]) -> NDArray[np.float32]:
        """What goes with the items of a history and what is like them.

        Args:
            history: The weight of each item, by position.
        """
        items = np.fromiter(history, dtype=np.intp)
        weights = np.fromiter(history.values(), dtype=np.float32)
        together = self.neighbours[items].T @ weights
        together *= np.float32(self.mix.together / max(float(together.max()), 1e-9))
        scale = self.mix.alike / max(float(weights.sum()), _LITTLE)
        alike = self.content.affinity(items, weights)
        alike *= np.float32(scale)
        wanted: NDArray[np.float32] = together + alike
        return wanted

    def header(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        mix = [self.mix.together, self.mix.alike]
        return {"item_ids": self.item_ids, "mix": mix, "recency": self.recency}

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
        item_ids = archive.header["item_ids"]
        return cls(
            item_ids,
            archive.arrays["popularity"],
            archive.matrix("neighbours"),
            Content(archive.matrix("content")),
            Mix(*archive.header["mix"]),
            archive.header["recency"],
            _positions(item_ids),
        )


def _positions(item_ids: Sequence[str]) -> Mapping[str, int]:
    return {item: position for position, item in enumerate(item_ids)}
