"""What clients ask for: read from a query string or a body, and checked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from personalize_runtime.fields import read_json
from recommend.problems import (
    ProblemError,
    bad_parameter,
    missing_parameter,
    unknown_parameter,
)

MAX_ID_LENGTH = 256
MAX_RESULTS = 500
MAX_ITEMS = 500
MAX_FILTER_VALUES = 25
_PLACEHOLDER = re.compile(r"[A-Za-z0-9_]{1,50}")
_COUNT = re.compile(r"[0-9]{1,9}")
_VALUE_PREFIX = "filter."
_MODEL_AND_FILTER = ["model", "filter", "filter.<PLACEHOLDER>"]
# A client that signs the query string, and not the headers, adds parameters of its own.
_SIGNATURE_PREFIX = "x-amz-"


@dataclass(frozen=True, slots=True)
class Query:
    """What a client asks a model for.

    Attributes:
        user_id: Whom the answer is for.
        item_id: What the answer should resemble.
        item_ids: The items to put in order.
        num_results: How many items the answer should have at most.
        model: The model that should answer (default: the first of the route).
        filter: The name of the filter.
        filter_values: The values for each placeholder of the filter.
    """

    user_id: str | None = None
    item_id: str | None = None
    item_ids: list[str] = field(default_factory=list)
    num_results: int | None = None
    model: str | None = None
    filter: str | None = None
    filter_values: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def for_user(cls, query_string: str) -> "Query":
        """Read `GET /recommendations`.

        Raises:
            ProblemError: If the query has a parameter that it may not have, or lacks one.
        """
        given = _parameters(query_string, ["userId", "numResults", *_MODEL_AND_FILTER])
        return cls(user_id=_id(given, "userId"), num_results=_count(given), **_choices(given))

    @classmethod
    def for_item(cls, query_string: str) -> "Query":
        """Read `GET /related`; the user is for filters that look at users.

        Raises:
            ProblemError: If the query has a parameter that it may not have, or lacks one.
        """
        given = _parameters(query_string, ["itemId", "userId", "numResults", *_MODEL_AND_FILTER])
        return cls(
            item_id=_id(given, "itemId"),
            user_id=_id(given, "userId") if "userId" in given else None,
            num_results=_count(given),
            **_choices(given),
        )

    @classmethod
    def for_ranking(cls, body: bytes) -> "Query":
        """Read `POST /ranking`.

        Raises:
            ProblemError: If the body is no JSON object, or has a field that it may not have, or
                lacks one.
        """
        allowed = ["userId", "itemIds", "model", "filter", "filterValues"]
        given = _object(body)
        for name in given:
            if name not in allowed:
                raise unknown_parameter(name, allowed=allowed)
        item_ids = given.get("itemIds")
        if item_ids is None:
            raise missing_parameter(parameter="itemIds")
        if not isinstance(item_ids, list) or not 1 <= len(item_ids) <= MAX_ITEMS:
            raise bad_parameter(
                parameter="itemIds", allowed=f"a list of 1 to {MAX_ITEMS} item ids", got=item_ids
            )
        values = given.pop("filterValues", {})
        if not isinstance(values, dict):
            raise bad_parameter(parameter="filterValues", allowed="an object", got=values)
        given |= {f"{_VALUE_PREFIX}{name}": value for name, value in values.items()}
        return cls(
            user_id=_id(given, "userId"),
            item_ids=[_checked_id("itemIds", item_id) for item_id in item_ids],
            **_choices(given),
        )


def _parameters(query_string: str, allowed: list[str]) -> dict[str, Any]:
    """Read a query string; a value may be given twice for a placeholder of a filter alone."""
    given: dict[str, Any] = {}
    for name, value in _decoded(query_string):
        if name.lower().startswith(_SIGNATURE_PREFIX):
            continue
        if name.startswith(_VALUE_PREFIX):
            given.setdefault(name, []).append(value)
        elif name not in allowed:
            raise unknown_parameter(name, allowed=allowed)
        elif name in given:
            raise bad_parameter(parameter=name, allowed="given once", got=[given[name], value])
        else:
            given[name] = value
    return given


def _decoded(query_string: str) -> Iterator[tuple[str, str]]:
    try:
        yield from parse_qsl(query_string, keep_blank_values=True, errors="strict")
    except ValueError as error:
        detail = "the query string is not UTF-8, or has too many parameters"
        raise ProblemError(HTTPStatus.BAD_REQUEST, detail) from error


def json_body(body: bytes) -> object:
    """Read a body of JSON.

    Raises:
        ProblemError: If it is none.
    """
    try:
        given: object = read_json(body.decode())
    except (ValueError, RecursionError) as error:
        detail = "the body must be JSON in UTF-8"
        raise ProblemError(HTTPStatus.BAD_REQUEST, detail) from error
    return given


def _object(body: bytes) -> dict[str, Any]:
    given = json_body(body)
    if not isinstance(given, dict):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the body must be a JSON object")
    return given


def _id(given: Mapping[str, Any], parameter: str) -> str:
    if given.get(parameter) is None:
        raise missing_parameter(parameter=parameter)
    return _checked_id(parameter, given[parameter])


def _checked_id(parameter: str, value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID_LENGTH:
        raise bad_parameter(
            parameter=parameter, allowed=f"a string of 1 to {MAX_ID_LENGTH} characters", got=value
        )
    return value


def _count(given: Mapping[str, Any]) -> int | None:
    text = given.get("numResults")
    if text is None:
        return None
    if not _COUNT.fullmatch(text) or not 1 <= int(text) <= MAX_RESULTS:
        raise bad_parameter(
            parameter="numResults", allowed=f"a whole number from 1 to {MAX_RESULTS}", got=text
        )
    return int(text)


def _choices(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read what every route takes: a model, a filter, and values for the filter."""
    for parameter in ("model", "filter"):
        if not isinstance(given.get(parameter, ""), str | None):
            raise bad_parameter(parameter=parameter, allowed="a name", got=given[parameter])
    values = {
        name.removeprefix(_VALUE_PREFIX): _values(name, value)
        for name, value in given.items()
        if name.startswith(_VALUE_PREFIX)
    }
    if values and given.get("filter") is None:
        raise missing_parameter(parameter="filter")
    if len(values) > MAX_FILTER_VALUES:
        raise bad_parameter(
            parameter="filter", allowed=f"given at most {MAX_FILTER_VALUES} values", got=len(values)
        )
    return {
        "model": given.get("model"),
        "filter": given.get("filter"),
        "filter_values": values,
    }


def _values(parameter: str, value: object) -> list[str]:
    """Read the values of one placeholder: one, or several of which any will do."""
    if not _PLACEHOLDER.fullmatch(parameter.removeprefix(_VALUE_PREFIX)):
        allowed = ["filter.<PLACEHOLDER>, of up to 50 letters, digits and underscores"]
        raise unknown_parameter(parameter, allowed=allowed)
    values: list[str] = []
    for one in value if isinstance(value, list) else [value]:
        number = isinstance(one, int | float) and not isinstance(one, bool)
        text = str(one) if number else one
        if not isinstance(text, str) or not text or '"' in text:
            raise bad_parameter(parameter=parameter, allowed="text without double quotes", got=one)
        values.append(text)
    if not values:
        raise bad_parameter(parameter=parameter, allowed="one value or more", got=value)
    return values
