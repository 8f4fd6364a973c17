"""Records in the form of others: an event bus of Amazon EventBridge, and Twilio Segment.

Each adapter turns a record of a form into records of the five kinds. What such a record cannot say
in its own words goes into an object `personalize`, whose fields are taken as they are.
"""

from collections.abc import Callable, Mapping
from typing import Any

from personalize_runtime.fields import InvalidRecordError, given, invalid, shown

Record = Mapping[str, Any]

_OURS = "personalize"


def adapted(record: Record) -> list[dict[str, Any]]:
    """Return the records of the five kinds that a record stands for; mostly itself.

    Raises:
        InvalidRecordError: If it has the form of another and cannot be read as one.
    """
    for is_of_form, adapter in _ADAPTERS:
        if is_of_form(record):
            return adapter(record)
    return [dict(record)]


def _is_from_event_bridge(record: Record) -> bool:
    return "detail-type" in record and "detail" in record


def _from_event_bridge(record: Record) -> list[dict[str, Any]]:
    """Read an event of a bus: its detail is a record, of any form.

    The event's own id and time stand in where the detail tells none; it is delivered at least
    once, each time with the same id.
    """
    detail = record["detail"]
    if not isinstance(detail, dict):
        raise invalid(field="detail", got=detail, allowed="an object")
    inner = adapted(given(detail))
    for number, one in enumerate(inner):
        if one.get("kind", "interaction") in ("interaction", "actionInteraction"):
            own_id = str(record.get("id", ""))
            _fill(one, "eventId", f"{own_id}:{number}" if len(inner) > 1 and own_id else own_id)
            _fill(one, "sentAt", record.get("time"))
            _fill(one, "eventType", record["detail-type"])
    return inner


def _is_from_segment(record: Record) -> bool:
    return "messageId" in record and "type" in record


def _from_segment(record: Record) -> list[dict[str, Any]]:
    """Read a message of Segment's spec: `track` and its kin are events, `identify` is a user."""
    match record["type"]:
        case "track" | "page" | "screen":
            return _segment_events(record)
        case "identify":
            ours = _object(_object(record, "traits"), _OURS)
            return [{"kind": "user", "userId": record.get("userId"), **ours}]
        case _:
            allowed = "track, page, screen or identify"
            raise invalid(field="type", got=record["type"], allowed=allowed)


def _segment_events(record: Record) -> list[dict[str, Any]]:
    """Read what a user did: one interaction for each of the products that it names."""
    properties = _object(record, "properties")
    products = properties.get("products")
    if products is None:
        return [_segment_event(record, properties, str(record["messageId"]))]
    if not isinstance(products, list) or not products:
        raise invalid(
            field="properties.products", got=products, allowed="a list of one product or more"
        )
    events = []
    for number, product in enumerate(products):
        if not isinstance(product, dict):
            raise invalid(field="properties.products", got=product, allowed="a list of objects")
        event_id = f"{record['messageId']}:{number}" if len(products) > 1 else record["messageId"]
        # What is said of the order counts for each product, unless the product says otherwise.
        ours = {_OURS: {**_object(properties, _OURS), **_object(product, _OURS)}}
        events.append(_segment_event(record, {**given(product), **ours}, str(event_id)))
    return events


def _segment_event(record: Record, properties: Record, event_id: str) -> dict[str, Any]:
    context = _object(record, "context")
    session = _first(context, "sessionId", "session_id") or _first(record, "anonymousId", "userId")
    if session is None:
        msg = f"anonymousId and userId are missing, got {shown(sorted(record))}"
        raise InvalidRecordError(msg)
    return {
        "kind": "interaction",
        "eventType": _first(record, "event", "name", "type"),
        "userId": record.get("userId"),
        "sessionId": session,
        "itemId": _first(properties, "product_id", "sku", "itemId"),
        "eventValue": _first(properties, "value", "revenue", "price"),
        "sentAt": _first(record, "timestamp", "originalTimestamp", "sentAt"),
        "eventId": event_id,
        **_object(properties, _OURS),
    }


def _object(record: Record, name: str) -> Record:
    value = record.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(field=name, got=value, allowed="an object")
    return given(value)


def _first(record: Record, *names: str) -> object:
    return next((record[name] for name in names if record.get(name) is not None), None)


def _fill(record: dict[str, Any], name: str, value: object) -> None:
    if record.get(name) is None and value:
        record[name] = value


_ADAPTERS: tuple[tuple[Callable[[Record], bool], Callable[[Record], list[dict[str, Any]]]], ...] = (
    (_is_from_event_bridge, _from_event_bridge),
    (_is_from_segment, _from_segment),
)
