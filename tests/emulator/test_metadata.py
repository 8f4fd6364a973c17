"""Columns of Items in answers, where they are switched on or always there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import DatasetType
from tests.emulator.cloud import ITEMS, interactions

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud
    from tests.emulator.conftest import Shop


def metadata(shop: Shop, *columns: str, **more: Any) -> dict[str, dict[str, str]]:
    answer = shop.cloud.runtime.get_recommendations(
        **{"campaignArn": shop.for_you, "userId": "u2", **more},
        metadataColumns={"ITEMS": list(columns)},
    )
    return {item["itemId"]: item["metadata"] for item in answer["itemList"]}


def test_the_columns_that_were_asked_for_are_there(shop: Shop) -> None:
    assert metadata(shop, "CATEGORY", "PRICE")["a3"] == {"CATEGORY": "A", "PRICE": "3.0"}


def test_a_ranking_has_them_too(shop: Shop) -> None:
    answer = shop.cloud.runtime.get_personalized_ranking(
        campaignArn=shop.ranking,
        userId="u2",
        inputList=["b1", "unknown"],
        metadataColumns={"ITEMS": ["CATEGORY"]},
    )
    assert [item["metadata"] for item in answer["personalizedRanking"]] == [{"CATEGORY": "B"}, {}]


def test_a_column_without_a_value_is_left_out(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    items = cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    campaign = cloud.campaign(cloud.version(cloud.solution(group)))
    cloud.events.put_items(
        datasetArn=items, items=[{"itemId": "a1", "properties": json.dumps({"price": None})}]
    )
    answer = cloud.runtime.get_recommendations(
        campaignArn=campaign, userId="u2", metadataColumns={"ITEMS": ["PRICE", "CATEGORY"]}
    )
    found = {item["itemId"]: item["metadata"] for item in answer["itemList"]}
    assert found["a1"] == {"CATEGORY": "A"}


def test_older_recipes_have_none_unless_switched_on(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="enableMeta"):
        metadata(shop, "CATEGORY", campaignArn=shop.related, itemId="a1")


def test_a_campaign_switches_them_on(shop: Shop) -> None:
    cloud = shop.cloud
    version = cloud.describe(shop.related)["solutionVersionArn"]
    arn = cloud.personalize.create_campaign(
        name="with-metadata",
        solutionVersionArn=version,
        campaignConfig={"enableMetadataWithRecommendations": True},
    )["campaignArn"]
    cloud.settle(arn)
    assert metadata(shop, "CATEGORY", campaignArn=arn, itemId="a1")["a2"] == {"CATEGORY": "A"}


def test_a_column_that_is_not_there_is_refused(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="COLOUR"):
        metadata(shop, "COLOUR")


def test_columns_are_of_items(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="ITEMS"):
        shop.cloud.runtime.get_recommendations(
            campaignArn=shop.for_you, userId="u2", metadataColumns={"USERS": ["COUNTRY"]}
        )
