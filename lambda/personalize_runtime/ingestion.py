"""From a batch of records to Amazon Personalize, with every record settled.

A record is settled when Amazon Personalize has taken its event, or when the dead-letter queue has
taken it whole. A stream knows one way to try again: everything from some record on. So the first
record that is not settled is reported, and what follows it comes again: events that were sent
already are dropped by their `eventId`, and dead letters are written only up to that record.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from personalize_runtime.dead_letters import DeadLetter, DeadLetterQueue
from personalize_runtime.events import Event, InvalidEventError
from personalize_runtime.observability import logger
from personalize_runtime.retries import Deadline, GivenUpError, OutOfTimeError
from personalize_runtime.service_errors import Trouble, code_of
from personalize_runtime.stream import StreamRecord

if TYPE_CHECKING:
    from mypy_boto3_personalize_events import PersonalizeEventsClient

MAX_EVENTS = 10
CONCURRENCY = 16
# An event that breaks the client alone, call after call, would hold up the shard for a day.
_FAULT_OF_THE_EVENT = frozenset({Trouble.REFUSED, Trouble.UNKNOWN})


@dataclass(frozen=True, slots=True)
class EventTracker:
    """The event tracker of one dataset group, open for writing."""

    client: "PersonalizeEventsClient"
    tracking_id: str

    def put(self, events: Sequence[Event]) -> None:
        """Send up to ten events of one user in one session, in one call."""
        first = events[0]
        # Without a user the argument is left out: there is no empty one.
        user = {"userId": first.user_id} if first.user_id is not None else {}
        self.client.put_events(
            trackingId=self.tracking_id,
            sessionId=first.session_id,
            eventList=[event.body for event in events],
            **user,
        )


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a batch.

    Attributes:
        sent: The number of records whose events were taken, repeats counted.
        dead_lettered: The number of records that the dead-letter queue holds.
        first_unsettled: Where in the batch the first record is that has to come again.
    """

    sent: int
    dead_lettered: int
    first_unsettled: int | None


@dataclass(frozen=True, slots=True)
class _Pending:
    """An event that waits to be sent, and its place in the batch."""

    place: int
    event: Event


# What became of a record at a place: None if it was sent, else why it was refused.
_Verdicts = dict[int, str | None]


def settle(
    records: Sequence[StreamRecord],
    tracker: EventTracker,
    dead_letters: DeadLetterQueue,
    *,
    sending: Deadline,
    settling: Deadline,
) -> Settlement:
    """Settle a batch of records.

    Args:
        records: The batch, in the order of the stream.
        tracker: Where the events go.
        dead_letters: Where records go that are no events, or are refused.
        sending: The time for sending events.
        settling: The time for writing dead letters.
    """
    verdicts: _Verdicts = {}
    pending: list[_Pending] = []
    for place, record in enumerate(records):
        try:
            pending.append(_Pending(place, _event(record)))
        except InvalidEventError as error:
            verdicts[place] = str(error)
    verdicts |= _send(_lanes(pending), tracker, sending)

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


def _event(record: StreamRecord) -> Event:
    try:
        return Event.parse(record.data, default_event_id=record.position_id)
    except InvalidEventError:
        raise
    except Exception as error:
        # Data that breaks the reader must not break its neighbours, nor hold up the shard.
        msg = f"the record could not be read: {type(error).__name__}"
        raise InvalidEventError(msg) from error


def _lanes(pending: Sequence[_Pending]) -> list[list[_Pending]]:
    """Divide events into lanes: order matters within a lane, and between lanes it does not.

    A lane is one user in one session. Where a session began without a user, it is the whole
    session: the service gives those events to the user who is named later in it.
    """
    anonymous = {one.event.session_id for one in pending if one.event.user_id is None}
    lanes: dict[tuple[str, str | None], list[_Pending]] = {}
    for one in pending:
        event = one.event
        user = None if event.session_id in anonymous else event.user_id
        lanes.setdefault((event.session_id, user), []).append(one)
    return list(lanes.values())


def _send(
    lanes: Sequence[Sequence[_Pending]], tracker: EventTracker, deadline: Deadline
) -> _Verdicts:
    """Send the lanes side by side; a record without a verdict is not settled."""
    if not lanes:
        return {}
    # Where the set-up is at fault every call fails alike, so the first failure ends them all.
    stopped = threading.Event()
    verdicts: _Verdicts = {}
    with ThreadPoolExecutor(min(CONCURRENCY, len(lanes))) as pool:
        for settled in pool.map(lambda lane: _send_lane(lane, tracker, deadline, stopped), lanes):
            verdicts |= settled
    return verdicts


def _send_lane(
    lane: Sequence[_Pending], tracker: EventTracker, deadline: Deadline, stopped: threading.Event
) -> _Verdicts:
    """Send one lane, call after call: the next only when the last is settled."""
    verdicts: _Verdicts = {}
    try:
        for chunk in _chunks(lane):
            if stopped.is_set():
                break
            _send_chunk(chunk, tracker, deadline, verdicts)
    except OutOfTimeError:
        pass
    except GivenUpError as error:
        if not stopped.is_set():
            stopped.set()
            logger.error(
                "Amazon Personalize takes no events", extra={"cause": code_of(error.__cause__)}
            )
    return verdicts


def _chunks(lane: Sequence[_Pending]) -> Iterator[Sequence[_Pending]]:
    for _, run in groupby(lane, key=lambda one: one.event.user_id):
        events = list(run)
        for start in range(0, len(events), MAX_EVENTS):
            yield events[start : start + MAX_EVENTS]


def _send_chunk(
    chunk: Sequence[_Pending], tracker: EventTracker, deadline: Deadline, verdicts: _Verdicts
) -> None:
    """Send the events of one call; if they are refused, one by one, to find the one at fault."""
    try:
        deadline.retry(lambda: tracker.put([one.event for one in chunk]))
    except GivenUpError as error:
        if error.trouble not in _FAULT_OF_THE_EVENT:
            raise
        if len(chunk) == 1:
            verdicts[chunk[0].place] = f"Amazon Personalize did not take the event: {error}"
            return
        for one in chunk:
            _send_chunk([one], tracker, deadline, verdicts)
    else:
        verdicts |= dict.fromkeys((one.place for one in chunk), None)
