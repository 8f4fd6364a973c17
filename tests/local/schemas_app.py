"""A dataset in the steps of its life that `test_dataset_schema.py` takes."""

import aws_cdk as cdk

from cdk_personalize import DatasetGroup, DatasetType, OnIncompatibleChange, Schema, SchemaField

app = cdk.App()
step = app.node.get_context("step")
stack = cdk.Stack(app, "Schemas")
required = [
    SchemaField.string("USER_ID"),
    SchemaField.string("ITEM_ID"),
    SchemaField.string("EVENT_TYPE"),
    SchemaField.long("TIMESTAMP"),
]
rated = [*required, SchemaField.float("RATING", nullable=True)]
group = DatasetGroup(stack, "Group")
dataset = group.add_dataset(
    "Interactions",
    schema=Schema(
        stack,
        "Schema",
        dataset_type=DatasetType.INTERACTIONS,
        fields=rated if step in {"refused", "replaced"} else required,
    ),
    on_incompatible_change=(
        OnIncompatibleChange.REFUSE
        if step in {"first", "refused"}
        else OnIncompatibleChange.REPLACE
    ),
)
if step == "failing":
    # Written down as CloudFormation has it, since the construct would refuse the expression.
    broken = cdk.CfnResource(
        stack,
        "Broken",
        type="AWS::Personalize::Filter",
        properties={
            "Name": "broken",
            "DatasetGroupArn": group.dataset_group_arn,
            "FilterExpression": "no such thing",
        },
    )
    broken.node.add_dependency(dataset)
app.synth()
