"""Where the figures of a metric attribution are in CloudWatch."""

from __future__ import annotations

import time
from typing import Any

from aws_check.finding import Finding, Question, Verdict
from aws_check.probe import PERSONALIZE, Probe
from aws_check.questions.cloudformation_types import put_metric_data

_NAMESPACE = "PersonalizeMetricAttribution"
_ITEMS = ("I0001", "I0002", "I0003")


def namespace_and_dimensions(probe: Probe) -> Finding:
    """Attribute events to a metric with a name of its own, and look for it in CloudWatch."""
    role = probe.role({"Service": PERSONALIZE}, put_metric_data())
    metric = probe.name("views")
    arn = probe.create(
        "metric_attribution",
        name=probe.name("attribution"),
        datasetGroupArn=probe.group_arn,
        metrics=[{"eventType": "View", "metricName": metric, "expression": "SAMPLECOUNT()"}],
        metricsOutputConfig={"roleArn": role},
    )
    found: list[dict[str, Any]] = []
    pages = probe.client("cloudwatch").get_paginator("list_metrics")

    def is_there() -> bool:
        # The developer guide promises a figure every 15 minutes for events after the creation.
        probe.stack.send(probe.stack.events_of("personalize-aws-check", _ITEMS))
        for page in pages.paginate(RecentlyActive="PT3H"):
            found.extend(
                each for each in page["Metrics"] if each["MetricName"].lower() == metric.lower()
            )
        return bool(found)

    began = time.monotonic()
    limit, poll = probe.pace.figures_limit, probe.pace.learning_poll
    probe.wait_for(is_there, f"a figure of {arn}", limit, poll)
    evidence = [
        f"{each['Namespace']} {each['MetricName']}:"
        f" {', '.join(d['Name'] + '=' + d['Value'] for d in each['Dimensions'])}"
        for each in found
    ]
    evidence.append(f"seen {time.monotonic() - began:.0f} s after the first event")
    namespaces = sorted({each["Namespace"] for each in found})
    names = sorted({d["Name"] for each in found for d in each["Dimensions"]})
    return Finding(
        f"namespace {', '.join(namespaces)}, dimensions {', '.join(names) or 'none'}",
        Verdict.CONFIRMS if namespaces == [_NAMESPACE] else Verdict.CONTRADICTS,
        evidence,
    )


NAMESPACE_AND_DIMENSIONS = Question(
    text="Which namespace and dimensions have the figures of a metric attribution?",
    method="a metric attribution on the demo's group, views through its stream, then ListMetrics",
    cost="at most $0.30 for a metric of CloudWatch, which cannot be deleted and expires by itself",
    assumed=f"the emulator takes the namespace {_NAMESPACE}, which is a guess",
    ask=namespace_and_dimensions,
)
