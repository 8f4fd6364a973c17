"""A stack with one of each resource, in the versions that it is changed through.

The context `version` is `first`, `changed` (all that can be changed in place is), `replaced` (all
that cannot is another one); `columns` adds those of `changed` to `first`, since the service takes
none away again; `broken` puts a resource behind all others that fails.
"""

import aws_cdk as cdk
from aws_cdk import aws_personalize as personalize
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
from cdk_personalize.patterns import DataStore, TrainingPipeline

VERSIONS = ("first", "changed", "replaced")


class LifecycleStack(cdk.Stack):
    """One version of the stack."""

    def __init__(self, scope: Construct, version: str, *, columns: bool, broken: bool) -> None:
        """Define the stack of `version`."""
        super().__init__(scope, "Lifecycle")
        self.changed = version in VERSIONS[1:]
        self.replaced = version == "replaced"
        self.has_columns = self.changed or columns
        self.store = DataStore(
            self, "Data", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True
        )
        group = self.group = DatasetGroup(
            self,
            "Group",
            domain=Domain.ECOMMERCE,
            encryption_key=self.store.key,
            role=self.store.role,
        )
        group.node.add_dependency(self.store.role_ready)
        self._define_datasets()
        self._define_actions()
        group.add_event_tracker(
            "Tracker", event_tracker_name="renamed" if self.replaced else "tracker"
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
        pipeline = TrainingPipeline(
            self, "Pipeline", dataset_group=group, data_store=self.store, quiet_period=_QUIET
        )
        for name, value in (
            ("StateMachineArn", pipeline.state_machine.state_machine_arn),
            ("BucketName", self.store.bucket.bucket_name),
            ("DatasetGroupArn", group.dataset_group_arn),
        ):
            cdk.CfnOutput(self, name, value=value)
        if broken:
            failing = personalize.CfnSchema(self, "Failing", name="failing", schema='{"no": 1}')
            failing.node.add_dependency(self.group, pipeline)
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
            schema = Schema(
                self,
                f"{dataset_type}Schema",
                dataset_type=dataset_type,
                fields=fields,
                domain=Domain.ECOMMERCE,
            )
            self.group.add_dataset(str(dataset_type), schema=schema)


_QUIET = cdk.Duration.seconds(1)

app = cdk.App()
LifecycleStack(
    app,
    app.node.get_context("version"),
    columns=bool(app.node.try_get_context("columns")),
    broken=bool(app.node.try_get_context("broken")),
)
app.synth()
