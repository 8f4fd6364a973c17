"""The function that answers requests for recommendations."""

import base64
import io
import json
import os
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.client import BadStatusLine
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from recommend import handler as function
from recommend.api import Api
from tests.handlers.conftest import CAMPAIGN_ARN, FILTER_ARN, Context
from tests.handlers.upstream import Answer, Call, Upstream, refused

ITEMS = {
    "recommendationId": "RID-1",
    "itemList": [{"itemId": "tea", "score": 0.9, "metadata": {}}, {"itemId": "cup"}],
}
RANKED = {
    "recommendationId": "RID-2",
    "personalizedRanking": [{"itemId": "cup", "score": 0.7}, {"itemId": "tea"}],
}

RANKING = '{"userId": "ann", "itemIds": ["tea", "cup"]}'


def request(
    method: str, path: str, query: Mapping[str, str] | str = "", body: object = None
) -> dict[str, Any]:
    """Return the event of a request in the payload format 2.0 of API Gateway."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query if isinstance(query, str) else urlencode(query),
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1"},
            "requestId": "request-1",
            "stage": "$default",
        },
        "isBase64Encoded": isinstance(body, bytes),
    }
    if isinstance(body, bytes):
        event["body"] = base64.b64encode(body).decode()
    elif body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    return event


def invoke(event: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = function.handler(event, cast("LambdaContext", Context(10)))
    return answer


def get(path: str, query: Mapping[str, str] | str) -> tuple[int, dict[str, Any]]:
    answer = invoke(request("GET", path, query))
    return answer["statusCode"], json.loads(answer["body"])


def post(body: object) -> tuple[int, dict[str, Any]]:
    answer = invoke(request("POST", "/ranking", body=body))
    return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture(autouse=True)
def personalize(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    def answer(call: Call) -> Answer:
        return Answer(RANKED if call.url.endswith("/personalize-ranking") else ITEMS)

    # One that has not seen the failures of other tests.
    fresh = Api(os.environ, function.measures)
    monkeypatch.setattr(function, "api", fresh)
    with Upstream(answer).behind(fresh.recommender.client) as upstream:
        yield upstream


def test_recommends_to_a_user(personalize: Upstream) -> None:
    status, answer = get("/recommendations", {"userId": "ann", "numResults": "7"})

    assert status == HTTPStatus.OK
    assert answer == {
        "recommendationId": "RID-1",
        "model": "for-you",
        "servedBy": "campaign",
        "items": [{"itemId": "tea", "score": 0.9}, {"itemId": "cup"}],
    }
    assert [call.body for call in personalize.calls] == [
        {"campaignArn": f"{CAMPAIGN_ARN}/for-you", "userId": "ann", "numResults": 7}
    ]


def test_answers_in_json() -> None:
    answer = invoke(request("GET", "/recommendations", {"userId": "ann"}))

    assert answer["headers"]["Content-Type"] == "application/json"


def test_finds_what_resembles_an_item(personalize: Upstream) -> None:
    status, answer = get("/related", {"itemId": "tea"})

    assert (status, answer["model"]) == (HTTPStatus.OK, "similar")
    assert [call.body for call in personalize.calls] == [
        {"campaignArn": f"{CAMPAIGN_ARN}/similar", "itemId": "tea"}
    ]


def test_gives_a_related_request_its_user_for_the_filter(personalize: Upstream) -> None:
    get("/related", {"itemId": "tea", "userId": "ann", "filter": "unseen"})

    assert personalize.calls[0].body["userId"] == "ann"


@pytest.mark.parametrize("body", [RANKING, RANKING.encode()], ids=["text", "base64"])
def test_ranks_items_for_a_user(personalize: Upstream, body: str | bytes) -> None:
    status, answer = post(body)

    assert status == HTTPStatus.OK
    assert answer == {
        "recommendationId": "RID-2",
        "model": "ranked",
        "servedBy": "campaign",
        "items": [{"itemId": "cup", "score": 0.7}, {"itemId": "tea"}],
    }
    assert [call.body for call in personalize.calls] == [
        {"campaignArn": f"{CAMPAIGN_ARN}/ranked", "userId": "ann", "inputList": ["tea", "cup"]}
    ]


def test_lets_a_request_choose_the_model(personalize: Upstream) -> None:
    _, answer = get("/recommendations", {"userId": "ann", "model": "new"})

    assert answer["model"] == "new"
    assert personalize.calls[0].body["campaignArn"] == f"{CAMPAIGN_ARN}/new"


@pytest.mark.parametrize(
    "user_id", ["a/b", "a?b&c=d", "a b+c", "ünï", "%2F", "x" * 256, "-1", "a,b"]
)
def test_takes_any_id_as_it_is(personalize: Upstream, user_id: str) -> None:
    status, _ = get("/recommendations", {"userId": user_id})

    assert status == HTTPStatus.OK
    assert personalize.calls[0].body["userId"] == user_id


def test_filters_by_name(personalize: Upstream) -> None:
    get("/recommendations", {"userId": "ann", "filter": "unseen"})

    assert personalize.calls[0].body["filterArn"] == f"{FILTER_ARN}/unseen"
    assert "filterValues" not in personalize.calls[0].body


def test_quotes_the_values_of_a_filter(personalize: Upstream) -> None:
    get(
        "/recommendations",
        "userId=ann&filter=genre&filter.GENRE=green+tea&filter.GENRE=mate&filter.MAX_PRICE=9.50",
    )

    assert personalize.calls[0].body["filterValues"] == {
        "GENRE": '"green tea","mate"',
        "MAX_PRICE": "9.50",
    }


def test_filters_a_ranking(personalize: Upstream) -> None:
    post(
        {
            "userId": "ann",
            "itemIds": ["tea"],
            "filter": "genre",
            "filterValues": {"GENRE": ["tea", "mate"], "MAX_PRICE": 10},
        }
    )

    assert personalize.calls[0].body["filterArn"] == f"{FILTER_ARN}/genre"
    assert personalize.calls[0].body["filterValues"] == {"GENRE": '"tea","mate"', "MAX_PRICE": "10"}


def test_leaves_the_signature_of_a_signed_query_alone() -> None:
    query = {"userId": "ann", "X-Amz-Signature": "0", "X-Amz-Date": "20261122T000000Z"}

    assert get("/recommendations", query)[0] == HTTPStatus.OK


BAD_QUERIES = [
    ("/recommendations", "", "userId"),
    ("/recommendations", "userId=", "userId"),
    ("/recommendations", "userId=" + "x" * 257, "userId"),
    ("/recommendations", "userId=ann&userId=bob", "userId"),
    ("/recommendations", "userId=ann&numResults=abc", "numResults"),
    ("/recommendations", "userId=ann&numResults=0", "numResults"),
    ("/recommendations", "userId=ann&numResults=501", "numResults"),
    ("/recommendations", "userId=ann&numResults=-1", "numResults"),
    ("/recommendations", "userId=ann&numResults=1.5", "numResults"),
    ("/recommendations", "userId=ann&numResults=", "numResults"),
    ("/recommendations", "userId=ann&numResults=%D9%A3", "numResults"),
    ("/recommendations", "userId=ann&numResults=" + "9" * 5000, "numResults"),
    ("/recommendations", "userId=ann&itemId=tea", "itemId"),
    ("/recommendations", "userId=ann&numresults=5", "numresults"),
    ("/recommendations", "userId=ann&model=similar", "model"),
    ("/recommendations", "userId=ann&model=", "model"),
    ("/recommendations", "userId=ann&filter=none", "filter"),
    ("/recommendations", "userId=ann&filter.GENRE=tea", "filter"),
    ("/recommendations", "userId=ann&filter=genre&filter.GENRE=", "filter.GENRE"),
    ("/recommendations", "userId=ann&filter=genre&filter.GENRE=a%22b", "filter.GENRE"),
    ("/recommendations", "userId=ann&filter=genre&filter.MAX_PRICE=x", "filter.MAX_PRICE"),
    ("/recommendations", "userId=ann&filter=genre&filter.A-B=x", "filter.A-B"),
    ("/recommendations", "userId=ann&filter=genre&filter.G=" + "x" * 999, "filter.G"),
    (
        "/recommendations",
        "userId=ann&filter=genre&" + "&".join(f"filter.G{n}=x" for n in range(26)),
        "filter",
    ),
    ("/related", "userId=ann", "itemId"),
    ("/related", "itemId=tea&userId=", "userId"),
]


@pytest.mark.parametrize(("path", "query", "parameter"), BAD_QUERIES)
def test_names_the_parameter_that_is_wrong(
    personalize: Upstream, path: str, query: str, parameter: str
) -> None:
    status, problem = get(path, query)

    assert status == HTTPStatus.BAD_REQUEST
    assert problem["parameter"] == parameter
    assert parameter in problem["detail"]
    assert personalize.calls == []


BAD_BODIES = [
    ({"itemIds": ["tea"]}, "userId"),
    ({"userId": 5, "itemIds": ["tea"]}, "userId"),
    ({"userId": "ann"}, "itemIds"),
    ({"userId": "ann", "itemIds": []}, "itemIds"),
    ({"userId": "ann", "itemIds": "tea"}, "itemIds"),
    ({"userId": "ann", "itemIds": [5]}, "itemIds"),
    ({"userId": "ann", "itemIds": ["x"] * 501}, "itemIds"),
    ({"userId": "ann", "itemIds": ["tea"], "numResults": 0}, "numResults"),
    ({"userId": "ann", "itemIds": ["tea"], "model": 5}, "model"),
    ({"userId": "ann", "itemIds": ["tea"], "model": "for-you"}, "model"),
    ({"userId": "ann", "itemIds": ["tea"], "filter": ["genre"]}, "filter"),
    ({"userId": "ann", "itemIds": ["tea"], "filterValues": []}, "filterValues"),
    ({"userId": "ann", "itemIds": ["tea"], "filter.GENRE": "tea"}, "filter.GENRE"),
    (
        {"userId": "ann", "itemIds": ["tea"], "filter": "genre", "filterValues": {"G": None}},
        "filter.G",
    ),
    (
        {"userId": "ann", "itemIds": ["tea"], "filter": "genre", "filterValues": {"G": []}},
        "filter.G",
    ),
]


@pytest.mark.parametrize(("body", "parameter"), BAD_BODIES)
def test_names_the_field_that_is_wrong(
    personalize: Upstream, body: dict[str, Any], parameter: str
) -> None:
    status, problem = post(body)

    assert status == HTTPStatus.BAD_REQUEST
    assert problem["parameter"] == parameter
    assert personalize.calls == []


@pytest.mark.parametrize(
    "body", [None, "", "{", "[]", "null", b"\xff\xfe", "[" * 100_000, '{"userId": "\\ud800"}']
)
def test_refuses_a_body_that_is_no_json_object(body: object) -> None:
    status, problem = post(body)

    assert status == HTTPStatus.BAD_REQUEST
    assert "the body must be" in problem["detail"]


def test_refuses_a_query_that_is_not_utf_8() -> None:
    status, problem = get("/recommendations", "userId=%FF")

    assert status == HTTPStatus.BAD_REQUEST
    assert "UTF-8" in problem["detail"]


def test_says_what_was_got_and_what_is_allowed() -> None:
    _, problem = get("/recommendations", "userId=ann&numResults=abc")

    assert problem == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": 'numResults must be a whole number from 1 to 500, got "abc"',
        "parameter": "numResults",
    }


def test_a_problem_is_a_problem_document() -> None:
    answer = invoke(request("GET", "/recommendations"))

    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_knows_no_other_path() -> None:
    status, problem = get("/recommendation", "userId=ann")

    assert status == HTTPStatus.NOT_FOUND
    assert "GET /recommendations, GET /related, POST /ranking" in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/recommendations", "GET"),
        ("DELETE", "/related", "GET"),
        ("GET", "/ranking", "POST"),
    ],
)
def test_names_the_method_that_a_path_takes(method: str, path: str, allowed: str) -> None:
    answer = invoke(request(method, path))

    assert answer["statusCode"] == HTTPStatus.METHOD_NOT_ALLOWED
    assert answer["headers"]["Allow"] == allowed
    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_answers_a_preflight() -> None:
    assert invoke(request("OPTIONS", "/ranking"))["statusCode"] == HTTPStatus.NO_CONTENT


@pytest.mark.parametrize(
    "absence",
    [
        refused("ResourceNotFoundException", 404),
        refused("InvalidInputException", message="Campaign for-you is not ACTIVE"),
        refused("InvalidInputException", message="for-you is CREATE FAILED; it must be ACTIVE."),
    ],
)
def test_asks_for_patience_before_the_model_is_there(
    personalize: Upstream, absence: Answer
) -> None:
    personalize.answer = lambda _: absence

    answer = invoke(request("GET", "/recommendations", {"userId": "ann"}))

    assert answer["statusCode"] == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer["headers"]["Retry-After"] == "60"
    assert "'for-you' is not ready" in json.loads(answer["body"])["detail"]


def test_passes_on_what_the_service_refuses(personalize: Upstream) -> None:
    personalize.answer = lambda _: refused("InvalidInputException", message="GENRE has no value")

    status, problem = get("/recommendations", {"userId": "ann", "filter": "genre"})

    assert status == HTTPStatus.BAD_REQUEST
    assert "GENRE has no value" in problem["detail"]


def test_asks_for_a_slower_pace_when_throttled(personalize: Upstream) -> None:
    personalize.answer = lambda _: refused("ThrottlingException")

    answer = invoke(request("GET", "/recommendations", {"userId": "ann"}))

    assert answer["statusCode"] == HTTPStatus.TOO_MANY_REQUESTS
    assert answer["headers"]["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (TimeoutError("timed out"), HTTPStatus.GATEWAY_TIMEOUT),
        (ConnectionResetError("reset"), HTTPStatus.BAD_GATEWAY),
        (BadStatusLine("nonsense"), HTTPStatus.BAD_GATEWAY),
        (refused("InternalFailure", 500), HTTPStatus.BAD_GATEWAY),
        (refused("AccessDeniedException", 403), HTTPStatus.BAD_GATEWAY),
        (Answer(b"nonsense"), HTTPStatus.BAD_GATEWAY),
        (Answer(b"<html>", 503), HTTPStatus.BAD_GATEWAY),
        (Answer({"itemList": None}), HTTPStatus.BAD_GATEWAY),
        (Answer({"itemList": ["tea"]}), HTTPStatus.BAD_GATEWAY),
    ],
)
def test_tells_trouble_of_the_service_from_trouble_of_the_request(
    personalize: Upstream, failure: Answer | Exception, status: HTTPStatus
) -> None:
    personalize.answer = lambda _: failure

    assert get("/recommendations", {"userId": "ann"})[0] == status


def test_tries_once_more_and_no_more(personalize: Upstream) -> None:
    personalize.answer = lambda _: refused("InternalFailure", 500)

    get("/recommendations", {"userId": "ann"})

    assert len(personalize.calls) == 2


def test_never_shows_a_traceback(personalize: Upstream, log: io.StringIO) -> None:
    event = request("GET", "/recommendations", {"userId": "ann-of-cleves"})
    event["rawQueryString"] = 5

    answer = invoke(event)

    assert answer["statusCode"] == HTTPStatus.INTERNAL_SERVER_ERROR
    assert json.loads(answer["body"])["detail"] == "the request broke the API"
    assert "http_request.py" in log.getvalue()


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (refused("AccessDeniedException", 403, "ann-of-cleves"), "AccessDeniedException"),
        (BadStatusLine("ann-of-cleves"), "BadStatusLine"),
        (Answer({"itemList": ["ann-of-cleves"]}), "UnreadableAnswerError"),
    ],
)
def test_logs_trouble_without_the_user(
    personalize: Upstream, log: io.StringIO, failure: Answer | Exception, cause: str
) -> None:
    personalize.answer = lambda _: failure

    get("/recommendations", {"userId": "ann-of-cleves"})

    assert f'"cause":"{cause}"' in log.getvalue()
    assert "ann-of-cleves" not in log.getvalue()
