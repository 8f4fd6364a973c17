"""The records that a message only names: they lie in a bucket, or are still on a stream."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from personalize_operations.aws import AwsError, code_of, named
from personalize_operations.errors import Cause, LeftError
from personalize_operations.letters import (
    DiscardedBatch,
    Letter,
    NoLetterError,
    Position,
    StoredLetter,
)

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import RecordTypeDef
    from mypy_boto3_s3 import S3Client

_MAX_RECORDS_OF_A_CALL = 10_000
# A shard answers five calls a second, to the function as well.
_PAUSE_SECONDS = 0.5


def fetch(client: "S3Client", letter: StoredLetter) -> Letter:
    """Return a letter with the record that lies in a bucket.

    Raises:
        LeftError: If the object cannot be read, or is another one.
    """
    try:
        with closing(client.get_object(Bucket=letter.bucket, Key=letter.key)["Body"]) as stored:
            # One byte more tells of a longer object without reading all of it.
            data = stored.read(letter.size + 1)
    except AwsError as error:
        raise LeftError(Cause.OBJECT_UNREADABLE, f"{letter.uri} ({named(error)})") from error
    if len(data) != letter.size or hashlib.sha256(data).hexdigest() != letter.sha256:
        raise LeftError(Cause.OBJECT_CHANGED, letter.uri)
    return Letter(letter.reason, data, letter.position)


@dataclass(frozen=True, slots=True)
class FoundRecords:
    """What a stream still has of a batch.

    Attributes:
        letters: Its records, as letters.
        is_complete: Whether these are all.
    """

    letters: list[Letter]
    is_complete: bool


def read_again(
    client: "KinesisClient",
    batch: DiscardedBatch,
    *,
    meanwhile: Callable[[], None],
    pause: Callable[[float], None],
) -> FoundRecords:
    """Read the records of a batch that the event source gave up, as long as the stream has them.

    Args:
        client: Amazon Kinesis.
        batch: The batch.
        meanwhile: What to do before each call.
        pause: Waits for some seconds.

    Raises:
        LeftError: If the stream or the shard is gone, or may not be read.
    """
    try:
        iterator: str | None = client.get_shard_iterator(
            StreamARN=batch.stream_arn,
            ShardId=batch.shard_id,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=batch.first,
        )["ShardIterator"]
        found: list[RecordTypeDef] = []
        while iterator and not _is_behind(found, batch):
            meanwhile()
            answer = client.get_records(
                StreamARN=batch.stream_arn, ShardIterator=iterator, Limit=_MAX_RECORDS_OF_A_CALL
            )
            found += answer["Records"]
            iterator = answer.get("NextShardIterator")
            if not answer["Records"]:
                if not answer.get("MillisBehindLatest"):
                    break
                pause(_PAUSE_SECONDS)
    except ClientError as error:
        if code_of(error) in {"ResourceNotFoundException", "InvalidArgumentException"}:
            raise LeftError(Cause.BATCH_GONE, batch.place) from error
        raise LeftError(Cause.BATCH_UNREADABLE, f"{batch.place} ({named(error)})") from error
    last = int(batch.last)
    records = [record for record in found if int(record["SequenceNumber"]) <= last]
    begins = bool(records) and records[0]["SequenceNumber"] == batch.first
    return FoundRecords(
        [_letter(record, batch) for record in records],
        is_complete=begins and len(records) >= batch.size,
    )


def _is_behind(found: "list[RecordTypeDef]", batch: DiscardedBatch) -> bool:
    return bool(found) and int(found[-1]["SequenceNumber"]) >= int(batch.last)


def _letter(record: "RecordTypeDef", batch: DiscardedBatch) -> Letter:
    """Return a record as a letter: as it is if it was replayed before, else at its position."""
    try:
        return Letter.of_record(record["Data"])
    except NoLetterError:
        position = Position(
            stream_arn=batch.stream_arn,
            shard_id=batch.shard_id,
            sequence_number=record["SequenceNumber"],
            partition_key=record["PartitionKey"],
            arrived_at=record["ApproximateArrivalTimestamp"].timestamp(),
        )
        return Letter(batch.reason, record["Data"], position)
