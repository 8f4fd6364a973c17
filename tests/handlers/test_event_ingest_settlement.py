"""Nothing is lost and nothing is left behind, whatever fails."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from random import Random
from typing import Any, NamedTuple, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from event_ingest.handler import dead_letters, destinations, personalize_events
from event_ingest.ingestion import Settlement, settle
from personalize_runtime.pace import Pace
from personalize_runtime.retries import Deadline
from personalize_runtime.stream import Position, StreamRecord
from tests.handlers.upstream import Answer, Call, Upstream, refused


@dataclass
class Time:
    """Time that passes when somebody waits, and a little with each look at it."""

    left: float

    def remaining(self) -> float:
        self.left -= 0.01
        return self.left

    def wait(self, seconds: float) -> None:
        self.left -= seconds

    def clock(self) -> float:
        return -self.left

    def deadline(self, reserve: float) -> Deadline:
        return Deadline(self.remaining, reserve=reserve, call=0, pause=self.wait)


class Taken(NamedTuple):
    """What Amazon Personalize was told: where in the stream it comes from, and its lane."""

    number: str
    lane: str


def read_call(call: Call) -> Iterator[Taken]:
    """Yield what a call tells."""
    match call.url.rpartition("/")[2]:
        case "events":
            for event in call.body["eventList"]:
                yield Taken(event["eventId"], f"session {call.body['sessionId']}")
        case "action-interactions":
            for event in call.body["actionInteractions"]:
                yield Taken(event["eventId"], f"actions of {event['sessionId']}")
        case kind:
            ids = [item[f"{kind[:-1]}Id"] for item in call.body[kind]]
            assert len(ids) == len(set(ids)) <= 10
            for item_id, item in zip(ids, call.body[kind], strict=True):
                yield Taken(json.loads(item["properties"])["number"], f"{kind} {item_id}")


@dataclass
class World:
    """AWS with a memory and moods: what was taken, and when it was asked for what."""

    random: Random
    faults: float
    poison: frozenset[str]
    taken: list[Taken]
    letters: list[dict[str, Any]]

    def put(self, call: Call) -> Answer | Exception:
        mood = self._mood()
        told = list(read_call(call))
        if any(one.number in self.poison for one in told):
            return mood or refused("InvalidInputException")
        # An answer that is lost on its way: all was taken nevertheless.
        if mood is None or isinstance(mood, TimeoutError):
            self.taken += told
        return mood or Answer()

    def send_messages(self, call: Call) -> Answer | Exception:
        mood = self._mood()
        if mood is not None:
            return mood
        answer: dict[str, list[dict[str, Any]]] = {"Successful": [], "Failed": []}
        for entry in call.body["Entries"]:
            if self.random.random() < self.faults:
                answer["Failed"].append({"Id": entry["Id"], "SenderFault": False, "Code": "Busy"})
            else:
                answer["Successful"].append({"Id": entry["Id"]})
                self.letters.append(json.loads(entry["MessageBody"]))
        return Answer(answer)

    def _mood(self) -> Answer | Exception | None:
        if self.random.random() >= self.faults:
            return None
        moods: list[Answer | Exception] = [
            refused("ThrottlingException"),
            refused("InternalFailure", 500),
            refused("AccessDeniedException", 403),
            TimeoutError("timed out"),
        ]
        return self.random.choice(moods)

    def settle(self, records: list[StreamRecord], seconds: float) -> Settlement:
        """Let the function settle a batch in this world."""
        time = Time(seconds)
        with ExitStack() as stack:
            stack.enter_context(Upstream(self.put).behind(personalize_events))
            stack.enter_context(Upstream(self.send_messages).behind(dead_letters.client))
            return settle(
                records,
                {
                    kind: replace(cast("Any", destination), pace=Pace(clock=time.clock))
                    for kind, destination in destinations.items()
                },
                dead_letters,
                sending=time.deadline(reserve=2),
                settling=time.deadline(reserve=0),
            )


def stream_record(number: int, session: str, kind: str) -> StreamRecord:
    event = {
        "sessionId": session,
        "eventType": "View",
        "sentAt": 1_700_000_000,
        "eventId": str(number),
    }
    records: dict[str, dict[str, Any]] = {
        "anonymous": event,
        "item": {"kind": "item", "itemId": session, "properties": {"number": str(number)}},
        "user": {"kind": "user", "userId": session, "properties": {"number": str(number)}},
        "action": {**event, "kind": "actionInteraction", "actionId": "a", "eventType": "Viewed"},
    }
    records["refused item"] = records["item"]
    record = records.get(kind, event | {"userId": f"user of {session}"})
    return StreamRecord(
        data=b"no event" if kind == "broken" else json.dumps(record).encode(),
        position=Position(
            "arn:aws:kinesis:us-east-1:123456789012:stream/events",
            "shardId-0",
            str(number),
            session,
        ),
        identifier=str(number),
    )


KINDS = [
    *["event"] * 4,
    "anonymous",
    "item",
    "user",
    "action",
    "broken",
    "refused",
    "refused item",
]
BATCHES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(KINDS)), max_size=40)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(BATCHES, st.sampled_from([0.0, 0.1, 0.5, 0.9]), st.sampled_from([1, 5, 60]), st.integers())
def test_each_record_is_taken_or_dead_lettered_in_the_end_and_in_order(
    kinds: list[tuple[str, str]], faults: float, seconds: float, seed: int
) -> None:
    records = [stream_record(n, session, kind) for n, (session, kind) in enumerate(kinds)]
    poison = frozenset(str(n) for n, (_, kind) in enumerate(kinds) if kind.startswith("refused"))
    bad = poison | {str(n) for n, (_, kind) in enumerate(kinds) if kind == "broken"}
    world = World(Random(seed), faults, poison, [], [])

    waiting = records
    for tries in range(1000):
        if tries == 20:
            # The outage ends; until then the stream has kept everything.
            world.faults, seconds = 0, 60
        settlement = world.settle(waiting, seconds)
        settled = waiting[: settlement.first_unsettled]
        waiting = waiting[len(settled) :]
        taken = {one.number for one in world.taken}
        dead = {letter["position"]["sequenceNumber"] for letter in world.letters}
        # What is not asked for again is settled, one way and never both.
        assert {record.identifier for record in settled} <= taken | dead
        assert not taken & dead
        if not waiting:
            break

    assert waiting == []
    assert dead == bad
    assert taken == {record.identifier for record in records} - bad
    for lane in {one.lane for one in world.taken}:
        first_times = dict.fromkeys(int(one.number) for one in world.taken if one.lane == lane)
        assert list(first_times) == sorted(first_times)


def test_every_letter_tells_why() -> None:
    world = World(Random(0), 0, frozenset("1"), [], [])

    world.settle([stream_record(0, "a", "broken"), stream_record(1, "a", "event")], 60)

    assert [letter["reason"].partition(":")[0] for letter in world.letters] == [
        "the record is not JSON",
        "Amazon Personalize did not take the record",
    ]


def test_a_dead_letter_is_written_once_if_nothing_fails() -> None:
    world = World(Random(0), 0, frozenset(), [], [])
    records = [stream_record(n, "a", "broken") for n in range(30)]

    world.settle(records, 60)

    assert [letter["position"]["sequenceNumber"] for letter in world.letters] == [
        str(n) for n in range(30)
    ]
