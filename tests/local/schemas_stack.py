"""Two datasets and a pipeline, in the versions that `test_dataset_schema.py` deploys."""

import aws_cdk as cdk
from constructs import Construct

from cdk_personalize import DatasetType, OnIncompatibleChange, SchemaField
from tests.local.piped_stack import PipedStack

NAME = "Schemas"
_COLUMNS = ("BRAND", "COLOUR")


class SchemasStack(PipedStack):
    """One version of the stack."""

    def __init__(
        self,
        scope: Construct,
        *,
        is_float: bool = False,
        may_replace: bool = False,
        columns: int = 0,
        is_broken: bool = False,
    ) -> None:
        """Define a version of the stack.

        Args:
            scope: The app.
            is_float: Whether ratings are numbers, or text.
            may_replace: Whether the interactions may be replaced.
            columns: How many columns the items have more.
            is_broken: Whether a resource behind all others fails.
        """
        super().__init__(scope, NAME)
        rating = SchemaField.float if is_float else SchemaField.string
        interactions = self.group.add_dataset(
            "Interactions",
            schema=self.schema(
                DatasetType.INTERACTIONS,
                [
                    SchemaField.string("USER_ID"),
                    SchemaField.string("ITEM_ID"),
                    SchemaField.long("TIMESTAMP"),
                    rating("RATING"),
                ],
            ),
            on_incompatible_change=(
                OnIncompatibleChange.REPLACE if may_replace else OnIncompatibleChange.REFUSE
            ),
        )
        names = ("GENRE", *_COLUMNS[:columns])
        items = self.group.add_dataset(
            "Items",
            schema=self.schema(
                DatasetType.ITEMS,
                [
                    SchemaField.string(name, categorical=True, nullable=name != "GENRE")
                    for name in names
                ],
            ),
        )
        self.add_pipeline()
        if is_broken:
            # Written down as CloudFormation has it, since the construct would refuse it.
            broken = cdk.CfnResource(
                self,
                "Broken",
                type="AWS::Personalize::Filter",
                properties={
                    "Name": "broken",
                    "DatasetGroupArn": self.group.dataset_group_arn,
                    "FilterExpression": "no such thing",
                },
            )
            broken.node.add_dependency(interactions, items)
