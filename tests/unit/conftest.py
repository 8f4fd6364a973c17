"""A stack of a known account and region, and what most tests define in it."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from cdk_personalize import DatasetGroup, DatasetType, Schema
from tests.unit.apps import new_app


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(
        new_app(), "Shop", env=cdk.Environment(account="111111111111", region="us-east-1")
    )


@pytest.fixture
def role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Grantee", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))


@pytest.fixture
def dataset_group(stack: cdk.Stack) -> DatasetGroup:
    return DatasetGroup(stack, "Group", dataset_group_name="demo")


@pytest.fixture
def interactions(stack: cdk.Stack) -> Schema:
    return Schema(stack, "InteractionsSchema", dataset_type=DatasetType.INTERACTIONS)


@pytest.fixture
def items(stack: cdk.Stack) -> Schema:
    return Schema(stack, "ItemsSchema", dataset_type=DatasetType.ITEMS)
