"""Nothing is lost and nothing is left behind, whatever fails."""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ReadTimeoutError

from event_ingest.handler import dead_letters, destinations, personalize_events
from personalize_runtime.ingestion import Settlement, settle
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

    def deadline(self, reserve: float) -> Deadline:
        return Deadline(self.remaining, reserve=reserve, call=0, pause=self.wait)


@dataclass
class World:
    """AWS with a memory and moods: what was taken, and when it was asked for what."""

    random: Random
    faults: float
    poison: frozenset[str]
    taken: list[dict[str, Any]]
    letters: list[dict[str, Any]]

    def put_events(self, call: Call) -> Answer | Exception:
        mood = self._mood()
        # An answer that is lost on its way: the events were taken nevertheless.
        events = [event | {"session": call.body["sessionId"]} for event in call.body["eventList"]]
        if any(event["eventId"] in self.poison for event in events):
            return mood or refused("InvalidInputException")
        if mood is None or isinstance(mood, ReadTimeoutError):
            self.taken += events
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
            ReadTimeoutError(HTTPConnectionPool("aws"), "/", "too late"),
        ]
        return self.random.choice(moods)

    def settle(self, records: list[StreamRecord], seconds: float) -> Settlement:
        """Let the function settle a batch in this world."""
        time = Time(seconds)
        with ExitStack() as stack:
            stack.enter_context(Upstream(self.put_events).behind(personalize_events))
            stack.enter_context(Upstream(self.send_messages).behind(dead_letters.client))
            return settle(
                records,
                destinations,
                dead_letters,
                sending=time.deadline(reserve=2),
                settling=time.deadline(reserve=0),
            )


def stream_record(number: int, session: str, kind: str) -> StreamRecord:
    event = {
        "sessionId": session,
        "eventType": "view",
        "sentAt": 1_700_000_000,
        "eventId": str(number),
    }
    if kind != "anonymous":
        event["userId"] = f"user of {session}"
    return StreamRecord(
        data=b"no event" if kind == "broken" else json.dumps(event).encode(),
        position=Position(
            "arn:aws:kinesis:us-east-1:123456789012:stream/events",
            "shardId-0",
            str(number),
            session,
        ),
        identifier=str(number),
    )


BATCHES = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(["event", "event", "event", "anonymous", "broken", "refused"]),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(BATCHES, st.sampled_from([0.0, 0.1, 0.5, 0.9]), st.sampled_from([1, 5, 60]), st.integers())
def test_each_record_is_taken_or_dead_lettered_in_the_end_and_in_order(
    kinds: list[tuple[str, str]], faults: float, seconds: float, seed: int
) -> None:
    records = [stream_record(n, session, kind) for n, (session, kind) in enumerate(kinds)]
    poison = frozenset(str(n) for n, (_, kind) in enumerate(kinds) if kind == "refused")
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
        taken = {event["eventId"] for event in world.taken}
        dead = {letter["position"]["sequenceNumber"] for letter in world.letters}
        # What is not asked for again is settled, one way and never both.
        assert {record.identifier for record in settled} <= taken | dead
        assert not taken & dead
        if not waiting:
            break

    assert waiting == []
    assert dead == bad
    assert taken == {record.identifier for record in records} - bad
    for session in "abc":
        first_times = list(
            dict.fromkeys(int(e["eventId"]) for e in world.taken if e["session"] == session)
        )
        assert first_times == sorted(first_times)


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
