"""An object of raw records, as CSV files that Amazon Personalize can import.

What happened goes to the day on which it happened, everything else to the day of the object. The
same object always makes the same files, so that it may be read again.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from event_archive.csv_tables import NoRowError, Table
from personalize_runtime.envelope import Entry, Kind, entries
from personalize_runtime.fields import InvalidRecordError
from personalize_runtime.stream import told_by

_FOLDERS: Mapping[Kind, str] = {
    Kind.INTERACTION: "interactions",
    Kind.ITEM: "items",
    Kind.USER: "users",
    Kind.ACTION: "actions",
    Kind.ACTION_INTERACTION: "action_interactions",
}
_TIMES = {Kind.INTERACTION: "sentAt", Kind.ACTION_INTERACTION: "timestamp"}
# Whose record it is: it decides an event's id, which is in no column.
_NOBODY = "archive"
_JSON = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows belong.

    Attributes:
        folder: The folder of their dataset.
        day: Their day, as in ISO 8601.
    """

    folder: str
    day: str

    def key(self, prefix: str, name: str) -> str:
        """Return the key of a file there; its name has the day, and so differs from day to day."""
        return f"{prefix}{self.folder}/day={self.day}/{self.day}-{name}.csv"


@dataclass(slots=True)
class Conversion:
    """What became of the records of an object.

    Attributes:
        rows: The rows of each file.
        unreadable: How many records are none; the dead-letter queue has them.
        left_out: How many rows there are not, by the reason.
    """

    rows: dict[Place, list[str]] = field(default_factory=lambda: defaultdict(list))
    unreadable: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, data: bytes, tables: Mapping[str, Table], *, day: str) -> "Conversion":
        """Convert the records of an object.

        Args:
            data: The records, one JSON object a line.
            tables: The tables of the datasets, by folder.
            day: The day on which they came.
        """
        conversion = cls()
        for record in records_of(data):
            try:
                told = entries(told_by(record), default_event_id=_NOBODY)
            except InvalidRecordError:
                conversion.unreadable += 1
                continue
            for entry in told:
                conversion.add(entry, tables, day=day)
        return conversion

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.rows.values()))

    def add(self, entry: Entry, tables: Mapping[str, Table], *, day: str) -> None:
        """Add the row of an entry, or count the reason that there is none."""
        folder = _FOLDERS[entry.kind]
        table = tables.get(folder)
        if table is None:
            self.left_out[f"there is no dataset of {folder}"] += 1
            return
        try:
            row = table.row(entry)
        except NoRowError as error:
            self.left_out[str(error)] += 1
            return
        if entry.kind in _TIMES:
            day = datetime.fromtimestamp(entry.body[_TIMES[entry.kind]], UTC).date().isoformat()
        self.rows[Place(folder, day)].append(row)

    def files(self, tables: Mapping[str, Table]) -> Iterator[tuple[Place, bytes]]:
        """Yield the files, each with the header that an import asks for."""
        for place, rows in self.rows.items():
            lines = [tables[place.folder].header, *rows, ""]
            yield place, "\n".join(lines).encode()


def records_of(data: bytes) -> Iterator[bytes]:
    """Divide an object into its records.

    There is a line break after each. Most have none inside; a JSON object that was written over
    several lines is one record all the same, and what is no JSON ends with its line.
    """
    text = data.decode(errors="surrogateescape")
    start = 0
    while start < len(text):
        end = _end_of_record(text, start)
        record = text[start:end].strip()
        if record:
            yield record.encode(errors="surrogateescape")
        start = end + 1


def _end_of_record(text: str, start: int) -> int:
    """Return where a line ends, or the last line of the JSON that begins with it."""
    inside = start
    if text[start] == "{":
        try:
            _, inside = _JSON.raw_decode(text, start)
        except (ValueError, RecursionError):
            inside = start
    end = text.find("\n", inside)
    return len(text) if end < 0 else end
