"""Custom::PersonalizeSolution, on the emulator."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from cdk_personalize.avro_schema import SchemaField
from resource_provider.control_plane import matches, personalize_client
from resource_provider.lifecycle import ProvisioningError
from resource_provider.provider import ResourceProvider
from tests.handlers.resource_provider.cloudformation import (
    CloudFormation,
    Resource,
    Stacks,
    refused,
    resource_event,
)
from tests.handlers.resource_provider.shop import (
    GROUP_ARN,
    PREFIX,
    SIMILAR_ITEMS,
    Shop,
    dataset,
    solution,
)
from tests.handlers.upstream import Call, Upstream

SOLUTION = "Custom::PersonalizeSolution"
ARN = f"{PREFIX}:solution/similar"
V1 = "arn:aws:personalize:::recipe/aws-user-personalization"
V2 = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
SEMANTIC_SIMILARITY = "arn:aws:personalize:::recipe/aws-semantic-similarity"


# Creation


def test_creates_a_solution_that_does_not_train_by_itself(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution())

    assert (resource.physical_id, resource.data["State"]) == (ARN, "Active")
    assert shop.solution(ARN)["performAutoTraining"] is False


def test_a_repeated_creation_finds_what_the_first_one_made(
    stack: CloudFormation, shop: Shop
) -> None:
    event = resource_event("Create", SOLUTION, solution())
    stack.provider.on_event(event)

    assert stack.provider.on_event(event)["PhysicalResourceId"] == ARN
    assert shop.left() == [ARN]


def test_a_solution_of_somebody_else_is_not_taken_over(stack: CloudFormation, shop: Shop) -> None:
    shop.personalize.create_solution(name="similar", datasetGroupArn=GROUP_ARN, recipeArn=V2)

    with pytest.raises(ProvisioningError, match=f"{ARN} is there already, and not made by this"):
        stack.create(SOLUTION, solution())


EVERYTHING: list[dict[str, Any]] = [
    {
        "recipeArn": V2,
        "performAutoTraining": True,
        "eventType": "view",
        "solutionConfig": {
            "autoTrainingConfig": {"schedulingExpression": "rate(3 days)"},
            "eventValueThreshold": "0.5",
            "eventsConfig": {
                "eventParametersList": [
                    {"eventType": "view", "eventValueThreshold": 0.5, "weight": 0.25}
                ]
            },
            "algorithmHyperParameters": {"apply_recency_bias": "false"},
            "trainingDataConfig": {"excludedDatasetColumns": {"Interactions": ["EVENT_VALUE"]}},
        },
    },
    {
        "recipeArn": V1,
        "performHPO": True,
        "solutionConfig": {
            "algorithmHyperParameters": {"hidden_dimension": "64"},
            "featureTransformationParameters": {"max_user_history_length_percentile": "0.9"},
            "hpoConfig": {
                "hpoResourceConfig": {"maxNumberOfTrainingJobs": "4"},
                "algorithmHyperParameterRanges": {
                    "integerHyperParameterRanges": [
                        {"name": "bptt", "minValue": 8, "maxValue": 16}
                    ],
                    "continuousHyperParameterRanges": [],
                    "categoricalHyperParameterRanges": [
                        {"name": "recency_mask", "values": ["true", "false"]}
                    ],
                },
            },
            "optimizationObjective": {"itemAttribute": "MARGIN", "objectiveSensitivity": "LOW"},
            "trainingDataConfig": {"includedDatasetColumns": {"Items": ["MARGIN"]}},
        },
    },
    {"recipeArn": SEMANTIC_SIMILARITY, "performIncrementalUpdate": True},
]


@pytest.mark.parametrize("members", EVERYTHING, ids=lambda one: one["recipeArn"].split("/")[1])
def test_creates_a_solution_with_all_that_it_is_told(
    stack: CloudFormation, shop: Shop, members: dict[str, Any]
) -> None:
    shop.stock()
    stack.create(
        "Custom::PersonalizeDataset",
        dataset("Items", shop.schema("items", "Items", SchemaField.float("MARGIN"))),
    )

    stack.create(SOLUTION, solution(**members))

    assert matches(members, shop.solution(ARN))


NO_DATA = "The dataset group has no active Interactions dataset with data."


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def elsewhere(upstream: Upstream) -> Iterator[CloudFormation]:
    """Give a stack whose service answers as a test says."""
    personalize = personalize_client()
    with upstream.behind(personalize):
        yield CloudFormation(
            ResourceProvider(personalize, boto3.client("stepfunctions"), Stacks().client())
        )


def is_creation(call: Call) -> bool:
    return "name" in call.body


def test_a_solution_that_needs_data_first_is_left_to_the_pipeline(
    elsewhere: CloudFormation, upstream: Upstream
) -> None:
    upstream.answer = lambda call: (
        refused("InvalidInputException", message=NO_DATA)
        if is_creation(call)
        else refused("ResourceNotFoundException")
    )

    resource = elsewhere.create(SOLUTION, solution())

    assert (resource.physical_id, resource.data["State"]) == (ARN, "Deferred")


def test_a_request_that_is_wrong_is_not_left_to_the_pipeline(
    elsewhere: CloudFormation, upstream: Upstream
) -> None:
    upstream.answer = lambda call: (
        refused("InvalidInputException", message="no such recipe")
        if is_creation(call)
        else refused("ResourceNotFoundException")
    )

    with pytest.raises(ProvisioningError, match="CreateSolution: no such recipe"):
        elsewhere.create(SOLUTION, solution())


def test_what_is_wrong_is_told_once_there_is_data(stack: CloudFormation, shop: Shop) -> None:
    shop.stock()
    config = {"trainingDataConfig": {"excludedDatasetColumns": {"Interactions": ["COLOUR"]}}}

    with pytest.raises(ProvisioningError, match="COLOUR"):
        stack.create(SOLUTION, solution(recipeArn=V2, solutionConfig=config))


def test_a_creation_that_failed_is_told(stack: CloudFormation, shop: Shop) -> None:
    event = stack.begin(resource_event("Create", SOLUTION, solution()))
    shop.fail(ARN)

    with pytest.raises(ProvisioningError, match=f"the solution {ARN} is CREATE FAILED"):
        stack.provider.is_complete(event)


# Update


def test_automatic_training_is_switched_in_place(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SOLUTION, solution())
    config = {"autoTrainingConfig": {"schedulingExpression": "rate(3 days)"}}

    updated = stack.update(resource, solution(performAutoTraining=True, solutionConfig=config))

    now = shop.solution(ARN)
    assert updated.physical_id == ARN
    assert now["performAutoTraining"] is True
    assert now["solutionConfig"]["autoTrainingConfig"] == config["autoTrainingConfig"]


def weighing(weight: float | None, **others: Any) -> dict[str, str]:
    """Return the properties of a solution that weighs events, or does not."""
    parameters = [{"eventType": "view", "weight": weight}]
    config = {"eventsConfig": {"eventParametersList": parameters}}
    return solution(recipeArn=V2, solutionConfig=config if weight is not None else {}, **others)


def weights(shop: Shop, solution_arn: str = ARN) -> list[float]:
    config = shop.solution(solution_arn)["solutionConfig"].get("eventsConfig", {})
    return [one["weight"] for one in config.get("eventParametersList", [])]


@pytest.mark.parametrize("before", [0.2, None])
def test_the_weights_of_events_are_changed_in_place(
    stack: CloudFormation, shop: Shop, before: float | None
) -> None:
    resource = stack.create(SOLUTION, weighing(before))

    updated = stack.update(resource, weighing(0.9))

    assert (updated.physical_id, weights(shop)) == (ARN, [0.9])


def test_weights_that_are_taken_back_weigh_no_more(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SOLUTION, weighing(0.2))

    stack.update(resource, weighing(None))

    assert weights(shop) == []


def test_weights_that_are_taken_back_can_be_rolled_back(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SOLUTION, weighing(0.2))

    stack.update(stack.update(resource, weighing(None)), weighing(0.2))

    assert weights(shop) == [0.2]


def test_a_replacement_is_not_told_what_the_former_solution_is(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, weighing(0.2))

    updated = stack.update(resource, solution("similar-2"))

    assert "latestSolutionUpdate" not in shop.solution(updated.physical_id)


def test_a_schedule_that_is_taken_back_is_weekly_again(stack: CloudFormation, shop: Shop) -> None:
    config = {"autoTrainingConfig": {"schedulingExpression": "rate(3 days)"}}
    resource = stack.create(SOLUTION, solution(performAutoTraining=True, solutionConfig=config))

    stack.update(resource, solution(performAutoTraining=True))

    now = shop.solution(ARN)["solutionConfig"]["autoTrainingConfig"]
    assert now == {"schedulingExpression": "rate(7 days)"}


def incremental(**others: Any) -> dict[str, str]:
    return solution(recipeArn=SEMANTIC_SIMILARITY, **others)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"performIncrementalUpdate": True}),
        ({"performIncrementalUpdate": True}, {"performIncrementalUpdate": False}),
        ({"performIncrementalUpdate": True}, {}),
    ],
    ids=["on", "off", "taken back"],
)
def test_incremental_updates_are_switched_in_place(
    stack: CloudFormation, shop: Shop, before: dict[str, Any], after: dict[str, Any]
) -> None:
    resource = stack.create(SOLUTION, incremental(**before))

    updated = stack.update(resource, incremental(**after))

    now = shop.solution(ARN)["performIncrementalUpdate"]
    assert (updated.physical_id, now) == (ARN, after.get("performIncrementalUpdate", False))


def test_all_that_can_be_changed_is_changed_at_once(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SOLUTION, weighing(0.2))

    stack.update(resource, weighing(0.9, performAutoTraining=True))

    assert (shop.solution(ARN)["performAutoTraining"], weights(shop)) == (True, [0.9])


@pytest.mark.parametrize(
    "config",
    [
        {"trainingDataConfig": {"excludedDatasetColumns": {"Interactions": ["EVENT_VALUE"]}}},
        {"algorithmHyperParameters": {"apply_recency_bias": "false"}},
    ],
    ids=lambda config: next(iter(config)),
)
def test_what_an_update_cannot_change_is_another_solution(
    stack: CloudFormation, shop: Shop, config: dict[str, Any]
) -> None:
    shop.stock()
    resource = stack.create(SOLUTION, solution(recipeArn=V2))

    updated = stack.update(resource, solution("similar-2", recipeArn=V2, solutionConfig=config))

    assert matches(config, shop.solution(updated.physical_id)["solutionConfig"])
    assert ARN not in shop.left()


@pytest.mark.parametrize(
    "config",
    [
        {"trainingDataConfig": {"excludedDatasetColumns": {"Interactions": ["EVENT_VALUE"]}}},
        {"algorithmHyperParameters": {"apply_recency_bias": "false"}},
    ],
    ids=lambda config: next(iter(config)),
)
def test_what_an_update_cannot_change_needs_another_name(
    stack: CloudFormation, config: dict[str, Any]
) -> None:
    resource = stack.create(SOLUTION, solution(recipeArn=V2))

    with pytest.raises(ProvisioningError, match=f"solutionConfig of the solution {ARN} cannot"):
        stack.update(resource, solution(recipeArn=V2, solutionConfig=config))


def test_an_update_that_changes_nothing_calls_for_nothing(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution())

    stack.update(resource, solution())

    assert "latestSolutionUpdate" not in shop.solution(ARN)


def test_another_name_is_another_solution(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SOLUTION, solution())

    updated = stack.update(resource, solution("similar-2", eventType="view"))

    assert shop.left() == [updated.physical_id] == [f"{PREFIX}:solution/similar-2"]


def test_what_cannot_be_changed_is_refused_under_the_same_name(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution())

    with pytest.raises(
        ProvisioningError, match=f"eventType, recipeArn of the solution {ARN} cannot"
    ):
        stack.update(resource, solution(recipeArn=V2, eventType="view"))
    assert shop.solution(ARN)["recipeArn"] == SIMILAR_ITEMS


def test_a_refused_change_can_be_rolled_back(stack: CloudFormation) -> None:
    resource = stack.create(SOLUTION, solution())
    refused_change = Resource(SOLUTION, solution(recipeArn=V2), ARN)

    assert stack.update(refused_change, solution()).physical_id == resource.physical_id


def test_a_rolled_back_replacement_takes_the_old_solution_back(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution())
    shop.age(ARN)
    replaced = stack.update_only(resource, solution("similar-2"))

    stack.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    rolled_back = stack.update(replaced, solution())

    assert shop.left() == [rolled_back.physical_id] == [ARN]


def test_a_roll_back_makes_the_old_solution_again_if_somebody_is_deleting_it(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution())
    replaced = stack.update_only(resource, solution("similar-2"))
    shop.personalize.delete_solution(solutionArn=ARN)

    stack.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    stack.update(replaced, solution())

    assert shop.left() == [ARN]


def test_a_rename_does_not_take_over_a_solution_of_somebody_else(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution())
    theirs = shop.personalize.create_solution(
        name="similar-2", datasetGroupArn=GROUP_ARN, recipeArn=SIMILAR_ITEMS
    )["solutionArn"]
    shop.age(theirs)

    with pytest.raises(ProvisioningError, match=f"{theirs} is there already, and not made by this"):
        stack.update(resource, solution("similar-2"))


def test_a_deferred_solution_is_tried_again_by_an_update(stack: CloudFormation, shop: Shop) -> None:
    deferred = Resource(SOLUTION, solution(), ARN, {"Arn": ARN, "State": "Deferred"})

    updated = stack.update(deferred, solution())

    assert updated.data["State"] == "Active"
    assert shop.left() == [ARN]


# Deletion


def test_deletes_a_solution_and_waits_until_it_is_gone(stack: CloudFormation, shop: Shop) -> None:
    stack.delete(stack.create(SOLUTION, solution()))

    assert shop.left() == []


def test_a_solution_that_the_pipeline_never_created_is_gone(stack: CloudFormation) -> None:
    stack.delete(Resource(SOLUTION, solution(), ARN))

    assert stack.provider.on_event(resource_event("Create", SOLUTION, solution()))


def test_a_training_is_stopped_before_its_solution_is_deleted(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution())
    shop.stock()
    shop.start_training(ARN)

    stack.delete(resource)

    assert [arn for arn in shop.left() if ":solution/" in arn] == []
