"""Whether the resources outlive their stack."""

import aws_cdk as cdk
import pytest
from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from cdk_personalize import (
    Campaign,
    Dataset,
    DatasetGroup,
    DatasetType,
    Filter,
    MetricAttribute,
    Recipe,
    Schema,
)

KEEP = RemovalPolicy.RETAIN
CLICKS = MetricAttribute.count(metric_name="Clicks", event_type="Click")
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


def policies_of(stack: cdk.Stack, resource_type: str) -> list[str]:
    found = Template.from_stack(stack).find_resources(resource_type)
    return [
        each.get("DeletionPolicy", "Delete")
        for logical_id, each in found.items()
        if "Role" in logical_id and "Provider" not in logical_id
    ]


@pytest.mark.parametrize("resource_type", ["AWS::IAM::Role", "AWS::IAM::Policy"])
def test_a_retained_group_keeps_the_role_that_reads_its_key(
    stack: cdk.Stack, resource_type: str
) -> None:
    DatasetGroup(stack, "Group", encryption_key=kms.Key(stack, "Key"), removal_policy=KEEP)

    assert policies_of(stack, resource_type) == ["Retain"]


@pytest.mark.parametrize("resource_type", ["AWS::IAM::Role", "AWS::IAM::Policy"])
def test_the_role_of_a_group_that_is_not_retained_after_all_goes_with_it(
    stack: cdk.Stack, resource_type: str
) -> None:
    key = kms.Key(stack, "Key")
    group = DatasetGroup(stack, "Group", encryption_key=key, removal_policy=KEEP)

    group.apply_removal_policy(RemovalPolicy.DESTROY)

    assert policies_of(stack, resource_type) == ["Delete"]


@pytest.mark.parametrize("resource_type", ["AWS::IAM::Role", "AWS::IAM::Policy"])
def test_a_retained_metric_attribution_keeps_the_role_that_writes_its_figures(
    stack: cdk.Stack, resource_type: str
) -> None:
    bucket = s3.Bucket(stack, "Reports")
    kept_group(stack).add_metric_attribution(
        "Attribution", metrics=[CLICKS], bucket=bucket, removal_policy=KEEP
    )

    assert policies_of(stack, resource_type) == ["Retain"]


def test_a_retained_group_needs_its_key(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key", removal_policy=RemovalPolicy.DESTROY)
    DatasetGroup(stack, "Group", encryption_key=key, removal_policy=KEEP)

    with pytest.raises(RuntimeError) as refused:
        Template.from_stack(stack)

    assert refusal("Shop/Group", "Shop/Key") in str(refused.value)


def test_a_retained_group_needs_the_role_that_it_is_given(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))
    key = kms.Key(stack, "Key")
    key.grant_decrypt(role)
    DatasetGroup(stack, "Group", encryption_key=key, role=role, removal_policy=KEEP)

    with pytest.raises(RuntimeError) as refused:
        Template.from_stack(stack)

    assert refusal("Shop/Group", "Shop/Role, Shop/Role/DefaultPolicy") in str(refused.value)


def test_a_retained_metric_attribution_needs_its_bucket(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Reports", removal_policy=RemovalPolicy.DESTROY)
    kept_group(stack).add_metric_attribution(
        "Attribution", metrics=[CLICKS], bucket=bucket, removal_policy=KEEP
    )

    with pytest.raises(RuntimeError) as refused:
        Template.from_stack(stack)

    assert refusal("Shop/Group/Attribution", "Shop/Reports") in str(refused.value)


def test_a_retained_group_may_have_a_key_and_a_role_of_others(stack: cdk.Stack) -> None:
    account = "arn:aws:{}:111111111111:{}"
    key = kms.Key.from_key_arn(stack, "Key", account.format("kms:us-east-1", "key/1234"))
    role = iam.Role.from_role_arn(stack, "Role", account.format("iam:", "role/personalize"))

    DatasetGroup(stack, "Group", encryption_key=key, role=role, removal_policy=KEEP)

    Template.from_stack(stack).has_resource(
        "AWS::Personalize::DatasetGroup", {"DeletionPolicy": "Retain"}
    )


def test_a_snapshot_is_refused(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="removal_policy") as refused:
        DatasetGroup(stack, "Group", removal_policy=RemovalPolicy.SNAPSHOT)

    assert str(refused.value) == (
        "removal_policy must be one of DESTROY, RETAIN, RETAIN_ON_UPDATE_OR_DELETE, got SNAPSHOT"
    )
