"""Solution versions are trained, measured and stopped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from tests.emulator.cloud import ITEMS, interactions, recipe

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


@pytest.fixture
def solution(cloud: Cloud) -> str:
    """A solution with data to train on."""
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    return cloud.solution(group)


def start(cloud: Cloud, solution: str) -> str:
    answer = cloud.personalize.create_solution_version(solutionArn=solution)
    return answer["solutionVersionArn"]


def test_is_pending_then_in_progress_then_active(cloud: Cloud, solution: str) -> None:
    arn = start(cloud, solution)
    assert cloud.describe(arn)["status"] == "CREATE PENDING"
    cloud.reach(arn, "CREATE IN_PROGRESS")
    assert cloud.settle(arn)["status"] == "ACTIVE"


def test_its_arn_is_under_that_of_its_solution(cloud: Cloud, solution: str) -> None:
    assert start(cloud, solution).rpartition("/")[0] == solution


def test_shows_how_it_was_trained(cloud: Cloud, solution: str) -> None:
    found = cloud.describe(cloud.version(solution))
    assert (found["trainingMode"], found["trainingType"]) == ("FULL", "MANUAL")
    assert found["recipeArn"] == recipe("aws-user-personalization-v2")
    assert found["trainingHours"] > 0


def test_has_metrics_measured_on_data_held_out(cloud: Cloud, solution: str) -> None:
    version = cloud.version(solution)
    answer = cloud.personalize.get_solution_metrics(solutionVersionArn=version)
    assert answer["solutionVersionArn"] == version
    assert 0 < answer["metrics"]["coverage"] <= 1
    assert "normalized_discounted_cumulative_gain_at_25" in answer["metrics"]


def test_has_no_metrics_before_it_is_active(cloud: Cloud, solution: str) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException):
        cloud.personalize.get_solution_metrics(solutionVersionArn=start(cloud, solution))


def test_may_have_a_name_once(cloud: Cloud, solution: str) -> None:
    cloud.personalize.create_solution_version(solutionArn=solution, name="monday")
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        cloud.personalize.create_solution_version(solutionArn=solution, name="monday")


def test_the_solution_must_be_active(cloud: Cloud) -> None:
    arn = cloud.personalize.create_solution(
        name="for-you",
        datasetGroupArn=cloud.group(),
        recipeArn=recipe("aws-user-personalization-v2"),
    )["solutionArn"]
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException):
        start(cloud, arn)


def test_the_datasets_of_the_recipe_must_be_there(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="Interactions"):
        start(cloud, cloud.solution(group))


def test_an_update_of_a_model_is_for_recipes_that_can(cloud: Cloud, solution: str) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="UPDATE"):
        cloud.personalize.create_solution_version(solutionArn=solution, trainingMode="UPDATE")


def test_too_little_data_fails_the_training_with_a_reason(limited: Cloud) -> None:
    group = limited.group()
    limited.dataset(group)
    found = limited.settle(start(limited, limited.solution(group)))
    assert found["status"] == "CREATE FAILED"
    assert "0 unique interactions" in found["failureReason"]
    assert "at least 1000" in found["failureReason"]


def test_too_few_regular_users_fail_the_training_with_a_reason(limited: Cloud) -> None:
    group = limited.group()
    limited.dataset(group, csv=interactions(users=20, each=60))
    found = limited.settle(start(limited, limited.solution(group)))
    assert "20 users with at least two interactions" in found["failureReason"]


def test_the_same_interaction_counts_once(limited: Cloud) -> None:
    group = limited.group()
    header, *rows = interactions(users=40, each=8).splitlines()
    limited.dataset(group, csv="\n".join([header, *(rows * 4)]))
    found = limited.settle(start(limited, limited.solution(group)))
    assert "320 unique interactions" in found["failureReason"]


def test_of_one_event_type_counts_that_type_alone(limited: Cloud) -> None:
    group = limited.group()
    limited.dataset(group, csv=interactions(users=200))
    arn = limited.personalize.create_solution(
        name="buyers",
        datasetGroupArn=group,
        recipeArn=recipe("aws-user-personalization-v2"),
        eventType="buy",
    )["solutionArn"]
    limited.settle(arn)
    assert "0 unique interactions" in limited.settle(start(limited, arn))["failureReason"]


def test_is_stopped_at_once_while_it_is_pending(cloud: Cloud, solution: str) -> None:
    arn = start(cloud, solution)
    cloud.personalize.stop_solution_version_creation(solutionVersionArn=arn)
    assert cloud.describe(arn)["status"] == "CREATE STOPPED"


def test_is_stopping_before_it_is_stopped_once_it_trains(cloud: Cloud, solution: str) -> None:
    arn = start(cloud, solution)
    cloud.reach(arn, "CREATE IN_PROGRESS")
    cloud.personalize.stop_solution_version_creation(solutionVersionArn=arn)
    assert cloud.describe(arn)["status"] == "CREATE STOPPING"
    assert cloud.settle(arn)["status"] == "CREATE STOPPED"


def test_stays_stopped(cloud: Cloud, solution: str) -> None:
    arn = start(cloud, solution)
    cloud.personalize.stop_solution_version_creation(solutionVersionArn=arn)
    cloud.version(solution)  # as long as the first would have taken
    assert cloud.describe(arn)["status"] == "CREATE STOPPED"


def test_cannot_be_stopped_when_it_is_trained(cloud: Cloud, solution: str) -> None:
    version = cloud.version(solution)
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException):
        cloud.personalize.stop_solution_version_creation(solutionVersionArn=version)


def test_lists_those_of_a_solution(cloud: Cloud, solution: str) -> None:
    arns = [start(cloud, solution), start(cloud, solution)]
    found = cloud.personalize.list_solution_versions(solutionArn=solution)["solutionVersions"]
    assert [version["solutionVersionArn"] for version in found] == arns


def test_those_of_a_missing_solution_are_not_found(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        cloud.personalize.list_solution_versions(solutionArn=cloud.arn("solution/none"))


# How much counts


def test_a_threshold_leaves_out_what_is_below_it(limited: Cloud) -> None:
    group = limited.group()
    header, *rows = interactions(users=200, each=8).splitlines()
    rated = [f"{row}{number % 4}" for number, row in enumerate(rows)]
    limited.dataset(group, csv="\n".join([header, *rated]))
    arn = create(
        limited, group, "aws-sims", eventType="VIEW", solutionConfig={"eventValueThreshold": "3"}
    )
    assert "400 unique interactions" in limited.settle(start(limited, arn))["failureReason"]


# Columns


def model_of(cloud: Cloud, version: str) -> bytes:
    model = cloud.emulator.service.backend.models.get(version)
    assert model is not None
    return model.to_bytes()


def create(cloud: Cloud, group: str, recipe_name: str, **changes: Any) -> str:
    request = {
        "name": f"solution-{len(cloud.personalize.list_solutions()['solutions'])}",
        "datasetGroupArn": group,
        "recipeArn": recipe(recipe_name),
        "performAutoTraining": False,
        **changes,
    }
    arn = cloud.personalize.create_solution(**request)["solutionArn"]
    cloud.settle(arn)
    return arn


def items_with(cloud: Cloud, group: str, field: SchemaField, value: str) -> str:
    """Create the Items dataset with one more column, whose value depends on the taste."""
    fields = [SchemaField.string("CATEGORY", categorical=True), field]
    schema = AvroSchema.of(DatasetType.ITEMS, fields).to_json()
    arn = cloud.personalize.create_dataset(
        name="items",
        datasetType="Items",
        datasetGroupArn=group,
        schemaArn=cloud.personalize.create_schema(name=f"items-{field.name}", schema=schema)[
            "schemaArn"
        ],
    )["datasetArn"]
    cloud.settle(arn)
    rows = [
        f"{taste}{n},{taste},{value if taste == 'a' else ''}" for taste in "ab" for n in range(10)
    ]
    cloud.import_csv(arn, "\n".join([f"ITEM_ID,CATEGORY,{field.name}", *rows]))
    return arn


def test_columns_that_are_excluded_are_not_trained_on(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    choice = {"excludedDatasetColumns": {"ITEMS": ["CATEGORY"]}}
    all_but_one = create(
        cloud, group, "aws-similar-items", solutionConfig={"trainingDataConfig": choice}
    )
    choice = {"includedDatasetColumns": {"Items": ["PRICE"]}}
    only_one = create(
        cloud, group, "aws-similar-items", solutionConfig={"trainingDataConfig": choice}
    )
    everything = create(cloud, group, "aws-similar-items")
    models = [
        model_of(cloud, cloud.version(solution)) for solution in (all_but_one, only_one, everything)
    ]
    assert models[0] == models[1]
    assert models[0] != models[2]


@pytest.mark.parametrize(
    "field", [SchemaField.boolean("NEW", nullable=True), SchemaField.string("NOTE", nullable=True)]
)
def test_booleans_and_notes_are_never_trained_on(cloud: Cloud, field: SchemaField) -> None:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    items_with(cloud, group, field, "true")
    with_it = create(cloud, group, "aws-similar-items")
    choice = {"excludedDatasetColumns": {"Items": [field.name]}}
    without_it = create(
        cloud, group, "aws-similar-items", solutionConfig={"trainingDataConfig": choice}
    )
    assert model_of(cloud, cloud.version(with_it)) == model_of(cloud, cloud.version(without_it))


def test_a_column_that_came_later_is_for_filters_alone(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    items = cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    before = create(cloud, group, "aws-similar-items")
    untouched = model_of(cloud, cloud.version(before))
    fields = [
        SchemaField.string("CATEGORY", categorical=True),
        SchemaField.float("PRICE", nullable=True),
        SchemaField.string("COLOUR", categorical=True, nullable=True),
    ]
    schema = AvroSchema.of(DatasetType.ITEMS, fields).to_json()
    answer = cloud.personalize.create_schema(name="coloured", schema=schema)
    cloud.personalize.update_dataset(datasetArn=items, schemaArn=answer["schemaArn"])
    cloud.settle(items, update=True)
    header, *rows = ITEMS.splitlines()
    coloured = [f"{header},COLOUR", *(f"{row},colour{row[1]}" for row in rows)]
    cloud.import_csv(items, "\n".join(coloured))
    assert model_of(cloud, cloud.version(before)) == untouched
    assert model_of(cloud, cloud.version(create(cloud, group, "aws-similar-items"))) != untouched


@pytest.mark.parametrize(
    ("recipe_name", "fields", "wanted"),
    [
        ("aws-semantic-similarity", [SchemaField.string("NAME", item_name=True)], "textual"),
        ("aws-semantic-similarity", [SchemaField.string("PROSE", textual=True)], "itemName"),
        ("aws-item-attribute-affinity", [SchemaField.string("PROSE", textual=True)], "textual"),
    ],
)
def test_the_columns_of_the_recipe_must_be_there(
    cloud: Cloud, recipe_name: str, fields: list[SchemaField], wanted: str
) -> None:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    columns = [*fields, SchemaField.long("CREATION_TIMESTAMP")]
    if fields[0].item_name:
        columns.append(SchemaField.string("CATEGORY", categorical=True))
    answer = cloud.personalize.create_schema(
        name="items", schema=AvroSchema.of(DatasetType.ITEMS, columns).to_json()
    )
    cloud.settle(
        cloud.personalize.create_dataset(
            name="items",
            datasetType="Items",
            datasetGroupArn=group,
            schemaArn=answer["schemaArn"],
        )["datasetArn"]
    )
    solution = create(cloud, group, recipe_name)
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match=wanted):
        start(cloud, solution)


def test_semantic_similarity_needs_items_alone(limited: Cloud) -> None:
    group = limited.group("prose")
    fields = [
        SchemaField.string("TITLE", item_name=True),
        SchemaField.string("PROSE", textual=True),
    ]
    answer = limited.personalize.create_schema(
        name="prose", schema=AvroSchema.of(DatasetType.ITEMS, fields).to_json()
    )
    items = limited.personalize.create_dataset(
        name="items",
        datasetType="Items",
        datasetGroupArn=group,
        schemaArn=answer["schemaArn"],
    )["datasetArn"]
    limited.settle(items)
    rows = [f"i{number},Thing {number},all about {number % 3}" for number in range(9)]
    limited.import_csv(items, "\n".join(["ITEM_ID,TITLE,PROSE", *rows]))
    limited.version(create(limited, group, "aws-semantic-similarity"))


# Hyperparameter optimization


def test_shows_the_hyperparameters_that_an_optimization_found(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    config = {
        "hpoConfig": {
            "hpoResourceConfig": {"maxNumberOfTrainingJobs": "2", "maxParallelTrainingJobs": "1"},
            "algorithmHyperParameterRanges": {
                "integerHyperParameterRanges": [
                    {"name": "hidden_dimension", "minValue": 40, "maxValue": 60}
                ],
                "continuousHyperParameterRanges": [],
                "categoricalHyperParameterRanges": [
                    {"name": "recency_mask", "values": ["true", "false"]}
                ],
            },
        }
    }
    solution = create(
        cloud, group, "aws-user-personalization", performHPO=True, solutionConfig=config
    )
    found = cloud.describe(cloud.version(solution))
    tuned = found["tunedHPOParams"]["algorithmHyperParameters"]
    assert 40 <= int(tuned["hidden_dimension"]) <= 60
    assert tuned["recency_mask"] in {"true", "false"}


def test_shows_none_without_an_optimization(cloud: Cloud, solution: str) -> None:
    assert "tunedHPOParams" not in cloud.describe(cloud.version(solution))


# Automatic machine learning


def test_automl_deploys_the_best_of_its_candidates(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    candidates = [recipe("aws-hrnn"), recipe("aws-hrnn-coldstart")]
    metric = "coverage"
    solution = cloud.personalize.create_solution(
        name="auto",
        datasetGroupArn=group,
        performAutoML=True,
        performAutoTraining=False,
        solutionConfig={"autoMLConfig": {"metricName": metric, "recipeList": candidates}},
    )["solutionArn"]
    cloud.settle(solution)
    assert "autoMLResult" not in cloud.describe(solution)
    found = cloud.describe(cloud.version(solution))
    assert found["recipeArn"] in candidates
    assert cloud.describe(solution)["autoMLResult"] == {"bestRecipeArn": found["recipeArn"]}
    measured = [
        cloud.personalize.get_solution_metrics(
            solutionVersionArn=cloud.version(
                create(cloud, group, candidate.rpartition("/")[2], performHPO=True)
            )
        )["metrics"][metric]
        for candidate in candidates
    ]
    assert candidates.index(found["recipeArn"]) == measured.index(max(measured))
    cloud.campaign(found["solutionVersionArn"])


def test_automl_fails_if_none_of_its_candidates_can_be_trained(limited: Cloud) -> None:
    group = limited.group("empty")
    limited.dataset(group)
    answer = limited.personalize.create_solution(
        name="auto", datasetGroupArn=group, performAutoML=True
    )
    limited.settle(answer["solutionArn"])
    found = limited.settle(start(limited, answer["solutionArn"]))
    assert "0 unique interactions" in found["failureReason"]


def test_automl_chooses_by_a_metric_that_there_is(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    candidates = [recipe("aws-hrnn")]
    answer = cloud.personalize.create_solution(
        name="auto",
        datasetGroupArn=group,
        performAutoML=True,
        solutionConfig={"autoMLConfig": {"metricName": "luck", "recipeList": candidates}},
    )
    cloud.settle(answer["solutionArn"])
    found = cloud.settle(start(cloud, answer["solutionArn"]))
    assert "no metric luck" in found["failureReason"]
    assert "coverage" in found["failureReason"]


# Modes


@pytest.fixture
def updatable(cloud: Cloud) -> str:
    """A solution whose models can be updated, with items to come."""
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    return create(cloud, group, "aws-user-personalization")


def update(cloud: Cloud, solution: str) -> str:
    answer = cloud.personalize.create_solution_version(solutionArn=solution, trainingMode="UPDATE")
    return answer["solutionVersionArn"]


def test_an_update_needs_a_full_training_first(cloud: Cloud, updatable: str) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="FULL"):
        update(cloud, updatable)


def test_an_update_knows_new_items_and_learns_nothing(cloud: Cloud, updatable: str) -> None:
    full = cloud.version(updatable)
    cloud.events.put_items(
        datasetArn=cloud.arn("dataset/shop/ITEMS"),
        items=[{"itemId": "new", "properties": json.dumps({"category": "A"})}],
    )
    found = cloud.settle(update(cloud, updatable))
    assert (found["status"], found["trainingMode"]) == ("ACTIVE", "UPDATE")
    assert b"new" not in model_of(cloud, full)
    assert b"new" in model_of(cloud, found["solutionVersionArn"])


def test_the_mode_of_automatic_training_is_a_full_training(cloud: Cloud, solution: str) -> None:
    answer = cloud.personalize.create_solution_version(
        solutionArn=solution, trainingMode="AUTOTRAIN"
    )
    found = cloud.settle(answer["solutionVersionArn"])
    assert (found["status"], found["trainingMode"]) == ("ACTIVE", "AUTOTRAIN")
    full = cloud.version(solution)
    assert model_of(cloud, full) == model_of(cloud, found["solutionVersionArn"])
