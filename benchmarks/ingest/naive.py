"""The usual handler: one call a record, one after the other, with boto3 as it comes."""

import base64
import json
import os
from typing import Any

import boto3

personalize_events = boto3.client("personalize-events")


def handler(event: dict[str, Any], _: object) -> None:
    """Send each record."""
    for record in event["Records"]:
        data = json.loads(base64.b64decode(record["kinesis"]["data"]))
        personalize_events.put_events(
            trackingId=os.environ["TRACKING_ID"],
            userId=data["userId"],
            sessionId=data["sessionId"],
            eventList=[
                {
                    "eventId": data["eventId"],
                    "eventType": data["eventType"],
                    "itemId": data["itemId"],
                    "sentAt": data["sentAt"],
                    "properties": json.dumps(data["properties"]),
                }
            ],
        )
