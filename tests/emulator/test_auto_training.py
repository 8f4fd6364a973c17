"""A solution that is not told otherwise trains by itself when there is new data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import DatasetType
from tests.emulator.cloud import ITEMS, Cloud, interactions, recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from personalize_emulator import PersonalizeEmulator

HOUR = 3600.0
DAY = 24 * HOUR
WEEK = 7 * DAY


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
        cloud.emulator.skip(seconds / 3)


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


def test_new_data_does_not_bring_the_first_training_back(cloud: Cloud, group: str) -> None:
    solution = self_training(cloud, group)
    cloud.version(solution)
    cloud.import_csv(cloud.arn("dataset/shop/INTERACTIONS"), interactions(users=50))
    pass_time(cloud, 1.1 * HOUR)
    assert types_of_versions(cloud, solution) == ["MANUAL"]


def test_trains_again_a_week_after_a_training_that_was_skipped(cloud: Cloud, group: str) -> None:
    solution = self_training(cloud, group)
    cloud.version(solution)
    cloud.import_csv(cloud.arn("dataset/shop/INTERACTIONS"), interactions(users=50))
    pass_time(cloud, WEEK + 1.1 * HOUR)
    assert types_of_versions(cloud, solution) == ["MANUAL", "AUTOMATIC"]


def test_events_are_new_data_too(cloud: Cloud, group: str) -> None:
    solution = self_training(cloud, group)
    _, tracking_id = cloud.tracker(group)
    pass_time(cloud, 1.1 * HOUR)
    types_of_versions(cloud, solution)
    cloud.events.put_events(
        trackingId=tracking_id,
        userId="u0",
        sessionId="s",
        eventList=[{"eventType": "view", "itemId": "a1", "sentAt": datetime.now(UTC)}],
    )
    pass_time(cloud, WEEK)
    assert types_of_versions(cloud, solution) == ["AUTOMATIC", "AUTOMATIC"]


def test_items_are_no_new_data(cloud: Cloud, group: str) -> None:
    cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    solution = self_training(cloud, group)
    pass_time(cloud, 1.1 * HOUR)
    types_of_versions(cloud, solution)
    cloud.import_csv(cloud.arn("dataset/shop/ITEMS"), ITEMS)
    pass_time(cloud, WEEK)
    assert types_of_versions(cloud, solution) == ["AUTOMATIC"]


def test_what_the_clock_jumps_over_is_not_made_up_for(
    run: Callable[[], PersonalizeEmulator],
) -> None:
    with run() as emulator:
        cloud = Cloud(emulator, "123456789012")
        group = cloud.group()
        cloud.dataset(group, csv=interactions())
        solution = self_training(cloud, group)
        emulator.skip(52 * WEEK)
        assert types_of_versions(cloud, solution) == ["AUTOMATIC"]
        cloud.close()


def test_the_schedule_is_anchored_to_the_start_of_a_training(cloud: Cloud, group: str) -> None:
    solution = self_training(cloud, group)
    cloud.emulator.skip(WEEK + 4 * HOUR)  # an hour, a week, and three hours more
    cloud.import_csv(cloud.arn("dataset/shop/INTERACTIONS"), interactions(users=50))
    pass_time(cloud, WEEK - 4 * HOUR)
    assert types_of_versions(cloud, solution) == ["AUTOMATIC"]
    pass_time(cloud, 1.1 * HOUR)
    assert types_of_versions(cloud, solution) == ["AUTOMATIC", "AUTOMATIC"]


def test_trains_within_an_hour_once_it_is_switched_on(cloud: Cloud, group: str) -> None:
    solution = cloud.solution(group)
    cloud.personalize.update_solution(solutionArn=solution, performAutoTraining=True)
    cloud.settle(solution, update=True)
    pass_time(cloud, 1.1 * HOUR)
    assert types_of_versions(cloud, solution) == ["AUTOMATIC"]


def test_another_frequency_begins_within_the_hour(cloud: Cloud, group: str) -> None:
    solution = self_training(cloud, group)
    pass_time(cloud, 1.1 * HOUR)
    types_of_versions(cloud, solution)
    cloud.import_csv(cloud.arn("dataset/shop/INTERACTIONS"), interactions(users=50))
    cloud.personalize.update_solution(
        solutionArn=solution,
        solutionUpdateConfig={"autoTrainingConfig": {"schedulingExpression": "rate(2 days)"}},
    )
    cloud.settle(solution, update=True)
    pass_time(cloud, 1.1 * HOUR)
    assert types_of_versions(cloud, solution) == ["AUTOMATIC", "AUTOMATIC"]
    cloud.import_csv(cloud.arn("dataset/shop/INTERACTIONS"), interactions(users=60))
    pass_time(cloud, 2.1 * DAY)
    assert types_of_versions(cloud, solution) == ["AUTOMATIC"] * 3


def test_other_weights_of_events_leave_the_schedule(cloud: Cloud, group: str) -> None:
    solution = self_training(cloud, group)
    pass_time(cloud, 1.1 * HOUR)
    types_of_versions(cloud, solution)
    cloud.import_csv(cloud.arn("dataset/shop/INTERACTIONS"), interactions(users=50))
    events = [{"eventType": "view", "weight": 0.5}]
    changes: dict[str, Any] = {
        "solutionUpdateConfig": {"eventsConfig": {"eventParametersList": events}}
    }
    cloud.personalize.update_solution(solutionArn=solution, **changes)
    cloud.settle(solution, update=True)
    pass_time(cloud, 1.1 * HOUR)
    assert types_of_versions(cloud, solution) == ["AUTOMATIC"]
    pass_time(cloud, WEEK)
    assert types_of_versions(cloud, solution) == ["AUTOMATIC", "AUTOMATIC"]
