"""What a solution can be told, and what its recipe or its data refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.use_case import UseCase
from tests.emulator.cloud import interactions, recipe

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud

V1 = "aws-user-personalization"
V2 = "aws-user-personalization-v2"
SIMS = "aws-sims"
SCHEDULE = {"autoTrainingConfig": {"schedulingExpression": "rate(7 days)"}}


@pytest.fixture
def group(cloud: Cloud) -> str:
    """A group whose schemas have columns to name."""
    group = cloud.group()
    for dataset_type in (DatasetType.INTERACTIONS, DatasetType.ITEMS, DatasetType.USERS):
        cloud.dataset(group, dataset_type)
    return group


def create(cloud: Cloud, group: str, recipe_name: str, **changes: Any) -> dict[str, Any]:
    """Create a solution and describe it."""
    request = {
        "name": "for-you",
        "datasetGroupArn": group,
        "recipeArn": recipe(recipe_name),
        **changes,
    }
    return cloud.describe(cloud.personalize.create_solution(**request)["solutionArn"])


def refused(cloud: Cloud, group: str, recipe_name: str, **changes: Any) -> str:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException) as refusal:
        create(cloud, group, recipe_name, **changes)
    return str(refusal.value)


def test_the_recipe_of_a_use_case_is_refused(cloud: Cloud, group: str) -> None:
    name = UseCase.RECOMMENDED_FOR_YOU.name
    assert "recommender" in refused(cloud, group, name)


# Hyperparameters


def test_hyperparameters_are_kept_as_they_are_given(cloud: Cloud, group: str) -> None:
    config = {
        "algorithmHyperParameters": {"hidden_dimension": "55", "recency_mask": "False"},
        "featureTransformationParameters": {"max_user_history_length_percentile": "0.9"},
    }
    found = create(cloud, group, V1, solutionConfig=config)
    assert found["solutionConfig"] == {**SCHEDULE, **config}


@pytest.mark.parametrize(
    ("recipe_name", "config", "wanted"),
    [
        (V1, {"algorithmHyperParameters": {"hidden_size": "55"}}, "got hidden_size"),
        (V1, {"algorithmHyperParameters": {"hidden_dimension": "300"}}, "[32, 256]"),
        (V1, {"algorithmHyperParameters": {"hidden_dimension": "55.5"}}, "whole number"),
        (V2, {"algorithmHyperParameters": {"hidden_dimension": "55"}}, "apply_recency_bias"),
        (V2, {"algorithmHyperParameters": {"apply_recency_bias": "yes"}}, "true, false"),
        (
            V1,
            {"featureTransformationParameters": {"hidden_dimension": "55"}},
            "feature transformation",
        ),
        (
            "aws-trending-now",
            {"featureTransformationParameters": {"trend_discovery_frequency": "5 minutes"}},
            "30 minutes",
        ),
        ("aws-popularity-count", {"algorithmHyperParameters": {"bptt": "3"}}, "none"),
    ],
)
def test_hyperparameters_are_those_of_the_recipe(
    cloud: Cloud, group: str, recipe_name: str, config: dict[str, Any], wanted: str
) -> None:
    assert wanted in refused(cloud, group, recipe_name, solutionConfig=config)


# Hyperparameter optimization


def ranges(**lists: Any) -> dict[str, Any]:
    return {
        "hpoConfig": {
            "algorithmHyperParameterRanges": {
                "integerHyperParameterRanges": [],
                "continuousHyperParameterRanges": [],
                "categoricalHyperParameterRanges": [],
                **lists,
            }
        }
    }


def test_an_optimization_needs_no_ranges(cloud: Cloud, group: str) -> None:
    assert create(cloud, group, SIMS, performHPO=True)["performHPO"] is True


@pytest.mark.parametrize("recipe_name", [V2, "aws-personalized-ranking-v2", "aws-item-affinity"])
def test_recipes_that_have_no_optimization_refuse_it(
    cloud: Cloud, group: str, recipe_name: str
) -> None:
    assert "performHPO" in refused(cloud, group, recipe_name, performHPO=True)
    assert "hpoConfig" in refused(cloud, group, recipe_name, solutionConfig=ranges())


def test_an_optimization_needs_all_three_lists(cloud: Cloud, group: str) -> None:
    config = ranges()
    del config["hpoConfig"]["algorithmHyperParameterRanges"]["integerHyperParameterRanges"]
    found = refused(cloud, group, SIMS, performHPO=True, solutionConfig=config)
    assert "integerHyperParameterRanges" in found


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"integerHyperParameterRanges": [{"name": "bptt", "minValue": 2, "maxValue": 64}]}, "32"),
        ({"integerHyperParameterRanges": [{"name": "bptt", "minValue": 9, "maxValue": 3}]}, "bptt"),
        ({"integerHyperParameterRanges": [{"name": "bptt", "minValue": 2}]}, "maxValue"),
        (
            {"continuousHyperParameterRanges": [{"name": "bptt", "minValue": 2, "maxValue": 3}]},
            "integer",
        ),
        (
            {"categoricalHyperParameterRanges": [{"name": "recency_mask", "values": ["maybe"]}]},
            "true, false",
        ),
        ({"categoricalHyperParameterRanges": [{"name": "recency_mask"}]}, "values"),
        (
            {"integerHyperParameterRanges": [{"name": "epochs", "minValue": 2, "maxValue": 3}]},
            "epochs",
        ),
    ],
)
def test_ranges_are_within_those_of_the_recipe(
    cloud: Cloud, group: str, given: dict[str, Any], wanted: str
) -> None:
    found = refused(cloud, group, V1, performHPO=True, solutionConfig=ranges(**given))
    assert wanted in found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("maxNumberOfTrainingJobs", "41"),
        ("maxNumberOfTrainingJobs", "many"),
        ("maxParallelTrainingJobs", "11"),
        ("maxParallelTrainingJobs", "0"),
    ],
)
def test_an_optimization_spends_a_limited_number_of_trainings(
    cloud: Cloud, group: str, name: str, value: str
) -> None:
    config = {"hpoConfig": {"hpoResourceConfig": {name: value}}}
    assert name in refused(cloud, group, SIMS, performHPO=True, solutionConfig=config)


# Events


def test_a_threshold_is_a_number_and_needs_a_type(cloud: Cloud, group: str) -> None:
    config = {"eventValueThreshold": "high"}
    assert "number" in refused(cloud, group, V1, eventType="view", solutionConfig=config)
    assert "eventType" in refused(cloud, group, V1, solutionConfig={"eventValueThreshold": "3"})


def test_an_event_type_needs_its_column(cloud: Cloud) -> None:
    group = cloud.group()
    schema = {
        "type": "record",
        "name": "Interactions",
        "namespace": "com.amazonaws.personalize.schema",
        "fields": [
            {"name": "USER_ID", "type": "string"},
            {"name": "ITEM_ID", "type": "string"},
            {"name": "TIMESTAMP", "type": "long"},
        ],
        "version": "1.0",
    }
    cloud.settle(
        cloud.personalize.create_dataset(
            name="plain",
            datasetType="Interactions",
            datasetGroupArn=group,
            schemaArn=cloud.personalize.create_schema(name="plain", schema=json.dumps(schema))[
                "schemaArn"
            ],
        )["datasetArn"]
    )
    assert "EVENT_TYPE" in refused(cloud, group, V1, eventType="view")
    events = {"eventParametersList": [{"eventType": "view"}]}
    assert "EVENT_TYPE" in refused(cloud, group, V2, solutionConfig={"eventsConfig": events})


def test_weights_are_for_one_event_type_each(cloud: Cloud, group: str) -> None:
    events = {
        "eventParametersList": [
            {"eventType": "view", "weight": 0.1},
            {"eventType": "View", "weight": 0.2},
        ]
    }
    assert "more than once" in refused(cloud, group, V2, solutionConfig={"eventsConfig": events})


def test_weights_are_from_zero_to_one(cloud: Cloud, group: str) -> None:
    events = {"eventParametersList": [{"eventType": "view", "weight": 1.5}]}
    assert "less than or equal to 1" in refused(
        cloud, group, V2, solutionConfig={"eventsConfig": events}
    )


def test_weights_are_of_ten_event_types_at_most(cloud: Cloud, group: str) -> None:
    events = {"eventParametersList": [{"eventType": f"type-{n}"} for n in range(11)]}
    assert "10" in refused(cloud, group, V2, solutionConfig={"eventsConfig": events})


# Objectives


def objective(column: str) -> dict[str, Any]:
    return {"optimizationObjective": {"itemAttribute": column, "objectiveSensitivity": "LOW"}}


def test_an_objective_is_a_number_that_is_never_null(cloud: Cloud, group: str) -> None:
    for column in ("PRICE", "CATEGORY", "REVENUE"):  # nullable, text, not there
        assert column in refused(cloud, group, V1, solutionConfig=objective(column))


def test_an_objective_is_for_two_recipes(cloud: Cloud, group: str) -> None:
    for name in (V2, SIMS):
        assert "aws-personalized-ranking" in refused(
            cloud, group, name, solutionConfig=objective("PRICE")
        )


# Columns


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ({"excludedDatasetColumns": {"Items": ["COLOUR"]}}, "no column COLOUR"),
        ({"excludedDatasetColumns": {"Interactions": ["EVENT_TYPE"]}}, "cannot be excluded"),
        ({"excludedDatasetColumns": {"items": ["ITEM_ID"]}}, "cannot be excluded"),
        ({"excludedDatasetColumns": {"Actions": ["VALUE"]}}, "not for Actions"),
        ({"excludedDatasetColumns": {"Things": ["VALUE"]}}, "Things"),
        (
            {
                "excludedDatasetColumns": {"Items": ["PRICE"]},
                "includedDatasetColumns": {"Items": ["CATEGORY"]},
            },
            "together",
        ),
    ],
)
def test_columns_are_there_to_be_chosen(
    cloud: Cloud, group: str, choice: dict[str, Any], wanted: str
) -> None:
    assert wanted in refused(cloud, group, V2, solutionConfig={"trainingDataConfig": choice})


def test_columns_of_a_dataset_that_is_not_there_cannot_be_chosen(cloud: Cloud) -> None:
    choice = {"excludedDatasetColumns": {"Items": ["PRICE"]}}
    config = {"trainingDataConfig": choice}
    assert "no such dataset" in refused(cloud, cloud.group(), V2, solutionConfig=config)


def test_columns_are_not_chosen_for_recipes_of_actions(cloud: Cloud, group: str) -> None:
    config = {"trainingDataConfig": {"excludedDatasetColumns": {"Items": ["PRICE"]}}}
    assert "trainingDataConfig" in refused(
        cloud, group, "aws-next-best-action", solutionConfig=config
    )


# Automatic machine learning


def auto_ml(cloud: Cloud, group: str, **changes: Any) -> dict[str, Any]:
    answer = cloud.personalize.create_solution(
        name="auto", datasetGroupArn=group, performAutoML=True, **changes
    )
    return cloud.describe(answer["solutionArn"])


def test_automl_always_optimizes(cloud: Cloud, group: str) -> None:
    found = auto_ml(cloud, group)
    assert (found["performAutoML"], found["performHPO"]) == (True, True)
    assert "recipeArn" not in found


def test_automl_takes_no_recipe(cloud: Cloud, group: str) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="recipeArn"):
        auto_ml(cloud, group, recipeArn=recipe(V1))


def test_automl_chooses_from_the_hrnn_recipes(cloud: Cloud, group: str) -> None:
    config = {"autoMLConfig": {"metricName": "coverage", "recipeList": [recipe(V1)]}}
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="aws-hrnn"):
        auto_ml(cloud, group, solutionConfig=config)


def test_automl_has_a_metric_and_a_list_or_neither(cloud: Cloud, group: str) -> None:
    config = {"autoMLConfig": {"metricName": "coverage"}}
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="recipeList"):
        auto_ml(cloud, group, solutionConfig=config)


def test_an_automl_configuration_needs_automl(cloud: Cloud, group: str) -> None:
    config = {"autoMLConfig": {"metricName": "coverage", "recipeList": [recipe("aws-hrnn")]}}
    assert "performAutoML" in refused(cloud, group, V1, solutionConfig=config)


# Incremental updates


def test_incremental_updates_are_for_semantic_similarity(cloud: Cloud, group: str) -> None:
    assert "performIncrementalUpdate" in refused(cloud, group, V2, performIncrementalUpdate=True)
    found = create(cloud, group, "aws-semantic-similarity", performIncrementalUpdate=True)
    assert found["performIncrementalUpdate"] is True


# Updates


def test_an_update_is_held_against_the_recipe(cloud: Cloud, group: str) -> None:
    arn = create(cloud, group, SIMS)["solutionArn"]
    cloud.settle(arn)
    events = {"eventParametersList": [{"eventType": "view"}]}
    refusals: tuple[dict[str, Any], ...] = (
        {"solutionUpdateConfig": {"eventsConfig": events}},
        {"performIncrementalUpdate": True},
        {"solutionUpdateConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(0 days)"}}},
        {},
    )
    for changes in refusals:
        with pytest.raises(cloud.personalize.exceptions.InvalidInputException):
            cloud.personalize.update_solution(solutionArn=arn, **changes)


def test_an_update_replaces_the_weights_of_events(cloud: Cloud, group: str) -> None:
    def weights(weight: float) -> dict[str, Any]:
        events = [{"eventType": "view", "weight": weight}]
        return {"eventsConfig": {"eventParametersList": events}}

    changes: dict[str, Any] = {"solutionUpdateConfig": weights(0.9)}
    arn = create(cloud, group, V2, solutionConfig=weights(0.1))["solutionArn"]
    cloud.settle(arn)
    cloud.personalize.update_solution(solutionArn=arn, **changes)
    found = cloud.settle(arn, update=True)
    assert found["solutionConfig"] == {**SCHEDULE, **weights(0.9)}


def test_cannot_be_deleted_while_it_is_updated(cloud: Cloud, group: str) -> None:
    arn = create(cloud, group, V2)["solutionArn"]
    cloud.settle(arn)
    cloud.personalize.update_solution(solutionArn=arn, performAutoTraining=False)
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException, match="under way"):
        cloud.personalize.delete_solution(solutionArn=arn)


def test_is_trained_by_hand_while_it_is_updated(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    arn = cloud.solution(group)
    cloud.personalize.update_solution(solutionArn=arn, performAutoTraining=True)
    cloud.personalize.create_solution_version(solutionArn=arn)
