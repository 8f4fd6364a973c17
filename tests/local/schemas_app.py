"""Two datasets in the steps of their life that `test_dataset_schema.py` takes."""

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
described = [SchemaField.string("GENRE", categorical=True)]
branded = [*described, SchemaField.string("BRAND", categorical=True, nullable=True)]
group = DatasetGroup(stack, "Group")
interactions = group.add_dataset(
    "Interactions",
    schema=Schema(
        stack,
        "Schema",
        dataset_type=DatasetType.INTERACTIONS,
        fields=rated if step in {"refused", "replaced"} else required,
    ),
    on_incompatible_change=(
        OnIncompatibleChange.REPLACE
        if step in {"replaced", "failing"}
        else OnIncompatibleChange.REFUSE
    ),
)
items = group.add_dataset(
    "Items",
    schema=Schema(
        stack,
        "ItemsSchema",
        dataset_type=DatasetType.ITEMS,
        fields=branded if step in {"branded", "branded-failing"} else described,
    ),
)
if step in {"failing", "branded-failing"}:
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
    broken.node.add_dependency(interactions, items)
app.synth()
