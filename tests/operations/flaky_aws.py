"""A queue and a stream in memory that refuse and break as a pattern says.

It has the few calls that a replay makes, with the promises that AWS makes of them: a message that
is received is out of sight for a while, one that is deleted is gone, a call to the stream may take
some records and refuse others, and any call may break before or after it did its work.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from personalize_operations.aws import Services
from personalize_operations.dead_letter_queue import DeadLetterQueue
from personalize_operations.replay import Replay, Request
from personalize_operations.stream import Stream

STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/shop"


class CrashError(BaseException):
    """The process ends here, and nothing of it runs any more."""


@dataclass
class _Stored:
    body: str
    visible_at: float = 0.0
    handle: str = ""


@dataclass
class FlakyAws:
    """Amazon SQS and Amazon Kinesis, with one queue and one stream.

    Attributes:
        letters: The messages of the queue.
        refusals: For each record that is put whether it is refused; after the last none is.
        crashes: For each process that breaks, in which call, and whether that had done its work.
        call_seconds: How long a call takes.
    """

    letters: Sequence[str]
    refusals: Iterable[bool] = ()
    crashes: Iterable[tuple[int, bool]] = ()
    call_seconds: float = 1
    on_stream: list[bytes] = field(default_factory=list)
    put_sizes: list[tuple[int, int]] = field(default_factory=list)
    now: float = 0.0
    is_dead: bool = False

    def __post_init__(self) -> None:
        self.queue = {f"m{number}": _Stored(body) for number, body in enumerate(self.letters)}
        self._refused = itertools.chain(self.refusals, itertools.repeat(False))
        self._crashes = iter(self.crashes)
        self._handles = itertools.count()
        self._next_crash()

    def run(self, request: Request | None = None) -> Replay:
        """Run a replay, in a process of its own, until it ends or crashes."""
        self.is_dead = False
        for stored in self.queue.values():
            stored.handle = ""
        fake: Any = self
        replay = Replay(
            DeadLetterQueue(fake, "queue", now=lambda: self.now),
            Stream(fake, STREAM_ARN, pause=self.wait),
            cast("Services", None),
            request or Request(),
        )
        try:
            replay.run()
        except CrashError:
            self.wait(3600)  # what was held comes back by itself
            self._next_crash()
        return replay

    def wait(self, seconds: float) -> None:
        self.now += seconds

    @property
    def visible(self) -> list[str]:
        return [each for each, one in self.queue.items() if one.visible_at <= self.now]

    # The calls, by the names that boto3 gives them.

    def receive_message(self, **given: Any) -> dict[str, Any]:
        with _Call(self):
            received = []
            for message_id in self.visible[: given["MaxNumberOfMessages"]]:
                stored = self.queue[message_id]
                stored.visible_at = self.now + given["VisibilityTimeout"]
                stored.handle = f"h{next(self._handles)}"
                received.append(
                    {
                        "MessageId": message_id,
                        "ReceiptHandle": stored.handle,
                        "Body": stored.body,
                        "Attributes": {"SentTimestamp": "0"},
                    }
                )
            if not received:
                self.wait(given["WaitTimeSeconds"])
        return {"Messages": received, "ResponseMetadata": {}}

    def delete_message_batch(self, **given: Any) -> dict[str, Any]:
        with _Call(self):
            for entry in given["Entries"]:
                self._assert_replayed(self.queue.pop(self._id_of(entry)).body)
        return {"Successful": given["Entries"]}

    def change_message_visibility_batch(self, **given: Any) -> dict[str, Any]:
        with _Call(self):
            for entry in given["Entries"]:
                stored = self.queue[self._id_of(entry)]
                stored.visible_at = self.now + entry["VisibilityTimeout"]
        return {"Successful": given["Entries"]}

    def put_records(self, **given: Any) -> dict[str, Any]:
        results = []
        with _Call(self):
            held = [one for one in self.queue.values() if one.handle]
            assert all(one.visible_at > self.now for one in held), "others see what is worked on"
            records = given["Records"]
            size = sum(len(each["Data"]) + len(each["PartitionKey"]) for each in records)
            self.put_sizes.append((len(records), size))
            for record in records:
                if next(self._refused):
                    results.append({"ErrorCode": "ProvisionedThroughputExceededException"})
                else:
                    self.on_stream.append(record["Data"])
                    results.append({"SequenceNumber": str(len(self.on_stream))})
        return {"Records": results}

    def _id_of(self, entry: dict[str, Any]) -> str:
        return next(
            each for each, one in self.queue.items() if one.handle == entry["ReceiptHandle"]
        )

    def _assert_replayed(self, body: str) -> None:
        assert body.encode() in self.on_stream, "a message was deleted before its record was put"

    def _next_crash(self) -> None:
        self._calls_left, self._breaks_after = next(self._crashes, (-1, False))


@dataclass
class _Call:
    """One call, which takes a moment, and may be the last of its process."""

    aws: FlakyAws

    def __enter__(self) -> None:
        aws = self.aws
        if aws.is_dead:
            raise CrashError
        aws.wait(aws.call_seconds)
        aws._calls_left -= 1
        if aws._calls_left == 0:
            aws.is_dead = True
            if not aws._breaks_after:
                raise CrashError

    def __exit__(self, *_: object) -> None:
        if self.aws.is_dead:
            raise CrashError
