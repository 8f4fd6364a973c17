"""What clients ask for: read from a query string or a body, and checked."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

from personalize_runtime.strict_json import read_json
from recommend.declarations import Route
from recommend.http_request import Request
from recommend.problems import (
    ProblemError,
    bad_parameter,
    missing_parameter,
    no_user,
    other_user,
    unknown_parameter,
)

MAX_ID_LENGTH = 256
MAX_RESULTS = 500
MAX_ACTIONS = 100
MAX_ITEMS = 500
MAX_FILTER_VALUES = 25
MAX_CONTEXT = 150
MAX_CONTEXT_VALUE_LENGTH = 1000
MAX_FIELDS = 10
"""The columns that the service tells of an item (DG:limits)."""
MAX_RESULTS_WITH_FIELDS = 50
"""The results with columns of the items (DG:limits)."""
ID_FIELDS = ("itemId", "score")

FILTER_PREFIX, PROMOTION_PREFIX, CONTEXT_PREFIX = "filter.", "promotion.", "context."
_PREFIXED = {
    FILTER_PREFIX: "filter.<PLACEHOLDER>",
    PROMOTION_PREFIX: "promotion.<PLACEHOLDER>",
    CONTEXT_PREFIX: "context.<COLUMN>",
}
_OF_ALL = ("model", "numResults", "filter", FILTER_PREFIX)
_OF_ITEMS = (*_OF_ALL, "promotion", PROMOTION_PREFIX, "fields")
PARAMETERS: Mapping[Route, Sequence[str]] = {
    Route.RECOMMENDATIONS: ("userId", *_OF_ITEMS, CONTEXT_PREFIX),
    Route.RELATED: ("itemId", "userId", *_OF_ITEMS),
    Route.POPULAR: ("userId", *_OF_ITEMS),
    Route.TRENDING: ("userId", *_OF_ITEMS),
    Route.ACTIONS: ("userId", *_OF_ALL),
}
"""What the query of each route may say; a name that ends in a dot begins names."""
MEMBERS = (
    "userId",
    "itemIds",
    "model",
    "numResults",
    "filter",
    "filterValues",
    "context",
    "fields",
)
"""What the body of a ranking may say."""
NEEDED: Mapping[Route, Sequence[str]] = {
    Route.RECOMMENDATIONS: ("userId",),
    Route.RELATED: ("itemId",),
    Route.RANKING: ("userId", "itemIds"),
    Route.ACTIONS: ("userId",),
}
"""What a request must say."""

PLACEHOLDER = r"[A-Za-z0-9_]{1,50}"
COLUMN = r"[A-Za-z0-9_]{1,150}"
_PLACEHOLDER, _COLUMN = re.compile(PLACEHOLDER), re.compile(COLUMN)
_COUNT = re.compile(r"[0-9]{1,9}")
# A client that signs the query string, and not the headers, adds parameters of its own.
_SIGNATURE_PREFIX = "x-amz-"

Values = Mapping[str, Sequence[str]]
_NONE: Mapping[str, Any] = MappingProxyType({})


class Query(NamedTuple):
    """What a client asks a model for.

    Attributes:
        user_id: Whom the answer is for.
        item_id: What the answer should resemble.
        item_ids: The items to put in order.
        num_results: How many entries the answer should have at most.
        model: The model that should answer (default: the first of the route).
        filter: The name of the filter.
        filter_values: The values for each placeholder of the filter.
        promotion: The name of the promotion.
        promotion_values: The values for each placeholder of the promotion's filter.
        context: What is the case at the moment, by the columns of the interactions.
        fields: What to tell of each item (default: its id, and its score if it has one).
    """

    user_id: str | None = None
    item_id: str | None = None
    item_ids: Sequence[str] = ()
    num_results: int | None = None
    model: str | None = None
    filter: str | None = None
    filter_values: Values = _NONE
    promotion: str | None = None
    promotion_values: Values = _NONE
    context: Mapping[str, str] = _NONE
    fields: Sequence[str] | None = None

    @property
    def columns(self) -> list[str]:
        """The columns of the items that the answer should tell."""
        return [name for name in self.fields or () if name not in ID_FIELDS]

    @classmethod
    def of(
        cls,
        request: Request,
        route: Route,
        *,
        user_claim: str | None = None,
        needs_user: bool = False,
    ) -> "Query":
        """Read a request.

        Args:
            request: The request.
            route: The route that it takes.
            user_claim: The claim of its token that names the user, where nobody may ask for others.
            needs_user: Whether a model must know the user, where the route leaves that open.

        Raises:
            ProblemError: If it says something that it may not say, or lacks something.
        """
        given = _members(request) if route is Route.RANKING else _parameters(request, route)
        # A list that is nobody's stays nobody's, so that it is kept for all.
        is_of_user = needs_user or "userId" in given or "userId" in NEEDED.get(route, ())
        if user_claim is not None and is_of_user:
            given["userId"] = user_of(request, user_claim, given.get("userId"), "userId")
        for name in NEEDED.get(route, ()):
            if given.get(name) is None:
                raise missing_parameter(parameter=name)
        fields = _fields(given.get("fields"))
        most = MAX_ACTIONS if route is Route.ACTIONS else MAX_RESULTS
        filter_values = _values_of(given, FILTER_PREFIX)
        promotion_values = _values_of(given, PROMOTION_PREFIX)
        return cls(
            user_id=_id(given, "userId"),
            item_id=_id(given, "itemId"),
            item_ids=_ids(given.get("itemIds")),
            num_results=_count(given.get("numResults"), most),
            model=_name(given, "model"),
            filter=_name(given, "filter", filter_values),
            filter_values=filter_values,
            promotion=_name(given, "promotion", promotion_values),
            promotion_values=promotion_values,
            context=_context(given),
            fields=fields,
        )


def user_of(request: Request, claim: str, given: object, parameter: str) -> str:
    """Return the user of a token.

    Args:
        request: The request that came with the token.
        claim: The claim that names the user.
        given: The user whom the request names, if it names one.
        parameter: By what it names him.

    Raises:
        ProblemError: If that is somebody else, or the token names nobody.
    """
    user = request.claims.get(claim)
    if not user:
        raise no_user()
    if given is not None and given != user:
        raise other_user(parameter)
    return user


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


def _parameters(request: Request, route: Route) -> dict[str, Any]:
    """Read a query string; a value may be given twice for a placeholder alone."""
    allowed = PARAMETERS[route]
    given: dict[str, Any] = {}
    for name, value in request.query:
        if name.lower().startswith(_SIGNATURE_PREFIX):
            continue
        prefix = name[: name.find(".") + 1]
        if prefix in allowed and prefix:
            given.setdefault(name, []).append(value)
        elif name not in allowed:
            shown = [_PREFIXED.get(one, one) for one in allowed]
            raise unknown_parameter(name, allowed=shown)
        elif name in given:
            raise bad_parameter(parameter=name, allowed="given once", got=[given[name], value])
        else:
            given[name] = value
    return given


def _members(request: Request) -> dict[str, Any]:
    """Read a body as if it were a query, whose names say what is inside of what."""
    given = json_body(request.body)
    if not isinstance(given, dict):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the body must be a JSON object")
    for name in given:
        if name not in MEMBERS:
            raise unknown_parameter(name, allowed=MEMBERS)
    for member, prefix in (("filterValues", FILTER_PREFIX), ("context", CONTEXT_PREFIX)):
        values = given.pop(member, None)
        if not isinstance(values, dict | None):
            raise bad_parameter(parameter=member, allowed="an object", got=values)
        given |= {f"{prefix}{name}": value for name, value in (values or {}).items()}
    return given


def _id(given: Mapping[str, Any], parameter: str) -> str | None:
    value = given.get(parameter)
    return None if value is None else _checked_id(parameter, value)


def _checked_id(parameter: str, value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID_LENGTH:
        raise bad_parameter(
            parameter=parameter, allowed=f"a string of 1 to {MAX_ID_LENGTH} characters", got=value
        )
    return value


def _ids(given: object) -> Sequence[str]:
    if given is None:
        return ()
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_ITEMS:
        raise bad_parameter(
            parameter="itemIds", allowed=f"a list of 1 to {MAX_ITEMS} item ids", got=given
        )
    return [_checked_id("itemIds", item_id) for item_id in given]


def _count(given: object, most: int) -> int | None:
    if given is None:
        return None
    text = given
    # In JSON 5.0 is a whole number too.
    if isinstance(given, int | float) and not isinstance(given, bool) and given % 1 == 0:
        text = str(int(given))
    if not isinstance(text, str) or not _COUNT.fullmatch(text) or not 1 <= int(text) <= most:
        raise bad_parameter(
            parameter="numResults", allowed=f"a whole number from 1 to {most}", got=given
        )
    return int(text)


def _fields(given: object) -> list[str] | None:
    if given is None:
        return None
    names = given.split(",") if isinstance(given, str) else given
    if (
        not isinstance(names, list)
        or not names
        or not all(isinstance(name, str) and _COLUMN.fullmatch(name) for name in names)
        or len(set(names)) < len(names)
        or len(set(names) - set(ID_FIELDS)) > MAX_FIELDS
    ):
        allowed = f"{' and '.join(ID_FIELDS)} and at most {MAX_FIELDS} names of columns, each once"
        raise bad_parameter(parameter="fields", allowed=allowed, got=given)
    return names


def _name(given: Mapping[str, Any], parameter: str, values: Values | None = None) -> str | None:
    name = given.get(parameter)
    if name is None:
        if values:
            raise missing_parameter(parameter=parameter)
        return None
    if not isinstance(name, str):
        raise bad_parameter(parameter=parameter, allowed="a name", got=name)
    return name


def _values_of(given: Mapping[str, Any], prefix: str) -> Values:
    values = {
        name.removeprefix(prefix): _values(name, value, prefix)
        for name, value in given.items()
        if name.startswith(prefix)
    }
    if len(values) > MAX_FILTER_VALUES:
        raise bad_parameter(
            parameter=prefix.removesuffix("."),
            allowed=f"given at most {MAX_FILTER_VALUES} values",
            got=len(values),
        )
    return values


def _values(parameter: str, value: object, prefix: str) -> list[str]:
    """Read the values of one placeholder: one, or several of which any will do."""
    if not _PLACEHOLDER.fullmatch(parameter.removeprefix(prefix)):
        allowed = [f"{_PREFIXED[prefix]}, of up to 50 letters, digits and underscores"]
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


def _context(given: Mapping[str, Any]) -> dict[str, str]:
    context = {
        name.removeprefix(CONTEXT_PREFIX): _context_value(name, value)
        for name, value in given.items()
        if name.startswith(CONTEXT_PREFIX)
    }
    if len(context) > MAX_CONTEXT:
        raise bad_parameter(
            parameter="context", allowed=f"at most {MAX_CONTEXT} columns", got=len(context)
        )
    return context


def _context_value(parameter: str, given: object) -> str:
    if not _COLUMN.fullmatch(parameter.removeprefix(CONTEXT_PREFIX)):
        columns = [f"{_PREFIXED[CONTEXT_PREFIX]}, of up to 150 letters, digits and underscores"]
        raise unknown_parameter(parameter, allowed=columns)
    # A query may repeat a parameter, and is read as a list; this one may not be repeated.
    value = given[0] if isinstance(given, list) and len(given) == 1 else given
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = str(value) if number else value
    if not isinstance(text, str) or not 1 <= len(text) <= MAX_CONTEXT_VALUE_LENGTH:
        allowed = f"one text of 1 to {MAX_CONTEXT_VALUE_LENGTH} characters"
        raise bad_parameter(parameter=parameter, allowed=allowed, got=value)
    return text
