"""Dead letters: records that can never be sent, kept whole for a person to look at."""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from personalize_runtime.observability import logger
from personalize_runtime.retries import Deadline, GivenUpError, OutOfTimeError
from personalize_runtime.service_errors import code_of
from personalize_runtime.stream import StreamRecord

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

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
        """Return the letter as ASCII JSON: all that SQS is sure to take."""
        body = self._body(**_readable(self.record.data))
        if len(body) <= MAX_BYTES:
            return body
        kept = {
            "data": base64.b64encode(self.record.data[:KEPT_BYTES]).decode(),
            "encoding": "base64",
        }
        truncated = {
            "bytes": len(self.record.data),
            "sha256": hashlib.sha256(self.record.data).hexdigest(),
        }
        return self._body(**kept, truncated=truncated)

    def _body(self, **data: object) -> str:
        record = self.record
        return json.dumps(
            {
                "reason": self.reason[:_MAX_REASON_LENGTH],
                **data,
                "position": {
                    "streamArn": record.stream_arn,
                    "shardId": record.shard_id,
                    "sequenceNumber": record.sequence_number,
                    "partitionKey": record.partition_key,
                    "arrivedAt": record.arrived_at,
                },
            }
        )


def _readable(data: bytes) -> dict[str, str]:
    try:
        return {"data": data.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"data": base64.b64encode(data).decode(), "encoding": "base64"}


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """The queue that holds the dead letters."""

    client: "SQSClient"
    queue_url: str

    def put(self, letters: Sequence[DeadLetter], deadline: Deadline) -> int:
        """Put letters into the queue, in order, and return how many of the first ones are in it.

        It stops at the first that cannot be put, since whatever follows that is read again.
        """
        delivered = 0
        for bodies in _batches([letter.body() for letter in letters]):
            taken = self._put_batch(bodies, deadline)
            delivered += taken
            if taken < len(bodies):
                break
        return delivered

    def _put_batch(self, bodies: Sequence[str], deadline: Deadline) -> int:
        waiting: dict[str, SendMessageBatchRequestEntryTypeDef] = {
            str(number): {"Id": str(number), "MessageBody": body}
            for number, body in enumerate(bodies)
        }

        def put() -> None:
            answer = self.client.send_message_batch(
                QueueUrl=self.queue_url, Entries=list(waiting.values())
            )
            for sent in answer.get("Successful", []):
                waiting.pop(sent["Id"])
            if answer.get("Failed"):
                raise _error_of(min(answer["Failed"], key=lambda failure: int(failure["Id"])))

        try:
            deadline.retry(put)
        except OutOfTimeError:
            logger.error("no time was left to put all dead letters into the queue")
        except GivenUpError as error:
            cause = code_of(error.__cause__)
            logger.error("the dead-letter queue takes no messages", extra={"cause": cause})
        return min((int(number) for number in waiting), default=len(bodies))


def _error_of(failure: "BatchResultErrorEntryTypeDef") -> ClientError:
    """Return the error of one message as if its call had failed."""
    return ClientError(
        {
            "Error": {"Code": failure["Code"], "Message": failure.get("Message", "")},
            "ResponseMetadata": {
                "HTTPStatusCode": 400 if failure["SenderFault"] else 500,
                "HTTPHeaders": {},
                "HostId": "",
                "RequestId": "",
                "RetryAttempts": 0,
            },
        },
        "SendMessageBatch",
    )


def _batches(bodies: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for body in bodies:
        if batch and (len(batch) == _MAX_MESSAGES or size + len(body) > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += len(body)
    if batch:
        yield batch
