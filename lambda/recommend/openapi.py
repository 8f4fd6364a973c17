"""The OpenAPI document of the API, from what the stack declared."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from personalize_runtime.envelope import Kind, json_schema
from recommend.declarations import Declarations, Route
from recommend.event_intake import EVENT_KINDS, MAX_EVENTS
from recommend.problems import CONTENT_TYPE
from recommend.requests import (
    COLUMN,
    CONTEXT_PREFIX,
    FILTER_PREFIX,
    ID_FIELDS,
    MAX_ACTIONS,
    MAX_CONTEXT_VALUE_LENGTH,
    MAX_FIELDS,
    MAX_ID_LENGTH,
    MAX_ITEMS,
    MAX_RESULTS,
    NEEDED,
    PARAMETERS,
    PLACEHOLDER,
    PROMOTION_PREFIX,
)

_Schema = Mapping[str, Any]
_ID: _Schema = {"type": "string", "minLength": 1, "maxLength": MAX_ID_LENGTH}
_VALUE: _Schema = {"type": "string", "minLength": 1, "pattern": '^[^"]+$'}
_NUMBER: _Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
_SUMMARIES: Mapping[Route, str] = {
    Route.RECOMMENDATIONS: "What suits a user",
    Route.RELATED: "What goes with an item",
    Route.POPULAR: "What is liked most",
    Route.TRENDING: "What is liked more and more",
    Route.RANKING: "Items in the order that suits a user",
    Route.ACTIONS: "What a user will do next, if asked to",
}
_DESCRIPTIONS: Mapping[str, str] = {
    "userId": "Whom the answer is for.",
    "itemId": "What the answer should go with.",
    "model": "The model that should answer; by default the first of the route.",
    "numResults": "How many entries the answer should have at most.",
    "filter": "The filter that the answer should go through.",
    "promotion": "What should be put into the answer instead of other items.",
    "fields": "What to tell of each item: its id, its score, and columns of its dataset.",
}
# What each refusal is for; the function refuses nothing else.
_REFUSALS: Mapping[str, str] = {
    "400": "The request is at fault; `parameter` says what of it, where one thing is",
    "403": "The request is about another user than the one of the token",
    "413": "The body is too large",
    "415": "The body is of a type that is not read here",
    "429": "There are more requests than the model takes",
    "500": "The request broke the API",
    "502": "Amazon Personalize failed to answer",
    "503": "The model is not there yet, or is out of order",
    "504": "Amazon Personalize did not answer in time",
}
_EVENTS_REFUSALS = ("400", "403", "413", "415", "500", "503")
_ASKED_REFUSALS = ("400", "403", "429", "500", "502", "503", "504")


def openapi(
    declarations: Declarations, *, takes_events: bool, is_bound: bool = False
) -> dict[str, Any]:
    """Return the document.

    Args:
        declarations: The models, filters and promotions.
        takes_events: Whether the API has a stream for events.
        is_bound: Whether the token of a request names its user.
    """
    paths: dict[str, Any] = {
        route.path: {route.method.lower(): _of_route(declarations, route, is_bound=is_bound)}
        for route in declarations.routes
    }
    if takes_events:
        paths["/events"] = {"post": _of_events(is_bound=is_bound)}
    paths["/health"] = {"get": _of_health()}
    paths["/openapi.json"] = {
        "get": {
            "operationId": "getOpenApi",
            "summary": "This document",
            "responses": {"200": _json("The document", {"type": "object"}), "304": _NOT_MODIFIED},
        }
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Recommendations",
            "version": "1",
            "description": "Recommendations of Amazon Personalize, by cdk-personalize.",
        },
        "paths": paths,
        "components": {"schemas": _schemas(takes_events=takes_events, is_bound=is_bound)},
    }


_NOT_MODIFIED = {"description": "What `If-None-Match` names is still the answer"}


def _of_route(declarations: Declarations, route: Route, *, is_bound: bool) -> dict[str, Any]:
    ok = _json("What is recommended, the best first", _ref(_list_name(route)))
    ok["headers"] = {
        "X-Served-By": {
            "description": "What answered: `servedBy` and, if one did, the model",
            "schema": {"type": "string"},
        }
    }
    operation: dict[str, Any] = {
        "operationId": f"get{route.capitalize()}",
        "summary": _SUMMARIES[route],
        "responses": {"200": ok, **_refusals(_ASKED_REFUSALS, is_bound=is_bound)},
    }
    if route is Route.RANKING:
        schema = _ranking(declarations, is_bound=is_bound)
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": True, "content": content}
        return operation
    operation["responses"]["304"] = _NOT_MODIFIED
    operation["parameters"] = [
        parameter
        for name in PARAMETERS[route]
        for parameter in _parameters(declarations, route, name, is_bound=is_bound)
    ]
    return operation


def _parameters(
    declarations: Declarations, route: Route, name: str, *, is_bound: bool
) -> Iterator[dict[str, Any]]:
    """Yield what the document says of a parameter, or of those whose names begin so."""
    settings = declarations.settings[route]
    if name == FILTER_PREFIX:
        if settings.filter is None:
            yield from _values(declarations, FILTER_PREFIX, list(declarations.filters))
    elif name == PROMOTION_PREFIX:
        filters = [promotion.filter for promotion in declarations.promotions.values()]
        yield from _values(declarations, PROMOTION_PREFIX, filters)
    elif name == CONTEXT_PREFIX:
        yield {
            "name": "context",
            "in": "query",
            "description": "What is the case at the moment, by columns of the interactions:"
            " `context.DEVICE=mobile`.",
            "style": "form",
            "explode": True,
            "schema": _context(rf"^context\.{COLUMN}$"),
        }
    else:
        schema = _schema(declarations, route, name)
        if schema is None:
            return
        bound = is_bound and name == "userId"
        models = declarations.models_of(route)
        needs_user = name == "userId" and all(model.needs_user for model in models)
        parameter: dict[str, Any] = {
            "name": name,
            "in": "query",
            "description": _DESCRIPTIONS[name],
            "required": not bound and (name in NEEDED.get(route, ()) or needs_user),
            "schema": schema,
        }
        if name == "fields":
            parameter |= {"style": "form", "explode": False}
        yield parameter


def _schema(declarations: Declarations, route: Route, name: str) -> _Schema | None:
    """Return what a parameter may be; None if it may not be given."""
    match name:
        case "userId" | "itemId":
            return _ID
        case "model":
            return {"enum": [model.name for model in declarations.models_of(route)]}
        case "numResults":
            most = MAX_ACTIONS if route is Route.ACTIONS else MAX_RESULTS
            return {"type": "integer", "minimum": 1, "maximum": most}
        case "filter":
            free = declarations.settings[route].filter is None
            names = list(declarations.filters) if free else []
        case "promotion":
            names = list(declarations.promotions)
        case _:
            return _fields(declarations)
    return {"enum": names} if names else None


def _fields(declarations: Declarations) -> _Schema:
    names = [*ID_FIELDS, *declarations.item_columns]
    most = len(ID_FIELDS) + MAX_FIELDS
    return {
        "type": "array",
        "items": {"enum": names},
        "minItems": 1,
        "maxItems": most,
        "uniqueItems": True,
    }


def _values(
    declarations: Declarations, prefix: str, filters: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield the placeholders of some filters; of an imported filter nobody knows them."""
    texts = sorted({name for one in filters for name in declarations.filters[one].texts})
    numbers = sorted({name for one in filters for name in declarations.filters[one].numbers})
    for placeholder in texts:
        yield {
            "name": f"{prefix}{placeholder}",
            "in": "query",
            "description": "A value of the filter; where several are given, any will do.",
            "style": "form",
            "explode": True,
            "schema": {"type": "array", "items": _VALUE, "minItems": 1},
        }
    for placeholder in numbers:
        yield {
            "name": f"{prefix}{placeholder}",
            "in": "query",
            "description": "A number that the filter compares with.",
            "schema": _NUMBER,
        }


