"""How much one user wants each item: the heart of user personalisation and of ranking.

As the service documents its scores, they are exponentials of a sum, scaled to sum up to 1 over the
catalogue. The sum speaks for an item that is popular of late, that the user or users like them met
(an item goes best with itself, so what is bought again comes again), that is described like what
the user met, that users of the same country or age met, and that is liked in the context of the
request. The history is weighed by recency, so that the last ten events move the list. The items
ahead so far are then told apart by what stands behind who met what, the factors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from personalize_emulator.models.archive import Archive, Matrix, matrix_columns
from personalize_emulator.models.content import Content
from personalize_emulator.models.context import Context
from personalize_emulator.models.cooccurrence import met_by_users, neighbours
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.demographics import Demographics
from personalize_emulator.models.factorization import Factors
from personalize_emulator.models.model import HistoryEvent
from personalize_emulator.models.popularity import plain_popularity, recent_popularity
from personalize_emulator.models.selection import highest

_MOOD, _TASTE = 8, 100
"""Events after which an event of the history weighs half: as company and as description, which
follow what a user is after now, and for the factors, which know the user."""

_LITTLE = 3.0
"""Weight of a history below which it says little: one event does not turn the list round."""

_UNPOPULAR = 0.05
"""Popularity that every item has: the best-seller is ahead of an unknown item by a factor of 21."""

_HEAD = 2000
"""Items, from the best on, that the factors tell apart; they could lift no other to the top."""


@dataclass(frozen=True)
class Mix:
    """How the parts of the score are mixed; popularity has weight 1.

    Attributes:
        together: Weight of the item that goes best with the history.
        alike: Weight of being like the history: of the mean cosine, so the more of one kind the
            history is, the more its kind counts.
        behind: Weight of the item that the factors like best.
    """

    together: float
    alike: float
    behind: float


MIXES = (Mix(2, 10, 0.5), Mix(8, 5, 2.5), Mix(8, 2, 2.5))
"""The mixes to choose from, the one that shows users most that is new to them first."""


@dataclass(frozen=True)
class Traits:
    """What a recipe makes of a history.

    Attributes:
        rank: The number of hidden variables of the factors.
        events: The latest events of a history that count.
        recency: Whether what was lately counts more, of the history and of popularity.
        contextual: Whether the context of a request counts.
    """

    rank: int = 32
    events: int = 200
    recency: bool = True
    contextual: bool = True


@dataclass(frozen=True)
class UserScorer:
    """The parts of the score; the history comes with the question, streamed events included.

    Attributes:
        item_ids: The catalogue.
        popularity: How popular each item is, from 0 to 1.
        neighbours: What goes with each item.
        factors: What stands behind it.
        content: What each item is.
        context: In which contexts each item is liked.
        demographics: Which users like it.
        appeal: The factor that an objective gives each item; none without an objective.
        traits: What the recipe makes of a history.
        mix: How the parts are mixed.
    """

    item_ids: list[str]
    popularity: NDArray[np.float32]
    neighbours: Matrix
    factors: Factors
    content: Content
    context: Context
    demographics: Demographics
    appeal: NDArray[np.float32] | None
    traits: Traits
    mix: Mix
    _position: Mapping[str, int]

    @classmethod
    def fit(
        cls,
        data: TrainingData,
        content: Content,
        traits: Traits,
        *,
        appeal: NDArray[np.float32] | None = None,
        items: NDArray[np.intp] | None = None,
        seed: int = 0,
    ) -> Self:
        """Learn the parts from the data.

        Args:
            data: The interactions.
            content: What the items are.
            traits: What the recipe makes of a history.
            appeal: The factor that an objective gives each item (default: no objective).
            items: The items that will occur in a history (default: any).
            seed: The same seed and data make the same parts.
        """
        popularity = recent_popularity(data) if traits.recency else plain_popularity(data)
        return cls(
            data.item_ids,
            popularity.astype(np.float32),
            neighbours(data, items=items),
            Factors.of(met_by_users(data), traits.rank, seed=seed),
            content,
            Context.of(data if traits.contextual else replace(data, context={})),
            Demographics.of(data),
            appeal,
            traits,
            MIXES[0],
            _positions(data.item_ids),
        )

    def with_mix(self, mix: Mix) -> Self:
        """The same parts, mixed differently."""
        return replace(self, mix=mix)

    def extended(
        self, item_ids: Sequence[str], metadata: Mapping[str, Mapping[str, object]]
    ) -> Self:
        """The same parts with new items, of which only the description is known.

        With an objective a new item appeals as little as one can: what is learnt of it waits for
        the next training.
        """
        number = len(item_ids)
        everything = [*self.item_ids, *item_ids]
        near = self.neighbours
        indptr = np.pad(near.indptr, (0, number), "edge")
        shape = (len(everything), len(everything))
        return replace(
            self,
            item_ids=everything,
            popularity=np.concatenate([self.popularity, np.zeros(number, np.float32)]),
            neighbours=sparse.csr_array((near.data, near.indices, indptr), shape=shape),
            factors=self.factors.extended(number),
            content=self.content.extended(item_ids, metadata),
            context=self.context.extended(number),
            demographics=self.demographics.extended(number),
            appeal=None if self.appeal is None else np.pad(self.appeal, (0, number), "minimum"),
            _position=_positions(everything),
        )

    @property
    def positions(self) -> Mapping[str, int]:
        """Where the catalogue has each item."""
        return self._position

    def scores(
        self,
        history: Sequence[HistoryEvent],
        context: Mapping[str, str] | None = None,
        user: Mapping[str, object] | None = None,
        *,
        told_apart: Sequence[int] = (),
    ) -> NDArray[np.float32]:
        """The score of each item of the catalogue, all positive, in sum 1.

        Args:
            history: What the user did, oldest first.
            context: The context of the request, by column.
            user: The metadata of the user, by column.
            told_apart: Items that the factors tell apart even if they are not ahead.
        """
        score = self.popularity + np.float32(_UNPOPULAR)
        for favour in (
            self.context.favour(context) if context else None,
            self.demographics.favour(user, len(history)) if user else None,
        ):
            if favour is not None:
                score *= np.exp(favour)
        if self.appeal is not None:
            score *= self.appeal
        items, mood, taste = self._weights(history)
        if len(items):
            score *= np.exp(self._wanted(items, mood))
            ahead = highest(score, _HEAD)
            if len(told_apart):
                ahead = np.union1d(ahead, np.array(told_apart, dtype=np.intp))
            likely = self.factors.affinity(items, taste, ahead)
            likely *= np.float32(self.mix.behind / max(float(likely.max()), 1e-9))
            score[ahead] *= np.exp(likely)
        score /= score.sum()
        return score

    def _weights(
        self, history: Sequence[HistoryEvent]
    ) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float32]]:
        """The items of a history, and how much each counts for the mood and for the taste."""
        known = [
            (position, age)
            for age, event in enumerate(reversed(history[-self.traits.events :]))
            if (position := self._position.get(event.item_id)) is not None
        ]
        each = np.array(known, dtype=np.intp).reshape(-1, 2)
        items, inverse = np.unique(each[:, 0], return_inverse=True)
        if not self.traits.recency:
            often = np.bincount(inverse, minlength=len(items)).astype(np.float32)
            return items, often, often
        mood, taste = (
            np.bincount(inverse, np.exp2(-each[:, 1] / half_life), minlength=len(items))
            for half_life in (_MOOD, _TASTE)
        )
        return items, mood.astype(np.float32), taste.astype(np.float32)

    def _wanted(self, items: NDArray[np.intp], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """What goes with the items of a history and what is like them."""
        wanted: NDArray[np.float32] = self.content.affinity(items, weights)
        wanted *= np.float32(self.mix.alike / max(float(weights.sum()), _LITTLE))
        near = self.neighbours[items]
        touched, inverse = np.unique(near.indices, return_inverse=True)
        weighted = near.data * np.repeat(weights, np.diff(near.indptr))
        together = np.bincount(inverse, weighted, minlength=len(touched)).astype(np.float32)
        together *= np.float32(self.mix.together / max(float(together.max(initial=0)), 1e-9))
        wanted[touched] += together
        return wanted

    def header(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return {
            "item_ids": self.item_ids,
            "mix": [self.mix.together, self.mix.alike, self.mix.behind],
            "traits": [
                self.traits.rank,
                self.traits.events,
                self.traits.recency,
                self.traits.contextual,
            ],
            "content": self.content.header(),
            "context": self.context.header(),
            **self.demographics.header(),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its numbers."""
        return {
            "popularity": self.popularity,
            **({} if self.appeal is None else {"appeal": self.appeal}),
            **matrix_columns("neighbours", self.neighbours),
            **self.factors.arrays(),
            **self.content.arrays(),
            **self.context.arrays(),
            **self.demographics.arrays(),
        }

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `header` and `arrays` took apart."""
        item_ids = archive.header["item_ids"]
        return cls(
            item_ids,
            archive.arrays["popularity"],
            archive.matrix("neighbours"),
            Factors.from_archive(archive),
            Content.from_archive(archive),
            Context.from_archive(archive),
            Demographics.from_archive(archive),
            archive.arrays.get("appeal"),
            Traits(*archive.header["traits"]),
            Mix(*archive.header["mix"]),
            _positions(item_ids),
        )


def _positions(item_ids: Sequence[str]) -> Mapping[str, int]:
    return {item: position for position, item in enumerate(item_ids)}
