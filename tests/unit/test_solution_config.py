"""The rules of solutions, as the constructs and the emulator share them."""

from typing import Any

import botocore.session
import pytest

from cdk_personalize import solution_config, training_data
from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from cdk_personalize.recipe import Recipe, RecipeType
from cdk_personalize.solution_config import (
    days_between_trainings,
    findings,
    findings_of_columns,
    schedule,
)
from cdk_personalize.training_data import findings_of_recipe

V1, V2, SIMS = Recipe.USER_PERSONALIZATION, Recipe.USER_PERSONALIZATION_V2, Recipe.SIMS
NEW = Recipe("aws-new", RecipeType.RELATED_ITEMS)
INTERACTIONS = AvroSchema.of(DatasetType.INTERACTIONS, [])
ITEMS = AvroSchema.of(
    DatasetType.ITEMS,
    [
        SchemaField.string("COLOUR", categorical=True),
        SchemaField.float("PRICE"),
        SchemaField.float("DISCOUNT", nullable=True),
        SchemaField.string("SUPPLIER"),
    ],
)
SCHEMAS = {schema.dataset_type: schema for schema in (INTERACTIONS, ITEMS)}


def configured(**config: Any) -> dict[str, Any]:
    return {"solutionConfig": config}


def ranges(**lists: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        f"{kind}HyperParameterRanges": [] for kind in ("integer", "continuous", "categorical")
    }
    return configured(hpoConfig={"algorithmHyperParameterRanges": {**empty, **lists}})


def excluded(**columns: Any) -> dict[str, Any]:
    return configured(trainingDataConfig={"excludedDatasetColumns": columns})


def included(**columns: Any) -> dict[str, Any]:
    return configured(trainingDataConfig={"includedDatasetColumns": columns})


def test_a_solution_that_is_told_nothing_is_fine() -> None:
    assert [findings({}, recipe) for recipe in Recipe.all()] == [[]] * len(Recipe.all())


@pytest.mark.parametrize(("days", "expression"), [(1, "rate(1 day)"), (30, "rate(30 days)")])
def test_a_schedule_is_written_and_read(days: int, expression: str) -> None:
    assert schedule(days) == expression
    config = {"autoTrainingConfig": {"schedulingExpression": expression}}
    assert days_between_trainings(config) == days


def test_a_solution_trains_weekly_unless_it_is_told_otherwise() -> None:
    assert days_between_trainings({}) == 7


REFUSED: list[tuple[Recipe, dict[str, Any], str]] = [
    *(
        (
            V2,
            configured(autoTrainingConfig={"schedulingExpression": expression}),
            f"schedulingExpression must be from 1 to 30 days, got {expression}",
        )
        for expression in ("rate(0 days)", "rate(31 days)", "rate(1 hour)", "weekly")
    ),
    (
        V2,
        {"eventType": "view", **configured(eventValueThreshold="high")},
        "eventValueThreshold must be a number, got high",
    ),
    (
        V2,
        {"eventType": "view", **configured(eventValueThreshold="inf")},
        "eventValueThreshold must be a number, got inf",
    ),
    (V2, configured(autoMLConfig={}), "autoMLConfig needs performAutoML"),
    (V1, configured(optimizationObjective={}), "optimizationObjective needs an itemAttribute"),
    (
        V2,
        configured(eventsConfig={"eventParametersList": [{"weight": 1}]}),
        "each of eventParametersList must have an eventType",
    ),
    (
        SIMS,
        configured(eventsConfig={}),
        "eventsConfig is for aws-user-personalization-v2 and aws-personalized-ranking-v2,"
        " not for aws-sims",
    ),
    (
        V2,
        configured(hpoConfig={}),
        "performHPO and hpoConfig are not for aws-user-personalization-v2:"
        " it has no hyperparameter to optimize",
    ),
    (
        V1,
        configured(hpoConfig={"hpoResourceConfig": {"maxNumberOfTrainingJobs": "many"}}),
        "maxNumberOfTrainingJobs must be from 1 to 40, got many",
    ),
    (
        V1,
        configured(
            hpoConfig={"algorithmHyperParameterRanges": {"integerHyperParameterRanges": []}}
        ),
        "algorithmHyperParameterRanges needs continuousHyperParameterRanges,"
        " categoricalHyperParameterRanges too, be it empty",
    ),
    (
        V1,
        ranges(integerHyperParameterRanges=[{"name": "bptt", "minValue": 2}]),
        "integerHyperParameterRanges: each range needs name, minValue, maxValue;"
        " maxValue is missing",
    ),
    (
        V2,
        excluded(Things=["SIZE"]),
        "excludedDatasetColumns is for Interactions, Items, Users, not for Things",
    ),
]


@pytest.mark.parametrize(
    ("recipe", "request_", "finding"), REFUSED, ids=[finding for *_, finding in REFUSED]
)
def test_finds(recipe: Recipe, request_: dict[str, Any], finding: str) -> None:
    assert findings(request_, recipe) == [finding]


@pytest.mark.parametrize(
    "request_",
    [
        {"eventType": None, **configured(eventValueThreshold=None)},
        configured(eventsConfig={"eventParametersList": [{"eventType": None, "weight": None}] * 2}),
        configured(algorithmHyperParameters={"apply_recency_bias": None}),
        configured(autoTrainingConfig={"schedulingExpression": None}),
        excluded(Items=[None]),
    ],
    ids=str,
)
def test_what_is_not_known_yet_is_not_checked(request_: dict[str, Any]) -> None:
    assert findings(request_, V2) == []
    assert findings_of_columns(excluded(Items=[None]), SCHEMAS, complete=True) == []


