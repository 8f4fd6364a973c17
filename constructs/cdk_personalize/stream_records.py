"""What producers put on the stream of an `EventIngestion`, one JSON object a record, as types.

They are for producers in Python, and need neither the CDK nor boto3:

```python
import json
from cdk_personalize.stream_records import InteractionRecord

view: InteractionRecord = {
    "userId": "17850",
    "sessionId": "s-1",
    "eventType": "View",
    "itemId": "22423",
    "sentAt": 1795300000,
}
kinesis.put_record(StreamName=stream, PartitionKey=view["sessionId"], Data=json.dumps(view))
```

`docs/events.schema.json` says the same, with all limits, for every language.
"""

from typing import Any, Literal, NotRequired, TypedDict

Timestamp = int | float | str
"""Seconds or milliseconds since 1970, or a date and time in ISO 8601 (UTC without offset)."""


class MetricAttributionSource(TypedDict):
    """Who gets the credit for an event: printable ASCII, up to 1,024 characters."""

    eventAttributionSource: str


class InteractionRecord(TypedDict):
    """A user did something with an item (`PutEvents`)."""

    kind: NotRequired[Literal["interaction"]]
    sessionId: str
    eventType: str
    sentAt: Timestamp
    userId: NotRequired[str]
    itemId: NotRequired[str]
    eventId: NotRequired[str]
    eventValue: NotRequired[float]
    recommendationId: NotRequired[str]
    impression: NotRequired[list[str]]
    properties: NotRequired[dict[str, Any]]
    metricAttribution: NotRequired[MetricAttributionSource]


class ItemRecord(TypedDict):
    """An item is new, or has other properties (`PutItems`)."""

    kind: Literal["item"]
    itemId: str
    properties: NotRequired[dict[str, Any]]


class UserRecord(TypedDict):
    """A user is new, or has other properties (`PutUsers`)."""

    kind: Literal["user"]
    userId: str
    properties: NotRequired[dict[str, Any]]


class ActionRecord(TypedDict):
    """An action is new, or has other properties (`PutActions`)."""

    kind: Literal["action"]
    actionId: str
    properties: NotRequired[dict[str, Any]]


class ActionInteractionRecord(TypedDict):
    """A user saw an action, took it, or did not take it (`PutActionInteractions`)."""

    kind: Literal["actionInteraction"]
    actionId: str
    sessionId: str
    eventType: Literal["Viewed", "Taken", "Not Taken"]
    sentAt: Timestamp
    userId: NotRequired[str]
    eventId: NotRequired[str]
    recommendationId: NotRequired[str]
    impression: NotRequired[list[str]]
    properties: NotRequired[dict[str, Any]]


StreamRecord = InteractionRecord | ItemRecord | UserRecord | ActionRecord | ActionInteractionRecord
"""A record of the stream."""
