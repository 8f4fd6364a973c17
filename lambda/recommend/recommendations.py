"""Recommendations: what a model answers, as clients of the API see it."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from personalize_runtime.service_errors import Trouble, trouble_of
from recommend.problems import (
    ProblemError,
    bad_gateway,
    bad_parameter,
    no_model_yet,
    throttled,
    timed_out,
)
from recommend.requests import Query

if TYPE_CHECKING:
    from mypy_boto3_personalize_runtime import PersonalizeRuntimeClient

SERVED_BY_CAMPAIGN = "campaign"
MAX_FILTER_VALUE_LENGTH = 1000
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# How the service words it is not documented: a campaign that is being made "is not active".
_ABSENCE = re.compile(r"(not( yet)?|must be) (active|found)|does ?n[o']t exist", re.IGNORECASE)


class Route(StrEnum):
    """What a model answers; the value is the path without its slash."""

    RECOMMENDATIONS = "recommendations"
    RELATED = "related"
    RANKING = "ranking"

    @property
    def method(self) -> str:
        """The only method of the route."""
        return "POST" if self is Route.RANKING else "GET"

    @property
    def path(self) -> str:
        """The path of the route."""
        return f"/{self}"


@dataclass(frozen=True, slots=True)
class Model:
    """A campaign that answers a route."""

    name: str
    route: Route
    campaign_arn: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that requests may name.

    Attributes:
        arn: Its ARN.
        numbers: The placeholders that it compares with numbers; the others stand for texts.
    """

    arn: str
    numbers: frozenset[str]

    def values(self, given: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Return values as the service reads them: texts in double quotes, with commas.

        Raises:
            ProblemError: If a value is no number where the filter needs one, or is too long.
        """
        return {name: self._value(name, values) for name, values in given.items()}

    def _value(self, placeholder: str, values: Sequence[str]) -> str:
        parameter = f"filter.{placeholder}"
        if placeholder in self.numbers:
            if len(values) > 1 or not _NUMBER.fullmatch(values[0]):
                raise bad_parameter(parameter=parameter, allowed="a number", got=", ".join(values))
            return values[0]
        text = ",".join(f'"{value}"' for value in values)
        if len(text) > MAX_FILTER_VALUE_LENGTH:
            allowed = f"at most {MAX_FILTER_VALUE_LENGTH} characters"
            raise bad_parameter(parameter=parameter, allowed=allowed, got=text)
        return text


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models and filters that the stack declared."""

    models: tuple[Model, ...] = ()
    filters: Mapping[str, Filter] = field(default_factory=dict)

    @classmethod
    def read(cls, models: str, filters: str) -> Self:
        """Read the environment of the function: a list and an object, in JSON."""
        return cls(
            models=tuple(
                Model(model["name"], Route(model["route"]), model["campaignArn"])
                for model in json.loads(models)
            ),
            filters={
                name: Filter(one["arn"], frozenset(one["numbers"]))
                for name, one in json.loads(filters).items()
            },
        )

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes that some model answers."""
        return tuple(dict.fromkeys(model.route for model in self.models))

    def model(self, route: Route, name: str | None) -> Model:
        """Return the model of that name, or the first of the route.

        Raises:
            ProblemError: If no model of the route has the name.
        """
        candidates = [model for model in self.models if model.route is route]
        for model in candidates:
            if name in {None, model.name}:
                return model
        names = ", ".join(model.name for model in candidates)
        raise bad_parameter(parameter="model", allowed=f"one of {names}", got=name)

    def filter(self, name: str) -> Filter:
        """Return the filter of that name.

        Raises:
            ProblemError: If no filter has the name.
        """
        if name not in self.filters:
            allowed = f"one of {', '.join(self.filters)}" if self.filters else "absent"
            raise bad_parameter(parameter="filter", allowed=allowed, got=name)
        return self.filters[name]


@dataclass(frozen=True, slots=True)
class Recommender:
    """Answers requests by the models of the catalogue."""

    client: "PersonalizeRuntimeClient"
    catalogue: Catalogue

    def recommend(self, route: Route, query: Query) -> dict[str, Any]:
        """Return what a model recommends to a user, or besides an item.

        Raises:
            ProblemError: If the request or Amazon Personalize is at fault.
        """
        model = self.catalogue.model(route, query.model)
        request: dict[str, Any] = {"campaignArn": model.campaign_arn} | self._filtered(query)
        if query.user_id is not None:
            request["userId"] = query.user_id
        if query.item_id is not None:
            request["itemId"] = query.item_id
        if query.num_results is not None:
            request["numResults"] = query.num_results
        return _ask(model, "itemList", lambda: self.client.get_recommendations(**request))

    def rank(self, query: Query) -> dict[str, Any]:
        """Return items in the order that suits a user.

        Raises:
            ProblemError: If the request or Amazon Personalize is at fault.
        """
        model = self.catalogue.model(Route.RANKING, query.model)
        request: dict[str, Any] = {
            "campaignArn": model.campaign_arn,
            "userId": query.user_id,
            "inputList": query.item_ids,
        } | self._filtered(query)
        return _ask(
            model, "personalizedRanking", lambda: self.client.get_personalized_ranking(**request)
        )

    def _filtered(self, query: Query) -> dict[str, Any]:
        if query.filter is None:
            return {}
        chosen = self.catalogue.filter(query.filter)
        values = chosen.values(query.filter_values)
        return {"filterArn": chosen.arn} | ({"filterValues": values} if values else {})


def _ask(model: Model, items: str, call: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    try:
        answer = call()
    except Exception as error:
        raise _problem(model, error) from error
    if not isinstance(answer.get(items), list):
        raise bad_gateway()
    return {
        "recommendationId": answer.get("recommendationId"),
        "model": model.name,
        "servedBy": SERVED_BY_CAMPAIGN,
        "items": [
            {name: item[name] for name in ("itemId", "score") if name in item}
            for item in answer[items]
        ],
    }


def _problem(model: Model, error: Exception) -> ProblemError:
    match trouble_of(error):
        case Trouble.MISSING:
            return no_model_yet(model.name)
        case Trouble.REFUSED:
            message = _message_of(error)
            if _ABSENCE.search(message):
                return no_model_yet(model.name)
            detail = f"Amazon Personalize refused the request: {message}"
            return ProblemError(HTTPStatus.BAD_REQUEST, detail)
        case Trouble.THROTTLED:
            return throttled()
        case Trouble.TIMED_OUT:
            return timed_out()
        case _:
            return bad_gateway()


def _message_of(error: Exception) -> str:
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Message", ""))
