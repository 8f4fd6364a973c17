"""Metric attributions: which figures events add up to. They are kept; nothing is reported yet."""

from __future__ import annotations

from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError, ResourceAlreadyExistsError
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.store import Document, Resource


class MetricAttributions(ResourceFamily):
    """The operations on metric attributions."""

    kind = "metric-attribution"
    create_seconds = 20.0
    delete_seconds = 20.0

    def create_metric_attribution(self, request: Document, caller: Caller) -> Document:
        """Create the one metric attribution of a dataset group."""
        group = self._get_active(request["datasetGroupArn"], caller, kind="dataset-group")
        for other in self._store.find(self.kind, group=group.arn):
            msg = f"{group.arn} already has the metric attribution {other.arn}."
            raise ResourceAlreadyExistsError(msg)
        self._require_distinct(request["metrics"])
        self._require_role(request["metricsOutputConfig"]["roleArn"], caller)
        arn = caller.arn(f"metric-attribution/{request['name']}")
        document = {**request, "metricAttributionArn": arn}
        self._create(arn, document, caller, name=request["name"], group=group.arn)
        return {"metricAttributionArn": arn}

    def describe_metric_attribution(self, request: Document, caller: Caller) -> Document:
        """Describe a metric attribution, but for its metrics."""
        found = self._get(request["metricAttributionArn"], caller)
        return {"metricAttribution": found.document}

    def list_metric_attributions(self, request: Document, caller: Caller) -> Document:
        """List the metric attributions, of all groups or of one."""
        parent = request.get("datasetGroupArn")
        return self._page(request, caller, "metricAttributions", parent=parent)

    def list_metric_attribution_metrics(self, request: Document, caller: Caller) -> Document:
        """List the metrics of a metric attribution."""
        if "metricAttributionArn" not in request:
            return {"metrics": []}
        found = self._get(request["metricAttributionArn"], caller)
        metrics = [
            Resource("", self.kind, caller, metric["metricName"], metric, number=number)
            for number, metric in enumerate(found.document["metrics"], start=1)
        ]
        return self._page_of(metrics, request, "metrics", found.arn)

    def update_metric_attribution(self, request: Document, caller: Caller) -> Document:
        """Add and remove metrics, and change where reports go."""
        if "metricAttributionArn" not in request:
            msg = "metricAttributionArn must be given."
            raise InvalidInputError(msg)
        found = self._get_active(request["metricAttributionArn"], caller, kind=self.kind)
        removed = set(request.get("removeMetrics", []))
        held = {metric["metricName"] for metric in found.document["metrics"]}
        if missing := removed - held:
            msg = f"There is no metric of the name {', '.join(sorted(missing))}."
            raise InvalidInputError(msg)
        metrics = [m for m in found.document["metrics"] if m["metricName"] not in removed]
        metrics += request.get("addMetrics", [])
        self._require_distinct(metrics)
        output = request.get("metricsOutputConfig")
        if output is None:
            output = found.document["metricsOutputConfig"]
        else:
            self._require_role(output["roleArn"], caller)
        self._change(found.arn, metrics=metrics, metricsOutputConfig=output)
        return {"metricAttributionArn": found.arn}

    def delete_metric_attribution(self, request: Document, caller: Caller) -> Document:
        """Delete a metric attribution."""
        self._delete(self._get(request["metricAttributionArn"], caller))
        return {}

    def _require_distinct(self, metrics: list[Document]) -> None:
        names = [metric["metricName"] for metric in metrics]
        for name in names:
            if names.count(name) > 1:
                msg = f"There is a metric of the name {name} already."
                raise ResourceAlreadyExistsError(msg)
        self._require_room(self._quotas.metrics, len(metrics) - 1, "metrics")
