"""Event trackers: where the events of a dataset group come in."""

from __future__ import annotations

import uuid

from personalize_emulator.caller import Caller
from personalize_emulator.errors import ResourceAlreadyExistsError
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.store import Document


class EventTrackers(ResourceFamily):
    """The operations on event trackers."""

    kind = "event-tracker"
    create_seconds = 20.0
    delete_seconds = 20.0

    def create_event_tracker(self, request: Document, caller: Caller) -> Document:
        """Create the one event tracker of a dataset group."""
        group = self._get_active(request["datasetGroupArn"], caller, kind="dataset-group")
        for tracker in self._store.find(self.kind, group=group.arn):
            msg = f"{group.arn} already has the event tracker {tracker.arn}."
            raise ResourceAlreadyExistsError(msg)
        for tracker in self._store.find(self.kind, caller=caller, name=request["name"]):
            msg = f"Another event tracker of the name {tracker.name} already exists."
            raise ResourceAlreadyExistsError(msg)
        # Unlike all others, its ARN ends in an id.
        arn = caller.arn(f"event-tracker/{uuid.uuid4().hex[:8]}")
        tracking_id = str(uuid.uuid4())
        tags = request.pop("tags", [])
        document = {
            **request,
            "eventTrackerArn": arn,
            "accountId": caller.account,
            "trackingId": tracking_id,
        }
        self._create(arn, document, caller, name=request["name"], group=group.arn, tags=tags)
        return {"eventTrackerArn": arn, "trackingId": tracking_id}

    def describe_event_tracker(self, request: Document, caller: Caller) -> Document:
        """Describe an event tracker."""
        return {"eventTracker": self._get(request["eventTrackerArn"], caller).document}

    def list_event_trackers(self, request: Document, caller: Caller) -> Document:
        """List the event trackers, of all groups or of one."""
        parent = request.get("datasetGroupArn")
        return self._page(request, caller, "eventTrackers", parent=parent)

    def delete_event_tracker(self, request: Document, caller: Caller) -> Document:
        """Delete an event tracker; its events stay."""
        self._delete(self._get(request["eventTrackerArn"], caller))
        return {}
