"""What items are, rather than who met them: TF-IDF over the columns of the Items dataset."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from personalize_emulator.models.archive import Matrix

_IGNORED = {"ITEM_ID", "CREATION_TIMESTAMP"}
_WORD = re.compile(r"[^\W_]+")
_CATEGORIES = 1000
"""Twice the number of values from which on a column is no longer one of categories."""

_BANDS = 10
"""Bands of equal size into which a numeric column is cut."""


@dataclass(frozen=True)
class Content:
    """A unit vector of weighted terms for each item; empty for an item without metadata."""

    vectors: Matrix

    @classmethod
    def of(cls, item_ids: Sequence[str], metadata: Mapping[str, Mapping[str, object]]) -> Self:
        """Read the terms of every item."""
        columns = sorted({column for values in metadata.values() for column in values} - _IGNORED)
        terms: list[list[str]] = [[] for _ in item_ids]
        for column in columns:
            values = [metadata.get(item, {}).get(column) for item in item_ids]
            for own, found in zip(terms, _terms(column, values), strict=True):
                own.extend(found)
        position: dict[str, int] = {}
        item = np.repeat(np.arange(len(terms)), [len(own) for own in terms])
        term = np.array(
            [position.setdefault(name, len(position)) for own in terms for name in own],
            dtype=np.int64,
        )
        shape = (len(terms), max(len(position), 1))
        counts: Matrix = sparse.csr_array((np.ones(len(term)), (item, term)), shape=shape)
        rarity = np.log(1 + len(terms) / (1 + np.bincount(counts.indices, minlength=shape[1])))
        counts.data = np.log1p(counts.data) * rarity[counts.indices]
        squared = np.asarray(counts.multiply(counts).sum(axis=1)).ravel()
        norm = np.sqrt(squared)
        counts.data /= np.repeat(norm, np.diff(counts.indptr))
        return cls(counts.astype(np.float32))

    def affinity(
        self, items: NDArray[np.intp], weights: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """How much each item is like the given ones, weighted; an item is not like itself."""
        own = self.vectors[items]
        likeness: NDArray[np.float32] = self.vectors @ (own.T @ weights)
        described = np.diff(own.indptr) > 0
        likeness[items] -= weights * described
        return np.maximum(likeness, 0, out=likeness)


def _terms(column: str, values: Sequence[object]) -> Iterable[list[str]]:
    """The terms of one column: words of a text, categories, or the band of a number."""
    texts = [value for value in values if isinstance(value, str)]
    if texts:
        split = _words if _is_text(texts) else _categories
        return [split(column, value) if isinstance(value, str) else [] for value in values]
    # Booleans are never used in training, and in Python they are numbers.
    numbers = np.array(
        [
            float(value)
            if isinstance(value, int | float) and not isinstance(value, bool)
            else np.nan
            for value in values
        ]
    )
    known = numbers[~np.isnan(numbers)]
    if len(known) == 0:
        return [[] for _ in values]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BANDS + 1)[1:-1]))
    bands = np.searchsorted(edges, numbers)
    return [
        [] if np.isnan(number) else [f"{column}~{band}"]
        for number, band in zip(numbers, bands, strict=True)
    ]


def _is_text(texts: Sequence[str]) -> bool:
    """Whether a column holds sentences: mostly of several words, and of more than a few kinds."""
    several = sum(" " in text for text in texts)
    return several * 2 > len(texts) and len(set(texts)) * 2 > min(len(texts), _CATEGORIES)


def _words(_: str, value: str) -> list[str]:
    return _WORD.findall(value.casefold())


def _categories(column: str, value: str) -> list[str]:
    return [f"{column}={category}" for category in value.split("|") if category]
