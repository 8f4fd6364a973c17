"""Events, as producers put them on the stream and as Amazon Personalize takes them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from mypy_boto3_personalize_events.type_defs import EventTypeDef

MAX_ID_LENGTH = 256
MAX_RECOMMENDATION_ID_LENGTH = 40
MAX_PROPERTIES_LENGTH = 1024
MAX_IMPRESSION_ITEMS = 25
MAX_SOURCE_LENGTH = 1024
MAX_EVENT_BYTES = 10 * 1024

KIND = "interaction"
_FIELDS = frozenset(
    {
        "kind",
        "userId",
        "sessionId",
        "eventType",
        "itemId",
        "sentAt",
        "eventId",
        "eventValue",
        "properties",
        "recommendationId",
        "impression",
        "metricAttribution",
    }
)
# What an event says outside its properties may not be said again in them.
_RESERVED_PROPERTIES = frozenset(
    {"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"}
)
_ISO_8601 = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
# Seconds reach 1e11 in the year 5138, milliseconds passed it in 1973.
_FIRST_MILLISECOND = 1e11
_LATEST = 1e14
_MILLISECONDS = 1000


class InvalidEventError(ValueError):
    """The record is no event, and trying it again will not make it one."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that one user did, ready to be sent.

    Attributes:
        user_id: Who did it, unless nobody knows yet.
        session_id: The visit that it was part of.
        body: The event as an entry of `PutEvents`.
    """

    user_id: str | None
    session_id: str
    body: "EventTypeDef"

    @classmethod
    def parse(cls, data: bytes, *, default_event_id: str) -> Self:
        """Read an event from the bytes of a record.

        Args:
            data: One JSON object in UTF-8.
            default_event_id: The id of an event whose producer gave none. It has to be the same
                each time that the record is read, since repeats are known by it.

        Raises:
            InvalidEventError: If the data is no event within the limits of Amazon Personalize.
        """
        record = _decode(data)
        kind = record.get("kind", KIND)
        if kind != KIND:
            raise _invalid(field="kind", got=kind, allowed=f"{KIND!r}")
        unknown = sorted(record.keys() - _FIELDS)
        if unknown:
            msg = f"{_shown(unknown[0])} is no field of an event, allowed are {sorted(_FIELDS)}"
            raise InvalidEventError(msg)
        body = _body(record, default_event_id)
        size = len(_json({**body, "sentAt": 0}).encode())
        if size > MAX_EVENT_BYTES:
            msg = f"an event may have {MAX_EVENT_BYTES} bytes, got {size}"
            raise InvalidEventError(msg)
        return cls(
            user_id=_text(record, "userId") if "userId" in record else None,
            session_id=_text(record, "sessionId"),
            body=body,
        )


def _body(record: Mapping[str, Any], default_event_id: str) -> "EventTypeDef":
    body: EventTypeDef = {
        "eventType": _text(record, "eventType"),
        "sentAt": _sent_at(_required(record, "sentAt")),
        "eventId": _text(record, "eventId") if "eventId" in record else default_event_id,
    }
    if "itemId" in record:
        body["itemId"] = _text(record, "itemId")
    if "recommendationId" in record:
        body["recommendationId"] = _text(
            record, "recommendationId", longest=MAX_RECOMMENDATION_ID_LENGTH
        )
    if "eventValue" in record:
        body["eventValue"] = _number(record["eventValue"])
    if "impression" in record:
        body["impression"] = _impression(record["impression"])
    if "metricAttribution" in record:
        body["metricAttribution"] = {"eventAttributionSource": _source(record["metricAttribution"])}
    if record.get("properties", {}) != {}:
        body["properties"] = _properties(record["properties"])
    return body


def _decode(data: bytes) -> dict[str, Any]:
    try:
        text = data.decode()
        record = json.loads(text, parse_constant=_refuse_constant)
        # JSON may escape half a character, which cannot be sent as UTF-8.
        _json(record).encode()
    except UnicodeEncodeError as error:
        msg = "the record escapes half a character (a lone surrogate)"
        raise InvalidEventError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"the record is not UTF-8: {error.reason} at byte {error.start}"
        raise InvalidEventError(msg) from error
    except RecursionError as error:
        msg = "the record is nested too deeply"
        raise InvalidEventError(msg) from error
    except ValueError as error:
        msg = f"the record is not JSON: {error}"
        raise InvalidEventError(msg) from error
    if not isinstance(record, dict):
        msg = f"the record must be a JSON object, got {_shown(record)}"
        raise InvalidEventError(msg)
    # Many producers write null for what they do not know.
    return {name: value for name, value in record.items() if value is not None}


def _refuse_constant(constant: str) -> float:
    msg = f"{constant} is no JSON"
    raise ValueError(msg)


def _required(record: Mapping[str, Any], field: str) -> object:
    if field not in record:
        msg = f"{field} is missing, got {_shown(sorted(record))}"
        raise InvalidEventError(msg)
    value: object = record[field]
    return value


def _text(record: Mapping[str, Any], field: str, longest: int = MAX_ID_LENGTH) -> str:
    return _checked_text(field, _required(record, field), longest)


def _checked_text(field: str, value: object, longest: int = MAX_ID_LENGTH) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise _invalid(field=field, got=value, allowed=f"a string of 1 to {longest} characters")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _invalid(field="eventValue", got=value, allowed="a number")
    try:
        return float(value)
    except OverflowError as error:
        raise _invalid(
            field="eventValue", got=value, allowed="a number that fits a float"
        ) from error


def _sent_at(value: object) -> datetime:
    """Read a time in seconds or milliseconds since 1970, or in ISO 8601 (without offset: UTC)."""
    time = _iso_8601(value) if isinstance(value, str) else value
    if isinstance(time, bool) or not isinstance(time, int | float) or not 0 < time < _LATEST:
        allowed = "seconds or milliseconds since 1970, or a date and time in ISO 8601"
        raise _invalid(field="sentAt", got=value, allowed=allowed)
    seconds = time if time < _FIRST_MILLISECOND else time / _MILLISECONDS
    return datetime.fromtimestamp(seconds, tz=UTC)


def _iso_8601(text: str) -> float | None:
    if not _ISO_8601.match(text):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    return seconds if seconds < _FIRST_MILLISECOND else None


def _impression(value: object) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_IMPRESSION_ITEMS:
        raise _invalid(
            field="impression", got=value, allowed=f"a list of 1 to {MAX_IMPRESSION_ITEMS} item ids"
        )
    return [_checked_text("impression", item) for item in value]


def _source(value: object) -> str:
    """Read who gets the credit for an event: printable ASCII with something in it."""
    field = "metricAttribution.eventAttributionSource"
    if not isinstance(value, dict) or value.keys() != {"eventAttributionSource"}:
        raise _invalid(
            field="metricAttribution",
            got=value,
            allowed="an object with eventAttributionSource alone",
        )
    source = _checked_text(field, value["eventAttributionSource"], MAX_SOURCE_LENGTH)
    if not (source.isascii() and source.isprintable() and source.strip()):
        raise _invalid(field=field, got=source, allowed="printable ASCII that is not blank")
    return source


def _properties(value: object) -> str:
    if not isinstance(value, dict):
        raise _invalid(field="properties", got=value, allowed="an object")
    for name in value:
        if name.lower() in _RESERVED_PROPERTIES:
            msg = f"properties must not hold {_shown(name)}, which is a field of the event"
            raise InvalidEventError(msg)
    text = _json(value)
    if len(text) > MAX_PROPERTIES_LENGTH:
        msg = f"properties must be {MAX_PROPERTIES_LENGTH} characters of JSON, got {len(text)}"
        raise InvalidEventError(msg)
    return text


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _invalid(*, field: str, got: object, allowed: str) -> InvalidEventError:
    return InvalidEventError(f"{field} must be {allowed}, got {_shown(got)}")


def _shown(value: object) -> str:
    """Return a value as JSON, short enough to read."""
    text = json.dumps(value)
    longest = 80
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text)} characters)"
