"""The function that sends the events of a stream to Amazon Personalize."""

import base64
import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from event_ingest.dead_letters import DeadLetter, DeadLetterQueue
from event_ingest.handler import dead_letters, handler, personalize_events
from event_ingest.ingestion import CONCURRENCY
from personalize_runtime.retries import Deadline
from personalize_runtime.stream import Position, StreamRecord
from tests.handlers.conftest import Context
from tests.handlers.upstream import Answer, Call, Upstream, refused

STREAM_ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/events"
VIEW = {
    "userId": "ann",
    "sessionId": "s1",
    "eventType": "view",
    "itemId": "tea",
    "sentAt": 1_700_000_000,
    "eventId": "e1",
}


def record(data: bytes | dict[str, Any], number: int = 0) -> dict[str, Any]:
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    return {
        "eventSource": "aws:kinesis",
        "eventID": f"shardId-000000000000:{number}",
        "eventSourceARN": STREAM_ARN,
        "kinesis": {
            "partitionKey": "s1",
            "sequenceNumber": str(number),
            "data": base64.b64encode(content).decode(),
            "approximateArrivalTimestamp": 1_700_000_001.5,
        },
    }


def batch(*records: bytes | dict[str, Any]) -> dict[str, Any]:
    return {"Records": [record(data, number) for number, data in enumerate(records)]}


def invoke(event: dict[str, Any], *, seconds: float = 60) -> dict[str, Any]:
    return cast("dict[str, Any]", handler(event, cast("LambdaContext", Context(seconds))))


def take_all(call: Call) -> Answer:
    """Answer as a queue does that takes every message."""
    return Answer({"Successful": [{"Id": entry["Id"]} for entry in call.body["Entries"]]})


@pytest.fixture
def personalize() -> Iterator[Upstream]:
    with Upstream().behind(personalize_events) as upstream:
        yield upstream


@pytest.fixture(autouse=True)
def queue() -> Iterator[Upstream]:
    with Upstream(take_all).behind(dead_letters.client) as upstream:
        yield upstream


@pytest.fixture(autouse=True)
def bucket() -> Iterator[Upstream]:
    assert dead_letters.bucket is not None
    with Upstream().behind(dead_letters.bucket.client) as upstream:
        yield upstream


def letters(queue: Upstream) -> list[dict[str, Any]]:
    return [
        json.loads(entry["MessageBody"]) for call in queue.calls for entry in call.body["Entries"]
    ]


def put_events(personalize: Upstream) -> list[dict[str, Any]]:
    return [event for call in personalize.calls for event in call.body["eventList"]]


def test_sends_an_event_with_everything_that_it_tells(personalize: Upstream) -> None:
    event = VIEW | {
        "eventValue": 9.5,
        "properties": {"discount": "10 %"},
        "recommendationId": "RID-1",
        "impression": ["tea", "coffee"],
        "metricAttribution": {"eventAttributionSource": "newsletter"},
    }

    assert invoke(batch(event)) == {"batchItemFailures": []}

    assert [call.body for call in personalize.calls] == [
        {
            "trackingId": "tracker-1",
            "userId": "ann",
            "sessionId": "s1",
            "eventList": [
                {
                    "eventId": "e1",
                    "eventType": "view",
                    "itemId": "tea",
                    "sentAt": 1_700_000_000,
                    "eventValue": 9.5,
                    "properties": '{"discount":"10 %"}',
                    "recommendationId": "RID-1",
                    "impression": ["tea", "coffee"],
                    "metricAttribution": {"eventAttributionSource": "newsletter"},
                }
            ],
        }
    ]


@pytest.mark.parametrize(
    "item_id", ["-1", "9223372036854775807", "ä" * 256, "\U0001f375", "a/b?c=d e", "\u202e\u0000x"]
)
def test_ids_arrive_as_they_were_put(personalize: Upstream, item_id: str) -> None:
    invoke(batch(VIEW | {"itemId": item_id, "userId": item_id, "sessionId": item_id}))

    (call,) = personalize.calls
    assert (call.body["userId"], call.body["sessionId"]) == (item_id, item_id)
    assert call.body["eventList"][0]["itemId"] == item_id


