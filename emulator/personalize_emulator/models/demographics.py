"""Who likes what: metadata of users, for those whose history says little or nothing.

Users of one category, of a country or a band of age, favour an item by how many more of them met
it than of all users, as far as there are enough of them to tell. The more a user does, the less it
counts what others of the kind do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.context import Context
from personalize_emulator.models.data import ContextColumn, TrainingData
from personalize_emulator.models.terms import ColumnTerms, columns_of

_HALF = 5
"""Events of a history after which what others of the kind like counts half."""

_MOST = 2.0
"""The most, as a power of e, by which all columns together favour an item or set it back: columns
of the same people (country and language) say much of it twice."""

_NEGLIGIBLE = 0.01
"""The weight below which nobody would see a difference."""

_NAME = "demographics"


@dataclass(frozen=True)
class Demographics:
    """How many users of each category met each item.

    Attributes:
        columns: How each column of Users is read.
        met_by: The users of each category as a context in which items are met.
    """

    columns: Sequence[ColumnTerms]
    met_by: Context

    @classmethod
    def of(cls, data: TrainingData) -> Self:
        """Count. A user counts once for an item, however often they met it."""
        columns = columns_of(data.user_ids, data.user_metadata, textual=None)
        if not columns:
            return cls.none(len(data.item_ids))
        pairs = data.user.astype(np.int64) * len(data.item_ids) + data.item
        _, first = np.unique(pairs, return_index=True)
        once = np.zeros(len(data), dtype=bool)
        once[first] = True
        met = data.where(once)
        known = [data.user_metadata.get(user, {}) for user in data.user_ids]
        categories = {column.name: _categories(column, known, met.user) for column in columns}
        return cls(columns, Context.of(replace(met, context=categories)))

    @classmethod
    def none(cls, items: int) -> Self:
        """Demographics that know nothing of anybody."""
        return cls((), Context.none(items))

    def favour(self, user: Mapping[str, object], events: int) -> NDArray[np.float32] | None:
        """The exponent by which each item is favoured; None if there is nothing to tell it from.

        Args:
            user: The metadata of the user; columns and values that the training did not see say
                nothing.
            events: The length of the user's history.
        """
        weight = np.exp2(-events / _HALF)
        if weight < _NEGLIGIBLE or not user:
            return None
        asked = {
            column.name: _joined(*column.terms([user[column.name]]))
            for column in self.columns
            if column.name in user
        }
        found = self.met_by.favour(asked)
        if found is not None:
            np.clip(found, -_MOST, _MOST, out=found)
            found *= np.float32(weight)
        return found

    def extended(self, number: int) -> Self:
        """The same counts with that many items more, which nobody has met."""
        return replace(self, met_by=self.met_by.extended(number))

    def header(self) -> dict[str, Any]:
        """What JSON can hold of it, by key."""
        columns = [[column.name, column.kind, column.edges] for column in self.columns]
        return {f"{_NAME}_columns": columns, _NAME: self.met_by.header()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its numbers."""
        return self.met_by.arrays(_NAME)

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `header` and `arrays` took apart."""
        columns = [ColumnTerms(*column) for column in archive.header[f"{_NAME}_columns"]]
        return cls(columns, Context.from_archive(archive, _NAME))


def _categories(
    column: ColumnTerms, known: Sequence[Mapping[str, object]], user: NDArray[np.int32]
) -> ContextColumn:
    """The categories of the user of each interaction."""
    numbers: dict[str, int] = {"": -1}
    texts = [_joined(own) for own in column.terms(row.get(column.name) for row in known)]
    code = [numbers.setdefault(text, len(numbers) - 1) for text in texts]
    return ContextColumn(np.array(code, dtype=np.int32)[user], list(numbers)[1:])


def _joined(terms: Sequence[str]) -> str:
    """Categories as one value holds them."""
    return "|".join(terms)
