"""Custom::PersonalizeDataset: another schema for the same data set, on the emulator."""

import io
from collections.abc import Mapping
from typing import Any

import pytest

from cdk_personalize.avro_schema import SchemaField
from resource_provider.lifecycle import ProvisioningError, ResourceEvent
from tests.handlers.resource_provider.cloudformation import CloudFormation, Resource, resource_event
from tests.handlers.resource_provider.shop import PREFIX, Shop, campaign, dataset, solution

DATASET = "Custom::PersonalizeDataset"
ITEMS_ARN = f"{PREFIX}:dataset/shop/ITEMS"
ARN = f"{PREFIX}:dataset/shop/INTERACTIONS"
RATING = SchemaField.float("RATING", nullable=True)
REPLACE = {"OnIncompatibleChange": "REPLACE"}


def interactions(shop: Shop, *more: SchemaField, name: str = "") -> dict[str, str]:
    """Return the properties of interactions with a schema of their own."""
    schema = shop.schema(name or f"with-{len(more)}-more", "Interactions", *more)
    return dataset("Interactions", schema)


def items(shop: Shop, *more: SchemaField) -> dict[str, str]:
    """Return the properties of items with a schema of their own."""
    return dataset("Items", shop.schema(f"items-with-{len(more)}-more", "Items", *more))


def fill(shop: Shop) -> None:
    job = shop.start_import(ARN)
    shop.wait(lambda: shop.job(job)["status"] == "ACTIVE")


def begin_update(
    stack: CloudFormation, resource: Resource, properties: Mapping[str, Any], *, looks: int = 1
) -> ResourceEvent:
    """Begin an update, and look at it that often."""
    event = stack.begin(
        resource_event(
            "Update",
            DATASET,
            properties,
            physical_id=resource.physical_id,
            old_properties=resource.properties,
        )
    )
    for _ in range(looks):
        stack.provider.is_complete(event)
    return event


def is_filled(shop: Shop) -> bool:
    return bool(shop.aws.service.backend.interactions.users(ARN))


def schema_of(shop: Shop, arn: str) -> str:
    return str(shop.dataset(arn)["schemaArn"].rpartition("/")[2])


# What the service takes


