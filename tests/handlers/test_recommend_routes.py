"""What each route asks of Amazon Personalize, and what it answers."""

import base64
import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import pytest

from tests.handlers.conftest import CAMPAIGN_ARN, FILTER_ARN
from tests.handlers.declared_api import (
    MODELS,
    RECOMMENDER_ARN,
    Declare,
    DeclaredApi,
)
from tests.handlers.upstream import Answer, Upstream, refused


@pytest.mark.parametrize(
    ("path", "query", "asked"),
    [
        ("/popular", {"model": "liked"}, {"campaignArn": f"{CAMPAIGN_ARN}/liked"}),
        (
            "/popular",
            {"userId": "ann", "numResults": "3"},
            {"recommenderArn": f"{RECOMMENDER_ARN}/best", "userId": "ann", "numResults": 3},
        ),
        ("/trending", {}, {"campaignArn": f"{CAMPAIGN_ARN}/rising"}),
        (
            "/recommendations",
            {"userId": "ann", "context.DEVICE": "mobile"},
            {
                "campaignArn": f"{CAMPAIGN_ARN}/for-you",
                "userId": "ann",
                "context": {"DEVICE": "mobile"},
            },
        ),
        (
            "/trending",
            {"promotion": "sale", "promotion.MAX_PRICE": "5"},
            {
                "campaignArn": f"{CAMPAIGN_ARN}/rising",
                "promotions": [
                    {
                        "name": "sale",
                        "percentPromotedItems": 20,
                        "filterArn": f"{FILTER_ARN}/genre",
                        "filterValues": {"GENRE": '"sale"', "MAX_PRICE": "5"},
                    }
                ],
            },
        ),
    ],
)
def test_asks_the_model_of_the_route(
    api: DeclaredApi, path: str, query: Mapping[str, str], asked: Mapping[str, Any]
) -> None:
    reply = api.send("GET", path, query)

    assert reply.status == HTTPStatus.OK
    (call,) = api.personalize.calls
    assert call.url.endswith("/recommendations")
    assert call.body == asked


def test_recommends_actions(api: DeclaredApi) -> None:
    reply = api.get("/actions", userId="ann", numResults="2")

    assert reply.body["actions"] == [{"actionId": "join"}]
    (call,) = api.personalize.calls
    assert call.url.endswith("/action-recommendations")
    assert call.body == {"campaignArn": f"{CAMPAIGN_ARN}/next", "userId": "ann", "numResults": 2}


def test_says_that_a_recommender_answered(api: DeclaredApi) -> None:
    reply = api.get("/popular", userId="ann")

    assert reply.body["servedBy"] == "recommender"
    assert reply.headers["X-Served-By"] == "recommender/best"


def test_a_model_that_needs_a_user_says_so(api: DeclaredApi) -> None:
    reply = api.get("/popular")

    assert reply.status == HTTPStatus.BAD_REQUEST
    assert reply.body["parameter"] == "userId"


def test_a_ranking_takes_context_and_a_number_of_results(api: DeclaredApi) -> None:
    body = {
        "userId": "ann",
        "itemIds": ["a", "b", "c"],
        "numResults": 2,
        "context": {"DEVICE": "tv"},
    }

    reply = api.post("/ranking", body)

    assert [item["itemId"] for item in reply.body["items"]] == ["a", "b"]
    assert api.personalize.calls[0].body["context"] == {"DEVICE": "tv"}


@pytest.mark.parametrize(
    ("path", "query", "parameter"),
    [
        ("/popular", {"context.DEVICE": "tv"}, "context.DEVICE"),
        ("/recommendations", {"userId": "ann", "context.A-B": "tv"}, "context.A-B"),
        ("/recommendations", {"userId": "ann", "context.A": ""}, "context.A"),
        ("/recommendations", {"userId": "ann", "context.A": ["1", "2"]}, "context.A"),
        ("/recommendations", {"userId": "ann", "context.A": "x" * 1001}, "context.A"),
        ("/recommendations", {"userId": "ann", "promotion": "none"}, "promotion"),
        ("/recommendations", {"userId": "ann", "promotion.GENRE": "tea"}, "promotion"),
        ("/actions", {"userId": "ann", "promotion": "sale"}, "promotion"),
        ("/actions", {"userId": "ann", "numResults": "101"}, "numResults"),
        ("/trending", {"fields": "PRICE"}, "fields"),
        ("/trending", {"fields": ""}, "fields"),
        ("/trending", {"fields": "itemId,,score"}, "fields"),
    ],
)
def test_names_the_parameter_that_is_wrong(
    api: DeclaredApi, path: str, query: Mapping[str, str | list[str]], parameter: str
) -> None:
    reply = api.send("GET", path, query)

    assert reply.status == HTTPStatus.BAD_REQUEST
    assert reply.body["parameter"] == parameter
    assert api.personalize.calls == []


