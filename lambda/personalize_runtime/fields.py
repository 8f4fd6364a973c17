"""The fields of what producers put on the stream: how each is read, and how JSON Schema says it.

A field is declared once; `read` checks a value and returns it as Amazon Personalize takes it, and
`json_schema` tells producers the same.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from personalize_runtime.strict_json import json_of

_ISO_8601 = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
# Seconds reach 1e11 in the year 5138, milliseconds passed it in 1973.
_FIRST_MILLISECOND = 1e11
_LATEST = 1e14
_MILLISECONDS = 1000
# What an event says outside its properties may not be said again in them.
_RESERVED_PROPERTIES = frozenset(
    {"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"}
)

JsonSchema = dict[str, Any]


class InvalidRecordError(ValueError):
    """The record is none that can be sent, and trying it again will not make it one."""


class Field(Protocol):
    """What a field may hold."""

    def read(self, name: str, value: object) -> object:
        """Return a value as Amazon Personalize takes it.

        Args:
            name: The name of the field, for the error.
            value: What a producer gave.

        Raises:
            InvalidRecordError: If the field may not hold the value.
        """
        ...

    def json_schema(self) -> JsonSchema:
        """Return what the field may hold, as JSON Schema (draft 2020-12)."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is not empty.

    Attributes:
        longest: Its length in characters, at most.
        allowed: The texts that it may be (default: any); capital letters and the space between
            two words make no difference.
    """

    longest: int = 256
    allowed: tuple[str, ...] = ()

    def read(self, name: str, value: object) -> str:
        """Return the text as it is, or the one of `allowed` that it stands for."""
        if not isinstance(value, str) or not 1 <= len(value) <= self.longest:
            raise invalid(
                field=name, got=value, allowed=f"a string of 1 to {self.longest} characters"
            )
        if not self.allowed:
            return value
        for text in self.allowed:
            if _plain(text) == _plain(value):
                return text
        raise invalid(field=name, got=value, allowed=f"one of {', '.join(self.allowed)}")

    def json_schema(self) -> JsonSchema:
        """Return the schema of the text."""
        if self.allowed:
            return {"type": "string", "enum": list(self.allowed)}
        return {"type": "string", "minLength": 1, "maxLength": self.longest}


@dataclass(frozen=True, slots=True)
class Number:
    """A number that fits a float."""

    def read(self, name: str, value: object) -> float:
        """Return the number as a float."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid(field=name, got=value, allowed="a number")
        try:
            return float(value)
        except OverflowError as error:
            raise invalid(field=name, got=value, allowed="a number that fits a float") from error

    def json_schema(self) -> JsonSchema:
        """Return the schema of the number."""
        return {"type": "number"}


@dataclass(frozen=True, slots=True)
class Time:
    """A time in seconds or milliseconds since 1970, or in ISO 8601 (without offset: UTC)."""

    def read(self, name: str, value: object) -> int:
        """Return whole seconds since 1970, which is all that the service keeps."""
        time = _iso_8601(value) if isinstance(value, str) else value
        if isinstance(time, bool) or not isinstance(time, int | float) or not 0 < time < _LATEST:
            allowed = "seconds or milliseconds since 1970, or a date and time in ISO 8601"
            raise invalid(field=name, got=value, allowed=allowed)
        return int(time if time < _FIRST_MILLISECOND else time / _MILLISECONDS)

    def json_schema(self) -> JsonSchema:
        """Return the schema of the time."""
        return {
            "description": (
                "When it happened: seconds or milliseconds since 1970, or a date and time in"
                " ISO 8601 (UTC, unless it tells an offset)."
            ),
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": _LATEST},
                {"type": "string", "pattern": f"^{_ISO_8601.pattern}"},
            ],
        }


@dataclass(frozen=True, slots=True)
class ItemIds:
    """Ids of the items that a user was shown.

    Attributes:
        most: How many there may be.
    """

    most: int

    def read(self, name: str, value: object) -> list[str]:
        """Return the ids."""
        if not isinstance(value, list) or not 1 <= len(value) <= self.most:
            raise invalid(field=name, got=value, allowed=f"a list of 1 to {self.most} item ids")
        return [Text().read(name, item) for item in value]

    def json_schema(self) -> JsonSchema:
        """Return the schema of the ids."""
        items = Text().json_schema()
        return {"type": "array", "items": items, "minItems": 1, "maxItems": self.most}


@dataclass(frozen=True, slots=True)
class MetricAttributionSource:
    """An object that says who gets the credit for an event: printable ASCII with something in it.

    Attributes:
        longest: The length of the source in characters, at most.
    """

    longest: int

    def read(self, name: str, value: object) -> dict[str, str]:
        """Return the object."""
        member = "eventAttributionSource"
        if not isinstance(value, dict) or value.keys() != {member}:
            raise invalid(field=name, got=value, allowed=f"an object with {member} alone")
        source = Text(self.longest).read(f"{name}.{member}", value[member])
        if not (source.isascii() and source.isprintable() and source.strip()):
            raise invalid(
                field=f"{name}.{member}", got=source, allowed="printable ASCII that is not blank"
            )
        return {member: source}

    def json_schema(self) -> JsonSchema:
        """Return the schema of the object."""
        source = {
            "type": "string",
            "maxLength": self.longest,
            "pattern": "^[\\x20-\\x7E]*[\\x21-\\x7E][\\x20-\\x7E]*$",
        }
        return {
            "type": "object",
            "properties": {"eventAttributionSource": source},
            "required": ["eventAttributionSource"],
            "additionalProperties": False,
        }


@dataclass(frozen=True, slots=True)
class Properties:
    """An object with the columns of the schema, their names in camel case.

    Attributes:
        longest: Its length as JSON without spaces, in characters, at most.
    """

    longest: int

    def read(self, name: str, value: object) -> str:
        """Return the object as text, which is how the service takes it."""
        if not isinstance(value, dict):
            raise invalid(field=name, got=value, allowed="an object")
        for key in value:
            if key.lower() in _RESERVED_PROPERTIES:
                msg = f"{name} must not hold {shown(key)}, which is a field of the event"
                raise InvalidRecordError(msg)
        text = json_of(value)
        if len(text) > self.longest:
            msg = f"{name} must be {self.longest} characters of JSON, got {len(text)}"
            raise InvalidRecordError(msg)
        return text

    def json_schema(self) -> JsonSchema:
        """Return the schema of the object."""
        reserved = "|".join(
            "".join(f"[{letter}{letter.upper()}]" for letter in name)
            for name in sorted(_RESERVED_PROPERTIES)
        )
        return {
            "description": (
                "The columns of the schema that have no field of their own, in camel case:"
                " numberOfRatings for NUMBER_OF_RATINGS."
                f" As JSON without spaces it has at most {self.longest} characters."
            ),
            "type": "object",
            "propertyNames": {"not": {"pattern": f"^({reserved})$"}},
        }


def invalid(*, field: str, got: object, allowed: str) -> InvalidRecordError:
    """Return the error of a field that holds something it may not hold."""
    return InvalidRecordError(f"{field} must be {allowed}, got {shown(got)}")


def shown(value: object) -> str:
    """Return a value as JSON, short enough to read."""
    text = json.dumps(value)
    longest = 80
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text)} characters)"


def given(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record without its nulls: many producers write null for what they do not know."""
    return {name: value for name, value in record.items() if value is not None}


def _plain(text: str) -> str:
    return text.lower().replace("_", " ")


def _iso_8601(text: str) -> float | None:
    if not _ISO_8601.match(text):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    return seconds if seconds < _FIRST_MILLISECOND else None
