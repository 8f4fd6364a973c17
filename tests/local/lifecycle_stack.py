"""A stack with one of each resource, in the versions that it is changed through."""

from enum import StrEnum

import aws_cdk as cdk
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk_personalize import (
    Campaign,
    DatasetGroup,
    DatasetType,
    Domain,
    EventParameters,
    MetricAttribute,
    Recipe,
    Schema,
    SchemaField,
    UseCase,
)
from tests.local.piped_stack import PipedStack

NAME = "Lifecycle"
PARAMETER = "tracking-id"


class Version(StrEnum):
    """What the stack is changed to."""

    FIRST = "first"
    CHANGED = "changed"
    """All that can be changed in place is."""
    REPLACED = "replaced"
    """All that cannot be changed in place is another one."""


class LifecycleStack(PipedStack):
    """One version of the stack."""

    def __init__(
        self, scope: Construct, version: Version, *, columns: bool = False, broken: bool = False
    ) -> None:
        """Define a version of the stack.

        Args:
            scope: The app.
            version: The version.
            columns: Whether it has the columns of later versions, which the service keeps.
            broken: Whether a resource behind all others fails.
        """
        super().__init__(scope, NAME, domain=Domain.ECOMMERCE)
        self.changed = version != Version.FIRST
        self.replaced = version == Version.REPLACED
        self.has_columns = self.changed or columns
        group = self.group
        self._define_datasets()
        self._define_actions()
        tracker = group.add_event_tracker(
            "Tracker", event_tracker_name="renamed" if self.replaced else "tracker"
        )
        ssm.StringParameter(
            self, "Told", parameter_name=PARAMETER, string_value=tracker.tracking_id
        )
        group.add_filter(
            "Filter",
            filter_expression="EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN"
            + (' ("Purchase", "View")' if self.replaced else ' ("Purchase")'),
        )
        solution = group.add_solution(
            "Solution",
            recipe=Recipe.USER_PERSONALIZATION_V2,
            perform_auto_training=self.changed,
            auto_training_interval=cdk.Duration.days(3) if self.changed else None,
            events_config=[EventParameters.of("View", weight=0.5 if self.changed else 1.0)],
            algorithm_hyper_parameters={"apply_recency_bias": "false"} if self.replaced else None,
        )
        Campaign(
            self,
            "Campaign",
            solution=solution,
            min_provisioned_tps=2 if self.changed else 1,
            enable_metadata_with_recommendations=self.changed or None,
        )
        group.add_recommender(
            "Recommender",
            use_case=UseCase.CUSTOMERS_WHO_VIEWED_X_ALSO_VIEWED
            if self.replaced
            else UseCase.MOST_VIEWED,
            min_recommendation_requests_per_second=2 if self.changed else 1,
            enable_metadata_with_recommendations=self.changed or None,
        )
        group.add_metric_attribution(
            "Attribution",
            metrics=[
                MetricAttribute.sum(
                    metric_name="Revenue",
                    event_type="Purchase",
                    dataset_type=DatasetType.ITEMS,
                    column="PRICE",
                )
                if self.changed
                else MetricAttribute.count(metric_name="Views", event_type="View")
            ],
            metric_attribution_name="renamed" if self.replaced else "attribution",
        )
        self.add_pipeline()
        if broken:
            failing = personalize.CfnSchema(self, "Failing", name="failing", schema='{"no": 1}')
            for construct in self.node.children:
                if construct.node.id != "Failing":
                    failing.node.add_dependency(construct)
        cdk.Tags.of(self).add("version", "second" if self.changed else "first")

    def _define_actions(self) -> None:
        """Define the datasets of actions, which a group without a domain has."""
        group = DatasetGroup(self, "Actions")
        for dataset_type in (DatasetType.ACTIONS, DatasetType.ACTION_INTERACTIONS):
            schema = Schema(self, f"{dataset_type}Schema", dataset_type=dataset_type)
            dataset = group.add_dataset(str(dataset_type), schema=schema)
        cdk.CfnOutput(self, "TrackingId", value=str(dataset.tracking_id))

    def _define_datasets(self) -> None:
        more = [SchemaField.string("BRAND", categorical=True, nullable=True)] * self.has_columns
        columns = {
            DatasetType.INTERACTIONS: [SchemaField.string("EVENT_TYPE")],
            DatasetType.ITEMS: [
                SchemaField.float("PRICE"),
                SchemaField.string("CATEGORY_L1", categorical=True),
                *more,
            ],
            DatasetType.USERS: [SchemaField.string("MEMBERSHIP", categorical=True), *more],
        }
        for dataset_type, fields in columns.items():
            self.group.add_dataset(str(dataset_type), schema=self.schema(dataset_type, fields))
