"""What users did: interactions imported in bulk, and events that came one by one.

Bulk interactions are stored by the column, one block for each import, and held in memory once they
were asked for. Events are rows of the store, there as soon as they are acknowledged.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator.data.columns import Table
from personalize_emulator.data.interaction_columns import Interactions, table_of_events, texts_of
from personalize_emulator.models import HistoryEvent, TrainingData
from personalize_emulator.store import Document, Store

_HELD = 4  # sets of imports at most are held in memory
_NO_LIMIT = 2**62  # above the number of any row

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
        details: The rest of it, as JSON: what the event says beside the above, and "columns", its
            properties by the names of their columns.
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
class Moment:
    """How far a training looked into one dataset.

    Attributes:
        latest_import: The number of the last import that it saw.
        latest_event: The number of the last event that it saw.
    """

    latest_import: int
    latest_event: int

    @classmethod
    def of(cls, document: Document, dataset_type: DatasetType) -> Moment:
        """Return the moment at which a model was trained.

        Args:
            document: That of its solution version or recommender.
            dataset_type: Interactions or Action_Interactions.
        """
        latest_import, latest_event = document["data"].get(dataset_type.value, (0, 0))
        return cls(int(latest_import), int(latest_event))


class InteractionLog:
    """The interactions of every dataset."""

    def __init__(self, store: Store) -> None:
        """Keep them in this store."""
        self._store = store
        self._lock = threading.Lock()
        self._held: OrderedDict[_Imports, Interactions] = OrderedDict()

    def add_import(self, dataset_arn: str, table: Table, *, replace: bool) -> None:
        """Keep imported interactions, instead of or besides those of earlier imports.

        What is replaced stays for the models that were trained on it, until the last is gone.
        """
        ((number,),) = self._store.execute(
            "INSERT INTO imports (arn, body) VALUES (?, ?) RETURNING number",
            (dataset_arn, table.to_bytes()),
        )
        if replace:
            self._store.execute(
                "UPDATE imports SET replaced_by = ?"
                " WHERE arn = ? AND replaced_by IS NULL AND number < ?",
                (number, dataset_arn, number),
            )
            self._forget_replaced(dataset_arn)

    def add_events(self, dataset_arn: str, events: Iterable[Event]) -> None:
        """Keep events. One whose id is there already is dropped.

        Whoever appears in a session is the user of the events in it that nobody is known to have
        caused: of those before, and of those to come until somebody else appears. See the
        developer guide's page recording-events; what two users in one session mean is not
        documented.
        """
        users: dict[str, str | None] = {}
        for event in events:
            user_id = event.user_id
            if user_id is None:
                if event.session_id not in users:
                    users[event.session_id] = self._user_of(dataset_arn, event.session_id)
                user_id = users[event.session_id]
            elif users.get(event.session_id) != user_id:
                users[event.session_id] = user_id
                self._store.execute(
                    "UPDATE events SET user_id = ?"
                    " WHERE arn = ? AND session_id = ? AND user_id IS NULL",
                    (user_id, dataset_arn, event.session_id),
                )
            self._store.execute(
                "INSERT OR IGNORE INTO events (arn, event_id, session_id, user_id, anonymous,"
                " item_id, event_type, event_value, sent_at, details)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    dataset_arn,
                    event.event_id,
                    event.session_id,
                    user_id,
                    event.user_id is None,
                    event.item_id,
                    event.event_type,
                    event.event_value,
                    event.sent_at,
                    event.details,
                ),
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
        self,
        dataset_arn: str,
        user_id: str,
        *,
        trained: Moment | None = None,
        real_time: bool = True,
    ) -> list[HistoryEvent]:
        """Return the interactions of a user, bulk and streamed, oldest first.

        A visitor whom nobody knows is asked for by the session.

        Args:
            dataset_arn: The dataset.
            user_id: The user, or the session of a visitor.
            trained: As a model sees it that was trained at this moment: without later imports, and
                with the events of sessions that the user was unknown in only up to then, as its
                training joined them. The session itself counts from then on. (default: all there
                is)
            real_time: Whether events after that moment count.
        """
        last = trained.latest_event if trained is not None and not real_time else _NO_LIMIT
        joined = _NO_LIMIT if trained is None else trained.latest_event
        rows = self._store.execute(
            "SELECT item_id, event_type, sent_at, event_value, number FROM events"
            " WHERE arn = ? AND user_id = ? AND item_id IS NOT NULL AND number <= ?"
            " AND (NOT anonymous OR number <= ?)"
            " UNION ALL SELECT item_id, event_type, sent_at, event_value, number FROM events"
            " WHERE arn = ? AND session_id = ? AND anonymous AND item_id IS NOT NULL"
            " AND number > ? AND number <= ? ORDER BY number",
            (
                *(dataset_arn, user_id, last, joined),
                *(dataset_arn, user_id, 0 if trained is None else joined, last),
            ),
        )
        as_of = None if trained is None else trained.latest_import
        history = self._bulk(dataset_arn, as_of).of_user(user_id)
        history += [HistoryEvent(*row[:-1]) for row in rows]
        history.sort(key=attrgetter("timestamp"))
        return history

    def users(self, dataset_arn: str, event_type: str | None = None) -> set[str]:
        """Return the users who had an event.

        Args:
            dataset_arn: The dataset.
            event_type: The type that the event must have, in any case. (default: any)
        """
        rows = self._store.execute(
            "SELECT DISTINCT user_id, event_type FROM events WHERE arn = ? AND user_id IS NOT NULL",
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
        context: Sequence[str] = (),
    ) -> TrainingData:
        """Return everything to train on: all interactions and the metadata beside them.

        Events of visitors whom nobody knows yet are left out.

        Args:
            dataset_arn: The dataset.
            items: The records of the items.
            users: The records of the users.
            context: The columns of contextual metadata. (default: none)
        """
        interactions = self._bulk_in_context(dataset_arn, context)
        rows = self._store.execute(
            "SELECT user_id, item_id, event_type, sent_at, event_value FROM events"
            " WHERE arn = ? AND item_id IS NOT NULL AND user_id IS NOT NULL ORDER BY number",
            (dataset_arn,),
        )
        if rows:
            events = table_of_events(rows)
            if context:
                events = self._in_context(events, dataset_arn, context)
            interactions = Interactions.of([interactions.table(), events], context)
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

    def impressions(self, dataset_arn: str) -> Mapping[str, int]:
        """Return how often each item was shown when somebody did something, known or not.

        These are the lists of bulk interactions (the column IMPRESSION) and those of events, which
        name them or the recommendation that they come from.
        """
        shown: Counter[str] = Counter()
        for number, _ in self._imports(dataset_arn):
            for table in self._tables(number):
                lists = table.texts("IMPRESSION")
                times = np.bincount(lists.codes[lists.codes >= 0], minlength=len(lists.vocabulary))
                for items, often in zip(lists.vocabulary, times.tolist(), strict=True):
                    for item in filter(None, items.split("|")):
                        shown[item] += often
        for (details,) in self._store.execute(
            "SELECT details FROM events WHERE arn = ? AND instr(details, ?)",
            (dataset_arn, '"impression"'),
        ):
            shown.update(json.loads(details).get("impression", ()))
        return shown

    def _bulk_in_context(self, dataset_arn: str, context: Sequence[str]) -> Interactions:
        """Return bulk interactions with columns that none but a training asks for."""
        if not context:
            return self._bulk(dataset_arn)
        imports = self._imports(dataset_arn)
        tables = [table for number, _ in imports for table in self._tables(number)]
        return Interactions.of(tables, context)

    def _in_context(self, events: Table, dataset_arn: str, context: Sequence[str]) -> Table:
        """Return the table of the events with these columns of their properties."""
        rows = self._store.execute(
            "SELECT details FROM events WHERE arn = ? AND item_id IS NOT NULL"
            " AND user_id IS NOT NULL ORDER BY number LIMIT ?",
            (dataset_arn, len(events)),
        )
        properties = [json.loads(details).get("columns", {}) for (details,) in rows]
        columns = {name: texts_of([row.get(name) for row in properties]) for name in context}
        return Table({**events.columns, **columns})

    def imported_rows(self, dataset_arn: str) -> Iterator[Mapping[str, object]]:
        """Yield imported interactions as they are in the files, in the columns of the schema."""
        for number, _ in self._imports(dataset_arn):
            for table in self._tables(number):
                yield from table.rows()

    def events(self, dataset_arn: str) -> Iterator[Event]:
        """Yield the events of a dataset, oldest first."""
        rows = self._store.execute(
            "SELECT event_id, session_id, user_id, item_id, event_type, event_value, sent_at,"
            " details FROM events WHERE arn = ? ORDER BY number",
            (dataset_arn,),
        )
        return (Event(*row) for row in rows)

    def delete_users(self, dataset_arn: str, user_ids: Collection[str]) -> int:
        """Delete everything that users did, bulk and streamed.

        What a later import replaced goes too, where a model is left that was trained on it.

        Returns:
            How many interactions and events that was, of those that count.
        """
        deleted = self._store.execute_many(
            "DELETE FROM events WHERE arn = ? AND user_id = ?",
            ((dataset_arn, user_id) for user_id in user_ids),
        )
        counting = {number for number, _ in self._imports(dataset_arn)}
        for (number,) in self._store.execute(
            "SELECT number FROM imports WHERE arn = ?", (dataset_arn,)
        ):
            for table in self._tables(number):
                users = table.texts("USER_ID")
                gone = [code for code, user in enumerate(users.vocabulary) if user in user_ids]
                kept = ~np.isin(users.codes, gone)
                if kept.all():
                    continue
                if number in counting:
                    deleted += len(kept) - int(np.count_nonzero(kept))
                # Under its old number: less data is no new data to train on.
                self._store.execute(
                    "UPDATE imports SET body = ? WHERE number = ?",
                    (table.where(kept).to_bytes(), number),
                )
        return deleted

    def _user_of(self, dataset_arn: str, session_id: str) -> str | None:
        """Return the user who was known last in a session."""
        rows = self._store.execute(
            "SELECT user_id FROM events WHERE arn = ? AND session_id = ? AND user_id IS NOT NULL"
            " ORDER BY number DESC LIMIT 1",
            (dataset_arn, session_id),
        )
        return rows[0][0] if rows else None

    def _imports(self, dataset_arn: str, as_of: int | None = None) -> _Imports:
        """Return the number and the size of the imports that count.

        An import that lost rows is of another size.

        Args:
            dataset_arn: The dataset.
            as_of: Those that counted when this was the number of the latest. (default: now)
        """
        latest = _NO_LIMIT if as_of is None else as_of
        rows = self._store.execute(
            "SELECT number, length(body) FROM imports WHERE arn = ? AND number <= ?"
            " AND (replaced_by IS NULL OR replaced_by > ?) ORDER BY number",
            (dataset_arn, latest, latest),
        )
        return tuple(rows)

    def _tables(self, number: int) -> Iterator[Table]:
        """Yield the table of an import, if it is still there."""
        for (body,) in self._store.execute("SELECT body FROM imports WHERE number = ?", (number,)):
            yield Table.from_bytes(body)

    def _forget_replaced(self, dataset_arn: str) -> None:
        """Delete the imports that are replaced and that no model was trained on."""
        dataset = self._store.get(dataset_arn)
        if dataset is None:
            return
        dataset_type = DatasetType.of(dataset.document["datasetType"])
        trained = [
            Moment.of(model.document, dataset_type).latest_import
            for kind in ("solution-version", "recommender")
            for model in self._store.find(kind, group=dataset.group_arn)
            if "data" in model.document
        ]
        for number, replaced_by in self._store.execute(
            "SELECT number, replaced_by FROM imports WHERE arn = ? AND replaced_by IS NOT NULL",
            (dataset_arn,),
        ):
            if not any(number <= latest < replaced_by for latest in trained):
                self._store.execute("DELETE FROM imports WHERE number = ?", (number,))

    def _bulk(self, dataset_arn: str, as_of: int | None = None) -> Interactions:
        # The work is done without a lock: two threads at once do it twice, and wait for nobody who
        # is in a transaction.
        imports = self._imports(dataset_arn, as_of)
        if not imports:
            return _NOTHING
        with self._lock:
            held = self._held.get(imports)
            if held is not None:
                self._held.move_to_end(imports)
                return held
        held = Interactions.of([table for number, _ in imports for table in self._tables(number)])
        with self._lock:
            self._held[imports] = held
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
        return held


_NOTHING = Interactions.of([])
