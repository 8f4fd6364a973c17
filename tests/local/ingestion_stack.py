"""A stack that takes every kind of record, from its stream and from an event bus."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_personalize import DatasetGroup, DatasetType, Schema, SchemaField
from cdk_personalize.patterns import EventIngestion, EventSourceOptions

NAME = "Events"
SOURCE = "tests.shop"

_COLUMNS = {
    DatasetType.INTERACTIONS: (
        SchemaField.string("EVENT_TYPE"),
        SchemaField.float("EVENT_VALUE", nullable=True),
        SchemaField.string("DEVICE", categorical=True, nullable=True),
    ),
    DatasetType.ITEMS: (SchemaField.string("CATEGORY", categorical=True),),
    DatasetType.USERS: (SchemaField.string("PLAN", categorical=True),),
    DatasetType.ACTIONS: None,
    DatasetType.ACTION_INTERACTIONS: None,
}


class IngestionStack(cdk.Stack):
    """The stack."""

    def __init__(self, scope: Construct, *, events_endpoint: str) -> None:
        """Define the stack.

        Args:
            scope: The app.
            events_endpoint: Where the function finds the events endpoint of Amazon Personalize.
        """
        super().__init__(scope, NAME)
        group = DatasetGroup(self, "Group")
        datasets = {
            kind: group.add_dataset(
                str(kind),
                schema=Schema(self, f"{kind}Schema", dataset_type=kind, fields=fields),
            )
            for kind, fields in _COLUMNS.items()
        }
        interactions = datasets.pop(DatasetType.INTERACTIONS)
        tracker = group.add_event_tracker("Tracker")
        bucket = s3.Bucket(
            self, "Large", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True
        )
        ingestion = EventIngestion(
            self,
            "Ingestion",
            event_tracker=tracker,
            datasets=list(datasets.values()),
            shard_count=2,
            event_source=EventSourceOptions(batch_size=250),
            dead_letter_bucket=bucket,
        )
        ingestion.add_event_bus("FromBus", event_pattern=events.EventPattern(source=[SOURCE]))
        ingestion.function.add_environment(  # type: ignore[attr-defined]  # it is one of ours
            "AWS_ENDPOINT_URL_PERSONALIZE_EVENTS", events_endpoint
        )
        for name, value in (
            ("StreamName", ingestion.stream.stream_name),
            ("QueueUrl", ingestion.dead_letter_queue.queue_url),
            ("BucketName", bucket.bucket_name),
            ("InteractionsArn", interactions.dataset_arn),
            ("ActionInteractionsArn", datasets[DatasetType.ACTION_INTERACTIONS].dataset_arn),
        ):
            cdk.CfnOutput(self, name, value=value)
