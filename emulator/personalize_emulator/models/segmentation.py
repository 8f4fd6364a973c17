"""Which users will meet something: the base of the models behind batch segment jobs."""

from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from personalize_emulator.models.archive import Archive, Matrix, matrix_columns
from personalize_emulator.models.cooccurrence import times_met
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.factorization import truncated_svd
from personalize_emulator.models.hyperparameters import Values
from personalize_emulator.models.model import Query, ScoredItem
from personalize_emulator.models.selection import best
from personalize_emulator.models.settings import TrainingSettings

_LAST = 1e-9
"""The score of the last of all users: only those with a positive one are chosen."""

_SHRINKAGE = 16.0
"""Takes back what a dimension says, unless it says much more than the average one."""

_KNOWN_SHARE = 0.8
"""Share of each user's interactions, the oldest, that the measured model is trained on."""

_TOP_SHARE = 0.01
"""Share of the users that a segment is measured by (working-with-training-metrics)."""

_CASES = 300
"""Segments measured at most."""

Members = Callable[[int], NDArray[np.intp]]
"""The items that a segment is about, by the number of the question."""


@dataclass(frozen=True)
class UserSegmentation(ABC):
    """Order users by how well what they met goes with some items, in a few hidden dimensions."""

    kind: ClassVar[str]

    user_ids: list[str]
    item_ids: list[str]
    met: Matrix
    """Users by items: how often they met, on a logarithmic scale."""
    factors: NDArray[np.float32]
    """Items by hidden dimensions, each scaled by the root of how much it says."""
    attributes: list[tuple[str, str]]
    """The columns of Items in capitals, each with a value."""
    having: Matrix
    """Attributes by items: which items have them."""
    metrics: Mapping[str, float]
    _item: dict[str, int] = field(init=False, repr=False, default_factory=dict)
    _attribute: dict[tuple[str, str], int] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index items and attributes."""
        self._item.update({item: position for position, item in enumerate(self.item_ids)})
        self._attribute.update({name: at for at, name in enumerate(self.attributes)})

    @classmethod
    def attributes_of(
        cls, data: TrainingData, settings: TrainingSettings
    ) -> tuple[list[tuple[str, str]], Matrix]:
        """Return the attributes to ask for, and which items have each (default: none)."""
        del settings
        none: Matrix = sparse.csr_array(np.zeros((0, len(data.item_ids)), dtype=np.float32))
        return [], none

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Measure a model of the older part of each user's interactions, then learn from all."""
        newer = _newest(data)
        trial = cls._fit(data.where(~newer), settings, {}, seed)
        metrics = trial._measured(data.where(newer), seed)
        return cls._fit(data, settings, metrics, seed)

    @classmethod
    def _fit(
        cls,
        data: TrainingData,
        settings: TrainingSettings,
        metrics: Mapping[str, float],
        seed: int,
    ) -> Self:
        met = times_met(data)
        dimension = Values.of(cls.kind, settings).integer("hidden_dimension")
        values, vectors = truncated_svd(met, dimension, seed=seed)
        squares = values.astype(np.float64) ** 2
        says = squares / (squares + _SHRINKAGE * max(float(squares.mean()), 1e-12))
        factors = (vectors * np.sqrt(says)).astype(np.float32)
        attributes, having = cls.attributes_of(data, settings)
        return cls(data.user_ids, data.item_ids, met, factors, attributes, having, metrics)

    def recommend(self, query: Query) -> list[ScoredItem]:
        """Answer nothing: user segments come from batch segment jobs alone."""
        del query
        return []

    def users_of(
        self, items: NDArray[np.intp], count: int, allowed: Callable[[str], bool] | None = None
    ) -> list[str]:
        """The users most likely to meet one of the items, the most likely one first.

        Everybody has a place: those of other tastes come last. Without an item, nobody has.
        """
        if len(items) == 0:
            return []
        direction = self.factors @ self.factors[items].sum(axis=0)
        scores = (self.met @ direction).astype(np.float64)
        scores += _LAST - scores.min()
        return [user.item_id for user in best(scores, self.user_ids, count, allowed)]

    def _questions(self, later: TrainingData) -> Sequence[NDArray[np.intp]]:
        """The items of each segment that later interactions can measure."""
        return [np.array([item], dtype=np.intp) for item in np.unique(later.item)]

    def _measured(self, later: TrainingData, seed: int) -> dict[str, float]:
        """How many of those who met the items later are among the first hundredth of the users."""
        questions = self._questions(later)
        if not questions:
            return {}
        if len(questions) > _CASES:
            random = np.random.default_rng(seed)
            chosen = np.sort(random.choice(len(questions), _CASES, replace=False))
            questions = [questions[at] for at in chosen]
        top = max(round(len(self.user_ids) * _TOP_SHARE), 1)
        found: set[str] = set()
        hits: list[int] = []
        recalls: list[float] = []
        for items in questions:
            segment = self.users_of(items, top)
            actual = {
                self.user_ids[user] for user in np.unique(later.user[np.isin(later.item, items)])
            }
            found.update(segment)
            hits.append(len(actual.intersection(segment)))
            recalls.append(hits[-1] / len(actual))
        return {
            "coverage": round(len(found) / len(self.user_ids), 6),
            "hit_at_k": round(sum(hits) / len(hits), 6),
            "recall_at_k": round(sum(recalls) / len(recalls), 6),
        }

    def to_bytes(self) -> bytes:
        """Serialise the model."""
        header = {
            "user_ids": self.user_ids,
            "item_ids": self.item_ids,
            "attributes": self.attributes,
            "metrics": dict(self.metrics),
        }
        arrays = {
            "factors": self.factors,
            **matrix_columns("met", self.met),
            **matrix_columns("having", self.having),
        }
        return Archive(self.kind, header, arrays).to_bytes()

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        header = archive.header
        return cls(
            header["user_ids"],
            header["item_ids"],
            archive.matrix("met"),
            archive.arrays["factors"],
            [(column, value) for column, value in header["attributes"]],
            archive.matrix("having"),
            header["metrics"],
        )


def _newest(data: TrainingData) -> NDArray[np.bool_]:
    """Which interactions are among the last fifth of their user's; the first of a user never is."""
    order = np.argsort(data.user, kind="stable")
    number = np.bincount(data.user, minlength=len(data.user_ids))
    rank = np.empty(len(data), dtype=np.int64)
    rank[order] = np.arange(len(data)) - (np.cumsum(number) - number)[data.user[order]]
    newest: NDArray[np.bool_] = rank >= np.ceil(_KNOWN_SHARE * number[data.user])
    return newest
