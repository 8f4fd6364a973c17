"""Custom::PersonalizeEventTracker, on the emulator."""

from typing import Any

import pytest

from resource_provider.lifecycle import ProvisioningError
from tests.handlers.resource_provider.cloudformation import CloudFormation, Resource, resource_event
from tests.handlers.resource_provider.shop import GROUP_ARN, PREFIX, Shop, as_request

TRACKER = "Custom::PersonalizeEventTracker"
PLACE = f"{GROUP_ARN}/event-tracker"
OTHER_GROUP_ARN = f"{PREFIX}:dataset-group/other"


def tracker(name: str = "clicks", group_arn: str = GROUP_ARN) -> dict[str, str]:
    return as_request(name=name, datasetGroupArn=group_arn)


def trackers(shop: Shop) -> dict[str, str]:
    """Return the names of the event trackers that are there, by ARN."""
    listed = shop.personalize.list_event_trackers()["eventTrackers"]
    return {one["eventTrackerArn"]: one["name"] for one in listed}


def others_tracker(shop: Shop, name: str = "clicks", group_arn: str = GROUP_ARN) -> str:
    answer = shop.personalize.create_event_tracker(name=name, datasetGroupArn=group_arn)
    return answer["eventTrackerArn"]


def open_other_group(shop: Shop) -> None:
    shop.personalize.create_dataset_group(name="other")
    shop.later()


def update_event(old: dict[str, str], new: dict[str, str]) -> Any:
    return resource_event("Update", TRACKER, new, physical_id=PLACE, old_properties=old)


