"""What the stacks of an app define in one account and Region: names, quotas, one group each."""

import re
from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match
from constructs import Construct

from cdk_personalize import (
    Campaign,
    Dataset,
    DatasetGroup,
    DatasetType,
    EventTracker,
    Filter,
    IDatasetGroup,
    MetricAttribute,
    MetricAttribution,
    Recipe,
    Recommender,
    Schema,
    Solution,
    UseCase,
)
from cdk_personalize._declarations import check_quota, declare
from cdk_personalize.quotas import IN_DATASET_GROUP, IN_REGION, Quota
from tests.unit.apps import new_app

HERE = cdk.Environment(account="111111111111", region="us-east-1")
GROUP_ARN = "arn:aws:personalize:us-east-1:111111111111:dataset-group/demo"
NOT_BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'

Define = Callable[[cdk.Stack, str], object]


def imported_group(stack: cdk.Stack, name: str) -> IDatasetGroup:
    return DatasetGroup.from_dataset_group_name(stack, name, name)


def schema(stack: cdk.Stack, name: str) -> Schema:
    return Schema(stack, name, dataset_type=DatasetType.INTERACTIONS, schema_name="taken")


def dataset_group(stack: cdk.Stack, name: str) -> DatasetGroup:
    return DatasetGroup(stack, name, dataset_group_name="taken")


def event_tracker(stack: cdk.Stack, name: str) -> EventTracker:
    group = imported_group(stack, f"of-{name}")
    return EventTracker(stack, name, dataset_group=group, event_tracker_name="taken")


def a_filter(stack: cdk.Stack, name: str) -> Filter:
    return Filter(
        stack,
        name,
        dataset_group=imported_group(stack, f"of-{name}"),
        filter_expression=NOT_BOUGHT,
        filter_name="taken",
    )


def solution(stack: cdk.Stack, name: str) -> Solution:
    group = imported_group(stack, f"of-{name}")
    return Solution(stack, name, dataset_group=group, recipe=Recipe.SIMS, solution_name="taken")


def campaign(stack: cdk.Stack, name: str) -> Campaign:
    imported = Solution.from_solution_name(stack, f"of-{name}", "demo")
    return Campaign(stack, name, solution=imported, campaign_name="taken")


def recommender(stack: cdk.Stack, name: str) -> Recommender:
    return Recommender(
        stack,
        name,
        dataset_group=imported_group(stack, f"of-{name}"),
        use_case=UseCase.MOST_VIEWED,
        recommender_name="taken",
    )


CLICKS = MetricAttribute.count(metric_name="Clicks", event_type="Click")


def metric_attribution(stack: cdk.Stack, name: str) -> MetricAttribution:
    return MetricAttribution(
        stack,
        name,
        dataset_group=imported_group(stack, f"of-{name}"),
        metrics=[CLICKS],
        metric_attribution_name="taken",
    )


KINDS: list[tuple[Define, str]] = [
    (schema, "schema"),
    (dataset_group, "dataset-group"),
    (event_tracker, "event-tracker"),
    (a_filter, "filter"),
    (solution, "solution"),
    (campaign, "campaign"),
    (recommender, "recommender"),
    (metric_attribution, "metric-attribution"),
]


def in_one_stack() -> tuple[cdk.Stack, cdk.Stack]:
    stack = cdk.Stack(new_app(), "A", env=HERE)
    return stack, stack


def in_two_stacks() -> tuple[cdk.Stack, cdk.Stack]:
    app = new_app()
    return cdk.Stack(app, "A", env=HERE), cdk.Stack(app, "B", env=HERE)


def in_two_stages() -> tuple[cdk.Stack, cdk.Stack]:
    app = new_app()
    return (
        cdk.Stack(cdk.Stage(app, "Test", env=HERE), "Shop"),
        cdk.Stack(cdk.Stage(app, "Prod", env=HERE), "Shop"),
    )


def nested() -> tuple[cdk.Stack, cdk.Stack]:
    stack = cdk.Stack(new_app(), "A")
    return stack, cdk.NestedStack(stack, "Inner")


@pytest.mark.parametrize("places", [in_one_stack, in_two_stacks, in_two_stages, nested])
@pytest.mark.parametrize(("define", "kind"), KINDS)
def test_refuses_a_name_that_another_resource_of_the_type_has(
    define: Define, kind: str, places: Callable[[], tuple[cdk.Stack, cdk.Stack]]
) -> None:
    one, other = places()
    define(one, "One")
    message = (
        f"no two resources of the type {kind} have one name in an account and Region,"
        f" got 'taken' for {one.node.path}/One and for {other.node.path}/Two"
    )

    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        define(other, "Two")


