"""Solutions: what to train, with which recipe and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.cloud import USER_PERSONALIZATION, interactions, recipe

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


def create(cloud: Cloud, group: str, **changes: Any) -> str:
    request = {
        "name": "for-you",
        "datasetGroupArn": group,
        "recipeArn": recipe(USER_PERSONALIZATION),
        **changes,
    }
    return cloud.personalize.create_solution(**request)["solutionArn"]


def test_becomes_active(cloud: Cloud) -> None:
    arn = create(cloud, cloud.group())
    assert arn == cloud.arn("solution/for-you")
    assert cloud.settle(arn)["status"] == "ACTIVE"


def test_trains_by_itself_every_week_unless_told_otherwise(cloud: Cloud) -> None:
    found = cloud.describe(create(cloud, cloud.group()))
    assert found["performAutoTraining"] is True
    schedule = found["solutionConfig"]["autoTrainingConfig"]["schedulingExpression"]
    assert schedule == "rate(7 days)"


def test_can_be_told_not_to_train_by_itself(cloud: Cloud) -> None:
    found = cloud.describe(create(cloud, cloud.group(), performAutoTraining=False))
    assert found["performAutoTraining"] is False


def test_a_name_is_taken_once(cloud: Cloud) -> None:
    group = cloud.group()
    create(cloud, group)
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        create(cloud, group)


def test_the_group_must_be_there(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        create(cloud, cloud.arn("dataset-group/none"))


def test_the_recipe_must_be_there(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        create(cloud, cloud.group(), recipeArn=recipe("aws-none"))


def test_a_recipe_must_be_given(cloud: Cloud) -> None:
    group = cloud.group()
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="recipeArn"):
        cloud.personalize.create_solution(name="for-you", datasetGroupArn=group)


def test_weights_of_events_are_for_the_recipes_of_version_2(cloud: Cloud) -> None:
    events = {"eventParametersList": [{"eventType": "buy", "weight": 1}]}
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="eventsConfig"):
        create(
            cloud,
            cloud.group(),
            recipeArn=recipe("aws-similar-items"),
            solutionConfig={"eventsConfig": events},
        )


def test_trains_by_itself_once_in_thirty_days_at_least(cloud: Cloud) -> None:
    config = {"autoTrainingConfig": {"schedulingExpression": "rate(31 days)"}}
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="30 days"):
        create(cloud, cloud.group(), solutionConfig=config)


def test_shows_its_latest_version(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    arn = cloud.solution(group)
    cloud.version(arn)
    second = cloud.version(arn)
    latest = cloud.describe(arn)["latestSolutionVersion"]
    assert (latest["solutionVersionArn"], latest["status"]) == (second, "ACTIVE")


def test_an_update_shows_apart_until_it_is_active(cloud: Cloud) -> None:
    arn = cloud.solution(cloud.group())
    cloud.personalize.update_solution(solutionArn=arn, performAutoTraining=True)
    found = cloud.describe(arn)
    assert found["performAutoTraining"] is False
    assert found["latestSolutionUpdate"]["status"] == "CREATE PENDING"
    assert cloud.settle(arn, update=True)["performAutoTraining"] is True


def test_an_update_changes_the_schedule(cloud: Cloud) -> None:
    arn = create(cloud, cloud.group())
    cloud.settle(arn)
    cloud.personalize.update_solution(
        solutionArn=arn,
        solutionUpdateConfig={"autoTrainingConfig": {"schedulingExpression": "rate(2 days)"}},
    )
    found = cloud.settle(arn, update=True)["solutionConfig"]
    assert found["autoTrainingConfig"]["schedulingExpression"] == "rate(2 days)"


def test_cannot_be_updated_twice_at_once(cloud: Cloud) -> None:
    arn = cloud.solution(cloud.group())
    cloud.personalize.update_solution(solutionArn=arn, performAutoTraining=True)
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException, match="under way"):
        cloud.personalize.update_solution(solutionArn=arn, performAutoTraining=False)


def test_lists_those_of_a_group(cloud: Cloud) -> None:
    cloud.solution(cloud.group("other"), "other")
    group = cloud.group()
    arn = cloud.solution(group)
    found = cloud.personalize.list_solutions(datasetGroupArn=group)["solutions"]
    assert [(entry["solutionArn"], entry["recipeArn"]) for entry in found] == [
        (arn, recipe(USER_PERSONALIZATION))
    ]
