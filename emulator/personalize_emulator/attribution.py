"""Metric attribution: what events add up to, by the campaign, recommender or other source of each.

Events of PutEvents and rows of incremental imports are reported to CloudWatch, all imports to S3 if
their jobs ask for it: see the developer guide's pages metric-attribution-requirements and
metric-attribution-results. The guide names neither the namespace nor the dimensions that the
figures have in CloudWatch; here they are `NAMESPACE` (a customer's role, which the service reports
with, cannot write to a namespace of AWS's own) and the group, the event type and the source.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.metric_expression import MetricExpression, parse
from personalize_emulator.backend import Backend
from personalize_emulator.bulk.files import Destination
from personalize_emulator.data.columns import Table, Texts
from personalize_emulator.data.interaction_columns import texts_of
from personalize_emulator.data.recommendation_journal import RecommendationJournal
from personalize_emulator.data.records import Record
from personalize_emulator.datasets import dataset_of
from personalize_emulator.errors import JobFailedError
from personalize_emulator.metric_data import MetricDatum
from personalize_emulator.store import Document, Resource

NAMESPACE = "PersonalizeMetricAttribution"
UNDEFINED_SOURCE = "SOURCE_NAME_UNDEFINED"

_INTERVAL = 900  # seconds that one figure stands for, and that events wait for their report
_LONGEST_AGE = 14 * 24 * 3600  # in seconds; older records do not go to CloudWatch

_HEADER = (
    "METRIC_NAME",
    "EVENT_TYPE",
    "VALUE",
    "MATH_FUNCTION",
    "EVENT_ATTRIBUTION_SOURCE",
    "TIMESTAMP",
)


@dataclass(frozen=True)
class Metric:
    """One metric of a metric attribution.

    Attributes:
        name: The name.
        event_type: The type of the events that count, in any case.
        expression: What they add up to.
    """

    name: str
    event_type: str
    expression: MetricExpression

    @classmethod
    def of(cls, attribute: Document) -> Self:
        """Read a metric as a request has it, whose expression is one."""
        expression = parse(attribute["expression"])
        return cls(attribute["metricName"], attribute["eventType"], expression)


@dataclass(frozen=True)
class Total:
    """What the events of one source in one interval add up to."""

    metric: Metric
    source: str
    timestamp: int
    value: float


class Attribution:
    """Reports on the events and imports of dataset groups with a metric attribution."""

    def __init__(self, backend: Backend) -> None:
        """Stand on the shared parts."""
        self._backend = backend
        self._store = backend.store

    def expect_events(self, dataset: Resource) -> None:
        """Have the events of an Interactions dataset reported within a quarter of an hour."""
        for attribution in self._store.find("metric-attribution", group=dataset.group_arn):
            if attribution.status == "ACTIVE":
                self.expect_report(attribution)

    def expect_report(self, attribution: Resource) -> None:
        """Have a metric attribution report, unless that is due already."""
        if not self._backend.jobs.under_way(attribution.arn, "report"):
            self._backend.jobs.submit(attribution.arn, "report", 0.0, after=_INTERVAL)

    def report_events(self, attribution: Resource) -> Callable[[], None]:
        """Add up the events that came in since the last report.

        Returns:
            What reports them.
        """
        dataset = dataset_of(attribution.group_arn or "", DatasetType.INTERACTIONS)
        last = self._backend.interactions.latest_event(dataset)
        rows = self._store.execute(
            "SELECT item_id, event_type, event_value, sent_at, details FROM events"
            " WHERE arn = ? AND number > ? AND number <= ? ORDER BY number",
            (dataset, attribution.document["reportedEvent"], last),
        )
        totals = self._totals(attribution, _table_of_events(rows))

        def report() -> None:
            changed = self._store.get(attribution.arn)
            if changed is not None:
                changed.document["reportedEvent"] = last
                self._to_cloudwatch(changed, totals)
                self._store.save(changed)
                if self._backend.interactions.latest_event(dataset) > last:
                    self.expect_report(changed)

        return report

    def report_import(self, job: Document, table: Table) -> Callable[[], None]:
        """Add up the rows of an import, and write them to S3 if the job asks for it.

        Args:
            job: The document of the import job, which is not over yet.
            table: What it imports; a dataset of another type than Interactions is not reported on.

        Returns:
            What reports them to CloudWatch, if that is to be, once the job is over.

        Raises:
            JobFailedError: They cannot be written to S3.
        """
        dataset = self._store.get(job["datasetArn"])
        publish = bool(job.get("publishAttributionMetricsToS3"))
        found = None
        if dataset is not None and dataset.document["datasetType"] == DatasetType.INTERACTIONS:
            for attribution in self._store.find("metric-attribution", group=dataset.group_arn):
                found = attribution if attribution.status == "ACTIVE" else None
        if found is None:
            if publish:
                msg = "publishAttributionMetricsToS3 needs an ACTIVE metric attribution"
                raise JobFailedError(msg)
            return _do_nothing
        if job["importMode"] != "INCREMENTAL" and not publish:
            return _do_nothing
        attribution = found
        totals = self._totals(attribution, self._with_sources(table))
        if publish:
            self._to_s3(attribution, totals, job["importMode"])
        if job["importMode"] != "INCREMENTAL":
            return _do_nothing

        def report() -> None:
            changed = self._store.get(attribution.arn)
            if changed is not None:
                self._to_cloudwatch(changed, totals)
                self._store.save(changed)

        return report

    def try_out(self, attribution: Resource) -> None:
        """Put the one figure that shows that CloudWatch can be written to.

        The guide says that such data is put, not under which name.
        """
        datum = MetricDatum(
            "PermissionCheck",
            0.0,
            self._backend.now(),
            {"DatasetGroupArn": attribution.group_arn or ""},
        )
        self._backend.metric_data.put(NAMESPACE, [datum])

    def _totals(self, attribution: Resource, table: Table) -> list[Total]:
        metrics = [Metric.of(attribute) for attribute in attribution.document["metrics"]]
        items = self._backend.records.all(
            dataset_of(attribution.group_arn or "", DatasetType.ITEMS)
        )
        totals = [total for metric in metrics for total in _totals_of(metric, table, items)]
        # The latest first, as the guide's example of a report has it.
        return sorted(totals, key=lambda total: (total.metric.name, -total.timestamp, total.source))

    def _with_sources(self, table: Table) -> Table:
        """Name the source of each row: what it says itself, or who gave the list it names."""
        journal = RecommendationJournal(self._store)
        named = table.texts("EVENT_ATTRIBUTION_SOURCE")
        lists = table.texts("RECOMMENDATION_ID")
        given = [journal.get(name) for name in lists.vocabulary]
        vocabulary = list(named.vocabulary)
        codes = np.array(
            [len(vocabulary) + n if found else -1 for n, found in enumerate(given)] + [-1],
            dtype=np.int32,
        )
        vocabulary += [found.source if found else "" for found in given]
        sources = Texts(np.where(named.codes >= 0, named.codes, codes[lists.codes]), vocabulary)
        return Table({**table.columns, "SOURCE": sources})

    def _to_cloudwatch(self, attribution: Resource, totals: Sequence[Total]) -> None:
        """Report totals, of the sources that there is room for in `attribution`'s document."""
        oldest = self._backend.now() - _LONGEST_AGE
        known: list[str] = attribution.document.setdefault("sources", [])
        most = self._backend.quotas.attribution_sources
        data = []
        for total in totals:
            if total.timestamp + _INTERVAL <= oldest:
                continue
            if total.source not in known and total.source != UNDEFINED_SOURCE:
                if most is not None and len(known) >= most:
                    continue
                known.append(total.source)
            dimensions = {
                "DatasetGroupArn": attribution.group_arn or "",
                "EventType": total.metric.event_type,
                "EventAttributionSource": total.source,
            }
            data.append(
                MetricDatum(total.metric.name, total.value, float(total.timestamp), dimensions)
            )
        if data:
            self._backend.metric_data.put(NAMESPACE, data)

    def _to_s3(self, attribution: Resource, totals: Iterable[Total], mode: str) -> None:
        output = attribution.document["metricsOutputConfig"]
        if "s3DataDestination" not in output:
            msg = f"{attribution.arn} has no s3DataDestination to publish metrics to"
            raise JobFailedError(msg)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_HEADER)
        for total in totals:
            metric = total.metric
            writer.writerow(
                (
                    metric.name,
                    metric.event_type,
                    total.value,
                    metric.expression.function,
                    total.source,
                    total.timestamp,
                )
            )
        destination = Destination(
            self._backend.objects.as_role(output["roleArn"]), output["s3DataDestination"]
        )
        name = f"AggregatedAttributionMetrics - {mode} - {int(self._backend.now())}.csv"
        destination.write(name, text.getvalue().encode())