def elsewhere(**environment: str) -> tuple[cdk.Stack, cdk.Stack]:
    app = new_app()
    there = cdk.Environment(**{"account": "111111111111", "region": "us-east-1", **environment})
    return cdk.Stack(app, "A", env=HERE), cdk.Stack(app, "B", env=there)


@pytest.mark.parametrize(
    "places",
    [
        lambda: elsewhere(region="eu-west-1"),
        lambda: elsewhere(account="222222222222"),
        # Nothing tells where these will be.
        lambda: (cdk.Stack(app := new_app(), "A"), cdk.Stack(app, "B")),
        lambda: (cdk.Stack(new_app(), "A", env=HERE), cdk.Stack(new_app(), "A", env=HERE)),
    ],
    ids=["other region", "other account", "unknown", "other app"],
)
def test_takes_a_name_again_elsewhere(
    places: Callable[[], tuple[cdk.Stack, cdk.Stack]],
) -> None:
    one, other = places()

    assert schema(one, "One").schema_name == schema(other, "Two").schema_name


def test_takes_names_that_are_known_only_at_deployment(stack: cdk.Stack) -> None:
    name = cdk.CfnParameter(stack, "Name").value_as_string

    for construct_id in ("One", "Two"):
        Schema(stack, construct_id, dataset_type=DatasetType.INTERACTIONS, schema_name=name)


def test_stages_of_one_account_derive_names_of_their_own() -> None:
    names = {DatasetGroup(stack, "Group").dataset_group_name for stack in in_two_stages()}

    assert len(names) == 2


def test_nested_stacks_of_one_id_derive_names_of_their_own() -> None:
    names = {
        DatasetGroup(cdk.NestedStack(stack, "Inner"), "Group").dataset_group_name
        for stack in in_two_stacks()
    }

    assert len(names) == 2


# Quotas


def test_warns_once_of_more_dataset_groups_than_a_region_holds() -> None:
    app = new_app()
    stacks = [cdk.Stack(app, f"S{number}", env=HERE) for number in range(7)]
    for stack in stacks:
        DatasetGroup(stack, "Group")

    told = [
        Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("dataset groups"))
        for stack in stacks
    ]
    assert [len(each) for each in told] == [0, 0, 0, 0, 0, 1, 0]
    assert told[5][0].entry.data == (
        "a Region holds 5 dataset groups unless AWS has raised the quota of the account,"
        " got number 6 [ack: cdk-personalize:datasetGroupsQuota]"
    )


def test_the_dataset_groups_of_another_region_do_not_count() -> None:
    app = new_app()
    for number in range(6):
        region = "us-east-1" if number % 2 else "eu-west-1"
        stack = cdk.Stack(app, f"S{number}", env=cdk.Environment(account="1" * 12, region=region))
        DatasetGroup(stack, "Group")

    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("schema", "a Region holds at most 500 schemas, got number 501"),
        ("recommender", "a Region holds at most 15 recommenders, got number 16"),
    ],
)
def test_refuses_more_than_a_region_ever_holds(stack: cdk.Stack, kind: str, message: str) -> None:
    for number in range(IN_REGION[kind].limit):
        declare(Construct(stack, f"C{number}"), kind, f"name-{number}")

    with pytest.raises(ValueError, match=f"^{message}$"):
        declare(Construct(stack, "OneMore"), kind, "one-more")


@pytest.mark.parametrize(
    ("kind", "count", "message"),
    [
        ("solution", 11, "holds 10 solutions unless AWS has raised the quota of the account"),
        ("campaign", 6, "holds 5 campaigns unless AWS has raised the quota of the account"),
        ("filter", 31, "holds 30 filters unless AWS has raised the quota of the account"),
    ],
)
def test_warns_of_more_than_a_dataset_group_holds(
    stack: cdk.Stack, kind: str, count: int, message: str
) -> None:
    check_quota(stack, IN_DATASET_GROUP[kind], count, holder="a dataset group")

    Annotations.from_stack(stack).has_warning(
        "/Shop",
        f"a dataset group {message}, got number {count} [ack: cdk-personalize:{kind}sQuota]",
    )


def test_refuses_more_recommenders_than_a_dataset_group_ever_holds(stack: cdk.Stack) -> None:
    with pytest.raises(
        ValueError, match=r"^a dataset group holds at most 5 recommenders, got number 6$"
    ):
        check_quota(stack, IN_DATASET_GROUP["recommender"], 6, holder="a dataset group")


@pytest.mark.parametrize("adjustable", [True, False])
def test_a_quota_can_be_used_up(adjustable: bool) -> None:
    assert Quota("things", 3, adjustable=adjustable).finding("a box", 3) is None


