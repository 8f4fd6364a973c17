"""Custom::PersonalizeSchema, on the emulator."""

import json
from typing import Any, Literal

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, Domain, SchemaField
from resource_provider.lifecycle import ProvisioningError
from tests.handlers.resource_provider.cloudformation import CloudFormation, Resource, resource_event
from tests.handlers.resource_provider.shop import PREFIX, Shop, as_request, dataset

SCHEMA = "Custom::PersonalizeSchema"
DATASET = "Custom::PersonalizeDataset"
STEM = "shop-1a2b3c4d-Items-5e6f7a8b-"
PLAIN, BRANDED = f"{STEM}plain", f"{STEM}branded"
BRAND = SchemaField.string("BRAND", categorical=True, nullable=True)


def arn(name: str) -> str:
    return f"{PREFIX}:schema/{name}"


def avro(*more: SchemaField) -> str:
    default = AvroSchema.of(DatasetType.ITEMS)
    return AvroSchema.of(DatasetType.ITEMS, (*default.fields, *more)).to_json()


def schema(name: str, *more: SchemaField, **others: object) -> dict[str, str]:
    """Return the properties of a schema of items whose name is derived."""
    return as_request(name=name, schema=avro(*more), **others) | {"NamePrefix": STEM}


def named(name: str, *more: SchemaField, **others: object) -> dict[str, str]:
    """Return the properties of a schema of items that was given its name."""
    return as_request(name=name, schema=avro(*more), **others)


def left(shop: Shop) -> set[str]:
    schemas = shop.personalize.list_schemas()["schemas"]
    return {one["schemaArn"].rpartition("/")[2] for one in schemas}


def described(shop: Shop, name: str) -> dict[str, Any]:
    return dict(shop.personalize.describe_schema(schemaArn=arn(name))["schema"])


def items(name: str) -> dict[str, str]:
    return dataset("Items", arn(name))


def roll_back_branded_items(stack: CloudFormation) -> tuple[Resource, Resource]:
    """Let items take up a new column, and roll it back for another reason; return what is then."""
    plain = stack.create(SCHEMA, schema(PLAIN))
    with_items = stack.create(DATASET, items(PLAIN))
    branded = stack.update_only(plain, schema(BRANDED, BRAND))
    stack.update(with_items, items(BRANDED))
    rolled_back = stack.roll_back(with_items, items(BRANDED))
    again = stack.update(branded, schema(PLAIN))
    stack.stacks.status = "UPDATE_IN_PROGRESS"
    return again, rolled_back


# Creation


def test_creates_a_schema(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SCHEMA, schema(PLAIN))

    assert resource.physical_id == resource.data["Arn"] == arn(PLAIN)
    assert json.loads(described(shop, PLAIN)["schema"]) == json.loads(avro())


def test_creates_a_schema_for_a_domain(stack: CloudFormation, shop: Shop) -> None:
    of_films = AvroSchema.of(DatasetType.USERS, domain=Domain.VIDEO_ON_DEMAND).to_json()

    stack.create(SCHEMA, as_request(name="films", schema=of_films, domain="VIDEO_ON_DEMAND"))

    assert described(shop, "films")["domain"] == "VIDEO_ON_DEMAND"


def test_a_repeated_creation_finds_what_the_first_one_made(
    stack: CloudFormation, shop: Shop
) -> None:
    event = resource_event("Create", SCHEMA, schema(PLAIN))

    first, second = stack.begin(event), stack.begin(event)

    assert first["PhysicalResourceId"] == second["PhysicalResourceId"]
    assert left(shop) == {PLAIN}


def test_the_same_columns_written_otherwise_are_the_same(stack: CloudFormation, shop: Shop) -> None:
    written = json.dumps(json.loads(avro()), indent=2)
    shop.personalize.create_schema(name="goods", schema=written)

    assert stack.create(SCHEMA, named("goods")).physical_id == arn("goods")


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_other_columns_under_the_same_name_are_refused(
    stack: CloudFormation, shop: Shop, request_type: Literal["Create", "Update"]
) -> None:
    resource = stack.create(SCHEMA, named("goods"))

    event = resource_event(
        request_type,
        SCHEMA,
        named("goods", BRAND),
        physical_id=resource.physical_id,
        old_properties=resource.properties,
    )
    with pytest.raises(ProvisioningError) as refusal:
        stack.begin(event)

    assert str(refusal.value) == (
        f"the schema {arn('goods')} is there already, with other columns or for another domain,"
        " and no schema can be changed: give this one another schema_name"
    )
    assert json.loads(described(shop, "goods")["schema"]) == json.loads(avro())


