"""The events endpoint: what users do, and single items, users and actions, as they come in."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator.attribution import Attribution
from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.data.interactions import Event
from personalize_emulator.data.recommendation_journal import RecommendationJournal
from personalize_emulator.data.records import IDENTIFIERS
from personalize_emulator.datasets import dataset_of
from personalize_emulator.errors import (
    InvalidInputError,
    ResourceInUseError,
    ResourceNotFoundError,
)
from personalize_emulator.properties import EVENT_PROPERTIES, camel_case, columns_of
from personalize_emulator.store import Document, Resource

# As bulk data has them; the guide's pages write "Not Taken", "Not taken" and "NOT_TAKEN".
_ACTION_EVENTS = ("VIEWED", "TAKEN", "NOT_TAKEN")

_LONGEST_ID = 256  # as itemId has it, which may be among the properties as well

_SHOWN = ("recommendationId", "impression", "metricAttribution")

_LATEST_MOMENT = 2**40  # in epoch seconds: far beyond any date, and below one in milliseconds


class Events:
    """The operations of `personalize-events`."""

    def __init__(self, backend: Backend) -> None:
        """Stand on the shared parts."""
        self._backend = backend
        self._store = backend.store
        self._journal = RecommendationJournal(backend.store)
        self._attribution = Attribution(backend)

    def put_events(self, request: Document, caller: Caller) -> Document:
        """Keep item interactions; the next recommendations know of them."""
        dataset = self._interactions(request["trackingId"], caller)
        schema = self._schema(dataset)
        events = []
        for event in request["eventList"]:
            self._require_size(event)
            columns = columns_of(
                event.get("properties"), schema, self._backend.quotas, EVENT_PROPERTIES
            )
            value = event.get("eventValue", columns.get("EVENT_VALUE"))
            events.append(
                _event(
                    event,
                    session_id=request["sessionId"],
                    user_id=request.get("userId"),
                    item_id=_text(event, "itemId", columns.get("ITEM_ID")),
                    event_type=event["eventType"],
                    event_value=_number("eventValue", value),
                    moment=_seconds(event, "sentAt"),
                    details={**self._shown(event), "columns": columns},
                )
            )
        self._backend.interactions.add_events(dataset.arn, events)
        self._attribution.expect_events(dataset)
        return {}

    def put_action_interactions(self, request: Document, caller: Caller) -> Document:
        """Keep what users did with actions; the next recommendations know of it."""
        dataset = self._action_interactions(request["trackingId"], caller)
        schema = self._schema(dataset)
        events = []
        for event in request["actionInteractions"]:
            self._require_size(event)
            event_type = event["eventType"].upper().replace(" ", "_")
            if event_type not in _ACTION_EVENTS:
                msg = f"eventType must be Viewed, Taken or Not Taken, got {event['eventType']}."
                raise InvalidInputError(msg)
            # The guide: "doesn't use impressions data from action interaction events".
            shown = {name: event[name] for name in ("recommendationId",) if name in event}
            columns = columns_of(event.get("properties"), schema, self._backend.quotas)
            events.append(
                _event(
                    event,
                    session_id=event["sessionId"],
                    user_id=event.get("userId"),
                    item_id=event["actionId"],
                    event_type=event_type,
                    event_value=None,
                    moment=_seconds(event, "timestamp"),
                    details={**shown, "columns": columns},
                )
            )
        self._backend.interactions.add_events(dataset.arn, events)
        return {}

    def put_items(self, request: Document, caller: Caller) -> Document:
        """Keep single items."""
        return self._put(request["datasetArn"], caller, DatasetType.ITEMS, request["items"])

    def put_users(self, request: Document, caller: Caller) -> Document:
        """Keep single users."""
        return self._put(request["datasetArn"], caller, DatasetType.USERS, request["users"])

    def put_actions(self, request: Document, caller: Caller) -> Document:
        """Keep single actions."""
        return self._put(request["datasetArn"], caller, DatasetType.ACTIONS, request["actions"])

    def _put(
        self, arn: str, caller: Caller, dataset_type: DatasetType, entries: list[Document]
    ) -> Document:
        dataset = self._store.get(arn)
        if dataset is None or dataset.caller != caller or dataset.kind != "dataset":
            raise ResourceNotFoundError(arn)
        if dataset.document["datasetType"] != dataset_type:
            msg = f"{arn} is a dataset of type {dataset.document['datasetType']}."
            raise InvalidInputError(msg)
        _require_active(dataset)
        schema = self._schema(dataset)
        member = camel_case(IDENTIFIERS[dataset_type])
        records = [
            (entry[member], columns_of(entry.get("properties"), schema, self._backend.quotas))
            for entry in entries
        ]
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

    def _action_interactions(self, tracking_id: str, caller: Caller) -> Resource:
        """Return the dataset whose own tracking id this is; it needs no event tracker."""
        for dataset in self._store.find("dataset", caller=caller):
            if dataset.document.get("trackingId") == tracking_id:
                _require_active(dataset)
                return dataset
        msg = f"The trackingId {tracking_id} is that of no Action interactions dataset."
        raise InvalidInputError(msg)

    def _shown(self, event: Document) -> Document:
        """What an event says of the list that the user saw, and of who gave it.

        A recommendationId stands for an impression too; one that the event names itself counts
        before it. See the developer guide's page putevents-including-impressions-data.
        """
        shown = {name: event[name] for name in _SHOWN if name in event}
        recommendation_id = event.get("recommendationId")
        if recommendation_id is not None:
            given = self._journal.get(recommendation_id)
            if given is not None:
                shown.setdefault("impression", list(given.entries))
                shown["source"] = given.source
        if "metricAttribution" in event:
            shown["source"] = event["metricAttribution"]["eventAttributionSource"]
        return shown

    def _require_size(self, event: Document) -> None:
        most = self._backend.quotas.event_bytes
        if most is None:
            return
        size = len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode())
        if size > most:
            msg = f"An event has at most {most} bytes, got {size}."
            raise InvalidInputError(msg)

    def _schema(self, dataset: Resource) -> Document:
        schema = self._store.get(dataset.document["schemaArn"])
        if schema is None:
            raise ResourceNotFoundError(dataset.document["schemaArn"])
        return schema.document


def _event(
    event: Document,
    *,
    session_id: str,
    user_id: str | None,
    item_id: str | None,
    event_type: str,
    event_value: float | None,
    moment: int,
    details: Mapping[str, Any],
) -> Event:
    text = json.dumps(details)
    said = (session_id, user_id, item_id, event_type, event_value, moment, text)
    # Of events without an id that say the same at the same time the service keeps one, as the
    # guide's pages on recording events have it: their ids are the same.
    event_id = event.get("eventId") or hashlib.blake2b(repr(said).encode(), digest_size=16)
    return Event(
        event_id=event_id if isinstance(event_id, str) else event_id.hexdigest(),
        session_id=session_id,
        user_id=user_id,
        item_id=item_id,
        event_type=event_type,
        event_value=event_value,
        sent_at=moment,
        details=text,
    )


def _seconds(event: Document, member: str) -> int:
    moment = event[member]
    if not 0 <= moment < _LATEST_MOMENT:
        msg = f"{member} must be in epoch seconds, got {moment}."
        raise InvalidInputError(msg)
    return int(moment)


def _number(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{name} must be a number, got {json.dumps(value)}."
        raise InvalidInputError(msg)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        msg = f"{name} is too large."
        raise InvalidInputError(msg)
    return number


def _text(event: Document, member: str, among_properties: object) -> str | None:
    """Return a member, or what the properties say in its place."""
    value = event.get(member, among_properties)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_ID:
        msg = f"{member} must be a string of 1 to {_LONGEST_ID} characters."
        raise InvalidInputError(msg)
    return value


def _require_active(dataset: Resource) -> None:
    if dataset.status != "ACTIVE":
        msg = f"{dataset.arn} is {dataset.status}; it must be ACTIVE."
        raise ResourceInUseError(msg)
