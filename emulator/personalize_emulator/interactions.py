"""What users did: interactions imported in bulk, and events that came one by one.

Bulk interactions are stored by the column, one block for each import, and held in memory once they
were asked for. Events are rows of the store, there as soon as they are acknowledged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator.columns import Table, Texts
from personalize_emulator.models import HistoryEvent, TrainingData
from personalize_emulator.store import Store

_Imports = tuple[tuple[int, int], ...]


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

    @classmethod
    def of(cls, tables: Sequence[Table]) -> Interactions:
        """Join tables of interactions; those that say the same count once."""
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
        return cls(
            user_ids=user_ids,
            item_ids=item_ids,
            event_types=event_types,
            user=user[order],
            item=item[order],
            event_type=event_type[order],
            timestamp=timestamp[order],
            event_value=value[order],
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


class UserHistory:
    """What one user had events with, as filters see it: the most recent ones of each type."""

    def __init__(
        self,
        history: Callable[[DatasetType], Sequence[HistoryEvent]],
        most: Mapping[DatasetType, int | None],
    ) -> None:
        """Look back when it is asked.

        Args:
            history: The user's interactions in a dataset, oldest first.
            most: How many of each event type count, by dataset; None counts all.
        """
        self._history = history
        self._most = most
        self._met: dict[DatasetType, Mapping[str, Collection[str]]] = {}

    def met(self, dataset_type: DatasetType, event_type: str | None) -> Collection[str]:
        """Return the items or actions that the user had an event of a type with.

        Args:
            dataset_type: Interactions or Action_Interactions.
            event_type: The type, in any case; None stands for every type.
        """
        by_type = self._met.get(dataset_type)
        if by_type is None:
            by_type = self._met[dataset_type] = self._by_type(dataset_type)
        if event_type is not None:
            return by_type.get(event_type.casefold(), ())
        return set().union(*by_type.values())

    def _by_type(self, dataset_type: DatasetType) -> Mapping[str, Collection[str]]:
        met: dict[str, list[str]] = {}
        for event in self._history(dataset_type):
            met.setdefault(event.event_type.casefold(), []).append(event.item_id)
        most = self._most[dataset_type]
        return {name: ids if most is None else ids[-most:] for name, ids in met.items()}


class InteractionLog:
    """The interactions of every dataset."""

    def __init__(self, store: Store) -> None:
        """Keep them in this store."""
        self._store = store
        self._held: dict[str, tuple[_Imports, Interactions]] = {}

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
        ((number,),) = self._store.execute(
            "SELECT coalesce(max(number), 0) FROM imports WHERE arn = ?", (dataset_arn,)
        )
        return int(number)

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

    def users(self, dataset_arn: str, event_type: str | None = None) -> set[str]:
        """Return the users who had an event.

        Args:
            dataset_arn: The dataset.
            event_type: The type that the event must have, in any case. (default: any)
        """
        rows = self._store.execute(
            "SELECT DISTINCT coalesce(user_id, session_id), event_type FROM events WHERE arn = ?",
            (dataset_arn,),
        )
        wanted = None if event_type is None else event_type.casefold()
        users = {user for user, name in rows if wanted in (None, name.casefold())}
        return users | self._bulk(dataset_arn).users(wanted)

    def training_data(
        self,
        dataset_arn: str,
        *,
        items: Mapping[str, Mapping[str, object]],
        users: Mapping[str, Mapping[str, object]],
    ) -> TrainingData:
        """Return everything to train on: all interactions and the metadata beside them."""
        interactions = self._bulk(dataset_arn)
        rows = self._store.execute(
            "SELECT coalesce(user_id, session_id), item_id, event_type, sent_at, event_value"
            " FROM events WHERE arn = ? AND item_id IS NOT NULL ORDER BY number",
            (dataset_arn,),
        )
        if rows:
            interactions = Interactions.of([_table(interactions), _table_of_events(rows)])
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
        )

    def imported_rows(self, dataset_arn: str) -> Iterator[Mapping[str, object]]:
        """Yield imported interactions as they are in the files, in the columns of the schema."""
        for number, _ in self._imports(dataset_arn):
            for table in self._tables(number):
                yield from table.rows()

    def event_rows(self, dataset_arn: str) -> Iterator[Mapping[str, object]]:
        """Yield events as interactions, in the columns of the schema.

        An event of a visitor whom nobody knows has the session for a user, as in training. One that
        is about no item is no interaction with one, and is left out.
        """
        rows = self._store.execute(
            "SELECT coalesce(user_id, session_id), item_id, event_type, event_value, sent_at,"
            " details FROM events WHERE arn = ? AND item_id IS NOT NULL ORDER BY number",
            (dataset_arn,),
        )
        for user_id, item_id, event_type, event_value, sent_at, details in rows:
            more = json.loads(details)
            yield {
                **more.get("columns", {}),
                "USER_ID": user_id,
                "ITEM_ID": item_id,
                "EVENT_TYPE": event_type,
                "EVENT_VALUE": event_value,
                "TIMESTAMP": sent_at,
                "IMPRESSION": "|".join(more.get("impression", ())) or None,
                "RECOMMENDATION_ID": more.get("recommendationId"),
                "EVENT_ATTRIBUTION_SOURCE": more.get("metricAttribution", {}).get(
                    "eventAttributionSource"
                ),
            }

    def delete_users(self, dataset_arn: str, user_ids: Collection[str]) -> int:
        """Delete everything that users did, bulk and streamed.

        Returns:
            How many interactions and events that was.
        """
        deleted = self._store.execute_many(
            "DELETE FROM events WHERE arn = ? AND user_id = ?",
            ((dataset_arn, user_id) for user_id in user_ids),
        )
        for number, _ in self._imports(dataset_arn):
            for table in self._tables(number):
                users = table.texts("USER_ID")
                gone = [code for code, user in enumerate(users.vocabulary) if user in user_ids]
                kept = ~np.isin(users.codes, gone)
                if kept.all():
                    continue
                deleted += len(kept) - int(np.count_nonzero(kept))
                # Under its old number: less data is no new data to train on.
                self._store.execute(
                    "UPDATE imports SET body = ? WHERE number = ?",
                    (table.where(kept).to_bytes(), number),
                )
        return deleted

    def _imports(self, dataset_arn: str) -> _Imports:
        """Return the number and the size of each import; one that lost rows is of another size."""
        rows = self._store.execute(
            "SELECT number, length(body) FROM imports WHERE arn = ? ORDER BY number", (dataset_arn,)
        )
        return tuple(rows)

    def _tables(self, number: int) -> Iterator[Table]:
        """Yield the table of an import, if it is still there."""
        for (body,) in self._store.execute("SELECT body FROM imports WHERE number = ?", (number,)):
            yield Table.from_bytes(body)

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


def _about(table: Table) -> str:
    """The column that says what an interaction is with; an action counts as an item."""
    return "ACTION_ID" if "ACTION_ID" in table.columns else "ITEM_ID"


def _table(interactions: Interactions) -> Table:
    return Table(
        {
            "USER_ID": Texts(interactions.user, interactions.user_ids),
            "ITEM_ID": Texts(interactions.item, interactions.item_ids),
            "EVENT_TYPE": Texts(interactions.event_type, interactions.event_types),
            "TIMESTAMP": interactions.timestamp,
            "EVENT_VALUE": interactions.event_value,
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


def _texts(values: Sequence[str]) -> Texts:
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(value, len(numbers)) for value in values]
    return Texts(np.array(codes, dtype=np.int32), list(numbers))
