"""CSV files of a bucket read against the schema of their dataset.

Whatever is wrong fails the import job with a reason that names the file, the line, the column, what
is there and what is allowed. A million rows take a few seconds: values are converted by the column,
and only a column that does not convert is looked through for the culprit.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cdk_personalize.avro_schema import AvroSchema, SchemaField
from personalize_emulator.bulk.csv_format import read_rows
from personalize_emulator.bulk.files import BulkFile
from personalize_emulator.data.columns import Column, Numbers, Table, Texts
from personalize_emulator.errors import JobFailedError
from personalize_emulator.quotas import Quotas

_ROWS_AT_ONCE = 10_000

_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

_NUMBER_LETTERS = frozenset("0123456789+-.eE")
_LARGEST = 2**63

_EXPECTED = {
    "long": "a whole number (timestamps are epoch seconds)",
    "int": "a whole number",
    "float": "a number",
    "double": "a number",
    "boolean": "true or false",
}

_CHINESE_OR_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")

_IDENTIFIERS = ("USER_ID", "ITEM_ID", "ACTION_ID")


def read_csv(files: Iterable[BulkFile], schema: AvroSchema, quotas: Quotas) -> Table:
    """Read CSV files.

    Args:
        files: The files.
        schema: The schema of the dataset.
        quotas: The lengths that texts may have.

    Raises:
        JobFailedError: Something is wrong with a file or a value.
    """
    builders = {field.name: _builder(field, schema, quotas) for field in schema.fields}
    for file in files:
        _read_file(file.path, file.body, builders)
    return Table({name: builder.column() for name, builder in builders.items()})


def _read_file(path: str, body: bytes, builders: dict[str, _Builder]) -> None:
    """Read one file into the columns."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        msg = f"{path}, line {line}: got bytes that are no UTF-8 ({error.reason})"
        raise JobFailedError(msg) from error
    rows = 0
    reader = read_rows(text)
    try:
        header = _header(path, reader, builders)
        while chunk := list(islice(reader, _ROWS_AT_ONCE)):
            try:
                _take(chunk, header, builders)
            except _BadRowError as bad:
                msg = f"{path}, line {_line(text, rows + bad.row)}, {bad}"
                raise JobFailedError(msg) from bad
            rows += len(chunk)
    except csv.Error as error:
        msg = f"{path}, line {reader.line_num}: it cannot be read as CSV: {error}"
        raise JobFailedError(msg) from error
    if rows == 0:
        msg = f"{path} is empty: it has a header and no rows"
        raise JobFailedError(msg)


def _header(path: str, reader: Iterator[list[str]], builders: dict[str, _Builder]) -> list[str]:
    header = next(reader, None)
    if not header:
        msg = f"{path} is empty: it has no header"
        raise JobFailedError(msg)
    counts = Counter(header)
    findings = [
        *(f"misses the column {name}" for name in builders if name not in counts),
        *(f"has the column {name!r} twice" for name, times in counts.items() if times > 1),
        *(f"has the column {name!r} of no schema" for name in counts if name not in builders),
    ]
    if findings:
        allowed = ", ".join(builders)
        msg = f"{path}, line 1: the header {' and '.join(findings)}; the schema has {allowed}"
        raise JobFailedError(msg)
    return header


def _take(chunk: list[list[str]], header: list[str], builders: dict[str, _Builder]) -> None:
    width = len(header)
    if any(len(row) != width for row in chunk):
        number, row = next((n, row) for n, row in enumerate(chunk) if len(row) != width)
        raise _BadRowError(number, f"got {len(row)} values, the header has {width} columns")
    for name, values in zip(header, zip(*chunk, strict=True), strict=True):
        try:
            builders[name].take(values)
        except _BadValueError as bad:
            got = repr(bad.value) if bad.value else "nothing"
            message = f"column {name}: got {got}, expected {bad.expected}"
            raise _BadRowError(bad.row, message) from bad


def _line(text: str, row: int) -> int:
    """Return the line on which a row ends; quoted values may hold line breaks."""
    reader = read_rows(text)
    next(islice(reader, row + 1, None))
    return reader.line_num


class _BadRowError(Exception):
    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row


class _BadValueError(Exception):
    def __init__(self, row: int, value: str, expected: str) -> None:
        super().__init__(value)
        self.row = row
        self.value = value
        self.expected = expected


class _Builder(Protocol):
    """Gathers a column, some rows at a time."""

    def take(self, values: Sequence[str]) -> None:
        """Add rows; raise _BadValueError for the first that is not allowed."""
        ...

    def column(self) -> Column:
        """Return the whole column."""
        ...


