"""What the API answers when what it stands on goes wrong, over real sockets."""

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest

from recommend.api import Api
from recommend.circuit_breaker import FAILURES, LONGEST_PAUSE_SECONDS, CircuitBreaker
from tests.handlers.conftest import Context
from tests.handlers.declared_api import DeclaredApi, Reply, answer_all, put_into_function
from tests.handlers.loopback_service import (
    SLOW,
    THROTTLED,
    UNAVAILABLE,
    Answering,
    Service,
    body_of,
    http,
    saying,
)
from tests.handlers.upstream import Call, Upstream

REFUSES = "refuses connections"
ROUTES = ("recommendations", "related", "popular", "trending", "ranking", "actions")
QUERIES: Mapping[str, Mapping[str, str | list[str]]] = {
    "recommendations": {"userId": "ann"},
    "related": {"itemId": "tea"},
    "popular": {"model": "liked"},
    "actions": {"userId": "ann"},
}
RANKING = {"userId": "ann", "itemIds": ["cup", "tea"]}
LIMIT = 0.06
LONG_LIMIT = 1.0
"""Where something has to answer in time, and is not only given up."""
SLACK = 2.0
"""What a busy machine may take besides: less than a call takes that nothing bounds."""


def entries(*each: object, recommendation_id: object = "RID-1") -> Answering:
    """Answer with entries, whichever operation is called."""
    lists = dict.fromkeys(("itemList", "personalizedRanking", "actionList"), each)
    return saying(http({"recommendationId": recommendation_id, **lists}))


def entry(**members: object) -> dict[str, object]:
    return {"itemId": "a", "actionId": "a", **members}


NONSENSE: Mapping[str, Answering] = {
    "another shape": saying(http({"itemList": {"itemId": "a"}})),
    "something else": saying(http({"hello": "world"})),
    "entries without ids": entries({"score": 1}),
    "entries that are none": entries("a", 5, None),
    "ids that are numbers": entries(entry(itemId=1, actionId=1)),
    "half a character": entries(entry(itemId="\ud800", actionId="\ud800")),
    "scores that are texts": entries(entry(score="high")),
    "scores that are no numbers": saying(
        http(b'{"itemList": [{"itemId": "a", "score": NaN}]}'),
    ),
    "scores that no float holds": entries(entry(score=float("inf"))),
    "metadata that is a list": entries(entry(metadata=["PRICE"])),
    "more than anybody asks for": entries(*[entry()] * 501),
    "a recommendation id that is a number": entries(entry(), recommendation_id=7),
}
"""The ways of an answer of Amazon Personalize that makes no sense."""
REFUSING: Mapping[str, Answering] = {REFUSES: saying(b"")}

STATUS = {
    **dict.fromkeys(SLOW, HTTPStatus.GATEWAY_TIMEOUT),
    **dict.fromkeys(THROTTLED, HTTPStatus.TOO_MANY_REQUESTS),
    **dict.fromkeys([*UNAVAILABLE, *NONSENSE, *REFUSING], HTTPStatus.BAD_GATEWAY),
}
FAULTS = {**SLOW, **THROTTLED, **UNAVAILABLE, **NONSENSE, **REFUSING}
# One of each kind, where each takes long.
FEW = {
    **{name: FAULTS[name] for name in ("says nothing", "drips the body", "resets", "429")},
    **{name: FAULTS[name] for name in ("500 with HTML", "no JSON", "another shape", REFUSES)},
}

each_fault = pytest.mark.parametrize("fault", FAULTS)
a_few_faults = pytest.mark.parametrize("fault", FEW)


def limit_of(fault: str) -> float:
    return LIMIT if fault in SLOW else LONG_LIMIT


def as_personalize(request: bytes) -> Answering:
    """Answer as Amazon Personalize does."""
    url = request.split(b" ", 2)[1].decode()
    return saying(http(answer_all(Call(url, body_of(request))).data))


def break_down(service: Service, fault: str) -> None:
    if fault == REFUSES:
        service.stop()
    service.answer = lambda _: FAULTS[fault]


def recover(service: Service, fault: str) -> None:
    if fault == REFUSES:
        service.start()
    service.answer = as_personalize