def test_items_take_a_new_schema_in_place(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(DATASET, items(shop))
    before = shop.dataset(ITEMS_ARN)["creationDateTime"]

    updated = stack.update(resource, items(shop, RATING) | REPLACE)

    assert updated.physical_id == ITEMS_ARN
    assert schema_of(shop, ITEMS_ARN) == "items-with-1-more"
    assert shop.dataset(ITEMS_ARN)["creationDateTime"] == before


# What it does not take


def test_a_schema_that_loses_a_column_is_refused(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(DATASET, items(shop, RATING))

    with pytest.raises(ProvisioningError) as refusal:
        stack.update(resource, items(shop))
    assert str(refusal.value) == (
        f"the data set {ITEMS_ARN} cannot take the schema {PREFIX}:schema/items-with-0-more"
        f" in place of {PREFIX}:schema/items-with-1-more: UpdateDataset: The schema of {ITEMS_ARN}"
        " cannot be replaced: the column RATING must stay as it is. (InvalidInputException)."
        " Of the columns, RATING is gone. Nothing was changed. Keep the columns that are there as"
        " they are and let new ones be nullable, or say"
        " on_incompatible_change=OnIncompatibleChange.REPLACE, which deletes the data set with all"
        " its data and creates it anew"
    )


def test_another_schema_of_interactions_is_refused(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(DATASET, interactions(shop))

    with pytest.raises(ProvisioningError) as refusal:
        stack.update(resource, interactions(shop, RATING))
    assert str(refusal.value) == (
        f"the data set {ARN} cannot take the schema {PREFIX}:schema/with-1-more in place of"
        f" {PREFIX}:schema/with-0-more: the service replaces the schemas of Items and Users alone."
        ' Of the columns, RATING is new, {"type": ["null", "float"]}. Nothing was changed. Keep its'
        " schema, or define another dataset group, or say"
        " on_incompatible_change=OnIncompatibleChange.REPLACE, which deletes the data set with all"
        " its data and creates it anew"
    )


def test_a_refused_schema_loses_nothing_and_is_rolled_back(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(DATASET, interactions(shop))
    fill(shop)
    attempted = interactions(shop, RATING)
    with pytest.raises(ProvisioningError):
        stack.update(resource, attempted)

    assert stack.roll_back(resource, attempted).physical_id == ARN
    assert is_filled(shop)


def test_a_refusal_tells_of_a_few_columns_only(stack: CloudFormation, shop: Shop) -> None:
    more = [SchemaField.float(f"RATING_OF_{number}", nullable=True) for number in range(30)]
    resource = stack.create(DATASET, items(shop, *more))

    with pytest.raises(ProvisioningError, match=r"RATING_OF_9 is gone; and 20 more\. Nothing"):
        stack.update(resource, items(shop))


# What may be replaced


def test_what_may_be_replaced_is_deleted_and_created_anew(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(DATASET, interactions(shop))
    fill(shop)

    updated = stack.update(resource, interactions(shop, RATING) | REPLACE)

    assert updated.physical_id == ARN
    assert (schema_of(shop, ARN), shop.dataset(ARN)["status"]) == ("with-1-more", "ACTIVE")
    assert not is_filled(shop)


def test_a_replacement_waits_for_an_import(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(DATASET, interactions(shop))
    job = shop.start_import(ARN)

    stack.update(resource, interactions(shop, RATING) | REPLACE)

    assert schema_of(shop, ARN) == "with-1-more"
    with pytest.raises(shop.personalize.exceptions.ResourceNotFoundException):
        shop.job(job)


def test_what_holds_the_data_set_is_told_before_anything_is_deleted(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(DATASET, interactions(shop))
    tracker, held_by = shop.hold()

    with pytest.raises(ProvisioningError) as refusal:
        stack.update(resource, interactions(shop, RATING) | REPLACE)
    assert str(refusal.value) == (
        f"the data set {ARN} cannot be replaced before these are deleted: the filter"
        f" {held_by}, the event tracker {tracker}. Nothing was changed. Take them out of the stack,"
        " deploy, and put them back together with the new schema (the service replaces the schemas"
        " of Items and Users alone)"
    )
    assert shop.dataset(ARN)["status"] == "ACTIVE"


def test_a_campaign_holds_the_data_set(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(DATASET, interactions(shop))
    fill(shop)
    solution_arn = stack.create("Custom::PersonalizeSolution", solution()).physical_id
    shop.train(solution_arn)
    live = stack.create("Custom::PersonalizeCampaign", campaign()).physical_id

    with pytest.raises(ProvisioningError, match=f"before these are deleted: the campaign {live}"):
        stack.update(resource, interactions(shop, RATING) | REPLACE)


def test_what_is_going_away_is_waited_for(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(DATASET, interactions(shop))
    tracker, held_by = shop.hold()
    shop.personalize.delete_filter(filterArn=held_by)
    shop.personalize.delete_event_tracker(eventTrackerArn=tracker)

    stack.update(resource, interactions(shop, RATING) | REPLACE)

    assert schema_of(shop, ARN) == "with-1-more"


# Roll-back


def test_a_schema_that_was_taken_up_stays_when_the_stack_rolls_back(
    stack: CloudFormation, shop: Shop, log: io.StringIO
) -> None:
    resource = stack.create(DATASET, items(shop) | REPLACE)
    before = shop.dataset(ITEMS_ARN)["creationDateTime"]
    attempted = items(shop, RATING) | REPLACE
    stack.update(resource, attempted)

    # The service gives up no column, and a roll-back deletes no data.
    stack.roll_back(resource, attempted)

    assert schema_of(shop, ITEMS_ARN) == "items-with-1-more"
    assert shop.dataset(ITEMS_ARN)["creationDateTime"] == before
    assert "a schema cannot be rolled back" in log.getvalue()


def test_a_replacement_is_rolled_back_by_another(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(DATASET, interactions(shop))
    attempted = interactions(shop, RATING) | REPLACE
    stack.update(resource, attempted)

    stack.roll_back(resource, attempted)

    assert schema_of(shop, ARN) == "with-0-more"


def test_a_replacement_that_is_held_already_stays_when_the_stack_rolls_back(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(DATASET, interactions(shop))
    attempted = interactions(shop, RATING) | REPLACE
    stack.update(resource, attempted)
    shop.hold()

    stack.roll_back(resource, attempted)

    assert schema_of(shop, ARN) == "with-1-more"


def test_what_the_failed_update_never_touched_stays_when_the_stack_rolls_back(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(DATASET, interactions(shop))
    fill(shop)
    declared = Resource(DATASET, interactions(shop, RATING, name="declared"), ARN)
    attempted = interactions(shop, RATING, name="attempted") | REPLACE

    stack.roll_back(declared, attempted)

    assert schema_of(shop, resource.physical_id) == "with-0-more"
    assert is_filled(shop)


@pytest.mark.parametrize("looks", range(4))
def test_a_replacement_is_rolled_back_wherever_it_stands(
    stack: CloudFormation, shop: Shop, looks: int
) -> None:
    resource = stack.create(DATASET, interactions(shop))
    attempted = interactions(shop, RATING) | REPLACE
    event = begin_update(stack, resource, attempted)
    for _ in range(looks):
        stack.provider.is_complete(event)
        shop.later()

    stack.roll_back(resource, attempted)

    assert (schema_of(shop, ARN), shop.dataset(ARN)["status"]) == ("with-0-more", "ACTIVE")


def test_an_update_under_way_is_waited_for_when_the_stack_rolls_back(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(DATASET, items(shop))
    attempted = items(shop, RATING)
    begin_update(stack, resource, attempted)

    stack.roll_back(resource, attempted)

    assert shop.dataset(ITEMS_ARN)["latestDatasetUpdate"]["status"] == "ACTIVE"


# What the service gives up on


def test_why_an_update_failed_is_told(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(DATASET, items(shop))
    event = begin_update(stack, resource, items(shop, RATING))
    shop.fail(ITEMS_ARN, "latestDatasetUpdate")

    with pytest.raises(
        ProvisioningError, match=r"items-with-0-more: there is no capacity\. Of the"
    ):
        stack.provider.is_complete(event)


def test_an_update_that_failed_before_is_tried_again(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(DATASET, items(shop))
    wanted = items(shop, RATING)
    begin_update(stack, resource, wanted)
    shop.fail(ITEMS_ARN, "latestDatasetUpdate")

    stack.update(resource, wanted)

    assert schema_of(shop, ITEMS_ARN) == "items-with-1-more"


def test_what_may_be_replaced_is_if_its_update_fails(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(DATASET, items(shop))
    event = begin_update(stack, resource, items(shop, RATING) | REPLACE)
    shop.fail(ITEMS_ARN, "latestDatasetUpdate")

    stack.settle(event)

    assert schema_of(shop, ITEMS_ARN) == "items-with-1-more"


def test_a_data_set_whose_creation_failed_is_created_anew(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(DATASET, interactions(shop))
    shop.fail(ARN)

    stack.update(resource, interactions(shop, RATING))

    assert (schema_of(shop, ARN), shop.dataset(ARN)["status"]) == ("with-1-more", "ACTIVE")


def test_a_replacement_that_cannot_be_created_is_told_and_rolled_back(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(DATASET, interactions(shop))
    attempted = dataset("Interactions", f"{PREFIX}:schema/not-there") | REPLACE

    with pytest.raises(ProvisioningError, match=r"^CreateDataset: .*not-there"):
        stack.update(resource, attempted)
    stack.roll_back(resource, attempted)

    assert schema_of(shop, ARN) == "with-0-more"