@pytest.mark.parametrize(
    ("sent_at", "seconds"),
    [
        (1_700_000_000_999, 1_700_000_000),
        ("2023-11-14T22:13:20.5Z", 1_700_000_000),
        (1, 1),  # a clock that was never set
        (4_000_000_000, 4_000_000_000),  # one that is far ahead
    ],
)
def test_an_event_happened_when_its_own_clock_says(
    personalize: Upstream, sent_at: object, seconds: int
) -> None:
    invoke(batch(VIEW | {"sentAt": sent_at}))

    assert put_events(personalize)[0]["sentAt"] == seconds


def test_an_event_of_ten_kilobytes_arrives(personalize: Upstream) -> None:
    impression = ["x" * 250 + str(number).zfill(6) for number in range(25)]
    event = VIEW | {"impression": impression, "itemId": "ä" * 256, "eventId": "ö" * 256}

    invoke(batch(event | {"properties": {"p": "ü" * 1000}}))

    (sent,) = put_events(personalize)
    assert 9_000 < len(json.dumps(sent, ensure_ascii=False).encode()) <= 10_240


def test_sends_nothing_for_an_empty_batch(personalize: Upstream, queue: Upstream) -> None:
    assert invoke({"Records": []}) == {"batchItemFailures": []}

    assert (personalize.calls, queue.calls) == ([], [])


def test_makes_one_call_for_up_to_ten_events_of_a_session(personalize: Upstream) -> None:
    events = [
        VIEW | {"sessionId": f"s{number % 20}", "eventId": f"e{number}"} for number in range(100)
    ]

    invoke(batch(*events))

    assert len(personalize.calls) == 20


def test_makes_no_call_with_more_than_ten_events(personalize: Upstream) -> None:
    invoke(batch(*(VIEW | {"eventId": f"e{number}"} for number in range(25))))

    assert [len(call.body["eventList"]) for call in personalize.calls] == [10, 10, 5]


def test_keeps_the_order_of_a_session(personalize: Upstream) -> None:
    ids = [f"e{number}" for number in range(35)]

    invoke(batch(*(VIEW | {"eventId": event_id} for event_id in ids)))

    assert [event["eventId"] for event in put_events(personalize)] == ids


def test_sends_what_came_before_the_login_first(personalize: Upstream) -> None:
    anonymous = {name: value for name, value in VIEW.items() if name != "userId"}

    invoke(batch(anonymous, VIEW | {"eventId": "e2"}))

    assert [call.body.get("userId") for call in personalize.calls] == [None, "ann"]


def test_keeps_users_of_one_session_apart(personalize: Upstream) -> None:
    invoke(batch(VIEW, VIEW | {"userId": "bob"}, VIEW))

    assert sorted(
        (call.body["userId"], len(call.body["eventList"])) for call in personalize.calls
    ) == [("ann", 2), ("bob", 1)]


def test_gives_an_event_without_id_the_same_one_each_time(personalize: Upstream) -> None:
    event = {name: value for name, value in VIEW.items() if name != "eventId"}

    invoke(batch(event, event))
    invoke(batch(event, event))

    first, second, *again = [sent["eventId"] for sent in put_events(personalize)]
    assert first != second
    assert again == [first, second]


def test_dead_letters_a_record_whole_with_reason_and_position(
    personalize: Upstream, queue: Upstream
) -> None:
    assert invoke(batch(b'{"userId": "\xc3\xa4nn"')) == {"batchItemFailures": []}

    assert personalize.calls == []
    (letter,) = letters(queue)
    assert letter.pop("reason").startswith("the record is not JSON")
    assert letter == {
        "data": '{"userId": "änn"',
        "encoding": "utf-8",
        "position": {
            "streamArn": STREAM_ARN,
            "shardId": "shardId-000000000000",
            "sequenceNumber": "0",
            "partitionKey": "s1",
            "arrivedAt": 1_700_000_001.5,
        },
    }


def test_dead_letters_bytes_that_are_no_text_as_base64(queue: Upstream) -> None:
    invoke(batch(b"\xff\x00\xfe"))

    (letter,) = letters(queue)
    assert base64.b64decode(letter["data"]) == b"\xff\x00\xfe"
    assert letter["encoding"] == "base64"


