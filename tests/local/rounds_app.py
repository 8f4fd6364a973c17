"""A stack whose models need different data, on one pipeline."""

from pathlib import Path

import aws_cdk as cdk

from cdk_personalize import (
    Campaign,
    DatasetGroup,
    DatasetType,
    Domain,
    Recipe,
    Recommender,
    Schema,
    SchemaField,
    UseCase,
    fields_of_csv,
)
from cdk_personalize.patterns import DataStore, TrainingPipeline

app = cdk.App()
data = Path(app.node.get_context("data"))
stack = cdk.Stack(app, "Rounds")
store = DataStore(stack, "Data", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True)
group = DatasetGroup(
    stack, "Group", domain=Domain.ECOMMERCE, encryption_key=store.key, role=store.role
)
group.node.add_dependency(store.role_ready)
for kind, fields in {
    DatasetType.INTERACTIONS: fields_of_csv(data / "interactions.csv"),
    DatasetType.ITEMS: [
        SchemaField.string("NAME", item_name=True),
        SchemaField.float("PRICE"),
        SchemaField.string("CATEGORY_L1", categorical=True),
        SchemaField.string("PRODUCT_DESCRIPTION", textual=True),
    ],
}.items():
    schema = Schema(
        stack, f"{kind}Schema", dataset_type=kind, domain=Domain.ECOMMERCE, fields=fields
    )
    group.add_dataset(str(kind), schema=schema)
group.add_solution("Described", recipe=Recipe.SEMANTIC_SIMILARITY)
viewed = group.add_solution("Viewed", recipe=Recipe.SIMS)
group.add_solution("Bought", recipe=Recipe.SIMS, event_type="Purchase")
Campaign(stack, "Campaign", solution=viewed)
Recommender(stack, "BestSellers", dataset_group=group, use_case=UseCase.BEST_SELLERS)
pipeline = TrainingPipeline(
    stack,
    "Pipeline",
    dataset_group=group,
    data_store=store,
    quiet_period=cdk.Duration.seconds(1),
)
cdk.CfnOutput(stack, "BucketName", value=store.bucket.bucket_name)
cdk.CfnOutput(stack, "StateMachineArn", value=pipeline.state_machine.state_machine_arn)
app.synth()
