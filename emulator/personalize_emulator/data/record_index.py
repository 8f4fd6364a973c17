"""Records by the column, for filters: which rows hold a category, and the numbers of all rows.

A column is read through when it is first asked for. After that a condition over a hundred thousand
records is a few operations on arrays.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""One truth for each row, and one more at the end for ids that have no record."""

_CATALOGUES = 16  # at most are held
_NO_ROWS = np.empty(0, dtype=np.int32)


class RecordIndex:
    """Records as they are at one moment."""

    def __init__(self, records: Mapping[str, Mapping[str, object]]) -> None:
        """Index these records, by their ids."""
        entries = list(records.items())
        self.ids = [key for key, _ in entries]
        self.rows = {key: row for row, (key, _) in enumerate(entries)}
        self._records = [record for _, record in entries]
        self._categories: dict[str, dict[str, NDArray[np.int32]]] = {}
        self._numbers: dict[str, NDArray[np.float64]] = {}

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.ids)

    def with_category(self, column: str, categories: Iterable[str]) -> Mask:
        """Tell which records have one of some categories in a column."""
        rows = self._categories.get(column)
        if rows is None:
            gathered: dict[str, list[int]] = {}
            for row, record in enumerate(self._records):
                for category in categories_of(record.get(column)):
                    gathered.setdefault(category, []).append(row)
            rows = {name: np.array(held, dtype=np.int32) for name, held in gathered.items()}
            self._categories[column] = rows
        mask = np.zeros(len(self) + 1, dtype=bool)
        for category in categories:
            mask[rows.get(category, _NO_ROWS)] = True
        return mask

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return the numbers of a column, nan where there is none, and a last nan."""
        numbers = self._numbers.get(column)
        if numbers is None:
            found = [number_of(record.get(column)) for record in self._records]
            numbers = np.array([*found, None], dtype=np.float64)  # None becomes nan
            self._numbers[column] = numbers
        return numbers


class Catalogue:
    """The items that a model knows, in its order."""

    def __init__(self, ids: Sequence[str]) -> None:
        """Number these ids."""
        self.ids = ids
        self._positions = {key: position for position, key in enumerate(ids)}
        self._rows: tuple[RecordIndex, NDArray[np.int32]] | None = None

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.ids)

    def positions(self, ids: Iterable[str]) -> list[int]:
        """Return where some items are; those that the model does not know are nowhere."""
        found = (self._positions.get(key) for key in ids)
        return [position for position in found if position is not None]

    def spread(self, index: RecordIndex, mask: Mask) -> Mask:
        """Return the truth of each item, from that of each record."""
        held = self._rows
        if held is None or held[0] is not index:
            rows = np.fromiter((index.rows.get(key, -1) for key in self.ids), np.int32, len(self))
            held = self._rows = (index, rows)
        return np.asarray(mask[held[1]])  # row -1 is the last: no record

    def amend(self, truths: Mask, index: RecordIndex, mask: Mask) -> None:
        """Put the truths of some records, fewer than those of the catalogue, into `truths`."""
        for key, truth in zip(index.ids, mask.tolist(), strict=False):
            position = self._positions.get(key)
            if position is not None:
                truths[position] = truth


_held: OrderedDict[int, Catalogue] = OrderedDict()
_lock = Lock()


def catalogue_of(ids: Sequence[str]) -> Catalogue:
    """Return the catalogue of a model's list of items, the same for the same list."""
    with _lock:
        held = _held.get(id(ids))
        if held is not None and held.ids is ids and len(held) == len(ids):
            _held.move_to_end(id(ids))
            return held
    made = Catalogue(ids)
    with _lock:
        _held[id(ids)] = made
        while len(_held) > _CATALOGUES:
            _held.popitem(last=False)
    return made


def categories_of(value: object) -> Iterable[str]:
    """Return the categories of a value: parts of a text between pipes, a number as written."""
    if isinstance(value, str):
        return value.split("|")
    number = number_of(value)
    if number is None:
        return ()
    return (str(int(number)) if number.is_integer() else repr(number),)


def number_of(value: object) -> float | None:
    """Return a value as a number, None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
