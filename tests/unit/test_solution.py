"""The solution construct."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from cdk_personalize import (
    Dataset,
    DatasetGroup,
    DatasetType,
    EventParameters,
    HyperparameterRange,
    ISolution,
    OptimizationObjective,
    Recipe,
    Schema,
    Solution,
    TrainingMode,
)
from tests.refusals import at_synth, whole
from tests.unit.apps import new_app

SOLUTION = "Custom::PersonalizeSolution"
ARN = "arn:aws:personalize:us-east-1:111111111111:solution/demo"
RECIPE = Recipe.USER_PERSONALIZATION_V2


def solution(**options: Any) -> Solution:
    """Return a solution of a stack of its own."""
    stack = cdk.Stack(new_app(), "Shop")
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
    made = Solution(stack, "S", dataset_group=dataset_group, recipe=Recipe.SIMS, perform_hpo=True)

    (resource,) = Template.from_stack(stack).find_resources(SOLUTION).values()
    separator, parts = resource["Properties"]["Request"]["Fn::Join"]
    text = separator.join(part if isinstance(part, str) else "token" for part in parts)
    request = json.loads(text)
    assert request["name"] == made.solution_name
    assert request["performAutoTraining"] is False
    assert request["performHPO"] is True


def test_tells_what_data_its_recipe_needs(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    Dataset(stack, "Interactions", dataset_group=dataset_group, schema=interactions)
    Solution(stack, "S", dataset_group=dataset_group, recipe=Recipe.SIMS)

    (resource,) = Template.from_stack(stack).find_resources(SOLUTION).values()
    assert resource["Properties"]["DatasetTypes"] == ["INTERACTIONS"]


def test_says_nothing_of_what_is_left_to_the_service() -> None:
    assert set(solution().request) == {
        "name",
        "datasetGroupArn",
        "recipeArn",
        "performAutoTraining",
    }


V1 = Recipe.USER_PERSONALIZATION


@pytest.mark.parametrize(
    ("options", "members"),
    [
        ({"event_type": "Purchase"}, {"eventType": "Purchase"}),
        ({"perform_hpo": False}, {"performHPO": False}),
        ({"recipe": V1, "perform_hpo": True}, {"performHPO": True}),
        (
            {"recipe": Recipe.SEMANTIC_SIMILARITY, "perform_incremental_update": True},
            {"performIncrementalUpdate": True},
        ),
    ],
    ids=str,
)
def test_passes_an_option_on(options: dict[str, Any], members: dict[str, Any]) -> None:
    assert members.items() <= solution(**options).request.items()


@pytest.mark.parametrize(
    ("options", "config"),
    [
        (
            {"event_type": "Watch", "event_value_threshold": 0.5},
            {"eventValueThreshold": "0.5"},
        ),
        (
            {"recipe": V1, "algorithm_hyper_parameters": {"bptt": "20"}},
            {"algorithmHyperParameters": {"bptt": "20"}},
        ),
        (
            {
                "recipe": Recipe.TRENDING_NOW,
                "feature_transformation_parameters": {"trend_discovery_frequency": "1 hour"},
            },
            {"featureTransformationParameters": {"trend_discovery_frequency": "1 hour"}},
        ),
        (
            {
                "events_config": [
                    EventParameters.of("Watch", weight=0.25, event_value_threshold=0.5),
                    EventParameters.of("Click"),
                ]
            },
            {
                "eventsConfig": {
                    "eventParametersList": [
                        {"eventType": "Watch", "eventValueThreshold": 0.5, "weight": 0.25},
                        {"eventType": "Click"},
                    ]
                }
            },
        ),
        (
            {"recipe": V1, "optimization_objective": OptimizationObjective.high("PRICE")},
            {
                "optimizationObjective": {
                    "itemAttribute": "PRICE",
                    "objectiveSensitivity": "HIGH",
                }
            },
        ),
        (
            {"excluded_columns": {DatasetType.ITEMS: ["PRICE"], DatasetType.USERS: ["AGE"]}},
            {
                "trainingDataConfig": {
                    "excludedDatasetColumns": {"Items": ["PRICE"], "Users": ["AGE"]}
                }
            },
        ),
        (
            {"included_columns": {DatasetType.INTERACTIONS: ["DEVICE"]}},
            {"trainingDataConfig": {"includedDatasetColumns": {"Interactions": ["DEVICE"]}}},
        ),
        (
            {"recipe": V1, "perform_hpo": True, "max_number_of_training_jobs": 20},
            {"hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "20"}}},
        ),
        (
            {
                "recipe": V1,
                "perform_hpo": True,
                "hpo_ranges": [
                    HyperparameterRange.integer("bptt", 8, 16),
                    HyperparameterRange.categorical("recency_mask", ["true", "false"]),
                ],
                "max_parallel_training_jobs": 2,
            },
            {
                "hpoConfig": {
                    "hpoResourceConfig": {"maxParallelTrainingJobs": "2"},
                    "algorithmHyperParameterRanges": {
                        "integerHyperParameterRanges": [
                            {"name": "bptt", "minValue": 8, "maxValue": 16}
                        ],
                        "continuousHyperParameterRanges": [],
                        "categoricalHyperParameterRanges": [
                            {"name": "recency_mask", "values": ["true", "false"]}
                        ],
                    },
                }
            },
        ),
        (
            {
                "recipe": Recipe.SIMS,
                "perform_hpo": True,
                "hpo_ranges": [
                    HyperparameterRange.continuous("popularity_discount_factor", 0.0, 0.5)
                ],
            },
            {
                "hpoConfig": {
                    "algorithmHyperParameterRanges": {
                        "integerHyperParameterRanges": [],
                        "continuousHyperParameterRanges": [
                            {
                                "name": "popularity_discount_factor",
                                "minValue": 0.0,
                                "maxValue": 0.5,
                            }
                        ],
                        "categoricalHyperParameterRanges": [],
                    }
                }
            },
        ),
    ],
    ids=str,
)
def test_configures(options: dict[str, Any], config: dict[str, Any]) -> None:
    assert config_of(**options) == config


@pytest.mark.parametrize(
    "options",
    [
        {"events_config": []},
        {"excluded_columns": {}},
        {"recipe": V1, "hpo_ranges": []},
        {"algorithm_hyper_parameters": {}},
    ],
    ids=str,
)
def test_says_nothing_of_what_is_empty(options: dict[str, Any]) -> None:
    assert "solutionConfig" not in solution(**options).request


@pytest.mark.parametrize(
    ("objective", "sensitivity"),
    [
        (OptimizationObjective.off("PRICE"), "OFF"),
        (OptimizationObjective.low("PRICE"), "LOW"),
        (OptimizationObjective.medium("PRICE"), "MEDIUM"),
        (OptimizationObjective.high("PRICE"), "HIGH"),
    ],
)
def test_an_objective_is_as_sensitive_as_its_name_says(
    objective: OptimizationObjective, sensitivity: str
) -> None:
    assert objective.as_request()["objectiveSensitivity"] == sensitivity


@pytest.mark.parametrize(("days", "expression"), [(1, "rate(1 day)"), (30, "rate(30 days)")])
def test_trains_as_often_as_it_is_told(days: int, expression: str) -> None:
    config = config_of(perform_auto_training=True, auto_training_interval=cdk.Duration.days(days))

    assert config == {"autoTrainingConfig": {"schedulingExpression": expression}}


@pytest.mark.parametrize("days", [1.5, 31])
def test_refuses_an_interval_that_the_service_refuses(days: float) -> None:
    interval = cdk.Duration.hours(days * 24)

    with pytest.raises(
        ValueError, match=whole(f"auto_training_interval must be 1 to 30 whole days, got {days:g}")
    ):
        solution(perform_auto_training=True, auto_training_interval=interval)


def test_takes_an_interval_that_is_known_only_at_deployment(
    stack: cdk.Stack, dataset_group: DatasetGroup
) -> None:
    days = cdk.CfnParameter(stack, "Days", type="Number").value_as_number

    made = dataset_group.add_solution(
        "ForYou",
        recipe=RECIPE,
        perform_auto_training=True,
        auto_training_interval=cdk.Duration.days(days),
    )

    (schedule,) = made.request["solutionConfig"]["autoTrainingConfig"].values()
    assert stack.resolve(schedule) == {"Fn::Join": ["", ["rate(", {"Ref": "Days"}, " days)"]]}


def test_takes_columns_that_are_known_only_at_deployment(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    dataset_group.add_dataset("Interactions", schema=interactions)
    columns = cdk.CfnParameter(stack, "Columns", type="CommaDelimitedList").value_as_list

    made = dataset_group.add_solution(
        "ForYou", recipe=RECIPE, excluded_columns={DatasetType.INTERACTIONS: columns}
    )

    Template.from_stack(stack)
    assert stack.resolve(made.request["solutionConfig"]["trainingDataConfig"]) == {
        "excludedDatasetColumns": {"Interactions": {"Ref": "Columns"}}
    }


def test_refuses_an_interval_without_training() -> None:
    with pytest.raises(
        ValueError,
        match=whole("auto_training_interval is for perform_auto_training=True, got False"),
    ):
        solution(auto_training_interval=cdk.Duration.days(7))


@pytest.mark.parametrize(
    "options",
    [
        {"recipe": Recipe.SIMS},
        {"event_type": "Purchase"},
        {"algorithm_hyper_parameters": {"apply_recency_bias": "false"}},
        {"excluded_columns": {DatasetType.ITEMS: ["PRICE"]}},
        {"recipe": V1, "perform_hpo": True},
        {"group_name": "other"},
    ],
    ids=str,
)
def test_is_another_solution_for_other_content(options: dict[str, Any]) -> None:
    assert solution(**options).solution_name != solution().solution_name


def test_is_the_same_solution_with_other_training() -> None:
    training = solution(perform_auto_training=True, auto_training_interval=cdk.Duration.days(3))

    assert training.solution_name == solution().solution_name


def test_is_the_same_solution_with_other_weights() -> None:
    weighing = solution(events_config=[EventParameters.of("Purchase", weight=0.7)])

    assert weighing.solution_name == solution().solution_name


def test_is_the_same_solution_with_incremental_updates() -> None:
    updated = solution(recipe=Recipe.SEMANTIC_SIMILARITY, perform_incremental_update=True)

    assert updated.solution_name == solution(recipe=Recipe.SEMANTIC_SIMILARITY).solution_name


def test_is_the_same_solution_in_another_training_mode() -> None:
    updated = solution(recipe=V1, training_mode=TrainingMode.UPDATE)

    assert updated.solution_name == solution(recipe=V1).solution_name


def test_bears_the_name_that_it_is_given() -> None:
    made = solution(solution_name="for-you", event_type="Purchase")

    assert made.solution_name == made.request["name"] == "for-you"
    assert ":solution/for-you" in made.solution_arn


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

    with pytest.raises(
        RuntimeError,
        match=at_synth(
            "Shop/S", "aws-next-best-action needs a dataset of Actions in the dataset group"
        ),
    ):
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
