"""Event trackers: one for each dataset group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


def test_has_a_tracking_id_from_the_start(cloud: Cloud) -> None:
    answer = cloud.personalize.create_event_tracker(name="clicks", datasetGroupArn=cloud.group())
    assert cloud.describe(answer["eventTrackerArn"])["trackingId"] == answer["trackingId"]


def test_becomes_active(cloud: Cloud) -> None:
    arn, _ = cloud.tracker(cloud.group())
    found = cloud.describe(arn)
    assert (found["status"], found["accountId"]) == ("ACTIVE", cloud.account)


def test_a_group_has_one(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.tracker(group)
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        cloud.personalize.create_event_tracker(name="other", datasetGroupArn=group)


def test_a_name_is_taken_once(cloud: Cloud) -> None:
    cloud.tracker(cloud.group())
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        cloud.personalize.create_event_tracker(name="clicks", datasetGroupArn=cloud.group("other"))


def test_the_group_must_be_there(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        cloud.tracker(cloud.arn("dataset-group/none"))


def test_a_group_may_have_another_after_the_first_is_gone(cloud: Cloud) -> None:
    group = cloud.group()
    arn, first = cloud.tracker(group)
    cloud.personalize.delete_event_tracker(eventTrackerArn=arn)
    cloud.vanish(arn)
    assert cloud.tracker(group)[1] != first


def test_lists_that_of_a_group(cloud: Cloud) -> None:
    cloud.tracker(cloud.group("other"), "other")
    arn, _ = cloud.tracker(cloud.group())
    found = cloud.personalize.list_event_trackers(datasetGroupArn=cloud.arn("dataset-group/shop"))
    assert [tracker["eventTrackerArn"] for tracker in found["eventTrackers"]] == [arn]