def _context(names: str, *, numbers: bool = False) -> _Schema:
    text = {"type": "string", "minLength": 1, "maxLength": MAX_CONTEXT_VALUE_LENGTH}
    return {
        "type": "object",
        "propertyNames": {"pattern": names},
        "additionalProperties": {"anyOf": [text, {"type": "number"}]} if numbers else text,
    }


def _ranking(declarations: Declarations, *, is_bound: bool) -> _Schema:
    value = {"anyOf": [_VALUE, {"type": "number"}]}
    values = {"anyOf": [value, {"type": "array", "items": value, "minItems": 1}]}
    members: dict[str, _Schema | None] = {
        "userId": _ID,
        "itemIds": {"type": "array", "items": _ID, "minItems": 1, "maxItems": MAX_ITEMS},
        "model": _schema(declarations, Route.RANKING, "model"),
        "numResults": _schema(declarations, Route.RANKING, "numResults"),
        "filter": _schema(declarations, Route.RANKING, "filter"),
        "filterValues": {
            "type": "object",
            "propertyNames": {"pattern": f"^{PLACEHOLDER}$"},
            "additionalProperties": values,
        },
        "context": _context(f"^{COLUMN}$", numbers=True),
        "fields": _fields(declarations),
    }
    if members["filter"] is None:
        del members["filterValues"]
    needed = [name for name in NEEDED[Route.RANKING] if not (is_bound and name == "userId")]
    known = {name: schema for name, schema in members.items() if schema is not None}
    return {
        "type": "object",
        "properties": _with_nulls(known, needed),
        "required": needed,
        "additionalProperties": False,
    }


