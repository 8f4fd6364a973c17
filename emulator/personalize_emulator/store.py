"""The state of the service, in SQLite.

Resources are documents: what the service would describe, and a little more. They are found by ARN,
or by kind with their parent. Everything else (jobs, rows of data, events, models) hangs on an ARN
and goes with it.

One connection serves all threads behind one lock. What a transaction wrote is in the write-ahead
log when it ends, so a `kill -9` loses nothing that was acknowledged.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from personalize_emulator.caller import Caller
from personalize_emulator.errors import StateFileError

Document = dict[str, Any]

_FORMAT = 2  # of the state file; one of another format is refused

_HEADER = b"SQLite format 3\0"

_TABLES = """
CREATE TABLE resources (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    group_arn TEXT,
    parent_arn TEXT,
    document TEXT NOT NULL
);
CREATE INDEX resources_by_kind ON resources (kind, account, region, name);
CREATE INDEX resources_by_parent ON resources (kind, parent_arn);
CREATE INDEX resources_by_group ON resources (kind, group_arn);

CREATE TABLE tags (
    arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)
) WITHOUT ROWID;

CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL, action TEXT NOT NULL, started REAL NOT NULL, duration REAL NOT NULL
);
CREATE INDEX jobs_by_arn ON jobs (arn, action);

CREATE TABLE imports (
    number INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL, body BLOB NOT NULL,
    replaced_by INTEGER
);
CREATE INDEX imports_by_arn ON imports (arn);

CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL,
    event_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    user_id TEXT,
    anonymous INTEGER NOT NULL,
    item_id TEXT,
    event_type TEXT NOT NULL,
    event_value REAL,
    sent_at INTEGER NOT NULL,
    details TEXT NOT NULL,
    UNIQUE (arn, event_id)
);
CREATE INDEX events_by_user ON events (arn, user_id);
CREATE INDEX events_by_session ON events (arn, session_id);

CREATE TABLE records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    arn TEXT NOT NULL, id TEXT NOT NULL, put INTEGER NOT NULL, at REAL NOT NULL,
    columns TEXT NOT NULL
);
CREATE INDEX records_by_id ON records (arn, id);

CREATE TABLE recommendations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, arn TEXT NOT NULL, at REAL NOT NULL, entries TEXT NOT NULL
);

