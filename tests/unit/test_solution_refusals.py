"""What the solution construct refuses at synth, and what it leaves to the deployment."""

import re
from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from cdk_personalize import (
    DatasetGroup,
    DatasetType,
    EventParameters,
    HyperparameterRange,
    OptimizationObjective,
    Recipe,
    RecipeType,
    Schema,
    SchemaField,
    Solution,
    TrainingMode,
)
from tests.unit.apps import new_app

SOLUTION = "Custom::PersonalizeSolution"
RECIPE = Recipe.USER_PERSONALIZATION_V2
V1 = Recipe.USER_PERSONALIZATION


def solution(**options: Any) -> Solution:
    """Return a solution of a stack of its own."""
    stack = cdk.Stack(new_app(), "Shop")
    group = DatasetGroup(stack, "Group", dataset_group_name=options.pop("group_name", "demo"))
    return Solution(stack, "ForYou", dataset_group=group, **{"recipe": RECIPE, **options})


V2_ALONE = "is for aws-user-personalization-v2 and aws-personalized-ranking-v2, not for aws-sims"
PURCHASES = [EventParameters.of("Purchase", weight=0.7)]
REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"solution_name": "for you"},
        "solution_name must be 1 to 63 letters, digits, hyphens and underscores,"
        " the first a letter or digit, got 'for you'",
    ),
    ({"event_type": "x" * 257}, "event_type must have 1 to 256 characters, got 257"),
    ({"event_type": ""}, "event_type must have 1 to 256 characters, got 0"),
    ({"event_value_threshold": 0.5}, "event_value_threshold needs an event_type"),
    (
        {"recipe": V1, "algorithm_hyper_parameters": {"bptt": 20}},
        "the parameter bptt must be text, got 20",
    ),
    (
        {"recipe": V1, "algorithm_hyper_parameters": {"bptt": "33"}},
        "bptt must be a whole number within [2, 32], got '33'",
    ),
    (
        {"algorithm_hyper_parameters": {"bptt": "20"}},
        "an algorithm hyperparameter of aws-user-personalization-v2 must be one of:"
        " apply_recency_bias; got bptt",
    ),
    (
        {"recipe": Recipe.SIMS, "feature_transformation_parameters": {"bptt": "20"}},
        "a feature transformation parameter of aws-sims must be one of:"
        " min_user_history_length_percentile, max_user_history_length_percentile,"
        " min_item_interaction_count_percentile, max_item_interaction_count_percentile; got bptt",
    ),
    (
        {"training_mode": TrainingMode.UPDATE},
        "training_mode UPDATE is for aws-user-personalization and aws-hrnn-coldstart, not for"
        " aws-user-personalization-v2",
    ),
    (
        {"perform_hpo": True},
        "perform_hpo and hpo_ranges are not for aws-user-personalization-v2:"
        " it has no hyperparameter to optimize",
    ),
    (
        {"recipe": V1, "hpo_ranges": [HyperparameterRange.integer("bptt", 8, 16)]},
        "hpo_ranges, max_number_of_training_jobs and max_parallel_training_jobs are for"
        " perform_hpo=True, got None",
    ),
    (
        {"recipe": V1, "perform_hpo": True, "max_number_of_training_jobs": 41},
        "max_number_of_training_jobs must be from 1 to 40, got 41",
    ),
    (
        {"recipe": V1, "perform_hpo": True, "max_parallel_training_jobs": 0},
        "max_parallel_training_jobs must be from 1 to 10, got 0",
    ),
    (
        {
            "recipe": V1,
            "perform_hpo": True,
            "hpo_ranges": [HyperparameterRange.integer("bptt", 2, 64)],
        },
        "the range of bptt must be within [2, 32], got 2 to 64",
    ),
    (
        {
            "recipe": V1,
            "perform_hpo": True,
            "hpo_ranges": [HyperparameterRange.integer("bptt", 2.5, 8)],
        },
        "the range of bptt must end in whole numbers, got 2.5 to 8",
    ),
    (
        {
            "recipe": V1,
            "perform_hpo": True,
            "hpo_ranges": [HyperparameterRange.continuous("bptt", 2, 8)],
        },
        "bptt must be tuned as integer, got a range that is continuous",
    ),
    (
        {
            "recipe": V1,
            "perform_hpo": True,
            "hpo_ranges": [HyperparameterRange.categorical("recency_mask", ["maybe"])],
        },
        "recency_mask must be one of true, false, got 'maybe'",
    ),
    ({"recipe": Recipe.SIMS, "events_config": PURCHASES}, f"events_config {V2_ALONE}"),
    (
        {"events_config": [EventParameters.of("buy"), EventParameters.of("Buy")]},
        "events_config has the event_type Buy more than once",
    ),
    (
        {"events_config": [EventParameters.of(f"type-{n}") for n in range(11)]},
        "events_config has at most 10 types, got 11",
    ),
    (
        {"events_config": [EventParameters("Purchase", weight=1.5)]},
        "weight must be from 0 to 1, got 1.5",
    ),
    (
        {"optimization_objective": OptimizationObjective.low("PRICE")},
        "optimization_objective is for aws-user-personalization and aws-personalized-ranking,"
        " not for aws-user-personalization-v2",
    ),
    (
        {"perform_incremental_update": True},
        "perform_incremental_update is for aws-semantic-similarity,"
        " not for aws-user-personalization-v2",
    ),
    (
        {
            "excluded_columns": {DatasetType.ITEMS: ["PRICE"]},
            "included_columns": {DatasetType.USERS: ["AGE"]},
        },
        "excluded_columns and included_columns cannot be given together",
    ),
    (
        {"excluded_columns": {DatasetType.ACTIONS: ["VALUE"]}},
        "excluded_columns is for Interactions, Items, Users, not for Actions",
    ),
    (
        {"excluded_columns": {DatasetType.INTERACTIONS: ["EVENT_TYPE"]}},
        "EVENT_TYPE of Interactions cannot be excluded from training",
    ),
    (
        {"included_columns": {DatasetType.ITEMS: [f"COLUMN_{n}" for n in range(51)]}},
        "included_columns has at most 50 columns of Items, got 51",
    ),
    (
        {
            "recipe": Recipe.NEXT_BEST_ACTION,
            "excluded_columns": {DatasetType.ITEMS: ["PRICE"]},
        },
        "a choice of columns is for recipes that answer with items or users,"
        " not for aws-next-best-action",
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_refuses(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        solution(**options)


def test_says_all_that_is_wrong_at_once() -> None:
    with pytest.raises(ValueError, match="must be") as refusal:
        solution(
            solution_name="for you",
            auto_training_interval=cdk.Duration.days(31),
            event_value_threshold=0.5,
            algorithm_hyper_parameters={"apply_recency_bias": "perhaps"},
        )

    assert str(refusal.value).split("; ") == [
        "solution_name must be 1 to 63 letters, digits, hyphens and underscores,"
        " the first a letter or digit, got 'for you'",
        "auto_training_interval is for perform_auto_training=True, got False",
        "auto_training_interval must be 1 to 30 whole days, got 31",
        "event_value_threshold needs an event_type",
        "apply_recency_bias must be one of true, false, got 'perhaps'",
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: EventParameters.of("", weight=-0.1),
            "event_type must have 1 to 256 characters, got 0; weight must be from 0 to 1, got -0.1",
        ),
        (
            lambda: EventParameters.of("Watch", event_value_threshold=float("nan")),
            "event_value_threshold must be a number, got nan",
        ),
        (
            lambda: OptimizationObjective.low("X" * 151),
            "item_attribute must have 1 to 150 characters, got 151",
        ),
        (
            lambda: HyperparameterRange.integer("bptt", 9, 8),
            "min_value of bptt must not be above max_value, got 9 and 8",
        ),
        (
            lambda: HyperparameterRange.continuous("factor", 0.5, 0.25),
            "min_value of factor must not be above max_value, got 0.5 and 0.25",
        ),
        (
            lambda: HyperparameterRange.categorical("recency_mask", []),
            "recency_mask must have at least one value to choose from",
        ),
    ],
)
def test_a_value_is_refused_where_it_is_made(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


def test_leaves_a_recipe_that_is_newer_than_the_library_to_the_service() -> None:
    made = solution(
        recipe=Recipe("aws-new", RecipeType.USER_PERSONALIZATION),
        perform_hpo=True,
        events_config=PURCHASES,
        algorithm_hyper_parameters={"depth": "7"},
    )

    assert made.request["solutionConfig"]["algorithmHyperParameters"] == {"depth": "7"}


def test_takes_what_an_option_has_that_is_known_only_at_deployment(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    text = cdk.CfnParameter(stack, "Text").value_as_string
    number = cdk.CfnParameter(stack, "Number", type="Number").value_as_number
    count = cast("int", number)  # the CDK has no tokens of whole numbers
    dataset_group.add_dataset("Interactions", schema=interactions)
    dataset_group.add_solution(
        "Weighing",
        recipe=RECIPE,
        events_config=[
            EventParameters.of(text, weight=number, event_value_threshold=number),
            EventParameters.of(text),
        ],
        algorithm_hyper_parameters={"apply_recency_bias": text},
        excluded_columns={DatasetType.INTERACTIONS: [text]},
    )
    tuned = dataset_group.add_solution(
        "Tuned",
        recipe=V1,
        perform_hpo=True,
        hpo_ranges=[
            HyperparameterRange.integer("bptt", 4, count),
            HyperparameterRange.categorical("recency_mask", [text]),
            HyperparameterRange.integer(text, 1, 1000),
        ],
        optimization_objective=OptimizationObjective.low(text),
        max_number_of_training_jobs=count,
    )

    Template.from_stack(stack).resource_count_is(SOLUTION, 2)
    jobs = stack.resolve(tuned.request["solutionConfig"]["hpoConfig"]["hpoResourceConfig"])
    assert jobs == {"maxNumberOfTrainingJobs": {"Ref": "Number"}}


PLAIN = [SchemaField.string("COLOUR", categorical=True), SchemaField.float("PRICE", nullable=True)]
NEEDS_DATA: list[tuple[dict[str, Any], str]] = [
    (
        {"excluded_columns": {DatasetType.ITEMS: ["SIZE"]}},
        "excluded_columns: Items has no column SIZE, only ITEM_ID, COLOUR, PRICE, ON_SALE",
    ),
    (
        {"included_columns": {DatasetType.ITEMS: ["ON_SALE"]}},
        "ON_SALE of Items cannot be trained on, and not be included",
    ),
    (
        {"excluded_columns": {DatasetType.USERS: ["AGE"]}},
        "excluded_columns names columns of Users; the dataset group has no such dataset",
    ),
    (
        {"recipe": V1, "optimization_objective": OptimizationObjective.low("PRICE")},
        "the item_attribute of optimization_objective must be a column of Items that is a number"
        " and never null; PRICE is none",
    ),
    (
        {"event_type": "view", "event_value_threshold": 1},
        "event_value_threshold needs the column EVENT_VALUE, which the Interactions dataset lacks",
    ),
    (
        {"events_config": [EventParameters.of("view", event_value_threshold=1)]},
        "event_value_threshold needs the column EVENT_VALUE, which the Interactions dataset lacks",
    ),
    (
        {"recipe": Recipe.SEMANTIC_SIMILARITY},
        "aws-semantic-similarity needs a textual column of Items, which describes them",
    ),
    (
        {"recipe": Recipe.SEMANTIC_SIMILARITY},
        "aws-semantic-similarity needs a column of Items with itemName, which has the names of",
    ),
    (
        {"recipe": Recipe.NEXT_BEST_ACTION},
        "aws-next-best-action needs a dataset of Actions in the dataset group",
    ),
]


@pytest.mark.parametrize(("options", "message"), NEEDS_DATA, ids=[text for _, text in NEEDS_DATA])
def test_refuses_what_the_declared_columns_lack(
    stack: cdk.Stack, dataset_group: DatasetGroup, options: dict[str, Any], message: str
) -> None:
    dataset_group.add_solution("S", **{"recipe": RECIPE, **options})
    interactions = [SchemaField.string("EVENT_TYPE")]
    items = [*PLAIN, SchemaField.boolean("ON_SALE")]
    for dataset_type, fields in (
        (DatasetType.INTERACTIONS, interactions),
        (DatasetType.ITEMS, items),
    ):
        schema = Schema(stack, f"{dataset_type}Schema", dataset_type=dataset_type, fields=fields)
        dataset_group.add_dataset(str(dataset_type), schema=schema)

    with pytest.raises(RuntimeError, match=re.escape(message)):
        Template.from_stack(stack)


def test_trusts_an_imported_group_to_have_the_columns(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Imported", "demo")
    group.add_solution(
        "S",
        recipe=V1,
        optimization_objective=OptimizationObjective.low("PRICE"),
        excluded_columns={DatasetType.ITEMS: ["COLOUR"]},
    )

    Template.from_stack(stack).resource_count_is(SOLUTION, 1)
