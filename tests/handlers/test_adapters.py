"""Records in the form of Amazon EventBridge and of Segment."""

import json
from typing import Any

import pytest

from personalize_runtime.envelope import Entry, Kind, entries
from personalize_runtime.fields import InvalidRecordError

BUS_EVENT: dict[str, Any] = {
    "version": "0",
    "id": "8f1b0e4c",
    "detail-type": "View",
    "source": "shop.web",
    "account": "123456789012",
    "time": "2023-11-14T22:13:20Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {"userId": "ann", "sessionId": "s1", "itemId": "tea"},
}
TRACK: dict[str, Any] = {
    "type": "track",
    "event": "Product Viewed",
    "messageId": "m1",
    "userId": "ann",
    "anonymousId": "a1",
    "timestamp": "2023-11-14T22:13:20.000Z",
    "context": {"library": {"name": "analytics.js"}},
    "properties": {"product_id": "tea", "price": 2.5, "color": "green"},
}


def read(record: dict[str, Any]) -> list[Entry]:
    return entries(json.dumps(record).encode(), default_event_id="position")


def body(record: dict[str, Any]) -> dict[str, Any]:
    (entry,) = read(record)
    return entry.body


def test_an_event_of_a_bus_tells_its_id_time_and_type() -> None:
    (entry,) = read(BUS_EVENT)

    assert entry == Entry(
        Kind.INTERACTION,
        key="s1",
        user_id="ann",
        body={
            "eventType": "View",
            "sentAt": 1_700_000_000,
            "itemId": "tea",
            "eventId": "8f1b0e4c",
        },
    )


def test_what_the_detail_tells_itself_counts() -> None:
    told = {"eventId": "e1", "eventType": "Purchase", "sentAt": 1_600_000_000}

    assert body(BUS_EVENT | {"detail": BUS_EVENT["detail"] | told}) == told | {"itemId": "tea"}


def test_an_item_on_a_bus_gets_neither_time_nor_type() -> None:
    detail = {"kind": "item", "itemId": "tea", "properties": {"price": 2}}

    assert body(BUS_EVENT | {"detail": detail}) == {
        "itemId": "tea",
        "properties": '{"price":2}',
    }


@pytest.mark.parametrize("detail", [[], "x", 5])
def test_the_detail_of_a_bus_event_is_an_object(detail: object) -> None:
    with pytest.raises(InvalidRecordError, match="detail must be an object, got"):
        read(BUS_EVENT | {"detail": detail})


def test_a_track_message_is_an_interaction() -> None:
    (entry,) = read(TRACK)

    assert entry == Entry(
        Kind.INTERACTION,
        key="a1",
        user_id="ann",
        body={
            "eventType": "Product Viewed",
            "sentAt": 1_700_000_000,
            "itemId": "tea",
            "eventValue": 2.5,
            "eventId": "m1",
        },
    )


def test_a_session_of_the_context_counts_before_the_anonymous_id() -> None:
    (entry,) = read(TRACK | {"context": {"sessionId": "visit-7"}})

    assert entry.key == "visit-7"


def test_a_visitor_who_is_not_known_has_no_user() -> None:
    (entry,) = read({**TRACK, "userId": None})

    assert (entry.user_id, entry.key) == (None, "a1")


def test_an_order_is_one_interaction_for_each_product() -> None:
    order = TRACK | {
        "event": "Order Completed",
        "properties": {
            "revenue": 99,
            "products": [{"product_id": "tea", "price": 2.5}, {"sku": "cup", "price": 8}],
        },
    }

    found = [
        (entry.body["eventId"], entry.body["itemId"], entry.body["eventValue"])
        for entry in read(order)
    ]
    assert found == [("m1:0", "tea", 2.5), ("m1:1", "cup", 8.0)]


def test_a_bus_may_bring_the_messages_of_segment() -> None:
    assert read(BUS_EVENT | {"detail": TRACK}) == read(TRACK)


def test_what_is_said_for_personalize_counts_before_everything_else() -> None:
    ours = {"itemId": "TEA-1", "eventType": "View", "properties": {"device": "phone"}}

    assert body(TRACK | {"properties": {"product_id": "tea", "personalize": ours}}) == {
        "eventType": "View",
        "sentAt": 1_700_000_000,
        "itemId": "TEA-1",
        "properties": '{"device":"phone"}',
        "eventId": "m1",
    }


def test_what_is_said_for_an_order_counts_for_each_product() -> None:
    products = [{"product_id": "tea", "personalize": {"eventValue": 1}}, {"product_id": "cup"}]
    ours = {"eventType": "Purchase", "eventValue": 5}

    found = read(TRACK | {"properties": {"products": products, "personalize": ours}})

    assert [(entry.body["eventType"], entry.body["eventValue"]) for entry in found] == [
        ("Purchase", 1.0),
        ("Purchase", 5.0),
    ]


def test_identify_is_a_user() -> None:
    identify = {
        "type": "identify",
        "messageId": "m2",
        "userId": "ann",
        "traits": {"email": "ann@example.com", "personalize": {"properties": {"plan": "gold"}}},
    }

    (entry,) = read(identify)

    assert (entry.kind, entry.key, entry.body) == (
        Kind.USER,
        "ann",
        {"userId": "ann", "properties": '{"plan":"gold"}'},
    )


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"type": "group"}, "type must be track, page, screen or identify"),
        ({"properties": []}, "properties must be an object"),
        ({"properties": {"products": []}}, "products must be a list of one product or more"),
        ({"properties": {"products": [5]}}, "products must be a list of objects"),
        ({"anonymousId": None, "userId": None}, "anonymousId and userId are missing"),
        ({"timestamp": "yesterday"}, "sentAt must be seconds or milliseconds"),
        ({"type": "identify", "userId": None}, "userId is missing"),
        ({"properties": {"personalize": {"color": 1}}}, '"color" is no field'),
    ],
)
def test_refuses_a_message_that_tells_too_little(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidRecordError, match=reason):
        read(TRACK | wrong)
