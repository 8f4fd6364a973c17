"""Whatever is sent to the API: an answer, or a document that says what is wrong with it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.handlers.gateway import PAYLOADS, HttpRequest, body_of
from tests.handlers.odd_requests import IDS, OddRequests
from tests.handlers.recommend_function import Function

REQUESTS = 10_000
VERSIONS = sorted(PAYLOADS)
_SUCCESSES = {200, 202, 204, 304}
_REFUSALS = {400, 404, 405, 413, 415}
_OF_THE_WHOLE_REQUEST = re.compile(
    "the body must be |the query string is not UTF-8|the body is no base64"
    "|Amazon Personalize refused the request: "
)
_OUR_CODE = re.compile(r"Traceback|File \"|\.py\b|Error\(|object at 0x")


@pytest.fixture(scope="module")
def function() -> Iterator[Function]:
    with Function.loaded() as function:
        yield function


def problem_of(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the problem document that an answer must be."""
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    assert headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(body_of(answer))
    assert document.keys() - {"parameter"} == {"type", "title", "status", "detail"}
    assert document["status"] == answer["statusCode"]
    assert all(isinstance(document[name], str) for name in document.keys() - {"status"})
    return document


def check(answer: dict[str, Any]) -> None:
    """Check what is true of every answer that a request is at fault for, or nobody."""
    text = body_of(answer).decode()
    assert answer["statusCode"] in _SUCCESSES | _REFUSALS, text
    assert all(
        isinstance(value, str) and value.isprintable() for value in answer["headers"].values()
    )
    if answer["statusCode"] in _SUCCESSES:
        return
    problem = problem_of(answer)
    if answer["statusCode"] == 400 and not _OF_THE_WHOLE_REQUEST.match(problem["detail"]):
        assert "parameter" in problem, problem


def test_ten_thousand_odd_requests_get_an_answer_or_a_problem_that_names_the_parameter(
    function: Function,
) -> None:
    requests, statuses = OddRequests(7, VERSIONS), Counter[int]()
    for number in range(REQUESTS):
        event = requests.event()
        sent = json.dumps(event)
        answer = function.invoke(event)
        statuses[answer["statusCode"]] += 1
        try:
            check(answer)
        except (AssertionError, KeyError) as error:
            pytest.fail(f"request {number}: {error}\n{sent[:2000]}\n{str(answer)[:2000]}")
        # What is quoted of a request may be anything; else nothing tells how the API is made.
        quoted = _OUR_CODE.search(body_of(answer).decode())
        assert quoted is None or quoted[0] in sent, answer
    assert all(statuses[status] > REQUESTS / 100 for status in (200, 202, 400, 404, 405)), statuses


def test_the_service_refuses_nothing_that_the_function_let_through(function: Function) -> None:
    assert function.aws.refusals == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("user_id", IDS, ids=ascii)
