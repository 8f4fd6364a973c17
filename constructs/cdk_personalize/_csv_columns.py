"""The columns of a CSV file in Personalize's form, and the types that their values allow.

See the developer guide's "Creating schema JSON files for Amazon Personalize schemas" (the fields
are in the order of the columns) and "Bulk data format guidelines" (bulk-import-data: UTF-8, a
header, timestamps in epoch seconds).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_personalize._columns import REQUIRED, RESERVED, DatasetType, Domain, SchemaField

if TYPE_CHECKING:
    from _csv import Reader

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})", re.ASCII)  # 00123 is a code, not a number
_NUMBER = re.compile(r"-?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
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

    def add(self, value: str) -> str | None:
        """Take in one value; return what the guide says against it, if anything."""
        if value == "":
            self.empty += 1
            return None
        self.values += 1
        if self.documented is not None:
            return _problem(value, self.documented)
        # Files are large: what cannot be a number any more is not looked at for one.
        if self.numbers == self.values - 1 and _NUMBER.fullmatch(value):
            self.numbers += 1
            self.whole += _WHOLE.fullmatch(value) is not None
        self.lists += "|" in value
        self.words += value.count(" ") + 1
        self.longest = max(self.longest, len(value))
        if len(self.distinct) <= _MAX_CATEGORIES:
            self.distinct.update(value.split("|"))
        return None

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


def _problem(value: str, documented: SchemaField) -> str | None:
    pattern = _PATTERNS.get(documented.type)
    if pattern is None:
        return None
    is_time = documented.name.endswith("TIMESTAMP")
    if not pattern.fullmatch(value):
        kind = "epoch seconds" if is_time else f"a {documented.type}"
        return f"{documented.name} must be {kind}, got {value!r}"
    if is_time and abs(int(value)) >= _FIRST_MILLISECONDS:
        return f"{documented.name} must be epoch seconds, got milliseconds: {value!r}"
    return None


def fields_of_csv(
    path: Path | str, *, dataset_type: DatasetType | None = None, domain: Domain | None = None
) -> list[SchemaField]:
    """Return the columns of a CSV file with a header, in its order, with the types they allow.

    Columns that the guide documents have their documented type. Others are
    numbers where every value is one, categorical where there are few distinct values or lists
    separated by `|`, and, in Items, the longest column of prose is textual. A column with empty
    values is nullable.

    Args:
        path: The file, in UTF-8.
        dataset_type: The kind of data set (default: by the file's name, else by its columns).
        domain: The domain of the dataset group (default: none, a custom one).

    Raises:
        ValueError: If the file is empty, has no rows, misses a column that Personalize needs, or
            has a value that no such column can have; the message names the line.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _fields(path.name, csv.reader(file), dataset_type, domain)
    except UnicodeDecodeError as error:
        msg = f"{path.name} must be UTF-8: {error}"
        raise ValueError(msg) from error
    except csv.Error as error:
        msg = f"{path.name} is no CSV file: {error}"
        raise ValueError(msg) from error


def _fields(
    name: str,
    rows: Reader,
    dataset_type: DatasetType | None,
    domain: Domain | None,
) -> list[SchemaField]:
    header = next(rows, None)
    if not header:
        msg = f"{name} is empty: it needs a header and at least one row"
        raise ValueError(msg)
    kind = dataset_type or _dataset_type(name, header)
    required = {column.name: column for column in REQUIRED.get((domain, kind), ())}
    missing = [column for column in required if column not in header]
    if missing:
        msg = (
            f"{name} misses {', '.join(missing)}: "
            f"{kind} needs {', '.join(required)}, got {', '.join(header)}"
        )
        raise ValueError(msg)
    documented = required | {column.name: column for column in RESERVED.get((domain, kind), ())}
    columns = [_Column(column, documented.get(column)) for column in header]
    _read(name, rows, columns, frozenset(required))
    prose = [column for column in columns if column.documented is None and column.is_prose]
    textual = None
    if kind is DatasetType.ITEMS and prose:
        textual = max(prose, key=lambda column: column.words / column.values)
    return [column.as_field(textual=column is textual) for column in columns]


def _read(name: str, rows: Reader, columns: list[_Column], required: frozenset[str]) -> None:
    """Take in every row.

    Raises:
        ValueError: If there is none, or one that cannot be imported.
    """
    for row in filter(None, rows):  # the last line is often blank
        if len(row) != len(columns):
            msg = f"{name}, line {rows.line_num}: {len(columns)} columns expected, got {len(row)}"
            raise ValueError(msg)
        for column, value in zip(columns, row, strict=True):
            problem = column.add(value)
            if value == "" and column.name in required:
                problem = f"{column.name} must not be empty"
            if problem:
                msg = f"{name}, line {rows.line_num}: {problem}"
                raise ValueError(msg)
    if not columns[0].values + columns[0].empty:
        msg = f"{name} has a header and no rows"
        raise ValueError(msg)


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
