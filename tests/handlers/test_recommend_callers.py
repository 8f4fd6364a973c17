"""Who asks the API: users bound to their tokens, headers, and what the log says of them."""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import pytest

from tests.handlers.declared_api import (
    Declare,
    DeclaredApi,
    answer_all,
)
from tests.handlers.upstream import refused

JWT = {"jwt": {"claims": {"sub": "ann"}, "scopes": None}}


class TestBoundUsers:
    @pytest.fixture
    def api(self, declare: Declare) -> Iterator[DeclaredApi]:
        with declare(USER_CLAIM="sub", STREAM_NAME="events") as declared:
            yield declared

    def test_the_token_names_the_user(self, api: DeclaredApi) -> None:
        reply = api.send("GET", "/recommendations", {}, authorizer=JWT)

        assert reply.status == HTTPStatus.OK
        assert api.personalize.calls[0].body["userId"] == "ann"

    @pytest.mark.parametrize(
        "authorizer",
        [
            {"claims": {"sub": "ann"}},
            {"lambda": {"sub": "ann"}},
            {"sub": "ann", "principalId": "x"},
        ],
        ids=["Cognito", "a function behind an HTTP API", "a function behind a REST API"],
    )
    def test_every_authorizer_can_name_the_user(
        self, api: DeclaredApi, authorizer: Mapping[str, Any]
    ) -> None:
        api.send("GET", "/recommendations", {"userId": "ann"}, authorizer=authorizer)

        assert api.personalize.calls[0].body["userId"] == "ann"

    def test_a_model_that_needs_a_user_is_told_the_one_of_the_token(self, api: DeclaredApi) -> None:
        api.send("GET", "/popular", {}, authorizer=JWT)

        assert api.personalize.calls[0].body["userId"] == "ann"

    def test_a_list_that_is_nobodys_stays_nobodys(self, api: DeclaredApi) -> None:
        api.send("GET", "/trending", {}, authorizer=JWT)

        assert "userId" not in api.personalize.calls[0].body

    def test_nobody_asks_such_a_list_for_another_user(self, api: DeclaredApi) -> None:
        reply = api.send("GET", "/trending", {"userId": "bob"}, authorizer=JWT)

        assert reply.status == HTTPStatus.FORBIDDEN

    def test_nobody_asks_for_another_user(self, api: DeclaredApi) -> None:
        reply = api.send("GET", "/recommendations", {"userId": "bob"}, authorizer=JWT)

        assert reply.status == HTTPStatus.FORBIDDEN
        assert reply.body["parameter"] == "userId"
        assert "bob" not in json.dumps(reply.body)
        assert api.personalize.calls == []

    def test_nobody_ranks_for_another_user(self, api: DeclaredApi) -> None:
        body = {"userId": "bob", "itemIds": ["tea"]}

        assert api.send("POST", "/ranking", {}, body, authorizer=JWT).status == HTTPStatus.FORBIDDEN

    def test_nobody_tells_events_of_another_user(self, api: DeclaredApi) -> None:
        event = {"userId": "bob", "sessionId": "s", "eventType": "View", "itemId": "tea"}

        reply = api.send("POST", "/events", {}, [event], authorizer=JWT)

        assert reply.status == HTTPStatus.FORBIDDEN
        assert reply.body["parameter"] == "events[0].userId"

    def test_a_token_without_a_user_is_refused(self, api: DeclaredApi) -> None:
        authorizer = {"jwt": {"claims": {"iss": "us"}}}

        reply = api.send("GET", "/recommendations", {"userId": "ann"}, authorizer=authorizer)

        assert reply.status == HTTPStatus.FORBIDDEN


class TestHeaders:
    def test_a_correlation_id_comes_back(self, api: DeclaredApi) -> None:
        reply = api.get("/trending", {"X-Correlation-Id": "cart-7"})

        assert reply.headers["X-Correlation-Id"] == "cart-7"

    @pytest.mark.parametrize("given", ["", "x" * 129, "a\r\nSet-Cookie: b", "ü"])
    def test_what_is_no_correlation_id_does_not(self, api: DeclaredApi, given: str) -> None:
        reply = api.get("/trending", {"X-Correlation-Id": given})

        assert reply.headers["X-Correlation-Id"] == "request-1"

    @pytest.mark.parametrize(
        ("allowed", "origin", "header"),
        [
            (["https://shop"], "https://shop", "https://shop"),
            (["https://shop"], "https://evil", None),
            (["*"], "https://any", "*"),
            ([], "https://shop", None),
        ],
    )
    def test_pages_of_an_allowed_origin_may_read(
        self, declare: Declare, allowed: list[str], origin: str, header: str | None
    ) -> None:
        with declare(CORS_ORIGINS=allowed) as api:
            reply = api.get("/trending", {"Origin": origin})

        assert reply.headers.get("Access-Control-Allow-Origin") == header


def test_the_log_tells_no_user(api: DeclaredApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.personalize.answer = lambda call: (
        refused("InternalFailure", 500) if "rising" in str(call.body) else answer_all(call)
    )

    api.get("/recommendations", userId="ann-of-cleves")
    api.get("/trending", userId="ann-of-cleves")

    assert "ann-of-cleves" not in capsys.readouterr().out
