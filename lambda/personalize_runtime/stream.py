"""The records of a Kinesis stream, as a function receives them."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """One record, and where it stands in its stream."""

    data: bytes
    partition_key: str
    stream_arn: str
    shard_id: str
    sequence_number: str
    arrived_at: float | None

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        """Read an entry of `Records` of the event that Lambda hands to a function."""
        kinesis = record["kinesis"]
        shard_id, _, _ = record.get("eventID", "").rpartition(":")
        return cls(
            data=base64.b64decode(kinesis["data"]),
            partition_key=kinesis.get("partitionKey", ""),
            stream_arn=record.get("eventSourceARN", ""),
            shard_id=shard_id,
            sequence_number=kinesis["sequenceNumber"],
            arrived_at=kinesis.get("approximateArrivalTimestamp"),
        )

    @property
    def position_id(self) -> str:
        """An id that no other record has, the same each time that this one is read."""
        position = f"{self.stream_arn}:{self.shard_id}:{self.sequence_number}"
        return hashlib.sha256(position.encode()).hexdigest()[:32]
