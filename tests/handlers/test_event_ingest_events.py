"""What counts as an event, and how it is read."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalize_runtime.events import Event, InvalidEventError

VIEW: dict[str, Any] = {
    "userId": "ann",
    "sessionId": "s1",
    "eventType": "view",
    "sentAt": 1_700_000_000,
}


def parse(record: object) -> Event:
    return Event.parse(json.dumps(record).encode(), default_event_id="derived")


def read_time(sent_at: object) -> datetime:
    time = parse(VIEW | {"sentAt": sent_at}).body["sentAt"]
    assert isinstance(time, datetime)
    return time


@pytest.mark.parametrize("field", ["sessionId", "eventType", "sentAt"])
def test_needs(field: str) -> None:
    record = {name: value for name, value in VIEW.items() if name != field}

    with pytest.raises(InvalidEventError, match=f"{field} is missing"):
        parse(record)


@pytest.mark.parametrize("field", ["userId", "itemId", "eventId", "properties", "impression"])
def test_takes_null_for_what_is_not_known(field: str) -> None:
    known = {name: value for name, value in VIEW.items() if name != field}

    assert parse(VIEW | {field: None}) == parse(known)


@pytest.mark.parametrize("field", ["userId", "sessionId", "eventType", "itemId", "eventId"])
def test_ids_have_up_to_256_characters(field: str) -> None:
    parse(VIEW | {field: "ü" * 256})

    wrong: object
    for wrong in ("", "x" * 257, 5, ["x"], {}, True):
        with pytest.raises(InvalidEventError, match=f"{field} must be a string of 1 to 256"):
            parse(VIEW | {field: wrong})


def test_a_recommendation_id_has_up_to_40_characters() -> None:
    parse(VIEW | {"recommendationId": "x" * 40})

    with pytest.raises(InvalidEventError, match="recommendationId must be a string of 1 to 40"):
        parse(VIEW | {"recommendationId": "x" * 41})


@pytest.mark.parametrize(
    "sent_at",
    [
        1_700_000_000,
        1_700_000_000.0,
        1_700_000_000_000,
        "2023-11-14T22:13:20Z",
        "2023-11-14T23:13:20+01:00",
        "2023-11-14 22:13:20",
        "2023-11-14T22:13:20.000",
    ],
)
def test_reads_the_time_of_an_event(sent_at: object) -> None:
    assert read_time(sent_at) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_gives_a_time_in_utc_since_the_client_ignores_offsets() -> None:
    assert read_time("2023-11-14T23:13:20+01:00").tzinfo is UTC


@pytest.mark.parametrize(
    "sent_at",
    [
        "yesterday",
        "1700000000",
        "2023-11-14",
        "2023-13-14T22:13:20Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        1_700_000_000_000_000,
        0,
        -1,
        True,
        [],
        10**400,
    ],
)
def test_refuses_a_time_that_may_be_misread(sent_at: object) -> None:
    with pytest.raises(InvalidEventError, match="sentAt must be seconds or milliseconds"):
        parse(VIEW | {"sentAt": sent_at})


def test_keeps_milliseconds() -> None:
    assert read_time(1_700_000_000_123).microsecond == 123_000


@pytest.mark.parametrize("value", ["9.5", True, [], 10**400])
def test_an_event_value_is_a_number(value: object) -> None:
    with pytest.raises(InvalidEventError, match="eventValue must be a number"):
        parse(VIEW | {"eventValue": value})


@pytest.mark.parametrize("impression", [[], ["x"] * 26, "tea", [5], ["x" * 257]])
def test_an_impression_is_1_to_25_items(impression: object) -> None:
    parse(VIEW | {"impression": ["x"] * 25})

    with pytest.raises(InvalidEventError, match="impression must be"):
        parse(VIEW | {"impression": impression})


@pytest.mark.parametrize("source", ["", "  ", "é", "a\n", "x" * 1025, 5])
def test_an_attribution_source_is_printable_ascii(source: object) -> None:
    with pytest.raises(InvalidEventError, match="eventAttributionSource must be"):
        parse(VIEW | {"metricAttribution": {"eventAttributionSource": source}})


@pytest.mark.parametrize("attribution", ["x", {}, {"source": "x"}])
def test_an_attribution_has_a_source_alone(attribution: object) -> None:
    with pytest.raises(InvalidEventError, match="metricAttribution must be"):
        parse(VIEW | {"metricAttribution": attribution})


def test_properties_are_sent_as_json() -> None:
    event = parse(VIEW | {"properties": {"género": "té|café", "discount": 0.1}})

    assert event.body["properties"] == '{"género":"té|café","discount":0.1}'


def test_properties_have_up_to_1024_characters() -> None:
    fitting = {"p": "x" * (1024 - len('{"p":""}'))}
    parse(VIEW | {"properties": fitting})

    with pytest.raises(InvalidEventError, match="properties must be 1024 characters of JSON"):
        parse(VIEW | {"properties": {"p": fitting["p"] + "x"}})


@pytest.mark.parametrize("name", ["userId", "SESSIONID", "timestamp", "Impression", "eventtype"])
def test_properties_hold_no_field_of_the_event(name: str) -> None:
    with pytest.raises(InvalidEventError, match="properties must not hold"):
        parse(VIEW | {"properties": {name: "x"}})


@pytest.mark.parametrize("properties", ["{}", [], 5])
def test_properties_are_an_object(properties: object) -> None:
    with pytest.raises(InvalidEventError, match="properties must be an object"):
        parse(VIEW | {"properties": properties})


def test_an_event_has_up_to_10_kilobytes() -> None:
    with pytest.raises(InvalidEventError, match="an event may have 10240 bytes, got"):
        parse(VIEW | {"impression": ["\U0001f375" * 256] * 25})


def test_names_a_field_that_is_none() -> None:
    with pytest.raises(InvalidEventError, match='"user_id" is no field of an event'):
        parse(VIEW | {"user_id": "ann"})


def test_takes_interactions_alone() -> None:
    assert parse(VIEW | {"kind": "interaction"}) == parse(VIEW)

    with pytest.raises(InvalidEventError, match="kind must be 'interaction', got \"item\""):
        parse({"kind": "item", "itemId": "tea"})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff{}", "not UTF-8: invalid start byte at byte 0"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'{"eventValue": NaN}', "NaN is no JSON"),
        (b'{"eventValue": 1e999}', "not JSON"),
        (b'{"userId": "\\ud800"}', "half a character"),
        (b"[" * 100_000, "nested too deeply"),
        (b"1" * 5000, "not JSON"),
    ],
)
def test_refuses_data_that_is_no_json_object(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidEventError, match=reason):
        Event.parse(data, default_event_id="derived")


def test_a_reason_is_short_however_long_the_value() -> None:
    with pytest.raises(InvalidEventError) as refusal:
        parse(VIEW | {"itemId": "x" * 100_000})

    assert len(str(refusal.value)) < 300


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@unhurried
@given(
    st.dictionaries(
        st.sampled_from([*VIEW, "itemId", "properties", "impression", "metricAttribution", "x"]),
        JSON,
    )
)
def test_any_object_is_an_event_or_is_refused_and_nothing_else(record: dict[str, Any]) -> None:
    with suppress(InvalidEventError):
        assert parse(VIEW | record).body["eventId"]


@unhurried
@given(st.binary())
def test_any_data_is_refused_and_breaks_nothing(data: bytes) -> None:
    with pytest.raises(InvalidEventError):
        Event.parse(data, default_event_id="derived")
