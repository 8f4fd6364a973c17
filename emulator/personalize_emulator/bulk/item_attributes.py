r"""The attributes of items that a user segment is asked for by.

`ITEMS.genres = "Comedy" AND ITEMS.genres = "Action"`: conditions on columns of Items, joined by
AND. A string is in double quotes, in which a backslash escapes; a number may do without. See the
developer guide's page prepare-input-data-user-segment.
"""

from __future__ import annotations

import math
import re

from cdk_personalize.avro_schema import NUMERIC_TYPES, AvroSchema, SchemaField

_CONDITION = re.compile(
    r"""\s* (?P<dataset>\w+) \. (?P<column>\w+) \s* = \s*
    (?: "(?P<text>(?:[^"\\]|\\.)*)" | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?) ) \s*
    """,
    re.VERBOSE | re.DOTALL,
)
# What the recipe does not look at (the guide's page item-attribute-affinity-recipe).
_NO_ATTRIBUTES = ("ITEM_ID", "CREATION_TIMESTAMP")

_AND = re.compile(r"AND\b")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def parse_item_attributes(text: str, schema: AvroSchema) -> list[tuple[str, str]]:
    """Return the columns and the value of each.

    The guide writes a column in lower case whose schema has it in upper case; so case does not
    matter here, unless columns differ by nothing else.

    Args:
        text: The expression.
        schema: The schema of the Items dataset.

    Raises:
        ValueError: It is no such expression, or one of another column than the schema has.
    """
    conditions: list[tuple[str, str]] = []
    position = 0
    while True:
        match = _CONDITION.match(text, position)
        if match is None:
            msg = f'expected a condition such as ITEMS.COLUMN = "value" at character {position}'
            raise ValueError(msg)
        if match["dataset"].upper() != schema.dataset_type.arn_segment:
            msg = f"the attributes are of ITEMS, got {match['dataset']}.{match['column']}"
            raise ValueError(msg)
        field = _field(match["column"], schema)
        conditions.append((field.name, _value(match, field)))
        position = match.end()
        if position == len(text):
            return conditions
        joined = _AND.match(text, position)
        if joined is None:
            msg = f"expected AND at character {position}"
            raise ValueError(msg)
        position = joined.end()


def _field(name: str, schema: AvroSchema) -> SchemaField:
    alike = [field for field in schema.fields if field.name.upper() == name.upper()]
    found = schema.field(name) or (alike[0] if len(alike) == 1 else None)
    if found is None:
        msg = f"Items has no column {name}; it has {', '.join(schema.columns)}"
        raise ValueError(msg)
    if found.textual or found.name in _NO_ATTRIBUTES:
        msg = f"{found.name} is {'textual' if found.textual else 'reserved'}: it is no attribute"
        raise ValueError(msg)
    return found


def _value(match: re.Match[str], field: SchemaField) -> str:
    """Return the value; a number as it is written when it is whole, and as Python has it else."""
    text = match["number"] if match["text"] is None else _ESCAPE.sub(r"\1", match["text"])
    if field.type not in NUMERIC_TYPES:
        if match["text"] is None:
            msg = f"{field.name} is of type {field.type}: its value must be in double quotes"
            raise ValueError(msg)
        return text
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        msg = f"{field.name} is of type {field.type}, got {text!r}"
        raise ValueError(msg)
    return str(int(number)) if number.is_integer() else repr(number)
