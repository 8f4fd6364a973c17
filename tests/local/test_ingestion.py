"""Ten thousand events through a real stream, event source mapping, function and queue.

Amazon Personalize throttles every tenth call, the process of the function is killed between a call
and its answer, and one record in a hundred is none. The tests run in this order on one deployment.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from tests.local.deployment import Deployment, wait_until
from tests.local.faults import Faults, way_to
from tests.local.ingestion_stack import NAME, SOURCE, IngestionStack
from tests.local.journal import Journal

pytestmark = pytest.mark.local

EVENTS = 10_000
SESSIONS = 2_000
_POISON_EACH = 100


@dataclass
class Events:
    """The stack, and what became of the records that were put on its stream."""

    stack: Deployment
    faults: Faults
    journal: Journal
    letters: list[dict[str, Any]] = field(default_factory=list)

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        """Put records on the stream, each with its partition key."""
        kinesis = self.stack.client("kinesis")
        for start in range(0, len(records), 500):
            answer = kinesis.put_records(
                StreamName=self.stack.outputs["StreamName"],
                Records=[
                    {"PartitionKey": key, "Data": data}
                    for key, data in records[start : start + 500]
                ],
            )
            assert answer["FailedRecordCount"] == 0

    def put_json(self, *records: dict[str, Any]) -> None:
        """Put records of one partition key on the stream."""
        self.put([("key", json.dumps(record).encode()) for record in records])

    def taken(self, output: str = "InteractionsArn") -> list[tuple[str, str, str]]:
        """Return the id, session and item of the events that Amazon Personalize holds, in order."""
        query = "SELECT event_id, session_id, item_id FROM events WHERE arn = ? ORDER BY number"
        return self.journal.ask(query, self.stack.outputs[output])

    def put_records(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of the items, users or actions that Amazon Personalize holds."""
        query = "SELECT id, columns FROM records WHERE arn LIKE ? ORDER BY number"
        found = self.journal.ask(query, f"%/{kind}")
        return {name: json.loads(columns) for name, columns in found}

    def receive(self) -> list[dict[str, Any]]:
        """Return all dead letters so far, those that came since the last time included."""
        sqs, url = self.stack.client("sqs"), self.stack.outputs["QueueUrl"]
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                self.letters.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return self.letters


def event_of(number: int) -> dict[str, Any]:
    session = f"s{number * SESSIONS // EVENTS}"
    return {
        "userId": f"user of {session}",
        "sessionId": session,
        "eventType": "View",
        "itemId": f"i{number}",
        "sentAt": 1_700_000_000 + number,
        "eventId": f"e{number}",
        "eventValue": 1.5,
        "properties": {"device": "phöne"},
    }


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Events]:
    folder = tmp_path_factory.mktemp("events")
    state = folder / "state.db"
    faults = Faults(throttled_share=0, killed_share=0)
    with (
        Deployment.on_a_new_aws(folder, NAME, state=state) as stack,
        way_to(stack.aws.endpoint_url, faults) as url,
    ):
        stack.deploy(partial(IngestionStack, events_endpoint=url))
        yield Events(stack, faults, Journal(state))


def test_every_kind_of_record_reaches_its_dataset(events: Events) -> None:
    events.put_json(
        event_of(1) | {"eventId": "first"},
        {"kind": "item", "itemId": "tea", "properties": {"category": "DRINK"}},
        {"kind": "item", "itemId": "tea", "properties": {"category": "TEA"}},
        {"kind": "user", "userId": "ann", "properties": {"plan": "gold"}},
        {"kind": "action", "actionId": "mail", "properties": {}},
        {
            "kind": "actionInteraction",
            "actionId": "mail",
            "sessionId": "s1",
            "eventType": "Taken",
            "sentAt": 1_700_000_000,
            "eventId": "taken",
        },
    )

    wait_until(lambda: bool(events.taken("ActionInteractionsArn") and events.taken()))
    wait_until(lambda: events.put_records("ITEMS") == {"tea": {"CATEGORY": "TEA"}})
    assert events.put_records("USERS") == {"ann": {"PLAN": "gold"}}
    assert list(events.put_records("ACTIONS")) == ["mail"]
    assert [event_id for event_id, _, _ in events.taken()] == ["first"]


def test_an_event_of_a_bus_reaches_the_tracker(events: Events) -> None:
    detail = {"userId": "ann", "sessionId": "s1", "itemId": "cup"}
    events.stack.client("events").put_events(
        Entries=[{"Source": SOURCE, "DetailType": "View", "Detail": json.dumps(detail)}]
    )

    wait_until(lambda: "cup" in {item for _, _, item in events.taken()})


def test_a_record_that_no_message_holds_lies_whole_in_the_bucket(events: Events) -> None:
    data = b"x" * 600_000

    events.put([("key", data)])

    wait_until(lambda: any("object" in letter for letter in events.receive()))
    (letter,) = [letter for letter in events.letters if "object" in letter]
    answer = events.stack.s3.get_object(
        Bucket=letter["object"]["bucket"], Key=letter["object"]["key"]
    )
    assert answer["Body"].read() == data


def test_of_ten_thousand_events_none_is_lost_and_none_is_there_twice(events: Events) -> None:
    before = len(events.taken()), len(events.letters)
    events.faults.throttled_share, events.faults.killed_share = 0.1, 0.004
    records = []
    for number in range(EVENTS):
        event = event_of(number)
        poison = number % _POISON_EACH == 0
        data = b"poison %d" % number if poison else json.dumps(event).encode()
        records.append((event["sessionId"], data))

    events.put(records)

    def are_settled() -> bool:
        poison = {letter.get("data") for letter in events.receive()[before[1] :]}
        return len(events.taken()) - before[0] + len(poison) >= EVENTS

    deadline = time.monotonic() + 240
    while not are_settled() and time.monotonic() < deadline:
        time.sleep(1)
    time.sleep(2)  # what would come twice comes now
    good = [number for number in range(EVENTS) if number % _POISON_EACH]
    taken = events.taken()[before[0] :]
    assert Counter(event_id for event_id, _, _ in taken) == Counter(f"e{n}" for n in good)
    letters = events.receive()[before[1] :]
    assert [letter for letter in letters if "data" not in letter] == []
    assert {letter["data"] for letter in letters} == {
        f"poison {n}" for n in range(0, EVENTS, _POISON_EACH)
    }
    assert events.faults.throttled > 100
    assert events.faults.killed > 0


def test_the_events_of_each_session_are_in_order(events: Events) -> None:
    places: dict[str, list[int]] = {}
    for event_id, session, _ in events.taken():
        if event_id.startswith("e") and event_id[1:].isdigit():
            places.setdefault(session, []).append(int(event_id[1:]))

    assert len(places) == SESSIONS
    assert [session for session, numbers in places.items() if numbers != sorted(numbers)] == []


def test_nothing_is_left_of_a_destroyed_stack(events: Events) -> None:
    events.faults.throttled_share = events.faults.killed_share = 0

    events.stack.destroy()

    assert events.stack.personalize.list_dataset_groups()["datasetGroups"] == []
    assert events.stack.client("kinesis").list_streams()["StreamNames"] == []