@dataclass
class Services:
    """What the function stands on."""

    patch: pytest.MonkeyPatch
    personalize: Service
    log: io.StringIO

    def declare(self, limit: float, **environment: Any) -> "Faced":
        """Declare an API whose routes have a limit, beside what `ROUTES` says of them."""
        routes = environment.pop("ROUTES", {})
        declared = {route: {"limit": limit, **routes.get(route, {})} for route in ROUTES}
        api = put_into_function(self.patch, ROUTES=declared, **environment)
        return Faced(DeclaredApi(api, Upstream(), Context(10)), limit, self.log)

    @contextmanager
    def other(self, name: str, fault: str | None = None) -> Iterator[Service]:
        """Run another service than Amazon Personalize, broken or well."""
        with Service().running() as service:
            self.patch.setenv(f"AWS_ENDPOINT_URL_{name}", service.url)
            if fault is not None:
                break_down(service, fault)
            yield service


@dataclass
class Faced:
    """An API that stands on services that go wrong."""

    function: DeclaredApi
    limit: float
    log: io.StringIO

    @property
    def api(self) -> Api:
        return self.function.api

    def ask(self, route: str) -> Reply:
        """Ask a route, which answers within its limit whatever happens, and never breaks."""
        if route == "ranking":
            return self.timed(lambda: self.function.post("/ranking", RANKING))
        query = QUERIES.get(route, {})
        return self.timed(lambda: self.function.send("GET", f"/{route}", query))

    def timed(self, ask: Callable[[], Reply]) -> Reply:
        started = time.monotonic()
        reply = ask()
        assert time.monotonic() - started < self.limit + SLACK
        assert "the request broke the API" not in self.log.getvalue()
        assert "Traceback" not in json.dumps(reply.body)
        return reply


@pytest.fixture
def personalize() -> Iterator[Service]:
    with Service(answer=as_personalize).running() as running:
        yield running


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch, personalize: Service, log: io.StringIO) -> Services:
    monkeypatch.setenv("AWS_ENDPOINT_URL", personalize.url)
    return Services(monkeypatch, personalize, log)


@each_fault
def test_a_fault_is_a_problem_within_the_limit(services: Services, fault: str) -> None:
    api = services.declare(limit_of(fault))
    break_down(services.personalize, fault)

    replies = {route: api.ask(route) for route in ROUTES}

    for reply in replies.values():
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert reply.body["status"] == reply.status
    statuses = {route: reply.status for route, reply in replies.items()}
    assert statuses == dict.fromkeys(ROUTES, STATUS[fault])


# The model of another route answers first, then the list of a bucket, then one of the stack.
CHAIN = ({"model": "rising"}, {"lastGood": "rising"}, {"ids": ["a", "b"]})
CHAINS: Mapping[str, object] = {
    **dict.fromkeys(("recommendations", "related", "popular", "trending"), CHAIN),
    "ranking": [{"model": "for-you"}, {}],
    "actions": [{"ids": ["call-us"]}],
}
SERVED_BY = {**dict.fromkeys(ROUTES, "static-list"), "ranking": "as-given"}


@each_fault
def test_where_fallbacks_are_declared_there_is_an_answer_though_all_is_faulty(
    services: Services, fault: str
) -> None:
    with services.other("S3", fault):
        api = services.declare(
            limit_of(fault),
            ROUTES={name: {"fallbacks": chain} for name, chain in CHAINS.items()},
            LAST_GOOD_BUCKET="data",
            LAST_GOOD_PREFIX="fallback/",
        )
        break_down(services.personalize, fault)

        replies = {route: api.ask(route) for route in ROUTES}

    assert {reply.status for reply in replies.values()} == {HTTPStatus.OK}
    assert {route: reply.body["servedBy"] for route, reply in replies.items()} == SERVED_BY
    assert {route: reply.headers["X-Served-By"] for route, reply in replies.items()} == SERVED_BY


