"""The API stays up when Amazon Personalize does not."""

import json
from collections.abc import Callable, Iterator
from http import HTTPStatus

import pytest

from personalize_runtime.aws_client import AwsClient
from recommend.circuit_breaker import (
    FAILURES,
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    CircuitBreaker,
)
from recommend.declarations import Declarations, Route
from recommend.fallbacks import LastGoodLists
from recommend.recommendations import Recommender
from recommend.requests import Query
from recommend.retry_budget import RetryBudget
from tests.handlers.declared_api import MODELS, DeclaredApi, answer_all, declared_api
from tests.handlers.upstream import Answer, Call, Upstream, refused

DOWN = refused("InternalFailure", 500)
POPULAR_THEN_LISTS = {
    "fallbacks": [{"model": "liked"}, {"lastGood": "liked"}, {"ids": ["a", "b", "c"]}]
}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def down(*names: str) -> Callable[[Call], Answer | Exception]:
    """Answer as Amazon Personalize does when some models are down."""

    def answer(call: Call) -> Answer:
        arn = call.body.get("campaignArn") or call.body["recommenderArn"]
        return DOWN if arn.rpartition("/")[2] in names else answer_all(call)

    return answer


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeclaredApi]:
    routes = {
        "recommendations": POPULAR_THEN_LISTS,
        "related": {"fallbacks": [{"model": "rising"}, {"ids": ["a"]}]},
        "ranking": {"fallbacks": [{}]},
        "actions": {"fallbacks": [{"ids": ["call-us"]}]},
    }
    with declared_api(
        monkeypatch, ROUTES=routes, LAST_GOOD_BUCKET="data", LAST_GOOD_PREFIX="fallback/"
    ) as declared:
        yield declared


@pytest.fixture
def bucket(api: DeclaredApi) -> Iterator[dict[str, bytes]]:
    """The bucket of the last good lists: what lies in it."""
    objects: dict[str, bytes] = {}

    def answer(call: Call) -> Answer:
        key = call.url.partition("/data/")[2]
        if call.method == "PUT":
            objects[key] = call.content
            return Answer()
        return Answer(objects[key]) if key in objects else refused("NoSuchKey", 404)

    assert api.api.recommender.last_good is not None
    with Upstream(answer).behind(api.api.recommender.last_good.client):
        yield objects


def test_another_model_answers_for_one_that_is_down(api: DeclaredApi) -> None:
    api.personalize.answer = down("for-you")

    reply = api.get("/recommendations", userId="ann")

    assert reply.status == HTTPStatus.OK
    assert (reply.body["servedBy"], reply.body["model"]) == ("campaign", "liked")
    assert reply.headers["X-Served-By"] == "campaign/liked"


def test_a_fallback_is_asked_no_more_than_it_knows(api: DeclaredApi) -> None:
    api.personalize.answer = down("for-you")

    query = {
        "userId": "ann",
        "numResults": "5",
        "promotion": "sale",
        "filter": "genre",
        "filter.GENRE": "tea",
        "context.DEVICE": "mobile",
    }
    api.send("GET", "/recommendations", query)

    assert api.personalize.calls[-1].body == {
        "campaignArn": "arn:aws:personalize:us-east-1:123456789012:campaign/liked",
        "userId": "ann",
        "numResults": 5,
        "filterArn": "arn:aws:personalize:us-east-1:123456789012:filter/genre",
        "filterValues": {"GENRE": '"tea"'},
    }


def test_the_last_good_list_answers_where_no_model_does(
    api: DeclaredApi, bucket: dict[str, bytes]
) -> None:
    api.invoke_refresh("liked")
    api.personalize.answer = lambda _: DOWN

    reply = api.get("/recommendations", userId="ann", numResults="1")

    assert list(bucket) == ["fallback/liked.json"]
    assert (reply.body["servedBy"], reply.body["model"]) == ("last-good-list", "liked")
    assert [item["itemId"] for item in reply.body["items"]] == ["tea"]
    assert reply.body["recommendationId"] is None


