"""The records of a stream, as a function receives them: of Kinesis, or of a topic of Kafka."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

KINESIS = "aws:kinesis"
KAFKA = "aws:kafka"
_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands; no other record stands there.

    Attributes:
        stream_arn: The stream, or the cluster of the topic.
        shard_id: The shard, or the topic and its partition.
        sequence_number: The sequence number, or the offset.
        partition_key: What the producer spread the records by.
        arrived_at: When the record came, in seconds since 1970.
    """

    stream_arn: str
    shard_id: str
    sequence_number: str
    partition_key: str = ""
    arrived_at: float | None = None

    @property
    def id(self) -> str:
        """An id of the position, the same each time that the record is read."""
        position = f"{self.stream_arn}:{self.shard_id}:{self.sequence_number}"
        return hashlib.sha256(position.encode(errors="backslashreplace")).hexdigest()[:32]

    def document(self) -> dict[str, Any]:
        """Return the position as a dead letter has it."""
        return {
            "streamArn": self.stream_arn,
            "shardId": self.shard_id,
            "sequenceNumber": self.sequence_number,
            "partitionKey": self.partition_key,
            "arrivedAt": self.arrived_at,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """Read the position of a dead letter."""
        return cls(
            stream_arn=document["streamArn"],
            shard_id=document["shardId"],
            sequence_number=document["sequenceNumber"],
            partition_key=document["partitionKey"],
            arrived_at=document["arrivedAt"],
        )


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """One record.

    Attributes:
        data: What the producer put.
        position: Where it stands, or stood before it was replayed.
        identifier: What its batch is told if it has to come again.
    """

    data: bytes
    position: Position
    identifier: str | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one shard or partition, in order."""

    records: Sequence[StreamRecord]

    @classmethod
    def all_of(cls, event: Mapping[str, Any]) -> list[Self]:
        """Read the event that Lambda hands to a function: the records of a shard, or of a topic."""
        if event.get("eventSource") == KAFKA:
            arn = event.get("eventSourceArn", "")
            return [
                cls([_of_kafka(record, arn) for record in records])
                for records in event["records"].values()
            ]
        return [cls([_of_kinesis(record) for record in event["Records"]])]


def _of_kinesis(record: Mapping[str, Any]) -> StreamRecord:
    kinesis = record["kinesis"]
    shard_id, _, _ = record.get("eventID", "").rpartition(":")
    position = Position(
        stream_arn=record.get("eventSourceARN", ""),
        shard_id=shard_id,
        sequence_number=kinesis["sequenceNumber"],
        partition_key=kinesis.get("partitionKey", ""),
        arrived_at=kinesis.get("approximateArrivalTimestamp"),
    )
    return _record(base64.b64decode(kinesis["data"]), position, position.sequence_number)


def _of_kafka(record: Mapping[str, Any], cluster_arn: str) -> StreamRecord:
    partition = f"{record['topic']}-{record['partition']}"
    key = base64.b64decode(record.get("key") or "")
    timestamp = record.get("timestamp")
    position = Position(
        stream_arn=cluster_arn,
        shard_id=partition,
        sequence_number=str(record["offset"]),
        partition_key=key.decode(errors="replace"),
        arrived_at=timestamp / _MILLISECONDS if timestamp is not None else None,
    )
    identifier = {"partition": partition, "offset": record["offset"]}
    # A record without a value is a tombstone of a compacted topic.
    return _record(base64.b64decode(record.get("value") or ""), position, identifier)


def _record(data: bytes, position: Position, identifier: str | dict[str, Any]) -> StreamRecord:
    """Return a record, or the one that a replayed dead letter holds.

    That one keeps the position which it had at first, so that its events keep their ids: they are
    known as repeats however often it is replayed.
    """
    try:
        letter = json.loads(data) if data.startswith(b'{"reason":') else None
        if letter is not None and letter["data"] is not None:
            return StreamRecord(
                data_of(letter), Position.of_document(letter["position"]), identifier
            )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass  # not a letter of ours, so a record like any other
    return StreamRecord(data, position, identifier)


def told_by(data: bytes) -> bytes:
    """Return what a record tells: its data, or that of the record in a replayed dead letter."""
    return _record(data, Position("", "", ""), "").data


def data_of(letter: Mapping[str, Any]) -> bytes:
    """Return the data of the record that a dead letter is about."""
    text: str = letter["data"]
    return base64.b64decode(text) if letter["encoding"] == "base64" else text.encode()
