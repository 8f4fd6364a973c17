"""What a recommendation API is told to answer, checked, and as its function reads it."""

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdk_personalize._tokens import is_token
from cdk_personalize.campaign import Campaign, ICampaign
from cdk_personalize.filter_expression import (
    FilterExpression,
    Operator,
    Placeholder,
    findings_of_use,
    parse,
)
from cdk_personalize.filters import Filter, IFilter
from cdk_personalize.patterns.api_routes import ApiRoute, Fallback, RouteOptions
from cdk_personalize.recipe import Feature, ServiceRecipe
from cdk_personalize.recommender import IRecommender, Recommender

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_LISTED = (ApiRoute.POPULAR, ApiRoute.TRENDING)
# What a request to a route may leave out, and a model of another route needs.
_NEEDS: Mapping[ApiRoute, frozenset[str]] = {
    ApiRoute.RECOMMENDATIONS: frozenset({"userId"}),
    ApiRoute.RELATED: frozenset({"itemId"}),
    ApiRoute.RANKING: frozenset({"userId", "itemIds"}),
    ApiRoute.ACTIONS: frozenset({"userId"}),
}


@dataclass(frozen=True)
class DeclaredModel:
    """A model of the API.

    Attributes:
        name: The name that requests give it.
        route: The route that it answers.
        arn: The ARN of the campaign or recommender.
        recipe: What it was trained with.
        has_metadata: Whether it tells columns of the items.
    """

    name: str
    route: ApiRoute
    arn: str
    recipe: ServiceRecipe
    has_metadata: bool

    @property
    def needs_user(self) -> bool:
        """Whether it must be told the user, where its route leaves that open."""
        return self.recipe.needs_user and "userId" not in _NEEDS.get(self.route, ())


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """Items that are put into an answer instead of others.

    Args:
        filter: The name of the filter that says which items.
        percent_promoted_items: Their share of the answer, 1 to 100.
        filter_values: Values for the placeholders of the filter; requests give the others, by
            `promotion.<PLACEHOLDER>`.
    """

    filter: str
    percent_promoted_items: int
    filter_values: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the share."""
        if not 1 <= self.percent_promoted_items <= 100:  # noqa: PLR2004 - percent
            msg = f"percent_promoted_items must be 1 to 100, got {self.percent_promoted_items}"
            raise ValueError(msg)


class ApiDeclarations:
    """The models, filters, promotions and routes of an API."""

    def __init__(self, routes: Mapping[ApiRoute, RouteOptions]) -> None:
        """Begin with the routes.

        Args:
            routes: How they answer; of the others it is the default.
        """
        self.routes = dict(routes)
        self.models: list[DeclaredModel] = []
        self._filters: dict[str, dict[str, Any]] = {}
        self._promotions: dict[str, Promotion] = {}
        self._expressions: dict[str, FilterExpression] = {}

    def add_model(
        self, name: str, model: ICampaign | IRecommender, recipe: ServiceRecipe | None
    ) -> DeclaredModel:
        """Declare a model, and return it.

        Raises:
            ValueError: If the name is taken or no name, or the recipe is unknown or has no route.
        """
        _check_name("model", name, taken=[model.name for model in self.models])
        learnt = recipe or _recipe_of(name, model)
        route = ApiRoute.of(learnt)
        if route is None:
            msg = f"model {name!r} must be one that answers requests, got {learnt.type} ({learnt})"
            raise ValueError(msg)
        declared = DeclaredModel(name, route, _arn_of(model), learnt, _has_metadata(model, learnt))
        self.models.append(declared)
        return declared

    def add_filter(self, name: str, one: IFilter, numbers: Collection[str] | None) -> None:
        """Declare a filter.

        Raises:
            ValueError: If the name is taken or no name.
        """
        _check_name("filter", name, taken=self._filters)
        if isinstance(one, Filter) and one.parsed_expression is not None:
            self._expressions[name] = one.parsed_expression
        known = _placeholders_of(one)
        of_numbers = {name for name, is_number in known.items() if is_number}
        of_numbers = of_numbers if numbers is None else set(numbers)
        texts = known.keys() - of_numbers
        self._filters[name] = {
            "arn": one.filter_arn,
            **({"numbers": sorted(of_numbers)} if of_numbers else {}),
            **({"texts": sorted(texts)} if texts else {}),
        }

    def add_promotion(self, name: str, promotion: Promotion) -> None:
        """Declare a promotion.

        Raises:
            ValueError: If the name is taken or no name.
        """
        _check_name("promotion", name, taken=self._promotions)
        self._promotions[name] = promotion

    def settings(self, *, with_metadata: bool) -> dict[str, Any]:
        """Return the environment of the function, before it is JSON; what is empty is left out.

        Args:
            with_metadata: Whether models are asked for columns of the items.
        """
        models = [
            {
                "name": model.name,
                "route": str(model.route),
                "arn": model.arn,
                **({"needsUser": True} if model.needs_user else {}),
                **({"metadata": True} if with_metadata and model.has_metadata else {}),
            }
            for model in self.models
        ]
        promotions = {
            name: {
                "filter": one.filter,
                "percent": one.percent_promoted_items,
                **({"values": _lists(one.filter_values)} if one.filter_values else {}),
            }
            for name, one in self._promotions.items()
        }
        routes = {str(route): of.as_setting() for route, of in self.routes.items()}
        settings = {
            "MODELS": models,
            "FILTERS": self._filters,
            "PROMOTIONS": promotions,
            "ROUTES": {route: of for route, of in routes.items() if of},
        }
        return {name: value for name, value in settings.items() if value or name == "MODELS"}

    def findings(self) -> list[str]:
        """Return what is wrong, once all is declared."""
        return [
            *self._findings_of_filters(),
            *self._findings_of_promotions(),
            *itertools.chain.from_iterable(
                self._findings_of_route(route, options) for route, options in self.routes.items()
            ),
        ]

    def _findings_of_filters(self) -> Iterator[str]:
        for name, expression in self._expressions.items():
            found = [findings_of_use(expression, model.recipe) for model in self.models]
            if found and all(found):
                reasons = "; ".join(dict.fromkeys(itertools.chain(*found)))
                yield f"the filter {name!r} applies to no model of the API: {reasons}"

    def _findings_of_promotions(self) -> Iterator[str]:
        for name, promotion in self._promotions.items():
            if promotion.filter not in self._filters:
                allowed = self._one_of(self._filters)
                got = promotion.filter
                yield f"the filter of promotion {name!r} must be {allowed}, got {got!r}"
            yield from self._findings_of_values(
                f"promotion {name!r}", promotion.filter, promotion.filter_values
            )
        if self._promotions and not any(
            model.recipe.supports(Feature.PROMOTIONS) or not model.recipe.is_known
            for model in self.models
        ):
            yield "no model of the API supports promotions"

    def _findings_of_route(self, route: ApiRoute, options: RouteOptions) -> Iterator[str]:
        names = [model.name for model in self.models if model.route is route]
        if not names:
            yield f"routes has options for /{route}, which no model answers"
            return
        if options.filter is not None and options.filter not in self._filters:
            allowed = self._one_of(self._filters)
            yield f"the filter of /{route} must be {allowed}, got {options.filter!r}"
        yield from self._findings_of_values(f"/{route}", options.filter, options.filter_values)
        if options.promotion is not None and options.promotion not in self._promotions:
            allowed = self._one_of(self._promotions)
            yield f"the promotion of /{route} must be {allowed}, got {options.promotion!r}"
        if options.experiment is not None:
            for name in options.experiment.weights:
                if name not in names:
                    allowed = self._one_of(names)
                    yield f"the experiment of /{route} must be over {allowed}, got {name!r}"
        for fallback in options.fallbacks:
            yield from self._findings_of_fallback(route, fallback)

    def _findings_of_fallback(self, route: ApiRoute, fallback: Fallback) -> Iterator[str]:
        if fallback.is_given_order and route is not ApiRoute.RANKING:
            yield f"only a ranking has an order that it was given, /{route} has none"
        listed = fallback.last_good_list
        name = listed.model if listed is not None else fallback.model
        if name is None:
            if fallback.ids and route is ApiRoute.RANKING:
                yield "a ranking answers with the items that it was given, not with a list"
            return
        model = next((model for model in self.models if model.name == name), None)
        if model is None:
            allowed = self._one_of([model.name for model in self.models])
            yield f"a fallback of /{route} must be {allowed}, got {name!r}"
        elif listed is not None:
            if model.route not in _LISTED or model.needs_user or route is ApiRoute.RANKING:
                yield (
                    f"the last good list of /{route} must be of a model of"
                    f" {' or '.join(f'/{one}' for one in _LISTED)} that needs no user, got {name!r}"
                )
        elif not _needs_of(model) <= _NEEDS.get(route, frozenset()) or (
            (model.route is ApiRoute.ACTIONS) != (route is ApiRoute.ACTIONS)
        ):
            yield f"the model {name!r} of /{model.route} cannot answer what /{route} is asked"

    def _findings_of_values(
        self, whose: str, name: str | None, values: Collection[str]
    ) -> Iterator[str]:
        """Yield the values for which a filter of this app has no placeholder."""
        if name not in self._expressions:
            return
        of_filter = self._filters[name]
        placeholders = [*of_filter.get("texts", ()), *of_filter.get("numbers", ())]
        for value in values:
            if value not in placeholders:
                allowed = ", ".join(f"${one}" for one in placeholders) or "no placeholder"
                yield f"the filter {name!r} of {whose} has {allowed}, got a value for {value!r}"

    @staticmethod
    def _one_of(names: Collection[str]) -> str:
        return f"one of {', '.join(names)}" if names else "declared first"


def _needs_of(model: DeclaredModel) -> frozenset[str]:
    needs = _NEEDS.get(model.route, frozenset())
    return needs | {"userId"} if model.needs_user else needs


def _check_name(kind: str, name: str, *, taken: Collection[str]) -> None:
    if not _NAME.fullmatch(name):
        msg = (
            f"the name of a {kind} must be up to 63 letters, digits, hyphens and underscores,"
            f" got {name!r}"
        )
        raise ValueError(msg)
    if name in taken:
        msg = f"the name of a {kind} must be unique, got {name!r} twice"
        raise ValueError(msg)


def _recipe_of(name: str, model: ICampaign | IRecommender) -> ServiceRecipe:
    known: ServiceRecipe | None = None
    if isinstance(model, Campaign):
        known = model.solution.recipe
    elif isinstance(model, Recommender):
        known = model.use_case
    if known is None:
        msg = f"the recipe of an import is not known: add_model({name!r}, ..., recipe=...)"
        raise ValueError(msg)
    return known


def _arn_of(model: ICampaign | IRecommender) -> str:
    arn = getattr(model, "campaign_arn", None) or getattr(model, "recommender_arn", None)
    assert isinstance(arn, str)
    return arn


def _has_metadata(model: ICampaign | IRecommender, recipe: ServiceRecipe) -> bool:
    """Whether a model tells columns of the items; of an import nobody knows that it does not."""
    if recipe.supports(Feature.METADATA):
        return True
    if isinstance(model, Campaign):
        config = model.request.get("campaignConfig", {})
    elif isinstance(model, Recommender):
        config = model.request.get("recommenderConfig", {})
    else:
        return True
    return bool(config.get("enableMetadataWithRecommendations"))


def _placeholders_of(one: IFilter) -> dict[str, bool]:
    """Return the placeholders of a filter, and whether each stands for a number."""
    if not isinstance(one, Filter) or is_token(one.expression):
        return {}
    return {
        condition.operand.name: condition.operator not in {Operator.IN, Operator.NOT_IN}
        for condition in parse(one.expression).conditions
        if isinstance(condition.operand, Placeholder)
    }


def _lists(values: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {name: list(of) for name, of in values.items()}
