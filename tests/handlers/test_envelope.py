"""What counts as a record, and how it is read."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalize_runtime.envelope import Entry, Kind, entries
from personalize_runtime.fields import InvalidRecordError

VIEW: dict[str, Any] = {
    "userId": "ann",
    "sessionId": "s1",
    "eventType": "view",
    "sentAt": 1_700_000_000,
}


def parse(record: object) -> Entry:
    (entry,) = entries(json.dumps(record).encode(), default_event_id="derived")
    return entry


@pytest.mark.parametrize("field", ["sessionId", "eventType", "sentAt"])
def test_needs(field: str) -> None:
    record = {name: value for name, value in VIEW.items() if name != field}

    with pytest.raises(InvalidRecordError, match=f"{field} is missing"):
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
        with pytest.raises(InvalidRecordError, match=f"{field} must be a string of 1 to 256"):
            parse(VIEW | {field: wrong})


def test_a_recommendation_id_has_up_to_40_characters() -> None:
    parse(VIEW | {"recommendationId": "x" * 40})

    with pytest.raises(InvalidRecordError, match="recommendationId must be a string of 1 to 40"):
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
    assert parse(VIEW | {"sentAt": sent_at}).body["sentAt"] == 1_700_000_000


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
    with pytest.raises(InvalidRecordError, match="sentAt must be seconds or milliseconds"):
        parse(VIEW | {"sentAt": sent_at})


def test_leaves_out_milliseconds_as_the_service_does() -> None:
    assert parse(VIEW | {"sentAt": 1_700_000_000_999}).body["sentAt"] == 1_700_000_000


@pytest.mark.parametrize("value", ["9.5", True, [], 10**400])
def test_an_event_value_is_a_number(value: object) -> None:
    with pytest.raises(InvalidRecordError, match="eventValue must be a number"):
        parse(VIEW | {"eventValue": value})


@pytest.mark.parametrize("impression", [[], ["x"] * 26, "tea", [5], ["x" * 257]])
def test_an_impression_is_1_to_25_items(impression: object) -> None:
    parse(VIEW | {"impression": ["x"] * 25})

    with pytest.raises(InvalidRecordError, match="impression must be"):
        parse(VIEW | {"impression": impression})


@pytest.mark.parametrize("source", ["", "  ", "é", "a\n", "x" * 1025, 5])
def test_an_attribution_source_is_printable_ascii(source: object) -> None:
    with pytest.raises(InvalidRecordError, match="eventAttributionSource must be"):
        parse(VIEW | {"metricAttribution": {"eventAttributionSource": source}})


@pytest.mark.parametrize("attribution", ["x", {}, {"source": "x"}])
def test_an_attribution_has_a_source_alone(attribution: object) -> None:
    with pytest.raises(InvalidRecordError, match="metricAttribution must be"):
        parse(VIEW | {"metricAttribution": attribution})


def test_properties_are_sent_as_json() -> None:
    event = parse(VIEW | {"properties": {"género": "té|café", "discount": 0.1}})

    assert event.body["properties"] == '{"género":"té|café","discount":0.1}'


def test_properties_have_up_to_1024_characters() -> None:
    fitting = {"p": "x" * (1024 - len('{"p":""}'))}
    parse(VIEW | {"properties": fitting})

    with pytest.raises(InvalidRecordError, match="properties must be 1024 characters of JSON"):
        parse(VIEW | {"properties": {"p": fitting["p"] + "x"}})


@pytest.mark.parametrize("name", ["userId", "SESSIONID", "timestamp", "Impression", "eventtype"])
def test_properties_hold_no_field_of_the_event(name: str) -> None:
    with pytest.raises(InvalidRecordError, match="properties must not hold"):
        parse(VIEW | {"properties": {name: "x"}})


@pytest.mark.parametrize("properties", ["{}", [], 5])
def test_properties_are_an_object(properties: object) -> None:
    with pytest.raises(InvalidRecordError, match="properties must be an object"):
        parse(VIEW | {"properties": properties})


def test_an_event_has_up_to_10_kilobytes() -> None:
    with pytest.raises(InvalidRecordError, match="an event may have 10240 bytes, got"):
        parse(VIEW | {"impression": ["\U0001f375" * 256] * 25})


def test_names_a_field_that_is_none() -> None:
    with pytest.raises(InvalidRecordError, match='"user_id" is no field of this kind'):
        parse(VIEW | {"user_id": "ann"})


def test_a_record_without_kind_is_an_interaction() -> None:
    assert parse(VIEW) == parse(VIEW | {"kind": "interaction"})


@pytest.mark.parametrize("kind", ["Item", "", 5, [], {}])
def test_names_the_kinds_that_there_are(kind: object) -> None:
    with pytest.raises(
        InvalidRecordError,
        match="kind must be one of interaction, item, user, action, actionInteraction, got",
    ):
        parse({"kind": kind, "itemId": "tea"})


@pytest.mark.parametrize(
    ("kind", "member", "longest"),
    [("item", "itemId", 32_000), ("user", "userId", 24_000), ("action", "actionId", 32_000)],
)
def test_an_item_user_or_action_has_an_id_and_properties(
    kind: str, member: str, longest: int
) -> None:
    record = {"kind": kind, member: "x", "properties": {"p": "y" * (longest - len('{"p":""}'))}}

    entry = parse(record)

    assert (entry.kind, entry.key, len(entry.body["properties"])) == (kind, "x", longest)
    with pytest.raises(InvalidRecordError, match=f"properties must be {longest} characters"):
        parse(record | {"properties": {"p": "y" * longest}})
    with pytest.raises(InvalidRecordError, match=f"{member} is missing"):
        parse({"kind": kind})
    with pytest.raises(InvalidRecordError, match='"sentAt" is no field of this kind'):
        parse(record | {"sentAt": 1})


TAKEN: dict[str, Any] = {
    "kind": "actionInteraction",
    "actionId": "newsletter",
    "userId": "ann",
    "sessionId": "s1",
    "eventType": "Taken",
    "sentAt": 1_700_000_000,
}


def test_an_action_interaction_tells_its_session_itself() -> None:
    assert parse(TAKEN) == Entry(
        Kind.ACTION_INTERACTION,
        key="s1",
        user_id="ann",
        body={
            "actionId": "newsletter",
            "userId": "ann",
            "sessionId": "s1",
            "eventType": "Taken",
            "timestamp": 1_700_000_000,
            "eventId": "derived",
        },
    )


@pytest.mark.parametrize("event_type", ["Not Taken", "Not taken", "NOT_TAKEN", "not taken"])
def test_takes_an_action_event_as_each_page_of_the_guide_writes_it(event_type: str) -> None:
    assert parse(TAKEN | {"eventType": event_type}).body["eventType"] == "Not Taken"


def test_names_the_events_of_an_action() -> None:
    with pytest.raises(InvalidRecordError, match="eventType must be one of Viewed, Taken, Not Tak"):
        parse(TAKEN | {"eventType": "clicked"})


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
    with pytest.raises(InvalidRecordError, match=reason):
        entries(data, default_event_id="derived")


def test_a_reason_is_short_however_long_the_value() -> None:
    with pytest.raises(InvalidRecordError) as refusal:
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
    with suppress(InvalidRecordError):
        assert parse(VIEW | record).body["eventId"]


@unhurried
@given(st.binary())
def test_any_data_is_refused_and_breaks_nothing(data: bytes) -> None:
    with pytest.raises(InvalidRecordError):
        entries(data, default_event_id="derived")
