"""Clients of AWS that never reach it: botocore's Stubber answers for the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.stub import Stubber

from personalize_operations.aws import Services
from personalize_operations.dead_letter_queue import DeadLetterQueue
from personalize_operations.replay import Replay, Request
from personalize_operations.stream import Stream

QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/letters"
STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/shop"
NEW_YEAR = "Thu, 01 Jan 2026 00:00:00 GMT"


@dataclass
class Offline:
    """A replay whose calls are expected in this order, with these answers."""

    services: Services
    sqs: Stubber
    kinesis: Stubber
    s3: Stubber

    def replay(self, request: Request | None = None, **options: Any) -> Replay:
        return Replay(
            DeadLetterQueue(self.services.sqs, QUEUE_URL),
            Stream(self.services.kinesis, STREAM_ARN, pause=lambda _: None),
            self.services,
            request or Request(),
            **options,
        )

    def receives(self, *bodies: str, most: int = 10, at: str = NEW_YEAR) -> None:
        self.sqs.add_response(
            "receive_message",
            {
                "Messages": [
                    {
                        "MessageId": f"m{number}",
                        "ReceiptHandle": f"h{number}",
                        "Body": body,
                        "Attributes": {"SentTimestamp": "1700000000000"},
                    }
                    for number, body in enumerate(bodies)
                ],
                "ResponseMetadata": {"HTTPHeaders": {"date": at}},
            },
            {
                "QueueUrl": QUEUE_URL,
                "MaxNumberOfMessages": most,
                "VisibilityTimeout": 600,
                "WaitTimeSeconds": 1,
                "MessageSystemAttributeNames": ["SentTimestamp"],
                "MessageAttributeNames": ("ERROR_CODE", "ERROR_MESSAGE"),
            },
        )

    def puts(self, count: int, *, refused: Sequence[int] = ()) -> None:
        """Expect a call with some records, of which those at these places are refused."""
        code = "ProvisionedThroughputExceededException"
        self.kinesis.add_response(
            "put_records",
            {
                **({"FailedRecordCount": len(refused)} if refused else {}),
                "Records": [
                    {"ErrorCode": code, "ErrorMessage": "slow down"}
                    if place in refused
                    else {"SequenceNumber": "1", "ShardId": "shard"}
                    for place in range(count)
                ],
            },
        )

    def deletes(self, *numbers: int, failed: Sequence[int] = ()) -> None:
        """Expect messages to be deleted, of which those at these places are not."""
        entries = [{"Id": str(n), "ReceiptHandle": f"h{m}"} for n, m in enumerate(numbers)]
        self.sqs.add_response(
            "delete_message_batch",
            {
                "Successful": [{"Id": str(n)} for n in range(len(numbers)) if n not in failed],
                "Failed": [{"Id": str(n), "SenderFault": False, "Code": "Busy"} for n in failed],
            },
            {"QueueUrl": QUEUE_URL, "Entries": entries},
        )

    def changes_visibility(self, *numbers: int, to: int) -> None:
        entries = [
            {"Id": str(n), "ReceiptHandle": f"h{m}", "VisibilityTimeout": to}
            for n, m in enumerate(numbers)
        ]
        self.sqs.add_response(
            "change_message_visibility_batch",
            {"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []},
            {"QueueUrl": QUEUE_URL, "Entries": entries},
        )

    def all_happened(self) -> None:
        for stubber in (self.sqs, self.kinesis, self.s3):
            stubber.assert_no_pending_responses()
