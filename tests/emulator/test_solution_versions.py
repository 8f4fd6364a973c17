"""Solution versions are trained, measured and stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_personalize.avro_schema import DatasetType
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
