"""Recommendations and rankings, from real models."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator.data.recommendation_journal import Recommendation, RecommendationJournal
from tests.emulator.cloud import interactions

if TYPE_CHECKING:
    from collections.abc import Callable

    from personalize_emulator import PersonalizeEmulator
    from tests.emulator.cloud import Cloud
    from tests.emulator.conftest import Shop


def related(shop: Shop, item: str, number: int = 5) -> list[str]:
    answer = shop.cloud.runtime.get_recommendations(
        campaignArn=shop.related, itemId=item, numResults=number
    )
    return [entry["itemId"] for entry in answer["itemList"]]


def ranking(shop: Shop, user: str, *items: str) -> list[str]:
    answer = shop.cloud.runtime.get_personalized_ranking(
        campaignArn=shop.ranking, userId=user, inputList=list(items)
    )
    return [entry["itemId"] for entry in answer["personalizedRanking"]]


def many_items() -> str:
    """Forty users with thirty items each out of sixty."""
    header, *_ = interactions().splitlines()
    rows = [
        f"u{user},i{(user + step) % 60},{1_700_000_000 + step},view,"
        for user in range(40)
        for step in range(30)
    ]
    return "\n".join([header, *rows])


def test_recommends_what_users_alike_like(shop: Shop, certain: str) -> None:
    def tastes(user: str) -> set[str]:
        answer = shop.cloud.runtime.get_recommendations(
            campaignArn=certain, userId=user, numResults=5
        )
        return {entry["itemId"][0] for entry in answer["itemList"]}

    assert tastes("u2") == {"a"}
    assert tastes("u3") == {"b"}


def test_scores_fall(shop: Shop) -> None:
    answer = shop.cloud.runtime.get_recommendations(campaignArn=shop.for_you, userId="u2")
    scores = [entry["score"] for entry in answer["itemList"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]


def test_gives_as_many_results_as_were_asked_for(shop: Shop) -> None:
    assert len(shop.recommended("u2", 3)) == 3


def test_gives_each_item_once(shop: Shop) -> None:
    items = shop.recommended("u2")
    assert len(items) == len(set(items))


def test_gives_twenty_five_results_unless_told_otherwise(limited: Cloud) -> None:
    group = limited.group()
    limited.dataset(group, csv=many_items())
    limited.dataset(group, DatasetType.ITEMS)
    campaign = limited.campaign(limited.version(limited.solution(group)))
    answer = limited.runtime.get_recommendations(campaignArn=campaign, userId="u2")
    assert len(answer["itemList"]) == 25
    with pytest.raises(limited.runtime.exceptions.InvalidInputException, match="at most 500"):
        limited.runtime.get_recommendations(campaignArn=campaign, userId="u2", numResults=501)
    with pytest.raises(limited.runtime.exceptions.InvalidInputException, match="at most 50 with"):
        limited.runtime.get_recommendations(
            campaignArn=campaign,
            userId="u2",
            numResults=51,
            metadataColumns={"ITEMS": ["CATEGORY"]},
        )


def test_every_answer_has_an_id_of_its_own(shop: Shop) -> None:
    ids = {
        shop.cloud.runtime.get_recommendations(campaignArn=shop.for_you, userId="u2")[
            "recommendationId"
        ]
        for _ in range(2)
    }
    assert len(ids) == 2
    assert all(re.fullmatch(r"RID-[0-9a-f-]{36}", found) for found in ids)


def test_an_unknown_user_gets_a_list_too(shop: Shop) -> None:
    assert len(shop.recommended("nobody", 5)) == 5


def test_recommends_items_related_to_an_item(shop: Shop) -> None:
    assert {item[0] for item in related(shop, "a1", 3)} == {"a"}
    assert {item[0] for item in related(shop, "b1", 3)} == {"b"}


def test_an_item_is_not_related_to_itself(shop: Shop) -> None:
    assert "a1" not in related(shop, "a1")


def test_an_unknown_item_gets_a_list_too(shop: Shop) -> None:
    assert related(shop, "nothing")


def test_puts_items_in_the_order_of_a_users_taste(shop: Shop) -> None:
    assert [item[0] for item in ranking(shop, "u2", "b1", "a1", "b2", "a2")] == list("aabb")
    assert [item[0] for item in ranking(shop, "u3", "b1", "a1", "b2", "a2")] == list("bbaa")


def test_unknown_items_come_last_in_a_ranking_in_the_order_given(shop: Shop) -> None:
    assert ranking(shop, "u2", "y", "a1", "x", "b1")[2:] == ["y", "x"]


def test_a_ranking_has_every_item_once(shop: Shop) -> None:
    assert sorted(ranking(shop, "u2", "a1", "a2", "a1")) == ["a1", "a2"]


def test_personalisation_needs_a_user(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="userId"):
        shop.cloud.runtime.get_recommendations(campaignArn=shop.for_you)


def test_related_items_need_an_item(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="itemId"):
        shop.cloud.runtime.get_recommendations(campaignArn=shop.related, userId="u2")


def test_a_campaign_must_be_named(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="campaignArn"):
        shop.cloud.runtime.get_recommendations(userId="u2")


def test_a_ranking_is_not_asked_for_recommendations(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="Ranking"):
        shop.cloud.runtime.get_recommendations(campaignArn=shop.ranking, userId="u2")


def test_other_campaigns_are_not_asked_for_a_ranking(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="GetRecomm"):
        shop.cloud.runtime.get_personalized_ranking(
            campaignArn=shop.for_you, userId="u2", inputList=["a1"]
        )


def test_a_campaign_that_is_not_there_is_not_found(cloud: Cloud) -> None:
    with pytest.raises(cloud.runtime.exceptions.ResourceNotFoundException):
        cloud.runtime.get_recommendations(campaignArn=cloud.arn("campaign/none"), userId="u2")


def test_a_campaign_of_another_account_is_not_found(cloud: Cloud, shop: Shop) -> None:
    with pytest.raises(cloud.runtime.exceptions.ResourceNotFoundException):
        cloud.runtime.get_recommendations(campaignArn=shop.for_you, userId="u2")


def test_a_campaign_must_be_active(shop: Shop) -> None:
    arn = shop.cloud.personalize.create_campaign(name="late", solutionVersionArn=shop.version)[
        "campaignArn"
    ]
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="PENDING"):
        shop.cloud.runtime.get_recommendations(campaignArn=arn, userId="u2")


def test_a_filter_leaves_items_out(shop: Shop) -> None:
    cheap = shop.cloud.filter(shop.group, "EXCLUDE ItemID WHERE Items.PRICE > 2", "cheap")
    answer = shop.cloud.runtime.get_recommendations(
        campaignArn=shop.for_you, userId="u2", filterArn=cheap
    )
    items = [entry["itemId"] for entry in answer["itemList"]]
    assert items
    assert {int(item[1]) for item in items} <= {0, 1, 2}


def test_a_filter_takes_values(shop: Shop) -> None:
    category = shop.cloud.filter(
        shop.group, "INCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY)", "category"
    )
    answer = shop.cloud.runtime.get_recommendations(
        campaignArn=shop.for_you,
        userId="u2",
        filterArn=category,
        filterValues={"CATEGORY": '"B"'},
    )
    assert {entry["itemId"][0] for entry in answer["itemList"]} == {"b"}


def test_a_filter_sees_events_at_once(shop: Shop) -> None:
    viewed = shop.cloud.filter(
        shop.group, 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("like")', "liked"
    )

    def answer() -> set[str]:
        found = shop.cloud.runtime.get_recommendations(
            campaignArn=shop.for_you, userId="filtered", filterArn=viewed
        )
        return {entry["itemId"] for entry in found["itemList"]}

    assert "a4" in answer()
    shop.cloud.events.put_events(
        trackingId=shop.tracking_id,
        userId="filtered",
        sessionId="s",
        eventList=[{"eventType": "like", "itemId": "a4", "sentAt": datetime.now(UTC)}],
    )
    assert "a4" not in answer()


def test_a_filter_applies_to_rankings_too(shop: Shop) -> None:
    only = shop.cloud.filter(shop.group, 'INCLUDE ItemID WHERE Items.CATEGORY IN ("B")', "only-b")
    answer = shop.cloud.runtime.get_personalized_ranking(
        campaignArn=shop.ranking, userId="u2", inputList=["a1", "b1", "x"], filterArn=only
    )
    assert [entry["itemId"] for entry in answer["personalizedRanking"]] == ["b1"]


def test_a_filter_that_is_not_there_is_not_found(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.ResourceNotFoundException):
        shop.cloud.runtime.get_recommendations(
            campaignArn=shop.for_you, userId="u2", filterArn=shop.cloud.arn("filter/none")
        )


def test_a_filter_must_be_active(shop: Shop) -> None:
    arn = shop.cloud.personalize.create_filter(
        name="late",
        datasetGroupArn=shop.group,
        filterExpression="EXCLUDE ItemID WHERE Items.PRICE > 2",
    )["filterArn"]
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="PENDING"):
        shop.cloud.runtime.get_recommendations(campaignArn=shop.for_you, userId="u2", filterArn=arn)


def test_an_including_filter_needs_its_values(shop: Shop) -> None:
    arn = shop.cloud.filter(
        shop.group, "INCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY)", "needs"
    )
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="CATEGORY"):
        shop.cloud.runtime.get_recommendations(campaignArn=shop.for_you, userId="u2", filterArn=arn)


def test_context_moves_to_the_model_if_it_is_a_column(shop: Shop) -> None:
    answer = shop.cloud.runtime.get_recommendations(
        campaignArn=shop.for_you, userId="u2", context={"EVENT_TYPE": "view"}
    )
    assert answer["itemList"]


def test_context_must_be_a_column_of_interactions(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="DEVICE"):
        shop.cloud.runtime.get_recommendations(
            campaignArn=shop.for_you, userId="u2", context={"DEVICE": "phone"}
        )
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="DEVICE"):
        shop.cloud.runtime.get_personalized_ranking(
            campaignArn=shop.ranking, userId="u2", inputList=["a1"], context={"DEVICE": "phone"}
        )


def test_recipes_that_use_no_context_refuse_it(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="contextual"):
        shop.cloud.runtime.get_recommendations(
            campaignArn=shop.related, itemId="a1", context={"EVENT_TYPE": "view"}
        )


def test_similar_items_have_no_scores(shop: Shop) -> None:
    answer = shop.cloud.runtime.get_recommendations(campaignArn=shop.related, itemId="a1")
    assert all("score" not in item for item in answer["itemList"])


def test_a_ranking_has_scores(shop: Shop) -> None:
    answer = shop.cloud.runtime.get_personalized_ranking(
        campaignArn=shop.ranking, userId="u2", inputList=["a1", "unknown"]
    )
    first, last = (item["score"] for item in answer["personalizedRanking"])
    assert first > last == 0


def test_a_campaign_and_a_recommender_are_not_asked_together(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="Either"):
        shop.cloud.runtime.get_recommendations(
            campaignArn=shop.for_you, recommenderArn=shop.cloud.arn("recommender/x"), userId="u2"
        )


def test_a_recommender_that_is_not_there_is_not_found(cloud: Cloud) -> None:
    with pytest.raises(cloud.runtime.exceptions.ResourceNotFoundException):
        cloud.runtime.get_recommendations(recommenderArn=cloud.arn("recommender/x"), userId="u2")


def test_other_campaigns_are_not_asked_for_actions(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="GetRecomm"):
        shop.cloud.runtime.get_action_recommendations(campaignArn=shop.for_you, userId="u2")


def test_actions_are_asked_of_a_campaign(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="campaignArn"):
        shop.cloud.runtime.get_action_recommendations(userId="u2")


def test_a_filter_by_the_current_item_is_for_related_items(shop: Shop) -> None:
    arn = shop.cloud.filter(
        shop.group, "INCLUDE ItemID WHERE Items.CATEGORY IN CurrentItem.CATEGORY", "same"
    )
    answer = shop.cloud.runtime.get_recommendations(
        campaignArn=shop.related, itemId="b1", filterArn=arn
    )
    assert {item["itemId"][0] for item in answer["itemList"]} == {"b"}
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="CurrentItem"):
        shop.cloud.runtime.get_recommendations(campaignArn=shop.for_you, userId="u2", filterArn=arn)


def test_a_filter_by_what_the_user_did_needs_a_user(shop: Shop) -> None:
    arn = shop.cloud.filter(
        shop.group, "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)", "unseen"
    )
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="userId"):
        shop.cloud.runtime.get_recommendations(campaignArn=shop.related, itemId="a1", filterArn=arn)
    answer = shop.cloud.runtime.get_recommendations(
        campaignArn=shop.related, itemId="a1", userId="u2", filterArn=arn
    )
    ids = {item["itemId"] for item in answer["itemList"]}
    assert ids.isdisjoint(
        event.item_id
        for event in shop.cloud.emulator.service.backend.interactions.history(
            shop.interactions, "u2"
        )
    )


def test_an_import_moves_no_answer_before_the_next_training(cloud: Cloud) -> None:
    group = cloud.group()
    log = cloud.dataset(group, csv=interactions())
    solution = cloud.solution(group)
    campaign = cloud.campaign(cloud.version(solution))

    def answer() -> list[tuple[str, float]]:
        found = cloud.runtime.get_recommendations(campaignArn=campaign, userId="u2")
        return [(item["itemId"], item["score"]) for item in found["itemList"]]

    before = answer()
    header = interactions().splitlines()[0]
    others = "\n".join(f"u2,b{n},{1_800_000_000 + n},view," for n in range(9))
    cloud.import_csv(log, f"{header}\n{others}", mode="INCREMENTAL")
    assert answer() == before
    cloud.import_csv(log, f"{header}\n{others}")
    assert answer() == before


def test_what_was_recommended_is_known_after_a_restart(
    run: Callable[[], PersonalizeEmulator],
) -> None:
    with run() as emulator:
        journal = RecommendationJournal(emulator.service.backend.store)
        given = journal.add("arn:of:a:campaign", ["a1", "a2"], at=0.0)
    with run() as emulator:
        found = RecommendationJournal(emulator.service.backend.store).get(given)
        assert found == Recommendation("arn:of:a:campaign", ["a1", "a2"])
