"""Dataset groups come and go through the documented states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud

KEY = "arn:aws:kms:us-east-1:123456789012:key/abc"
ROLE = "arn:aws:iam::123456789012:role/personalize"


def test_is_pending_then_in_progress_then_active(cloud: Cloud) -> None:
    arn = cloud.personalize.create_dataset_group(name="shop")["datasetGroupArn"]
    assert cloud.describe(arn)["status"] == "CREATE PENDING"
    cloud.reach(arn, "CREATE IN_PROGRESS")
    assert cloud.settle(arn)["status"] == "ACTIVE"


def test_has_the_arn_of_its_name(cloud: Cloud) -> None:
    arn = cloud.personalize.create_dataset_group(name="shop")["datasetGroupArn"]
    assert arn == cloud.arn("dataset-group/shop")


def test_keeps_what_it_was_created_with(cloud: Cloud) -> None:
    arn = cloud.personalize.create_dataset_group(
        name="shop", domain="ECOMMERCE", kmsKeyArn=KEY, roleArn=ROLE
    )["datasetGroupArn"]
    group = cloud.describe(arn)
    assert (group["domain"], group["kmsKeyArn"], group["roleArn"]) == ("ECOMMERCE", KEY, ROLE)


def test_the_answer_to_create_names_the_domain(cloud: Cloud) -> None:
    answer = cloud.personalize.create_dataset_group(name="shop", domain="ECOMMERCE")
    assert answer["domain"] == "ECOMMERCE"


def test_dates_are_those_of_the_emulated_clock(cloud: Cloud) -> None:
    before = cloud.emulator.clock.now()
    arn = cloud.group()
    found = cloud.describe(arn)
    assert before - 1 <= found["creationDateTime"].timestamp()
    assert found["lastUpdatedDateTime"] > found["creationDateTime"]


def test_a_name_is_taken_once(cloud: Cloud) -> None:
    cloud.group()
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        cloud.personalize.create_dataset_group(name="shop")


def test_another_account_may_have_the_same_name(cloud: Cloud, limited: Cloud) -> None:
    assert cloud.group().split(":")[4] != limited.group().split(":")[4]


def test_a_role_without_a_key_is_refused(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="kmsKeyArn"):
        cloud.personalize.create_dataset_group(name="shop", roleArn=ROLE)


def test_a_key_without_a_role_is_refused(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="roleArn"):
        cloud.personalize.create_dataset_group(name="shop", kmsKeyArn=KEY)


def test_an_alias_is_no_key(cloud: Cloud) -> None:
    alias = "arn:aws:kms:us-east-1:123456789012:alias/abc"
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="pattern"):
        cloud.personalize.create_dataset_group(name="shop", kmsKeyArn=alias, roleArn=ROLE)


def test_is_there_until_its_deletion_is_over(cloud: Cloud) -> None:
    arn = cloud.group()
    cloud.personalize.delete_dataset_group(datasetGroupArn=arn)
    assert cloud.describe(arn)["status"] == "DELETE PENDING"
    cloud.vanish(arn)
    assert cloud.personalize.list_dataset_groups()["datasetGroups"] == []


def test_cannot_be_deleted_twice(cloud: Cloud) -> None:
    arn = cloud.group()
    cloud.personalize.delete_dataset_group(datasetGroupArn=arn)
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException):
        cloud.personalize.delete_dataset_group(datasetGroupArn=arn)


def test_cannot_be_deleted_before_it_is_active(cloud: Cloud) -> None:
    arn = cloud.personalize.create_dataset_group(name="shop")["datasetGroupArn"]
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException, match="PENDING"):
        cloud.personalize.delete_dataset_group(datasetGroupArn=arn)


def test_its_name_is_free_after_it_is_gone(cloud: Cloud) -> None:
    arn = cloud.group()
    cloud.personalize.delete_dataset_group(datasetGroupArn=arn)
    cloud.vanish(arn)
    assert cloud.group() == arn


def test_one_that_is_not_there_is_not_found(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        cloud.describe(cloud.arn("dataset-group/none"))


def test_the_arn_of_something_else_is_invalid(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="dataset group"):
        cloud.personalize.describe_dataset_group(datasetGroupArn=cloud.schema())
