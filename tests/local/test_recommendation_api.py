"""Every route and every kind of model, asked over HTTP through the API on local AWS.

The tests run in this order on one deployment.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from cdk_personalize.patterns import ApiRoute
from demo.leftovers import leftovers
from recommend.experiments import Experiment
from tests.local.api_shop import (
    ACTIONS,
    CURIOSITY,
    DONE_ONCE_A_WEEK,
    ODD_IDS,
    ON_THE_PHONE,
)
from tests.local.api_stack import (
    EXPERIMENT,
    LAST_ACTIONS,
    LAST_RESORT,
    PROMOTED_PERCENT,
    VARIANTS,
    untrained,
)
from tests.local.deployed_api import (
    ASKED,
    GIVEN,
    ITEM,
    MODELS,
    USER,
    VIDEO_MODELS,
    DeployedApi,
)
from tests.local.deployment import wait_until
from tests.local.http_answers import Answered

pytestmark = pytest.mark.local

OK, BAD_REQUEST, NOT_READY = 200, 400, 503
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148"
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
PROBLEM = "application/problem+json"

FIRST = {
    ApiRoute.RECOMMENDATIONS: "for-you",
    ApiRoute.RELATED: "related",
    ApiRoute.POPULAR: "popular",
    ApiRoute.TRENDING: "trending",
    ApiRoute.RANKING: "ranking",
    ApiRoute.ACTIONS: "actions",
}
OF_RANKING = [name for name, (route, _) in MODELS.items() if route is ApiRoute.RANKING]
with_each_odd_id = pytest.mark.parametrize("odd", ODD_IDS.values(), ids=ODD_IDS)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedApi]:
    with DeployedApi.learnt(tmp_path_factory.mktemp("api")) as api:
        yield api


def columns(answer: Answered, name: str) -> set[Any]:
    """Return what an answer tells of its items in a column."""
    return {item["metadata"][name] for item in answer.document["items"]}


# Who answers


@pytest.mark.parametrize("route", FIRST)
def test_the_first_model_of_a_route_answers(api: DeployedApi, route: ApiRoute) -> None:
    answer = api.ask(route)

    assert (answer.status, answer.served_by) == (OK, f"campaign/{FIRST[route]}")
    assert answer.ids


@pytest.mark.parametrize("model", [*MODELS, *VIDEO_MODELS])
def test_a_model_that_is_named_answers(api: DeployedApi, model: str) -> None:
    asked = api.videos if model in VIDEO_MODELS else api
    route, kind = {**MODELS, **VIDEO_MODELS}[model]

    # Some use cases have to be told the user.
    answer = asked.ask(route, model=model, userId=USER)

    assert answer.status == OK, answer.body
    assert (answer.document["model"], answer.document["servedBy"]) == (model, kind)
    assert answer.ids


def test_a_use_case_that_needs_the_user_says_so(api: DeployedApi) -> None:
    answer = api.get("/popular", {"model": "best-sellers"})

    assert (answer.status, answer.document["parameter"]) == (BAD_REQUEST, "userId")


# What is asked for


@pytest.mark.parametrize("route", ASKED)
def test_there_are_as_many_as_are_asked_for(api: DeployedApi, route: ApiRoute) -> None:
    assert len(api.ask(route, numResults="3").ids) == 3


def test_related_items_are_others(api: DeployedApi) -> None:
    assert ITEM not in api.ask(ApiRoute.RELATED, numResults="100").ids


def test_what_has_been_seen_may_be_recommended_again(api: DeployedApi) -> None:
    everything = api.ask(ApiRoute.RECOMMENDATIONS, numResults="500").ids

    assert sorted(everything) == sorted(api.shop.items)


@pytest.mark.parametrize("model", OF_RANKING)
def test_a_ranking_has_all_items_that_were_given(api: DeployedApi, model: str) -> None:
    assert sorted(api.ask(ApiRoute.RANKING, model=model).ids) == sorted(GIVEN)


def test_two_users_have_two_rankings(api: DeployedApi) -> None:
    given = list(api.shop.items)[:20]
    first, second = (
        api.post("/ranking", {"userId": user, "itemIds": given}).ids for user in api.shop.users[:2]
    )

    assert first != second


def test_actions_have_ids_of_their_own(api: DeployedApi) -> None:
    assert set(api.ask(ApiRoute.ACTIONS).ids) <= set(ACTIONS)


def test_a_filter_leaves_what_its_text_and_its_number_say(api: DeployedApi) -> None:
    some = {"filter": "cheap", "filter.CATEGORY": "MUG", "filter.PRICE": "9.5"}

    found = api.ask(ApiRoute.RECOMMENDATIONS, **some, numResults="500").ids

    mugs = api.shop.of_category("MUG")
    assert sorted(found) == [mug for mug in mugs if float(api.shop.items[mug]["PRICE"]) < 9.5]
    assert 0 < len(found) < len(mugs)


def test_a_filter_takes_several_texts(api: DeployedApi) -> None:
    query = {"filter": "of-category", "filter.CATEGORY": ["MUG", "LAMP"], "numResults": "500"}

    found = api.get("/popular", query).ids

    assert sorted(found) == sorted(api.shop.of_category("MUG") + api.shop.of_category("LAMP"))


def test_a_ranking_is_filtered_by_its_body(api: DeployedApi) -> None:
    given = list(api.shop.items)[:20]
    filtered = {"filter": "of-category", "filterValues": {"CATEGORY": "MUG"}}

    found = api.post("/ranking", {"userId": USER, "itemIds": given, **filtered}).ids

    assert sorted(found) == [item for item in given if item in api.shop.of_category("MUG")]


def test_actions_are_filtered(api: DeployedApi) -> None:
    found = api.ask(ApiRoute.ACTIONS, filter="of-kind", **{"filter.KIND": "odd"}).ids

    assert sorted(found) == ACTIONS[1::2]


def test_what_is_promoted_has_its_share(api: DeployedApi) -> None:
    found = api.ask(ApiRoute.RECOMMENDATIONS, promotion="mugs", numResults="10").ids

    mugs = set(api.shop.of_category("MUG"))
    assert len(mugs & set(found)) >= 10 * PROMOTED_PERCENT / 100


def test_a_request_says_what_is_promoted(api: DeployedApi) -> None:
    promoted = {"promotion": "category", "promotion.CATEGORY": CURIOSITY}

    found = api.ask(ApiRoute.POPULAR, **promoted, numResults="10").ids

    assert len(set(ODD_IDS.values()) & set(found)) == 10 * PROMOTED_PERCENT / 100


@pytest.mark.parametrize("model", ["for-you", "related", "text"])
def test_fields_tell_columns_of_the_items(api: DeployedApi, model: str) -> None:
    route, _ = MODELS[model]

    answer = api.ask(route, model=model, fields="itemId,PRICE,CATEGORY_L1")

    assert {tuple(item) for item in answer.document["items"]} == {("itemId", "metadata")}
    for item in answer.document["items"]:
        row = api.shop.items[item["itemId"]]
        assert item["metadata"]["CATEGORY_L1"] == row["CATEGORY_L1"]
        assert float(item["metadata"]["PRICE"]) == float(row["PRICE"])


def test_a_header_tells_the_context(api: DeployedApi) -> None:
    """Whoever is new and on the phone gets what is looked at there."""
    query = {"userId": "a newcomer", "numResults": "10", "fields": "CATEGORY_L1"}

    answer = api.get("/recommendations", query, {"User-Agent": PHONE})

    assert columns(answer, "CATEGORY_L1") <= ON_THE_PHONE


def test_a_request_that_tells_the_context_itself_counts(api: DeployedApi) -> None:
    query = {"userId": "a newcomer", "numResults": "10", "fields": "CATEGORY_L1"}

    answer = api.get(
        "/recommendations", {**query, "context.DEVICE": "desktop"}, {"User-Agent": PHONE}
    )

    assert not columns(answer, "CATEGORY_L1") & ON_THE_PHONE


def test_a_ranking_takes_the_context_of_its_body(api: DeployedApi) -> None:
    given = [api.shop.of_category(category)[0] for category in ("TEAPOT", "LAMP", "MUG", "CANDLE")]
    body = {"userId": "a newcomer", "itemIds": given}

    on_the_phone = api.post("/ranking", {**body, "context": {"DEVICE": "mobile"}}).ids

    assert set(on_the_phone[:2]) == set(given[2:])


# Ids


@with_each_odd_id
def test_recommends_to_a_user_with_any_id(api: DeployedApi, odd: str) -> None:
    found = api.get("/recommendations", {"userId": odd, "numResults": "5"})

    # These users have met these items, and nobody else has.
    assert set(found.ids) & set(ODD_IDS.values())


@with_each_odd_id
def test_relates_an_item_with_any_id(api: DeployedApi, odd: str) -> None:
    found = api.get("/related", {"itemId": odd, "numResults": "5"}).ids

    assert set(found) == set(ODD_IDS.values()) - {odd}


@with_each_odd_id
def test_ranks_an_item_with_any_id(api: DeployedApi, odd: str) -> None:
    found = api.post("/ranking", {"userId": odd, "itemIds": [ITEM, "no such item", odd]}).ids

    assert found[0] == odd


@with_each_odd_id
def test_knows_the_actions_of_a_user_with_any_id(api: DeployedApi, odd: str) -> None:
    assert api.get("/actions", {"userId": odd}).ids


# HTTP


def test_who_has_an_answer_is_told_so(api: DeployedApi) -> None:
    first = api.get("/popular")

    again = api.get("/popular", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_another_list_has_another_etag(api: DeployedApi) -> None:
    first = api.get("/popular")

    other = api.get("/popular", {"numResults": "3"}, {"If-None-Match": first.headers["ETag"]})

    assert other.status == OK


def test_is_well(api: DeployedApi) -> None:
    document = api.get("/health").document

    assert document["status"] == "ok"
    assert set(MODELS) <= set(document["models"])


def test_tells_what_it_answers_in_openapi_3_1(api: DeployedApi) -> None:
    document = api.get("/openapi.json").document

    assert document["openapi"].startswith("3.1.")
    OPENAPI_31_VALIDATOR.validate(document)


def test_tells_of_each_route_and_of_no_other(api: DeployedApi) -> None:
    paths = api.get("/openapi.json").document["paths"]

    methods = {path: [*item] for path, item in paths.items()}
    assert methods == {
        **{f"/{route}": [route.method.lower()] for route in ApiRoute},
        "/events": ["post"],
        "/health": ["get"],
        "/openapi.json": ["get"],
    }


@pytest.mark.parametrize("path", ["/nowhere", "/recommendations/U0001", "/"])
def test_a_path_that_there_is_not_is_a_problem(api: DeployedApi, path: str) -> None:
    answer = api.get(path)

    assert (answer.status, answer.headers["Content-Type"]) == (404, PROBLEM)
    assert answer.document["status"] == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        *(("DELETE", f"/{route}", route.method) for route in ApiRoute),
        ("GET", "/ranking", "POST"),
        ("GET", "/events", "POST"),
        ("POST", "/recommendations", "GET"),
        ("PUT", "/health", "GET"),
    ],
)
def test_another_method_is_a_problem(
    api: DeployedApi, method: str, path: str, allowed: str
) -> None:
    answer = api.send(method, path)

    assert (answer.status, answer.headers["Content-Type"]) == (405, PROBLEM)
    assert answer.headers["Allow"] == allowed


# Events


def view(user: str, item: str) -> dict[str, str]:
    return {"userId": user, "sessionId": f"of {user}"[:256], "eventType": "View", "itemId": item}


@pytest.mark.parametrize("user", ["a newcomer who came by", f"a newcomer {ODD_IDS['unicode']}"])
def test_events_move_what_a_newcomer_is_recommended(api: DeployedApi, user: str) -> None:
    mugs = api.shop.of_category("MUG")
    query = {"userId": user, "numResults": "10"}
    before = api.get("/recommendations", query).ids

    answer = api.post("/events", {"events": [view(user, mug) for mug in mugs]})

    assert (answer.status, answer.document) == (202, {"accepted": len(mugs)})
    wait_until(lambda: api.get("/recommendations", query).ids != before)


def test_an_action_that_was_taken_is_not_asked_for_again(api: DeployedApi) -> None:
    query = {"userId": "who has done it", "numResults": str(len(ACTIONS))}
    assert DONE_ONCE_A_WEEK in api.get("/actions", query).ids

    answer = api.post(
        "/events",
        {
            "kind": "actionInteraction",
            "userId": "who has done it",
            "sessionId": "s",
            "eventType": "Taken",
            "actionId": DONE_ONCE_A_WEEK,
        },
    )

    assert answer.status == 202
    wait_until(lambda: DONE_ONCE_A_WEEK not in api.get("/actions", query).ids)


def test_an_item_is_no_event(api: DeployedApi) -> None:
    answer = api.post("/events", {"kind": "item", "itemId": ITEM, "properties": {"price": 1}})

    assert (answer.status, answer.headers["Content-Type"]) == (BAD_REQUEST, PROBLEM)


# Fallbacks: of each route there is a model that was never trained


def ask_in_vain(api: DeployedApi, route: ApiRoute) -> Answered:
    return api.ask(route, model=untrained(route))


def test_another_model_answers_for_one_that_is_not_there(api: DeployedApi) -> None:
    answer = ask_in_vain(api, ApiRoute.RECOMMENDATIONS)

    assert (answer.status, answer.served_by) == (OK, "campaign/popular")
    assert answer.ids == api.get("/popular").ids


@pytest.mark.parametrize("route", [ApiRoute.RELATED, ApiRoute.POPULAR])
def test_a_list_of_items_answers_where_there_is_nothing_else(
    api: DeployedApi, route: ApiRoute
) -> None:
    answer = ask_in_vain(api, route)

    assert (answer.served_by, answer.ids) == ("static-list", LAST_RESORT)


def test_a_list_of_actions_answers_for_a_model_of_actions(api: DeployedApi) -> None:
    answer = ask_in_vain(api, ApiRoute.ACTIONS)

    assert (answer.served_by, answer.ids) == ("static-list", LAST_ACTIONS)


def test_a_ranking_stays_as_it_was_given(api: DeployedApi) -> None:
    answer = ask_in_vain(api, ApiRoute.RANKING)

    assert (answer.served_by, answer.ids) == ("as-given", GIVEN)


def test_a_route_without_fallbacks_says_when_to_come_again(api: DeployedApi) -> None:
    answer = ask_in_vain(api, ApiRoute.TRENDING)

    assert (answer.status, answer.headers["Content-Type"]) == (NOT_READY, PROBLEM)
    assert int(answer.headers["Retry-After"]) > 0


def test_the_rule_asks_the_function_for_what_is_kept(api: DeployedApi) -> None:
    events = api.stack.client("events")
    inputs = [
        json.loads(target["Input"])
        for rule in events.list_rules()["Rules"]
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if "Input" in target
    ]

    assert {"refresh": ["popular"]} in inputs


def test_what_is_popular_is_kept_in_the_bucket(api: DeployedApi) -> None:
    assert api.refresh("popular") == {"popular": len(api.shop.items)}

    kept = api.stack.s3.get_object(
        Bucket=api.stack.outputs["ListsName"], Key="fallback/popular.json"
    )
    found = [entry["itemId"] for entry in json.loads(kept["Body"].read())]
    assert found == api.get("/popular", {"numResults": "100"}).ids


def test_what_was_kept_answers_from_then_on(api: DeployedApi) -> None:
    wait_until(
        lambda: ask_in_vain(api, ApiRoute.POPULAR).served_by == "last-good-list/popular",
    )

    assert ask_in_vain(api, ApiRoute.POPULAR).ids == api.get("/popular", {"numResults": "100"}).ids


def test_a_deleted_campaign_is_answered_for(api: DeployedApi) -> None:
    """It is the last test of this model."""
    arn = next(
        campaign["campaignArn"]
        for campaign in api.stack.personalize.list_campaigns()["campaigns"]
        if campaign["name"] == "ranking-1"
    )
    api.stack.personalize.delete_campaign(campaignArn=arn)

    wait_until(lambda: api.ask(ApiRoute.RANKING, model="ranking-1").served_by == "as-given")


# An experiment


def test_users_stay_with_the_variant_that_is_theirs(api: DeployedApi) -> None:
    experiment = Experiment.of(EXPERIMENT, dict.fromkeys(VARIANTS, 1))

    for user in api.shop.users[:10]:
        answers = [api.ask(ApiRoute.RELATED, userId=user).document for _ in range(3)]
        assert {answer["model"] for answer in answers} == {experiment.variant(user)}


def test_both_variants_have_users(api: DeployedApi) -> None:
    models = {api.ask(ApiRoute.RELATED, userId=user).document["model"] for user in api.shop.users}

    assert models == set(VARIANTS)


@with_each_odd_id
def test_an_exposure_reaches_amazon_personalize(api: DeployedApi, odd: str) -> None:
    answer = api.ask(ApiRoute.RELATED, userId=odd).document

    def details() -> list[dict[str, Any]]:
        query = "SELECT details FROM events WHERE arn = ? AND user_id = ? AND event_type = ?"
        found = api.journal.ask(query, api.stack.outputs["InteractionsArn"], odd, "exposure")
        return [json.loads(text) for (text,) in found]

    wait_until(lambda: bool(details()))
    assert answer["metricAttribution"]["eventAttributionSource"] in json.dumps(details())


def test_who_asks_for_a_variant_takes_no_part(api: DeployedApi) -> None:
    answer = api.ask(ApiRoute.RELATED, userId=USER, model="sims").document

    assert "metricAttribution" not in answer


def test_nothing_is_left_of_it(api: DeployedApi) -> None:
    api.stack.destroy()

    assert leftovers(api.stack.aws) == []
