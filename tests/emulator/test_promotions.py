"""Promotions: a share of the answer that a filter chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField

if TYPE_CHECKING:
    from mypy_boto3_personalize_runtime.type_defs import PredictedItemTypeDef, PromotionTypeDef

    from tests.emulator.cloud import Cloud
    from tests.emulator.conftest import Shop


@pytest.fixture(scope="session")
def only_b(shop: Shop) -> str:
    """A filter that u2, who likes a0 to a9, would not choose."""
    return shop.cloud.filter(shop.group, 'INCLUDE ItemID WHERE Items.CATEGORY IN ("B")', "promote")


@pytest.fixture(scope="session")
def of_category(shop: Shop) -> str:
    """A filter that takes a value."""
    return shop.cloud.filter(
        shop.group, "INCLUDE ItemID WHERE Items.CATEGORY IN ($WHICH)", "promote-which"
    )


def ask(
    shop: Shop, promotion: PromotionTypeDef, campaign: str = "", **more: Any
) -> list[PredictedItemTypeDef]:
    answer = shop.cloud.runtime.get_recommendations(
        campaignArn=campaign or shop.for_you,
        **{"userId": "u2", "numResults": 8, **more},
        promotions=[promotion],
    )
    return list(answer["itemList"])


def promoted(items: list[PredictedItemTypeDef]) -> list[str]:
    return [item["itemId"] for item in items if "promotionName" in item]


def test_a_share_of_the_answer_is_promoted(shop: Shop, only_b: str) -> None:
    items = ask(shop, {"name": "sale", "percentPromotedItems": 50, "filterArn": only_b})
    assert len(items) == 8
    assert [item.get("promotionName") for item in items].count("sale") == 4
    assert {item[0] for item in promoted(items)} == {"b"}


def test_the_rest_is_what_it_would_be(shop: Shop, certain: str, only_b: str) -> None:
    items = ask(shop, {"name": "sale", "percentPromotedItems": 50, "filterArn": only_b}, certain)
    rest = [item["itemId"] for item in items if "promotionName" not in item]
    alone = shop.cloud.runtime.get_recommendations(campaignArn=certain, userId="u2", numResults=4)
    assert rest == [item["itemId"] for item in alone["itemList"]]


def test_promoted_items_are_in_order_and_anywhere(shop: Shop, only_b: str) -> None:
    promotion: PromotionTypeDef = {
        "name": "sale",
        "percentPromotedItems": 50,
        "filterArn": only_b,
    }
    places = set()
    for user in ("u2", "u4", "u6", "u8", "u10"):
        items = ask(shop, promotion, userId=user)
        scores = [item["score"] for item in items if "promotionName" in item]
        assert scores == sorted(scores, reverse=True)
        places.add(tuple(n for n, item in enumerate(items) if "promotionName" in item))
    assert len(places) > 1


def test_the_same_request_is_answered_alike(shop: Shop, only_b: str) -> None:
    promotion: PromotionTypeDef = {"percentPromotedItems": 30, "filterArn": only_b}
    assert ask(shop, promotion) == ask(shop, promotion)


def test_an_item_is_promoted_or_recommended(shop: Shop, of_category: str) -> None:
    items = ask(
        shop,
        {
            "name": "sale",
            "percentPromotedItems": 50,
            "filterArn": of_category,
            "filterValues": {"WHICH": '"A"'},
        },
    )
    ids = [item["itemId"] for item in items]
    assert len(set(ids)) == len(ids) == 8


def test_the_filter_of_the_request_is_not_for_promoted_items(
    shop: Shop, only_b: str, of_category: str
) -> None:
    items = ask(
        shop,
        {"name": "sale", "percentPromotedItems": 25, "filterArn": only_b},
        filterArn=of_category,
        filterValues={"WHICH": '"A"'},
    )
    assert {item[0] for item in promoted(items)} == {"b"}
    assert {item["itemId"][0] for item in items if "promotionName" not in item} == {"a"}


def test_too_few_promoted_items_leave_room_for_others(shop: Shop) -> None:
    one = shop.cloud.filter(shop.group, 'INCLUDE ItemID WHERE Items.ITEM_ID IN ("b3")', "one")
    items = ask(shop, {"name": "sale", "percentPromotedItems": 100, "filterArn": one})
    assert promoted(items) == ["b3"]
    assert len(items) == 8


def test_user_personalisation_says_why_an_item_is_there(shop: Shop, only_b: str) -> None:
    items = ask(shop, {"name": "sale", "percentPromotedItems": 25, "filterArn": only_b})
    reasons = [item.get("reason", []) for item in items if "promotionName" in item]
    assert [reason.count("Promoted item") for reason in reasons] == [1, 1]
    others = [item.get("reason", []) for item in items if "promotionName" not in item]
    assert all(reason in ([], ["Exploration"]) for reason in others)


def test_other_recipes_give_no_reason(shop: Shop, only_b: str) -> None:
    items = ask(
        shop,
        {"name": "sale", "percentPromotedItems": 25, "filterArn": only_b},
        shop.related,
        itemId="a1",
    )
    assert len(promoted(items)) == 2
    assert all("reason" not in item for item in items)


@pytest.mark.parametrize("missing", ["filterArn", "percentPromotedItems"])
def test_a_promotion_says_what_and_how_much(shop: Shop, only_b: str, missing: str) -> None:
    promotion: Any = {"name": "sale", "percentPromotedItems": 25, "filterArn": only_b}
    del promotion[missing]
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match=missing):
        ask(shop, promotion)


def test_there_is_one_promotion_at_most(shop: Shop, only_b: str) -> None:
    promotion: PromotionTypeDef = {"percentPromotedItems": 10, "filterArn": only_b}
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="promotions"):
        shop.cloud.runtime.get_recommendations(
            campaignArn=shop.for_you, userId="u2", promotions=[promotion, promotion]
        )


def test_not_every_recipe_supports_promotions(cloud: Cloud) -> None:
    group = cloud.group()
    schema = AvroSchema.of(
        DatasetType.ITEMS,
        (SchemaField.string("TITLE", item_name=True), SchemaField.string("TEXT", textual=True)),
    )
    items = cloud.dataset_of_schema(group, schema)
    titles = "\n".join(f"i{n},Tea {n},A cup of tea" for n in range(9))
    cloud.import_csv(items, f"ITEM_ID,TITLE,TEXT\n{titles}")
    version = cloud.version(cloud.solution(group, "alike", "aws-semantic-similarity"))
    some = cloud.filter(group, 'INCLUDE ItemID WHERE Items.ITEM_ID IN ("i1")')
    with pytest.raises(cloud.runtime.exceptions.InvalidInputException, match="no promotions"):
        cloud.runtime.get_recommendations(
            campaignArn=cloud.campaign(version),
            itemId="i2",
            promotions=[{"percentPromotedItems": 10, "filterArn": some}],
        )
