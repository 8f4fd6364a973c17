"""Figures of Amazon Personalize, in the CloudWatch of local AWS."""

from __future__ import annotations

import time

from personalize_emulator.metric_data import CloudWatchMetricData, MetricDatum
from tests.local.services.cloud import Cloud, eventually
from tests.local.services.templates import GROUP, ROLE_OF_THE_SERVICE, resource, shop


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


def test_a_metric_attribution_tries_out_the_cloudwatch_of_local_aws(cloud: Cloud) -> None:
    resources = {name: shop("tried")[name] for name in ("Schema", "Group", "Dataset")}
    metric = {"EventType": "Watch", "MetricName": "Watched", "Expression": "SAMPLECOUNT()"}
    attribution = resource(
        "MetricAttribution",
        Name="tried",
        DatasetGroupArn=GROUP,
        Metrics=[metric],
        MetricsOutputConfig={"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}},
    )
    resources |= {"Role": ROLE_OF_THE_SERVICE, "Tried": attribution | {"DependsOn": ["Dataset"]}}
    made = cloud.deploy(resources, "tried")

    cloudwatch = cloud.client("cloudwatch")
    wanted = [{"Name": "DatasetGroupArn", "Value": made["Group"]}]
    found = eventually(
        lambda: cloudwatch.list_metrics(MetricName="PermissionCheck", Dimensions=wanted)["Metrics"]
    )
    cloud.delete("tried")
    assert len(found) == 1
