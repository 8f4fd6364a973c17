"""What producers put on the stream: five kinds of record, one JSON object each.

The limits are those of the Events API (`PutEvents`, `PutItems`, `PutUsers`, `PutActions` and
`PutActionInteractions`) and, for the size of an event, of the developer guide's page on quotas.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from personalize_runtime.adapters import adapted
from personalize_runtime.fields import (
    Field,
    InvalidRecordError,
    ItemIds,
    JsonSchema,
    MetricAttributionSource,
    Number,
    Properties,
    Text,
    Time,
    given,
    invalid,
    shown,
)
from personalize_runtime.strict_json import json_of, read_json

MAX_EVENT_BYTES = 10 * 1024
MAX_EVENT_PROPERTIES_LENGTH = 1024


class Kind(StrEnum):
    """What a record tells of; a record that does not say so is an interaction."""

    INTERACTION = "interaction"
    ITEM = "item"
    USER = "user"
    ACTION = "action"
    ACTION_INTERACTION = "actionInteraction"

    @property
    def is_event(self) -> bool:
        """Whether it is something that happened, in a session at a time."""
        return self in {Kind.INTERACTION, Kind.ACTION_INTERACTION}


@dataclass(frozen=True)
class Form:
    """The fields of one kind of record.

    Attributes:
        description: What such a record tells.
        key: The field by whose value records have to stay in order.
        required: The fields that a record must have.
        optional: The fields that it may have besides.
    """

    description: str
    key: str
    required: Mapping[str, Field]
    optional: Mapping[str, Field]

    @cached_property
    def fields(self) -> dict[str, Field]:
        """All fields, the required ones first."""
        return {**self.required, **self.optional}

    def read(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a record as Amazon Personalize takes them.

        Raises:
            InvalidRecordError: If a field is missing, unknown, or holds what it may not hold.
        """
        fields = self.fields
        for name in record:
            if name not in fields and name != "kind":
                allowed = sorted([*fields, "kind"])
                msg = f"{shown(name)} is no field of this kind of record, allowed are {allowed}"
                raise InvalidRecordError(msg)
        for name in self.required:
            if name not in record:
                msg = f"{name} is missing, got {shown(sorted(record))}"
                raise InvalidRecordError(msg)
        return {
            name: field.read(name, record[name]) for name, field in fields.items() if name in record
        }


