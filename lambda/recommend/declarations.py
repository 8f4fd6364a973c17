"""What the stack declared: routes, models, filters and promotions."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from recommend.problems import bad_parameter

_RECOMMENDER = ":recommender/"


class Route(StrEnum):
    """What a model answers; the value is the path without its slash."""

    RECOMMENDATIONS = "recommendations"
    RELATED = "related"
    POPULAR = "popular"
    TRENDING = "trending"
    RANKING = "ranking"
    ACTIONS = "actions"

    @property
    def method(self) -> str:
        """The only method of the route."""
        return "POST" if self is Route.RANKING else "GET"

    @property
    def path(self) -> str:
        """The path of the route."""
        return f"/{self}"

    @property
    def entries(self) -> str:
        """What its answers call the list of what they recommend."""
        return "actions" if self is Route.ACTIONS else "items"


class Model(NamedTuple):
    """A campaign or a recommender that answers a route.

    Attributes:
        name: The name that requests give it.
        route: The route.
        arn: Its ARN.
        needs_user: Whether it must be told the user, where its route leaves that open.
        metadata: Whether it can tell columns of the items.
    """

    name: str
    route: Route
    arn: str
    needs_user: bool = False
    metadata: bool = False

    @property
    def kind(self) -> str:
        """What it is, as answers say it."""
        return "recommender" if _RECOMMENDER in self.arn else "campaign"


class Filter(NamedTuple):
    """A filter that requests may name.

    Attributes:
        arn: Its ARN.
        numbers: The placeholders that it compares with numbers.
        texts: The placeholders that stand for texts, if the stack knows them.
    """

    arn: str
    numbers: frozenset[str]
    texts: frozenset[str]


class Promotion(NamedTuple):
    """Items that are put into an answer instead of others.

    Attributes:
        name: The name that requests give it.
        filter: The name of the filter that says which items.
        values: The values of the filter's placeholders that the stack gives.
        percent: Their share of the answer.
    """

    name: str
    filter: str
    values: Mapping[str, Sequence[str]]
    percent: int


class Settings(NamedTuple):
    """How a route answers.

    Attributes:
        limit: The seconds in which it answers.
        filter: The filter that all its answers go through, whatever the request says.
        values: The values of that filter's placeholders.
        promotion: What is promoted where the request names nothing.
        fallbacks: What answers where the model does not, in this order.
        experiment: The models that share its requests, if some do.
        cache: How long answers may be kept: those to requests of a `user`, and of `anyone`.
        keep: The seconds for which an answer that is nobody's is kept in memory.
    """

    limit: float
    filter: str | None
    values: Mapping[str, Sequence[str]]
    promotion: str | None
    fallbacks: Sequence[Mapping[str, Any]]
    experiment: Mapping[str, Any] | None
    cache: Mapping[str, Mapping[str, Any]]
    keep: float


DEFAULT_LIMIT = 3.0
UNSET = Settings(DEFAULT_LIMIT, None, {}, None, (), None, {}, 0.0)
"""How a route answers of which the stack says nothing."""


class Declarations(NamedTuple):
    """What the stack declared.

    Attributes:
        models: The models, those that are asked first before the others.
        filters: The filters, by name.
        promotions: The promotions, by name.
        settings: How the routes answer.
        item_columns: The columns of the items that models can tell.
    """

    models: Sequence[Model]
    filters: Mapping[str, Filter]
    promotions: Mapping[str, Promotion]
    settings: Mapping[Route, Settings]
    item_columns: Sequence[str]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Declarations":
        """Read the environment of the function, which has them in JSON."""

        def read(name: str, default: str) -> Any:  # noqa: ANN401 - any JSON
            return json.loads(environment.get(name, default))

        routes = read("ROUTES", "{}")
        return cls(
            models=[
                Model(
                    one["name"],
                    Route(one["route"]),
                    one["arn"],
                    one.get("needsUser", False),
                    one.get("metadata", False),
                )
                for one in read("MODELS", "[]")
            ],
            filters={
                name: Filter(
                    one["arn"],
                    frozenset(one.get("numbers", ())),
                    frozenset(one.get("texts", ())),
                )
                for name, one in read("FILTERS", "{}").items()
            },
            promotions={
                name: Promotion(name, one["filter"], one.get("values", {}), one["percent"])
                for name, one in read("PROMOTIONS", "{}").items()
            },
            settings={route: UNSET._replace(**routes.get(route, {})) for route in Route},
            item_columns=read("ITEM_COLUMNS", "[]"),
        )

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes that some model answers."""
        return tuple(dict.fromkeys(model.route for model in self.models))

    def models_of(self, route: Route) -> list[Model]:
        """Return the models of a route, the one that is asked first before the others."""
        return [model for model in self.models if model.route is route]

    def model(self, route: Route, name: str | None) -> Model:
        """Return the model of that name, or the first of the route.

        Raises:
            ProblemError: If no model of the route has the name.
        """
        candidates = self.models_of(route)
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

    def promotion(self, name: str) -> Promotion:
        """Return the promotion of that name.

        Raises:
            ProblemError: If no promotion has the name.
        """
        if name not in self.promotions:
            allowed = f"one of {', '.join(self.promotions)}" if self.promotions else "absent"
            raise bad_parameter(parameter="promotion", allowed=allowed, got=name)
        return self.promotions[name]