def test_a_rest_api_hands_on_the_same(api: DeclaredApi) -> None:
    event = {
        "httpMethod": "GET",
        "path": "/recommendations",
        "headers": {"Content-Type": "application/json"},
        "queryStringParameters": {"userId": "a b/ü", "filter": "genre", "filter.GENRE": "cup"},
        "multiValueQueryStringParameters": {
            "userId": ["a b/ü"],
            "filter": ["genre"],
            "filter.GENRE": ["tea", "cup"],
        },
        "requestContext": {"requestId": "request-1", "stage": "prod", "httpMethod": "GET"},
        "body": None,
        "isBase64Encoded": False,
    }

    reply = api.invoke(event)

    assert reply.status == HTTPStatus.OK
    assert api.personalize.calls[0].body["userId"] == "a b/ü"
    assert api.personalize.calls[0].body["filterValues"] == {"GENRE": '"tea","cup"'}


def test_a_stage_is_no_part_of_the_path(api: DeclaredApi) -> None:
    event = {
        "version": "2.0",
        "rawPath": "/prod/trending",
        "rawQueryString": "",
        "requestContext": {"http": {"method": "GET"}, "stage": "prod"},
    }

    assert api.invoke(event).status == HTTPStatus.OK


class TestFields:
    @pytest.fixture
    def api(self, declare: Declare) -> Iterator[DeclaredApi]:
        models = [{**MODELS[0], "metadata": True}, MODELS[1]]
        with declare(MODELS=models, ITEM_COLUMNS=["PRICE", "TITLE"]) as declared:
            declared.personalize.answer = lambda _: Answer(
                {"itemList": [{"itemId": "tea", "score": 0.5, "metadata": {"PRICE": "3"}}]}
            )
            yield declared

    def test_columns_are_asked_of_a_model_that_tells_them(self, api: DeclaredApi) -> None:
        reply = api.get("/recommendations", userId="ann", fields="PRICE")

        assert api.personalize.calls[0].body["metadataColumns"] == {"ITEMS": ["PRICE"]}
        assert reply.body["items"] == [{"itemId": "tea", "metadata": {"PRICE": "3"}}]

    def test_the_score_is_a_field(self, api: DeclaredApi) -> None:
        reply = api.get("/recommendations", userId="ann", fields="score")

        assert reply.body["items"] == [{"itemId": "tea", "score": 0.5}]

    def test_a_model_that_tells_none_is_not_asked(self, api: DeclaredApi) -> None:
        api.get("/recommendations", userId="ann", fields="PRICE", model="new")

        assert "metadataColumns" not in api.personalize.calls[0].body

    @pytest.mark.parametrize(
        ("query", "parameter"),
        [({"fields": "COLOR"}, "fields"), ({"fields": "PRICE", "numResults": "51"}, "numResults")],
    )
    def test_what_cannot_be_told_is_refused(
        self, api: DeclaredApi, query: Mapping[str, str], parameter: str
    ) -> None:
        reply = api.send("GET", "/recommendations", {"userId": "ann", **query})

        assert reply.status == HTTPStatus.BAD_REQUEST
        assert reply.body["parameter"] == parameter


