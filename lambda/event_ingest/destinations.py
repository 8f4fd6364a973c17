"""Where the entries of each kind go: the five operations of the Events API, ten entries a call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.envelope import Entry, Kind
from personalize_runtime.pace import Pace

MAX_ENTRIES = 10
# The developer guide's quotas have 10 calls a second for each of PutItems, PutUsers and PutActions.
_SINGLE_RECORD_RATE = 10.0


class Destination(Protocol):
    """Takes the entries of one kind."""

    @property
    def pace(self) -> Pace:
        """The rate of its calls."""
        ...

    def put(self, entries: Sequence[Entry]) -> None:
        """Send up to ten entries in one call."""
        ...


@dataclass(frozen=True)
class EventTracker:
    """The event tracker of a dataset group, open for writing."""

    client: AwsClient
    tracking_id: str
    pace: Pace = field(default_factory=Pace)

    def put(self, entries: Sequence[Entry]) -> None:
        """Send up to ten interactions of one user in one session, in one call."""
        first = entries[0]
        body: dict[str, Any] = {"trackingId": self.tracking_id, "sessionId": first.key}
        if first.user_id is not None:
            body["userId"] = first.user_id
        body["eventList"] = [entry.body for entry in entries]
        self.client.rest("PutEvents", "/events", body)


@dataclass(frozen=True)
class ActionInteractions:
    """A dataset of action interactions, open for writing by its own tracking id."""

    client: AwsClient
    tracking_id: str
    pace: Pace = field(default_factory=Pace)

    def put(self, entries: Sequence[Entry]) -> None:
        """Send up to ten action interactions, of any session, in one call."""
        body = {
            "trackingId": self.tracking_id,
            "actionInteractions": [entry.body for entry in entries],
        }
        self.client.rest("PutActionInteractions", "/action-interactions", body)


@dataclass(frozen=True)
class SingleRecords:
    """A dataset of items, users or actions, open for writing."""

    client: AwsClient
    kind: Kind
    dataset_arn: str
    pace: Pace = field(default_factory=lambda: Pace(_SINGLE_RECORD_RATE))

    def put(self, entries: Sequence[Entry]) -> None:
        """Send up to ten items, users or actions, none of them twice, in one call."""
        plural = f"{self.kind}s"
        body = {"datasetArn": self.dataset_arn, plural: [entry.body for entry in entries]}
        self.client.rest(f"Put{plural.capitalize()}", f"/{plural}", body)
