"""JSON as it comes in: an object, and strictly JSON, or an error that says what is wrong."""

from __future__ import annotations

import json
from typing import Any


def json_object(text: str | bytes, what: str) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        text: The text.
        what: What it is, for the message: "The request body".

    Raises:
        ValueError: It is no JSON (NaN and Infinity are none), too deep, or no object.
    """
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        msg = f"{what} is no JSON object: {error}"
        raise ValueError(msg) from error
    if not isinstance(found, dict):
        msg = f"{what} is no JSON object"
        raise ValueError(msg)
    return found


def _refuse_constant(name: str) -> None:
    msg = f"{name} is no JSON number"
    raise ValueError(msg)
