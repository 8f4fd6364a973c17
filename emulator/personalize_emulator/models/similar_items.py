"""aws-similar-items: what goes with an item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive, matrix_columns
from personalize_emulator.models.content import Content
from personalize_emulator.models.cooccurrence import (
    Company,
    company,
    met_by_users,
    visits_of,
)
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.evaluation import (
    GAIN,
    Case,
    answer_with,
    hold_out_visits,
    measure,
)
from personalize_emulator.models.factorization import Factors, truncated_svd
from personalize_emulator.models.hyperparameters import Values
from personalize_emulator.models.model import Query, ScoredItem
from personalize_emulator.models.popularity import counts, recent_popularity
from personalize_emulator.models.selection import best, highest
from personalize_emulator.models.settings import TrainingSettings
from personalize_emulator.models.tuning import clearly_best, tuned

_UNMET = 1e-9
"""Share of all interactions that an item without one is thought to have: it comes last."""

_HEAD = 2000
"""Items, from the best on, that the hidden variables tell apart."""

_FACTORS = 0.5
"""Weight of the item that the factors like best, as a power of e."""


@dataclass(frozen=True)
class SimilarityMix:
    """How what is known of an item is mixed.

    Attributes:
        prior: How many meetings are thought to have been with items as popular as they are of
            late, beside those that were: the more, the longer popular items stay ahead.
        alike: Weight of being described alike, as a power of e.
    """

    prior: float
    alike: float


_MIXES = (SimilarityMix(10, 2), SimilarityMix(600, 4), SimilarityMix(2000, 4))
"""The mixes to choose from, the one that says most of the item asked for first."""

_COLD = 5
"""Interactions below which an item is cold, says the guide (native-recipe-similar-items)."""

_ALIKE_TO_COLD = 10.0
"""Weight of being described like a cold item: there is little else to go by."""

_DISCOUNT = 0.15
"""The least exponent of the discount: of two items met as often with the one asked for, the one
that is less popular elsewhere is the more similar."""


@dataclass(frozen=True)
class SimilarItems:
    """Recommend what is met together with an item, and what is described like it.

    The score of an item is its share of all that is met together with the one asked for, estimated
    with its popularity as a prior; so an item that few have met gets what is popular, and what is
    described alike. It is divided by the popularity, to a power that `popularity_discount_factor`
    takes from little to 1.

    `item_id_hidden_dim`: the rank of the factorisation of users by items, which tells apart the
    items that are ahead. `item_metadata_hidden_dim`: the rank of that of items by the terms of
    their metadata (latent semantic analysis), in which "lamp" and "lantern" may be alike.
    """

    kind: ClassVar[str] = "aws-similar-items"

    item_ids: list[str]
    company: Company
    popularity: NDArray[np.float32]
    factors: Factors
    content: Content
    meaning: NDArray[np.float16]
    mix: SimilarityMix
    discount: float
    cold: NDArray[np.bool_]
    metrics: Mapping[str, float]
    tuned: Mapping[str, str]

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Choose hyperparameters and mix, measure them on the later part, then learn from all.

        The question is what else was met on a visit of which one item is given. The choice is made
        on every other visit of the held-out part, and measured on the rest.

        Raises:
            ValueError: A setting is not allowed.
        """
        past, cases = hold_out_visits(data, visits_of(data), seed=seed)
        content = Content.of(data.item_ids, data.item_metadata, textual=settings.textual)
        asked = {case.history[-1].item_id for case in cases}
        items = np.array([at for at, item in enumerate(data.item_ids) if item in asked], np.intp)

        def fit(values: Mapping[str, str]) -> "SimilarItems":
            parts = cls._fit(past, content, settings, values, seed, items=items)
            mix = clearly_best(
                _MIXES, lambda mix: replace(parts, mix=mix)._measure(cases[::2])[GAIN]
            )
            return replace(parts, mix=mix)

        best_values = tuned(
            settings.tuning, lambda values: fit(values)._measure(cases[::2])[GAIN], seed=seed
        )
        trial = fit(best_values)
        metrics = trial._measure(cases[1::2])
        whole = cls._fit(data, content, settings, best_values, seed)
        return replace(whole, mix=trial.mix, metrics=metrics, tuned=best_values)

    @classmethod
    def _fit(
        cls,
        data: TrainingData,
        content: Content,
        settings: TrainingSettings,
        parameters: Mapping[str, str],
        seed: int,
        *,
        items: NDArray[np.intp] | None = None,
    ) -> Self:
        given = replace(settings, parameters={**settings.parameters, **parameters}, tuning=None)
        values = Values.of(cls.kind, given)
        popularity = recent_popularity(data)
        described = content.vectors
        rank = values.integer("item_metadata_hidden_dim")
        _, directions = truncated_svd(described, rank, seed=seed)
        meaning = described @ directions
        meaning /= np.maximum(np.linalg.norm(meaning, axis=1, keepdims=True), 1e-9)
        return cls(
            data.item_ids,
            company(data, items=items),
            (popularity / max(float(popularity.sum()), 1e-9) + _UNMET).astype(np.float32),
            Factors.of(met_by_users(data), values.integer("item_id_hidden_dim"), seed=seed),
            content,
            meaning.astype(np.float16),
            _MIXES[0],
            _DISCOUNT + (1 - _DISCOUNT) * values.number("popularity_discount_factor"),
            counts(data) < _COLD,
            {},
            {},
        )

    def _measure(self, cases: Sequence[Case]) -> dict[str, float]:
        return measure(cases, answer_with(self.recommend), len(self.item_ids))

    def recommend(self, query: Query) -> list[ScoredItem]:
        """The items that go best with the one asked for; for an unknown one, the popular items."""
        position = self._position.get(query.item_id or "")
        scores = self.popularity.copy() if position is None else self._scores(position)
        return best(scores, self.item_ids, query.num_results, query.allowed)

    def _scores(self, position: int) -> NDArray[np.float32]:
        own = np.array([position], dtype=np.intp)
        one = np.ones(1, dtype=np.float32)
        near = self.company.counts[own]
        scores = self.popularity * np.float32(self.mix.prior)
        scores[near.indices] += near.data
        scores /= np.float32(self.mix.prior) + self.company.total[position]
        half = np.float32((_ALIKE_TO_COLD if self.cold[position] else self.mix.alike) / 2)
        scores *= np.exp(half * self.content.affinity(own, one))
        scores[position] = 0
        ahead = highest(scores, _HEAD)
        ahead = ahead[ahead != position]
        likely = self.factors.affinity(own, one, ahead)
        likely *= np.float32(_FACTORS / max(float(likely.max(initial=0)), 1e-9))
        meaning = self.meaning[ahead].astype(np.float32) @ self.meaning[position].astype(np.float32)
        scores[ahead] *= np.exp(likely + half * np.maximum(meaning, 0))
        scores /= self._typical**self.discount
        return scores

    @cached_property
    def _typical(self) -> NDArray[np.float32]:
        """The popularity of each item, raised by that of a middling one.

        Else what a single user met would be ahead of everything.
        """
        raised: NDArray[np.float32] = self.popularity + self.popularity.mean()
        return raised

    @cached_property
    def _position(self) -> Mapping[str, int]:
        return {item: position for position, item in enumerate(self.item_ids)}

    def to_bytes(self) -> bytes:
        """Serialise the model."""
        header: dict[str, Any] = {
            "item_ids": self.item_ids,
            "content": self.content.header(),
            "mix": [self.mix.prior, self.mix.alike],
            "discount": self.discount,
            "metrics": dict(self.metrics),
            "tuned": dict(self.tuned),
        }
        arrays: dict[str, NDArray[Any]] = {
            "popularity": self.popularity,
            "total": self.company.total,
            "meaning": self.meaning,
            "cold": self.cold,
            **matrix_columns("company", self.company.counts),
            **self.factors.arrays(),
            **self.content.arrays(),
        }
        return Archive(self.kind, header, arrays).to_bytes()

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        header = archive.header
        return cls(
            header["item_ids"],
            Company(archive.matrix("company"), archive.arrays["total"]),
            archive.arrays["popularity"],
            Factors.from_archive(archive),
            Content.from_archive(archive),
            archive.arrays["meaning"],
            SimilarityMix(*header["mix"]),
            header["discount"],
            archive.arrays["cold"],
            header["metrics"],
            header["tuned"],
        )
