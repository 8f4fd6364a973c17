"""Dead letters, put on the stream again: each at least once, and deleted only after.

A run that ends between the two puts some record twice. The function reads both at the position
where the record stood at first, so that the events have the ids that they had: Amazon Personalize
drops the second.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from personalize_operations.aws import AwsError, Services
from personalize_operations.dead_letter_queue import (
    MAX_MESSAGES,
    MOST_HELD,
    DeadLetterQueue,
    Message,
)
from personalize_operations.errors import Cause, CommandError, LeftError
from personalize_operations.kept_records import fetch, read_again
from personalize_operations.letters import (
    Content,
    DiscardedBatch,
    Letter,
    NoLetterError,
    Record,
    StoredLetter,
    TruncatedLetter,
    UndeliveredEvent,
    read,
)
from personalize_operations.report import Left, Report
from personalize_operations.stream import MAX_BYTES, MAX_RECORDS, Stream, StreamFullError

# A long poll asks all servers of a queue, yet one empty answer is no proof.
_ENOUGH_EMPTY_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be replayed.

    Attributes:
        reason: A part of the reason, capitals or not (default: all).
        limit: How many messages at most (default: all).
        dry_run: Whether to count only.
    """

    reason: str | None = None
    limit: int | None = None
    dry_run: bool = False

    def asks_for(self, reason: str) -> bool:
        """Whether a letter with this reason is to be replayed."""
        return self.reason is None or self.reason.casefold() in reason.casefold()


@dataclass(slots=True)
class _Parcel:
    """A message, and the records of it that are not on the stream yet."""

    message: Message
    reason: str
    records: list[Record]
    stays: LeftError | None
    """Why the message stays, though these records are put again."""
    waiting: int = field(init=False)

    def __post_init__(self) -> None:
        self.waiting = len(self.records)


