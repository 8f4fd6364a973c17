"""The events endpoint: what users do, and single items and users, as they come in."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.errors import (
    InvalidInputError,
    ResourceInUseError,
    ResourceNotFoundError,
)
from personalize_emulator.interactions import Event
from personalize_emulator.records import IDENTIFIERS
from personalize_emulator.resources.dataset import dataset_of
from personalize_emulator.resources.schema import parse_schema
from personalize_emulator.store import Document, Resource

# These have members of their own; the service refuses them among the properties, in any case.
_RESERVED = frozenset(
    {"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"}
)
# These have members of their own too, and may be among the properties all the same.
_EITHER = {"itemId": "ITEM_ID", "eventValue": "EVENT_VALUE"}

_DETAILS = ("recommendationId", "impression", "metricAttribution")

_LATEST_MOMENT = 2**40  # in epoch seconds: far beyond any date, and no overflow


class Events:
    """The operations of `personalize-events`."""

    def __init__(self, backend: Backend) -> None:
        """Stand on the shared parts."""
        self._backend = backend
        self._store = backend.store

    def put_events(self, request: Document, caller: Caller) -> Document:
        """Keep events; the next recommendations know of them."""
        dataset = self._interactions(request["trackingId"], caller)
        schema = self._schema(dataset)
        events = [_event(event, request, schema) for event in request["eventList"]]
        self._backend.interactions.add_events(dataset.arn, events)
        return {}

    def put_items(self, request: Document, caller: Caller) -> Document:
        """Keep single items."""
        return self._put(request["datasetArn"], caller, DatasetType.ITEMS, request["items"])

    def put_users(self, request: Document, caller: Caller) -> Document:
        """Keep single users."""
        return self._put(request["datasetArn"], caller, DatasetType.USERS, request["users"])

    def _put(
        self, arn: str, caller: Caller, dataset_type: DatasetType, entries: list[Document]
    ) -> Document:
        dataset = self._store.get(arn)
        if dataset is None or dataset.caller != caller or dataset.kind != "dataset":
            raise ResourceNotFoundError(arn)
        if dataset.document["datasetType"] != dataset_type:
            msg = f"{arn} is a dataset of type {dataset.document['datasetType']}."
            raise InvalidInputError(msg)
        if dataset.status != "ACTIVE":
            msg = f"{arn} is {dataset.status}; it must be ACTIVE."
            raise ResourceInUseError(msg)
        schema = self._schema(dataset)
        identifier = IDENTIFIERS[dataset_type]
        member = _camel_case(identifier)
        records = [(entry[member], _columns(entry.get("properties"), schema)) for entry in entries]
        self._backend.records.put(arn, records, at=self._backend.now())
        return {}

    def _interactions(self, tracking_id: str, caller: Caller) -> Resource:
        """Return the dataset that the events of a tracker go to.

        PutEvents has no other error than this one, whatever is missing.
        """
        for tracker in self._store.find("event-tracker", caller=caller):
            if tracker.document["trackingId"] != tracking_id:
                continue
            if tracker.status != "ACTIVE":
                msg = f"The event tracker {tracker.arn} is {tracker.status}; it must be ACTIVE."
                raise InvalidInputError(msg)
            dataset = self._store.get(dataset_of(tracker.group_arn or "", DatasetType.INTERACTIONS))
            if dataset is None or dataset.status != "ACTIVE":
                msg = f"{tracker.group_arn} has no Interactions dataset that is ACTIVE."
                raise InvalidInputError(msg)
            return dataset
        msg = f"The trackingId {tracking_id} is unknown."
        raise InvalidInputError(msg)

    def _schema(self, dataset: Resource) -> AvroSchema:
        schema = self._store.get(dataset.document["schemaArn"])
        if schema is None:
            raise ResourceNotFoundError(dataset.document["schemaArn"])
        return parse_schema(schema.document)


def _event(event: Document, request: Document, schema: AvroSchema) -> Event:
    columns = _columns(event.get("properties"), schema, _EITHER)
    sent_at = event["sentAt"]
    if not 0 <= sent_at < _LATEST_MOMENT:
        msg = f"sentAt must be in epoch seconds, got {sent_at}."
        raise InvalidInputError(msg)
    value = event.get("eventValue", columns.get("EVENT_VALUE"))
    details = {name: event[name] for name in _DETAILS if name in event}
    details["columns"] = columns
    return Event(
        event_id=event.get("eventId") or str(uuid.uuid4()),
        session_id=request["sessionId"],
        user_id=request.get("userId"),
        item_id=event.get("itemId", columns.get("ITEM_ID")),
        event_type=event["eventType"],
        event_value=None if value is None else float(value),
        sent_at=int(sent_at),
        details=json.dumps(details),
    )


def _columns(
    properties: str | None, schema: AvroSchema, others: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return properties by the names of their columns.

    What the service says to properties that no column has is not documented; here they are refused,
    since they can only be a mistake.

    Args:
        properties: A JSON object as text.
        schema: The columns.
        others: Properties that are no columns and allowed all the same.

    Raises:
        InvalidInputError: It is no such thing, or does not fit the columns.
    """
    if properties is None:
        return {}
    try:
        given = json.loads(properties)
    except (ValueError, RecursionError) as error:
        msg = f"properties must be a JSON object: {error}."
        raise InvalidInputError(msg) from error
    if not isinstance(given, dict):
        msg = "properties must be a JSON object."
        raise InvalidInputError(msg)
    names = {_camel_case(field.name): field.name for field in schema.fields}
    names.update(others or {})
    columns: dict[str, Any] = {}
    for name, value in given.items():
        if name.lower() in _RESERVED:
            msg = f"{name} cannot be one of the properties."
            raise InvalidInputError(msg)
        if name not in names:
            msg = f"No column is called {name}; the columns are called {', '.join(names)}."
            raise InvalidInputError(msg)
        columns[names[name]] = value
        field = schema.field(names[name])
        if field is not None:
            _require_type(name, value, field)
    return columns


def _require_type(name: str, value: object, field: SchemaField) -> None:
    if value is None and field.nullable:
        return
    fits = {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "long": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "double": isinstance(value, int | float) and not isinstance(value, bool),
    }
    if not fits[field.type]:
        msg = f"The property {name} must be of type {field.type}, got {json.dumps(value)}."
        raise InvalidInputError(msg)


def _camel_case(column: str) -> str:
    """Return the name of a column among properties: numberOfRatings for NUMBER_OF_RATINGS."""
    first, *rest = column.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)
