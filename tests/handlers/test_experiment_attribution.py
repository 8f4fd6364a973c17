"""From the split of users to the figures of each variant, by both functions and the emulator."""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

import event_ingest.handler
from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from event_ingest.destinations import EventTracker
from personalize_emulator import PersonalizeEmulator
from personalize_emulator.attribution import NAMESPACE, UNDEFINED_SOURCE
from personalize_emulator.metric_data import MemoryMetricData
from personalize_runtime.aws_client import AwsClient
from personalize_runtime.envelope import Kind
from tests.emulator.cloud import ROLE, Cloud
from tests.handlers.conftest import Context
from tests.handlers.declared_api import DeclaredApi, declared_api
from tests.handlers.upstream import Answer, Call, Upstream

STANDING_STILL = 1e-6
REPORT_SECONDS = 900
TAKEN = {"ShardId": "shardId-0", "SequenceNumber": "1"}
EXPERIMENT = {"name": "launch", "weights": {"for-you": 1, "new": 1}}
METRICS = {"EXPOSURES": "exposure", "CLICKS": "Click", "PURCHASES": "Purchase"}
USERS = [f"user-{number}" for number in range(60)]


@dataclass
class Stream:
    """A stream whose records are read by the function of events."""

    records: list[bytes] = field(default_factory=list)

    def take(self, call: Call) -> Answer:
        several = call.body.get("Records")
        for record in several or [call.body]:
            self.records.append(base64.b64decode(record["Data"]))
        return Answer({"Records": [TAKEN] * len(several)} if several else TAKEN)

    def ingest(self) -> None:
        """Hand all records to the function, as Lambda does."""
        event = {
            "Records": [
                {
                    "eventID": f"shardId-0:{number}",
                    "kinesis": {
                        "sequenceNumber": str(number),
                        "data": base64.b64encode(data).decode(),
                    },
                }
                for number, data in enumerate(self.records)
            ]
        }
        answer = event_ingest.handler.handler(event, cast("LambdaContext", Context(60)))
        assert answer == {"batchItemFailures": []}


@dataclass
class Shop:
    """An API with an experiment, and the emulator that reports on its events."""

    api: DeclaredApi
    stream: Stream
    cloud: Cloud
    attribution: str

    def show(self, user_id: str) -> dict[str, Any]:
        """Return the answer that a user is shown."""
        reply = self.api.get("/recommendations", userId=user_id)
        assert reply.status == HTTPStatus.OK
        return cast("dict[str, Any]", reply.body)

    def tell(self, user_id: str, event_type: str, **more: object) -> None:
        """Send an event as a page does."""
        event = {
            "userId": user_id,
            "sessionId": user_id,
            "eventType": event_type,
            "itemId": "tea",
            "eventId": f"{event_type} of {user_id}",
        }
        assert self.api.post("/events", event | more).status == HTTPStatus.ACCEPTED

    def figures(self, metric: str) -> dict[str, float]:
        """Let all records be read and a quarter of an hour pass; return a metric by its source."""
        self.stream.ingest()
        emulator = self.cloud.emulator
        emulator.skip(REPORT_SECONDS)
        while emulator.service.backend.jobs.under_way(self.attribution, "report"):
            emulator.skip_to_next()
        data = emulator.metric_data
        assert isinstance(data, MemoryMetricData)
        totals: Counter[str] = Counter()
        for datum in data.reported.get(NAMESPACE, []):
            if datum.name == metric:
                totals[datum.dimensions["EventAttributionSource"]] += int(datum.value)
        return dict(totals)


def reported_group(cloud: Cloud) -> tuple[str, str]:
    """Define a group that is reported on; return its tracking id and its metric attribution."""
    group = cloud.group()
    columns = (SchemaField.string("EVENT_TYPE"),)
    cloud.dataset_of_schema(group, AvroSchema.of(DatasetType.INTERACTIONS, columns))
    _, tracking_id = cloud.tracker(group)
    attribution = cloud.personalize.create_metric_attribution(
        name="launch",
        datasetGroupArn=group,
        metrics=[
            {"metricName": name, "eventType": event_type, "expression": "SAMPLECOUNT()"}
            for name, event_type in METRICS.items()
        ],
        metricsOutputConfig={"roleArn": ROLE},
    )["metricAttributionArn"]
    cloud.settle(attribution)
    return tracking_id, attribution


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    stream = Stream()
    with ExitStack() as running:
        emulator = running.enter_context(PersonalizeEmulator(speed=STANDING_STILL))
        cloud = Cloud(emulator, "123456789012")
        running.callback(cloud.close)
        tracking_id, attribution = reported_group(cloud)
        monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.client_options["endpoint_url"])
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", cloud.account)
        client = AwsClient.of(
            "personalize-events",
            signing_name="personalize",
            connect_timeout=1,
            read_timeout=10,
            max_connections=10,
        )
        tracker = EventTracker(client, tracking_id)
        monkeypatch.setitem(event_ingest.handler.destinations, Kind.INTERACTION, tracker)
        routes = {"recommendations": {"experiment": EXPERIMENT}}
        declared = declared_api(monkeypatch, ROUTES=routes, STREAM_NAME="events")
        api = running.enter_context(declared)
        (exposures,) = api.api.exposures.values()
        assert api.api.intake is not None
        for each in (exposures.client, api.api.intake.client):
            running.enter_context(Upstream(stream.take).behind(each))
        yield Shop(api, stream, cloud, attribution)


def test_exposures_are_reported_by_their_variant(shop: Shop) -> None:
    shown = Counter(shop.show(user)["model"] for user in USERS)

    assert shop.figures("EXPOSURES") == {
        "launch/for-you": shown["for-you"],
        "launch/new": shown["new"],
    }
    assert min(shown.values()) > 10


def test_clicks_and_purchases_are_reported_by_the_variant_that_led_to_them(shop: Shop) -> None:
    clicks: Counter[str] = Counter()
    buys: Counter[str] = Counter()
    for place, user in enumerate(USERS):
        answer = shop.show(user)
        credit = {name: answer[name] for name in ("recommendationId", "metricAttribution")}
        if answer["model"] == "new" or place % 3 == 0:
            shop.tell(user, "Click", **credit)
            clicks[answer["model"]] += 1
        if answer["model"] == "new":
            shop.tell(user, "Purchase", **credit)
            buys[answer["model"]] += 1

    assert shop.figures("CLICKS") == {
        "launch/for-you": clicks["for-you"],
        "launch/new": clicks["new"],
    }
    assert shop.figures("PURCHASES") == {"launch/new": buys["new"]}


def test_an_event_that_names_no_source_is_credited_to_no_variant(shop: Shop) -> None:
    shop.show("ann")
    shop.tell("ann", "Click")

    assert shop.figures("CLICKS") == {UNDEFINED_SOURCE: 1}


def test_a_user_who_asks_often_is_counted_once(shop: Shop) -> None:
    source = shop.show("ann")["metricAttribution"]["eventAttributionSource"]
    for _ in range(5):
        shop.show("ann")
    shop.stream.records *= 2  # as several processes tell of it

    assert {json.loads(record)["eventType"] for record in shop.stream.records} == {"exposure"}
    assert shop.figures("EXPOSURES") == {source: 1}
