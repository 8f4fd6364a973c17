"""The dataset group construct."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match, Template
from constructs import Construct

from cdk_personalize import (
    Dataset,
    DatasetGroup,
    Domain,
    EventTracker,
    Filter,
    Recipe,
    Schema,
    Solution,
)
from cdk_personalize.patterns import DataStore
from tests.refusals import whole

GROUP = "AWS::Personalize::DatasetGroup"
ARN = "arn:aws:personalize:us-east-1:111111111111:dataset-group/demo"
ROLE_ARN = "arn:aws:iam::111111111111:role/personalize"
KEY_ARN = "arn:aws:kms:us-east-1:111111111111:key/00000000-0000-0000-0000-000000000000"
EXPRESSION = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'


def told(stack: cdk.Stack, policy: str) -> list[object]:
    """Return the warnings of what a policy that cannot be changed needs."""
    text = Match.string_like_regexp(f"it needs the statement .*cdk-personalize:{policy}")
    return list(Annotations.from_stack(stack).find_warning("*", text))


def test_has_nothing_but_a_name_by_default(stack: cdk.Stack) -> None:
    group = DatasetGroup(stack, "Group")

    Template.from_stack(stack).has_resource(
        GROUP, {"Properties": {"Name": group.dataset_group_name}, "DependsOn": Match.absent()}
    )


def test_names_its_domain(stack: cdk.Stack) -> None:
    group = DatasetGroup(stack, "Group", domain=Domain.VIDEO_ON_DEMAND)

    Template.from_stack(stack).has_resource_properties(GROUP, {"Domain": "VIDEO_ON_DEMAND"})
    assert group.domain is Domain.VIDEO_ON_DEMAND


def test_is_known_by_its_attribute_and_not_by_ref(stack: cdk.Stack) -> None:
    group = DatasetGroup(stack, "Group")

    assert stack.resolve(group.dataset_group_arn)["Fn::GetAtt"][1] == "DatasetGroupArn"


def test_defines_a_role_for_its_key(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")

    group = DatasetGroup(stack, "Group", encryption_key=key)

    assert group.role is not None
    Template.from_stack(stack).has_resource_properties(
        GROUP,
        {
            "KmsKeyArn": stack.resolve(key.key_arn),
            "RoleArn": stack.resolve(group.role.role_arn),
        },
    )


def test_waits_for_the_policy_of_its_role(stack: cdk.Stack) -> None:
    DatasetGroup(stack, "Group", encryption_key=kms.Key(stack, "Key"))

    template = Template.from_stack(stack)
    policy = next(iter(template.find_resources("AWS::IAM::Policy")))
    template.has_resource(GROUP, {"DependsOn": Match.array_with([policy])})


def test_uses_the_key_with_the_role_that_it_is_given(stack: cdk.Stack) -> None:
    role = iam.Role.from_role_arn(stack, "Role", ROLE_ARN)

    DatasetGroup(stack, "Group", encryption_key=kms.Key(stack, "Key"), role=role)

    template = Template.from_stack(stack)
    template.has_resource_properties(GROUP, {"RoleArn": ROLE_ARN})
    template.resource_count_is("AWS::IAM::Role", 0)


@pytest.mark.parametrize("policy", ["keyPolicy", "rolePolicy", "roleTrust"])
def test_tells_the_statements_that_an_imported_role_and_key_need(
    stack: cdk.Stack, policy: str
) -> None:
    role = iam.Role.from_role_arn(stack, "Role", ROLE_ARN, mutable=False)

    DatasetGroup(
        stack, "Group", encryption_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN), role=role
    )

    assert told(stack, policy)


def test_tells_nothing_of_a_role_that_a_data_store_has_seen_to(stack: cdk.Stack) -> None:
    role = iam.Role.from_role_arn(stack, "Role", ROLE_ARN, mutable=False)
    store = DataStore(stack, "Data", role=role)

    DatasetGroup(stack, "Group", encryption_key=store.key, role=store.role)

    assert len(told(stack, "roleTrust")) == 1


def test_tells_nothing_of_a_role_and_a_key_of_the_app(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))

    DatasetGroup(stack, "Group", encryption_key=kms.Key(stack, "Key"), role=role)

    Template.from_stack(stack).resource_count_is("AWS::IAM::Policy", 0)


def test_refuses_a_role_without_a_key(stack: cdk.Stack) -> None:
    role = iam.Role.from_role_arn(stack, "Role", ROLE_ARN)

    with pytest.raises(
        ValueError,
        match=r"^a role is for the encryption_key of the dataset group, got a role and no key$",
    ):
        DatasetGroup(stack, "Group", role=role)


def test_refuses_an_alias_for_a_key(stack: cdk.Stack) -> None:
    alias = kms.Alias.from_alias_name(stack, "Alias", "alias/shop")

    with pytest.raises(
        ValueError, match=whole(f"encryption_key must be a key and no alias, got {alias.key_arn!r}")
    ):
        DatasetGroup(stack, "Group", encryption_key=alias)


def test_refuses_a_name_that_the_service_refuses(stack: cdk.Stack) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "dataset_group_name must be 1 to 63 letters, digits, hyphens and underscores, the"
            " first a letter or digit, got '-shop'"
        ),
    ):
        DatasetGroup(stack, "Group", dataset_group_name="-shop")


def test_tells_all_that_is_wrong_at_once(stack: cdk.Stack) -> None:
    DatasetGroup(stack, "One", dataset_group_name="shop")
    alias = kms.Alias.from_alias_name(stack, "Alias", "alias/shop")

    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole message is looked at
        DatasetGroup(stack, "Two", dataset_group_name="shop", encryption_key=alias)

    assert str(refused.value) == (
        f"encryption_key must be a key and no alias, got {alias.key_arn!r}; no two resources of the"
        " type dataset-group have one name in an account and Region, got 'shop' for Shop/One and"
        " for Shop/Two"
    )


def test_takes_a_name_that_is_known_only_at_deployment(stack: cdk.Stack) -> None:
    parameter = cdk.CfnParameter(stack, "Name")

    DatasetGroup(stack, "Group", dataset_group_name=parameter.value_as_string)

    Template.from_stack(stack).has_resource_properties(GROUP, {"Name": {"Ref": "Name"}})


def test_bears_no_tags_of_the_stack(stack: cdk.Stack) -> None:
    DatasetGroup(stack, "Group")
    cdk.Tags.of(stack).add("team", "shop", priority=1000)

    Template.from_stack(stack).has_resource_properties(GROUP, {"Tags": Match.absent()})


def test_bears_no_tags_of_its_own_either(stack: cdk.Stack) -> None:
    group = DatasetGroup(stack, "Group")
    cdk.Tags.of(group).add("team", "shop")

    Template.from_stack(stack).has_resource_properties(GROUP, {"Tags": Match.absent()})


@pytest.mark.parametrize("owned", [True, False], ids=["owned", "imported"])
def test_knows_what_belongs_to_it(stack: cdk.Stack, interactions: Schema, owned: bool) -> None:
    group = (
        DatasetGroup(stack, "Group")
        if owned
        else DatasetGroup.from_dataset_group_arn(stack, "Group", ARN)
    )

    dataset = group.add_dataset("Interactions", schema=interactions)
    tracker = group.add_event_tracker("Tracker")
    the_filter = group.add_filter("NotBought", filter_expression=EXPRESSION)
    solution = group.add_solution("ForYou", recipe=Recipe.USER_PERSONALIZATION_V2)

    assert group.datasets == (dataset,)
    assert group.event_trackers == (tracker,)
    assert group.filters == (the_filter,)
    assert group.solutions == (solution,)
    assert group.campaigns == ()


def test_defines_what_it_is_asked_for_with_all_options(
    stack: cdk.Stack, interactions: Schema
) -> None:
    group = DatasetGroup(stack, "Group")

    assert group.add_dataset("D", schema=interactions, dataset_name="d").dataset_name == "d"
    assert group.add_event_tracker("T", event_tracker_name="t").event_tracker_name == "t"
    assert group.add_filter("F", filter_expression=EXPRESSION, filter_name="f").filter_name == "f"
    solution = group.add_solution("S", recipe=Recipe.SIMS, solution_name="s", event_type="Buy")
    assert (solution.solution_name, solution.request["eventType"]) == ("s", "Buy")


def test_tells_an_observer_of_what_was_there_before_and_of_what_comes(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    told: list[Construct] = []
    before = Dataset(stack, "Interactions", dataset_group=dataset_group, schema=interactions)

    dataset_group.on_declare(told.append)
    after = EventTracker(stack, "Tracker", dataset_group=dataset_group)

    assert told == [before, after]


def test_warns_of_a_quota_once(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_arn(stack, "Group", ARN)
    for number in range(12):
        Solution(stack, f"S{number}", dataset_group=group, recipe=Recipe.SIMS)

    warnings = Annotations.from_stack(stack).find_warning(
        "*", Match.string_like_regexp("holds 10 solutions unless .* got number 11")
    )
    assert len(warnings) == 1


def test_does_not_warn_within_the_quota(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_arn(stack, "Group", ARN)
    for number in range(30):
        Filter(stack, f"F{number}", dataset_group=group, filter_expression=EXPRESSION)

    assert Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("quota")) == []


@pytest.mark.parametrize("owned", [True, False], ids=["owned", "imported"])
def test_grants_reading_it(stack: cdk.Stack, role: iam.Role, owned: bool) -> None:
    group = (
        DatasetGroup(stack, "Group")
        if owned
        else DatasetGroup.from_dataset_group_name(stack, "Group", "demo")
    )

    group.grant_describe(role)

    statement = {
        "Action": "personalize:DescribeDatasetGroup",
        "Effect": "Allow",
        "Resource": stack.resolve(group.dataset_group_arn),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": {"Statement": [statement]}}
    )


METRICS = [
    ("metric_dataset_import_job_requests", "DatasetImportJobRequests", "Sum"),
    ("metric_dataset_import_job_error", "DatasetImportJobError", "Sum"),
    ("metric_dataset_import_job_execution_time", "DatasetImportJobExecutionTime", "Average"),
    ("metric_dataset_size", "DatasetSize", "Average"),
    ("metric_put_events_requests", "PutEventsRequests", "Sum"),
    ("metric_put_events_4xx_errors", "PutEvents4xxErrors", "Sum"),
    ("metric_put_events_5xx_errors", "PutEvents5xxErrors", "Sum"),
    ("metric_put_event_latency", "PutEventLatency", "Average"),
]


@pytest.mark.parametrize(("method", "name", "statistic"), METRICS)
def test_measures(stack: cdk.Stack, method: str, name: str, statistic: str) -> None:
    group = DatasetGroup.from_dataset_group_arn(stack, "Group", ARN)

    metric = getattr(group, method)()

    assert (metric.namespace, metric.metric_name) == ("AWS/Personalize", name)
    assert metric.dimensions == {"DatasetGroupArn": ARN}
    assert metric.statistic == statistic


def test_an_import_knows_its_name(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_arn(stack, "Group", ARN)

    assert group.dataset_group_name == "demo"
    assert group.domain is None
    assert group.env.account == "111111111111"


def test_an_import_takes_an_arn_that_is_known_only_at_deployment(
    stack: cdk.Stack, interactions: Schema
) -> None:
    parameter = cdk.CfnParameter(stack, "Arn")
    group = DatasetGroup.from_dataset_group_arn(stack, "Group", parameter.value_as_string)

    dataset = Dataset(stack, "Interactions", dataset_group=group, schema=interactions)

    assert stack.resolve(group.dataset_group_name) == {
        "Fn::Select": [1, {"Fn::Split": ["/", {"Fn::Select": [5, _split_of("Arn")]}]}]
    }
    assert str(stack.resolve(dataset.dataset_arn)).endswith("'/INTERACTIONS']]}")


def _split_of(parameter: str) -> dict[str, object]:
    return {"Fn::Split": [":", {"Ref": parameter}]}
