"""The terms that a column of Items holds: words of a text, categories, or the band of a number."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

_IGNORED = {"ITEM_ID", "CREATION_TIMESTAMP"}
_WORD = re.compile(r"[^\W_]+")
_CATEGORIES = 1000
"""Twice the number of values from which on a column is no longer one of categories."""

_BANDS = 10
"""Bands of equal size into which a numeric column is cut."""

Metadata = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class ColumnTerms:
    """How a column is read.

    Attributes:
        name: The column.
        kind: What it holds.
        edges: Where a number passes from one band to the next.
    """

    name: str
    kind: Literal["text", "categories", "number"]
    edges: Sequence[float] = ()

    def terms(self, values: Iterable[object]) -> Iterable[list[str]]:
        """Yield the terms of each value; a value of another type has none."""
        if self.kind == "number":
            return self._bands(values)
        split = _words if self.kind == "text" else self._categories
        return (split(value) if isinstance(value, str) else [] for value in values)

    def _categories(self, value: str) -> list[str]:
        return [f"{self.name}={category}" for category in value.split("|") if category]

    def _bands(self, values: Iterable[object]) -> Iterable[list[str]]:
        numbers = np.array([_number(value) for value in values])
        bands = np.searchsorted(np.array(self.edges), numbers)
        return (
            [] if np.isnan(number) else [f"{self.name}~{band}"]
            for number, band in zip(numbers, bands, strict=True)
        )


def columns_of(
    item_ids: Iterable[str], metadata: Metadata, textual: frozenset[str] | None = frozenset()
) -> list[ColumnTerms]:
    """Tell how to read each column of the items, or of the users.

    Args:
        item_ids: The items or users.
        metadata: The Items or Users dataset, by id.
        textual: The textual columns; None if none can be. (default: those that look like sentences)
    """
    rows = [metadata[item] for item in item_ids if item in metadata]
    names = sorted({name for row in rows for name in row} - _IGNORED)
    found = (_column(name, [row.get(name) for row in rows], textual) for name in names)
    return [column for column in found if column is not None]


def terms_of(
    columns: Iterable[ColumnTerms], item_ids: Sequence[str], metadata: Metadata
) -> list[list[str]]:
    """Return the terms of each item, over all columns."""
    terms: list[list[str]] = [[] for _ in item_ids]
    for column in columns:
        values = [metadata.get(item, {}).get(column.name) for item in item_ids]
        for own, found in zip(terms, column.terms(values), strict=True):
            own.extend(found)
    return terms


def _column(
    name: str, values: Sequence[object], textual: frozenset[str] | None
) -> ColumnTerms | None:
    texts = [value for value in values if isinstance(value, str)]
    if texts:
        is_text = name in textual if textual else textual is not None and _looks_like_text(texts)
        return ColumnTerms(name, "text" if is_text else "categories")
    numbers = np.array([_number(value) for value in values])
    known = numbers[~np.isnan(numbers)]
    if len(known) == 0:
        return None
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BANDS + 1)[1:-1]))
    return ColumnTerms(name, "number", edges.tolist())


def _number(value: object) -> float:
    # Booleans are never used in training, and in Python they are numbers.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return float("nan")


def _looks_like_text(texts: Sequence[str]) -> bool:
    """Whether a column holds sentences: mostly of several words, and of more than a few kinds."""
    several = sum(" " in text for text in texts)
    return several * 2 > len(texts) and len(set(texts)) * 2 > min(len(texts), _CATEGORIES)


def _words(value: str) -> list[str]:
    return _WORD.findall(value.casefold())
