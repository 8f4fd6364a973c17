"""Recommenders answer as their use cases say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.use_case import UseCase
from tests.emulator.domain_shop import DomainShop, views

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


@pytest.fixture
def shop(cloud: Cloud) -> DomainShop:
    """A shop whose customers view and, at last, buy."""
    header, *purchases = views(each=2, event_type="Purchase").splitlines()
    return DomainShop(cloud, "\n".join([header, *views().splitlines()[1:], *purchases]))


def ask(shop: DomainShop, arn: str, **request: Any) -> list[dict[str, Any]]:
    answer = shop.cloud.runtime.get_recommendations(recommenderArn=arn, **request)
    return [dict(item) for item in answer["itemList"]]


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["itemId"] for item in items]


def bought(shop: DomainShop, user: str) -> set[str]:
    log = shop.cloud.emulator.service.backend.interactions
    history = log.history(shop.interactions, user)
    return {event.item_id for event in history if event.event_type == "Purchase"}


def buy(shop: DomainShop, user: str, item: str) -> None:
    tracking_id = shop.cloud.tracker(shop.group)[1]
    shop.cloud.events.put_events(
        trackingId=tracking_id,
        userId=user,
        sessionId="s",
        eventList=[{"eventType": "purchase", "itemId": item, "sentAt": datetime.now(UTC)}],
    )


def test_what_the_user_bought_is_left_out(shop: DomainShop) -> None:
    arn = shop.recommender()
    assert bought(shop, "u2")
    assert bought(shop, "u2").isdisjoint(ids(ask(shop, arn, userId="u2")))


def test_what_the_user_buys_is_left_out_at_once(shop: DomainShop) -> None:
    arn = shop.recommender()
    first = ids(ask(shop, arn, userId="u2"))[0]
    buy(shop, "u2", first)
    assert first not in ids(ask(shop, arn, userId="u2"))


def test_a_filter_applies_to_what_is_left(shop: DomainShop) -> None:
    shop.items()
    arn = shop.recommender()
    only = shop.cloud.filter(shop.group, 'INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("A")')
    found = ids(ask(shop, arn, userId="u2", filterArn=only))
    assert {item[0] for item in found} == {"a"}
    assert bought(shop, "u2").isdisjoint(found)


def test_other_use_cases_leave_nothing_out(shop: DomainShop) -> None:
    arn = shop.recommender("most-viewed", UseCase.MOST_VIEWED)
    before = ids(ask(shop, arn, userId="u2"))
    buy(shop, "u2", before[0])
    assert ids(ask(shop, arn, userId="u2")) == before


def test_recommenders_show_no_scores(shop: DomainShop) -> None:
    assert all("score" not in item for item in ask(shop, shop.recommender(), userId="u2"))


def test_a_recommender_is_asked_for_what_its_use_case_needs(shop: DomainShop) -> None:
    refused = shop.cloud.runtime.exceptions.InvalidInputException
    most_viewed = shop.recommender("most-viewed", UseCase.MOST_VIEWED)
    with pytest.raises(refused, match="userId"):
        ask(shop, most_viewed)
    together = shop.recommender("together", UseCase.FREQUENTLY_BOUGHT_TOGETHER)
    with pytest.raises(refused, match="itemId"):
        ask(shop, together, userId="u2")
    assert ask(shop, together, itemId="a1")


def test_a_stopped_recommender_answers_nothing(shop: DomainShop) -> None:
    arn = shop.recommender()
    shop.personalize.stop_recommender(recommenderArn=arn)
    refused = shop.cloud.runtime.exceptions.InvalidInputException
    with pytest.raises(refused, match="STOP PENDING"):
        ask(shop, arn, userId="u2")
    shop.cloud.reach(arn, "INACTIVE")
    with pytest.raises(refused, match="INACTIVE"):
        ask(shop, arn, userId="u2")


def test_a_recommender_in_the_making_answers_nothing(shop: DomainShop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="PENDING"):
        ask(shop, shop.create(), userId="u2")


def test_a_recommender_of_another_account_is_not_found(shop: DomainShop) -> None:
    arn = shop.recommender().replace(shop.cloud.account, "999999999999")
    with pytest.raises(shop.cloud.runtime.exceptions.ResourceNotFoundException):
        ask(shop, arn, userId="u2")


def test_a_recommender_is_no_campaign(shop: DomainShop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.ResourceNotFoundException):
        shop.cloud.runtime.get_recommendations(campaignArn=shop.recommender(), userId="u2")


def test_a_recommender_promotes_items(shop: DomainShop) -> None:
    shop.items()
    arn = shop.recommender()
    sale = shop.cloud.filter(shop.group, 'INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("B")')
    found = ask(
        shop,
        arn,
        userId="u2",
        numResults=6,
        promotions=[{"name": "sale", "percentPromotedItems": 50, "filterArn": sale}],
    )
    promoted = [item for item in found if item.get("promotionName") == "sale"]
    assert {item["itemId"][0] for item in promoted} == {"b"}
    assert len(promoted) == 3
    assert all("reason" not in item for item in found)


def test_a_recommender_answers_metadata_if_it_is_switched_on(shop: DomainShop) -> None:
    shop.items()
    columns = {"ITEMS": ["CATEGORY_L1"]}
    plain = shop.recommender()
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="enableMeta"):
        ask(shop, plain, userId="u2", metadataColumns=columns)
    arn = shop.recommender("with-metadata", enableMetadataWithRecommendations=True)
    (item,) = ask(shop, arn, userId="u2", numResults=1, metadataColumns=columns)
    assert item["metadata"] == {"CATEGORY_L1": item["itemId"][0].upper()}