@pytest.mark.parametrize(
    "fault", sorted(FEW.keys() - REFUSING.keys())
)  # it refuses them to all models
def test_another_model_answers_for_a_faulty_one(services: Services, fault: str) -> None:
    routes = {"recommendations": {"fallbacks": [{"model": "liked"}]}}
    api = services.declare(LONG_LIMIT, ROUTES=routes)
    services.personalize.answer = lambda request: (
        FAULTS[fault] if b"campaign/for-you" in request else as_personalize(request)
    )

    reply = api.ask("recommendations")

    assert reply.headers["X-Served-By"] == "campaign/liked"


@a_few_faults
def test_the_last_good_list_answers_for_a_faulty_model(services: Services, fault: str) -> None:
    kept = http([{"itemId": "tea", "score": 0.5}])
    with services.other("S3") as s3:
        s3.answer = lambda _: saying(kept)
        api = services.declare(
            LONG_LIMIT,
            ROUTES={"trending": {"fallbacks": [{"lastGood": "liked"}]}},
            LAST_GOOD_BUCKET="data",
            LAST_GOOD_PREFIX="fallback/",
        )
        break_down(services.personalize, fault)

        reply = api.ask("trending")

    assert reply.headers["X-Served-By"] == "last-good-list/liked"
    assert reply.body["items"] == [{"itemId": "tea", "score": 0.5}]


class Clock:
    """A clock that goes on by itself, and that a test moves."""

    def __init__(self) -> None:
        self._moved = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._moved

    def move(self, seconds: float) -> None:
        self._moved += seconds


@a_few_faults
def test_a_breaker_opens_while_a_model_is_faulty_and_closes_when_it_is_well(
    services: Services, fault: str
) -> None:
    route, model = "ranking", "ranked"
    clock = Clock()
    api = services.declare(limit_of(fault))
    api.api.recommender.breakers[model] = CircuitBreaker(clock=clock)

    break_down(services.personalize, fault)
    for _ in range(FAILURES):
        assert api.ask(route).status == STATUS[fault]
    asked = len(services.personalize.requests)
    assert api.ask(route).status == HTTPStatus.SERVICE_UNAVAILABLE
    assert len(services.personalize.requests) == asked
    assert api.function.get("/health").body["models"][model] == "out of order"

    recover(services.personalize, fault)
    for _ in range(10):  # a busy machine may be too slow for the first
        clock.move(LONGEST_PAUSE_SECONDS)
        if api.ask(route).status == HTTPStatus.OK:
            break
    assert api.ask(route).status == HTTPStatus.OK
    assert api.function.get("/health").body["models"][model] == "ok"


EXPERIMENT = {"name": "launch", "weights": {"new": 1, "for-you": 0}}


@a_few_faults
def test_who_cannot_be_told_of_gets_an_answer_all_the_same(services: Services, fault: str) -> None:
    with services.other("KINESIS", fault):
        api = services.declare(
            LONG_LIMIT,
            ROUTES={"recommendations": {"experiment": EXPERIMENT}},
            STREAM_NAME="events",
        )

        reply = api.ask("recommendations")

    assert reply.headers["X-Served-By"] == "campaign/new"
    assert reply.body["metricAttribution"] == {"eventAttributionSource": "launch/new"}


@a_few_faults
def test_weights_that_cannot_be_read_are_those_of_the_deploy(
    services: Services, fault: str
) -> None:
    with services.other("SSM", fault) as ssm:
        api = services.declare(
            LONG_LIMIT,
            ROUTES={"recommendations": {"experiment": {**EXPERIMENT, "parameter": "/weights"}}},
        )

        reply = api.ask("recommendations")

    assert reply.headers["X-Served-By"] == "campaign/new"
    assert bool(ssm.requests) is (fault != REFUSES)


@a_few_faults
def test_items_that_cannot_be_read_are_told_by_their_ids(services: Services, fault: str) -> None:
    table = {"name": "items", "key": "ID", "attributes": ["PRICE"]}
    with services.other("DYNAMODB", fault) as dynamodb:
        api = services.declare(LONG_LIMIT, ITEM_TABLE=table, ITEM_COLUMNS=["PRICE"])

        reply = api.timed(
            lambda: api.function.get("/recommendations", userId="ann", fields="itemId,PRICE")
        )

    assert reply.body["items"] == [{"itemId": "tea"}, {"itemId": "cup"}]
    assert bool(dynamodb.requests) is (fault != REFUSES)


