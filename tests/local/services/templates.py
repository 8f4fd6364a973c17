"""Templates of Amazon Personalize's own types, for the tests of this folder."""

from __future__ import annotations

import json
from typing import Any

TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}
ROLE_OF_THE_SERVICE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}

REQUIRED = ("USER_ID", "ITEM_ID", "EVENT_TYPE")


def schema(name: str, *more: str) -> dict[str, Any]:
    strings = [{"name": column, "type": "string"} for column in (*REQUIRED, *more)]
    avro = {
        "type": "record",
        "name": "Interactions",
        "namespace": "com.amazonaws.personalize.schema",
        "fields": [*strings, {"name": "TIMESTAMP", "type": "long"}],
        "version": "1.0",
    }
    return resource("Schema", Name=name, Schema=json.dumps(avro))


def resource(kind: str, /, **properties: object) -> dict[str, Any]:
    return {"Type": f"AWS::Personalize::{kind}", "Properties": properties}


def arn_of(logical_id: str, kind: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, f"{kind}Arn"]}


GROUP = arn_of("Group", "DatasetGroup")


def shop(name: str) -> dict[str, dict[str, Any]]:
    """A group with a dataset, and all that may hang on it before there is data."""
    dataset = resource(
        "Dataset",
        Name=name,
        DatasetType="Interactions",
        DatasetGroupArn=GROUP,
        SchemaArn=arn_of("Schema", "Schema"),
    )
    bought = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'
    resources = {
        "Schema": schema(name),
        "Group": resource("DatasetGroup", Name=name),
        "Dataset": dataset,
        "Tracker": resource("EventTracker", Name=name, DatasetGroupArn=GROUP),
        "Filter": resource("Filter", Name=name, DatasetGroupArn=GROUP, FilterExpression=bought),
        "Solution": resource(
            "Solution",
            Name=name,
            DatasetGroupArn=GROUP,
            RecipeArn="arn:aws:personalize:::recipe/aws-user-personalization-v2",
        ),
    }
    # Deletion goes in reverse: what rests on the data goes before it.
    for dependent in ("Tracker", "Filter", "Solution"):
        resources[dependent]["DependsOn"] = ["Dataset"]
    return resources
