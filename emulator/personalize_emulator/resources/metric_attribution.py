"""Metric attributions: which figures events add up to."""

from __future__ import annotations

import logging

from cdk_personalize.avro_schema import AvroSchema, DatasetType
from cdk_personalize.metric_expression import (
    findings,
    findings_of_columns,
    findings_of_names,
    findings_of_number,
)
from personalize_emulator.attribution import Attribution
from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.datasets import dataset_of, parse_schema
from personalize_emulator.errors import InvalidInputError, ResourceAlreadyExistsError
from personalize_emulator.jobs import Job, Outcome
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.store import Document, Resource

_log = logging.getLogger(__name__)


class MetricAttributions(ResourceFamily):
    """The operations on metric attributions."""

    kind = "metric-attribution"
    create_seconds = 20.0
    delete_seconds = 20.0

    def __init__(self, backend: Backend) -> None:
        """Stand on the shared parts."""
        super().__init__(backend)
        self._attribution = Attribution(backend)

    def create_metric_attribution(self, request: Document, caller: Caller) -> Document:
        """Create the one metric attribution of a dataset group."""
        group = self._get_active(request["datasetGroupArn"], caller, kind="dataset-group")
        for other in self._store.find(self.kind, group=group.arn):
            msg = f"{group.arn} already has the metric attribution {other.arn}."
            raise ResourceAlreadyExistsError(msg)
        self._require_distinct(request["metrics"])
        self._require_fit(request["metrics"], group.arn)
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
        """Add and remove metrics, and change where reports go.

        No status of an update is documented; here it holds at once.
        """
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
        added = request.get("addMetrics", [])
        self._require_distinct(metrics + added)
        self._require_fit(added, found.group_arn or "")
        output = request.get("metricsOutputConfig") or found.document["metricsOutputConfig"]
        self._require_role(output["roleArn"], caller)
        self._change(found.arn, metrics=metrics + added, metricsOutputConfig=output)
        return {"metricAttributionArn": found.arn}

    def delete_metric_attribution(self, request: Document, caller: Caller) -> Document:
        """Delete a metric attribution; what it has not reported yet it never will."""
        self._delete(self._get(request["metricAttributionArn"], caller))
        return {}

    def begin(self, job: Job) -> None:
        """Mark the metric attribution as being worked on; a report is not seen from outside."""
        if job.action != "report":
            super().begin(job)

    def work(self, job: Job) -> Outcome | None:
        """Add up the events that a report is due for."""
        if job.action == "report":
            return self._attribution.report_events(self._existing(job.arn))
        return None

    def finish(self, job: Job) -> None:
        """Mark the metric attribution as done; a new one reports what comes from now on."""
        if job.action == "report":
            return
        super().finish(job)
        if job.action == "create":
            found = self._existing(job.arn)
            dataset = dataset_of(found.group_arn or "", DatasetType.INTERACTIONS)
            self._change(job.arn, reportedEvent=self._backend.interactions.latest_event(dataset))
            self._attribution.try_out(found)

    def fail(self, job: Job, reason: str) -> None:
        """Mark the metric attribution as failed; a report that fails is due with the next event."""
        if job.action == "report":
            _log.error("the report of %s failed: %s", job.arn, reason)
        else:
            super().fail(job, reason)

    def _require_distinct(self, metrics: list[Document]) -> None:
        if findings := findings_of_names(metrics):
            msg = f"A metric is there already: {'; '.join(findings)}."
            raise ResourceAlreadyExistsError(msg)
        self._refuse_metrics(findings_of_number(metrics, self._quotas.metrics))

    def _require_fit(self, metrics: list[Document], group_arn: str) -> None:
        """Refuse metrics that the datasets of the group have no columns for."""
        self._refuse_metrics([finding for metric in metrics for finding in findings(metric)])
        schemas = self._schemas(group_arn)
        self._refuse_metrics(findings_of_columns(metrics, schemas, complete=True))

    @staticmethod
    def _refuse_metrics(findings: list[str]) -> None:
        if findings:
            msg = f"The metrics are not valid: {'; '.join(findings)}."
            raise InvalidInputError(msg)

    def _schemas(self, group_arn: str) -> dict[DatasetType, AvroSchema]:
        schemas = {}
        for dataset in self._store.find("dataset", group=group_arn):
            schema = parse_schema(self._existing(dataset.document["schemaArn"]).document)
            schemas[schema.dataset_type] = schema
        return schemas