def test_a_warning_of_a_quota_can_be_acknowledged(stack: cdk.Stack) -> None:
    cdk.Annotations.of(stack).acknowledge_warning("cdk-personalize:filtersQuota")

    check_quota(stack, IN_DATASET_GROUP["filter"], 31, holder="a dataset group")

    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


# One dataset group, however often it is imported


def imports_of_one_arn(stack: cdk.Stack) -> tuple[IDatasetGroup, IDatasetGroup]:
    return (
        DatasetGroup.from_dataset_group_arn(stack, "One", GROUP_ARN),
        DatasetGroup.from_dataset_group_name(stack, "Two", "demo"),
    )


def imports_of_one_token(stack: cdk.Stack) -> tuple[IDatasetGroup, IDatasetGroup]:
    arn = cdk.CfnParameter(stack, "Arn").value_as_string
    return (
        DatasetGroup.from_dataset_group_arn(stack, "One", arn),
        DatasetGroup.from_dataset_group_arn(stack, "Two", arn),
    )


def owned_and_imported(stack: cdk.Stack) -> tuple[IDatasetGroup, IDatasetGroup]:
    return (
        DatasetGroup(stack, "One", dataset_group_name="demo"),
        DatasetGroup.from_dataset_group_arn(stack, "Two", GROUP_ARN),
    )


def imported_and_owned(stack: cdk.Stack) -> tuple[IDatasetGroup, IDatasetGroup]:
    imported = DatasetGroup.from_dataset_group_name(stack, "One", "demo")
    return imported, DatasetGroup(stack, "Two", dataset_group_name="demo")


def owned_and_imported_by_attribute(stack: cdk.Stack) -> tuple[IDatasetGroup, IDatasetGroup]:
    owned = DatasetGroup(stack, "One")
    return owned, DatasetGroup.from_dataset_group_arn(stack, "Two", owned.dataset_group_arn)


TWICE = [
    imports_of_one_arn,
    imports_of_one_token,
    owned_and_imported,
    imported_and_owned,
    owned_and_imported_by_attribute,
]


@pytest.mark.parametrize("twice", TWICE)
def test_refuses_a_second_event_tracker_by_another_import(
    stack: cdk.Stack, twice: Callable[[cdk.Stack], tuple[IDatasetGroup, IDatasetGroup]]
) -> None:
    one, two = twice(stack)
    one.add_event_tracker("Tracker")

    with pytest.raises(
        ValueError,
        match=r"^a dataset group has at most one event tracker,"
        r" got another one beside Shop/One/Tracker$",
    ):
        two.add_event_tracker("Tracker")


@pytest.mark.parametrize("twice", TWICE)
def test_refuses_a_second_metric_attribution_by_another_import(
    stack: cdk.Stack, twice: Callable[[cdk.Stack], tuple[IDatasetGroup, IDatasetGroup]]
) -> None:
    one, two = twice(stack)
    MetricAttribution(stack, "First", dataset_group=one, metrics=[CLICKS])

    with pytest.raises(
        ValueError,
        match=r"^a dataset group has at most one metric attribution,"
        r" got another one beside Shop/First$",
    ):
        MetricAttribution(stack, "Second", dataset_group=two, metrics=[CLICKS])


@pytest.mark.parametrize("twice", TWICE)
def test_refuses_a_second_dataset_of_a_type_by_another_import(
    stack: cdk.Stack,
    interactions: Schema,
    twice: Callable[[cdk.Stack], tuple[IDatasetGroup, IDatasetGroup]],
) -> None:
    one, two = twice(stack)
    one.add_dataset("D", schema=interactions)

    with pytest.raises(
        ValueError,
        match=r"^a dataset group has at most one dataset of Interactions,"
        r" got another one beside Shop/One/D$",
    ):
        two.add_dataset("D", schema=interactions)


def test_other_dataset_groups_are_others(stack: cdk.Stack, interactions: Schema) -> None:
    for name in ("one", "two"):
        group = DatasetGroup.from_dataset_group_name(stack, name, name)
        group.add_event_tracker("Tracker")
        Dataset(stack, f"D{name}", dataset_group=group, schema=interactions)

    assert len(group.event_trackers) == len(group.datasets) == 1


def test_a_group_of_one_name_in_stacks_of_unknown_accounts_is_two() -> None:
    app = new_app()
    for name in ("A", "B"):
        group = DatasetGroup.from_dataset_group_name(cdk.Stack(app, name), "Group", "demo")
        group.add_event_tracker("Tracker")

    assert len(group.event_trackers) == 1
