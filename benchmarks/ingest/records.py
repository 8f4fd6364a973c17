"""The records of a stream, which tell of many sessions at once."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

_STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/events"
_ARRIVED_AT = 1_700_000_000


def kinesis_record(
    number: int, partition_key: str, data: bytes, *, shard: int = 0
) -> dict[str, Any]:
    """Return a record as a function gets it; its sequence number is its number."""
    return {
        "eventSource": "aws:kinesis",
        "eventID": f"shardId-{shard:012}:{number}",
        "eventSourceARN": _STREAM_ARN,
        "kinesis": {
            "partitionKey": partition_key,
            "sequenceNumber": str(number),
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": _ARRIVED_AT + number / 1000,
        },
    }


def shop_event(number: int, session: str) -> dict[str, Any]:
    """Return what a user did in a session."""
    return {
        "userId": f"user of {session}",
        "sessionId": session,
        "eventId": f"event-{number}",
        "eventType": "view",
        "itemId": f"item-{number}",
        "sentAt": _ARRIVED_AT + number // 1000,
        "eventValue": 9.5,
        "properties": {"device": "phone"},
    }


def kinesis_batch(*, records: int, sessions: int) -> Iterator[dict[str, Any]]:
    """Yield the records of a batch in which each session did several things, in turns."""
    for number in range(records):
        session = f"session-{number % sessions}"
        data = json.dumps(shop_event(number, session)).encode()
        yield kinesis_record(number, session, data)
