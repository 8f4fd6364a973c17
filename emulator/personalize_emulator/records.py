"""The records of Items, Users and Actions: what is known of each, imported or put.

A bulk import replaces earlier bulk imports and never what was put. Where both know an id, the later
one holds.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator.store import Store

IDENTIFIERS = {
    DatasetType.ITEMS: "ITEM_ID",
    DatasetType.USERS: "USER_ID",
    DatasetType.ACTIONS: "ACTION_ID",
}

Record = Mapping[str, Any]


class Records:
    """The records of every dataset that has some."""

    def __init__(self, store: Store) -> None:
        """Keep them in this store."""
        self._store = store
        self._lock = threading.Lock()
        self._held: dict[str, dict[str, Record]] = {}
        self._states: dict[str, list[float]] = {}

    def add_import(
        self, dataset_arn: str, rows: Iterable[tuple[str, Record]], *, at: float, replace: bool
    ) -> None:
        """Keep imported records.

        Args:
            dataset_arn: The dataset.
            rows: The id and the columns of each; of two with the same id the later one holds.
            at: When they were imported.
            replace: Whether earlier imports are forgotten.
        """
        if replace:
            self._store.execute("DELETE FROM records WHERE arn = ? AND NOT put", (dataset_arn,))
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
                "SELECT id, columns FROM records WHERE arn = ? ORDER BY at", (dataset_arn,)
            )
            held = {key: json.loads(columns) for key, columns in rows}
            with self._lock:
                self._held[dataset_arn] = held
        return held

    def get(self, dataset_arn: str | None, key: str) -> Record:
        """Return one record, empty if there is none."""
        if dataset_arn is None:
            return {}
        return self.all(dataset_arn).get(key, {})

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
            "INSERT OR REPLACE INTO records (arn, id, put, at, columns) VALUES (?, ?, ?, ?, ?)",
            ((dataset_arn, key, put, at, json.dumps(columns)) for key, columns in rows),
        )

    def _forget(self, dataset_arn: str) -> None:
        with self._lock:
            self._held.pop(dataset_arn, None)
            self._states.pop(dataset_arn, None)

    def _remember(self, dataset_arn: str, records: Mapping[str, Record]) -> None:
        with self._lock:
            self._states.pop(dataset_arn, None)
            held = self._held.get(dataset_arn)
            if held is not None:
                held.update(records)
