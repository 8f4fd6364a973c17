"""A stack with an archive of events, and what its template says of it."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from cdk_personalize import Dataset, DatasetGroup, DatasetType, Schema, SchemaField

ITEMS = [
    SchemaField.float("PRICE"),
    SchemaField.int("STOCK", nullable=True),
    SchemaField.boolean("FRAGILE"),
    SchemaField.string("GENRE", categorical=True, nullable=True),
    SchemaField.string("STORY", textual=True),
]


def archived_datasets(stack: cdk.Stack, dataset_group: DatasetGroup) -> list[Dataset]:
    return [
        dataset_group.add_dataset(
            str(dataset_type),
            schema=Schema(stack, f"{dataset_type}Schema", dataset_type=dataset_type, fields=fields),
        )
        for dataset_type, fields in (
            (DatasetType.INTERACTIONS, None),
            (DatasetType.ITEMS, ITEMS),
            (DatasetType.ACTION_INTERACTIONS, None),
        )
    ]


def statements_of(template: Template, role: str) -> list[dict[str, Any]]:
    """Return what the role whose logical id begins so is allowed."""
    return [
        statement
        for policy in template.find_resources("AWS::IAM::Policy").values()
        if policy["Properties"]["Roles"][0]["Ref"].startswith(role)
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def only(template: Template, resource_type: str) -> dict[str, Any]:
    (resource,) = template.find_resources(resource_type).values()
    return dict(resource)


def below(stack: cdk.Stack, bucket: s3.IBucket, pattern: str) -> object:
    return stack.resolve(bucket.arn_for_objects(pattern))


def destination(template: Template) -> dict[str, Any]:
    properties = only(template, "AWS::KinesisFirehose::DeliveryStream")["Properties"]
    found: dict[str, Any] = properties["ExtendedS3DestinationConfiguration"]
    return found


def tables_of(template: Template) -> dict[str, Any]:
    """Return the input of each table, by its name."""
    tables = template.find_resources("AWS::Glue::Table").values()
    return {each["Properties"]["TableInput"]["Name"]: each["Properties"] for each in tables}
