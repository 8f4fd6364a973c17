"""What the stacks of these tests have in common: a bucket, a dataset group and a pipeline."""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from cdk_personalize import DatasetGroup, DatasetType, Domain, PipelineJob, Schema, SchemaField
from cdk_personalize.patterns import DataStore, TrainingPipeline


class PipedStack(cdk.Stack):
    """A stack of a dataset group with a pipeline, to be filled by each test."""

    def __init__(self, scope: Construct, name: str, *, domain: Domain | None = None) -> None:
        """Define the bucket, the key and the dataset group."""
        super().__init__(scope, name)
        self.domain = domain
        self.store = DataStore(
            self, "Data", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True
        )
        self.group = DatasetGroup(
            self, "Group", domain=domain, encryption_key=self.store.key, role=self.store.role
        )
        self.group.node.add_dependency(self.store.role_ready)

    def schema(self, dataset_type: DatasetType, fields: Sequence[SchemaField]) -> Schema:
        """Define the schema of a dataset."""
        return Schema(
            self,
            f"{dataset_type}Schema",
            dataset_type=dataset_type,
            domain=self.domain,
            fields=fields,
        )

    def add_pipeline(self, jobs: Sequence[PipelineJob] = ()) -> TrainingPipeline:
        """Define the pipeline, which looks for more data a second only, and the outputs."""
        pipeline = TrainingPipeline(
            self,
            "Pipeline",
            dataset_group=self.group,
            data_store=self.store,
            jobs=jobs,
            quiet_period=cdk.Duration.seconds(1),
        )
        for name, value in (
            ("StateMachineArn", pipeline.state_machine.state_machine_arn),
            ("BucketName", self.store.bucket.bucket_name),
            ("DatasetGroupArn", self.group.dataset_group_arn),
        ):
            cdk.CfnOutput(self, name, value=value)
        return pipeline
