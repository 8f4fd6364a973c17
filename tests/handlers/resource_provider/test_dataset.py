"""Custom::PersonalizeDataset, on the emulator."""

import pytest

from cdk_personalize.avro_schema import SchemaField
from resource_provider.lifecycle import ProvisioningError
from tests.handlers.resource_provider.cloudformation import CloudFormation, Resource, resource_event
from tests.handlers.resource_provider.shop import GROUP_ARN, PREFIX, Shop, dataset, solution

DATASET = "Custom::PersonalizeDataset"
ITEMS_ARN = f"{PREFIX}:dataset/shop/ITEMS"
RATING = SchemaField.float("RATING", nullable=True)


def items(stack: CloudFormation, shop: Shop) -> Resource:
    return stack.create(DATASET, dataset("Items", shop.schema("items", "Items")))


def test_creates_a_data_set_and_waits_until_it_is_there(stack: CloudFormation, shop: Shop) -> None:
    resource = items(stack, shop)

    assert resource.physical_id == ITEMS_ARN
    assert resource.data == {"Arn": ITEMS_ARN, "State": "Active"}
    assert shop.dataset(ITEMS_ARN)["status"] == "ACTIVE"


def test_a_repeated_creation_finds_what_the_first_one_made(
    stack: CloudFormation, shop: Shop
) -> None:
    event = resource_event("Create", DATASET, dataset("Items", shop.schema("items", "Items")))
    stack.provider.on_event(event)

    assert stack.provider.on_event(event)["PhysicalResourceId"] == ITEMS_ARN


def test_a_data_set_of_somebody_else_is_not_taken_over(stack: CloudFormation, shop: Shop) -> None:
    schema = shop.schema("items", "Items")
    shop.personalize.create_dataset(
        name="theirs", schemaArn=schema, datasetGroupArn=GROUP_ARN, datasetType="Items"
    )

    with pytest.raises(ProvisioningError, match=f"{ITEMS_ARN} is there already, and not made by"):
        stack.create(DATASET, dataset("Items", schema))


def test_action_interactions_have_an_id_that_they_are_sent_with(
    stack: CloudFormation, shop: Shop
) -> None:
    kind = "Action_Interactions"

    resource = stack.create(DATASET, dataset(kind, shop.schema("taken", kind)))

    assert resource.data["TrackingId"] == shop.dataset(resource.physical_id)["trackingId"]


def test_other_data_sets_have_none(stack: CloudFormation, shop: Shop) -> None:
    assert "TrackingId" not in items(stack, shop).data


def test_another_type_is_another_data_set(stack: CloudFormation, shop: Shop) -> None:
    resource = items(stack, shop)

    updated = stack.update(resource, dataset("Users", shop.schema("users", "Users")))

    assert shop.left() == [updated.physical_id] == [f"{PREFIX}:dataset/shop/USERS"]


def test_a_data_set_of_another_type_that_was_there_before_is_not_taken_over(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = items(stack, shop)
    users = dataset("Users", shop.schema("users", "Users"))
    theirs = stack.create(DATASET, users).physical_id
    shop.age(theirs)

    with pytest.raises(ProvisioningError, match=f"{theirs} is there already, and not made by"):
        stack.update(resource, users)


def test_another_type_is_rolled_back(stack: CloudFormation, shop: Shop) -> None:
    resource = items(stack, shop)
    shop.age(ITEMS_ARN)
    users = stack.update_only(resource, dataset("Users", shop.schema("users", "Users")))

    stack.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    stack.update(users, resource.properties)

    assert shop.left() == [ITEMS_ARN]


def test_a_roll_back_makes_the_old_data_set_again_if_somebody_is_deleting_it(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = items(stack, shop)
    users = stack.update_only(resource, dataset("Users", shop.schema("users", "Users")))
    shop.personalize.delete_dataset(datasetArn=ITEMS_ARN)

    stack.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    stack.update(users, resource.properties)

    assert shop.left() == [ITEMS_ARN]


def test_a_data_set_is_not_renamed(stack: CloudFormation, shop: Shop) -> None:
    resource = items(stack, shop)
    renamed = dataset("Items", f"{PREFIX}:schema/items", name="goods")

    with pytest.raises(ProvisioningError, match="cannot be renamed from items to goods"):
        stack.update(resource, renamed)


def test_a_data_set_that_was_deleted_by_hand_is_created_again(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = items(stack, shop)
    stack.delete(resource)

    stack.update(resource, dataset("Items", shop.schema("items-2", "Items", RATING)))

    assert shop.left() == [ITEMS_ARN]


def test_deletes_a_data_set_and_waits_until_it_is_gone(stack: CloudFormation, shop: Shop) -> None:
    stack.delete(items(stack, shop))

    assert shop.left() == []


def test_a_data_set_that_was_never_there_is_gone(stack: CloudFormation, shop: Shop) -> None:
    properties = dataset("Items", shop.schema("items", "Items"))

    stack.delete(Resource(DATASET, properties, ITEMS_ARN))

    assert shop.left() == []


def test_a_solution_that_another_stack_retired_is_left_alone(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = items(stack, shop)
    arn = stack.create("Custom::PersonalizeSolution", solution()).physical_id
    shop.personalize.tag_resource(
        resourceArn=arn, tags=[{"tagKey": "cdk-personalize:retired-by", "tagValue": "another"}]
    )

    stack.delete(resource)

    assert shop.left() == [arn]