def _totals_of(metric: Metric, table: Table, items: Mapping[str, Record]) -> list[Total]:
    types = table.texts("EVENT_TYPE")
    wanted = metric.event_type.casefold()
    codes = [code for code, name in enumerate(types.vocabulary) if name.casefold() == wanted]
    rows = np.flatnonzero(np.isin(types.codes, codes))
    values = _values(metric, table, items)[rows]
    rows, values = rows[~np.isnan(values)], values[~np.isnan(values)]
    if not len(rows):
        return []
    sources = table.texts("SOURCE")
    intervals = table.integers("TIMESTAMP")[rows] // _INTERVAL * _INTERVAL
    keys = np.stack([sources.codes[rows].astype(np.int64), intervals])
    groups, group = np.unique(keys, axis=1, return_inverse=True)
    sums = np.bincount(group.ravel(), weights=values)
    return [
        Total(
            metric,
            sources.vocabulary[source] if source >= 0 else UNDEFINED_SOURCE,
            timestamp,
            value,
        )
        for (source, timestamp), value in zip(groups.T.tolist(), sums.tolist(), strict=True)
    ]


def _values(metric: Metric, table: Table, items: Mapping[str, Record]) -> NDArray[np.float64]:
    """What each row adds, nan where it has no such value."""
    if metric.expression.summed is None:
        return np.ones(len(table))
    dataset_type, column = metric.expression.summed
    if dataset_type is DatasetType.INTERACTIONS:
        return table.floats(column)
    ids = table.texts("ITEM_ID")
    values = [_as_float(items.get(item_id, {}).get(column)) for item_id in ids.vocabulary]
    return np.array([*values, np.nan])[ids.codes]


def _table_of_events(
    rows: Sequence[tuple[str | None, str, float | None, int, str]],
) -> Table:
    """Return events as the rows of an import would be."""
    details = [json.loads(row[4]) for row in rows]
    names = {name for detail in details for name in detail["columns"]}
    columns: dict[str, Texts | NDArray[np.float64] | NDArray[np.int64]] = {
        name: np.array([_as_float(detail["columns"].get(name)) for detail in details])
        for name in names
    }
    columns |= {
        "ITEM_ID": texts_of([row[0] for row in rows]),
        "EVENT_TYPE": texts_of([row[1] for row in rows]),
        "EVENT_VALUE": np.array([row[2] for row in rows], dtype=np.float64),
        "TIMESTAMP": np.array([row[3] for row in rows], dtype=np.int64),
        "SOURCE": texts_of([detail.get("source") for detail in details]),
    }
    return Table(columns)


def _as_float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return np.nan
    return float(value)


def _do_nothing() -> None:
    """Report nothing."""