@dataclass(slots=True)
class Replay:
    """One run over a queue.

    Attributes:
        queue: Where the letters are.
        stream: Where their records go.
        services: What else is asked for records.
        request: What is to be replayed.
        is_stopped: Tells whether to end early.
        progress: Is told now and then how far it is.
    """

    queue: DeadLetterQueue
    stream: Stream
    services: Services
    request: Request
    is_stopped: Callable[[], bool] = lambda: False
    progress: Callable[[str], None] = lambda _: None
    report: Report = field(default_factory=Report)
    _outbox: list[_Parcel] = field(default_factory=list)
    _taken: int = 0
    _is_full: bool = False

    def run(self) -> Report:
        """Replay until the queue is empty, the limit is reached, or it is stopped.

        Raises:
            CommandError: If too many messages would have to be held back.
        """
        with self._released():
            empty_answers = 0
            while empty_answers < _ENOUGH_EMPTY_ANSWERS and self._goes_on:
                self.queue.keep()
                messages = [one for one in self._receive() if self._is_old(one)]
                empty_answers = 0 if messages else empty_answers + 1
                for message in messages:
                    self._take(message)
                if not messages or self._outbox_is_full:
                    self._send()
            self._send()
        return self.report

    @property
    def _goes_on(self) -> bool:
        is_over = self._is_full or self._taken == self.request.limit
        return not is_over and not self.is_stopped()

    @property
    def _outbox_is_full(self) -> bool:
        records = [record for parcel in self._outbox for record in parcel.records]
        return len(records) >= MAX_RECORDS or sum(one.size for one in records) >= MAX_BYTES

    @contextmanager
    def _released(self) -> Iterator[None]:
        """Let others see again what is held, however this ends."""
        try:
            yield
        except BaseException:
            with suppress(*AwsError):  # the first error tells more
                self.queue.release()
            raise
        self.queue.release()

    def _receive(self) -> list[Message]:
        if self.queue.held >= MOST_HELD:
            self._send()
            msg = f"more than {MOST_HELD} messages are left: replay some by --reason or --limit"
            raise CommandError(msg)
        limit = self.request.limit
        return self.queue.receive(MAX_MESSAGES if limit is None else limit - self._taken)

    def _is_old(self, message: Message) -> bool:
        """Whether a message was there before the run: what it sends may come back as a letter.

        The clock of the queue is read to the second.
        """
        opened_at = self.queue.opened_at
        if opened_at is None or message.sent_at < opened_at + 1:
            return True
        self.report.newer += 1
        return False

    def _take(self, message: Message) -> None:
        """Make a message ready to be sent, or find that it stays."""
        try:
            content = read(message.body, message.attributes)
        except NoLetterError as error:
            if self.request.reason is None:
                self._leave(message, Cause.UNREADABLE, str(error))
            else:
                self.report.not_asked_for += 1
            return
        if not self.request.asks_for(content.reason):
            self.report.not_asked_for += 1
            return
        self._taken += 1
        try:
            self._accept(message, content)
        except LeftError as error:
            self._leave(message, error.cause, error.detail)

    def _accept(self, message: Message, content: Content) -> None:
        if isinstance(content, TruncatedLetter):
            raise LeftError(Cause.TRUNCATED, f"it had {content.size} bytes")
        if self.request.dry_run:
            self.report.replayed[content.reason] += 1
            return
        records, stays = self._records(content)
        taken = [record for record in records if self.stream.takes(record)]
        if len(taken) < len(records):
            largest = max(record.size for record in records)
            stays = self._too_large("a record, as a letter,", largest)
        if stays and not taken:
            raise stays
        self._outbox.append(_Parcel(message, content.reason, taken, stays))

    def _records(
        self, content: Letter | StoredLetter | DiscardedBatch | UndeliveredEvent
    ) -> tuple[list[Record], LeftError | None]:
        """Return the records of a message, and why it stays if that is not all of it."""
        match content:
            case Letter():
                return [content.record()], None
            case UndeliveredEvent():
                return [content.record], None
            case StoredLetter():
                if content.size > self.stream.max_record_bytes:
                    raise self._too_large(content.uri, content.size)
                self.queue.keep()
                return [fetch(self.services.s3, content).record()], None
            case DiscardedBatch():
                found = read_again(
                    self.services.kinesis,
                    content,
                    meanwhile=self.queue.keep,
                    pause=self.stream.pause,
                )
                gone = LeftError(Cause.BATCH_GONE, content.place)
                records = [letter.record() for letter in found.letters]
                return records, None if found.is_complete else gone

    def _too_large(self, what: str, size: int) -> LeftError:
        most = self.stream.max_record_bytes
        return LeftError(Cause.TOO_LARGE, f"{what} has {size} bytes, and {most} are taken")

    def _send(self) -> None:
        """Put what is ready on the stream, and delete each message after its last record."""
        parcels, self._outbox = self._outbox, []
        places = [(parcel, record) for parcel in parcels for record in parcel.records]
        self.queue.keep()
        try:
            for taken in self.stream.put([record for _, record in places]):
                for place in taken:
                    places[place][0].waiting -= 1
                parcels = self._settle(parcels)
                self.queue.keep()
                if self.is_stopped():
                    return
        except StreamFullError as error:
            self._is_full = True
            for parcel in parcels:
                self._leave(parcel.message, Cause.STREAM_FULL, str(error))

    def _settle(self, parcels: list[_Parcel]) -> list[_Parcel]:
        """Delete the messages that are wholly on the stream; return the others."""
        sent = [parcel for parcel in parcels if not parcel.waiting]
        whole = [parcel.message.id for parcel in sent if parcel.stays is None]
        undeleted = set(self.queue.delete(whole))
        for parcel in sent:
            self.report.records += len(parcel.records)
            if parcel.stays is not None:
                self._leave(parcel.message, parcel.stays.cause, parcel.stays.detail)
            elif parcel.message.id in undeleted:
                self._leave(parcel.message, Cause.NOT_DELETED, "the next run puts it again")
            else:
                self.report.replayed[parcel.reason] += 1
        if sent:
            self.progress(f"{self.report.replayed.total()} replayed")
        return [parcel for parcel in parcels if parcel.waiting]

    def _leave(self, message: Message, cause: Cause, detail: str) -> None:
        self.report.left.append(Left(message.id, cause, detail))
