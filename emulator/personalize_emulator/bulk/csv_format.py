r"""CSV as the service reads and writes it.

Quotes may be doubled, as CSV has them, or escaped as the developer guide asks for ("Use the \
character to escape any double quotes or \ characters in your data", its page items-datasets). Any
other backslash stands for itself.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Reader

_BACKSLASH = re.compile(r'(\\["\\])|\\')


def read_rows(text: str) -> Reader:
    """Return a reader of the rows, which also tells the line that it is at."""
    if "\\" not in text:
        return csv.reader(io.StringIO(text, newline=""), strict=True)
    text = _BACKSLASH.sub(lambda match: match[1] or r"\\", text)
    return csv.reader(io.StringIO(text, newline=""), strict=True, escapechar="\\")


def write_rows(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the rows as lines; `read_rows` reads them back."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    for row in rows:
        writer.writerow([value.replace("\\", r"\\") for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
