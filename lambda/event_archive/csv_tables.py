"""What records tell, as rows of the CSV files that Amazon Personalize imports.

An import fails as a whole at the first row that it cannot read, so a row is written only if it can
be read. The form is that of the developer guide: a record on a single line, quotes and backslashes
escaped by a backslash (its pages data-prep-importing and items-datasets), texts of at most 1,000
characters, and none that is a keyword (its pages limits and how-it-works-dataset-schema).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from personalize_runtime.envelope import Entry, Kind

_LONGEST_TEXT = 1000
_BITS = {"int": 31, "long": 63}
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\r": " ", "\n": " ", "\0": " "})
# Between the parts of a column, of two columns, and after the type of one that may be null.
_TYPE = ":"
_NEXT = ","
_NULLABLE = "?"


class NoRowError(ValueError):
    """What a record tells is no row of its dataset; the message quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a dataset.

    Attributes:
        name: Its name.
        type: Its type in the schema, or `prose` for a textual one.
        nullable: Whether a value may be missing.
        property: What it is called among the properties of a record.
    """

    name: str
    type: str
    nullable: bool
    property: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a column from `NAME:type`, with a `?` at the end if it is nullable."""
        name, _, written = text.partition(_TYPE)
        first, *others = name.lower().split("_")
        camel = first + "".join(word.capitalize() for word in others)
        return cls(name, written.removesuffix(_NULLABLE), written.endswith(_NULLABLE), camel)

    def write(self, value: object, keywords: frozenset[str]) -> str:
        """Return a value as CSV.

        Args:
            value: The value; None if there is none.
            keywords: Texts that no value may be.

        Raises:
            NoRowError: If the column cannot hold it.
        """
        if value is None or value == "":
            if self.nullable:
                return ""
            msg = f"{self.name} is missing"
            raise NoRowError(msg)
        match self.type:
            case "prose":
                written = _quoted(value)
            case "string":
                written = _quoted(value, longest=_LONGEST_TEXT, keywords=keywords)
            case "boolean":
                written = json.dumps(value) if isinstance(value, bool) else None
            case "int" | "long":
                written = _whole(value, bits=_BITS[self.type])
            case _:
                written = _number(value)
        if written is None:
            msg = f"{self.name} is no {self.type} that can be imported"
            raise NoRowError(msg)
        return written


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a dataset.

    Attributes:
        columns: The columns, in the order of the schema.
        keywords: Texts that are no values: the names of columns that the service knows.
    """

    columns: tuple[Column, ...]
    keywords: frozenset[str]

    @classmethod
    def all_of(cls, document: str) -> dict[str, Self]:
        """Read the tables of the datasets, by folder, as the stack has written them."""
        return {
            folder: cls(
                tuple(Column.parse(column) for column in written["columns"].split(_NEXT)),
                frozenset(written["keywords"].split(_NEXT)),
            )
            for folder, written in json.loads(document).items()
        }

    @property
    def header(self) -> str:
        """The first line of a file, whose names are in no quotes."""
        return ",".join(column.name for column in self.columns)

    def row(self, entry: Entry) -> str:
        """Return what an entry tells as the line of a file.

        Raises:
            NoRowError: If the dataset cannot hold it.
        """
        told = _told(entry)
        properties = json.loads(entry.body.get("properties", "{}"))
        return ",".join(
            column.write(
                _first(told.get(column.name), properties.get(column.property)), self.keywords
            )
            for column in self.columns
        )


def _told(entry: Entry) -> dict[str, Any]:
    """Return what an entry tells beside its properties, by column."""
    body = entry.body
    match entry.kind:
        case Kind.ITEM:
            return {"ITEM_ID": entry.key}
        case Kind.USER:
            return {"USER_ID": entry.key}
        case Kind.ACTION:
            return {"ACTION_ID": entry.key}
    event = {
        "USER_ID": entry.user_id,
        "EVENT_TYPE": body["eventType"],
        "IMPRESSION": _impression(body.get("impression", ())),
        "RECOMMENDATION_ID": body.get("recommendationId"),
    }
    if entry.kind is Kind.ACTION_INTERACTION:
        # PutActionInteractions takes "Not Taken", an import takes NOT_TAKEN.
        event_type = body["eventType"].upper().replace(" ", "_")
        return event | {
            "ACTION_ID": body["actionId"],
            "EVENT_TYPE": event_type,
            "TIMESTAMP": body["timestamp"],
        }
    return event | {
        "ITEM_ID": body.get("itemId"),
        "TIMESTAMP": body["sentAt"],
        "EVENT_VALUE": body.get("eventValue"),
        "EVENT_ATTRIBUTION_SOURCE": body.get("metricAttribution", {}).get("eventAttributionSource"),
    }


def _impression(items: Sequence[str]) -> str:
    """Return as many of the items as a column holds; an event may tell more of them."""
    shown = ""
    for item in items:
        longer = f"{shown}|{item}" if shown else item
        if len(longer) > _LONGEST_TEXT:
            break
        shown = longer
    return shown


def _first(*values: object) -> object:
    return next((value for value in values if value is not None), None)


def _quoted(
    value: object, *, longest: int | None = None, keywords: frozenset[str] = frozenset()
) -> str | None:
    if isinstance(value, list | dict):
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    if text in keywords or (longest is not None and len(text) > longest):
        return None
    return f'"{text.translate(_ESCAPED)}"'


def _whole(value: object, *, bits: int) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return str(value) if -(2**bits) <= value < 2**bits else None


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return repr(number) if math.isfinite(number) else None