def test_a_recipe_that_is_newer_than_the_library_is_not_held_against_what_is_known() -> None:
    request = {
        "performHPO": True,
        "performIncrementalUpdate": True,
        **configured(
            eventsConfig={"eventParametersList": [{"eventType": "view"}]},
            optimizationObjective={"itemAttribute": "PRICE"},
            algorithmHyperParameters={"depth": "7"},
        ),
    }
    assert findings(request, NEW) == []


def test_a_recipe_that_is_newer_than_the_library_is_held_against_what_all_must_keep() -> None:
    assert findings(configured(eventValueThreshold="3"), NEW) == [
        "eventValueThreshold needs an eventType"
    ]


# Columns


COLUMNS: list[tuple[dict[str, Any], str]] = [
    (
        {"eventType": "view", **configured(eventValueThreshold="3")},
        "eventValueThreshold needs the column EVENT_VALUE, which the Interactions dataset lacks",
    ),
    (
        configured(
            eventsConfig={"eventParametersList": [{"eventType": "view", "eventValueThreshold": 3}]}
        ),
        "eventValueThreshold needs the column EVENT_VALUE, which the Interactions dataset lacks",
    ),
    *(
        (
            configured(optimizationObjective={"itemAttribute": column}),
            "the itemAttribute of optimizationObjective must be a column of Items that is a number"
            f" and never null; {column} is none",
        )
        for column in ("COLOUR", "DISCOUNT", "SIZE")
    ),
    (
        excluded(items=["SIZE"]),
        "excludedDatasetColumns: Items has no column SIZE,"
        " only ITEM_ID, COLOUR, PRICE, DISCOUNT, SUPPLIER",
    ),
    (
        included(Items=["SUPPLIER"]),
        "SUPPLIER of Items cannot be trained on, and not be included",
    ),
    (
        excluded(Users=["AGE"]),
        "excludedDatasetColumns names columns of Users; the dataset group has no such dataset",
    ),
]


@pytest.mark.parametrize(("request_", "finding"), COLUMNS, ids=[finding for _, finding in COLUMNS])
def test_finds_what_the_columns_lack(request_: dict[str, Any], finding: str) -> None:
    interactions = AvroSchema.of(DatasetType.INTERACTIONS, [SchemaField.string("EVENT_TYPE")])
    schemas = SCHEMAS | {DatasetType.INTERACTIONS: interactions}

    assert findings_of_columns(request_, schemas, complete=True) == [finding]


@pytest.mark.parametrize(
    "request_",
    [
        configured(optimizationObjective={"itemAttribute": "PRICE"}),
        excluded(Items=["SUPPLIER", "DISCOUNT"]),
        included(Items=["COLOUR"], Interactions=["USER_ID"]),
    ],
    ids=str,
)
def test_takes_columns_that_are_there(request_: dict[str, Any]) -> None:
    assert findings_of_columns(request_, SCHEMAS, complete=True) == []


@pytest.mark.parametrize(
    "request_",
    [
        {"eventType": "view"},
        configured(optimizationObjective={"itemAttribute": "SIZE"}),
        excluded(Users=["AGE"]),
    ],
    ids=str,
)
def test_what_nobody_knows_the_columns_of_is_not_checked(request_: dict[str, Any]) -> None:
    assert findings_of_columns(request_, {}, complete=False) == []


def test_semantic_similarity_needs_names_and_descriptions() -> None:
    assert findings_of_recipe(Recipe.SEMANTIC_SIMILARITY, SCHEMAS) == [
        "aws-semantic-similarity needs a column of Items with itemName, which has the names of"
        " items",
        "aws-semantic-similarity needs a textual column of Items, which describes them",
    ]


def test_segments_by_attributes_need_an_attribute() -> None:
    prose = AvroSchema.of(DatasetType.ITEMS, [SchemaField.string("TEXT", textual=True)])

    assert findings_of_recipe(Recipe.ITEM_ATTRIBUTE_AFFINITY, {DatasetType.ITEMS: prose}) == [
        "aws-item-attribute-affinity needs a column of Items that is neither textual nor reserved"
    ]
    assert findings_of_recipe(Recipe.ITEM_ATTRIBUTE_AFFINITY, SCHEMAS) == []


# Limits


@pytest.fixture(scope="module")
def limits() -> Any:
    """The constraints of the shapes of the API."""
    service = botocore.session.get_session().get_service_model("personalize")
    return lambda shape: service.shape_for(shape).metadata


@pytest.mark.parametrize(
    ("shape", "most"),
    [
        ("EventParametersList", solution_config.MAX_EVENT_TYPES),
        ("EventType", solution_config.MAX_EVENT_TYPE_LENGTH),
        ("ItemAttribute", solution_config.MAX_ITEM_ATTRIBUTE_LENGTH),
        ("IntegerHyperParameterRanges", solution_config.MAX_RANGES),
        ("ContinuousHyperParameterRanges", solution_config.MAX_RANGES),
        ("CategoricalHyperParameterRanges", solution_config.MAX_RANGES),
        ("ColumnNamesList", training_data.MAX_TRAINING_COLUMNS),
    ],
)
def test_limits_are_those_of_the_service_model(limits: Any, shape: str, most: int) -> None:
    assert limits(shape)["max"] == most


def test_a_weight_is_what_the_service_model_says(limits: Any) -> None:
    least, greatest = limits("EventTypeWeight")["min"], limits("EventTypeWeight")["max"]

    assert [
        bool(solution_config.findings_of_weight(weight))
        for weight in (least - 0.01, least, greatest, greatest + 0.01)
    ] == [True, False, False, True]
