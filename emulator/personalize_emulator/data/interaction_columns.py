"""Interactions by the column, as they are held in memory and trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.data.columns import Table, Texts
from personalize_emulator.models import ContextColumn, HistoryEvent


@dataclass(frozen=True)
class Interactions:
    """Interactions by the column, oldest first and without duplicates.

    `user`, `item` and `event_type` are positions in the lists of their names; the value of an
    interaction without one is nan.
    """

    user_ids: list[str]
    item_ids: list[str]
    event_types: list[str]
    user: NDArray[np.int32]
    item: NDArray[np.int32]
    event_type: NDArray[np.int32]
    timestamp: NDArray[np.int64]
    event_value: NDArray[np.float64]
    context: Mapping[str, ContextColumn] = field(default_factory=dict)

    @classmethod
    def of(cls, tables: Sequence[Table], context: Sequence[str] = ()) -> Interactions:
        """Join tables of interactions; those that say the same count once.

        Args:
            tables: The tables.
            context: The columns of contextual metadata that are wanted. (default: none)
        """
        user, user_ids = _joined([table.texts("USER_ID") for table in tables])
        item, item_ids = _joined([table.texts(_about(table)) for table in tables])
        event_type, event_types = _joined([table.texts("EVENT_TYPE") for table in tables])
        if np.any(event_type < 0):  # an interaction without a type has the empty one
            event_types = [*event_types, ""]
            event_type[event_type < 0] = len(event_types) - 1
        none: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
        timestamp = np.concatenate(none + [table.integers("TIMESTAMP") for table in tables])
        value = np.concatenate([np.empty(0), *(table.floats("EVENT_VALUE") for table in tables)])
        what = (user.astype(np.int64) * len(item_ids) + item) * len(event_types) + event_type
        order = np.lexsort((what, timestamp))
        if len(order):
            new = np.ones(len(order), dtype=bool)
            new[1:] = (np.diff(what[order]) != 0) | (np.diff(timestamp[order]) != 0)
            order = order[new]
        columns = {name: _joined([table.texts(name) for table in tables]) for name in context}
        return cls(
            user_ids=user_ids,
            item_ids=item_ids,
            event_types=event_types,
            user=user[order],
            item=item[order],
            event_type=event_type[order],
            timestamp=timestamp[order],
            event_value=value[order],
            context={
                name: ContextColumn(codes[order], values)
                for name, (codes, values) in columns.items()
            },
        )

    def __len__(self) -> int:
        """Return the number of interactions."""
        return len(self.user)

    def of_user(self, user_id: str) -> list[HistoryEvent]:
        """Return the interactions of one user, oldest first."""
        number = self._numbers.get(user_id)
        if number is None:
            return []
        order, starts = self._by_user
        return [
            HistoryEvent(
                self.item_ids[self.item[row]],
                self.event_types[self.event_type[row]],
                int(self.timestamp[row]),
                None if np.isnan(self.event_value[row]) else float(self.event_value[row]),
            )
            for row in order[starts[number] : starts[number + 1]]
        ]

    def users(self, event_type: str | None) -> set[str]:
        """Return the users who had an event of a type, given in lower case; None is any type."""
        user = self.user
        if event_type is not None:
            codes = [c for c, name in enumerate(self.event_types) if name.casefold() == event_type]
            user = user[np.isin(self.event_type, codes)]
        return {self.user_ids[number] for number in np.unique(user).tolist()}

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {user_id: number for number, user_id in enumerate(self.user_ids)}

    @cached_property
    def _by_user(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows, user by user, and where each user's begin."""
        order = np.argsort(self.user, kind="stable")
        return order, np.searchsorted(self.user[order], np.arange(len(self.user_ids) + 1))

    def table(self) -> Table:
        """Return the interactions as the table of an import would have them."""
        return Table(
            {
                "USER_ID": Texts(self.user, self.user_ids),
                "ITEM_ID": Texts(self.item, self.item_ids),
                "EVENT_TYPE": Texts(self.event_type, self.event_types),
                "TIMESTAMP": self.timestamp,
                "EVENT_VALUE": self.event_value,
                **{name: Texts(held.codes, held.values) for name, held in self.context.items()},
            }
        )


def _joined(parts: Sequence[Texts]) -> tuple[NDArray[np.int32], list[str]]:
    """Join columns of text that each have a vocabulary of their own."""
    numbers: dict[str, int] = {}
    codes = [np.empty(0, dtype=np.int32)]
    for part in parts:
        own = [numbers.setdefault(text, len(numbers)) for text in part.vocabulary]
        translation = np.array([*own, -1], dtype=np.int32)  # the last is what -1 picks: null
        codes.append(translation[part.codes])
    return np.concatenate(codes), list(numbers)


def _about(table: Table) -> str:
    """The column that says what an interaction is with; an action counts as an item."""
    return "ACTION_ID" if "ACTION_ID" in table.columns else "ITEM_ID"


def table_of_events(rows: Sequence[tuple[str, str, str, int, float | None]]) -> Table:
    """Return events as the table of an import would have them.

    Args:
        rows: The user, the item, the type, the moment and the value of each; there is one at least.
    """
    users, items, event_types, timestamps, values = zip(*rows, strict=True)
    return Table(
        {
            "USER_ID": texts_of(users),
            "ITEM_ID": texts_of(items),
            "EVENT_TYPE": texts_of(event_types),
            "TIMESTAMP": np.array(timestamps, dtype=np.int64),
            "EVENT_VALUE": np.array(values, dtype=np.float64),  # None becomes nan
        }
    )


def texts_of(values: Sequence[str | None]) -> Texts:
    """Return values as a column of text."""
    numbers: dict[str, int] = {}
    codes = [-1 if value is None else numbers.setdefault(value, len(numbers)) for value in values]
    return Texts(np.array(codes, dtype=np.int32), list(numbers))
