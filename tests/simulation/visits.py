"""Visits that are made one by one, and what the function makes of their events."""

import itertools
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from event_ingest.dead_letters import DeadLetterQueue
from event_ingest.destinations import EventTracker
from event_ingest.ingestion import settle
from personalize_runtime.envelope import Kind
from personalize_runtime.retries import Deadline
from personalize_runtime.stream import Position, StreamRecord
from simulation.settings import Visits

Event = tuple[float, int]
"""When it happened, and in which session."""

NO_LETTERS = DeadLetterQueue(cast("Any", None), "")


@dataclass
class CountingClient:
    """A client of Amazon Personalize that takes everything, and remembers the calls."""

    calls: list[Mapping[str, Any]] = field(default_factory=list)

    def rest(self, operation: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        assert (operation, path) == ("PutEvents", "/events")
        self.calls.append(body)
        return {}


def stream_record(place: int, event: Event) -> StreamRecord:
    """Return the record that a producer puts for an event."""
    at, session = event
    data = {
        "sessionId": str(session),
        "eventType": "View",
        "itemId": "i",
        "sentAt": 1795300000 + at,
    }
    position = Position("stream", "shard", str(place), str(session), at)
    return StreamRecord(json.dumps(data).encode(), position, str(place))


def calls_of_the_function(events: Sequence[Event]) -> int:
    """Return how many calls the function itself makes for a batch."""
    client = CountingClient()
    deadline = Deadline(lambda: 60, reserve=0, call=1)
    records = [stream_record(place, event) for place, event in enumerate(events)]
    tracker = EventTracker(cast("Any", client), "tracker")
    settlement = settle(
        records, {Kind.INTERACTION: tracker}, NO_LETTERS, sending=deadline, settling=deadline
    )
    assert settlement.sent == len(events)
    return len(client.calls)


def visits_one_by_one(visits: Visits, rate: float, seconds: float) -> list[Event]:
    """Return events that are made session by session."""
    rng = random.Random(7)
    made: list[Event] = []
    begin = -visits.seconds
    for session in itertools.count():
        begin += rng.expovariate(rate / (visits.rate * visits.seconds))
        if begin > seconds:
            return sorted(made)
        at = begin + rng.expovariate(visits.rate)
        while at < begin + visits.seconds:
            if 0 <= at < seconds:
                made.append((at, session))
            at += rng.expovariate(visits.rate)
    raise AssertionError