CREATE TABLE models (arn TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
"""

_BY_ARN = ("tags", "jobs", "imports", "events", "records", "models")
_SELECT = "SELECT number, arn, kind, account, region, name, group_arn, parent_arn, document"


@dataclass(frozen=True)
class Resource:
    """One resource of the service.

    Attributes:
        arn: The ARN.
        kind: The kind, "dataset-group" say.
        caller: The account and Region that it belongs to.
        name: The name, unique among those of its kind where the service says so.
        group_arn: The dataset group that it belongs to, if any.
        parent_arn: What it hangs on directly and is listed by, if anything.
        document: What the service would describe. It is this resource's own copy: change it, then
            `Store.save` it.
        number: The order of creation.
    """

    arn: str
    kind: str
    caller: Caller
    name: str
    document: Document
    group_arn: str | None = None
    parent_arn: str | None = None
    number: int = 0

    @property
    def status(self) -> str:
        """The status; a resource without one (a schema) is usable at once."""
        return str(self.document.get("status", "ACTIVE"))


class Store:
    """The state of the service."""

    def __init__(self, path: Path | str | None = None) -> None:
        """Open the state.

        Args:
            path: The file that keeps it. (default: in memory)

        Raises:
            StateFileError: The file holds something else, is broken, is in use, or cannot be
                opened. It is left as it is.
        """
        self._lock = threading.RLock()
        self._depth = 0
        self._once_committed: list[Callable[[], None]] = []
        if path is not None and not _may_be_state(Path(path)):
            msg = f"{path} is no state file, and was left as it is"
            raise StateFileError(msg)
        try:
            self._connection = sqlite3.connect(
                path or ":memory:", timeout=0, check_same_thread=False, isolation_level=None
            )
        except sqlite3.OperationalError as error:
            msg = f"{path} cannot be opened as a state file: {error}"
            raise StateFileError(msg) from error
        try:
            self._prepare()
        except (sqlite3.DatabaseError, StateFileError) as error:
            self._connection.close()
            msg = f"{path} is no state file of this version, and was left as it is: {error}"
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                msg = f"{path} is in use by another process"
            raise StateFileError(msg) from error

    def __enter__(self) -> Self:
        """Return the state."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the state."""
        self.close()

    def close(self) -> None:
        """Close the state; a file can be opened again."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens within happen together, or not at all; others wait."""
        with self._lock:
            outermost = self._depth == 0
            if outermost:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                if outermost:
                    self._connection.execute("ROLLBACK")
                    self._once_committed.clear()
                raise
            else:
                if outermost:
                    self._connection.execute("COMMIT")
            finally:
                self._depth -= 1
            if outermost:
                waiting, self._once_committed = self._once_committed, []
                for do in waiting:
                    do()

    def once_committed(self, do: Callable[[], None]) -> None:
        """Do something as soon as the transaction is over, and never if it is undone."""
        with self._lock:
            if self._depth:
                self._once_committed.append(do)
                return
        do()

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        """Run one statement for each row and return how many rows changed."""
        with self.transaction():
            return self._connection.executemany(sql, rows).rowcount

    # Resources

    def add(self, resource: Resource) -> None:
        """Add a resource; its ARN is new."""
        self.execute(
            "INSERT INTO resources"
            " (arn, kind, account, region, name, group_arn, parent_arn, document)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                resource.arn,
                resource.kind,
                resource.caller.account,
                resource.caller.region,
                resource.name,
                resource.group_arn,
                resource.parent_arn,
                json.dumps(resource.document),
            ),
        )

    def save(self, resource: Resource) -> None:
        """Keep the changed document of a resource."""
        self.execute(
            "UPDATE resources SET document = ? WHERE arn = ?",
            (json.dumps(resource.document), resource.arn),
        )

    def move(self, arn: str, parent_arn: str) -> None:
        """Hang a resource on another one."""
        self.execute("UPDATE resources SET parent_arn = ? WHERE arn = ?", (parent_arn, arn))

    def remove(self, arn: str) -> None:
        """Remove a resource and everything that hangs on its ARN."""
        with self.transaction():
            self.execute("DELETE FROM resources WHERE arn = ?", (arn,))
            for table in _BY_ARN:
                self.execute(f"DELETE FROM {table} WHERE arn = ?", (arn,))

    def retire(self, arn: str) -> None:
        """Put a resource away that cannot be deleted: it is found no more, its ARN stays taken."""
        self.execute("UPDATE resources SET kind = 'retired ' || kind WHERE arn = ?", (arn,))

    def get(self, arn: str) -> Resource | None:
        """Return the resource of an ARN."""
        rows = self.execute(f"{_SELECT} FROM resources WHERE arn = ?", (arn,))
        return _resource(rows[0]) if rows else None

    def find(
        self,
        kind: str,
        *,
        caller: Caller | None = None,
        name: str | None = None,
        group: str | None = None,
        parent: str | None = None,
    ) -> Iterator[Resource]:
        """Yield the resources of a kind, oldest first.

        Args:
            kind: The kind.
            caller: Those of this account and Region.
            name: Those of this name.
            group: Those of this dataset group.
            parent: Those that hang on this ARN.
        """
        wanted: dict[str, object] = {
            "account = ?": caller and caller.account,
            "region = ?": caller and caller.region,
            "name = ?": name,
            "group_arn = ?": group,
            "parent_arn = ?": parent,
        }
        given = {clause: value for clause, value in wanted.items() if value is not None}
        where = " AND ".join(["kind = ?", *given])
        rows = self.execute(
            f"{_SELECT} FROM resources WHERE {where} ORDER BY number",
            (kind, *given.values()),
        )
        return map(_resource, rows)

    def latest_moment(self) -> float:
        """Return the latest emulated time that the state knows of."""
        ((moment,),) = self.execute(
            "SELECT coalesce(max(json_extract(document, '$.lastUpdatedDateTime')), 0)"
            " FROM resources"
        )
        return float(moment)

    def _prepare(self) -> None:
        # Two services on one file would each do the other's jobs. The lock ends with the process.
        self.execute("PRAGMA locking_mode = EXCLUSIVE")
        (version,) = self.execute("PRAGMA user_version")[0]
        (tables,) = self.execute("SELECT count(*) FROM sqlite_master")[0]
        if version == 0 and tables == 0:
            self._connection.executescript(
                f"BEGIN; {_TABLES} PRAGMA user_version = {_FORMAT}; COMMIT;"
            )
        elif version != _FORMAT:
            msg = f"it is of format {version}, not {_FORMAT}"
            raise StateFileError(msg)
        elif damage := [row for row in self.execute("PRAGMA quick_check(1)") if row != ("ok",)]:
            msg = f"it is damaged: {damage[0][0]}"
            raise StateFileError(msg)
        self.execute("PRAGMA journal_mode = WAL")
        # With a write-ahead log this is enough for a killed process; a power cut may cost the last
        # few transactions, as it would cost much time to avoid.
        self.execute("PRAGMA synchronous = NORMAL")


def _may_be_state(path: Path) -> bool:
    """Whether a file is a database, or there is nothing in it; SQLite overwrites a short text."""
    try:
        with path.open("rb") as file:
            return file.read(len(_HEADER)) in {b"", _HEADER}
    except OSError:  # not there, a folder, not ours to read: SQLite says what is wrong, if it is
        return True


def _resource(row: tuple[Any, ...]) -> Resource:
    number, arn, kind, account, region, name, group_arn, parent_arn, document = row
    return Resource(
        arn=arn,
        kind=kind,
        caller=Caller(account, region),
        name=name,
        document=json.loads(document),
        group_arn=group_arn,
        parent_arn=parent_arn,
        number=number,
    )
