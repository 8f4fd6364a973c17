"""Datasets: one of each type in a group, each with a schema that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, Domain, SchemaField
from tests.emulator.cloud import FIELDS, ITEMS

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


def create(cloud: Cloud, group: str, **changes: str) -> str:
    request: dict[str, Any] = {
        "name": "log",
        "datasetGroupArn": group,
        "datasetType": "Interactions",
        **changes,
    }
    if "schemaArn" not in request:
        request["schemaArn"] = cloud.schema()
    return cloud.personalize.create_dataset(**request)["datasetArn"]


def items_schema(cloud: Cloud, name: str, *fields: SchemaField) -> str:
    schema = AvroSchema.of(DatasetType.ITEMS, [*FIELDS[DatasetType.ITEMS], *fields])
    return cloud.personalize.create_schema(name=name, schema=schema.to_json())["schemaArn"]


def test_its_arn_is_made_of_the_group_and_the_type(cloud: Cloud) -> None:
    assert create(cloud, cloud.group()) == cloud.arn("dataset/shop/INTERACTIONS")


def test_becomes_active(cloud: Cloud) -> None:
    assert cloud.settle(create(cloud, cloud.group()))["status"] == "ACTIVE"


@pytest.mark.parametrize("written", ["INTERACTIONS", "interactions", "Interactions"])
def test_the_type_may_be_in_any_case(cloud: Cloud, written: str) -> None:
    arn = create(cloud, cloud.group(), datasetType=written)
    assert cloud.describe(arn)["datasetType"] == "Interactions"


def test_a_type_that_is_none_is_refused(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="Clicks"):
        create(cloud, cloud.group(), datasetType="Clicks")


def test_a_group_has_one_of_each_type(cloud: Cloud) -> None:
    group = cloud.group()
    schema = cloud.schema()
    create(cloud, group, schemaArn=schema)
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        create(cloud, group, schemaArn=schema, name="other")


def test_the_group_must_be_there(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        create(cloud, cloud.arn("dataset-group/none"))


def test_the_group_must_be_active(cloud: Cloud) -> None:
    group = cloud.personalize.create_dataset_group(name="shop")["datasetGroupArn"]
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException):
        create(cloud, group)


def test_the_schema_must_be_there(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        create(cloud, cloud.group(), schemaArn=cloud.arn("schema/none"))


def test_the_schema_must_be_of_the_same_type(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="Items"):
        create(cloud, cloud.group(), schemaArn=cloud.schema(DatasetType.ITEMS))


def test_the_schema_must_be_of_the_domain_of_the_group(cloud: Cloud) -> None:
    schema = AvroSchema.of(DatasetType.INTERACTIONS, domain=Domain.ECOMMERCE).to_json()
    arn = cloud.personalize.create_schema(name="log", schema=schema, domain="ECOMMERCE")
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="ECOMMERCE"):
        create(cloud, cloud.group(), schemaArn=arn["schemaArn"])


def test_lists_those_of_a_group(cloud: Cloud) -> None:
    cloud.dataset(cloud.group("other"), DatasetType.ITEMS)
    arn = create(cloud, cloud.group())
    found = cloud.personalize.list_datasets(datasetGroupArn=cloud.arn("dataset-group/shop"))
    assert [dataset["datasetArn"] for dataset in found["datasets"]] == [arn]


def test_a_new_schema_may_have_more_columns_that_may_be_null(cloud: Cloud) -> None:
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS, ITEMS)
    schema = items_schema(cloud, "more", SchemaField.string("BRAND", nullable=True))
    cloud.personalize.update_dataset(datasetArn=items, schemaArn=schema)
    assert cloud.settle(items, update=True)["schemaArn"] == schema


def test_the_old_schema_holds_until_the_update_is_active(cloud: Cloud) -> None:
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS)
    old = cloud.describe(items)["schemaArn"]
    schema = items_schema(cloud, "more", SchemaField.string("BRAND", nullable=True))
    cloud.personalize.update_dataset(datasetArn=items, schemaArn=schema)
    found = cloud.describe(items)
    assert (found["schemaArn"], found["status"]) == (old, "ACTIVE")
    assert found["latestDatasetUpdate"]["status"] == "CREATE PENDING"


def test_a_new_column_must_be_nullable(cloud: Cloud) -> None:
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS)
    schema = items_schema(cloud, "more", SchemaField.string("BRAND"))
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="BRAND"):
        cloud.personalize.update_dataset(datasetArn=items, schemaArn=schema)


def test_interactions_keep_their_schema(cloud: Cloud) -> None:
    log = cloud.dataset(cloud.group())
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="Interactions"):
        cloud.personalize.update_dataset(datasetArn=log, schemaArn=cloud.schema(name="other"))
