"""The records of Items, Users and Actions: what is known of each, imported or put.

A bulk import replaces earlier bulk imports and never what was put. Every record is kept as it came,
for exports; where several know an id, the latest one holds.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator.data.record_index import RecordIndex
from personalize_emulator.store import Store

IDENTIFIERS = {
    DatasetType.ITEMS: "ITEM_ID",
    DatasetType.USERS: "USER_ID",
    DatasetType.ACTIONS: "ACTION_ID",
}

Record = Mapping[str, Any]

_FEW = 1000  # records put are read one by one; more have all read again


class Records:
    """The records of every dataset that has some."""

    def __init__(self, store: Store) -> None:
        """Keep them in this store."""
        self._store = store
        self._lock = threading.Lock()
        self._held: dict[str, dict[str, Record]] = {}
        self._indexes: dict[str, RecordIndex] = {}
        self._changed: dict[str, set[str]] = {}
        self._states: dict[str, list[float]] = {}

    def add_import(
        self, dataset_arn: str, rows: Iterable[tuple[str, Record]], *, at: float, replace: bool
    ) -> None:
        """Keep imported records.

        Args:
            dataset_arn: The dataset.
            rows: The id and the columns of each; of two with the same id the later one holds.
            at: When they were imported.
            replace: Whether all earlier imports are forgotten, or only what they said of these ids.
        """
        rows = list(rows)
        if replace:
            self._store.execute("DELETE FROM records WHERE arn = ? AND NOT put", (dataset_arn,))
        else:
            self._store.execute_many(
                "DELETE FROM records WHERE arn = ? AND id = ? AND NOT put",
                ((dataset_arn, key) for key in {key for key, _ in rows}),
            )
        self._write(dataset_arn, rows, at=at, put=False)
        self._store.once_committed(lambda: self._forget(dataset_arn))

    def put(self, dataset_arn: str, rows: Iterable[tuple[str, Record]], *, at: float) -> None:
        """Keep single records; a column that a record does not name stays as it was."""
        held = self.all(dataset_arn)
        merged: dict[str, Record] = {}
        for key, columns in rows:
            merged[key] = {**merged.get(key, held.get(key, {})), **columns}
        self._write(dataset_arn, merged.items(), at=at, put=True)
        self._store.once_committed(lambda: self._remember(dataset_arn, merged))

    def all(self, dataset_arn: str | None) -> Mapping[str, Record]:
        """Return every record of a dataset by its id; no dataset, no records."""
        if dataset_arn is None:
            return {}
        with self._lock:
            held = self._held.get(dataset_arn)
        if held is not None:
            return held
        # Read and kept in one transaction, so that no import can come in between.
        with self._store.transaction():
            rows = self._store.execute(
                "SELECT id, columns FROM records WHERE arn = ? ORDER BY at, number", (dataset_arn,)
            )
            held = {key: json.loads(columns) for key, columns in rows}
            with self._lock:
                self._held[dataset_arn] = held
        return held

    def index(self, dataset_arn: str) -> Sequence[RecordIndex]:
        """Return the records by the column: all of them, after those put since all were read."""
        held = self.all(dataset_arn)
        with self._lock:
            index = self._indexes.get(dataset_arn)
            changed = list(self._changed.get(dataset_arn, ()))
        if index is None or len(changed) > _FEW:
            with self._lock:
                # What changes from now on is in the next list, whether it is in this index or not.
                self._changed[dataset_arn] = set()
            index = RecordIndex(dict(held))
            with self._lock:
                if self._held.get(dataset_arn) is held:  # no import came in between
                    self._indexes[dataset_arn] = index
            return (index,)
        if not changed:
            return (index,)
        return (RecordIndex({key: held[key] for key in changed if key in held}), index)

    def get(self, dataset_arn: str | None, key: str) -> Record:
        """Return one record, empty if there is none."""
        if dataset_arn is None:
            return {}
        return self.all(dataset_arn).get(key, {})

    def as_they_came(self, dataset_arn: str, *, put: bool) -> Iterator[tuple[str, Record]]:
        """Yield the id and the columns of every record that was put, or else imported.

        An id that was put more than once is there as often, with what was known of it each time.
        """
        rows = self._store.execute(
            "SELECT id, columns FROM records WHERE arn = ? AND put = ? ORDER BY at, number",
            (dataset_arn, put),
        )
        return ((key, json.loads(columns)) for key, columns in rows)

    def delete(self, dataset_arn: str, keys: Collection[str]) -> int:
        """Delete records, imported and put, and return how many there were."""
        deleted = self._store.execute_many(
            "DELETE FROM records WHERE arn = ? AND id = ?", ((dataset_arn, key) for key in keys)
        )
        self._store.once_committed(lambda: self._forget(dataset_arn))
        return deleted

    def state(self, dataset_arn: str) -> list[float]:
        """Return what changes with the records: when the latest came, and how many there are."""
        with self._lock:
            state = self._states.get(dataset_arn)
        if state is None:
            with self._store.transaction():
                rows = self._store.execute(
                    "SELECT coalesce(max(at), 0), count(*) FROM records WHERE arn = ?",
                    (dataset_arn,),
                )
                state = list(rows[0])
                with self._lock:
                    self._states[dataset_arn] = state
        return state

    def remove(self, dataset_arn: str) -> None:
        """Forget the records of a dataset that is gone from the store."""
        self._store.once_committed(lambda: self._forget(dataset_arn))

    def _write(
        self, dataset_arn: str, rows: Iterable[tuple[str, Record]], *, at: float, put: bool
    ) -> None:
        self._store.execute_many(
            "INSERT INTO records (arn, id, put, at, columns) VALUES (?, ?, ?, ?, ?)",
            ((dataset_arn, key, put, at, json.dumps(columns)) for key, columns in rows),
        )

    def _forget(self, dataset_arn: str) -> None:
        with self._lock:
            self._held.pop(dataset_arn, None)
            self._indexes.pop(dataset_arn, None)
            self._changed.pop(dataset_arn, None)
            self._states.pop(dataset_arn, None)

    def _remember(self, dataset_arn: str, records: Mapping[str, Record]) -> None:
        with self._lock:
            self._states.pop(dataset_arn, None)
            held = self._held.get(dataset_arn)
            if held is not None:
                held.update(records)
                self._changed.setdefault(dataset_arn, set()).update(records)
