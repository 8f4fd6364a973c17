"""Schemas are there at once, and keep the rules of Avro schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cdk_personalize.avro_schema import DatasetType
from tests.emulator.cloud import avro

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


def test_is_described_as_it_was_given(cloud: Cloud) -> None:
    arn = cloud.personalize.create_schema(name="log", schema=avro())["schemaArn"]
    found = cloud.describe(arn)
    assert arn == cloud.arn("schema/log")
    assert (found["name"], found["schema"]) == ("log", avro())


def test_a_name_is_taken_once(cloud: Cloud) -> None:
    cloud.schema(name="log")
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        cloud.schema(name="log")


def test_text_that_is_no_json_is_refused(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="JSON"):
        cloud.personalize.create_schema(name="log", schema="{")


def test_a_required_column_must_be_there(cloud: Cloud) -> None:
    schema = json.loads(avro())
    schema["fields"] = [field for field in schema["fields"] if field["name"] != "TIMESTAMP"]
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="TIMESTAMP"):
        cloud.personalize.create_schema(name="log", schema=json.dumps(schema))


def test_a_domain_wants_columns_of_its_own(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="CATEGORY_L1"):
        cloud.personalize.create_schema(
            name="items", schema=avro(DatasetType.ITEMS), domain="ECOMMERCE"
        )


def test_is_gone_at_once(cloud: Cloud) -> None:
    arn = cloud.schema()
    cloud.personalize.delete_schema(schemaArn=arn)
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        cloud.describe(arn)


def test_lists_do_not_show_the_columns(cloud: Cloud) -> None:
    cloud.schema()
    (summary,) = cloud.personalize.list_schemas()["schemas"]
    assert "schema" not in summary