def _builder(field: SchemaField, schema: AvroSchema, quotas: Quotas) -> _Builder:
    if field.type not in {"string", "boolean"}:
        return _NumberBuilder(field)
    if field.textual:
        return _ProseBuilder(field, quotas)
    is_id = field.name in _IDENTIFIERS
    longest = quotas.id_length if is_id else quotas.categorical_length
    return _TextBuilder(field, longest, reserved=frozenset(schema.documented))


class _TextBuilder:
    """A column of text, or of booleans, which the service never looks at."""

    def __init__(
        self, field: SchemaField, longest: int | None, *, reserved: frozenset[str] = frozenset()
    ) -> None:
        self._field = field
        self._longest = longest
        self._reserved = reserved
        self._codes = _Numbered()
        self._chunks: list[NDArray[np.int32]] = []

    def take(self, values: Sequence[str]) -> None:
        known = len(self._codes)
        codes = np.fromiter(map(self._codes.__getitem__, values), np.int32, len(values))
        for text in islice(self._codes, known, None):
            self._check(text, values)
        if not self._field.nullable and not codes.all():  # the empty text has the number 0
            raise _BadValueError(values.index(""), "", "a value: the column is not nullable")
        self._chunks.append(codes)

    def column(self) -> Texts:
        # Without the empty text, which is null.
        return Texts(np.concatenate(self._chunks) - np.int32(1), list(self._codes)[1:])

    def _check(self, text: str, values: Sequence[str]) -> None:
        if self._field.type == "boolean" and text.lower() not in {"true", "false"}:
            raise _BadValueError(values.index(text), text, _EXPECTED["boolean"])
        if self._longest is not None and len(text) > self._longest:
            expected = f"at most {self._longest} characters"
            raise _BadValueError(values.index(text), f"{text[:50]}...", expected)
        # "The keywords can't be in your data", says the guide's page how-it-works-dataset-schema.
        if text in self._reserved:
            expected = "a value: the names of required and reserved columns are keywords"
            raise _BadValueError(values.index(text), text, expected)


class _ProseBuilder(_TextBuilder):
    """A textual column: what is too long is cut off, as the guide's page items-datasets says.

    How the service tells Chinese and Japanese from other languages is not documented; here it is by
    whether half of a text is in their characters.
    """

    def __init__(self, field: SchemaField, quotas: Quotas) -> None:
        super().__init__(field, None)
        self._longest_text = quotas.textual_length
        self._longest_cjk_text = quotas.textual_length_in_chinese_or_japanese

    def column(self) -> Texts:
        column = super().column()
        return Texts(column.codes, [self._cut(text) for text in column.vocabulary])

    def _cut(self, text: str) -> str:
        if self._longest_cjk_text is not None and len(text) > self._longest_cjk_text:
            characters = len(_CHINESE_OR_JAPANESE.findall(text))
            if 2 * characters >= len(text):
                return text[: self._longest_cjk_text]
        return text[: self._longest_text]


class _Numbered(dict[str, int]):
    """Numbers texts in the order of their first appearance; the empty one comes first."""

    def __init__(self) -> None:
        super().__init__({"": 0})

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


class _NumberBuilder:
    """A column of numbers."""

    def __init__(self, field: SchemaField) -> None:
        self._field = field
        self._whole = field.type in {"int", "long"}
        self._pattern = _WHOLE if self._whole else _REAL
        self._chunks: list[Numbers] = []

    def take(self, values: Sequence[str]) -> None:
        given = [value for value in values if value] if self._field.nullable else values
        numbers = self._numbers(given)
        if numbers is None:
            row = next(row for row, value in enumerate(values) if self._is_bad(value))
            raise _BadValueError(row, values[row], _EXPECTED[self._field.type])
        if self._field.nullable:
            spread = np.full(len(values), np.nan)
            spread[[bool(value) for value in values]] = numbers
            self._chunks.append(spread)
        else:
            self._chunks.append(numbers)

    def column(self) -> Numbers:
        return np.concatenate(self._chunks)

    def _numbers(self, values: Sequence[str]) -> Numbers | None:
        """Return the numbers, None if one of the values is none."""
        # Python reads more than the service does: "1_000", " 7", "nan", digits of other scripts.
        if not _NUMBER_LETTERS.issuperset("".join(values)):
            return None
        try:
            if self._whole:
                return np.fromiter(map(int, values), np.int64, len(values))
            return np.fromiter(map(float, values), np.float64, len(values))
        except (ValueError, OverflowError):
            return None

    def _is_bad(self, value: str) -> bool:
        if not value:
            return not self._field.nullable
        if not self._pattern.fullmatch(value):
            return True
        return self._whole and not -_LARGEST <= int(value) < _LARGEST
