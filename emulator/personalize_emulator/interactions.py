"""What users did: interactions imported in bulk, and events that came one by one.

Bulk interactions are stored by the column, one block for each import, and held in memory once they
were asked for. Events are rows of the store, there as soon as they are acknowledged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.columns import Table, Texts
from personalize_emulator.models import ContextColumn, HistoryEvent, TrainingData
from personalize_emulator.store import Store


@dataclass(frozen=True)
class Event:
    """One event of PutEvents, as it is stored.

    Attributes:
        event_id: What makes it unique in its dataset.
        session_id: The session of the user or of the visitor who may become one.
        user_id: The user, None for a visitor.
        item_id: The item, None for an event that is about none.
        event_type: The type.
        event_value: The value, if it has one.
        sent_at: When it happened, in epoch seconds.
        details: The rest of it, as JSON.
    """

    event_id: str
    session_id: str
    user_id: str | None
    item_id: str | None
    event_type: str
    event_value: float | None
    sent_at: int
    details: str


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
        item, item_ids = _joined([table.texts("ITEM_ID") for table in tables])
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

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {user_id: number for number, user_id in enumerate(self.user_ids)}

    @cached_property
    def _by_user(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows, user by user, and where each user's begin."""
        order = np.argsort(self.user, kind="stable")
        return order, np.searchsorted(self.user[order], np.arange(len(self.user_ids) + 1))


class InteractionLog:
    """The interactions of every dataset."""

    def __init__(self, store: Store) -> None:
        """Keep them in this store."""
        self._store = store
        self._held: dict[str, tuple[tuple[int, ...], Interactions]] = {}

    def add_import(self, dataset_arn: str, table: Table, *, replace: bool) -> None:
        """Keep imported interactions, instead of or besides those of earlier imports."""
        if replace:
            self._store.execute("DELETE FROM imports WHERE arn = ?", (dataset_arn,))
        self._store.execute(
            "INSERT INTO imports (arn, body) VALUES (?, ?)", (dataset_arn, table.to_bytes())
        )

    def add_events(self, dataset_arn: str, events: Sequence[Event]) -> None:
        """Keep events. One whose id is there already is dropped.

        A user who appears in a session gets what happened in it before, when nobody knew who it
        was.
        """
        self._store.execute_many(
            "INSERT OR IGNORE INTO events (arn, event_id, session_id, user_id, item_id, event_type,"
            " event_value, sent_at, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    dataset_arn,
                    event.event_id,
                    event.session_id,
                    event.user_id,
                    event.item_id,
                    event.event_type,
                    event.event_value,
                    event.sent_at,
                    event.details,
                )
                for event in events
            ],
        )
        for session_id, user_id in {(event.session_id, event.user_id) for event in events}:
            if user_id is not None:
                self._store.execute(
                    "UPDATE events SET user_id = ?"
                    " WHERE arn = ? AND session_id = ? AND user_id IS NULL",
                    (user_id, dataset_arn, session_id),
                )

    def latest_event(self, dataset_arn: str) -> int:
        """Return the number of the dataset's latest event, 0 if there is none."""
        ((number,),) = self._store.execute(
            "SELECT coalesce(max(number), 0) FROM events WHERE arn = ?", (dataset_arn,)
        )
        return int(number)

    def latest_import(self, dataset_arn: str) -> int:
        """Return the number of the dataset's latest import, 0 if there is none."""
        return max(self._imports(dataset_arn), default=0)

    def history(
        self, dataset_arn: str, user_id: str, *, until: int | None = None
    ) -> list[HistoryEvent]:
        """Return all interactions of a user, bulk and streamed, oldest first.

        A visitor is asked for by the session: what happened in it while nobody knew the user.

        Args:
            dataset_arn: The dataset.
            user_id: The user, or the session of a visitor.
            until: Leave out events after the one of this number.
        """
        rows = self._store.execute(
            "SELECT item_id, event_type, sent_at, event_value FROM events WHERE arn = ?"
            " AND (user_id = ? OR (session_id = ? AND user_id IS NULL))"
            " AND item_id IS NOT NULL AND number <= ? ORDER BY number",
            (dataset_arn, user_id, user_id, 2**62 if until is None else until),
        )
        history = self._bulk(dataset_arn).of_user(user_id)
        history += [HistoryEvent(*row) for row in rows]
        history.sort(key=attrgetter("timestamp"))
        return history

    def training_data(
        self,
        dataset_arn: str,
        *,
        items: Mapping[str, Mapping[str, object]],
        users: Mapping[str, Mapping[str, object]],
        context: Sequence[str] = (),
    ) -> TrainingData:
        """Return everything to train on: all interactions and the metadata beside them.

        Args:
            dataset_arn: The dataset.
            items: The records of the items.
            users: The records of the users.
            context: The columns of contextual metadata. (default: none)
        """
        interactions = self._bulk_in_context(dataset_arn, context)
        rows = self._store.execute(
            "SELECT coalesce(user_id, session_id), item_id, event_type, sent_at, event_value"
            " FROM events WHERE arn = ? AND item_id IS NOT NULL ORDER BY number",
            (dataset_arn,),
        )
        if rows:
            events = _table_of_events(rows)
            if context:
                events = self._in_context(events, dataset_arn, context)
            interactions = Interactions.of([_table(interactions), events], context)
        known = set(interactions.item_ids)
        return TrainingData(
            user_ids=interactions.user_ids,
            item_ids=interactions.item_ids + [item for item in items if item not in known],
            user=interactions.user,
            item=interactions.item,
            timestamp=interactions.timestamp,
            event_type=interactions.event_type,
            event_value=interactions.event_value,
            event_types=interactions.event_types,
            item_metadata=items,
            user_metadata=users,
            context=interactions.context,
        )

    def _bulk_in_context(self, dataset_arn: str, context: Sequence[str]) -> Interactions:
        """Return bulk interactions with columns that none but a training asks for."""
        if not context:
            return self._bulk(dataset_arn)
        bodies = self._store.execute(
            "SELECT body FROM imports WHERE arn = ? ORDER BY number", (dataset_arn,)
        )
        return Interactions.of([Table.from_bytes(body) for (body,) in bodies], context)

    def _in_context(self, events: Table, dataset_arn: str, context: Sequence[str]) -> Table:
        """Return the table of the events with these columns of their properties."""
        rows = self._store.execute(
            "SELECT details FROM events WHERE arn = ? AND item_id IS NOT NULL ORDER BY number"
            " LIMIT ?",
            (dataset_arn, len(events)),
        )
        properties = [json.loads(details).get("columns", {}) for (details,) in rows]
        columns = {name: _texts([row.get(name) for row in properties]) for name in context}
        return Table({**events.columns, **columns})

    def _imports(self, dataset_arn: str) -> tuple[int, ...]:
        rows = self._store.execute(
            "SELECT number FROM imports WHERE arn = ? ORDER BY number", (dataset_arn,)
        )
        return tuple(number for (number,) in rows)

    def _bulk(self, dataset_arn: str) -> Interactions:
        # Without a lock: two threads at once do the work twice, and wait for nobody who is in a
        # transaction.
        imports = self._imports(dataset_arn)
        held = self._held.get(dataset_arn)
        if held is None or held[0] != imports:
            bodies = self._store.execute(
                "SELECT body FROM imports WHERE arn = ? ORDER BY number", (dataset_arn,)
            )
            held = imports, Interactions.of([Table.from_bytes(body) for (body,) in bodies])
            self._held[dataset_arn] = held
        return held[1]