_EVENT_FIELDS: dict[str, Field] = {
    "userId": Text(),
    "eventId": Text(),
    "recommendationId": Text(longest=40),
    "impression": ItemIds(most=25),
    "properties": Properties(longest=MAX_EVENT_PROPERTIES_LENGTH),
}
FORMS: Mapping[Kind, Form] = {
    Kind.INTERACTION: Form(
        description="A user did something with an item.",
        key="sessionId",
        required={"sessionId": Text(), "eventType": Text(), "sentAt": Time()},
        optional={
            "itemId": Text(),
            "eventValue": Number(),
            "metricAttribution": MetricAttributionSource(longest=1024),
            **_EVENT_FIELDS,
        },
    ),
    Kind.ITEM: Form(
        description="An item is new, or has other properties.",
        key="itemId",
        required={"itemId": Text()},
        optional={"properties": Properties(longest=32_000)},
    ),
    Kind.USER: Form(
        description="A user is new, or has other properties.",
        key="userId",
        required={"userId": Text()},
        optional={"properties": Properties(longest=24_000)},
    ),
    Kind.ACTION: Form(
        description="An action is new, or has other properties.",
        key="actionId",
        required={"actionId": Text()},
        optional={"properties": Properties(longest=32_000)},
    ),
    Kind.ACTION_INTERACTION: Form(
        description="A user saw an action, took it, or did not take it.",
        key="sessionId",
        required={
            "actionId": Text(),
            "sessionId": Text(),
            "eventType": Text(allowed=("Viewed", "Taken", "Not Taken")),
            "sentAt": Time(),
        },
        optional=_EVENT_FIELDS,
    ),
}
# A session of interactions is told of once in a call, and not in each of its events.
_TOLD_ONCE = ("sessionId", "userId")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to tell Amazon Personalize, ready to be sent.

    Attributes:
        kind: What it tells of.
        key: The session, or the id of the item, user or action: entries of one key stay in order.
        user_id: Who did it, if it is an event of somebody who is known.
        body: The entry of the call's list.
    """

    kind: Kind
    key: str
    user_id: str | None
    body: dict[str, Any]

    @classmethod
    def read(cls, record: Mapping[str, Any], *, default_event_id: str) -> Self:
        """Read an entry from a record of one of the five kinds.

        Args:
            record: The record, without nulls.
            default_event_id: The id of an event whose producer gave none. It has to be the same
                each time that the record is read, since repeats are known by it.

        Raises:
            InvalidRecordError: If the record is none within the limits of Amazon Personalize.
        """
        kind = _kind(record)
        form = FORMS[kind]
        body = form.read(record)
        key, user_id = body[form.key], None
        if body.get("properties") == "{}":
            del body["properties"]
        if kind.is_event:
            body.setdefault("eventId", default_event_id)
            user_id = body.get("userId")
        if kind is Kind.INTERACTION:
            body = {name: value for name, value in body.items() if name not in _TOLD_ONCE}
        elif kind is Kind.ACTION_INTERACTION:
            body["timestamp"] = body.pop("sentAt")
        if kind.is_event and (size := len(json_of(body).encode())) > MAX_EVENT_BYTES:
            msg = f"an event may have {MAX_EVENT_BYTES} bytes, got {size}"
            raise InvalidRecordError(msg)
        return cls(kind, key, user_id, body)


def entries(data: bytes, *, default_event_id: str) -> list[Entry]:
    """Read what the bytes of a record tell.

    Args:
        data: One JSON object in UTF-8: a record of one of the five kinds, or one of a form that
            `adapters` knows.
        default_event_id: The id of an event whose producer gave none.

    Raises:
        InvalidRecordError: If the data is no such object, or breaks a limit.
    """
    records = adapted(_decode(data))
    several = len(records) > 1
    return [
        Entry.read(
            given(record),
            default_event_id=f"{default_event_id}:{number}" if several else default_event_id,
        )
        for number, record in enumerate(records)
    ]


def json_schema() -> JsonSchema:
    """Return the schema of a record (draft 2020-12), for producers in any language."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A record of the stream of cdk-personalize",
        "anyOf": [{"$ref": f"#/$defs/{kind}"} for kind in FORMS],
        "$defs": {kind.value: _form_schema(kind, form) for kind, form in FORMS.items()},
    }


def _form_schema(kind: Kind, form: Form) -> JsonSchema:
    named = [] if kind is Kind.INTERACTION else ["kind"]
    return {
        "description": form.description,
        "type": "object",
        "properties": {
            "kind": {"const": kind.value},
            **{name: field.json_schema() for name, field in form.fields.items()},
        },
        "required": [*named, *form.required],
        "additionalProperties": False,
    }


def _kind(record: Mapping[str, Any]) -> Kind:
    kind = record.get("kind", Kind.INTERACTION.value)
    try:
        return Kind(kind)
    except ValueError as error:
        raise invalid(field="kind", got=kind, allowed=f"one of {', '.join(Kind)}") from error


def _decode(data: bytes) -> dict[str, Any]:
    try:
        record = read_json(data.decode())
    except UnicodeEncodeError as error:
        msg = "the record escapes half a character (a lone surrogate)"
        raise InvalidRecordError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"the record is not UTF-8: {error.reason} at byte {error.start}"
        raise InvalidRecordError(msg) from error
    except RecursionError as error:
        msg = "the record is nested too deeply"
        raise InvalidRecordError(msg) from error
    except ValueError as error:
        msg = f"the record is not JSON: {error}"
        raise InvalidRecordError(msg) from error
    if not isinstance(record, dict):
        msg = f"the record must be a JSON object, got {shown(record)}"
        raise InvalidRecordError(msg)
    return given(record)