@pytest.mark.usefixtures("bucket")
def test_the_list_of_the_stack_answers_where_there_was_never_a_good_one(api: DeclaredApi) -> None:
    api.personalize.answer = lambda _: DOWN

    reply = api.get("/recommendations", userId="ann", numResults="2")

    assert (reply.body["servedBy"], reply.body["model"]) == ("static-list", None)
    assert reply.body["items"] == [{"itemId": "a"}, {"itemId": "b"}]
    assert reply.headers["X-Served-By"] == "static-list"


def test_a_bucket_that_is_down_as_well_is_passed_over(api: DeclaredApi) -> None:
    api.personalize.answer = lambda _: DOWN
    assert api.api.recommender.last_good is not None

    with Upstream(lambda _: TimeoutError()).behind(api.api.recommender.last_good.client):
        assert api.get("/recommendations", userId="ann").body["servedBy"] == "static-list"


@pytest.mark.usefixtures("bucket")
def test_an_answer_says_that_no_filter_was_asked_about_a_list(api: DeclaredApi) -> None:
    api.personalize.answer = lambda _: DOWN

    reply = api.get("/recommendations", userId="ann", filter="unseen")

    assert reply.body["filtered"] is False


def test_a_ranking_falls_back_to_the_order_that_it_was_given(api: DeclaredApi) -> None:
    api.personalize.answer = lambda _: DOWN

    reply = api.post("/ranking", {"userId": "ann", "itemIds": ["cup", "tea", "cup"]})

    assert reply.body["servedBy"] == "as-given"
    assert reply.body["items"] == [{"itemId": "cup"}, {"itemId": "tea"}]


def test_actions_fall_back_to_actions(api: DeclaredApi) -> None:
    api.personalize.answer = lambda _: DOWN

    assert api.get("/actions", userId="ann").body["actions"] == [{"actionId": "call-us"}]


def test_a_model_that_is_not_there_yet_has_its_fallbacks_too(api: DeclaredApi) -> None:
    api.personalize.answer = lambda call: (
        refused("ResourceNotFoundException", 404)
        if "similar" in str(call.body)
        else answer_all(call)
    )

    assert api.get("/related", itemId="tea").body["model"] == "rising"


@pytest.mark.parametrize("limit", [3.0, 0.2])
def test_each_fallback_has_time_of_its_own_within_the_limit(limit: float) -> None:
    clock = Clock()
    calls: list[Call] = []

    def time_out(call: Call) -> Exception:
        calls.append(call)
        clock.now += call.within or 60
        return TimeoutError()

    chain = [{"model": "liked"}, {"lastGood": "liked"}, {"ids": ["a"]}]
    routes = {"trending": {"limit": limit, "fallbacks": chain}}
    declared = Declarations.read({"MODELS": json.dumps(MODELS), "ROUTES": json.dumps(routes)})
    client = AwsClient("https://aws", "aws", Upstream(time_out))
    lists = LastGoodLists(client, "data", "fallback/", clock=clock)
    recommender = Recommender(client, declared, lists, clock=clock)

    served = recommender.recommend(Route.TRENDING, Query(), within=9.5)

    assert served.served_by == "static-list"
    model, other, bucket = (call.within or 60 for call in calls)
    assert model >= limit / 2
    assert other == pytest.approx(3 * bucket)
    assert model + other + bucket == pytest.approx(limit)


def test_a_list_that_could_not_be_read_is_read_again_soon() -> None:
    clock = Clock()
    s3 = Upstream(lambda _: TimeoutError())
    lists = LastGoodLists(AwsClient("https://s3", "s3", s3), "data", "lists/", clock=clock)
    assert [lists.get("liked", within=1) for _ in range(2)] == [None, None]
    assert len(s3.calls) == 1

    s3.answer = lambda _: Answer(b'[{"itemId": "tea"}]')
    clock.now += 10

    assert lists.get("liked", within=1) == [{"itemId": "tea"}]


def test_a_list_is_kept_while_the_bucket_is_down() -> None:
    clock = Clock()
    s3 = Upstream(lambda _: Answer(b'[{"itemId": "tea"}]'))
    lists = LastGoodLists(AwsClient("https://s3", "s3", s3), "data", "lists/", clock=clock)
    lists.get("liked", within=1)

    s3.answer = lambda _: TimeoutError()
    clock.now += 300

    assert lists.get("liked", within=1) == [{"itemId": "tea"}]
    assert len(s3.calls) == 2


