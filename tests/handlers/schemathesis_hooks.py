"""What schemathesis is told of the API besides its document, which has no words for it."""

import json
import re
from datetime import datetime
from typing import Any

import schemathesis

_NEEDED_BY_VALUES = {"filter.": ("filter", "genre"), "promotion.": ("promotion", "sale")}
_MAX_RESULTS, _MAX_RESULTS_WITH_FIELDS = 500, 50
_COUNT = re.compile(r"[0-9]{1,9}(\.0)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_REAL_TIME = "2026-11-26T20:15:00Z"


@schemathesis.serializer("text/plain")
def as_json(_: object, value: Any) -> bytes:
    """Write a text as JSON, which is what a page's beacon sends."""
    return json.dumps(value).encode()


@schemathesis.hook
def before_call(
    _: schemathesis.HookContext, case: schemathesis.Case[Any], __: dict[str, Any]
) -> None:
    """Change what the document allows and the function does not, since it depends on the rest."""
    if case.path == "/events":
        _let_times_be_real(case.body)
        return
    for given in (case.query, case.body):
        if isinstance(given, dict):
            _limit_results_with_fields(given)
            _name_filters(given)


def _name_filters(given: dict[str, Any]) -> None:
    """Name the filter whose values a request gives."""
    for prefix, (name, value) in _NEEDED_BY_VALUES.items():
        if given.get(name) is None and any(key.startswith(prefix) for key in given):
            given[name] = value
    if given.get("filterValues") and given.get("filter") is None:
        given["filter"] = "genre"


def _limit_results_with_fields(given: dict[str, Any]) -> None:
    """Ask for no more results than the service gives with columns of the items."""
    count = str(given.get("numResults"))
    if given.get("fields") is None or not _COUNT.fullmatch(count):
        return
    if _MAX_RESULTS_WITH_FIELDS < float(count) <= _MAX_RESULTS:
        given["numResults"] = _MAX_RESULTS_WITH_FIELDS


def _let_times_be_real(body: Any) -> None:
    """Replace a 30th of February: a pattern knows no calendar."""
    if isinstance(body, list):
        for one in body:
            _let_times_be_real(one)
    elif isinstance(body, dict):
        _let_times_be_real(body.get("events"))
        time = body.get("sentAt")
        if isinstance(time, str) and _DATE.match(time):
            try:
                datetime.fromisoformat(time)
            except ValueError:
                body["sentAt"] = _REAL_TIME