def _of_events(*, is_bound: bool) -> dict[str, Any]:
    body = {"anyOf": [_ref("Event"), _events_list(), _events_object()]}
    accepted = {
        "type": "object",
        "properties": {"accepted": {"type": "integer", "minimum": 1, "maximum": MAX_EVENTS}},
        "required": ["accepted"],
    }
    return {
        "operationId": "putEvents",
        "summary": "Tell what users did: all events of a request are taken, or none",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": body},
                # What `navigator.sendBeacon` sends; the text is JSON too.
                "text/plain": {"schema": body},
            },
        },
        "responses": {
            "202": _json("They are on the stream", accepted),
            **_refusals(_EVENTS_REFUSALS, is_bound=is_bound),
        },
    }


def _events_list() -> _Schema:
    return {"type": "array", "items": _ref("Event"), "minItems": 1, "maxItems": MAX_EVENTS}


def _events_object() -> _Schema:
    return {
        "type": "object",
        "properties": {"events": _events_list()},
        "required": ["events"],
        "additionalProperties": False,
    }


def _of_health() -> dict[str, Any]:
    states = {"enum": ["ok", "out of order"]}
    schema = {
        "type": "object",
        "properties": {
            "status": {"enum": ["ok", "degraded"]},
            "models": {"type": "object", "additionalProperties": states},
        },
        "required": ["status", "models"],
    }
    return {
        "operationId": "getHealth",
        "summary": "Whether the models answer, as far as this instance of the function knows",
        "responses": {"200": _json("The state", schema)},
    }


def _schemas(*, takes_events: bool, is_bound: bool) -> dict[str, Any]:
    schemas: dict[str, Any] = {
        "Items": _list_schema("items", "itemId"),
        "Actions": _list_schema("actions", "actionId"),
        "Problem": {
            "description": "RFC 9457",
            "type": "object",
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "parameter": {"type": "string"},
            },
            "required": ["type", "title", "status", "detail"],
        },
    }
    if takes_events:
        kinds = [_event(kind, is_bound=is_bound) for kind in EVENT_KINDS]
        schemas["Event"] = {"anyOf": kinds}
    return schemas


def _event(kind: Kind, *, is_bound: bool) -> _Schema:
    """Return what an event may be: a record of the stream, of which the API knows the rest."""
    schema = json_schema()["$defs"][kind]
    known = {"sentAt", *(["userId"] if is_bound else [])}
    required = [name for name in schema["required"] if name not in known]
    properties = _with_nulls(schema["properties"], required)
    return {**schema, "properties": properties, "required": required}


def _with_nulls(properties: Mapping[str, _Schema], required: Sequence[str]) -> dict[str, _Schema]:
    """Return the members of a body: many clients write null for what they do not know."""
    return {
        name: schema if name in required else {"anyOf": [schema, {"type": "null"}]}
        for name, schema in properties.items()
    }


def _list_schema(entries: str, entry: str) -> _Schema:
    one = {
        "type": "object",
        "properties": {
            entry: {"type": "string"},
            "score": {"type": "number"},
            "promotionName": {"type": "string"},
            "reason": {"type": "array", "items": {"type": "string"}},
            "metadata": {"type": "object"},
        },
        "required": [entry],
    }
    return {
        "type": "object",
        "properties": {
            "recommendationId": {
                "description": "What events name that came of it; none of a list",
                "type": ["string", "null"],
            },
            "model": {
                "description": "The model that answered, or whose list it is",
                "type": ["string", "null"],
            },
            "servedBy": {
                "enum": ["campaign", "recommender", "last-good-list", "static-list", "as-given"]
            },
            "metricAttribution": {
                "description": "In an experiment: what events that came of it carry",
                "type": "object",
                "properties": {"eventAttributionSource": {"type": "string"}},
                "required": ["eventAttributionSource"],
            },
            "filtered": {
                "description": "False where a list stood in, which no filter was asked about",
                "const": False,
            },
            entries: {"type": "array", "items": one},
        },
        "required": ["recommendationId", "model", "servedBy", entries],
    }


def _list_name(route: Route) -> str:
    return route.entries.capitalize()


def _refusals(statuses: Sequence[str], *, is_bound: bool) -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": _ref("Problem")}}
    return {
        status: {"description": _REFUSALS[status], "content": content}
        for status in statuses
        if is_bound or status != "403"
    }


def _json(description: str, schema: _Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> _Schema:
    return {"$ref": f"#/components/schemas/{name}"}