@pytest.mark.usefixtures("bucket")
def test_a_slow_model_leaves_the_others_time_to_be_refreshed(api: DeclaredApi) -> None:
    api.invoke_refresh("liked", "rising")

    first, second = (call.within or 60 for call in api.personalize.calls)
    assert first <= api.context.seconds / 2 <= second


def test_a_request_that_is_at_fault_has_none(api: DeclaredApi) -> None:
    api.personalize.answer = lambda _: refused("InvalidInputException", message="GENRE is missing")

    reply = api.get("/recommendations", userId="ann", filter="genre")

    assert reply.status == HTTPStatus.BAD_REQUEST
    assert len(api.personalize.calls) == 1


def test_a_fallback_is_not_to_be_cached(api: DeclaredApi) -> None:
    api.personalize.answer = down("for-you")

    assert api.get("/recommendations", userId="ann").headers["Cache-Control"] == "no-store"


def test_a_failed_refresh_leaves_the_list_as_it_is(
    api: DeclaredApi, bucket: dict[str, bytes]
) -> None:
    api.invoke_refresh("liked")
    kept = dict(bucket)
    api.personalize.answer = lambda _: DOWN

    assert api.invoke_refresh("liked") == {}
    assert bucket == kept


def test_a_model_that_fails_again_and_again_is_left_in_peace(api: DeclaredApi) -> None:
    api.personalize.answer = lambda _: DOWN
    for _ in range(FAILURES):
        api.get("/trending")
    asked = len(api.personalize.calls)

    reply = api.get("/trending")

    assert len(api.personalize.calls) == asked
    assert reply.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "'rising' is out of order" in reply.body["detail"]
    assert int(reply.headers["Retry-After"]) == FIRST_PAUSE_SECONDS


def test_a_model_in_peace_leaves_the_others_alone(api: DeclaredApi) -> None:
    api.personalize.answer = down("rising")
    for _ in range(FAILURES):
        api.get("/trending")

    assert api.get("/popular", model="liked").status == HTTPStatus.OK


def test_the_health_says_which_models_are_out_of_order(api: DeclaredApi) -> None:
    assert api.get("/health").body["status"] == "ok"

    api.personalize.answer = down("rising")
    for _ in range(FAILURES):
        api.get("/trending")

    health = api.get("/health")
    assert health.status == HTTPStatus.OK
    assert health.body["status"] == "degraded"
    assert health.body["models"]["rising"] == "out of order"
    assert health.body["models"]["for-you"] == "ok"


def test_a_breaker_lets_one_call_through_after_its_pause() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock=clock)
    for _ in range(FAILURES):
        assert not breaker.is_open
        breaker.failed()
    assert breaker.is_open

    clock.now += FIRST_PAUSE_SECONDS
    assert not breaker.is_open

    breaker.failed()
    assert breaker.seconds_left == 2 * FIRST_PAUSE_SECONDS


def test_a_breaker_closes_when_a_call_succeeds() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock=clock)
    for _ in range(FAILURES):
        breaker.failed()
    clock.now += FIRST_PAUSE_SECONDS

    breaker.succeeded()
    breaker.failed()

    assert not breaker.is_open


def test_the_pauses_of_a_breaker_grow_to_a_minute() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock=clock)
    for _ in range(FAILURES + 20):
        breaker.failed()
        clock.now += breaker.seconds_left

    breaker.failed()

    assert breaker.seconds_left == LONGEST_PAUSE_SECONDS


def test_successes_between_failures_keep_a_breaker_closed() -> None:
    breaker = CircuitBreaker()
    for _ in range(10 * FAILURES):
        breaker.failed()
        breaker.succeeded()

    assert not breaker.is_open


def test_calls_are_made_again_for_a_tenth_of_all() -> None:
    budget = RetryBudget()
    spent = 0
    for _ in range(1000):
        budget.earn()
        spent += budget.spend()

    assert 100 <= spent <= 106
