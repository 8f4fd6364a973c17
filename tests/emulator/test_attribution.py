"""Events and imports add up to the figures that a metric attribution asks for."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator.attribution import NAMESPACE
from personalize_emulator.metric_data import MemoryMetricData, MetricDatum
from personalize_emulator.objects import MemoryObjects
from tests.emulator.cloud import BUCKET, ITEMS, ROLE, Cloud, interactions

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_personalize.type_defs import (
        MetricAttributeTypeDef,
        MetricAttributionOutputTypeDef,
    )

    from personalize_emulator import PersonalizeEmulator
    from tests.emulator.conftest import Shop

KEY = "arn:aws:kms:us-east-1:123456789012:key/0d0e"

METRICS: Sequence[MetricAttributeTypeDef] = [
    {"eventType": "VIEW", "metricName": "views", "expression": "SAMPLECOUNT()"},
    {"eventType": "view", "metricName": "value", "expression": "SUM(Interactions.EVENT_VALUE)"},
    {"eventType": "view", "metricName": "prices", "expression": "SUM(Items.PRICE)"},
]
SCHEMA = AvroSchema.of(
    DatasetType.INTERACTIONS,
    (
        SchemaField.string("EVENT_TYPE"),
        SchemaField.float("EVENT_VALUE", nullable=True),
        SchemaField.string("EVENT_ATTRIBUTION_SOURCE", nullable=True),
        SchemaField.string("RECOMMENDATION_ID", nullable=True),
    ),
)
UNDEFINED = "SOURCE_NAME_UNDEFINED"


@dataclass(frozen=True)
class Measured:
    """A group whose events and imports are reported on."""

    cloud: Cloud
    group: str
    log: str
    tracking_id: str
    arn: str

    @classmethod
    def of(
        cls,
        cloud: Cloud,
        *,
        metrics: Sequence[MetricAttributeTypeDef] = METRICS,
        path: str | None = None,
    ) -> Self:
        """Set everything up but models."""
        group = cloud.group()
        log = cloud.dataset_of_schema(group, SCHEMA)
        cloud.dataset(group, DatasetType.ITEMS, ITEMS)
        _, tracking_id = cloud.tracker(group)
        output: MetricAttributionOutputTypeDef = {"roleArn": ROLE}
        if path is not None:
            output["s3DataDestination"] = {"path": path, "kmsKeyArn": KEY}
        arn = cloud.personalize.create_metric_attribution(
            name="impact", datasetGroupArn=group, metrics=metrics, metricsOutputConfig=output
        )["metricAttributionArn"]
        cloud.settle(arn)
        return cls(cloud, group, log, tracking_id, arn)

    def put(self, item: str = "a1", *, age: float = 0.0, **more: Any) -> None:
        """Put a view that happened this many seconds ago."""
        moment = datetime.fromtimestamp(self.cloud.emulator.clock.now() - age, UTC)
        event: Any = {"eventType": "View", "itemId": item, "sentAt": moment, **more}
        self.cloud.events.put_events(
            trackingId=self.tracking_id, userId="u1", sessionId="s1", eventList=[event]
        )

    def figures(self, metric: str = "views") -> dict[str, float]:
        """Let a quarter of an hour pass and return what was reported, by source."""
        self.cloud.emulator.skip(900)
        # A new process may begin at an earlier moment than that at which the last one ended.
        while self.cloud.emulator.service.backend.jobs.under_way(self.arn, "report"):
            self.cloud.emulator.skip_to_next()
        totals: dict[str, float] = {}
        for datum in self.reported():
            if datum.name == metric:
                source = datum.dimensions["EventAttributionSource"]
                totals[source] = totals.get(source, 0) + datum.value
        return totals

    def reported(self) -> list[MetricDatum]:
        """What went to CloudWatch of this group."""
        data = self.cloud.emulator.metric_data
        assert isinstance(data, MemoryMetricData)
        found = data.reported.get(NAMESPACE, [])
        return [datum for datum in found if datum.dimensions["DatasetGroupArn"] == self.group]


@pytest.fixture
def measured(cloud: Cloud) -> Measured:
    """A group whose events are reported on."""
    return Measured.of(cloud)


def test_events_are_counted(measured: Measured) -> None:
    for _ in range(3):
        measured.put(eventId=f"{time.monotonic_ns()}")
    assert measured.figures() == {UNDEFINED: 3}


def test_events_of_other_types_are_not_counted(measured: Measured) -> None:
    measured.put(eventType="Buy")
    measured.put()
    assert measured.figures() == {UNDEFINED: 1}


def test_the_same_event_is_counted_once(measured: Measured) -> None:
    measured.put(eventId="one")
    measured.put(eventId="one")
    assert measured.figures() == {UNDEFINED: 1}


def test_columns_of_events_are_summed_up(measured: Measured) -> None:
    measured.put(eventValue=2.5)
    measured.put(properties=json.dumps({"eventValue": 4}))
    measured.put(eventId="none")
    assert measured.figures("value") == {UNDEFINED: 6.5}


def test_columns_of_items_are_summed_up(measured: Measured) -> None:
    measured.put("a3")
    measured.put("b9")
    measured.put("unknown")
    assert measured.figures("prices") == {UNDEFINED: 12}


def test_nothing_is_reported_before_a_quarter_of_an_hour(measured: Measured) -> None:
    measured.put()
    measured.cloud.emulator.skip(600)
    assert [datum.name for datum in measured.reported()] == ["PermissionCheck"]


def test_reports_go_on_from_the_last(measured: Measured) -> None:
    measured.put(eventId="first")
    assert measured.figures() == {UNDEFINED: 1}
    measured.put(eventId="second")
    assert measured.figures() == {UNDEFINED: 2}


def test_a_figure_is_of_a_quarter_of_an_hour(measured: Measured) -> None:
    measured.put(eventId="now")
    measured.put(eventId="then", age=3600)
    measured.figures()
    moments = [datum.timestamp for datum in measured.reported() if datum.name == "views"]
    assert len(moments) == 2
    assert all(moment % 900 == 0 for moment in moments)


def test_events_older_than_two_weeks_do_not_count(measured: Measured) -> None:
    measured.put(eventId="old", age=15 * 24 * 3600)
    measured.put(eventId="younger", age=13 * 24 * 3600)
    assert measured.figures() == {UNDEFINED: 1}


def test_events_before_the_attribution_do_not_count(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group)
    _, tracking_id = cloud.tracker(group)
    cloud.events.put_events(
        trackingId=tracking_id,
        sessionId="s",
        eventList=[{"eventType": "view", "sentAt": datetime.now(UTC)}],
    )
    arn = cloud.personalize.create_metric_attribution(
        name="late",
        datasetGroupArn=group,
        metrics=METRICS[:1],
        metricsOutputConfig={"roleArn": ROLE},
    )["metricAttributionArn"]
    cloud.settle(arn)
    found = cloud.emulator.service.backend.store.get(arn)
    assert found is not None
    assert found.document["reportedEvent"] > 0


def test_the_source_is_what_the_event_says(measured: Measured) -> None:
    measured.put(metricAttribution={"eventAttributionSource": "newsletter"})
    assert measured.figures() == {"newsletter": 1}


def test_the_source_is_the_campaign_that_gave_the_list(measured: Measured, shop: Shop) -> None:
    given = shop.cloud.runtime.get_recommendations(campaignArn=shop.for_you, userId="u2")
    measured.put(recommendationId=given["recommendationId"])
    assert measured.figures() == {shop.for_you: 1}


def test_the_source_that_is_named_counts_before_the_list(measured: Measured, shop: Shop) -> None:
    given = shop.cloud.runtime.get_recommendations(campaignArn=shop.for_you, userId="u2")
    measured.put(
        recommendationId=given["recommendationId"],
        metricAttribution={"eventAttributionSource": "newsletter"},
    )
    assert measured.figures() == {"newsletter": 1}


def test_an_unknown_list_has_no_source(measured: Measured) -> None:
    measured.put(recommendationId="RID-of-nobody")
    assert measured.figures() == {UNDEFINED: 1}


def test_there_is_room_for_a_hundred_sources(limited: Cloud) -> None:
    measured = Measured.of(limited, metrics=METRICS[:1])
    for number in range(101):
        measured.put(metricAttribution={"eventAttributionSource": f"source-{number:03}"})
    assert len(measured.figures()) == 100


def test_a_group_without_an_attribution_reports_nothing(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group)
    _, tracking_id = cloud.tracker(group)
    cloud.events.put_events(
        trackingId=tracking_id,
        sessionId="s",
        eventList=[{"eventType": "view", "sentAt": datetime.now(UTC)}],
    )
    assert not cloud.emulator.service.backend.store.execute(
        "SELECT 1 FROM jobs WHERE action = 'report' AND arn LIKE ?", (f"%{cloud.account}%",)
    )


def test_a_report_survives_a_restart(run: Callable[[], PersonalizeEmulator]) -> None:
    with run() as emulator:
        before = Measured.of(Cloud(emulator, "123456789012"))
        before.put()
        before.cloud.close()
    with run() as emulator:
        after = replace(before, cloud=Cloud(emulator, "123456789012"))
        assert after.figures() == {UNDEFINED: 1}
        after.cloud.close()


# Imports


def rows(moment: float, *sources: str) -> str:
    header = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,EVENT_ATTRIBUTION_SOURCE,"
    lines = [f"u{n},a{n},{int(moment)},view,{n},{source}," for n, source in enumerate(sources)]
    return "\n".join([f"{header}RECOMMENDATION_ID", *lines])


@pytest.fixture
def importing(cloud: Cloud) -> Measured:
    """A group whose imports are reported on, to S3 as well."""
    return Measured.of(cloud, metrics=METRICS[:2], path=cloud.path("reports/"))


def load(measured: Measured, text: str, mode: str, *, publish: bool) -> dict[str, Any]:
    cloud = measured.cloud
    name = f"import-{time.monotonic_ns()}"
    arn = cloud.personalize.create_dataset_import_job(
        jobName=name,
        datasetArn=measured.log,
        dataSource={"dataLocation": cloud.put(f"{name}.csv", text)},
        roleArn=ROLE,
        importMode="FULL" if mode == "FULL" else "INCREMENTAL",
        publishAttributionMetricsToS3=publish,
    )["datasetImportJobArn"]
    return cloud.settle(arn)


def test_an_incremental_import_is_reported_to_cloudwatch(importing: Measured) -> None:
    now = importing.cloud.emulator.clock.now()
    load(importing, rows(now, "x"), "FULL", publish=False)
    assert importing.figures() == {}
    load(importing, rows(now, "x", "x", "", "y"), "INCREMENTAL", publish=False)
    assert importing.figures() == {"x": 2, "y": 1, UNDEFINED: 1}
    assert importing.figures("value") == {"x": 1, "y": 3, UNDEFINED: 2}


def test_an_import_is_published_to_s3(importing: Measured) -> None:
    load(importing, rows(1_666_925_124, "x", "x", ""), "FULL", publish=True)
    (key,) = importing.cloud.keys("reports/")
    assert key.startswith("reports/AggregatedAttributionMetrics - FULL - ")
    assert key.endswith(".csv")
    report = list(csv.DictReader(importing.cloud.read(key).splitlines()))
    assert [row for row in report if row["METRIC_NAME"] == "views"] == [
        {
            "METRIC_NAME": "views",
            "EVENT_TYPE": "VIEW",
            "VALUE": value,
            "MATH_FUNCTION": "samplecount",
            "EVENT_ATTRIBUTION_SOURCE": source,
            "TIMESTAMP": "1666925100",
        }
        for source, value in ((UNDEFINED, "1.0"), ("x", "2.0"))
    ]
    assert {row["MATH_FUNCTION"] for row in report if row["METRIC_NAME"] == "value"} == {"sum"}


def test_what_is_published_is_encrypted_with_the_key(importing: Measured) -> None:
    load(importing, rows(1_666_925_124, "x"), "FULL", publish=True)
    (key,) = importing.cloud.keys("reports/")
    objects = importing.cloud.emulator.objects
    assert isinstance(objects, MemoryObjects)
    assert objects.kms_key_arn(BUCKET, f"{importing.cloud.account}/{key}") == KEY


def test_the_list_that_a_row_names_is_its_source(importing: Measured, shop: Shop) -> None:
    given = shop.cloud.runtime.get_recommendations(campaignArn=shop.for_you, userId="u2")
    now = importing.cloud.emulator.clock.now()
    text = rows(now, "") + given["recommendationId"]
    load(importing, text, "FULL", publish=False)
    load(importing, text, "INCREMENTAL", publish=False)
    assert importing.figures() == {shop.for_you: 1}


def test_publishing_needs_an_attribution(cloud: Cloud) -> None:
    log = cloud.dataset(cloud.group())
    arn = cloud.personalize.create_dataset_import_job(
        jobName="published",
        datasetArn=log,
        dataSource={"dataLocation": cloud.put("log.csv", interactions())},
        roleArn=ROLE,
        publishAttributionMetricsToS3=True,
    )["datasetImportJobArn"]
    found = cloud.settle(arn)
    assert found["status"] == "CREATE FAILED"
    assert "metric attribution" in found["failureReason"]
