"""The columns of a CSV file in Personalize's form, and the types that their values allow.

See the developer guide's "Creating schema JSON files for Amazon Personalize schemas" (the fields
are in the order of the columns) and "Bulk data format guidelines" (bulk-import-data: UTF-8, a
header, timestamps in epoch seconds).
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cdk_personalize._columns import REQUIRED, RESERVED, DatasetType, SchemaField

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")  # 00123 is a code, not a number
_NUMBER = re.compile(r"-?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_PATTERNS = {"long": _WHOLE, "int": _WHOLE, "float": _NUMBER, "double": _NUMBER}

_MAX_CATEGORIES = 1000
_MAX_CATEGORY_LENGTH = 1000
_PROSE_WORDS = 3
_FIRST_MILLISECONDS = 10**11  # in seconds, the year 5138


@dataclass(slots=True)
class _Column:
    """What the values of one column have in common."""

    name: str
    documented: SchemaField | None
    values: int = 0
    empty: int = 0
    whole: int = 0
    numbers: int = 0
    lists: int = 0
    words: int = 0
    longest: int = 0
    distinct: set[str] = field(default_factory=set)

    def add(self, value: str, place: str) -> None:
        """Take in one value; refuse it where the guide documents another type."""
        if value == "":
            self.empty += 1
            return
        if self.documented is not None:
            self._check(value, self.documented, place)
        self.values += 1
        self.whole += _WHOLE.fullmatch(value) is not None
        self.numbers += _NUMBER.fullmatch(value) is not None
        self.lists += "|" in value
        self.words += len(value.split())
        self.longest = max(self.longest, len(value))
        if len(self.distinct) <= _MAX_CATEGORIES:
            self.distinct.update(value.split("|"))

    def _check(self, value: str, documented: SchemaField, place: str) -> None:
        pattern = _PATTERNS.get(documented.type)
        is_time = documented.name.endswith("TIMESTAMP")
        if pattern is not None and not pattern.fullmatch(value):
            kind = "epoch seconds" if is_time else f"a {documented.type}"
            msg = f"{place}: {documented.name} must be {kind}, got {value!r}"
            raise ValueError(msg)
        if is_time and abs(int(value)) >= _FIRST_MILLISECONDS:
            msg = f"{place}: {documented.name} must be epoch seconds, got milliseconds: {value!r}"
            raise ValueError(msg)

    @property
    def is_prose(self) -> bool:
        """Whether the values are sentences, nearly each of its own kind."""
        return (
            self.values > 0
            and self.numbers < self.values
            and self.words >= _PROSE_WORDS * self.values
            and self.lists == 0
            and (len(self.distinct) > _MAX_CATEGORIES or len(self.distinct) > self.values / 2)
        )

    @property
    def is_categorical(self) -> bool:
        return (
            len(self.distinct) <= _MAX_CATEGORIES
            and self.longest <= _MAX_CATEGORY_LENGTH
            and (self.lists > 0 or len(self.distinct) <= max(20, self.values / 2))
        )

    def as_field(self, *, textual: bool) -> SchemaField:
        nullable = self.empty > 0
        if self.documented is not None:
            known = self.documented
            return SchemaField(known.name, known.type, nullable, known.categorical, known.textual)
        if self.values and self.whole == self.values:
            return SchemaField.long(self.name, nullable=nullable)
        if self.values and self.numbers == self.values:
            return SchemaField.float(self.name, nullable=nullable)
        return SchemaField.string(
            self.name,
            nullable=nullable,
            textual=textual,
            categorical=not textual and self.is_categorical,
        )


def fields_of_csv(
    path: Path | str, *, dataset_type: DatasetType | None = None
) -> list[SchemaField]:
    """Return the columns of a CSV file with a header, in its order, with the types they allow.

    Columns that the guide documents for a custom data set have their documented type. Others are
    numbers where every value is one, categorical where there are few distinct values or lists
    separated by `|`, and, in Items, the longest column of prose is textual. A column with empty
    values is nullable.

    Args:
        path: The file, in UTF-8.
        dataset_type: The kind of data set (default: by the file's name, else by its columns).

    Raises:
        ValueError: If the file is empty, has no rows, misses a column that Personalize needs, or
            has a value that no such column can have; the message names the line.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _fields(path.name, csv.reader(file), dataset_type)
    except UnicodeDecodeError as error:
        msg = f"{path.name} must be UTF-8: {error}"
        raise ValueError(msg) from error
    except csv.Error as error:
        msg = f"{path.name} is no CSV file: {error}"
        raise ValueError(msg) from error


def _fields(
    name: str, rows: "Iterator[list[str]]", dataset_type: DatasetType | None
) -> list[SchemaField]:
    header = next(rows, None)
    if not header:
        msg = f"{name} is empty: it needs a header and at least one row"
        raise ValueError(msg)
    kind = dataset_type or _dataset_type(name, header)
    required = {column.name: column for column in REQUIRED[None, kind]}
    missing = [column for column in required if column not in header]
    if missing:
        msg = (
            f"{name} misses {', '.join(missing)}: "
            f"{kind} needs {', '.join(required)}, got {', '.join(header)}"
        )
        raise ValueError(msg)
    documented = required | {column.name: column for column in RESERVED.get((None, kind), ())}
    columns = [_Column(column, documented.get(column)) for column in header]
    for number, row in enumerate(rows, start=2):
        if not row:  # a blank line, often the last
            continue
        place = f"{name}, line {number}"
        if len(row) != len(columns):
            msg = f"{place}: {len(columns)} columns expected, got {len(row)}"
            raise ValueError(msg)
        for column, value in zip(columns, row, strict=True):
            if value == "" and column.name in required:
                msg = f"{place}: {column.name} must not be empty"
                raise ValueError(msg)
            column.add(value, place)
    if columns[0].values + columns[0].empty == 0:
        msg = f"{name} has a header and no rows"
        raise ValueError(msg)
    prose = [column for column in columns if column.documented is None and column.is_prose]
    textual = None
    if kind is DatasetType.ITEMS and prose:
        textual = max(prose, key=lambda column: column.words / column.values)
    return [column.as_field(textual=column is textual) for column in columns]


def _dataset_type(name: str, header: list[str]) -> DatasetType:
    stem = name.partition(".")[0].lower()
    for member in DatasetType:
        if stem in {member.value.lower(), member.record_name.lower()}:
            return member
    has_user, has_item = "USER_ID" in header, "ITEM_ID" in header
    if "ACTION_ID" in header:
        return DatasetType.ACTION_INTERACTIONS if has_user else DatasetType.ACTIONS
    if has_item:
        return DatasetType.INTERACTIONS if has_user else DatasetType.ITEMS
    if has_user:
        return DatasetType.USERS
    msg = f"{name} needs a column USER_ID or ITEM_ID, got {', '.join(header)}"
    raise ValueError(msg)
