"""What a solution recommends to somebody new goes by the Users dataset, as far as it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import DatasetType
from tests.emulator.cloud import interactions, recipe

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud

RECIPE = "aws-user-personalization"

USERS = "\n".join(
    ["USER_ID,COUNTRY", *(f"u{user},{'AB'[user % 2]}" for user in range(40)), "new,B"]
)


@pytest.fixture
def group(cloud: Cloud) -> str:
    """Users of country A like the items a0 to a9, those of country B the others."""
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    cloud.dataset(group, DatasetType.USERS, USERS)
    return group


def campaign(cloud: Cloud, group: str, **options: Any) -> str:
    solution = cloud.personalize.create_solution(
        name="for-you",
        datasetGroupArn=group,
        recipeArn=recipe(RECIPE),
        performAutoTraining=False,
        **options,
    )["solutionArn"]
    cloud.settle(solution)
    return cloud.campaign(cloud.version(solution))


def first_six(cloud: Cloud, campaign: str, user: str) -> set[str]:
    """The kinds of the items ahead of those that are tried out."""
    answer = cloud.runtime.get_recommendations(campaignArn=campaign, userId=user, numResults=10)
    return {item["itemId"][0] for item in answer["itemList"][:6]}


def put_user(cloud: Cloud, user: str, properties: str) -> None:
    cloud.events.put_users(
        datasetArn=cloud.arn("dataset/shop/USERS"),
        users=[{"userId": user, "properties": properties}],
    )


def test_somebody_new_gets_what_the_country_likes(cloud: Cloud, group: str) -> None:
    assert first_six(cloud, campaign(cloud, group), "new") == {"b"}


def test_a_user_put_after_the_training_counts_at_once(cloud: Cloud, group: str) -> None:
    live = campaign(cloud, group)
    assert first_six(cloud, live, "later") == {"a", "b"}
    put_user(cloud, "later", '{"country": "A"}')
    assert first_six(cloud, live, "later") == {"a"}


def test_a_user_who_moves_gets_what_the_new_country_likes(cloud: Cloud, group: str) -> None:
    live = campaign(cloud, group)
    put_user(cloud, "new", '{"country": "A"}')
    assert first_six(cloud, live, "new") == {"a"}


def test_an_excluded_column_has_no_effect(cloud: Cloud, group: str) -> None:
    choice = {"excludedDatasetColumns": {"USERS": ["COUNTRY"]}}
    live = campaign(cloud, group, solutionConfig={"trainingDataConfig": choice})
    assert first_six(cloud, live, "new") == first_six(cloud, live, "nobody") == {"a", "b"}


def test_an_included_column_has_its_effect(cloud: Cloud, group: str) -> None:
    choice = {"includedDatasetColumns": {"USERS": ["COUNTRY"]}}
    live = campaign(cloud, group, solutionConfig={"trainingDataConfig": choice})
    assert first_six(cloud, live, "new") == {"b"}
