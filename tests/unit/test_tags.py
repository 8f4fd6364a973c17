"""Tags of the whole stack reach what can bear a change of them, and nothing else."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match, Template

from cdk_personalize import Campaign, DatasetGroup, DatasetType, Recipe, Schema
from tests.unit.apps import new_app

TAGGED = (
    "Custom::PersonalizeDataset",
    "Custom::PersonalizeSolution",
    "Custom::PersonalizeCampaign",
)
UNTAGGED = ("Custom::PersonalizeSchema", "AWS::Personalize::DatasetGroup")


def shop() -> cdk.Stack:
    stack = cdk.Stack(new_app(), "Shop")
    group = DatasetGroup(stack, "Group")
    schema = Schema(stack, "Schema", dataset_type=DatasetType.INTERACTIONS)
    group.add_dataset("Interactions", schema=schema)
    group.add_filter(
        "Bought", filter_expression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'
    )
    solution = group.add_solution("ForYou", recipe=Recipe.USER_PERSONALIZATION_V2)
    Campaign(stack, "Campaign", solution=solution)
    return stack


def resources_of(stack: cdk.Stack) -> dict[str, Any]:
    resources: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    return resources


@pytest.mark.parametrize("resource_type", TAGGED)
def test_tags_of_the_stack_reach_what_the_provider_manages(resource_type: str) -> None:
    stack = shop()

    cdk.Tags.of(stack).add("team", "search")

    Template.from_stack(stack).has_resource_properties(resource_type, {"Tags": {"team": "search"}})


def test_tags_of_the_stack_reach_a_filter() -> None:
    stack = shop()

    cdk.Tags.of(stack).add("team", "search")

    Template.from_stack(stack).has_resource_properties(
        "AWS::Personalize::Filter", {"Tags": [{"Key": "team", "Value": "search"}]}
    )


@pytest.mark.parametrize("resource_type", UNTAGGED)
def test_tags_of_the_stack_leave_alone_what_bears_none(resource_type: str) -> None:
    stack = shop()

    cdk.Tags.of(stack).add("team", "search")

    Template.from_stack(stack).has_resource_properties(resource_type, {"Tags": Match.absent()})


def test_tags_of_the_stack_change_no_name() -> None:
    plain, tagged = shop(), shop()

    cdk.Tags.of(tagged).add("team", "search")

    for logical_id, resource in resources_of(plain).items():
        if resource["Type"] in UNTAGGED:
            assert resources_of(tagged)[logical_id] == resource
        elif resource["Type"] in TAGGED:
            properties = dict(resources_of(tagged)[logical_id]["Properties"])
            del properties["Tags"]
            assert properties == resource["Properties"]


def test_one_resource_can_be_tagged_alone() -> None:
    stack = shop()
    campaign = stack.node.find_child("Campaign")

    cdk.Tags.of(campaign).add("cost-centre", "42")

    template = Template.from_stack(stack)
    template.has_resource_properties("Custom::PersonalizeCampaign", {"Tags": {"cost-centre": "42"}})
    template.has_resource_properties("Custom::PersonalizeSolution", {"Tags": Match.absent()})
