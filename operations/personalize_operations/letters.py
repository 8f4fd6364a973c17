"""What the messages of a dead-letter queue tell: a record and why it was refused, or where it is.

The function that reads the stream writes three kinds of dead letter: with the record in it, with
the record in a bucket, and, where there is no bucket, with the beginning of the record. The event
source itself writes a fourth kind, about a batch that it gave up: it names the records only. A
fifth is from Amazon EventBridge: the event of a bus that could not be put on the stream.
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

# By this the function knows a record that is a letter.
_START = b'{"reason":'
_MAX_KEY_LENGTH = 256
_ID_LENGTH = 32
EVENT_BRIDGE_ATTRIBUTES = ("ERROR_CODE", "ERROR_MESSAGE")
"""The attributes of a message in which Amazon EventBridge says what went wrong."""


class NoLetterError(ValueError):
    """The text is no dead letter."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it is put on a stream."""

    data: bytes
    partition_key: str

    @property
    def size(self) -> int:
        """What the limits of a stream count."""
        return len(self.data) + len(self.partition_key.encode())


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stood at first. Its events get their ids from it, so it is never changed."""

    stream_arn: str
    shard_id: str
    sequence_number: str
    partition_key: str
    arrived_at: float | None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read the position of a letter.

        Raises:
            NoLetterError: If it is none.
        """
        arrived_at = document.get("arrivedAt")
        if arrived_at is not None and not _is_number(arrived_at):
            msg = f"arrivedAt must be a number, got {arrived_at!r}"
            raise NoLetterError(msg)
        return cls(
            stream_arn=_text(document, "streamArn"),
            shard_id=_text(document, "shardId"),
            sequence_number=_text(document, "sequenceNumber"),
            partition_key=_text(document, "partitionKey"),
            arrived_at=arrived_at,
        )

    def document(self) -> dict[str, Any]:
        """Return the position as a letter has it."""
        return {
            "streamArn": self.stream_arn,
            "shardId": self.shard_id,
            "sequenceNumber": self.sequence_number,
            "partitionKey": self.partition_key,
            "arrivedAt": self.arrived_at,
        }

    @property
    def key(self) -> str:
        """The partition key to put the record with again.

        A stream takes keys of 1 to 256 characters. A record of a topic may have had none, or a
        longer one: it gets a key of its own, or one that is the same for the same long key.
        """
        if 0 < len(self.partition_key) <= _MAX_KEY_LENGTH:
            return self.partition_key
        place = f"{self.stream_arn}:{self.shard_id}:{self.sequence_number}"
        return hashlib.sha256((self.partition_key or place).encode()).hexdigest()[:_ID_LENGTH]


@dataclass(frozen=True, slots=True)
class Letter:
    """A record, why it was refused, and where it stood."""

    reason: str
    data: bytes
    position: Position

    @classmethod
    def of_record(cls, data: bytes) -> Self:
        """Read a letter that was put on the stream before.

        Raises:
            NoLetterError: If it is a record like any other.
        """
        if not data.startswith(_START):
            msg = "a letter begins with its reason"
            raise NoLetterError(msg)
        letter = read(data.decode(errors="surrogateescape"))
        if not isinstance(letter, cls):
            msg = "a letter on the stream has its record in it"
            raise NoLetterError(msg)
        return letter

    def record(self) -> Record:
        """Return the letter as a record, in ASCII: by the text of its record, or shorter."""
        encoded = {"data": base64.b64encode(self.data).decode(), "encoding": "base64"}
        forms = [encoded]
        with suppress(UnicodeDecodeError):
            forms.insert(0, {"data": self.data.decode(), "encoding": "utf-8"})
        return Record(min(map(self._body, forms), key=len), self.position.key)

    def _body(self, data: Mapping[str, str]) -> bytes:
        letter = {"reason": self.reason, **data, "position": self.position.document()}
        return json.dumps(letter).encode()


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A letter whose record lies in a bucket, since no message holds it."""

    reason: str
    bucket: str
    key: str
    size: int
    sha256: str
    position: Position

    @property
    def uri(self) -> str:
        """Where the record lies."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class TruncatedLetter:
    """A letter with the beginning of a record: the rest is nowhere."""

    reason: str
    size: int
    position: Position


