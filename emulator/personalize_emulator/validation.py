"""Requests held against their shapes, which botocore's clients do not do.

The messages are those of the service: "1 validation error detected: Value 'x y' at 'name' failed to
satisfy constraint: Member must satisfy regular expression pattern: ...".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from personalize_emulator.errors import InvalidInputError, SerializationError

# Java's character classes, as they are written inside of a class of Python's.
_JAVA_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

_LARGEST = {"integer": 2**31 - 1, "long": 2**63 - 1}

_JSON_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a Boolean"),
    (str, "a String"),
    (int, "an Integer"),
    (float, "a Double"),
    (list, "a List"),
    (dict, "a Structure"),
)

_WANTED: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a String"),
    "boolean": ((bool,), "a Boolean"),
    "integer": ((int,), "an Integer"),
    "long": ((int,), "a Long"),
    "float": ((int, float), "a Float"),
    "double": ((int, float), "a Double"),
    "timestamp": ((int, float), "a Timestamp"),
    "list": ((list,), "a List"),
    "map": ((dict,), "a Map"),
    "structure": ((dict,), "a Structure"),
}


def validate(shape: StructureShape, request: object) -> dict[str, Any]:
    """Check a request against its shape and return it without members that the shape lacks.

    Args:
        shape: The input shape of the operation.
        request: The parsed JSON body.

    Raises:
        SerializationError: A value is of the wrong type.
        InvalidInputError: A value breaks a constraint; the message counts and names them all.
    """
    conformed = conform(shape, request)
    findings = findings_of(shape, conformed)
    if findings:
        count = f"{len(findings)} validation error{'s' if len(findings) > 1 else ''} detected"
        msg = f"{count}: {'; '.join(findings)}"
        raise InvalidInputError(msg)
    return conformed


def validate_member(shape: Shape, value: object, name: str) -> None:
    """Check one value against the shape that a member of a request has.

    Args:
        shape: The shape.
        value: The value.
        name: What the value is called where it comes from.

    Raises:
        SerializationError: The value, or one in it, is of the wrong type.
        InvalidInputError: It breaks a constraint; the message names them all.
    """
    findings = list(_findings(shape, _conform(shape, value, name), name))
    if findings:
        msg = "; ".join(findings)
        raise InvalidInputError(msg)


def conform(shape: StructureShape, value: object) -> dict[str, Any]:
    """Return a structure with the members that its shape knows; null is the same as absent.

    Raises:
        SerializationError: A value is of the wrong type.
    """
    if not isinstance(value, Mapping):
        msg = f"{_kind(value)} can not be converted to a Structure"
        raise SerializationError(msg)
    return _structure(shape, value, "")


def findings_of(shape: StructureShape, value: Mapping[str, Any]) -> list[str]:
    """Return every constraint that a conformed structure breaks, as the service words it."""
    return list(_findings(shape, value, ""))


@cache
def pattern_of(text: str) -> re.Pattern[str]:
    """Compile a pattern of a service model; the service wants it to match the whole value."""
    text = text.replace(r"\p{ASCII}", r"[\x00-\x7f]")
    for java, python in _JAVA_CLASSES.items():
        text = text.replace(java, python)
    return re.compile(text)


def _structure(shape: StructureShape, value: Mapping[str, Any], path: str) -> dict[str, Any]:
    return {
        name: _conform(member, value[name], _under(path, name))
        for name, member in shape.members.items()
        if value.get(name) is not None
    }


def _conform(shape: Shape, value: object, path: str) -> object:
    types, wanted = _WANTED[shape.type_name]
    # bool is an int to Python and not to the service.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        msg = f"{_kind(value)} can not be converted to {wanted} at '{path}'"
        raise SerializationError(msg)
    if isinstance(value, str) and not value.isascii() and _LONE_SURROGATE.search(value):
        msg = f"The text at '{path}' is no Unicode"
        raise SerializationError(msg)
    if isinstance(value, int) and abs(value) > _LARGEST.get(shape.type_name, value):
        msg = f"The number at '{path}' is too large"
        raise SerializationError(msg)
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return _structure(shape, value, path)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [
            _conform(shape.member, entry, _under(path, f"{number}.member"))
            for number, entry in enumerate(value, start=1)
        ]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {
            key: _conform(shape.value, entry, _under(path, f"{key}.value"))
            for key, entry in value.items()
        }
    return value


def _findings(shape: Shape, value: object, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name in shape.required_members:
            if name not in value:
                yield (
                    f"Value null at '{_under(path, name)}' failed to satisfy constraint: "
                    "Member must not be null"
                )
        for name, entry in value.items():
            yield from _findings(shape.members[name], entry, _under(path, name))
        return
    for broken in _BROKEN.get(shape.type_name, _nothing)(shape, value):
        shown = "" if "sensitive" in shape.metadata else f" '{_shown(value)}'"
        yield f"Value{shown} at '{path}' failed to satisfy constraint: {broken}"
    if isinstance(shape, ListShape) and isinstance(value, list):
        for number, entry in enumerate(value, start=1):
            yield from _findings(shape.member, entry, _under(path, f"{number}.member"))
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _findings(shape.key, key, _under(path, f"{key}.key"))
            yield from _findings(shape.value, entry, _under(path, f"{key}.value"))


def _broken_string(shape: Shape, value: object) -> Iterator[str]:
    text = str(value)
    yield from _broken_length(shape, text)
    pattern = shape.metadata.get("pattern")
    if pattern and not pattern_of(pattern).fullmatch(text):
        yield f"Member must satisfy regular expression pattern: {pattern}"
    if isinstance(shape, StringShape) and shape.enum and text not in shape.enum:
        yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _broken_length(shape: Shape, value: Any) -> Iterator[str]:  # noqa: ANN401 - anything with a length
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None and len(value) > most:
        yield f"Member must have length less than or equal to {most}"
    if least is not None and len(value) < least:
        yield f"Member must have length greater than or equal to {least}"


def _broken_range(shape: Shape, value: Any) -> Iterator[str]:  # noqa: ANN401 - any number
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None and value > most:
        yield f"Member must have value less than or equal to {most}"
    if least is not None and value < least:
        yield f"Member must have value greater than or equal to {least}"


def _nothing(_shape: Shape, _value: object) -> Iterator[str]:
    yield from ()


_BROKEN: dict[str, Callable[[Shape, object], Iterator[str]]] = {
    "string": _broken_string,
    "list": _broken_length,
    "map": _broken_length,
    "integer": _broken_range,
    "long": _broken_range,
    "float": _broken_range,
    "double": _broken_range,
}


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: object) -> str:
    text = str(value)
    longest = 100
    return text if len(text) <= longest else f"{text[:longest]}..."


def _kind(value: object) -> str:
    return next((kind for of, kind in _JSON_KINDS if isinstance(value, of)), "null")
