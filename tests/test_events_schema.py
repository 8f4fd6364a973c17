"""The published schema of records, and what the function makes of them, are the same."""

import json
import os
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cdk_personalize import stream_records
from personalize_runtime.envelope import FORMS, MAX_EVENT_BYTES, Kind, entries, json_schema
from personalize_runtime.fields import InvalidRecordError

PUBLISHED = Path(__file__).parents[1] / "docs" / "events.schema.json"
RECORDS: dict[Kind, Any] = {
    Kind.INTERACTION: stream_records.InteractionRecord,
    Kind.ITEM: stream_records.ItemRecord,
    Kind.USER: stream_records.UserRecord,
    Kind.ACTION: stream_records.ActionRecord,
    Kind.ACTION_INTERACTION: stream_records.ActionInteractionRecord,
}
validator = Draft202012Validator(json_schema())


def is_taken(record: dict[str, Any]) -> bool:
    try:
        return bool(entries(json.dumps(record).encode(), default_event_id="e"))
    except InvalidRecordError:
        return False


def test_the_published_schema_is_the_one_of_the_function() -> None:
    now = json.dumps(json_schema(), indent=2) + "\n"
    if os.environ.get("SNAPSHOT") == "update":
        PUBLISHED.write_text(now)

    assert PUBLISHED.read_text() == now, "renew it with SNAPSHOT=update"


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("kind", Kind)
def test_the_types_of_python_have_the_same_fields(kind: Kind) -> None:
    form, record = FORMS[kind], RECORDS[kind]
    required = {*form.required} | (set() if kind is Kind.INTERACTION else {"kind"})

    assert set(record.__annotations__) == {"kind", *form.fields}
    assert record.__required_keys__ == required


@pytest.mark.parametrize("kind", Kind)
def test_the_types_of_python_name_the_kind(kind: Kind) -> None:
    hint = typing.get_type_hints(RECORDS[kind])["kind"]

    assert typing.get_args(hint) == (kind.value,)


TEXTS = st.sampled_from(
    ["", "x", "ä" * 256, "x" * 257, "x" * 41, "View", "Taken", "not taken", "\n"]
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "kind": st.sampled_from([*(str(kind) for kind in Kind), "order", 5]),
    "sentAt": st.sampled_from(
        [0, 1_700_000_000, 1e14, -1, "2023-11-14T22:13:20Z", "2023-11-14", "now", True]
    ),
    "eventValue": st.sampled_from([1, -2.5, "1", True, 2**63]),
    "impression": st.lists(TEXTS, max_size=27) | TEXTS,
    "metricAttribution": st.fixed_dictionaries(
        {}, optional={"eventAttributionSource": TEXTS | st.just("  "), "x": TEXTS}
    ),
    "properties": st.dictionaries(
        st.sampled_from(["price", "userId", "TIMESTAMP", "genre"]), st.integers() | TEXTS
    ),
}
NAMES = sorted({name for form in FORMS.values() for name in form.fields} | {"kind", "user_id"})
VIEW = {"sessionId": "s", "eventType": "View", "sentAt": 1}
BASES = st.sampled_from(
    [
        VIEW,
        {"kind": "item", "itemId": "tea"},
        {"kind": "user", "userId": "ann"},
        {"kind": "action", "actionId": "mail"},
        {**VIEW, "kind": "actionInteraction", "actionId": "mail", "eventType": "Taken"},
    ]
)
CHANGES = st.fixed_dictionaries({}, optional={name: VALUES.get(name, TEXTS) for name in NAMES})


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(BASES, CHANGES, st.sets(st.sampled_from(NAMES), max_size=1))
@example(VIEW, {"impression": ["ä" * 256] * 25}, set())
def test_the_function_takes_what_the_schema_allows_and_nothing_else(
    base: dict[str, Any], changes: dict[str, Any], missing: set[str]
) -> None:
    record = {name: value for name, value in (base | changes).items() if name not in missing}
    # What a schema cannot say: the length of properties as text, and the bytes of an event.
    properties = record.get("properties", {})
    assume(len(json.dumps(properties)) <= 1000)
    assume(len(json.dumps(record, ensure_ascii=False).encode()) < MAX_EVENT_BYTES)
    # What is read leniently: nobody writes a kind of event in capitals, or a day that is none.
    allowed = validator.is_valid(record)

    if record.get("kind") == "actionInteraction" and record.get("eventType") == "not taken":
        assert not allowed
    else:
        assert is_taken(record) == allowed
