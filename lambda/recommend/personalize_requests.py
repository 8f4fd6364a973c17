"""Requests to Amazon Personalize, and what its answers say."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from personalize_runtime.aws_client import UnreadableAnswerError
from recommend.declarations import Declarations, Filter, Model, Route, Settings
from recommend.problems import bad_parameter, missing_parameter
from recommend.requests import (
    FILTER_PREFIX,
    ID_FIELDS,
    MAX_RESULTS,
    MAX_RESULTS_WITH_FIELDS,
    NEEDED,
    PROMOTION_PREFIX,
    Query,
    Values,
)

MAX_FILTER_VALUE_LENGTH = 1000
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_ITEMS = "ITEMS"
_SCORES = frozenset({float, int, type(None)})
_METADATA = frozenset({dict, type(None)})


Entries = list[dict[str, Any]]


class Operation(NamedTuple):
    """An operation of the runtime.

    Attributes:
        name: Its name.
        path: Its path.
        entries: What its answers call the list of what they recommend.
        entry: What they call the id of an entry.
    """

    name: str
    path: str
    entries: str
    entry: str


_RECOMMENDATIONS = Operation("GetRecommendations", "/recommendations", "itemList", "itemId")
_OPERATIONS: Mapping[Route, Operation] = {
    Route.RANKING: Operation(
        "GetPersonalizedRanking", "/personalize-ranking", "personalizedRanking", "itemId"
    ),
    Route.ACTIONS: Operation(
        "GetActionRecommendations", "/action-recommendations", "actionList", "actionId"
    ),
}


def operation_of(model: Model) -> Operation:
    """Return the operation that a model answers."""
    return _OPERATIONS.get(model.route, _RECOMMENDATIONS)


def request_of(
    model: Model, query: Query, settings: Settings, declarations: Declarations
) -> dict[str, Any]:
    """Return what a model is asked.

    Args:
        model: The model.
        query: What the client asks for.
        settings: How the route of the client answers.
        declarations: The filters and promotions that it may name.

    Raises:
        ProblemError: If it names what there is not, or a value that does not fit.
    """
    _check(model, query, declarations)
    request: dict[str, Any] = {
        f"{model.kind}Arn": model.arn,
        **_filtered(query, settings, declarations),
    }
    if query.user_id is not None:
        request["userId"] = query.user_id
    if model.route is Route.RANKING:
        request["inputList"] = list(query.item_ids)
    elif query.num_results is not None:
        request["numResults"] = query.num_results
    if model.route is Route.ACTIONS:
        return request
    if query.context:
        request["context"] = dict(query.context)
    if query.columns and model.metadata:
        request["metadataColumns"] = {_ITEMS: query.columns}
    if model.route is Route.RANKING:
        return request
    if model.route is Route.RELATED:
        request["itemId"] = query.item_id
    return request | _promoting(query, settings, declarations)


class Answer(NamedTuple):
    """What a model answers.

    Attributes:
        recommendation_id: By which events tell that they came of it.
        entries: What it recommends, the best before the others.
    """

    recommendation_id: str | None
    entries: list[dict[str, Any]]

    @classmethod
    def read(cls, operation: Operation, answer: Mapping[str, Any]) -> "Answer":
        """Read an answer.

        Raises:
            UnreadableAnswerError: If it is not what the operation answers.
        """
        entries = answer.get(operation.entries)
        if not are_entries(entries, operation.entry):
            msg = f"{operation.name} answered without a list of entries that have an id"
            raise UnreadableAnswerError(msg)
        recommendation_id = answer.get("recommendationId")
        if not isinstance(recommendation_id, str | None):
            msg = f"{operation.name} answered with a recommendationId that is no text"
            raise UnreadableAnswerError(msg)
        return cls(recommendation_id, entries)


def are_entries(value: object, name_of_id: str) -> TypeGuard[list[dict[str, Any]]]:
    """Whether something is a list as models answer it, with what this API reads of its entries.

    Args:
        value: What was read, of whatever there is in JSON.
        name_of_id: What the entries call their id.
    """
    if not isinstance(value, list) or len(value) > MAX_RESULTS:
        return False
    # By type, which is exact in what JSON was read to, and quicker than isinstance for each entry.
    return all(
        type(one) is dict
        and type(one.get(name_of_id)) is str
        and type(one.get("score")) in _SCORES
        and type(one.get("metadata")) in _METADATA
        for one in value
    )


def of_fallback(query: Query, model: Model) -> Query:
    """Return what is asked of a model that answers in place of another: no more than it knows."""
    return query._replace(
        context={},
        promotion=None,
        promotion_values={},
        fields=query.fields if model.metadata else None,
    )


def _check(model: Model, query: Query, declarations: Declarations) -> None:
    """Check what a request says by what its model has to know, and may tell.

    Raises:
        ProblemError: If it lacks something, or asks for what there is not.
    """
    if model.needs_user and query.user_id is None:
        raise missing_parameter(parameter="userId")
    for name in NEEDED.get(model.route, ()):
        # A model that answers in place of another may need more than that.
        given = {"userId": query.user_id, "itemId": query.item_id, "itemIds": query.item_ids}
        if not given[name]:
            raise missing_parameter(parameter=name)
    for name in query.columns:
        if name not in declarations.item_columns:
            allowed = ", ".join([*ID_FIELDS, *declarations.item_columns])
            raise bad_parameter(parameter="fields", allowed=f"some of {allowed}", got=name)
    most = MAX_RESULTS_WITH_FIELDS
    if not query.columns or not model.metadata:
        return
    if len(query.item_ids) > most:
        allowed = f"a list of at most {most} item ids where fields are asked for"
        raise bad_parameter(parameter="itemIds", allowed=allowed, got=len(query.item_ids))
    if query.num_results is not None and query.num_results > most:
        allowed = f"at most {most} where fields are asked for"
        raise bad_parameter(parameter="numResults", allowed=allowed, got=query.num_results)


def _filtered(query: Query, settings: Settings, declarations: Declarations) -> dict[str, Any]:
    name, values = query.filter, query.filter_values
    if settings.filter is not None:
        if name is not None:
            allowed = f"absent: this route is always filtered by {settings.filter}"
            raise bad_parameter(parameter="filter", allowed=allowed, got=name)
        name, values = settings.filter, settings.values
    if name is None:
        return {}
    return _filter_members(declarations.filter(name), values, FILTER_PREFIX)


def _promoting(query: Query, settings: Settings, declarations: Declarations) -> dict[str, Any]:
    name = query.promotion or settings.promotion
    if name is None:
        return {}
    promotion = declarations.promotion(name)
    values = {**query.promotion_values, **promotion.values}
    members = _filter_members(declarations.filter(promotion.filter), values, PROMOTION_PREFIX)
    return {
        "promotions": [
            {"name": promotion.name, "percentPromotedItems": promotion.percent, **members}
        ]
    }


def _filter_members(chosen: Filter, values: Values, prefix: str) -> dict[str, Any]:
    quoted = {name: _quoted(chosen, name, of, prefix) for name, of in values.items()}
    return {"filterArn": chosen.arn} | ({"filterValues": quoted} if quoted else {})


def _quoted(chosen: Filter, placeholder: str, values: Sequence[str], prefix: str) -> str:
    """Return values as the service reads them: texts in double quotes, with commas."""
    parameter = f"{prefix}{placeholder}"
    if placeholder in chosen.numbers:
        if len(values) > 1 or not _NUMBER.fullmatch(values[0]):
            raise bad_parameter(parameter=parameter, allowed="a number", got=", ".join(values))
        return values[0]
    text = ",".join(f'"{value}"' for value in values)
    if len(text) > MAX_FILTER_VALUE_LENGTH:
        allowed = f"at most {MAX_FILTER_VALUE_LENGTH} characters"
        raise bad_parameter(parameter=parameter, allowed=allowed, got=text)
    return text