@pytest.mark.parametrize("fault", ["says nothing", "resets"])
def test_a_faulty_table_is_left_in_peace(services: Services, fault: str) -> None:
    table = {"name": "items", "key": "ID", "attributes": ["PRICE"]}
    with services.other("DYNAMODB", fault) as dynamodb:
        api = services.declare(LONG_LIMIT, ITEM_TABLE=table, ITEM_COLUMNS=["PRICE"])
        for _ in range(FAILURES):
            api.function.get("/recommendations", userId="ann", fields="PRICE")
        asked = len(dynamodb.requests)

        reply = api.function.get("/recommendations", userId="ann", fields="PRICE")

    assert reply.status == HTTPStatus.OK
    assert len(dynamodb.requests) == asked


# PutRecords

EVENTS = [
    {"userId": "ann", "sessionId": "s1", "eventType": "View", "itemId": one, "eventId": one}
    for one in ("tea", "cup")
]
TAKEN = {"ShardId": "shardId-0", "SequenceNumber": "1"}
SECONDS = 0.6

UNTOLD: Mapping[str, Answering] = {
    "no record": saying(http({"FailedRecordCount": 0, "Records": []})),
    "one of two records": saying(http({"FailedRecordCount": 0, "Records": [TAKEN]})),
    "records without a place": saying(http({"FailedRecordCount": 0, "Records": [{}, {}]})),
    "records that are none": saying(http({"FailedRecordCount": 0, "Records": ["a", 5]})),
    "a code that is none": saying(http({"Records": [{"ErrorCode": 5}] * 2})),
    "records that are no list": saying(http({"Records": {"a": TAKEN, "b": TAKEN}})),
    "nothing of records": saying(http({"FailedRecordCount": 0})),
}
"""The ways of an answer of Amazon Kinesis that does not tell what became of each record."""
STREAM_FAULTS = {**SLOW, **THROTTLED, **UNAVAILABLE, **UNTOLD, **REFUSING}


@pytest.fixture
def kinesis(services: Services) -> Iterator[Service]:
    with services.other("KINESIS") as running:
        yield running


@pytest.fixture
def api(services: Services, kinesis: Service) -> Faced:
    faced = services.declare(SECONDS, STREAM_NAME="events")
    faced.function.context = Context(SECONDS)
    return faced


def take_all(request: bytes) -> Answering:
    records = body_of(request)["Records"]
    return saying(http({"FailedRecordCount": 0, "Records": [TAKEN] * len(records)}))


@pytest.mark.parametrize("fault", STREAM_FAULTS)
def test_events_that_are_not_taken_are_to_be_sent_again(
    api: Faced, kinesis: Service, fault: str
) -> None:
    if fault == REFUSES:
        kinesis.stop()
    kinesis.answer = lambda _: STREAM_FAULTS[fault]

    reply = api.timed(lambda: api.function.post("/events", EVENTS))

    assert reply.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert int(reply.headers["Retry-After"]) >= 1
    assert reply.body["detail"].startswith("2 of 2 events could not be taken; send all of them")


@a_few_faults
def test_events_of_which_some_were_taken_before_are_not_said_to_be(
    api: Faced, kinesis: Service, fault: str
) -> None:
    full = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow"}
    kinesis.answers = [saying(http({"FailedRecordCount": 1, "Records": [full, TAKEN]}))]
    kinesis.answer = lambda _: FAULTS[fault]

    reply = api.timed(lambda: api.function.post("/events", EVENTS))

    assert reply.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert reply.body["detail"].startswith("1 of 2 events could not be taken; send all of them")


@pytest.mark.parametrize("fault", [*UNAVAILABLE, *THROTTLED, *UNTOLD])
def test_events_are_put_again_when_the_stream_is_well(
    api: Faced, kinesis: Service, fault: str
) -> None:
    api.function.context = Context(10)
    kinesis.answers = [STREAM_FAULTS[fault]]
    kinesis.answer = take_all

    reply = api.function.post("/events", EVENTS)

    assert (reply.status, reply.body) == (HTTPStatus.ACCEPTED, {"accepted": 2})
    assert len(body_of(kinesis.requests[-1])["Records"]) == 2
