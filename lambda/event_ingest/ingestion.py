"""From a batch of records to Amazon Personalize, with every record settled.

A record is settled when Amazon Personalize has taken all that it tells, or when it lies whole
among the dead letters. A stream knows one way to try again: everything from some record on. So the
first record that is not settled is reported, and what follows it comes again: events that were
sent already are dropped by their `eventId`, an item that is put twice is the same item, and dead
letters are written only up to that record.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from event_ingest.dead_letters import DeadLetter, DeadLetterQueue
from event_ingest.destinations import Destination
from event_ingest.lanes import Pending, calls, lanes
from personalize_runtime.envelope import Entry, Kind, entries
from personalize_runtime.fields import InvalidRecordError
from personalize_runtime.observability import logger
from personalize_runtime.retries import Deadline, GivenUpError, OutOfTimeError
from personalize_runtime.service_errors import Trouble, code_of
from personalize_runtime.stream import StreamRecord

CONCURRENCY = 32
# An event that breaks the client alone, call after call, would hold up the shard for a day.
_FAULT_OF_THE_EVENT = frozenset({Trouble.REFUSED, Trouble.UNKNOWN})
# The threads stay, as the connections that they use do: starting them takes as long as a call.
_threads = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="send")


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a batch.

    Attributes:
        sent: The number of records that were taken, repeats counted.
        dead_lettered: The number of records that lie among the dead letters.
        first_unsettled: Where in the batch the first record is that has to come again.
    """

    sent: int
    dead_lettered: int
    first_unsettled: int | None


# What became of an entry at a place: None if it was sent, else why it was refused.
_Outcome = tuple[int, str | None]


def settle(
    records: Sequence[StreamRecord],
    destinations: Mapping[Kind, Destination],
    dead_letters: DeadLetterQueue,
    *,
    sending: Deadline,
    settling: Deadline,
) -> Settlement:
    """Settle a batch of records.

    Args:
        records: The batch, in the order of the stream.
        destinations: Where the entries of each kind go.
        dead_letters: Where records go that cannot be read, or are refused.
        sending: The time for sending entries.
        settling: The time for writing dead letters.
    """
    verdicts: dict[int, str | None] = {}
    pending: dict[Kind, list[Pending]] = {}
    waiting: dict[int, int] = {}
    for place, record in enumerate(records):
        try:
            read = _entries(record, destinations)
        except InvalidRecordError as error:
            verdicts[place] = str(error)
            continue
        waiting[place] = len(read)
        for entry in read:
            pending.setdefault(entry.kind, []).append(Pending(place, entry))

    reasons: dict[int, str] = {}
    for place, reason in _send(pending, destinations, sending):
        waiting[place] -= 1
        if reason is not None:
            reasons.setdefault(place, reason)
    verdicts |= {place: reasons.get(place) for place, number in waiting.items() if number == 0}

    unsettled = min((place for place in range(len(records)) if place not in verdicts), default=None)
    end = len(records) if unsettled is None else unsettled
    refused = sorted(
        (place, reason) for place, reason in verdicts.items() if reason is not None and place < end
    )
    letters = [DeadLetter(records[place], reason) for place, reason in refused]
    delivered = dead_letters.put(letters, settling)
    if delivered < len(letters):
        unsettled = refused[delivered][0]
    return Settlement(
        sent=sum(reason is None for reason in verdicts.values()),
        dead_lettered=delivered,
        first_unsettled=unsettled,
    )


def _entries(record: StreamRecord, destinations: Mapping[Kind, Destination]) -> list[Entry]:
    try:
        read = entries(record.data, default_event_id=record.position.id)
    except InvalidRecordError:
        raise
    except Exception as error:
        # Data that breaks the reader must not break its neighbours, nor hold up the shard.
        msg = f"the record could not be read: {type(error).__name__}"
        raise InvalidRecordError(msg) from error
    for entry in read:
        if entry.kind not in destinations:
            known = ", ".join(destinations) or "none"
            msg = f"the stack has no dataset for the kind {entry.kind}, it has them for {known}"
            raise InvalidRecordError(msg)
    return read


def _send(
    pending: Mapping[Kind, Sequence[Pending]],
    destinations: Mapping[Kind, Destination],
    deadline: Deadline,
) -> list[_Outcome]:
    """Send all lanes side by side; an entry without an outcome is not settled."""
    under_way = []
    for kind, of_kind in pending.items():
        # Where the set-up is at fault every call fails alike, so the first failure ends them all.
        stopped = threading.Event()
        for lane in lanes(kind, of_kind, most=CONCURRENCY):
            sender = _Sender(kind, destinations[kind], deadline, stopped)
            under_way.append(_threads.submit(sender.send, lane))
    return [outcome for sent in under_way for outcome in sent.result()]


@dataclass(frozen=True, slots=True)
class _Sender:
    """Sends a lane, call after call: the next only when the last is settled."""

    kind: Kind
    destination: Destination
    deadline: Deadline
    stopped: threading.Event

    def send(self, lane: Sequence[Pending]) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        try:
            for call in calls(self.kind, lane):
                if self.stopped.is_set():
                    break
                self._send_call(call, outcomes)
        except OutOfTimeError:
            pass
        except GivenUpError as error:
            if not self.stopped.is_set():
                self.stopped.set()
                cause = code_of(error.__cause__)
                logger.error(
                    "Amazon Personalize takes nothing", extra={"kind": self.kind, "cause": cause}
                )
        return outcomes

    def _send_call(self, call: Sequence[Pending], outcomes: list[_Outcome]) -> None:
        """Make one call; if it is refused, one for each entry, to find the one at fault."""
        try:
            self.deadline.retry(
                lambda: self.destination.put([one.entry for one in call]), self.destination.pace
            )
        except GivenUpError as error:
            if error.trouble not in _FAULT_OF_THE_EVENT:
                raise
            if len(call) == 1:
                reason = f"Amazon Personalize did not take the record: {error}"
                outcomes.append((call[0].place, reason))
                return
            for one in call:
                self._send_call([one], outcomes)
        else:
            outcomes += [(one.place, None) for one in call]
