"""The events that tell which user was shown the answer of which model."""

import base64
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.envelope import Kind, entries
from recommend.experiments import EXPOSURES_LOST, EXPOSURES_SENT, Exposures
from tests.handlers.upstream import Answer, Call, Upstream, refused

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/events.schema.json").read_text())
HOUR = 3600
SOURCE = "launch/new"


@dataclass
class Stream:
    """A stream, and a process that puts exposures on it."""

    error: Answer | Exception | None = None
    now: float = 500_000 * HOUR
    counts: Counter[str] = field(default_factory=Counter)
    upstream: Upstream = field(default_factory=Upstream)
    exposures: Exposures = field(init=False)

    def __post_init__(self) -> None:
        self.upstream.answer = lambda _: self.error or Answer({"SequenceNumber": "1"})
        self.exposures = self.process()

    def process(self, **options: Any) -> Exposures:
        """Return the exposures of another process."""
        client = AwsClient.of(
            "kinesis", signing_name="kinesis", connect_timeout=1, read_timeout=1, max_connections=1
        )
        client.connections = self.upstream
        return Exposures(
            client,
            "events",
            counted=lambda name: self.counts.update([name]),
            now=lambda: self.now,
            **options,
        )

    def expose(self, user_id: str = "anna", source: str = SOURCE, **told: Any) -> None:
        self.exposures.expose(source, user_id=user_id, **{"item_ids": ["1", "2"], **told})

    @property
    def calls(self) -> Sequence[Call]:
        return self.upstream.calls

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(base64.b64decode(call.body["Data"])) for call in self.calls]


@pytest.fixture
def stream() -> Stream:
    return Stream()


def test_an_exposure_tells_who_was_shown_what_and_by_which_model(stream: Stream) -> None:
    stream.expose(session_id="visit", item_ids=["1", "2"], recommendation_id="RID-1")

    (record,) = stream.records
    assert record.pop("eventId").startswith("exposure-")
    assert record == {
        "sessionId": "visit",
        "userId": "anna",
        "eventType": "exposure",
        "sentAt": 500_000 * HOUR,
        "impression": ["1", "2"],
        "recommendationId": "RID-1",
        "metricAttribution": {"eventAttributionSource": "launch/new"},
    }


def test_an_exposure_is_put_on_the_stream_by_its_session(stream: Stream) -> None:
    stream.expose(session_id="visit")

    (call,) = stream.calls
    assert call.headers["X-Amz-Target"] == "Kinesis_20131202.PutRecord"
    assert call.body["StreamName"] == "events"
    assert call.body["PartitionKey"] == "visit"
    assert stream.counts == {EXPOSURES_SENT: 1}


def test_a_user_without_a_session_is_a_session(stream: Stream) -> None:
    stream.expose("anna")

    assert stream.records[0]["sessionId"] == "anna"


def test_the_event_may_have_another_type(stream: Stream) -> None:
    stream.exposures = stream.process(event_type="shown")

    stream.expose()

    assert stream.records[0]["eventType"] == "shown"


def test_no_more_items_are_told_than_an_impression_holds(stream: Stream) -> None:
    stream.expose(item_ids=[str(number) for number in range(500)])

    assert stream.records[0]["impression"] == [str(number) for number in range(25)]


def test_an_answer_without_items_or_id_is_an_exposure_too(stream: Stream) -> None:
    stream.expose(item_ids=[], recommendation_id="")

    assert not {"impression", "recommendationId"} & stream.records[0].keys()


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(
    user_id=st.text(min_size=1, max_size=256).filter(lambda text: text.encode(errors="ignore")),
    session_id=st.none() | st.text(max_size=256),
    item_ids=st.lists(st.text(min_size=1, max_size=256), max_size=30),
    recommendation_id=st.none() | st.text(max_size=60),
)
def test_what_is_put_is_what_the_stream_takes(
    user_id: str, session_id: str | None, item_ids: list[str], recommendation_id: str | None
) -> None:
    stream = Stream()

    stream.expose(
        user_id, session_id=session_id, item_ids=item_ids, recommendation_id=recommendation_id
    )

    for call, record in zip(stream.calls, stream.records, strict=True):
        jsonschema.validate(record, SCHEMA)
        data = base64.b64decode(call.body["Data"])
        (entry,) = entries(data, default_event_id="none")
        assert (entry.kind, entry.key) == (Kind.INTERACTION, call.body["PartitionKey"])
    assert stream.counts.total() == 1


