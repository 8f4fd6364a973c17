"""The tags of managed resources, against the emulator."""

import pytest

from tests.handlers.resource_provider.cloudformation import CloudFormation
from tests.handlers.resource_provider.shop import PREFIX, Shop, campaign, dataset, solution

DATASET = "Custom::PersonalizeDataset"
SOLUTION = "Custom::PersonalizeSolution"
ARN = f"{PREFIX}:dataset/shop/ITEMS"


@pytest.fixture
def items(shop: Shop) -> dict[str, str]:
    return dataset("Items", shop.schema("items", "Items"))


def tags(shop: Shop, arn: str) -> dict[str, str]:
    listed = shop.personalize.list_tags_for_resource(resourceArn=arn)["tags"]
    return {tag["tagKey"]: tag["tagValue"] for tag in listed}


def test_a_new_resource_bears_its_tags(
    stack: CloudFormation, shop: Shop, items: dict[str, str]
) -> None:
    stack.create(DATASET, {**items, "Tags": {"team": "search"}})

    assert tags(shop, ARN) == {"team": "search"}


def test_tags_are_changed_in_place(
    stack: CloudFormation, shop: Shop, items: dict[str, str]
) -> None:
    created = stack.create(DATASET, {**items, "Tags": {"team": "search", "stage": "test"}})
    before = shop.dataset(ARN)["creationDateTime"]

    stack.update(created, {**items, "Tags": {"team": "shop"}})

    assert tags(shop, ARN) == {"team": "shop"}
    assert shop.dataset(ARN)["creationDateTime"] == before


def test_the_tags_of_others_stay(stack: CloudFormation, shop: Shop, items: dict[str, str]) -> None:
    created = stack.create(DATASET, {**items, "Tags": {"team": "search"}})
    shop.personalize.tag_resource(resourceArn=ARN, tags=[{"tagKey": "by", "tagValue": "hand"}])

    stack.update(created, items)

    assert tags(shop, ARN) == {"by": "hand"}


def test_a_replacement_bears_the_tags_too(stack: CloudFormation, shop: Shop) -> None:
    marked = {"Tags": {"team": "search"}}
    created = stack.create(SOLUTION, {**solution("old"), **marked})

    stack.update(created, {**solution("new"), **marked})

    assert tags(shop, f"{PREFIX}:solution/new") == {"team": "search"}


def test_what_the_pipeline_will_create_is_not_tagged_yet(stack: CloudFormation, shop: Shop) -> None:
    created = stack.create("Custom::PersonalizeCampaign", {**campaign(), "Tags": {"team": "a"}})

    assert created.data["State"] == "Deferred"


def test_the_tags_of_what_the_pipeline_created_are_changed_in_place(
    stack: CloudFormation, shop: Shop
) -> None:
    deferred = stack.create("Custom::PersonalizeCampaign", {**campaign(), "Tags": {"team": "a"}})
    shop.stock()
    version = shop.train(stack.create(SOLUTION, solution()).physical_id)
    shop.personalize.create_campaign(
        name="live",
        solutionVersionArn=version,
        minProvisionedTPS=1,
        tags=[{"tagKey": "team", "tagValue": "a"}],
    )

    stack.update(deferred, {**campaign(), "Tags": {"team": "b"}})

    assert tags(shop, deferred.physical_id) == {"team": "b"}
