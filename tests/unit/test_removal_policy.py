"""Whether the resources outlive their stack."""

import aws_cdk as cdk
import pytest
from aws_cdk import RemovalPolicy
from aws_cdk.assertions import Template

from cdk_personalize import Campaign, Dataset, DatasetGroup, DatasetType, Filter, Recipe, Schema

KEEP = RemovalPolicy.RETAIN
NOT_BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'


def kept_group(stack: cdk.Stack) -> DatasetGroup:
    group = DatasetGroup(stack, "Group", removal_policy=KEEP)
    schema = Schema(stack, "Schema", dataset_type=DatasetType.INTERACTIONS, removal_policy=KEEP)
    group.add_dataset("Interactions", schema=schema, removal_policy=KEEP)
    return group


def test_everything_is_deleted_with_the_stack_by_default(stack: cdk.Stack) -> None:
    group = DatasetGroup(stack, "Group")
    group.add_dataset(
        "Interactions", schema=Schema(stack, "Schema", dataset_type=DatasetType.INTERACTIONS)
    )

    template = Template.from_stack(stack)
    for resource in template.to_json()["Resources"].values():
        if "Personalize" in resource["Type"]:
            assert resource.get("DeletionPolicy", "Delete") == "Delete"
    assert template.find_outputs("*") == {}


@pytest.mark.parametrize(
    "resource_type",
    ["Custom::PersonalizeSchema", "AWS::Personalize::DatasetGroup", "Custom::PersonalizeDataset"],
)
def test_what_is_retained_is_kept_by_cloudformation(stack: cdk.Stack, resource_type: str) -> None:
    kept_group(stack)

    Template.from_stack(stack).has_resource(
        resource_type, {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    )


def test_what_is_retained_is_told_in_the_outputs(stack: cdk.Stack) -> None:
    group = DatasetGroup(stack, "Group", removal_policy=KEEP)

    (output,) = Template.from_stack(stack).find_outputs("*").values()
    assert output["Value"] == stack.resolve(group.dataset_group_arn)
    assert output["Description"] == "Shop/Group is kept when it is removed from this stack"


def test_a_policy_can_be_changed_as_that_of_any_resource(stack: cdk.Stack) -> None:
    group = kept_group(stack)

    for each in (group, *group.datasets):
        each.apply_removal_policy(RemovalPolicy.DESTROY)

    template = Template.from_stack(stack)
    template.has_resource("Custom::PersonalizeDataset", {"DeletionPolicy": "Delete"})
    assert len(template.find_outputs("*")) == 1  # the schema's


def test_a_retained_campaign_with_all_that_it_rests_on_is_accepted(stack: cdk.Stack) -> None:
    solution = kept_group(stack).add_solution(
        "ForYou", recipe=Recipe.USER_PERSONALIZATION_V2, removal_policy=KEEP
    )

    Campaign(stack, "Campaign", solution=solution, removal_policy=KEEP)

    Template.from_stack(stack).has_resource(
        "Custom::PersonalizeCampaign", {"DeletionPolicy": "Retain"}
    )


def refusal(path: str, lost: str) -> str:
    return (
        f"[{path}] what is retained needs what it rests on to be retained too:"
        f" removal_policy of {lost} must be RETAIN, got DESTROY"
    )


def test_a_retained_dataset_needs_its_group_and_schema(
    stack: cdk.Stack, dataset_group: DatasetGroup, items: Schema
) -> None:
    Dataset(stack, "Items", dataset_group=dataset_group, schema=items, removal_policy=KEEP)

    with pytest.raises(RuntimeError) as refused:
        Template.from_stack(stack)

    assert refusal("Shop/Items", "Shop/Group, Shop/ItemsSchema") in str(refused.value)


def test_a_retained_filter_needs_the_datasets(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    dataset_group.apply_removal_policy(KEEP)
    Filter(
        stack,
        "Bought",
        dataset_group=dataset_group,
        filter_expression=NOT_BOUGHT,
        removal_policy=KEEP,
    )
    dataset_group.add_dataset("Interactions", schema=interactions)

    with pytest.raises(RuntimeError) as refused:
        Template.from_stack(stack)

    assert refusal("Shop/Bought", "Shop/Group/Interactions") in str(refused.value)


def test_a_retained_campaign_needs_its_solution(stack: cdk.Stack) -> None:
    solution = kept_group(stack).add_solution("ForYou", recipe=Recipe.USER_PERSONALIZATION_V2)
    Campaign(stack, "Campaign", solution=solution, removal_policy=KEEP)

    with pytest.raises(RuntimeError) as refused:
        Template.from_stack(stack)

    assert refusal("Shop/Campaign", "Shop/Group/ForYou") in str(refused.value)


def test_a_snapshot_is_refused(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="removal_policy") as refused:
        DatasetGroup(stack, "Group", removal_policy=RemovalPolicy.SNAPSHOT)

    assert str(refused.value) == (
        "removal_policy must be one of DESTROY, RETAIN, RETAIN_ON_UPDATE_OR_DELETE, got SNAPSHOT"
    )
