"""A stream that records are put on."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError

from personalize_operations.aws import code_of
from personalize_operations.errors import CommandError
from personalize_operations.letters import Record

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

# Of PutRecords: 500 records; 5 MiB, which every Region takes (the API reference now says 10 MiB).
MAX_RECORDS = 500
MAX_BYTES = 5 * 1024 * 1024
_KIB = 1024
# What a stream takes as long as nobody asks for more by UpdateMaxRecordSize.
_DEFAULT_RECORD_KIB = 1024
_MOST_FRUITLESS_CALLS = 10
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0


class StreamFullError(Exception):
    """The stream has not taken any record for a while; the text is its reason."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream.

    Attributes:
        client: Amazon Kinesis.
        arn: The stream.
        max_record_bytes: What one record may have, its partition key counted.
        pause: Waits for some seconds.
    """

    client: "KinesisClient"
    arn: str
    max_record_bytes: int = _DEFAULT_RECORD_KIB * _KIB
    pause: Callable[[float], None] = time.sleep

    @classmethod
    def of(cls, client: "KinesisClient", name_or_arn: str) -> Self:
        """Return a stream that is there.

        Raises:
            CommandError: If there is no such stream.
        """
        try:
            if name_or_arn.startswith("arn:"):
                answer = client.describe_stream_summary(StreamARN=name_or_arn)
            else:
                answer = client.describe_stream_summary(StreamName=name_or_arn)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                msg = f"there is no stream {name_or_arn} in {client.meta.region_name}"
                raise CommandError(msg) from error
            raise
        summary = answer["StreamDescriptionSummary"]
        max_record = summary.get("MaxRecordSizeInKiB", _DEFAULT_RECORD_KIB)
        return cls(client, summary["StreamARN"], max_record * _KIB)

    def takes(self, record: Record) -> bool:
        """Whether a record is not too large."""
        return record.size <= self.max_record_bytes

    def put(self, records: Sequence[Record]) -> Iterator[list[int]]:
        """Put records; after each call, yield the places of those that are on the stream by it.

        A call takes some records and refuses others. Those are put again, after a pause at random
        that grows as long as none is taken.

        Raises:
            StreamFullError: If none was taken for a while.
        """
        for chunk in _chunks(records):
            waiting = chunk
            fruitless = 0
            while waiting:
                refused = self._put([records[place] for place in waiting])
                yield [place for number, place in enumerate(waiting) if number not in refused]
                fruitless = fruitless + 1 if len(refused) == len(waiting) else 0
                if fruitless == _MOST_FRUITLESS_CALLS:
                    raise StreamFullError(next(iter(refused.values())))
                waiting = [place for number, place in enumerate(waiting) if number in refused]
                if waiting:
                    self.pause(_pause(fruitless))

    def _put(self, records: Sequence[Record]) -> dict[int, str]:
        """Make one call; return why which of the records were refused."""
        answer = self.client.put_records(
            StreamARN=self.arn,
            Records=[{"Data": one.data, "PartitionKey": one.partition_key} for one in records],
        )
        return {
            number: result["ErrorCode"]
            for number, result in enumerate(answer["Records"])
            if result.get("ErrorCode")
        }


def _pause(fruitless: int) -> float:
    longest = min(_FIRST_PAUSE_SECONDS * 2**fruitless, _LONGEST_PAUSE_SECONDS)
    return random.uniform(0, longest)


def _chunks(records: Sequence[Record]) -> Iterator[list[int]]:
    """Divide the places of records into calls."""
    chunk: list[int] = []
    size = 0
    for place, record in enumerate(records):
        if chunk and (len(chunk) == MAX_RECORDS or size + record.size > MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(place)
        size += record.size
    if chunk:
        yield chunk