def test_a_user_is_exposed_once_in_an_hour(stream: Stream) -> None:
    for minute in range(0, 120, 5):
        stream.now = 500_000 * HOUR + 60 * minute
        stream.expose()

    assert [record["sentAt"] / HOUR for record in stream.records] == [500_000, 500_001]
    assert stream.counts == {EXPOSURES_SENT: 2}


def test_each_user_and_variant_is_exposed(stream: Stream) -> None:
    for user_id, source in [("anna", "a/x"), ("anna", "a/y"), ("anna", "b/x"), ("ben", "a/x")] * 2:
        stream.expose(user_id, source)

    assert len(stream.calls) == 4


def test_two_processes_tell_of_one_event(stream: Stream) -> None:
    stream.expose()
    stream.exposures = stream.process()
    stream.expose()

    first, second = stream.records
    assert first["eventId"] == second["eventId"]


def test_the_next_hour_is_another_event(stream: Stream) -> None:
    stream.expose()
    stream.now += HOUR
    stream.expose()

    first, second = stream.records
    assert first["eventId"] != second["eventId"]


def test_what_is_remembered_is_bounded(stream: Stream) -> None:
    stream.exposures = stream.process(most_remembered=2)

    for user_id in ("anna", "ben", "anna", "chloe", "anna", "ben"):
        stream.expose(user_id)

    told = [record["userId"] for record in stream.records]
    assert told == ["anna", "ben", "chloe", "ben"]


@pytest.mark.parametrize(
    "error",
    [
        refused("ProvisionedThroughputExceededException"),
        refused("AccessDeniedException"),
        refused("InternalFailure", 500),
        TimeoutError(),
        Answer(b"<html>"),
        Answer({"hello": "world"}),
    ],
)
def test_a_stream_that_takes_nothing_is_counted_and_not_felt(
    stream: Stream, error: Answer | Exception
) -> None:
    stream.error = error

    stream.expose()

    assert stream.counts == {EXPOSURES_LOST: 1}
    assert len(stream.calls) == 1


def test_an_answer_that_is_late_waits_for_no_exposure(stream: Stream) -> None:
    stream.expose(within=0.01)

    assert stream.calls == []
    assert stream.counts == {EXPOSURES_LOST: 1}


def test_telling_takes_no_longer_than_an_answer_has(stream: Stream) -> None:
    stream.expose(within=0.25)

    assert stream.calls[0].within == 0.25


def test_a_stream_that_takes_nothing_is_left_alone_for_a_while(stream: Stream) -> None:
    stream.error = TimeoutError()
    for user_id in ("anna", "ben", "chloe"):
        stream.expose(user_id)

    assert len(stream.calls) == 1
    assert stream.counts == {EXPOSURES_LOST: 3}


def test_what_was_not_told_is_told_with_the_next_answer(stream: Stream) -> None:
    stream.error = TimeoutError()
    stream.expose("anna")
    stream.expose("ben")
    stream.error = None
    stream.now += 10

    stream.expose("anna")
    stream.expose("ben")

    assert [record["userId"] for record in stream.records] == ["anna", "anna", "ben"]
    assert stream.counts == {EXPOSURES_LOST: 2, EXPOSURES_SENT: 2}


@pytest.mark.parametrize("user_id", ["", "a" * 257, "\ud800"])
def test_a_user_that_no_event_can_name_is_counted(stream: Stream, user_id: str) -> None:
    stream.expose(user_id)

    assert stream.calls == []
    assert stream.counts == {EXPOSURES_LOST: 1}