def test_creates_an_event_tracker_and_tells_what_the_service_calls_it(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(TRACKER, tracker())

    (arn,) = trackers(shop)
    found = shop.personalize.describe_event_tracker(eventTrackerArn=arn)["eventTracker"]
    assert resource.physical_id == PLACE
    assert resource.data == {"Arn": arn, "TrackingId": found["trackingId"], "State": "Active"}
    assert found["status"] == "ACTIVE"


def test_a_repeated_creation_finds_what_the_first_one_made(
    stack: CloudFormation, shop: Shop
) -> None:
    event = resource_event("Create", TRACKER, tracker())
    stack.provider.on_event(event)

    assert stack.provider.on_event(event)["PhysicalResourceId"] == PLACE
    assert list(trackers(shop).values()) == ["clicks"]


def test_the_event_tracker_of_somebody_else_is_not_taken_over(
    stack: CloudFormation, shop: Shop
) -> None:
    arn = others_tracker(shop, "theirs")

    with pytest.raises(
        ProvisioningError,
        match=f"^the dataset group {GROUP_ARN} has one event tracker at most, and {arn} is there "
        "already, not made by this stack: delete it, or import it$",
    ):
        stack.create(TRACKER, tracker())


def test_one_of_the_same_name_that_was_there_long_before_is_not_taken_over(
    stack: CloudFormation, shop: Shop
) -> None:
    arn = others_tracker(shop)
    shop.age(arn)

    with pytest.raises(ProvisioningError, match=f"and {arn} is there already"):
        stack.create(TRACKER, tracker())


def test_a_name_that_the_event_tracker_of_another_group_has_is_refused(
    stack: CloudFormation, shop: Shop
) -> None:
    open_other_group(shop)
    arn = others_tracker(shop, group_arn=OTHER_GROUP_ARN)

    with pytest.raises(
        ProvisioningError,
        match=f"^the event tracker {arn} of another dataset group has the name clicks already: "
        "give this one another name$",
    ):
        stack.create(TRACKER, tracker())


def test_a_creation_waits_until_the_former_event_tracker_is_gone(
    stack: CloudFormation, shop: Shop
) -> None:
    arn = others_tracker(shop, "former")
    shop.later()
    shop.personalize.delete_event_tracker(eventTrackerArn=arn)

    stack.create(TRACKER, tracker())

    assert list(trackers(shop).values()) == ["clicks"]


def test_a_renamed_event_tracker_is_another_one_in_the_same_place(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(TRACKER, tracker())

    renamed = stack.update(resource, tracker("touches"))

    assert renamed.physical_id == resource.physical_id
    assert trackers(shop) == {renamed.data["Arn"]: "touches"}
    assert renamed.data["TrackingId"] != resource.data["TrackingId"]


def test_a_rename_is_rolled_back(stack: CloudFormation, shop: Shop) -> None:
    renamed = stack.update(stack.create(TRACKER, tracker()), tracker("touches"))

    restored = stack.update(renamed, tracker())

    assert trackers(shop) == {restored.data["Arn"]: "clicks"}


@pytest.mark.parametrize("looks", [0, 1, 2, 3])
def test_a_rename_that_gets_no_further_is_rolled_back(
    stack: CloudFormation, shop: Shop, looks: int
) -> None:
    stack.create(TRACKER, tracker())
    event = stack.begin(update_event(tracker(), tracker("touches")))
    for _ in range(looks):
        stack.provider.is_complete(event)
        shop.later()

    restored = stack.update(Resource(TRACKER, tracker("touches"), PLACE), tracker())

    assert trackers(shop) == {restored.data["Arn"]: "clicks"}


def test_a_repeated_rename_goes_on_where_the_first_one_was(
    stack: CloudFormation, shop: Shop
) -> None:
    stack.create(TRACKER, tracker())
    event = update_event(tracker(), tracker("touches"))
    stack.provider.is_complete(stack.begin(event))

    renamed = stack.update(Resource(TRACKER, tracker(), PLACE), tracker("touches"))

    assert trackers(shop) == {renamed.data["Arn"]: "touches"}


def test_a_name_that_is_taken_is_refused_before_anything_is_deleted(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(TRACKER, tracker())
    open_other_group(shop)
    others_tracker(shop, "taken", OTHER_GROUP_ARN)

    with pytest.raises(ProvisioningError, match="has the name taken already"):
        stack.update(resource, tracker("taken"))
    assert trackers(shop)[resource.data["Arn"]] == "clicks"


def test_an_update_does_not_touch_the_event_tracker_of_somebody_else(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(TRACKER, tracker())
    stack.delete(resource)
    arn = others_tracker(shop, "theirs")

    with pytest.raises(ProvisioningError, match=f"and {arn} is there already"):
        stack.update(resource, tracker("touches"))


def test_an_event_tracker_that_was_deleted_by_hand_is_created_again(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(TRACKER, tracker())
    stack.delete(resource)

    updated = stack.update(resource, tracker())

    assert trackers(shop) == {updated.data["Arn"]: "clicks"}


def test_moves_to_another_group(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(TRACKER, tracker())
    open_other_group(shop)

    moved = stack.update(resource, tracker("elsewhere", OTHER_GROUP_ARN))

    assert moved.physical_id == f"{OTHER_GROUP_ARN}/event-tracker"
    assert trackers(shop) == {moved.data["Arn"]: "elsewhere"}


def test_does_not_take_over_what_another_group_has_already(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(TRACKER, tracker())
    open_other_group(shop)
    arn = others_tracker(shop, "elsewhere", OTHER_GROUP_ARN)
    shop.age(arn)

    with pytest.raises(ProvisioningError, match=f"and {arn} is there already"):
        stack.update(resource, tracker("elsewhere", OTHER_GROUP_ARN))


def test_a_move_to_another_group_is_rolled_back(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(TRACKER, tracker())
    shop.age(resource.data["Arn"])
    open_other_group(shop)
    moved = stack.update_only(resource, tracker("elsewhere", OTHER_GROUP_ARN))

    stack.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    stack.update(moved, tracker())

    assert trackers(shop) == {resource.data["Arn"]: "clicks"}


def test_deletes_an_event_tracker_and_waits_until_it_is_gone(
    stack: CloudFormation, shop: Shop
) -> None:
    stack.delete(stack.create(TRACKER, tracker()))

    assert trackers(shop) == {}


def test_deletes_one_that_is_still_being_created(stack: CloudFormation, shop: Shop) -> None:
    stack.begin(resource_event("Create", TRACKER, tracker()))

    stack.delete(Resource(TRACKER, tracker(), PLACE))

    assert trackers(shop) == {}


def test_waits_for_one_that_is_being_deleted_already(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(TRACKER, tracker())
    shop.personalize.delete_event_tracker(eventTrackerArn=resource.data["Arn"])

    stack.delete(resource)

    assert trackers(shop) == {}


def test_leaves_the_event_tracker_of_somebody_else(stack: CloudFormation, shop: Shop) -> None:
    arn = others_tracker(shop, "theirs")

    stack.delete(Resource(TRACKER, tracker(), PLACE))

    assert list(trackers(shop)) == [arn]


def test_a_replacement_bears_the_tags_too(stack: CloudFormation, shop: Shop) -> None:
    tags = {"Tags": {"team": "search"}}
    resource = stack.create(TRACKER, {**tracker(), **tags})

    renamed = stack.update(resource, {**tracker("touches"), **tags})

    listed = shop.personalize.list_tags_for_resource(resourceArn=renamed.data["Arn"])["tags"]
    assert listed == [{"tagKey": "team", "tagValue": "search"}]