def test_the_same_columns_for_another_domain_are_refused(stack: CloudFormation) -> None:
    of_users = AvroSchema.of(DatasetType.USERS).to_json()
    stack.create(SCHEMA, as_request(name="people", schema=of_users))

    with pytest.raises(ProvisioningError, match="for another domain"):
        stack.create(SCHEMA, as_request(name="people", schema=of_users, domain="VIDEO_ON_DEMAND"))


def test_columns_that_the_service_refuses_are_told(stack: CloudFormation) -> None:
    with pytest.raises(ProvisioningError, match=r"^CreateSchema: .*\(InvalidInputException\)$"):
        stack.create(SCHEMA, as_request(name="broken", schema='{"no": 1}'))


# Update


def test_other_columns_take_the_place_of_the_old_ones(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SCHEMA, schema(PLAIN))

    assert stack.update(resource, schema(BRANDED, BRAND)).physical_id == arn(BRANDED)
    assert left(shop) == {BRANDED}


def test_a_refused_change_of_a_given_name_is_rolled_back(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SCHEMA, named("goods"))
    attempted = named("goods", BRAND)
    with pytest.raises(ProvisioningError):
        stack.update(resource, attempted)

    assert stack.roll_back(resource, attempted).physical_id == arn("goods")
    assert left(shop) == {"goods"}


def test_a_schema_that_was_deleted_by_hand_is_created_again(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SCHEMA, named("goods"))
    shop.personalize.delete_schema(schemaArn=arn("goods"))

    stack.update(resource, named("goods", BRAND))

    assert json.loads(described(shop, "goods")["schema"]) == json.loads(avro(BRAND))


# Roll-back


def test_a_schema_that_a_data_set_has_taken_up_outlives_the_roll_back(
    stack: CloudFormation, shop: Shop
) -> None:
    again, with_items = roll_back_branded_items(stack)

    assert again.physical_id == arn(PLAIN)
    assert shop.dataset(with_items.physical_id)["schemaArn"] == arn(BRANDED)
    assert left(shop) == {PLAIN, BRANDED}


def test_what_was_rolled_back_is_deployed_again(stack: CloudFormation, shop: Shop) -> None:
    again, with_items = roll_back_branded_items(stack)

    branded = stack.update_only(again, schema(BRANDED, BRAND))
    stack.update(with_items, items(BRANDED))
    stack.delete(again)

    assert branded.physical_id == arn(BRANDED)
    assert left(shop) == {BRANDED}


# Deletion


def test_a_schema_that_was_deleted_by_hand_is_gone(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SCHEMA, schema(PLAIN))
    shop.personalize.delete_schema(schemaArn=arn(PLAIN))

    stack.delete(resource)

    assert left(shop) == set()


def test_what_a_roll_back_left_is_deleted_with_the_stack(stack: CloudFormation, shop: Shop) -> None:
    again, with_items = roll_back_branded_items(stack)

    stack.stacks.status = "DELETE_IN_PROGRESS"
    stack.delete(with_items)
    stack.delete(again)

    assert left(shop) == set()


def test_what_a_roll_back_left_stays_while_the_stack_does(
    stack: CloudFormation, shop: Shop
) -> None:
    again, with_items = roll_back_branded_items(stack)

    stack.delete(with_items)
    stack.delete(again)

    assert left(shop) == {BRANDED}


def test_what_another_data_set_has_outlives_the_stack(stack: CloudFormation, shop: Shop) -> None:
    again, _ = roll_back_branded_items(stack)

    stack.stacks.status = "DELETE_IN_PROGRESS"
    stack.delete(again)

    assert left(shop) == {BRANDED}


@pytest.mark.parametrize(
    "properties", [schema(PLAIN), named("goods")], ids=["derived name", "given name"]
)
def test_schemas_of_others_outlive_the_stack(
    stack: CloudFormation, shop: Shop, properties: dict[str, str]
) -> None:
    others = {"shop-1a2b3c4d-Items-99999999-plain", "shop-1a2b3c4d-Users", "goods-of-others"}
    for name in others:
        shop.schema(name, "Items")
    resource = stack.create(SCHEMA, properties)

    stack.stacks.status = "DELETE_IN_PROGRESS"
    stack.delete(resource)

    assert left(shop) == others
