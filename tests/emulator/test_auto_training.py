"""A solution that is not told otherwise trains by itself when there is new data."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.emulator.cloud import interactions, recipe

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud

HOUR = 3600.0
WEEK = 7 * 24 * HOUR


@pytest.fixture
def group(cloud: Cloud) -> str:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    return group


def self_training(cloud: Cloud, group: str) -> str:
    arn = cloud.personalize.create_solution(
        name="for-you",
        datasetGroupArn=group,
        recipeArn=recipe("aws-user-personalization-v2"),
    )["solutionArn"]
    cloud.settle(arn)
    return arn


def pass_time(cloud: Cloud, seconds: float) -> None:
    """Let time pass, with what happens in it."""
    for _ in range(3):
        cloud.emulator.clock.advance(seconds / 3)
        time.sleep(0.05)  # the emulator's own threads want a turn


def types_of_versions(cloud: Cloud, solution: str) -> list[str]:
    found = cloud.personalize.list_solution_versions(solutionArn=solution)["solutionVersions"]
    for version in found:
        cloud.settle(version["solutionVersionArn"])
    return [version["trainingType"] for version in found]


def test_trains_within_an_hour(cloud: Cloud, group: str) -> None:
    solution = self_training(cloud, group)
    pass_time(cloud, 1.1 * HOUR)
    assert types_of_versions(cloud, solution) == ["AUTOMATIC"]


def test_a_training_by_hand_within_the_hour_takes_its_place(cloud: Cloud, group: str) -> None:
    solution = self_training(cloud, group)
    cloud.version(solution)
    pass_time(cloud, 1.1 * HOUR)
    assert types_of_versions(cloud, solution) == ["MANUAL"]


def test_trains_again_after_a_week_with_new_data(cloud: Cloud, group: str) -> None:
    solution = self_training(cloud, group)
    pass_time(cloud, 1.1 * HOUR)
    types_of_versions(cloud, solution)
    cloud.import_csv(cloud.arn("dataset/shop/INTERACTIONS"), interactions(users=50))
    pass_time(cloud, WEEK)
    assert types_of_versions(cloud, solution) == ["AUTOMATIC", "AUTOMATIC"]


def test_does_not_train_again_without_new_data(cloud: Cloud, group: str) -> None:
    solution = self_training(cloud, group)
    pass_time(cloud, 1.1 * HOUR)
    types_of_versions(cloud, solution)
    pass_time(cloud, 2 * WEEK)
    assert types_of_versions(cloud, solution) == ["AUTOMATIC"]


def test_does_not_train_if_told_so(cloud: Cloud, group: str) -> None:
    solution = cloud.solution(group)
    pass_time(cloud, WEEK)
    assert types_of_versions(cloud, solution) == []


def test_does_not_train_once_it_is_switched_off(cloud: Cloud, group: str) -> None:
    solution = self_training(cloud, group)
    cloud.personalize.update_solution(solutionArn=solution, performAutoTraining=False)
    cloud.settle(solution, update=True)
    pass_time(cloud, WEEK)
    assert types_of_versions(cloud, solution) == []
