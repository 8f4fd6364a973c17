"""What is made of resources of another account or Region, which the service does not know."""

from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template
from constructs import Construct

from cdk_personalize import (
    Campaign,
    Dataset,
    DatasetGroup,
    DatasetType,
    EventTracker,
    Filter,
    IDatasetGroup,
    ISolution,
    MetricAttribute,
    MetricAttribution,
    Recipe,
    Recommender,
    Schema,
    Solution,
    UseCase,
)
from cdk_personalize.patterns import DataStore, TrainingPipeline
from tests.refusals import whole
from tests.unit.apps import new_app

HERE = cdk.Environment(account="111111111111", region="us-east-1")
IN_IRELAND = cdk.Environment(account="111111111111", region="eu-west-1")
EXPRESSION = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'
METRICS = [MetricAttribute.count(metric_name="Clicks", event_type="Click")]

Define = Callable[[Construct, IDatasetGroup], object]
MADE_OF_A_GROUP: dict[str, Define] = {
    "event tracker": lambda scope, group: EventTracker(scope, "X", dataset_group=group),
    "filter": lambda scope, group: Filter(
        scope, "X", dataset_group=group, filter_expression=EXPRESSION
    ),
    "metric attribution": lambda scope, group: MetricAttribution(
        scope, "X", dataset_group=group, metrics=METRICS
    ),
    "solution": lambda scope, group: Solution(scope, "X", dataset_group=group, recipe=Recipe.SIMS),
    "recommender": lambda scope, group: Recommender(
        scope, "X", dataset_group=group, use_case=UseCase.BEST_SELLERS
    ),
    "pipeline": lambda scope, group: TrainingPipeline(
        scope, "X", dataset_group=group, data_store=DataStore(scope, "Data")
    ),
    "dataset": lambda scope, group: Dataset(
        scope,
        "X",
        dataset_group=group,
        schema=Schema.from_schema_name(scope, "S", "s", dataset_type=DatasetType.INTERACTIONS),
    ),
}


def stack_of(env: cdk.Environment | None, app: cdk.App | None = None) -> cdk.Stack:
    return cdk.Stack(app or new_app(), f"Shop{env.region if env else ''}", env=env)


def a_group_of_ireland(scope: Construct) -> IDatasetGroup:
    arn = "arn:aws:personalize:eu-west-1:111111111111:dataset-group/demo"
    return DatasetGroup.from_dataset_group_arn(scope, "Group", arn)


def a_solution_of(scope: Construct, place: str) -> ISolution:
    return Solution.from_solution_arn(
        scope, "Solution", f"arn:aws:personalize:{place}:solution/demo"
    )


@pytest.mark.parametrize("define", MADE_OF_A_GROUP.values(), ids=MADE_OF_A_GROUP)
def test_refuses_a_dataset_group_of_another_region(define: Define) -> None:
    stack = stack_of(HERE)

    with pytest.raises(
        ValueError,
        match=whole(
            "dataset_group must be of the account and Region of the stack, 111111111111 us-east-1,"
            " got one of 111111111111 eu-west-1"
        ),
    ):
        define(stack, a_group_of_ireland(stack))


def test_refuses_a_dataset_group_of_a_stack_of_another_region() -> None:
    app = new_app()
    group = DatasetGroup(stack_of(IN_IRELAND, app), "Group")

    with pytest.raises(
        ValueError,
        match=whole(
            "dataset_group must be of the account and Region of the stack, 111111111111 us-east-1,"
            " got one of 111111111111 eu-west-1"
        ),
    ):
        Solution(stack_of(HERE, app), "Solution", dataset_group=group, recipe=Recipe.SIMS)


def test_refuses_a_schema_of_another_region() -> None:
    stack = stack_of(HERE)
    schema = Schema.from_schema_arn(
        stack,
        "Schema",
        "arn:aws:personalize:eu-west-1:111111111111:schema/demo",
        dataset_type=DatasetType.USERS,
    )
    group = DatasetGroup.from_dataset_group_name(stack, "Group", "demo")

    with pytest.raises(
        ValueError,
        match=whole(
            "schema must be of the account and Region of the stack, 111111111111 us-east-1,"
            " got one of 111111111111 eu-west-1"
        ),
    ):
        group.add_dataset("Users", schema=schema)


@pytest.mark.parametrize(
    ("env", "known"),
    [
        pytest.param(HERE, "111111111111 us-east-1", id="account"),
        pytest.param(cdk.Environment(region="eu-west-1"), "eu-west-1", id="Region"),
    ],
)
def test_refuses_a_solution_of_what_is_known_to_be_another(
    env: cdk.Environment, known: str
) -> None:
    stack = stack_of(env)

    with pytest.raises(
        ValueError,
        match=whole(
            f"solution must be of the account and Region of the stack, {known},"
            " got one of 222222222222 us-east-1"
        ),
    ):
        Campaign(stack, "Campaign", solution=a_solution_of(stack, "us-east-1:222222222222"))


def test_leaves_to_the_deployment_what_only_that_knows() -> None:
    stack = stack_of(None)

    campaign = Campaign(stack, "Campaign", solution=a_solution_of(stack, "us-east-1:222222222222"))

    assert campaign.solution.solution_arn.endswith("/demo")


# Grants and metrics may cross


def test_grants_jobs_where_an_imported_dataset_is() -> None:
    stack = stack_of(HERE)
    arn = "arn:aws:personalize:eu-west-1:111111111111:dataset/demo/ITEMS"
    role = iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal())

    Dataset.from_dataset_arn(stack, "Items", arn).grant_import(role)

    (policy,) = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    on_jobs, _ = policy["Properties"]["PolicyDocument"]["Statement"]
    assert on_jobs["Resource"]["Fn::Join"][1][-1] == (
        ":personalize:eu-west-1:111111111111:dataset-import-job/*"
    )


def test_measures_where_an_import_is() -> None:
    arn = "arn:aws:personalize:eu-west-1:222222222222:campaign/demo"
    campaign = Campaign.from_campaign_arn(stack_of(HERE), "Campaign", arn)

    metric = campaign.metric_get_recommendations()

    assert (metric.account, metric.region) == ("222222222222", "eu-west-1")


def test_measures_where_it_is_told() -> None:
    arn = "arn:aws:personalize:eu-west-1:222222222222:campaign/demo"
    campaign = Campaign.from_campaign_arn(stack_of(HERE), "Campaign", arn)

    assert campaign.metric_get_recommendations(region="us-west-2").region == "us-west-2"
