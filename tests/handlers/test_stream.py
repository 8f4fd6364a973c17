"""Batches of a stream, of a topic, and of dead letters that are replayed."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from event_ingest.handler import dead_letters, personalize_events
from personalize_runtime.stream import Batch
from tests.handlers.test_event_ingest import VIEW, batch, invoke, letters, take_all
from tests.handlers.upstream import Upstream, refused

CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/shop/1-2"


@pytest.fixture(autouse=True)
def personalize() -> Iterator[Upstream]:
    with Upstream().behind(personalize_events) as upstream:
        yield upstream


@pytest.fixture(autouse=True)
def queue() -> Iterator[Upstream]:
    with Upstream(take_all).behind(dead_letters.client) as upstream:
        yield upstream


def topic(**partitions: list[object]) -> dict[str, Any]:
    """Return what Lambda hands over for a topic: records by partition (`p0` for the first)."""
    return {
        "eventSource": "aws:kafka",
        "eventSourceArn": CLUSTER,
        "records": {
            f"events-{name[1:]}": [
                {
                    "topic": "events",
                    "partition": int(name[1:]),
                    "offset": 100 + number,
                    "timestamp": 1_700_000_001_500,
                    "timestampType": "CREATE_TIME",
                    "key": base64.b64encode(b"s1").decode(),
                    "value": base64.b64encode(json.dumps(record).encode()).decode(),
                    "headers": [],
                }
                for number, record in enumerate(records)
            ]
            for name, records in partitions.items()
        },
    }


def sent(personalize: Upstream) -> list[dict[str, Any]]:
    return [event for call in personalize.calls for event in call.body["eventList"]]


def test_sends_what_lies_on_a_topic(personalize: Upstream) -> None:
    result = invoke(topic(p0=[VIEW], p1=[VIEW | {"eventId": "e2"}]))

    assert result == {"batchItemFailures": []}
    assert [event["eventId"] for event in sent(personalize)] == ["e1", "e2"]


def test_reports_the_first_unsettled_record_of_each_partition(personalize: Upstream) -> None:
    personalize.answer = lambda _: refused("AccessDeniedException", 403)

    result = invoke(topic(p0=["poison", VIEW, VIEW], p1=[VIEW]))

    assert result == {
        "batchItemFailures": [
            {"itemIdentifier": {"partition": "events-0", "offset": 101}},
            {"itemIdentifier": {"partition": "events-1", "offset": 100}},
        ]
    }


def test_dead_letters_a_record_of_a_topic_with_its_position(queue: Upstream) -> None:
    invoke(topic(p3=["poison"]))

    (letter,) = letters(queue)
    assert letter["position"] == {
        "streamArn": CLUSTER,
        "shardId": "events-3",
        "sequenceNumber": "100",
        "partitionKey": "s1",
        "arrivedAt": 1_700_000_001.5,
    }


def test_dead_letters_the_tombstone_of_a_compacted_topic(queue: Upstream) -> None:
    event = topic(p0=["x"])
    event["records"]["events-0"][0] |= {"value": None, "key": None}

    assert invoke(event) == {"batchItemFailures": []}

    (letter,) = letters(queue)
    assert letter["data"] == ""


def test_a_replayed_letter_is_the_record_at_its_first_position(
    personalize: Upstream, queue: Upstream
) -> None:
    event = {name: value for name, value in VIEW.items() if name != "eventId"}
    invoke(batch(b"first", event))
    event_id = sent(personalize)[0]["eventId"]
    personalize.answer = lambda _: refused("InvalidInputException")
    invoke(batch(b"first", event))
    letter = letters(queue)[-1]
    personalize.answer = Upstream().answer

    invoke(batch(json.dumps(letter).encode()))

    assert json.loads(letter["data"]) == event
    assert sent(personalize)[-1]["eventId"] == event_id


def test_a_replayed_letter_that_is_refused_again_keeps_its_first_position(
    queue: Upstream,
) -> None:
    invoke(batch(b"x", b"\xff poison"))
    first = letters(queue)[1]

    invoke(batch(json.dumps(first).encode()))

    assert letters(queue)[2] == first


def test_what_has_to_come_again_is_told_by_its_new_position(personalize: Upstream) -> None:
    letter = {
        "reason": "was not allowed",
        "data": json.dumps(VIEW),
        "encoding": "utf-8",
        "position": {
            "streamArn": "arn",
            "shardId": "old",
            "sequenceNumber": "12345",
            "partitionKey": "s1",
            "arrivedAt": None,
        },
    }
    personalize.answer = lambda _: refused("AccessDeniedException", 403)

    result = invoke(batch(json.dumps(letter).encode()))

    assert result == {"batchItemFailures": [{"itemIdentifier": "0"}]}


@pytest.mark.parametrize(
    "data",
    [
        b'{"reason": "x"}',
        b'{"reason": "x", "data": 5, "encoding": "utf-8", "position": {}}',
        b'{"reason": "x", "data": "y", "encoding": "base64", "position": []}',
        b'{"reason": ',
        b'{"reason":' + b"[" * 100_000,
    ],
)
def test_what_only_looks_like_a_letter_is_a_record(data: bytes) -> None:
    encoded = base64.b64encode(data).decode()
    event = {"Records": [{"kinesis": {"sequenceNumber": "7", "data": encoded}}]}

    (read,) = Batch.all_of(event)

    assert read.records[0].data == data


def test_a_forged_position_breaks_nothing(queue: Upstream) -> None:
    position = dict.fromkeys(("streamArn", "shardId", "sequenceNumber", "partitionKey"), "\ud800")
    letter = {"reason": "x", "data": "y", "encoding": "utf-8"}

    invoke(batch(json.dumps(letter | {"position": {**position, "arrivedAt": None}}).encode()))

    assert [each["data"] for each in letters(queue)] == ["y"]