def _joined(parts: Sequence[Texts]) -> tuple[NDArray[np.int32], list[str]]:
    """Join columns of text that each have a vocabulary of their own."""
    numbers: dict[str, int] = {}
    codes = [np.empty(0, dtype=np.int32)]
    for part in parts:
        own = [numbers.setdefault(text, len(numbers)) for text in part.vocabulary]
        translation = np.array([*own, -1], dtype=np.int32)  # the last is what -1 picks: null
        codes.append(translation[part.codes])
    return np.concatenate(codes), list(numbers)


def _table(interactions: Interactions) -> Table:
    return Table(
        {
            "USER_ID": Texts(interactions.user, interactions.user_ids),
            "ITEM_ID": Texts(interactions.item, interactions.item_ids),
            "EVENT_TYPE": Texts(interactions.event_type, interactions.event_types),
            "TIMESTAMP": interactions.timestamp,
            "EVENT_VALUE": interactions.event_value,
            **{
                name: Texts(column.codes, column.values)
                for name, column in interactions.context.items()
            },
        }
    )


def _table_of_events(rows: Sequence[tuple[str, str, str, int, float | None]]) -> Table:
    users, items, event_types, timestamps, values = zip(*rows, strict=True)
    return Table(
        {
            "USER_ID": _texts(users),
            "ITEM_ID": _texts(items),
            "EVENT_TYPE": _texts(event_types),
            "TIMESTAMP": np.array(timestamps, dtype=np.int64),
            "EVENT_VALUE": np.array(values, dtype=np.float64),  # None becomes nan
        }
    )


def _texts(values: Sequence[str | None]) -> Texts:
    numbers: dict[str, int] = {}
    codes = [-1 if value is None else numbers.setdefault(value, len(numbers)) for value in values]
    return Texts(np.array(codes, dtype=np.int32), list(numbers))
