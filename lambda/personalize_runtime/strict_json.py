"""JSON as it is read and written here: strictly, and without spaces."""

import json
import math
from typing import Any

_ESCAPE = "\\u"


def _refuse_constant(constant: str) -> float:
    msg = f"{constant} is no JSON"
    raise ValueError(msg)


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        msg = f"{number} does not fit a float"
        raise ValueError(msg)
    return value


# Made once: `json.loads` and `json.dumps` make one each time that they are told something.
_decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse_constant)
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def read_json(text: str) -> Any:  # noqa: ANN401 - it may be anything
    """Return what JSON tells that can be sent on as JSON in UTF-8.

    Raises:
        UnicodeEncodeError: If it escapes half a character (a lone surrogate).
        ValueError: If it is no JSON, or has a number that no float holds.
        RecursionError: If it is nested too deeply.
    """
    value = _decoder.decode(text)
    if _ESCAPE in text:
        json_of(value).encode()
    return value


def json_of(value: object) -> str:
    """Return a value as the JSON that is sent: text as it is, and no spaces."""
    return _encoder.encode(value)
