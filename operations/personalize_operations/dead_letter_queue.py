"""A queue of dead letters that one run takes from: each message is handed out once.

What was received stays out of sight of others until it is deleted or released, however long the
run takes. A run that is killed leaves its messages invisible for some minutes, and no longer.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from personalize_operations.letters import EVENT_BRIDGE_ATTRIBUTES

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_MESSAGES = 10
"""What one call takes at most."""
MOST_HELD = 100_000
"""A queue gives no message away while 120,000 are in flight, and does not say so to a long poll."""
VISIBILITY_SECONDS = 600
_RENEWED_BEFORE_SECONDS = 300
_DELETE_TRIES = 3
_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was received.

    Attributes:
        id: Its id.
        body: What it says.
        sent_at: When it was sent, in seconds since 1970, by the clock of the queue.
        attributes: What Amazon EventBridge says besides.
    """

    id: str
    body: str
    sent_at: float
    attributes: Mapping[str, str]


@dataclass(slots=True)
class _Held:
    handle: str
    until: float


@dataclass(slots=True)
class DeadLetterQueue:
    """The messages of one queue, for one run.

    Attributes:
        client: Amazon SQS.
        url: The queue.
        wait_seconds: How long a call waits for a message.
        now: A clock.
    """

    client: "SQSClient"
    url: str
    wait_seconds: int = 1
    now: Callable[[], float] = time.monotonic
    opened_at: float | None = field(default=None, init=False)
    """When the first call was answered, in seconds since 1970, by the clock of the queue."""
    # The oldest is the first, also after it was renewed: then it is the last.
    _held: dict[str, _Held] = field(default_factory=dict, init=False)
    _seen: set[str] = field(default_factory=set, init=False)

    @property
    def held(self) -> int:
        """How many messages others cannot see for now."""
        return len(self._held)

    def receive(self, most: int = MAX_MESSAGES) -> list[Message]:
        """Return messages that were not handed out before, and hold them.

        A standard queue delivers at least once. A message that comes again is held again, or
        deleted again if it was.
        """
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=min(most, MAX_MESSAGES),
            VisibilityTimeout=VISIBILITY_SECONDS,
            WaitTimeSeconds=self.wait_seconds,
            MessageSystemAttributeNames=["SentTimestamp"],
            MessageAttributeNames=EVENT_BRIDGE_ATTRIBUTES,
        )
        if self.opened_at is None:
            self.opened_at = _time_of(answer["ResponseMetadata"])
        fresh, deleted = [], []
        for received in answer.get("Messages", []):
            message_id = received["MessageId"]
            if message_id in self._seen and message_id not in self._held:
                deleted.append(message_id)
            self._held.pop(message_id, None)
            self._held[message_id] = _Held(
                received["ReceiptHandle"], self.now() + VISIBILITY_SECONDS
            )
            if message_id not in self._seen:
                self._seen.add(message_id)
                sent_at = int(received["Attributes"]["SentTimestamp"]) / _MILLISECONDS
                told = received.get("MessageAttributes", {})
                attributes = {name: one.get("StringValue", "") for name, one in told.items()}
                fresh.append(Message(message_id, received["Body"], sent_at, attributes))
        self.delete(deleted)
        return fresh

    def keep(self) -> None:
        """Hold on to what would soon become visible again."""
        due = self.now() + _RENEWED_BEFORE_SECONDS
        ids = []
        for message_id, held in self._held.items():
            if held.until > due:
                break
            ids.append(message_id)
        until = self.now() + VISIBILITY_SECONDS
        self._change_visibility(ids, VISIBILITY_SECONDS)
        for message_id in ids:
            self._held[message_id] = _Held(self._held.pop(message_id).handle, until)

    def delete(self, ids: Iterable[str]) -> list[str]:
        """Delete messages that are held; return those that could not be."""
        remaining = list(ids)
        for _ in range(_DELETE_TRIES):
            remaining = [one for batch in _batches(remaining) for one in self._delete(batch)]
        return remaining

    def release(self) -> None:
        """Let others see again what is still held."""
        self._change_visibility(list(self._held), 0)
        self._held.clear()

    def _delete(self, batch: Sequence[str]) -> list[str]:
        answer = self.client.delete_message_batch(QueueUrl=self.url, Entries=self._entries(batch))
        failed = [batch[int(failure["Id"])] for failure in answer.get("Failed", [])]
        for message_id in set(batch) - set(failed):
            del self._held[message_id]
        return failed

    def _change_visibility(self, ids: Sequence[str], seconds: int) -> None:
        """Change when messages become visible; one that is so already is let go."""
        for batch in _batches(ids):
            self.client.change_message_visibility_batch(
                QueueUrl=self.url, Entries=self._entries(batch, VisibilityTimeout=seconds)
            )

    def _entries(self, ids: Sequence[str], **more: int) -> Any:  # noqa: ANN401 - of either call
        return [
            {"Id": str(number), "ReceiptHandle": self._held[message_id].handle, **more}
            for number, message_id in enumerate(ids)
        ]


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while batch := list(islice(rest, MAX_MESSAGES)):
        yield batch


def _time_of(metadata: Mapping[str, Any]) -> float:
    """Return when an answer was given; the clock of this machine may be another."""
    date = metadata.get("HTTPHeaders", {}).get("date")
    moment = parsedate_to_datetime(date) if date else datetime.now().astimezone()
    return moment.timestamp()
