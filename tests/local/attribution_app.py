"""A stack of what a dataset group has one of, in three versions; the last one fails."""

import aws_cdk as cdk
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_ssm as ssm

from cdk_personalize import DatasetGroup, DatasetType, MetricAttribute, Schema

app = cdk.App()
version = app.node.get_context("version")
is_first = version == "first"
stack = cdk.Stack(app, "OneOfAKind")
group = DatasetGroup(stack, "Group")
group.add_dataset(
    "Interactions", schema=Schema(stack, "Schema", dataset_type=DatasetType.INTERACTIONS)
)
tracker = group.add_event_tracker("Tracker", event_tracker_name="clicks" if is_first else "touches")
attribution = group.add_metric_attribution(
    "Attribution",
    metrics=[
        MetricAttribute.count(metric_name="Clicks", event_type="Click" if is_first else "View")
    ],
    metric_attribution_name="first" if version != "failing" else "failing",
)
told = ssm.StringParameter(
    stack, "TrackingId", parameter_name="tracking-id", string_value=tracker.tracking_id
)
if version == "failing":
    bad = personalize.CfnFilter(
        stack,
        "Bad",
        name="bad",
        dataset_group_arn=group.dataset_group_arn,
        filter_expression="EXCLUDE all",
    )
    bad.node.add_dependency(tracker, attribution, told)
app.synth()
