"""A dataset with a pipeline, for whose columns of another type it has to be replaced."""

import aws_cdk as cdk

from cdk_personalize import DatasetGroup, DatasetType, OnIncompatibleChange, Schema, SchemaField
from cdk_personalize.patterns import DataStore, TrainingPipeline

app = cdk.App()
stack = cdk.Stack(app, "Replaced")
store = DataStore(stack, "Data", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True)
group = DatasetGroup(stack, "Group", encryption_key=store.key, role=store.role)
group.node.add_dependency(store.role_ready)
rating = SchemaField.float if app.node.get_context("rating") == "float" else SchemaField.string
group.add_dataset(
    "Interactions",
    schema=Schema(
        stack,
        "Schema",
        dataset_type=DatasetType.INTERACTIONS,
        fields=[
            SchemaField.string("USER_ID"),
            SchemaField.string("ITEM_ID"),
            SchemaField.long("TIMESTAMP"),
            rating("RATING"),
        ],
    ),
    on_incompatible_change=OnIncompatibleChange.REPLACE,
)
pipeline = TrainingPipeline(
    stack, "Pipeline", dataset_group=group, data_store=store, quiet_period=cdk.Duration.seconds(1)
)
cdk.CfnOutput(stack, "BucketName", value=store.bucket.bucket_name)
cdk.CfnOutput(stack, "StateMachineArn", value=pipeline.state_machine.state_machine_arn)
app.synth()
