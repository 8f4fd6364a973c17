"""Custom::PersonalizeDataset: whatever state the data set is in, on the emulator."""

from collections.abc import Callable

import pytest

from resource_provider.lifecycle import ProvisioningError
from tests.handlers.resource_provider.cloudformation import CloudFormation, Resource, resource_event
from tests.handlers.resource_provider.shop import (
    GROUP_ARN,
    PREFIX,
    ROLE_ARN,
    Shop,
    dataset,
    solution,
)

DATASET = "Custom::PersonalizeDataset"
ARN = f"{PREFIX}:dataset/shop/INTERACTIONS"
ITEMS_ARN = f"{PREFIX}:dataset/shop/ITEMS"


@pytest.fixture
def log(shop: Shop) -> dict[str, str]:
    """Return the properties of interactions."""
    return dataset("Interactions", shop.schema("interactions", "Interactions"))


# Deletion


def test_what_is_being_created_is_deleted_once_it_is_there(
    stack: CloudFormation, shop: Shop, log: dict[str, str]
) -> None:
    stack.begin(resource_event("Create", DATASET, log))

    stack.delete(Resource(DATASET, log, ARN))

    assert shop.left() == []


def test_what_failed_to_be_created_is_deleted(
    stack: CloudFormation, shop: Shop, log: dict[str, str]
) -> None:
    stack.begin(resource_event("Create", DATASET, log))
    shop.fail(ARN)

    stack.delete(Resource(DATASET, log, ARN))

    assert shop.left() == []


def test_what_takes_up_a_schema_is_deleted_once_it_has(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(DATASET, dataset("Items", shop.schema("items", "Items")))
    shop.personalize.update_dataset(datasetArn=ITEMS_ARN, schemaArn=shop.schema("same", "Items"))

    stack.delete(resource)

    assert shop.left() == []


def test_what_somebody_deletes_already_is_waited_for(
    stack: CloudFormation, shop: Shop, log: dict[str, str]
) -> None:
    resource = stack.create(DATASET, log)
    shop.personalize.delete_dataset(datasetArn=ARN)

    stack.delete(resource)

    assert shop.left() == []


def start_import(shop: Shop) -> None:
    shop.start_import(ARN, name="import-2")


def start_export(shop: Shop) -> None:
    shop.personalize.create_dataset_export_job(
        jobName="export",
        datasetArn=ARN,
        roleArn=ROLE_ARN,
        jobOutput={"s3DataDestination": {"path": "s3://data/export/"}},
    )


def start_data_deletion(shop: Shop) -> None:
    shop.aws.objects.put("data", "users.csv", b"USER_ID\n1")
    shop.personalize.create_data_deletion_job(
        jobName="forget",
        datasetGroupArn=GROUP_ARN,
        dataSource={"dataLocation": "s3://data/users.csv"},
        roleArn=ROLE_ARN,
    )


def start_batch(shop: Shop) -> None:
    shop.start_batch(shop.train(f"{PREFIX}:solution/similar"))


def start_training(shop: Shop) -> None:
    shop.start_training(f"{PREFIX}:solution/similar")


JOBS = [start_import, start_export, start_data_deletion, start_batch, start_training]


@pytest.mark.parametrize("start", JOBS, ids=lambda start: start.__name__)
def test_a_job_that_uses_the_data_is_waited_for(
    stack: CloudFormation, shop: Shop, start: Callable[[Shop], None]
) -> None:
    shop.stock()
    stack.create("Custom::PersonalizeSolution", solution())
    start(shop)

    stack.delete(Resource(DATASET, dataset("Interactions", "schema"), ARN))

    assert ARN not in shop.left()


def test_what_somebody_made_by_hand_is_told_and_waited_for(
    stack: CloudFormation, shop: Shop, log: dict[str, str]
) -> None:
    resource = stack.create(DATASET, log)
    tracker, held_by = shop.hold()
    event = stack.begin(resource_event("Delete", DATASET, log, physical_id=ARN))
    event["BeganAt"] = 0.0

    with pytest.raises(ProvisioningError) as refusal:
        stack.provider.is_complete(event)
    assert str(refusal.value) == (
        f"Not done after 55 minutes, because the data set {ARN} cannot be deleted before the filter"
        f" {held_by}, the event tracker {tracker}. It is safe to try again."
    )

    shop.personalize.delete_filter(filterArn=held_by)
    shop.personalize.delete_event_tracker(eventTrackerArn=tracker)
    stack.delete(resource)
    assert shop.left() == []


def test_of_much_that_is_in_the_way_only_the_first_is_told(
    stack: CloudFormation, shop: Shop, log: dict[str, str]
) -> None:
    stack.create(DATASET, log)
    for number in range(12):
        shop.personalize.create_filter(
            name=f"unseen-{number:02}",
            datasetGroupArn=GROUP_ARN,
            filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")',
        )
    event = stack.begin(resource_event("Delete", DATASET, log, physical_id=ARN))
    event["BeganAt"] = 0.0

    with pytest.raises(ProvisioningError, match=r"/unseen-09, and 2 more\. It is safe"):
        stack.provider.is_complete(event)


# Creation and update


def test_a_creation_waits_for_no_deletion(
    stack: CloudFormation, shop: Shop, log: dict[str, str]
) -> None:
    stack.create(DATASET, log)
    shop.personalize.delete_dataset(datasetArn=ARN)

    with pytest.raises(
        ProvisioningError, match=f"{ARN} is being deleted: try again when it is gone"
    ):
        stack.create(DATASET, log)


def test_a_creation_that_failed_is_told(
    stack: CloudFormation, shop: Shop, log: dict[str, str]
) -> None:
    event = stack.begin(resource_event("Create", DATASET, log))
    shop.fail(ARN)

    with pytest.raises(ProvisioningError, match=f"the data set {ARN} is CREATE FAILED"):
        stack.provider.is_complete(event)


def test_what_is_deleted_while_it_is_being_created_is_told(
    stack: CloudFormation, shop: Shop, log: dict[str, str]
) -> None:
    stack.create(DATASET, log)
    event = stack.begin(resource_event("Create", DATASET, log))
    stack.delete(Resource(DATASET, log, ARN))

    with pytest.raises(ProvisioningError, match=f"the data set {ARN} is gone"):
        stack.provider.is_complete(event)


def test_what_is_being_deleted_when_it_is_updated_is_created_again(
    stack: CloudFormation, shop: Shop, log: dict[str, str]
) -> None:
    resource = stack.create(DATASET, log)
    shop.personalize.delete_dataset(datasetArn=ARN)

    stack.update(resource, log)

    assert shop.dataset(ARN)["status"] == "ACTIVE"