def test_an_id_reaches_the_service_as_it_is(function: Function, user_id: str, version: str) -> None:
    request = HttpRequest("GET", f"/recommendations?userId={quote(user_id, safe='')}")

    assert function.invoke(PAYLOADS[version](request))["statusCode"] == 200
    assert function.aws.calls[-1]["userId"] == user_id


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("item_id", IDS, ids=ascii)
def test_an_id_in_a_body_reaches_the_service_as_it_is(
    function: Function, item_id: str, version: str
) -> None:
    body = json.dumps({"userId": "ann", "itemIds": [item_id]}, ensure_ascii=False).encode()
    request = HttpRequest("POST", "/ranking", [("content-type", "application/json")], body)

    assert function.invoke(PAYLOADS[version](request))["statusCode"] == 200
    assert function.aws.calls[-1]["inputList"] == [item_id]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("numResults=5", "userId"),
        ("userId=", "userId"),
        (f"userId={'x' * 257}", "userId"),
        ("userId=ann&userId=ann", "userId"),
        *(
            (f"userId=ann&numResults={count}", "numResults")
            for count in ("", "0", "501", "-1", "x")
        ),
        ("userId=ann&numResults=5&numResults=5", "numResults"),
        ("userId=ann&model=", "model"),
        ("userId=ann&model=similar", "model"),
        ("userId=ann&filter=", "filter"),
        ("userId=ann&filter=nobody", "filter"),
        ("userId=ann&filter.GENRE=tea", "filter"),
        ("userId=ann&filter=genre&filter.GENRE=", "filter.GENRE"),
        ("userId=ann&filter=genre&filter.GENRE=%22", "filter.GENRE"),
        ("userId=ann&filter=genre&filter.MAX_PRICE=x", "filter.MAX_PRICE"),
        ("userId=ann&filter=genre&filter.a-b=x", "filter.a-b"),
        ("userId=ann&userid=ann", "userid"),
        ("userId=ann&%00=", "\x00"),
    ],
)
def test_names_the_parameter_of_a_query_that_is_at_fault(
    function: Function, query: str, parameter: str
) -> None:
    event = PAYLOADS["2.0"](HttpRequest("GET", f"/recommendations?{query}"))

    problem = problem_of(function.invoke(event))

    assert (problem["status"], problem["parameter"]) == (400, parameter)


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"userId": None}, "userId"),
        ({"userId": 5}, "userId"),
        ({"userId": ""}, "userId"),
        ({"itemIds": None}, "itemIds"),
        ({"itemIds": []}, "itemIds"),
        ({"itemIds": "tea"}, "itemIds"),
        ({"itemIds": ["tea", None]}, "itemIds"),
        ({"itemIds": ["tea"] * 501}, "itemIds"),
        ({"numResults": True}, "numResults"),
        ({"numResults": 1.5}, "numResults"),
        ({"numResults": 10**400}, "numResults"),
        ({"model": 5}, "model"),
        ({"model": "for-you"}, "model"),
        ({"filter": []}, "filter"),
        ({"filterValues": {"GENRE": "tea"}}, "filter"),
        ({"filter": "genre", "filterValues": []}, "filterValues"),
        ({"filter": "genre", "filterValues": {"GENRE": [None]}}, "filter.GENRE"),
        ({"context": "mobile"}, "context"),
        ({"context": {"DEVICE": {}}}, "context.DEVICE"),
        ({"fields": ["itemId", "itemId"]}, "fields"),
        ({"fields": [5]}, "fields"),
        ({"userID": "ann"}, "userID"),
    ],
)
def test_names_the_member_of_a_body_that_is_at_fault(
    function: Function, change: dict[str, Any], parameter: str
) -> None:
    body = json.dumps({"userId": "ann", "itemIds": ["tea"], **change}).encode()
    request = HttpRequest("POST", "/ranking", [("content-type", "application/json")], body)

    problem = problem_of(function.invoke(PAYLOADS["2.0"](request)))

    assert (problem["status"], problem["parameter"]) == (400, parameter)


@pytest.mark.parametrize("count", [5, 5.0])
def test_a_whole_number_may_be_written_with_a_point_in_json(
    function: Function, count: float
) -> None:
    body = json.dumps({"userId": "ann", "itemIds": ["tea"], "numResults": count}).encode()
    request = HttpRequest("POST", "/ranking", [("content-type", "application/json")], body)

    assert function.invoke(PAYLOADS["2.0"](request))["statusCode"] == 200


@pytest.mark.parametrize(
    "failure", [(500, b""), (503, b"<html>"), (200, b"nonsense"), (200, b"[]")]
)
def test_trouble_of_the_service_is_a_problem_document_too(failure: tuple[int, bytes]) -> None:
    with Function.loaded() as function:
        function.aws.failure = failure
        for target in ("/recommendations?userId=ann", "/related?itemId=tea"):
            problem = problem_of(function.invoke(PAYLOADS["2.0"](HttpRequest("GET", target))))
            assert problem["status"] in {502, 503, 504}