class TestItemTable:
    @pytest.fixture
    def api(self, declare: Declare) -> Iterator[DeclaredApi]:
        table = {"name": "items", "key": "ITEM_ID", "attributes": ["PRICE"]}
        with declare(ITEM_TABLE=table, ITEM_COLUMNS=["PRICE"]) as declared:
            yield declared

    def test_the_table_tells_what_items_are_like(self, api: DeclaredApi) -> None:
        row = {"ITEM_ID": {"S": "tea"}, "PRICE": {"N": "3.5"}}
        assert api.api.item_table is not None

        with Upstream(lambda _: Answer({"Responses": {"items": [row]}})).behind(
            api.api.item_table.client
        ):
            reply = api.get("/trending", fields="PRICE")

        assert reply.body["items"] == [
            {"itemId": "tea", "metadata": {"PRICE": 3.5}},
            {"itemId": "cup"},
        ]

    def test_without_the_table_there_is_an_answer_still(self, api: DeclaredApi) -> None:
        assert api.api.item_table is not None

        with Upstream(lambda _: refused("AccessDeniedException")).behind(api.api.item_table.client):
            reply = api.get("/trending", fields="PRICE")

        assert reply.status == HTTPStatus.OK
        assert [item["itemId"] for item in reply.body["items"]] == ["tea", "cup"]


class TestSettings:
    def test_a_filter_of_the_route_is_always_applied(self, declare: Declare) -> None:
        routes = {"trending": {"filter": "genre", "values": {"GENRE": ["tea"]}}}
        with declare(ROUTES=routes) as api:
            api.get("/trending")

            assert api.personalize.calls[0].body["filterValues"] == {"GENRE": '"tea"'}

    def test_a_request_cannot_take_the_filter_of_the_route_away(self, declare: Declare) -> None:
        with declare(ROUTES={"trending": {"filter": "genre"}}) as api:
            reply = api.get("/trending", filter="unseen")

        assert reply.status == HTTPStatus.BAD_REQUEST
        assert "always filtered by genre" in reply.body["detail"]

    def test_a_promotion_of_the_route_is_made_unless_another_is_asked_for(
        self, declare: Declare
    ) -> None:
        with declare(ROUTES={"trending": {"promotion": "sale"}}) as api:
            api.get("/trending")

            assert api.personalize.calls[0].body["promotions"][0]["name"] == "sale"


class TestCaching:
    @pytest.fixture
    def api(self, declare: Declare) -> Iterator[DeclaredApi]:
        routes = {
            "trending": {"keep": 60, "cache": {"anyone": {"maxAge": 300, "public": True}}},
            "related": {"keep": 60, "cache": {"user": {"maxAge": 5}}},
        }
        with declare(ROUTES=routes) as declared:
            yield declared

    def test_an_answer_that_is_nobodys_is_kept(self, api: DeclaredApi) -> None:
        first, second = api.get("/trending"), api.get("/trending")

        assert first.body == second.body
        assert len(api.personalize.calls) == 1

    def test_another_query_has_another_answer(self, api: DeclaredApi) -> None:
        api.get("/related", itemId="tea")
        api.get("/related", itemId="cup")

        assert len(api.personalize.calls) == 2

    def test_the_answer_of_a_user_is_not_kept(self, api: DeclaredApi) -> None:
        api.get("/related", itemId="tea", userId="ann")
        api.get("/related", itemId="tea", userId="ann")

        assert len(api.personalize.calls) == 2

    def test_each_kind_of_user_has_a_time_of_its_own(self, api: DeclaredApi) -> None:
        anyone = api.get("/trending")
        ann = api.get("/related", itemId="tea", userId="ann")
        other = api.get("/related", itemId="tea")

        assert anyone.headers["Cache-Control"] == "public, max-age=300"
        assert ann.headers["Cache-Control"] == "private, max-age=5"
        assert other.headers["Cache-Control"] == "no-store"

    def test_a_client_that_has_the_answer_is_told_so(self, api: DeclaredApi) -> None:
        tag = api.get("/trending").headers["ETag"]

        reply = api.get("/trending", {"if-none-match": tag})

        assert (reply.status, reply.body) == (HTTPStatus.NOT_MODIFIED, None)
        assert reply.headers["ETag"] == tag
        assert reply.headers["Cache-Control"] == "public, max-age=300"

    def test_a_recommendation_id_makes_no_other_answer(self, api: DeclaredApi) -> None:
        tag = api.get("/recommendations", userId="ann").headers["ETag"]
        items = [{"itemId": "tea", "score": 0.9}, {"itemId": "cup"}]
        api.personalize.answer = lambda _: Answer({"recommendationId": "X", "itemList": items})

        reply = api.get("/recommendations", {"if-none-match": tag}, userId="ann")

        assert reply.status == HTTPStatus.NOT_MODIFIED


