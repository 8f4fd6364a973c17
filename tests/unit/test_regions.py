"""Where Amazon Personalize is, and what CloudFormation lacks there."""

import re
from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from cdk_personalize import (
    Campaign,
    Dataset,
    DatasetGroup,
    DatasetType,
    EventTracker,
    Filter,
    MetricAttribute,
    MetricAttribution,
    Recipe,
    Recommender,
    Schema,
    Solution,
    UseCase,
)
from cdk_personalize._declarations import REGIONS_CONTEXT
from cdk_personalize.regions import REGIONS, finding_of_region, finding_of_type, partition_of
from tests.unit.apps import new_app

ACCOUNT = "111111111111"
NOT_BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'
EVERYWHERE = (
    "us-east-1, us-east-2, us-west-2, ca-central-1, eu-central-1, eu-west-1, ap-northeast-1,"
    " ap-northeast-2, ap-south-1, ap-southeast-1, ap-southeast-2"
)


def stack_in(region: str | None, **context: object) -> cdk.Stack:
    return cdk.Stack(new_app(context), "Shop", env=cdk.Environment(account=ACCOUNT, region=region))


def schema(stack: cdk.Stack) -> None:
    Schema(stack, "S", dataset_type=DatasetType.INTERACTIONS)


def dataset_group(stack: cdk.Stack) -> None:
    DatasetGroup(stack, "G")


def dataset(stack: cdk.Stack) -> None:
    imported = Schema.from_schema_name(stack, "S", "s", dataset_type=DatasetType.INTERACTIONS)
    group = DatasetGroup.from_dataset_group_name(stack, "G", "demo")
    Dataset(stack, "D", dataset_group=group, schema=imported)


def event_tracker(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "G", "demo")
    EventTracker(stack, "T", dataset_group=group)


def a_filter(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "G", "demo")
    Filter(stack, "F", dataset_group=group, filter_expression=NOT_BOUGHT)


def solution(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "G", "demo")
    Solution(stack, "S", dataset_group=group, recipe=Recipe.SIMS)


def campaign(stack: cdk.Stack) -> None:
    Campaign(stack, "C", solution=Solution.from_solution_name(stack, "S", "demo"))


def recommender(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "G", "demo")
    Recommender(stack, "R", dataset_group=group, use_case=UseCase.MOST_VIEWED)


def metric_attribution(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "G", "demo")
    clicks = MetricAttribute.count(metric_name="Clicks", event_type="Click")
    MetricAttribution(stack, "M", dataset_group=group, metrics=[clicks])


MANAGED = [dataset, event_tracker, solution, campaign, recommender, metric_attribution]
KINDS = [schema, dataset_group, a_filter, *MANAGED]


@pytest.mark.parametrize("region", ["eu-west-3", "us-gov-west-1", "cn-northwest-1"])
@pytest.mark.parametrize("define", KINDS)
def test_refuses_a_region_without_the_service(
    define: Callable[[cdk.Stack], None], region: str
) -> None:
    message = f"Amazon Personalize is in the Regions {EVERYWHERE}, cn-north-1, got {region}"

    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        define(stack_in(region))


@pytest.mark.parametrize("define", KINDS)
def test_takes_a_region_that_is_known_only_at_deployment(
    define: Callable[[cdk.Stack], None],
) -> None:
    stack = stack_in(None)
    before = len(stack.node.children)

    define(stack)

    assert len(stack.node.children) > before


def test_takes_a_region_that_the_context_says_has_the_service() -> None:
    stack = stack_in("eu-west-3", **{REGIONS_CONTEXT: ["eu-west-3"]})

    dataset_group(stack)

    Template.from_stack(stack).resource_count_is("AWS::Personalize::DatasetGroup", 1)


def test_a_region_of_the_context_is_told_with_the_others() -> None:
    assert finding_of_region("eu-west-3", ["eu-south-1"]) == (
        f"Amazon Personalize is in the Regions {EVERYWHERE}, cn-north-1, eu-south-1, got eu-west-3"
    )


@pytest.mark.parametrize("region", REGIONS)
def test_takes_every_region_that_has_the_service(region: str) -> None:
    assert finding_of_region(region) is None
    assert finding_of_type("AWS::Personalize::DatasetGroup", region) is None


def test_refuses_a_type_that_cloudformation_lacks_in_china() -> None:
    message = (
        f"CloudFormation has AWS::Personalize::Filter in the Regions {EVERYWHERE}, got cn-north-1"
    )

    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        a_filter(stack_in("cn-north-1"))


@pytest.mark.parametrize("define", [schema, dataset_group, *MANAGED])
def test_defines_in_china_what_it_can(define: Callable[[cdk.Stack], None]) -> None:
    stack = stack_in("cn-north-1")

    define(stack)

    # The partition is left to CloudFormation, or is that of the Region.
    assert "arn:aws:" not in str(Template.from_stack(stack).to_json())


@pytest.mark.parametrize(("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn")])
def test_knows_the_partition_of_a_region(region: str, partition: str) -> None:
    assert partition_of(region) == partition
