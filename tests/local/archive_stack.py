"""A stack with an archive of a stream, and a pipeline that can import what is in it."""

import aws_cdk as cdk
from aws_cdk import aws_kinesis as kinesis
from constructs import Construct

from cdk_personalize import DatasetType, SchemaField
from cdk_personalize.patterns import EventArchive
from tests.local.piped_stack import PipedStack

NAME = "Archived"
EXPORTED = "exported/"


class ArchiveStack(PipedStack):
    """The stack."""

    def __init__(self, scope: Construct) -> None:
        """Define the stack."""
        super().__init__(scope, NAME)
        stream = kinesis.Stream(
            self,
            "Stream",
            encryption_key=self.store.key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        schemas = {
            kind: self.schema(kind, fields)
            for kind, fields in {
                DatasetType.INTERACTIONS: [
                    SchemaField.string("EVENT_TYPE"),
                    SchemaField.float("EVENT_VALUE", nullable=True),
                    SchemaField.string("DEVICE_TYPE", nullable=True, categorical=True),
                ],
                DatasetType.ITEMS: [
                    SchemaField.float("PRICE"),
                    SchemaField.string("PRODUCT_DESCRIPTION", nullable=True, textual=True),
                ],
            }.items()
        }
        archive = EventArchive(
            self,
            "Archive",
            stream=stream,
            data_store=self.store,
            datasets=[
                self.group.add_dataset(str(kind), schema=schema) for kind, schema in schemas.items()
            ],
        )
        self.add_pipeline()
        # What another dataset group exports, to see what it has taken in.
        self.store.allow_write(EXPORTED)
        for name, value in (
            ("StreamName", stream.stream_name),
            ("InteractionsSchemaArn", schemas[DatasetType.INTERACTIONS].schema_arn),
            ("RoleArn", self.store.role.role_arn),
            ("DatabaseName", archive.database_name),
            ("ArchiveFunction", archive.function.function_name),
            ("ArchiveQueueUrl", archive.dead_letter_queue.queue_url),
        ):
            cdk.CfnOutput(self, name, value=value)
