"""An API that answers with recommendations, related items and rankings, and takes events."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping, Sequence

import jsii
from aws_cdk import Annotations, Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IValidation

from cdk_personalize._function import LambdaFunction
from cdk_personalize._tokens import is_token
from cdk_personalize._tree import stack_of
from cdk_personalize.campaign import Campaign, ICampaign
from cdk_personalize.filter_expression import (
    FilterExpression,
    Operator,
    Placeholder,
    findings_of_use,
    parse,
)
from cdk_personalize.filters import Filter, IFilter
from cdk_personalize.patterns._gateway import Gateway, Origin, url_of
from cdk_personalize.patterns._http_endpoint import HttpGateway
from cdk_personalize.patterns._rest_endpoint import RestGateway
from cdk_personalize.patterns.api_access import ApiAccess, PublicAccess
from cdk_personalize.patterns.api_endpoint import HttpEndpoint, RestEndpoint
from cdk_personalize.recipe import Recipe, RecipeType

_ROUTES = {
    RecipeType.USER_PERSONALIZATION: ("GET", "recommendations"),
    RecipeType.RELATED_ITEMS: ("GET", "related"),
    RecipeType.PERSONALIZED_RANKING: ("POST", "ranking"),
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
# Two tries of four seconds each (one to connect, three to answer) and their pause fit in.
_TIMEOUT = Duration.seconds(10)
# The share of a processor grows with the memory, and somebody waits for each answer.
_MEMORY_SIZE = 512


class RecommendationApi(Construct):
    """Answer requests for recommendations over HTTP.

    Each model gets the route that its recipe answers: `GET /recommendations?userId=`,
    `GET /related?itemId=` or `POST /ranking`. Where several models share a route, the one that
    was named first answers, unless the request asks for another by `model`. With a stream there is
    `POST /events` as well: a batch of up to 500 events, all of which are taken or none.

    Example:
        ```python
        api = RecommendationApi(
            self, "Api", models={"for-you": campaign, "similar": similar_items_campaign}
        )
        api.grant_invoke(web_shop_role)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        models: Mapping[str, ICampaign] | None = None,
        filters: Mapping[str, IFilter] | None = None,
        access: ApiAccess | None = None,
        endpoint: HttpEndpoint | RestEndpoint | None = None,
        event_stream: kinesis.IStream | None = None,
        event_access: ApiAccess | None = None,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        """Define an API for recommendations.

        Args:
            scope: The construct to define the API in.
            construct_id: The id of the API within `scope`.
            models: The campaigns that answer, by the names that requests give them. An imported
                campaign, whose recipe is not known, is added by `add_model`.
            filters: The filters that requests may name, by the names that they give them.
            access: Who may ask (default: callers that IAM allows, see `grant_invoke`).
            endpoint: What the API is asked at: its kind, limits, domain, and whose pages may ask
                (default: an HTTP API that lets through 500 requests a second, the rate that
                Amazon Personalize allows a campaign, in bursts of 1,000).
            event_stream: The stream that `POST /events` puts events on (default: there is no such
                route).
            event_access: Who may send events (default: as `access` says). A page that sends them
                by `sendBeacon` cannot sign, so it needs `ApiAccess.public()`.
            encryption_key: The key of the logs (default: the key that AWS manages).

        Raises:
            ValueError: If a name is no name, the recipe of a model is unknown or has no route, or
                such an endpoint does not know such access.
        """
        super().__init__(scope, construct_id)
        self._encryption_key = encryption_key
        self._models: list[dict[str, str]] = []
        self._filters: dict[str, dict[str, object]] = {}
        self._function = LambdaFunction(
            self,
            "Function",
            function="recommend",
            environment={"MODELS": "[]", "FILTERS": "{}"},
            timeout=_TIMEOUT,
            memory_size=_MEMORY_SIZE,
            encryption_key=encryption_key,
        )
        self._access = access or ApiAccess.iam()
        self._event_access = event_access
        self._endpoint = endpoint or HttpEndpoint()
        self._gateway = self._define_gateway()
        if isinstance(self._access, PublicAccess):
            Annotations.of(self).add_warning_v2(
                "cdk-personalize:openApi",
                "anyone can read the recommendations of any user from this API, at your cost;"
                " give it another access, or acknowledge this warning",
            )
        if self._access.user_claim is not None:
            self._function.add_environment("USER_CLAIM", self._access.user_claim)
        self._recipes: list[Recipe] = []
        self._expressions: dict[str, FilterExpression] = {}
        self.node.add_validation(_UsableFilters(self._recipes, self._expressions))
        if event_stream is not None:
            self._take_events(event_stream)
        for name, campaign in (models or {}).items():
            self.add_model(name, campaign)
        for name, model_filter in (filters or {}).items():
            self.add_filter(name, model_filter)

    @property
    def api(self) -> apigatewayv2.HttpApi | apigateway.RestApi:
        """The API: an `HttpApi`, or a `RestApi` where the endpoint is one."""
        return self._gateway.api

    @property
    def stage(self) -> apigatewayv2.HttpStage | apigateway.Stage:
        """The only stage of the API."""
        return self._gateway.stage

    @property
    def usage_plan(self) -> apigateway.UsagePlan | None:
        """The plan of the API keys, where callers have any; it takes more of them."""
        return self._gateway.usage_plan if isinstance(self._gateway, RestGateway) else None

    @property
    def url(self) -> str:
        """The URL that the routes follow; it ends in a slash."""
        return url_of(self._gateway.origin)

    @property
    def origin(self) -> Origin:
        """The host of the API and what its paths begin with, for what stands in front of it."""
        return self._gateway.origin

    @property
    def access(self) -> ApiAccess:
        """Who may ask."""
        return self._access

    @property
    def event_access(self) -> ApiAccess:
        """Who may send events."""
        return self._event_access or self._access

    @property
    def endpoint(self) -> HttpEndpoint | RestEndpoint:
        """What the API is asked at."""
        return self._endpoint

    @property
    def function(self) -> lambda_.IFunction:
        """The function that answers."""
        return self._function

    def add_model(self, name: str, campaign: ICampaign, *, recipe: Recipe | None = None) -> None:
        """Let a campaign answer the route of its recipe.

        Args:
            name: The name that requests give the model.
            campaign: The campaign that answers.
            recipe: What the campaign was trained with (default: known of a campaign of this app).

        Raises:
            ValueError: If the name is taken or no name, or the recipe is unknown or has no route.
        """
        _check_name("model", name, taken=[model["name"] for model in self._models])
        learnt = recipe or _recipe_of(name, campaign)
        method, route = _route(name, learnt)
        self._recipes.append(learnt)
        if all(model["route"] != route for model in self._models):
            self._gateway.add_route(method, route)
        self._models.append({"name": name, "route": route, "campaignArn": campaign.campaign_arn})
        self._function.add_environment("MODELS", stack_of(self).to_json_string(self._models))
        campaign.grant_query(self._function)

    def add_filter(
        self, name: str, model_filter: IFilter, *, numbers: Collection[str] | None = None
    ) -> None:
        """Let requests name a filter.

        Args:
            name: The name that requests give the filter.
            model_filter: The filter.
            numbers: The placeholders that stand for numbers, since Amazon Personalize wants texts
                in quotes and numbers without (default: those that the expression of a filter of
                this app compares; for an imported filter none).

        Raises:
            ValueError: If the name is taken or no name.
        """
        _check_name("filter", name, taken=self._filters)
        if isinstance(model_filter, Filter) and model_filter.parsed_expression is not None:
            self._expressions[name] = model_filter.parsed_expression
        self._filters[name] = {
            "arn": model_filter.filter_arn,
            "numbers": sorted(_numbers_of(model_filter) if numbers is None else numbers),
        }
        self._function.add_environment("FILTERS", stack_of(self).to_json_string(self._filters))

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to ask for recommendations, where the API authorizes by IAM."""
        return self._gateway.grant_invoke(grantee)

    def _define_gateway(self) -> Gateway:
        if isinstance(self._endpoint, RestEndpoint):
            return RestGateway(
                self,
                function=self._function,
                endpoint=self._endpoint,
                access=self._access,
                encryption_key=self._encryption_key,
            )
        return HttpGateway(
            self,
            function=self._function,
            endpoint=self._endpoint,
            access=self._access,
            encryption_key=self._encryption_key,
        )

    def _take_events(self, stream: kinesis.IStream) -> None:
        access = self._event_access
        if isinstance(access, PublicAccess):
            Annotations.of(self).add_warning_v2(
                "cdk-personalize:openEvents",
                "anyone can send events to this API, which move the recommendations, at your cost;"
                " give it another event_access, or acknowledge this warning",
            )
        self._gateway.add_route("POST", "events", access)
        if access is not None and access.user_claim != self._access.user_claim:
            # Empty where events are bound to nobody.
            self._function.add_environment("EVENT_USER_CLAIM", access.user_claim or "")
        self._function.add_environment("STREAM_NAME", stream.stream_name)
        iam.Grant.add_to_principal(
            grantee=self._function,
            actions=["kinesis:PutRecords"],
            resource_arns=[stream.stream_arn],
        )
        if stream.encryption_key is not None:
            stream.encryption_key.grant(self._function, "kms:GenerateDataKey")


@jsii.implements(IValidation)
class _UsableFilters:
    """Check that each filter applies to a model, once all models are known."""

    def __init__(
        self, recipes: Sequence[Recipe], expressions: Mapping[str, FilterExpression]
    ) -> None:
        self._recipes = recipes
        self._expressions = expressions

    def validate(self) -> list[str]:
        return [
            f"the filter {name!r} applies to no model of the API: {'; '.join(reasons)}"
            for name, expression in self._expressions.items()
            if (reasons := self._reasons(expression))
        ]

    def _reasons(self, expression: FilterExpression) -> list[str]:
        found = [findings_of_use(expression, recipe) for recipe in self._recipes]
        return list(dict.fromkeys(itertools.chain(*found))) if all(found) else []


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


def _recipe_of(name: str, campaign: ICampaign) -> Recipe:
    recipe = campaign.solution.recipe if isinstance(campaign, Campaign) else None
    if recipe is None:
        msg = f"the recipe of an import is not known: add_model({name!r}, ..., recipe=...)"
        raise ValueError(msg)
    return recipe


def _route(name: str, recipe: Recipe) -> tuple[str, str]:
    if recipe.type not in _ROUTES:
        allowed = ", ".join(_ROUTES)
        msg = f"model {name!r} must be of type {allowed}, got {recipe.type} ({recipe.name})"
        raise ValueError(msg)
    return _ROUTES[recipe.type]


def _numbers_of(model_filter: IFilter) -> set[str]:
    if not isinstance(model_filter, Filter) or is_token(model_filter.expression):
        return set()
    return {
        condition.operand.name
        for condition in parse(model_filter.expression).conditions
        if isinstance(condition.operand, Placeholder)
        and condition.operator not in {Operator.IN, Operator.NOT_IN}
    }
