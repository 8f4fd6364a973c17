"""Dead letters: records that can never be sent, kept whole for a person to look at."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.observability import logger
from personalize_runtime.retries import Deadline, GivenUpError, OutOfTimeError
from personalize_runtime.service_errors import client_error, code_of
from personalize_runtime.stream import StreamRecord

_SEND = "SendMessageBatch"
_MAX_MESSAGES = 10
# Queues take more today (1 MiB), but this much every queue takes, alone and as a batch.
MAX_BYTES = 256 * 1024
# What is kept of a record that is too large for a message; an event has at most 10 KB.
KEPT_BYTES = 128 * 1024
_MAX_REASON_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record, and why it cannot be sent."""

    record: StreamRecord
    reason: str

    def body(self) -> str:
        """Return the letter with its record, as ASCII JSON: all that SQS is sure to take.

        A letter begins with its reason: by that the function knows one that is put on the stream
        again.
        """
        return self._body(**_readable(self.record.data))

    def body_of_object(self, bucket: str, key: str) -> str:
        """Return the letter without its record, which lies in a bucket."""
        return self._body(object={"bucket": bucket, "key": key}, **self._size())

    def truncated_body(self) -> str:
        """Return the letter with the beginning of its record."""
        kept = base64.b64encode(self.record.data[:KEPT_BYTES]).decode()
        return self._body(data=kept, encoding="base64", truncated=self._size())

    def _size(self) -> dict[str, object]:
        data = self.record.data
        return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    def _body(self, **more: object) -> str:
        reason = self.reason[:_MAX_REASON_LENGTH]
        return json.dumps({"reason": reason, **more, "position": self.record.position.document()})


def _readable(data: bytes) -> dict[str, str]:
    try:
        return {"data": data.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"data": base64.b64encode(data).decode(), "encoding": "base64"}


@dataclass(frozen=True, slots=True)
class DeadLetterBucket:
    """Where the records lie that are too large for a message.

    Attributes:
        client: Amazon S3.
        name: The bucket.
        prefix: What the keys begin with.
    """

    client: AwsClient
    name: str
    prefix: str

    def put(self, record: StreamRecord) -> str:
        """Put a record into the bucket, and return its key: the same each time."""
        key = f"{self.prefix}{record.position.id}"
        self.client.put_object(self.name, key, record.data)
        return key


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """The queue that holds the dead letters.

    Attributes:
        client: Amazon SQS.
        queue_url: The queue.
        bucket: Where records go that no message holds (default: they are truncated).
    """

    client: AwsClient
    queue_url: str
    bucket: DeadLetterBucket | None = None

    def put(self, letters: Sequence[DeadLetter], deadline: Deadline) -> int:
        """Put letters into the queue, in order, and return how many of the first ones are in it.

        It stops at the first that cannot be put, since whatever follows that is read again.
        """
        delivered = 0
        for bodies in _batches(self._body(letter, deadline) for letter in letters):
            taken = self._put_batch(bodies, deadline) if bodies else 0
            delivered += taken
            if taken < len(bodies):
                break
        return delivered

    def _body(self, letter: DeadLetter, deadline: Deadline) -> str | None:
        """Return the text of a message, or None if the record finds no place."""
        body = letter.body()
        if len(body) <= MAX_BYTES:
            return body
        bucket = self.bucket
        if bucket is None:
            return letter.truncated_body()
        with _told("the bucket of the dead letters takes nothing"):
            key = deadline.retry(lambda: bucket.put(letter.record))
            return letter.body_of_object(bucket.name, key)
        return None

    def _put_batch(self, bodies: Sequence[str], deadline: Deadline) -> int:
        waiting = {
            str(number): {"Id": str(number), "MessageBody": body}
            for number, body in enumerate(bodies)
        }

        def put() -> None:
            answer = self.client.rpc(
                f"AmazonSQS.{_SEND}",
                {"QueueUrl": self.queue_url, "Entries": list(waiting.values())},
                json_version="1.0",
            )
            for sent in answer.get("Successful") or []:
                waiting.pop(sent["Id"])
            if failed := answer.get("Failed"):
                first = min(failed, key=lambda failure: int(failure["Id"]))
                status = 400 if first["SenderFault"] else 500
                message = first.get("Message", "")
                raise client_error(_SEND, first["Code"], message, status)

        with _told("the dead-letter queue takes no messages"):
            deadline.retry(put)
        return min((int(number) for number in waiting), default=len(bodies))


@contextmanager
def _told(trouble: str) -> Iterator[None]:
    """Log why a call did not succeed, and go on."""
    try:
        yield
    except OutOfTimeError:
        logger.error("no time was left to put all dead letters away")
    except GivenUpError as error:
        logger.error(trouble, extra={"cause": code_of(error.__cause__)})


def _batches(bodies: Iterable[str | None]) -> Iterator[list[str]]:
    """Divide messages into calls, up to the first that is none."""
    batch: list[str] = []
    size = 0
    for body in bodies:
        if body is None:
            break
        if batch and (len(batch) == _MAX_MESSAGES or size + len(body) > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += len(body)
    if batch:
        yield batch
