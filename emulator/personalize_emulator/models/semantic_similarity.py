"""aws-semantic-similarity: items whose descriptions say the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive, Matrix, matrix_columns
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.model import Query, ScoredItem
from personalize_emulator.models.popularity_count import PopularityCount
from personalize_emulator.models.selection import best
from personalize_emulator.models.settings import TrainingSettings
from personalize_emulator.models.text import TextVectors

_CANDIDATES = 100
"""Items at least that popularity and freshness may reorder: those that are most alike."""

_UNRELATED = 1e-6
"""Score of items that share no word with the one asked for, before popularity orders them."""

_MEASURED = 1000
_LIST = 25


@dataclass(frozen=True)
class SemanticSimilarity:
    """Recommend the items with the most telling words in common.

    Popularity and freshness are those of the training: updates do not change them
    (native-recipe-semantic-similarity). What an item has of them that came later is not
    documented; here it is unpopular, and as fresh as on the scale of the training.
    """

    kind: ClassVar[str] = "semantic-similarity"

    item_ids: list[str]
    vectors: Matrix
    """A unit vector of terms for each item."""
    by_term: Matrix
    """The same vectors, with a row for each term."""
    popularity: NDArray[np.float32]
    freshness: NDArray[np.float32]
    scale: tuple[float, float] | None
    """The earliest and the latest CREATION_TIMESTAMP at the training."""
    columns: list[str]
    metrics: Mapping[str, float]
    _position: dict[str, int] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the catalogue."""
        self._position.update({item: position for position, item in enumerate(self.item_ids)})

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Read the items; interactions, if there are any, say what is popular.

        Raises:
            ValueError: If no item has a word in the columns to read.
        """
        columns = _columns(data, settings)
        created = _created(data)
        known = created[~np.isnan(created)]
        scale = (float(known.min()), float(known.max())) if len(known) else None
        number = PopularityCount.count(data) if len(data) else np.zeros(len(data.item_ids))
        popularity = (number / max(float(number.max(initial=0)), 1.0)).astype(np.float32)
        model = cls._of(data, columns, popularity, scale)
        if model.vectors.nnz == 0:
            msg = f"no item has a word in {', '.join(columns) or 'a column of text'}"
            raise ValueError(msg)
        return replace(model, metrics=model._measured(len(data) > 0, seed))

    @classmethod
    def _of(
        cls,
        data: TrainingData,
        columns: list[str],
        popularity: NDArray[np.float32],
        scale: tuple[float, float] | None,
    ) -> Self:
        texts = [
            " ".join(str(values[column]) for column in columns if values.get(column) is not None)
            for values in (data.item_metadata.get(item, {}) for item in data.item_ids)
        ]
        vectors = TextVectors.of(texts).vectors
        freshness = _freshness(_created(data), scale)
        return cls(
            data.item_ids,
            vectors,
            vectors.T.tocsr(),
            popularity,
            freshness,
            scale,
            columns,
            {},
        )

    def updated(self, data: TrainingData) -> Self:
        """The same model with the items, new or changed, that are there now."""
        popularity = np.array(
            [
                self.popularity[self._position[item]] if item in self._position else 0
                for item in data.item_ids
            ],
            dtype=np.float32,
        )
        return replace(self._of(data, self.columns, popularity, self.scale), metrics=self.metrics)

    def recommend(self, query: Query) -> list[ScoredItem]:
        """The items most alike, reordered by what else counts; for an unknown one, the popular."""
        scores = np.float32(_UNRELATED) * (1 + self.popularity)
        position = self._position.get(query.item_id or "")
        if position is not None:
            own = np.array([position])
            row = self.vectors[own] @ self.by_term
            scores[row.indices] += row.data
            scores[position] = 0
        influence = {name: value for name, value in query.influence.items() if value > 0}
        if not influence:
            return best(scores, self.item_ids, query.num_results, query.allowed)
        reach = max(_CANDIDATES, query.num_results)
        candidates = best(scores, self.item_ids, reach, query.allowed)
        return self._reordered(candidates, influence)[: query.num_results]

    def _reordered(
        self, candidates: Sequence[ScoredItem], influence: Mapping[str, float]
    ) -> list[ScoredItem]:
        """Add popularity and freshness to the similarity; at a factor of 1 each counts as much."""
        factors = {"POPULARITY": self.popularity, "FRESHNESS": self.freshness}
        at = np.array([self._position[item.item_id] for item in candidates], dtype=np.intp)
        similarity = np.array([item.score for item in candidates])
        scores = similarity / max(float(similarity.max(initial=0)), 1e-9)
        for name, weight in influence.items():
            scores = scores + weight * factors[name][at]
        scores = scores / (1 + sum(influence.values()))
        order = np.argsort(-scores, kind="stable")
        return [ScoredItem(candidates[place].item_id, float(scores[place])) for place in order]

    def _measured(self, has_interactions: bool, seed: int) -> dict[str, float]:
        """The metrics of the recipe, as far as the data has what they measure.

        Item similarity is that of 25 recommended items to the one asked for, of a sample of items;
        item popularity and freshness are means over the catalogue (working-with-training-metrics).
        """
        asked = self.item_ids
        if len(asked) > _MEASURED:
            chosen = np.random.default_rng(seed).choice(len(asked), _MEASURED, replace=False)
            asked = [self.item_ids[at] for at in np.sort(chosen)]
        answers = [self.recommend(Query(item_id=item, num_results=_LIST)) for item in asked]
        scores = [item.score for answer in answers for item in answer]
        recommended = {item.item_id for answer in answers for item in answer}
        metrics = {
            "coverage": len(recommended) / len(self.item_ids),
            "item_similarity": min(float(np.mean(scores)), 1.0) if scores else 0.0,
        }
        if has_interactions:
            metrics["item_popularity"] = float(self.popularity.mean())
        if self.scale is not None:
            metrics["item_freshness"] = float(self.freshness.mean())
        return {name: round(value, 6) for name, value in metrics.items()}

    def to_bytes(self) -> bytes:
        """Serialise the model."""
        header = {
            "item_ids": self.item_ids,
            "scale": self.scale,
            "columns": self.columns,
            "metrics": dict(self.metrics),
        }
        arrays = {
            "popularity": self.popularity,
            "freshness": self.freshness,
            **matrix_columns("vectors", self.vectors),
        }
        return Archive(self.kind, header, arrays).to_bytes()

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        header, vectors = archive.header, archive.matrix("vectors")
        return cls(
            header["item_ids"],
            vectors,
            vectors.T.tocsr(),
            archive.arrays["popularity"],
            archive.arrays["freshness"],
            None if header["scale"] is None else tuple(header["scale"]),
            header["columns"],
            header["metrics"],
        )


def _columns(data: TrainingData, settings: TrainingSettings) -> list[str]:
    """The name and the texts of items; all columns that hold text, if nothing says which."""
    if settings.textual or settings.item_name is not None:
        name = [] if settings.item_name is None else [settings.item_name]
        return [*name, *sorted(settings.textual - set(name))]
    return sorted(
        {
            column
            for values in data.item_metadata.values()
            for column, value in values.items()
            if isinstance(value, str)
        }
    )


def _created(data: TrainingData) -> NDArray[np.float64]:
    """CREATION_TIMESTAMP of each item, nan where it has none."""
    values = (data.item_metadata.get(item, {}).get("CREATION_TIMESTAMP") for item in data.item_ids)
    return np.array(
        [float(value) if isinstance(value, int | float) else np.nan for value in values],
        dtype=np.float64,
    )


def _freshness(
    created: NDArray[np.float64], scale: tuple[float, float] | None
) -> NDArray[np.float32]:
    """The age of each item from 0, the oldest or one of unknown age, to 1, the newest."""
    if scale is None:
        return np.zeros(len(created), dtype=np.float32)
    earliest, latest = scale
    fresh = np.clip((created - earliest) / max(latest - earliest, 1.0), 0, 1)
    return np.nan_to_num(fresh).astype(np.float32)
