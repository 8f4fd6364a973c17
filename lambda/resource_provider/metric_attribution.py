"""Custom::PersonalizeMetricAttribution.

CloudFormation's own type replaces a metric attribution whose metrics change, which a dataset group
has no place for; this one lets the service add and remove metrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resource_provider.control_plane import matches
from resource_provider.lifecycle import ResourceEvent, request_of
from resource_provider.one_per_group import OnePerGroup


class MetricAttributionResource(OnePerGroup):
    """The metric attributions of the stack."""

    kind = "metric attribution"
    arn_member = "metricAttributionArn"

    def _create(self, request: dict[str, Any]) -> None:
        self._personalize.create_metric_attribution(**request)

    def _delete(self, arn: str) -> None:
        self._personalize.delete_metric_attribution(metricAttributionArn=arn)

    def _list(self, group_arn: str | None = None) -> list[dict[str, Any]]:
        list_all = self._personalize.get_paginator("list_metric_attributions").paginate
        pages = list_all(datasetGroupArn=group_arn) if group_arn else list_all()
        return [dict(one) for page in pages for one in page["metricAttributions"]]

    def _still_adjusting(self, event: ResourceEvent, found: dict[str, Any]) -> str | None:
        arn, request = found[self.arn_member], request_of(event)
        changes = _changes(self._metrics(arn), request["metrics"])
        output = request["metricsOutputConfig"]
        # After an update the service has the output, should it write it in another way than we do.
        is_updated = str(found["lastUpdatedDateTime"]) != event.get("LatestUpdate")
        if not is_updated and not _is_same_output(output, self._output(arn)):
            changes["metricsOutputConfig"] = output
        if not changes:
            return None
        self._personalize.update_metric_attribution(metricAttributionArn=arn, **changes)
        return f"the metric attribution {arn} is being updated"

    def _metrics(self, arn: str) -> list[dict[str, Any]]:
        paginator = self._personalize.get_paginator("list_metric_attribution_metrics")
        pages = paginator.paginate(metricAttributionArn=arn)
        return [dict(metric) for page in pages for metric in page["metrics"]]

    def _output(self, arn: str) -> dict[str, Any]:
        answer = self._personalize.describe_metric_attribution(metricAttributionArn=arn)
        return dict(answer["metricAttribution"]["metricsOutputConfig"])


def _changes(there: Sequence[dict[str, Any]], wanted: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the members of the next update that brings the metrics nearer to what is wanted.

    A metric that changes is removed and added. Whether one call may do both under one name, or at
    the limit of metrics, or leave no metric at all, is not documented. So what is to go is removed
    first; if nothing would be left, what is new is added with it.
    """
    held, asked = {_key(metric) for metric in there}, {_key(metric) for metric in wanted}
    removed = [metric["metricName"] for metric in there if _key(metric) not in asked]
    added = [metric for metric in wanted if _key(metric) not in held]
    if removed:
        names = {name.casefold() for name in removed}
        some_stay = len(removed) < len(there)
        added = [m for m in added if not some_stay and m["metricName"].casefold() not in names]
    members = {"removeMetrics": removed, "addMetrics": added}
    return {member: value for member, value in members.items() if value}


def _key(metric: dict[str, Any]) -> tuple[str, ...]:
    """Return what makes a metric; the service tells names and types of events in upper case."""
    return tuple(metric[member].casefold() for member in ("metricName", "eventType", "expression"))


def _is_same_output(wanted: dict[str, Any], there: dict[str, Any]) -> bool:
    # What is there and not wanted counts, too: reports that go to a bucket no longer.
    return matches(wanted, there) and ("s3DataDestination" in wanted) == (
        "s3DataDestination" in there
    )
