"""What is liked where, when and with what: contextual metadata of the interactions.

An item is favoured in a context by how much oftener it is met there than everywhere, as far as
there are enough interactions to tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from personalize_emulator.models.archive import Archive, Matrix, matrix_columns
from personalize_emulator.models.data import ContextColumn, TrainingData

_PRIOR = 5.0
"""Interactions as everywhere, at least, that are thought to have been in each context as well."""

_NO_MORE_THAN_CHANCE = 1e6
"""Interactions as everywhere that are thought to have been in a context that says nothing."""

_MOST = 2.0
"""The most, as a power of e, by which one column can favour an item or set it back."""

_VALUES = 1000
"""The commonest values of a column that count."""


@dataclass(frozen=True)
class Context:
    """How often each item was met in each context.

    Attributes:
        values: The row of each value, by column and value.
        share: How much of all interactions of its column each value has.
        met: How often each item, a column, was met with each value, a row.
        total: How often each item was met with any value, by column of the dataset.
        row_total: The row of `total` that belongs to each value.
        prior: How many interactions as everywhere are thought to have been with each value as well.
    """

    values: Mapping[str, Mapping[str, int]]
    share: NDArray[np.float32]
    met: Matrix
    total: NDArray[np.float32]
    row_total: NDArray[np.int32]
    prior: NDArray[np.float32]

    @classmethod
    def of(cls, data: TrainingData) -> Self:
        """Count."""
        size = len(data.item_ids)
        values: dict[str, dict[str, int]] = {}
        row: list[NDArray[np.int64]] = []
        item: list[NDArray[np.int32]] = []
        total: list[NDArray[np.int64]] = []
        row_total: list[int] = []
        for name in sorted(data.context):
            at, code = _categories(data.context[name], values.setdefault(name, {}), len(row_total))
            row.append(code)
            item.append(data.item[at])
            row_total += [len(total)] * len(values[name])
            total.append(np.bincount(data.item[data.context[name].codes >= 0], minlength=size))
        rows = np.concatenate([np.zeros(0, np.int64), *row])
        columns = np.concatenate([np.zeros(0, np.int32), *item])
        shape = (len(row_total), size)
        met: Matrix = sparse.csr_array(
            (np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape
        )
        totals = np.array(total, dtype=np.float32).reshape(-1, size)
        belongs = np.array(row_total, dtype=np.int32)
        everything = totals.sum(axis=1)[belongs] if len(belongs) else np.zeros(0, np.float32)
        share = np.asarray(met.sum(axis=1)).ravel() / np.maximum(everything, 1)
        prior = _priors(met, totals, belongs, share)
        return cls(values, share.astype(np.float32), met, totals, belongs, prior)

    @classmethod
    def none(cls, items: int) -> Self:
        """Counts of that many items in no context at all."""
        none = np.zeros(0, np.float32)
        empty = np.zeros((0, items), np.float32)
        met: Matrix = sparse.csr_array(empty)
        return cls({}, none, met, empty, none.astype(np.int32), none)

    def favour(self, asked: Mapping[str, str]) -> NDArray[np.float32] | None:
        """The exponent by which each item is favoured; None if nothing is known of the context.

        Args:
            asked: The value of each column; an unknown column or value says nothing.
        """
        favour: NDArray[np.float32] | None = None
        for name, value in asked.items():
            rows = [
                self.values[name][category]
                for category in value.split("|")
                if category in self.values.get(name, {})
            ]
            for row in rows:
                here = self._of_value(row) / np.float32(len(rows))
                favour = here if favour is None else favour + here
        return favour

    def _of_value(self, row: int) -> NDArray[np.float32]:
        expected = self.total[self.row_total[row]] * self.share[row]
        prior = self.prior[row]
        met = np.zeros(len(expected), dtype=np.float32)
        begin, end = self.met.indptr[row], self.met.indptr[row + 1]
        met[self.met.indices[begin:end]] = self.met.data[begin:end]
        found: NDArray[np.float32] = np.log((met + prior) / (expected + prior))
        return np.clip(found, -_MOST, _MOST, out=found)

    def extended(self, number: int) -> Self:
        """The same counts with that many items more, which nobody has met."""
        grown: Matrix = sparse.csr_array(
            (self.met.data, self.met.indices, self.met.indptr),
            shape=(self.met.shape[0], self.met.shape[1] + number),
        )
        total = np.pad(self.total, ((0, 0), (0, number)))
        return replace(self, met=grown, total=total)

    def header(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return {name: dict(rows) for name, rows in self.values.items()}

    def arrays(self, name: str = "context") -> dict[str, NDArray[Any]]:
        """Its numbers, by keys that begin with the name."""
        return {
            f"{name}_share": self.share,
            f"{name}_total": self.total,
            f"{name}_row_total": self.row_total,
            f"{name}_prior": self.prior,
            **matrix_columns(name, self.met),
        }

    @classmethod
    def from_archive(cls, archive: Archive, name: str = "context") -> Self:
        """Put together what `header`, under the name, and `arrays` took apart."""
        return cls(
            archive.header[name],
            archive.arrays[f"{name}_share"],
            archive.matrix(name),
            archive.arrays[f"{name}_total"],
            archive.arrays[f"{name}_row_total"],
            archive.arrays[f"{name}_prior"],
        )


def _priors(
    met: Matrix,
    total: NDArray[np.float32],
    row_total: NDArray[np.int32],
    share: NDArray[np.float64],
) -> NDArray[np.float32]:
    """How far each value is to be believed: by how much more than chance the items differ with it.

    Were the rates of the items spread as a gamma distribution around those everywhere, the variance
    of a count would exceed that of chance by the square of what is expected over its shape. The
    shape is the prior: great where there is little but chance.
    """
    row = np.repeat(np.arange(len(share)), np.diff(met.indptr))
    expected = share[row] * total[row_total[row], met.indices]
    squares = share**2 * (total.astype(np.float64) ** 2).sum(axis=1)[row_total]
    differ = squares + np.bincount(row, met.data * (met.data - 2 * expected), len(share))
    by_chance = (1 - share) * np.asarray(met.sum(axis=1)).ravel()
    beyond = np.maximum(differ - by_chance, squares / _NO_MORE_THAN_CHANCE)
    prior: NDArray[np.float32] = np.maximum(squares / np.maximum(beyond, 1e-9), _PRIOR)
    return prior.astype(np.float32)


def _categories(
    column: ContextColumn, rows: dict[str, int], first: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Number the commonest categories of a column.

    Args:
        column: The column.
        rows: Takes the row of each category.
        first: The first row.

    Returns:
        The interactions, and the row of each; one of several categories is there several times.
    """
    often: dict[str, int] = {}
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.values))
    for value, count in zip(column.values, counts.tolist(), strict=True):
        for category in filter(None, value.split("|")):
            often[category] = often.get(category, 0) + count
    commonest = sorted(often, key=lambda category: (-often[category], category))[:_VALUES]
    rows.update({category: first + at for at, category in enumerate(commonest)})
    pairs = np.array(
        [
            (code, rows[category])
            for code, value in enumerate(column.values)
            for category in value.split("|")
            if category in rows
        ],
        dtype=np.int64,
    ).reshape(-1, 2)
    found_at, found_row = [np.zeros(0, np.intp)], [np.zeros(0, np.int64)]
    order = np.argsort(column.codes, kind="stable")
    starts = np.searchsorted(column.codes[order], np.arange(len(column.values) + 1))
    for code, row in pairs.tolist():
        here = order[starts[code] : starts[code + 1]]
        found_at.append(here)
        found_row.append(np.full(len(here), row, dtype=np.int64))
    return np.concatenate(found_at), np.concatenate(found_row)
