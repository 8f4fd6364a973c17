"""`POST /events`: from a page to the stream."""

import base64
import json
import math
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalize_runtime.envelope import entries
from recommend.handler import api, handler
from tests.handlers.conftest import Context
from tests.handlers.upstream import Answer, Call, Upstream, refused

VIEW: dict[str, Any] = {
    "userId": "ann",
    "sessionId": "s1",
    "eventType": "View",
    "itemId": "tea",
    "sentAt": 1_700_000_000,
    "eventId": "e1",
}


def take_all(call: Call) -> Answer:
    taken = {"ShardId": "shardId-0", "SequenceNumber": "1"}
    return Answer({"FailedRecordCount": 0, "Records": [taken] * len(call.body["Records"])})


@pytest.fixture(autouse=True)
def stream() -> Iterator[Upstream]:
    with Upstream(take_all).behind(api.intake.client) as upstream:
        yield upstream


def post(
    body: object, *, content_type: str = "application/json", seconds: float = 10
) -> tuple[int, dict[str, Any]]:
    text = body if isinstance(body, str) else json.dumps(body)
    event = {
        "version": "2.0",
        "rawPath": "/events",
        "rawQueryString": "",
        "headers": {"content-type": content_type},
        "requestContext": {
            "http": {"method": "POST", "path": "/events"},
            "stage": "$default",
            "requestId": "request-7",
        },
        "body": text,
        "isBase64Encoded": False,
    }
    answer = handler(event, cast("LambdaContext", Context(seconds)))
    return answer["statusCode"], json.loads(answer["body"])


def put(stream: Upstream) -> list[dict[str, Any]]:
    return [
        json.loads(base64.b64decode(record["Data"]))
        for call in stream.calls
        for record in call.body["Records"]
    ]


def test_puts_an_event_on_the_stream_as_it_is(stream: Upstream) -> None:
    assert post(VIEW) == (HTTPStatus.ACCEPTED, {"accepted": 1})

    (call,) = stream.calls
    assert call.headers["X-Amz-Target"] == "Kinesis_20131202.PutRecords"
    assert call.body["StreamName"] == "events"
    assert [record["PartitionKey"] for record in call.body["Records"]] == ["s1"]
    assert put(stream) == [VIEW]


@pytest.mark.parametrize("wrap", [lambda events: events, lambda events: {"events": events}])
def test_puts_a_batch_in_one_call(
    stream: Upstream, wrap: Callable[[list[dict[str, Any]]], object]
) -> None:
    batch = [VIEW | {"eventId": f"e{number}"} for number in range(500)]

    assert post(wrap(batch)) == (HTTPStatus.ACCEPTED, {"accepted": 500})

    assert len(stream.calls) == 1
    assert put(stream) == batch


def test_takes_the_text_of_a_beacon(stream: Upstream) -> None:
    status, _ = post(VIEW, content_type="text/plain;charset=UTF-8")

    assert status == HTTPStatus.ACCEPTED
    assert put(stream) == [VIEW]


def test_refuses_other_kinds_of_body() -> None:
    status, problem = post(VIEW, content_type="application/x-www-form-urlencoded")

    assert status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    assert problem["parameter"] == "content-type"


def test_gives_an_event_an_id_so_that_it_counts_once_however_often_it_is_put(
    stream: Upstream,
) -> None:
    event = {name: value for name, value in VIEW.items() if name != "eventId"}

    post([event, event])

    assert [record["eventId"] for record in put(stream)] == ["request-7:0", "request-7:1"]


def test_an_event_without_time_happened_now(stream: Upstream) -> None:
    post({name: value for name, value in VIEW.items() if name != "sentAt"})

    (record,) = put(stream)
    assert record["sentAt"] > 1_790_000_000


@pytest.mark.parametrize(
    ("events", "parameter", "detail"),
    [
        ([VIEW, {}], "events[1]", "events[1]: sessionId is missing"),
        ([VIEW, VIEW | {"itemId": 5}], "events[1]", "itemId must be a string of 1 to 256"),
        ([5], "events[0]", "events[0] must be an object, got 5"),
        ([], "events", "events must be a list of 1 to 500 events, got []"),
        ([VIEW] * 501, "events", "events must be a list of 1 to 500 events"),
        ({"events": VIEW}, "events", "events must be a list of 1 to 500 events"),
        ({"events": [VIEW], "x": 1}, "x", '"x" is no parameter of this route'),
        ([{"kind": "item", "itemId": "tea"}], "events[0].kind", "interaction or actionInteraction"),
        ([{"kind": [], "itemId": "tea"}], "events[0].kind", "interaction or actionInteraction"),
        ("[", None, "the body must be JSON in UTF-8"),
        (VIEW | {"eventValue": math.nan}, None, "the body must be JSON in UTF-8"),
        (VIEW | {"properties": {"price": math.inf}}, None, "the body must be JSON in UTF-8"),
        ("5", "events", "events must be a list"),
    ],
)
def test_names_the_event_that_is_none_and_takes_no_other(
    stream: Upstream, events: object, parameter: str | None, detail: str
) -> None:
    status, problem = post(events)

    assert (status, problem.get("parameter")) == (HTTPStatus.BAD_REQUEST, parameter)
    assert detail in problem["detail"]
    assert stream.calls == []


def test_refuses_a_body_that_is_too_large(stream: Upstream) -> None:
    status, problem = post(json.dumps([VIEW]) + " " * 1024 * 1024)

    assert status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert "the body may have 1048576 bytes, got" in problem["detail"]
    assert stream.calls == []


def test_puts_those_again_that_the_stream_did_not_take(stream: Upstream) -> None:
    def take_odd(call: Call) -> Answer:
        if len(stream.calls) > 1:
            return take_all(call)
        full = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow"}
        taken = {"SequenceNumber": "1"}
        return Answer({"Records": [full if n % 2 else taken for n in range(4)]})

    stream.answer = take_odd
    batch = [VIEW | {"eventId": f"e{number}"} for number in range(4)]

    assert post(batch) == (HTTPStatus.ACCEPTED, {"accepted": 4})

    assert [event["eventId"] for event in put(stream)[4:]] == ["e1", "e3"]


@pytest.mark.parametrize(
    "failure", [refused("AccessDeniedException"), refused("InternalFailure", 500)]
)
def test_asks_to_send_everything_again_when_the_stream_takes_nothing(
    stream: Upstream, failure: Answer
) -> None:
    stream.answer = lambda _: failure

    status, problem = post([VIEW, VIEW], seconds=4)

    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert problem["detail"].startswith("2 of 2 events could not be taken")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
BODIES = (
    st.lists(
        st.dictionaries(
            st.sampled_from([*VIEW, "kind", "eventValue", "properties", "impression"]), ANYTHING
        ).map(lambda changes: VIEW | changes),
        max_size=3,
    )
    | ANYTHING
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(BODIES)
def test_what_is_accepted_is_what_the_stream_function_reads(body: object) -> None:
    with Upstream(take_all).behind(api.intake.client) as stream:
        status, answer = post(body)

    if status == HTTPStatus.ACCEPTED:
        assert answer["accepted"] == len(put(stream))
        for record in put(stream):
            assert entries(json.dumps(record).encode(), default_event_id="x")
    else:
        assert status == HTTPStatus.BAD_REQUEST
        assert answer["detail"]
