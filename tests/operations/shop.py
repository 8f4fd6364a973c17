"""The ingestion of a shop on local AWS: its stream, its function's code, its dead letters."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from event_ingest import dead_letters
from event_ingest.destinations import Destination
from event_ingest.ingestion import settle
from personalize_operations.aws import Services
from personalize_operations.dead_letter_queue import DeadLetterQueue
from personalize_operations.replay import Replay, Request
from personalize_operations.report import Report
from personalize_operations.stream import Stream
from personalize_runtime.aws_client import AwsClient
from personalize_runtime.envelope import Entry, Kind
from personalize_runtime.pace import Pace
from personalize_runtime.retries import Deadline
from personalize_runtime.stream import Batch

VIEW = {
    "userId": "ann",
    "sessionId": "s1",
    "eventType": "view",
    "itemId": "tea",
    "sentAt": 1_700_000_000,
}


@dataclass
class Taking:
    """Takes whatever is sent, as Amazon Personalize does after a fix."""

    entries: list[Entry] = field(default_factory=list)
    pace: Pace = field(default_factory=Pace)

    def put(self, entries: Sequence[Entry]) -> None:
        self.entries += entries


@dataclass
class Shop:
    """A stream, a queue and a bucket."""

    services: Services
    stream: str
    stream_arn: str
    queue_url: str
    bucket: str

    @classmethod
    def of(cls, services: Services) -> Shop:
        name = f"shop-{uuid.uuid4().hex[:8]}"
        services.kinesis.create_stream(StreamName=name, ShardCount=1)
        services.s3.create_bucket(Bucket=name)
        stream = services.kinesis.describe_stream_summary(StreamName=name)
        return cls(
            services,
            name,
            stream["StreamDescriptionSummary"]["StreamARN"],
            services.sqs.create_queue(QueueName=name)["QueueUrl"],
            name,
        )

    def deploy(self, **outputs: str) -> str:
        """Deploy a stack with these outputs, and return its name."""
        client = self.services.cloudformation
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
        client.create_stack(StackName=self.stream, TemplateBody=json.dumps(template))
        client.get_waiter("stack_create_complete").wait(
            StackName=self.stream, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        return self.stream

    # What producers and the function do.

    def put(self, *records: bytes | Mapping[str, Any], key: str = "s1") -> None:
        """Put records on the stream."""
        data = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in records]
        self.services.kinesis.put_records(
            StreamName=self.stream,
            Records=[{"Data": each, "PartitionKey": key} for each in data],
        )

    def run_function(self, *, after: int = 0, bucket: bool = True) -> Taking:
        """Let the function's code settle the stream; return what was sent.

        Args:
            after: How many records of the stream were settled before.
            bucket: Whether there is a bucket for large dead letters.
        """
        taking = Taking()
        self.settle(self.records()[after:], {Kind.INTERACTION: taking}, bucket=bucket)
        return taking

    def settle(
        self,
        records: Sequence[Mapping[str, Any]],
        destinations: Mapping[Kind, Destination],
        *,
        bucket: bool = True,
    ) -> None:
        place = None
        if bucket:
            place = dead_letters.DeadLetterBucket(_own_client("s3"), self.bucket, "letters/")
        queue = dead_letters.DeadLetterQueue(_own_client("sqs"), self.queue_url, place)
        (batch,) = Batch.all_of({"Records": [self.as_lambda_sees(one) for one in records]})
        deadline = Deadline(lambda: 60, reserve=0, call=0)
        settled = settle(batch.records, destinations, queue, sending=deadline, settling=deadline)
        assert settled.first_unsettled is None

    def as_lambda_sees(self, record: Mapping[str, Any]) -> dict[str, Any]:
        number = record["SequenceNumber"]
        return {
            "eventSource": "aws:kinesis",
            "eventID": f"shardId-000000000000:{number}",
            "eventSourceARN": self.stream_arn,
            "kinesis": {
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": number,
                "data": base64.b64encode(record["Data"]).decode(),
                "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
            },
        }

    def records(self) -> list[Any]:
        """Everything that is on the stream."""
        kinesis = self.services.kinesis
        iterator = kinesis.get_shard_iterator(
            StreamName=self.stream,
            ShardId="shardId-000000000000",
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        found: list[Any] = kinesis.get_records(ShardIterator=iterator)["Records"]
        return found

    # What lies in the queue.

    def send(self, *bodies: str | Mapping[str, Any]) -> None:
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.services.sqs.send_message(QueueUrl=self.queue_url, MessageBody=text)

    def fail_to_deliver(self, event: Mapping[str, Any], **attributes: str) -> None:
        """Send what Amazon EventBridge sends of an event that it cannot put on the stream."""
        self.services.sqs.send_message(
            QueueUrl=self.queue_url,
            MessageBody=json.dumps(event),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )

    def give_up(self, records: Sequence[Any], **changes: object) -> None:
        """Send what the event source sends of a batch that it gives up."""
        batch = {
            "shardId": "shardId-000000000000",
            "startSequenceNumber": records[0]["SequenceNumber"],
            "endSequenceNumber": records[-1]["SequenceNumber"],
            "batchSize": len(records),
            "streamArn": self.stream_arn,
        }
        self.send(
            {
                "requestContext": {"condition": "RecordAgeExceeded"},
                "version": "1.0",
                "KinesisBatchInfo": batch | changes,
            }
        )

    def letters(self) -> list[Any]:
        """The messages that anybody can see; they stay visible."""
        sqs = self.services.sqs
        bodies = []
        while received := sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, VisibilityTimeout=600
        ).get("Messages"):
            bodies += [(one["ReceiptHandle"], one["Body"]) for one in received]
        for handle, _ in bodies:
            sqs.change_message_visibility(
                QueueUrl=self.queue_url, ReceiptHandle=handle, VisibilityTimeout=0
            )
        return [json.loads(body) for _, body in bodies]

    def held(self) -> int:
        """How many messages somebody works on."""
        answer = self.services.sqs.get_queue_attributes(
            QueueUrl=self.queue_url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"])

    # What is tested.

    def replay(self, request: Request | None = None) -> Report:
        return Replay(
            DeadLetterQueue(self.services.sqs, self.queue_url, wait_seconds=0),
            Stream.of(self.services.kinesis, self.stream),
            self.services,
            request or Request(),
        ).run()


def _own_client(service: str) -> AwsClient:
    return AwsClient.of(
        service, signing_name=service, connect_timeout=5, read_timeout=30, max_connections=2
    )
