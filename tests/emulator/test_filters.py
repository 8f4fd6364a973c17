"""Filters are held against the datasets of their group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_personalize.avro_schema import DatasetType

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud

BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")'


def test_becomes_active(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group)
    found = cloud.describe(cloud.filter(group, BOUGHT))
    assert (found["status"], found["filterExpression"]) == ("ACTIVE", BOUGHT)


def test_has_the_arn_of_its_name(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group)
    assert cloud.filter(group, BOUGHT, "bought") == cloud.arn("filter/bought")


def test_a_name_is_taken_once(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group)
    cloud.filter(group, BOUGHT)
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        cloud.filter(group, BOUGHT)


def test_an_expression_that_cannot_be_read_is_refused(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="cannot be read"):
        cloud.filter(cloud.group(), "EXCLUDE everything")


def test_a_column_that_no_schema_has_is_refused(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group, DatasetType.ITEMS)
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="COLOUR"):
        cloud.filter(group, 'INCLUDE ItemID WHERE Items.COLOUR IN ("red")')


def test_a_dataset_that_the_group_has_not_is_refused(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="Interactions"):
        cloud.filter(cloud.group(), BOUGHT)


def test_the_group_must_be_there(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        cloud.filter(cloud.arn("dataset-group/none"), BOUGHT)


def test_lists_under_a_capital_letter_as_the_service_does(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group)
    arn = cloud.filter(group, BOUGHT)
    found = cloud.personalize.list_filters(datasetGroupArn=group)["Filters"]
    assert [entry["filterArn"] for entry in found] == [arn]
    assert "filterExpression" not in found[0]
