"""The solution construct."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from cdk_personalize import Dataset, DatasetGroup, ISolution, Recipe, Schema, Solution

SOLUTION = "Custom::PersonalizeSolution"
ARN = "arn:aws:personalize:us-east-1:111111111111:solution/demo"
RECIPE = Recipe.USER_PERSONALIZATION_V2


def solution(**options: Any) -> Solution:
    """Return a solution of a stack of its own."""
    stack = cdk.Stack(cdk.App(), "Shop")
    group = DatasetGroup(stack, "Group", dataset_group_name=options.pop("group_name", "demo"))
    return Solution(stack, "ForYou", dataset_group=group, **{"recipe": RECIPE, **options})


def config_of(**options: Any) -> object:
    return solution(**options).request.get("solutionConfig")


def test_asks_for_a_recipe_in_the_partition_of_the_stack(dataset_group: DatasetGroup) -> None:
    made = dataset_group.add_solution("ForYou", recipe=RECIPE)

    recipe_arn = cdk.Stack.of(made).resolve(made.request["recipeArn"])
    assert recipe_arn["Fn::Join"][1] == [
        "arn:",
        {"Ref": "AWS::Partition"},
        ":personalize:::recipe/aws-user-personalization-v2",
    ]
    assert made.recipe is RECIPE
    assert made.dataset_group is dataset_group


def test_trains_by_itself_only_if_it_is_asked_to() -> None:
    assert solution().request["performAutoTraining"] is False
    assert solution(perform_auto_training=True).request["performAutoTraining"] is True


def test_hands_its_request_over_as_json_with_its_types(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    Dataset(stack, "Interactions", dataset_group=dataset_group, schema=interactions)
    made = Solution(stack, "S", dataset_group=dataset_group, recipe=RECIPE, perform_hpo=True)

    (resource,) = Template.from_stack(stack).find_resources(SOLUTION).values()
    separator, parts = resource["Properties"]["Request"]["Fn::Join"]
    text = separator.join(part if isinstance(part, str) else "token" for part in parts)
    request = json.loads(text)
    assert request["name"] == made.solution_name
    assert request["performAutoTraining"] is False
    assert request["performHPO"] is True


def test_says_nothing_of_what_is_left_to_the_service() -> None:
    assert set(solution().request) == {
        "name",
        "datasetGroupArn",
        "recipeArn",
        "performAutoTraining",
    }


@pytest.mark.parametrize(
    ("options", "member", "value"),
    [
        ({"event_type": "Purchase"}, "eventType", "Purchase"),
        ({"perform_hpo": False}, "performHPO", False),
        ({"event_value_threshold": 0.5}, "solutionConfig", {"eventValueThreshold": "0.5"}),
        (
            {"algorithm_hyper_parameters": {"bptt": "20"}},
            "solutionConfig",
            {"algorithmHyperParameters": {"bptt": "20"}},
        ),
        (
            {"feature_transformation_parameters": {"min_user_history_length": "2"}},
            "solutionConfig",
            {"featureTransformationParameters": {"min_user_history_length": "2"}},
        ),
    ],
)
def test_passes_an_option_on(options: dict[str, Any], member: str, value: object) -> None:
    assert solution(**options).request[member] == value


@pytest.mark.parametrize(("days", "expression"), [(1, "rate(1 day)"), (30, "rate(30 days)")])
def test_trains_as_often_as_it_is_told(days: int, expression: str) -> None:
    config = config_of(perform_auto_training=True, auto_training_interval=cdk.Duration.days(days))

    assert config == {"autoTrainingConfig": {"schedulingExpression": expression}}


@pytest.mark.parametrize("interval", [cdk.Duration.hours(36), cdk.Duration.days(31)])
def test_refuses_an_interval_that_the_service_refuses(interval: cdk.Duration) -> None:
    with pytest.raises(ValueError, match="auto_training_interval must be 1 to 30 whole days, got"):
        solution(perform_auto_training=True, auto_training_interval=interval)


def test_refuses_an_interval_without_training() -> None:
    with pytest.raises(ValueError, match="is for perform_auto_training=True, got False"):
        solution(auto_training_interval=cdk.Duration.days(7))


@pytest.mark.parametrize(
    "options",
    [
        {"recipe": Recipe.SIMS},
        {"event_type": "Purchase"},
        {"algorithm_hyper_parameters": {"bptt": "20"}},
        {"group_name": "other"},
    ],
    ids=str,
)
def test_is_another_solution_for_other_content(options: dict[str, Any]) -> None:
    assert solution(**options).solution_name != solution().solution_name


def test_is_the_same_solution_with_other_training() -> None:
    training = solution(perform_auto_training=True, auto_training_interval=cdk.Duration.days(3))

    assert training.solution_name == solution().solution_name


def test_bears_the_name_that_it_is_given() -> None:
    made = solution(solution_name="for-you", event_type="Purchase")

    assert made.solution_name == made.request["name"] == "for-you"
    assert ":solution/for-you" in made.solution_arn


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solution_name": "for you"}, "solution_name must be"),
        ({"event_type": "x" * 257}, "event_type must have 1 to 256 characters, got 257"),
        ({"algorithm_hyper_parameters": {"bptt": 20}}, "parameter bptt must be text, got 20"),
    ],
)
def test_refuses(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        solution(**options)


def test_takes_numbers_and_texts_that_are_known_only_at_deployment(
    stack: cdk.Stack, dataset_group: DatasetGroup
) -> None:
    event_type = cdk.CfnParameter(stack, "EventType").value_as_string
    threshold = cdk.CfnParameter(stack, "Threshold", type="Number").value_as_number

    made = Solution(
        stack,
        "S",
        dataset_group=dataset_group,
        recipe=RECIPE,
        event_type=event_type,
        event_value_threshold=threshold,
    )

    request = stack.resolve(made.request)
    assert request["eventType"] == {"Ref": "EventType"}
    assert request["solutionConfig"] == {"eventValueThreshold": {"Ref": "Threshold"}}


def test_refuses_a_group_that_lacks_a_dataset_of_the_recipe(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    Solution(stack, "S", dataset_group=dataset_group, recipe=Recipe.NEXT_BEST_ACTION)
    Dataset(stack, "Interactions", dataset_group=dataset_group, schema=interactions)

    with pytest.raises(RuntimeError, match="aws-next-best-action needs a dataset of Actions in"):
        Template.from_stack(stack)


def test_takes_datasets_that_are_defined_later(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    Solution(stack, "S", dataset_group=dataset_group, recipe=RECIPE)
    Dataset(stack, "Interactions", dataset_group=dataset_group, schema=interactions)

    Template.from_stack(stack).resource_count_is(SOLUTION, 1)


def test_trusts_an_imported_group_to_have_the_datasets(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Imported", "demo")
    Solution(stack, "S", dataset_group=group, recipe=RECIPE)

    Template.from_stack(stack).resource_count_is(SOLUTION, 1)


@pytest.mark.parametrize(
    ("method", "actions"),
    [
        (
            "grant_describe",
            ["personalize:DescribeSolution", "personalize:DescribeSolutionVersion"],
        ),
        (
            "grant_train",
            [
                "personalize:CreateSolutionVersion",
                "personalize:DescribeSolution",
                "personalize:DescribeSolutionVersion",
                "personalize:GetSolutionMetrics",
                "personalize:StopSolutionVersionCreation",
            ],
        ),
    ],
)
@pytest.mark.parametrize("owned", [True, False], ids=["owned", "imported"])
def test_grants_on_itself_and_its_versions(
    stack: cdk.Stack, role: iam.Role, method: str, actions: list[str], owned: bool
) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Imported", "demo")
    made: ISolution = (
        Solution(stack, "S", dataset_group=group, recipe=RECIPE)
        if owned
        else Solution.from_solution_arn(stack, "S", ARN)
    )

    getattr(made, method)(role)

    arns = [stack.resolve(made.solution_arn), stack.resolve(f"{made.solution_arn}/*")]
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [{"Action": actions, "Effect": "Allow", "Resource": arns}]
            }
        },
    )


def test_nothing_but_the_arn_is_known_of_an_import(stack: cdk.Stack) -> None:
    made = Solution.from_solution_name(stack, "S", "demo")

    assert "us-east-1:111111111111:solution/demo" in str(stack.resolve(made.solution_arn))
    assert made.recipe is None
    assert made.dataset_group is None


METRICS = [
    ("metric_solution_training_job_requests", "SolutionTrainingJobRequests", "Sum"),
    ("metric_solution_training_job_error", "SolutionTrainingJobError", "Sum"),
    ("metric_solution_training_job_execution_time", "SolutionTrainingJobExecutionTime", "Average"),
]


@pytest.mark.parametrize(("method", "name", "statistic"), METRICS)
def test_measures(stack: cdk.Stack, method: str, name: str, statistic: str) -> None:
    metric = getattr(Solution.from_solution_arn(stack, "S", ARN), method)()

    assert (metric.namespace, metric.metric_name) == ("AWS/Personalize", name)
    assert metric.dimensions == {"SolutionArn": ARN}
    assert metric.statistic == statistic