def test_puts_a_record_that_no_message_can_hold_into_the_bucket(
    queue: Upstream, bucket: Upstream
) -> None:
    data = b"x" * 900_000

    assert invoke(batch(b"small", data)) == {"batchItemFailures": []}

    small, large = letters(queue)
    assert small["data"] == "small"
    assert large.pop("position")["sequenceNumber"] == "1"
    key = large["object"]["key"]
    assert large == {
        "reason": "the record is not JSON: Expecting value: line 1 column 1 (char 0)",
        "object": {"bucket": "data", "key": key},
        "bytes": 900_000,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    (put,) = bucket.calls
    assert put.url == f"https://s3.us-east-1.amazonaws.com/data/{key}"
    assert put.content == data


def test_a_record_that_the_bucket_does_not_take_comes_again(
    queue: Upstream, bucket: Upstream
) -> None:
    bucket.answer = lambda _: refused("AccessDenied", 403)

    result = invoke(batch(b"small", b"x" * 900_000, b"small"))

    assert result == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert [letter["data"] for letter in letters(queue)] == ["small"]


def test_truncates_a_large_record_where_there_is_no_bucket_and_says_so(queue: Upstream) -> None:
    data = b"x" * 900_000
    record = StreamRecord(data, Position("stream", "shard", "1"), "1")

    DeadLetterQueue(dead_letters.client, "queue").put(
        [DeadLetter(record, "why")], Deadline(lambda: 60, reserve=0, call=0)
    )

    (letter,) = letters(queue)
    assert letter["truncated"] == {"bytes": 900_000, "sha256": hashlib.sha256(data).hexdigest()}
    assert data.startswith(base64.b64decode(letter["data"]))
    assert len(queue.calls[0].body["Entries"][0]["MessageBody"]) <= 256 * 1024


def test_keeps_each_call_to_the_queue_within_its_limits(queue: Upstream) -> None:
    invoke(batch(*[b"x" * 100_000] * 5, *[b"y"] * 15))

    for call in queue.calls:
        bodies = [entry["MessageBody"] for entry in call.body["Entries"]]
        assert len(bodies) <= 10
        assert sum(map(len, bodies)) <= 256 * 1024
    assert len(letters(queue)) == 20


def test_poison_does_not_hold_up_its_neighbours(personalize: Upstream, queue: Upstream) -> None:
    result = invoke(batch(VIEW, b"poison", VIEW | {"eventId": "e2"}))

    assert result == {"batchItemFailures": []}
    assert [event["eventId"] for event in put_events(personalize)] == ["e1", "e2"]
    assert [letter["data"] for letter in letters(queue)] == ["poison"]


def test_finds_the_one_event_that_the_service_refuses(
    personalize: Upstream, queue: Upstream
) -> None:
    def refuse_poison(call: Call) -> Answer:
        ids = [event["eventId"] for event in call.body["eventList"]]
        return refused("InvalidInputException", message="bad item") if "e3" in ids else Answer()

    personalize.answer = refuse_poison

    result = invoke(batch(*(VIEW | {"eventId": f"e{number}"} for number in range(6))))

    assert result == {"batchItemFailures": []}
    (letter,) = letters(queue)
    assert json.loads(letter["data"])["eventId"] == "e3"
    assert "bad item" in letter["reason"]


def test_tries_again_when_throttled(personalize: Upstream, queue: Upstream) -> None:
    answers = iter([refused("ThrottlingException", 400), refused("", 503), Answer()])
    personalize.answer = lambda _: next(answers)

    assert invoke(batch(VIEW)) == {"batchItemFailures": []}

    assert len(personalize.calls) == 3
    assert queue.calls == []


def test_tries_again_after_a_timeout(personalize: Upstream) -> None:
    answers: Iterator[Answer | Exception] = iter([TimeoutError("timed out"), Answer()])
    personalize.answer = lambda _: next(answers)

    assert invoke(batch(VIEW)) == {"batchItemFailures": []}

    assert len(personalize.calls) == 2


def test_reports_only_the_first_record_that_found_no_time(personalize: Upstream) -> None:
    personalize.answer = lambda call: (
        refused("ThrottlingException") if call.body["sessionId"] == "s2" else Answer()
    )
    events = [VIEW, VIEW | {"sessionId": "s2"}, VIEW, VIEW | {"sessionId": "s2"}]

    result = invoke(batch(*events), seconds=18.3)

    assert result == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_calls_nobody_when_there_is_no_time_left(personalize: Upstream) -> None:
    result = invoke(batch(VIEW, VIEW), seconds=2)

    assert result == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert personalize.calls == []


def test_does_not_send_the_rest_of_a_session_after_an_unsettled_call(
    personalize: Upstream,
) -> None:
    personalize.answer = lambda _: refused("ThrottlingException")

    invoke(batch(*(VIEW | {"eventId": f"e{number}"} for number in range(20))), seconds=18.3)

    assert {event["eventId"] for event in put_events(personalize)} == {
        f"e{number}" for number in range(10)
    }


def test_leaves_dead_letters_that_come_again_for_the_next_time(
    personalize: Upstream, queue: Upstream
) -> None:
    personalize.answer = lambda _: refused("ThrottlingException")

    result = invoke(batch(b"first poison", VIEW, b"second poison"), seconds=18.3)

    assert result == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert [letter["data"] for letter in letters(queue)] == ["first poison"]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredTokenException"])
def test_keeps_everything_when_the_set_up_is_at_fault(
    personalize: Upstream, queue: Upstream, code: str
) -> None:
    personalize.answer = lambda _: refused(code, 403)

    result = invoke(batch(VIEW, VIEW | {"sessionId": "s2"}))

    assert result == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert queue.calls == []


def test_stops_calling_when_the_set_up_is_at_fault(personalize: Upstream) -> None:
    personalize.answer = lambda _: refused("AccessDeniedException", 403)

    invoke(batch(*(VIEW | {"sessionId": f"s{number}"} for number in range(200))))

    assert len(personalize.calls) <= CONCURRENCY


def test_a_record_that_cannot_be_dead_lettered_comes_again(
    personalize: Upstream, queue: Upstream
) -> None:
    queue.answer = lambda _: refused("AccessDeniedException", 403)

    result = invoke(batch(VIEW, b"poison", VIEW))

    assert result == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert len(put_events(personalize)) == 2


def test_writes_no_dead_letter_after_one_that_could_not_be_written(queue: Upstream) -> None:
    queue.answer = lambda call: (
        refused("AccessDeniedException", 403) if len(queue.calls) == 1 else take_all(call)
    )

    result = invoke(batch(*[b"poison"] * 20))

    assert result == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert len(queue.calls) == 1


def test_puts_messages_again_that_the_queue_did_not_take(queue: Upstream) -> None:
    def take_first(call: Call) -> Answer:
        first, *rest = [entry["Id"] for entry in call.body["Entries"]]
        return Answer(
            {
                "Successful": [{"Id": first}],
                "Failed": [{"Id": one, "SenderFault": False, "Code": "Busy"} for one in rest],
            }
        )

    queue.answer = take_first

    assert invoke(batch(b"one", b"two", b"three")) == {"batchItemFailures": []}

    sizes = [len(call.body["Entries"]) for call in queue.calls]
    assert sizes == [3, 2, 1]


def test_reports_the_first_message_that_the_queue_will_never_take(queue: Upstream) -> None:
    def take_but_one(call: Call) -> Answer:
        first, second, third = [entry["Id"] for entry in call.body["Entries"]]
        failed = [{"Id": second, "SenderFault": True, "Code": "InvalidMessageContents"}]
        return Answer({"Successful": [{"Id": first}, {"Id": third}], "Failed": failed})

    queue.answer = take_but_one

    assert invoke(batch(b"1", b"2", b"3")) == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_logs_trouble_without_the_user(personalize: Upstream, log: io.StringIO) -> None:
    personalize.answer = lambda _: refused("AccessDeniedException", 403, "ann must not")

    invoke(batch(VIEW, b'{"userId": "ann"}'))

    assert '"cause":"AccessDeniedException"' in log.getvalue()
    assert "ann" not in log.getvalue()


@pytest.mark.usefixtures("personalize")
def test_counts_what_became_of_a_batch(capsys: pytest.CaptureFixture[str]) -> None:
    invoke(batch(VIEW, b"poison", VIEW))

    (told,) = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    counts = json.loads(told)
    assert (counts["EventsSent"], counts["EventsDeadLettered"]) == ([2], [1])
