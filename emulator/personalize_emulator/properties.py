"""The properties of events and records: JSON in camel case, columns once they are read."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cdk_personalize.avro_schema import AvroSchema, SchemaField
from personalize_emulator.datasets import parse_schema
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.json_object import json_object
from personalize_emulator.quotas import Quotas
from personalize_emulator.store import Document

# These have members of their own; the service refuses them among the properties, in any case.
_RESERVED = frozenset(
    {"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"}
)
# These have members of their own too, and may be among the properties of an event all the same.
EVENT_PROPERTIES = {"itemId": "ITEM_ID", "eventValue": "EVENT_VALUE"}

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "int": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}
_BITS = {"int": 31, "long": 63}


def columns_of(
    properties: str | None,
    schema: Document,
    quotas: Quotas,
    others: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return properties by the names of their columns.

    What the service says to properties that no column has is not documented; here they are refused,
    since they can only be a mistake.

    Args:
        properties: A JSON object as text.
        schema: The document of the schema that declares the columns.
        quotas: How long texts may be.
        others: Properties that are no columns and allowed all the same.

    Raises:
        InvalidInputError: It is no such thing, or does not fit the columns.
    """
    if properties is None:
        return {}
    try:
        given = json_object(properties, "The text of properties")
    except ValueError as error:
        msg = f"{error}."
        raise InvalidInputError(msg) from error
    if not properties.isascii() or "\\u" in properties:
        _require_unicode(given)
    fields = _fields_by_property(parse_schema(schema))
    others = others or {}
    columns: dict[str, Any] = {}
    for name, value in given.items():
        if name.lower() in _RESERVED:
            msg = f"{name} cannot be one of the properties."
            raise InvalidInputError(msg)
        field = fields.get(name)
        if field is not None:
            _require_type(name, value, field)
            _require_length(name, value, field, quotas)
            columns[field.name] = value
        elif name in others:
            columns[others[name]] = value
        else:
            known = ", ".join([*fields, *others])
            msg = f"No column is called {name}; the columns are called {known}."
            raise InvalidInputError(msg)
    return columns


def camel_case(column: str) -> str:
    """Return the name of a column among properties: numberOfRatings for NUMBER_OF_RATINGS."""
    first, *rest = column.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


@lru_cache(maxsize=128)
def _fields_by_property(schema: AvroSchema) -> Mapping[str, SchemaField]:
    return {camel_case(field.name): field for field in schema.fields}


def _require_type(name: str, value: object, field: SchemaField) -> None:
    if value is None and field.nullable:
        return
    types = _TYPES[field.type]
    # bool is an int to Python and not to the service.
    fits = isinstance(value, types) and (not isinstance(value, bool) or bool in types)
    if fits and isinstance(value, int) and field.type in _BITS:
        fits = -(2 ** _BITS[field.type]) <= value < 2 ** _BITS[field.type]
    elif fits and isinstance(value, int | float):
        fits = abs(value) <= sys.float_info.max
    if not fits:
        msg = f"The property {name} must be of type {field.type}, got {json.dumps(value)}."
        raise InvalidInputError(msg)


def _require_length(name: str, value: object, field: SchemaField, quotas: Quotas) -> None:
    longest = quotas.textual_length if field.textual else quotas.categorical_length
    if isinstance(value, str) and longest is not None and len(value) > longest:
        msg = f"The property {name} has at most {longest} characters, got {len(value)}."
        raise InvalidInputError(msg)


def _require_unicode(given: Mapping[str, Any]) -> None:
    """Refuse halves of surrogate pairs, which JSON can write and nothing can hold."""
    for text in (*given, *given.values()):
        if isinstance(text, str):
            try:
                text.encode()
            except UnicodeEncodeError as error:
                msg = "properties must be Unicode."
                raise InvalidInputError(msg) from error
