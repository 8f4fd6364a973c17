"""A stack with a job of each kind, a campaign and a recommender, on one pipeline."""

from pathlib import Path

import aws_cdk as cdk

from cdk_personalize import (
    BatchInferenceJob,
    BatchSegmentJob,
    Campaign,
    DataDeletionJob,
    DatasetExportJob,
    DatasetGroup,
    DatasetImportJob,
    DatasetType,
    Domain,
    ImportMode,
    IngestionMode,
    Recipe,
    Recommender,
    Schema,
    UseCase,
    fields_of_csv,
)
from cdk_personalize.patterns import DataStore, TrainingPipeline

app = cdk.App()
data = Path(app.node.get_context("data"))
stack = cdk.Stack(app, "Jobs")
store = DataStore(stack, "Data", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True)
group = DatasetGroup(
    stack, "Group", domain=Domain.ECOMMERCE, encryption_key=store.key, role=store.role
)
group.node.add_dependency(store.role_ready)
interactions, items = (
    group.add_dataset(
        str(kind),
        schema=Schema(
            stack,
            f"{kind}Schema",
            dataset_type=kind,
            domain=Domain.ECOMMERCE,
            fields=fields_of_csv(data / f"{kind.lower()}.csv"),
        ),
    )
    for kind in (DatasetType.INTERACTIONS, DatasetType.ITEMS)
)
related = group.add_solution(
    "Related",
    recipe=Recipe.SIMILAR_ITEMS,
    # another solution in the next version of the stack, while a campaign serves the old one
    event_type=app.node.try_get_context("event_type"),
)
fans = group.add_solution("Fans", recipe=Recipe.ITEM_AFFINITY)
Campaign(stack, "Campaign", solution=related, sync_with_latest_solution_version=True)
Recommender(stack, "MostViewed", dataset_group=group, use_case=UseCase.MOST_VIEWED)
pipeline = TrainingPipeline(
    stack,
    "Pipeline",
    dataset_group=group,
    data_store=store,
    jobs=[
        DatasetImportJob(dataset=interactions, import_mode=ImportMode.INCREMENTAL),
        DataDeletionJob(dataset_group=group),
        BatchInferenceJob(
            job_name="related",
            solution=related,
            num_results=3,
            filter=group.add_filter(
                "Cheap", filter_expression="INCLUDE ItemID WHERE Items.PRICE < 1000"
            ),
        ),
        BatchSegmentJob(job_name="fans", solution=fans, num_results=5, tags={"team": "mail"}),
        DatasetExportJob(dataset=interactions, ingestion_mode=IngestionMode.BULK),
    ],
)
cdk.CfnOutput(stack, "BucketName", value=store.bucket.bucket_name)
cdk.CfnOutput(stack, "StateMachineArn", value=pipeline.state_machine.state_machine_arn)
app.synth()
