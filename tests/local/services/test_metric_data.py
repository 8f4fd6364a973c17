"""Figures of Amazon Personalize, in the CloudWatch of local AWS."""

from __future__ import annotations

import time

from personalize_emulator.metric_data import CloudWatchMetricData, MetricDatum
from tests.local.services.cloud import Cloud, eventually


def test_a_figure_arrives_with_its_dimensions(cloud: Cloud) -> None:
    options = cloud.aws.client_options
    metric_data = CloudWatchMetricData(
        options["endpoint_url"],
        region=options["region_name"],
        access_key_id=options["aws_access_key_id"],
        secret_access_key=options["aws_secret_access_key"],
    )
    dimensions = {"DatasetGroupArn": "arn", "EventType": "Watch"}

    metric_data.put("AWS/Personalize", [MetricDatum("Watched", 3.0, time.time(), dimensions)])
    metric_data.close()

    cloudwatch = cloud.client("cloudwatch")
    (metric,) = eventually(
        lambda: cloudwatch.list_metrics(Namespace="AWS/Personalize", MetricName="Watched")[
            "Metrics"
        ]
    )
    found = {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]}
    assert found == dimensions