@dataclass(frozen=True, slots=True)
class DiscardedBatch:
    """Records that the event source gave up: where they stand, or stood.

    Attributes:
        reason: Why.
        stream_arn: The stream.
        shard_id: The shard.
        first: The first sequence number.
        last: The last sequence number.
        size: How many records the batch had. There may be more between the first and the last, of
            other batches, where several of one shard are read side by side.
    """

    reason: str
    stream_arn: str
    shard_id: str
    first: str
    last: str
    size: int

    @property
    def place(self) -> str:
        """Where the records stand, in words."""
        stream = self.stream_arn.rpartition("/")[2]
        return f"{stream} {self.shard_id} {self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class UndeliveredEvent:
    """An event of a bus that never was on the stream; repeats are known by its own id."""

    reason: str
    record: Record


Content = Letter | StoredLetter | TruncatedLetter | DiscardedBatch | UndeliveredEvent


def read(body: str, attributes: Mapping[str, str] | None = None) -> Content:
    """Read a message.

    Args:
        body: What it says.
        attributes: What Amazon EventBridge says besides.

    Raises:
        NoLetterError: If it is no letter.
    """
    try:
        letter = json.loads(body)
    except (ValueError, RecursionError) as error:
        msg = f"it is not JSON: {error}"
        raise NoLetterError(msg) from error
    if not isinstance(letter, dict):
        msg = "it is no JSON object"
        raise NoLetterError(msg)
    if "KinesisBatchInfo" in letter:
        return _discarded_batch(letter)
    if "detail-type" in letter:
        return _undelivered_event(body, letter, attributes or {})
    reason = _text(letter, "reason")
    position = Position.read(_object(letter, "position"))
    if "truncated" in letter:
        return TruncatedLetter(reason, _count(_object(letter, "truncated"), "bytes"), position)
    if "object" in letter:
        place = _object(letter, "object")
        return StoredLetter(
            reason,
            bucket=_text(place, "bucket"),
            key=_text(place, "key"),
            size=_count(letter, "bytes"),
            sha256=_text(letter, "sha256"),
            position=position,
        )
    return Letter(reason, _data(letter), position)


def _discarded_batch(message: Mapping[str, Any]) -> DiscardedBatch:
    batch = _object(message, "KinesisBatchInfo")
    context = message.get("requestContext")
    condition = context.get("condition") if isinstance(context, dict) else None
    first, last = _text(batch, "startSequenceNumber"), _text(batch, "endSequenceNumber")
    if not (first.isdecimal() and last.isdecimal()):
        msg = f"sequence numbers are numbers, got {first!r} and {last!r}"
        raise NoLetterError(msg)
    return DiscardedBatch(
        f"the event source gave up the batch: {condition or 'it does not say why'}",
        stream_arn=_text(batch, "streamArn"),
        shard_id=_text(batch, "shardId"),
        first=first,
        last=last,
        size=_count(batch, "batchSize"),
    )


def _undelivered_event(
    body: str, event: Mapping[str, Any], attributes: Mapping[str, str]
) -> UndeliveredEvent:
    event_id, detail = _text(event, "id"), _object(event, "detail")
    # What the rule of an ingestion puts events in order by, if it is not told otherwise.
    session = detail.get("sessionId")
    key = session if isinstance(session, str) and _is_key(session) else event_id
    if not _is_key(key):
        msg = f"id must have 1 to {_MAX_KEY_LENGTH} characters, got {len(key)}"
        raise NoLetterError(msg)
    told = [attributes[name] for name in EVENT_BRIDGE_ATTRIBUTES if attributes.get(name)]
    reason = ": ".join(["Amazon EventBridge could not put the event on the stream", *told])
    return UndeliveredEvent(reason, Record(body.encode(), key))


def _data(letter: Mapping[str, Any]) -> bytes:
    data = _text(letter, "data")
    if _text(letter, "encoding") != "base64":
        return data.encode()
    try:
        return base64.b64decode(data)
    except ValueError as error:
        msg = f"data is not in base64: {error}"
        raise NoLetterError(msg) from error


def _object(letter: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = letter.get(name)
    if not isinstance(value, dict):
        msg = f"{name} must be an object, got {value!r:.40}"
        raise NoLetterError(msg)
    return value


def _text(letter: Mapping[str, Any], name: str) -> str:
    value = letter.get(name)
    if not isinstance(value, str):
        msg = f"{name} must be a text, got {value!r:.40}"
        raise NoLetterError(msg)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        msg = f"{name} escapes half a character (a lone surrogate)"
        raise NoLetterError(msg) from error
    return value


def _count(letter: Mapping[str, Any], name: str) -> int:
    value = letter.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        msg = f"{name} must be a whole number, got {value!r:.40}"
        raise NoLetterError(msg)
    return value


def _is_key(text: str) -> bool:
    """Whether a stream takes a text as partition key."""
    return 0 < len(text) <= _MAX_KEY_LENGTH and text.isprintable()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