class TestContext:
    @pytest.fixture
    def api(self, declare: Declare) -> Iterator[DeclaredApi]:
        with declare(CONTEXT={"device": "DEVICE", "country": "COUNTRY"}) as declared:
            yield declared

    def test_the_headers_tell_it(self, api: DeclaredApi) -> None:
        headers = {"CloudFront-Is-Mobile-Viewer": "true", "CloudFront-Viewer-Country": "NZ"}

        api.get("/recommendations", headers, userId="ann")

        assert api.personalize.calls[0].body["context"] == {"DEVICE": "mobile", "COUNTRY": "NZ"}

    def test_the_request_says_better(self, api: DeclaredApi) -> None:
        query = {"userId": "ann", "context.DEVICE": "tv"}

        api.send("GET", "/recommendations", query, headers={"CloudFront-Is-Mobile-Viewer": "true"})

        assert api.personalize.calls[0].body["context"] == {"DEVICE": "tv"}

    def test_models_without_contextual_metadata_get_none(self, api: DeclaredApi) -> None:
        api.get("/trending", {"CloudFront-Is-Mobile-Viewer": "true"})

        assert "context" not in api.personalize.calls[0].body


class TestExperiment:
    @pytest.fixture
    def api(self, declare: Declare) -> Iterator[DeclaredApi]:
        experiment = {"name": "autumn", "weights": {"for-you": 1, "new": 1}}
        routes = {"recommendations": {"experiment": experiment, "fallbacks": [{"ids": ["a"]}]}}
        with declare(ROUTES=routes, STREAM_NAME="events") as declared:
            yield declared

    @pytest.fixture(autouse=True)
    def stream(self, api: DeclaredApi) -> Iterator[Upstream]:
        (exposures,) = api.api.exposures.values()
        with Upstream().behind(exposures.client) as upstream:
            yield upstream

    def test_users_are_divided_and_stay_where_they_are(self, api: DeclaredApi) -> None:
        def models() -> list[str]:
            replies = [api.get("/recommendations", userId=f"user-{n}") for n in range(40)]
            return [reply.body["model"] for reply in replies]

        first = models()

        assert set(first) == {"for-you", "new"}
        assert models() == first

    def test_an_answer_tells_what_its_events_are_attributed_to(self, api: DeclaredApi) -> None:
        body = api.get("/recommendations", userId="ann").body

        source = body["metricAttribution"]["eventAttributionSource"]
        assert source == f"autumn/{body['model']}"

    def test_an_exposure_is_put_on_the_stream(self, api: DeclaredApi, stream: Upstream) -> None:
        body = api.get("/recommendations", userId="ann").body
        api.get("/recommendations", userId="ann")

        (call,) = stream.calls
        event = json.loads(base64.b64decode(call.body["Data"]))
        assert event["userId"] == "ann"
        assert event["impression"] == ["tea", "cup"]
        assert event["recommendationId"] == "RID-1"
        assert event["metricAttribution"] == body["metricAttribution"]

    def test_who_asks_for_a_model_is_in_no_experiment(
        self, api: DeclaredApi, stream: Upstream
    ) -> None:
        body = api.get("/recommendations", userId="ann", model="new").body

        assert body["model"] == "new"
        assert "metricAttribution" not in body
        assert stream.calls == []

    def test_who_sees_a_fallback_has_not_seen_the_variant(
        self, api: DeclaredApi, stream: Upstream
    ) -> None:
        api.personalize.answer = lambda _: refused("InternalFailure", 500)

        body = api.get("/recommendations", userId="ann").body

        assert "metricAttribution" not in body
        assert stream.calls == []


def test_a_route_without_a_model_is_not_there(declare: Declare) -> None:
    with declare(MODELS=[MODELS[0]]) as api:
        assert api.get("/popular").status == HTTPStatus.NOT_FOUND
        assert set(api.get("/openapi.json").body["paths"]) == {
            "/recommendations",
            "/health",
            "/openapi.json",
        }
