"""Bulk data by column, as it is imported, stored and trained on.

A million interactions are a few arrays: some 25 MB, read and written in a fraction of a second.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64 | np.float64]


@dataclass(frozen=True)
class Texts:
    """A column of text.

    Attributes:
        codes: The text of each row, as a position in `vocabulary`; -1 is null.
        vocabulary: The texts that occur.
    """

    codes: NDArray[np.int32]
    vocabulary: list[str]


Column = Texts | Numbers
"""Text, or numbers in which nan is null."""


@dataclass(frozen=True)
class Table:
    """Rows, by column."""

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        """Return the number of rows."""
        for column in self.columns.values():
            return len(column.codes if isinstance(column, Texts) else column)
        return 0

    def texts(self, name: str) -> Texts:
        """Return a column of text; one that the table lacks is all null."""
        column = self.columns.get(name)
        if isinstance(column, Texts):
            return column
        return Texts(np.full(len(self), -1, dtype=np.int32), [])

    def integers(self, name: str) -> NDArray[np.int64]:
        """Return a column of whole numbers that has no nulls."""
        return np.asarray(self.columns[name], dtype=np.int64)

    def floats(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers; one that the table lacks is all null."""
        column = self.columns.get(name)
        if column is None or isinstance(column, Texts):
            return np.full(len(self), np.nan)
        return np.asarray(column, dtype=np.float64)

    def rows(self) -> Iterable[dict[str, object]]:
        """Yield the rows, without their nulls."""
        names = list(self.columns)
        values = [_values(self.columns[name]) for name in names]
        for row in zip(*values, strict=True):
            yield {name: value for name, value in zip(names, row, strict=True) if value is not None}

    def where(self, kept: NDArray[np.bool_]) -> Table:
        """Return the chosen rows alone, and of the vocabularies what occurs in them."""
        return Table({name: _where(column, kept) for name, column in self.columns.items()})

    def to_bytes(self) -> bytes:
        """Serialise the table."""
        arrays: dict[str, NDArray[np.generic]] = {}
        vocabularies: dict[str, list[str]] = {}
        for name, column in self.columns.items():
            if isinstance(column, Texts):
                arrays[name] = column.codes
                vocabularies[name] = column.vocabulary
            else:
                arrays[name] = column
        header = json.dumps({"columns": list(arrays), "vocabularies": vocabularies}).encode()
        buffer = io.BytesIO()
        np.savez(
            buffer,
            allow_pickle=False,
            header=np.frombuffer(header, dtype=np.uint8),
            # Numbered, because a column may have any name.
            **{f"column{number}": array for number, array in enumerate(arrays.values())},
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, body: bytes) -> Table:
        """Read a table that `to_bytes` wrote."""
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            header = json.loads(arrays["header"].tobytes())
            columns: dict[str, Column] = {}
            for number, name in enumerate(header["columns"]):
                array = arrays[f"column{number}"]
                vocabulary = header["vocabularies"].get(name)
                columns[name] = array if vocabulary is None else Texts(array, vocabulary)
        return cls(columns)


def _where(column: Column, kept: NDArray[np.bool_]) -> Column:
    if not isinstance(column, Texts):
        return column[kept]
    codes = column.codes[kept]
    left = np.unique(codes[codes >= 0])
    # One longer than the vocabulary: what -1, null, picks.
    translation = np.full(len(column.vocabulary) + 1, -1, dtype=np.int32)
    translation[left] = np.arange(len(left), dtype=np.int32)
    return Texts(translation[codes], [column.vocabulary[code] for code in left.tolist()])


def _values(column: Column) -> list[object]:
    if isinstance(column, Texts):
        vocabulary: list[str | None] = [*column.vocabulary, None]
        return [vocabulary[code] for code in column.codes.tolist()]
    if column.dtype.kind == "f":
        return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124
    return list(column.tolist())
