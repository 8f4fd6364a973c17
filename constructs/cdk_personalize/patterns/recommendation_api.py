"""An HTTP API that answers with recommendations, related items and rankings, and takes events."""

import itertools
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import cast

import jsii
from aws_cdk import Annotations, Duration, Names, RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_authorizers import HttpIamAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct, IValidation

from cdk_personalize._function import LambdaFunction, admit_logs
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
from cdk_personalize.recipe import Recipe, RecipeType

_ROUTES = {
    RecipeType.USER_PERSONALIZATION: (apigatewayv2.HttpMethod.GET, "recommendations"),
    RecipeType.RELATED_ITEMS: (apigatewayv2.HttpMethod.GET, "related"),
    RecipeType.PERSONALIZED_RANKING: (apigatewayv2.HttpMethod.POST, "ranking"),
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
# Two tries of four seconds each (one to connect, three to answer) and their pause fit in.
_TIMEOUT = Duration.seconds(10)
# The share of a processor grows with the memory, and somebody waits for each answer.
_MEMORY_SIZE = 512
# What a request did, without the query string: that is where the ids of users are.
_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "caller": "$context.identity.userArn",
    "ip": "$context.identity.sourceIp",
    "route": "$context.routeKey",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "integrationError": "$context.integrationErrorMessage",
}


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
        authorizer: apigatewayv2.IHttpRouteAuthorizer | None = None,
        throttle: apigatewayv2.ThrottleSettings | None = None,
        cors_preflight: apigatewayv2.CorsPreflightOptions | None = None,
        event_stream: kinesis.IStream | None = None,
        event_authorizer: apigatewayv2.IHttpRouteAuthorizer | None = None,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        """Define an API for recommendations.

        Args:
            scope: The construct to define the API in.
            construct_id: The id of the API within `scope`.
            models: The campaigns that answer, by the names that requests give them. An imported
                campaign, whose recipe is not known, is added by `add_model`.
            filters: The filters that requests may name, by the names that they give them.
            authorizer: Who may ask (default: IAM, see `grant_invoke`). An API that is open to
                anyone takes `HttpNoneAuthorizer()`.
            throttle: The requests that the API lets through (default: 500 a second, the rate that
                Amazon Personalize allows a campaign, in bursts of 1,000).
            cors_preflight: The origins whose pages may ask (default: none).
            event_stream: The stream that `POST /events` puts events on (default: there is no such
                route).
            event_authorizer: Who may send events (default: as `authorizer` says). A page that
                sends them by `sendBeacon` cannot sign, so it needs `HttpNoneAuthorizer()`.
            encryption_key: The key of the logs (default: the key that AWS manages).

        Raises:
            ValueError: If a name is no name, or the recipe of a model is unknown or has no route.
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
        if isinstance(authorizer, apigatewayv2.HttpNoneAuthorizer):
            Annotations.of(self).add_warning_v2(
                "cdk-personalize:openApi",
                "anyone can read the recommendations of any user from this API, at your cost;"
                " give it an authorizer, or acknowledge this warning",
            )
        self._api = apigatewayv2.HttpApi(
            self,
            "Api",
            api_name=Names.unique_resource_name(self, max_length=128, separator="-"),
            cors_preflight=cors_preflight,
            create_default_stage=False,
            default_authorizer=authorizer or HttpIamAuthorizer(),
        )
        # One permission for the API and not one for each route.
        self._integration = HttpLambdaIntegration(
            "Integration", self._function, scope_permission_to_route=False
        )
        self._stage = self._define_stage(
            throttle or apigatewayv2.ThrottleSettings(rate_limit=500, burst_limit=1000)
        )
        self._route_what_nobody_answers(cors=cors_preflight is not None)
        self._recipes: list[Recipe] = []
        self._expressions: dict[str, FilterExpression] = {}
        self.node.add_validation(_UsableFilters(self._recipes, self._expressions))
        if event_stream is not None:
            self._take_events(event_stream, event_authorizer)
        for name, campaign in (models or {}).items():
            self.add_model(name, campaign)
        for name, model_filter in (filters or {}).items():
            self.add_filter(name, model_filter)

    @property
    def api(self) -> apigatewayv2.HttpApi:
        """The API."""
        return self._api

    @property
    def stage(self) -> apigatewayv2.HttpStage:
        """The only stage of the API."""
        return self._stage

    @property
    def url(self) -> str:
        """The URL that the routes follow; it ends in a slash."""
        return self._stage.url

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
            self._api.add_routes(path=f"/{route}", methods=[method], integration=self._integration)
        self._models.append({"name": name, "route": route, "arn": campaign.campaign_arn})
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
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["execute-api:Invoke"],
            resource_arns=[self._api.arn_for_execute_api(stage="$default")],
            scope=self,
        )

    def _take_events(
        self, stream: kinesis.IStream, authorizer: apigatewayv2.IHttpRouteAuthorizer | None
    ) -> None:
        if isinstance(authorizer, apigatewayv2.HttpNoneAuthorizer):
            Annotations.of(self).add_warning_v2(
                "cdk-personalize:openEvents",
                "anyone can send events to this API, which move the recommendations, at your cost;"
                " give it an event_authorizer, or acknowledge this warning",
            )
        self._api.add_routes(
            path="/events",
            methods=[apigatewayv2.HttpMethod.POST],
            integration=self._integration,
            authorizer=authorizer,
        )
        self._function.add_environment("STREAM_NAME", stream.stream_name)
        iam.Grant.add_to_principal(
            grantee=self._function,
            actions=["kinesis:PutRecords"],
            resource_arns=[stream.stream_arn],
        )
        if stream.encryption_key is not None:
            stream.encryption_key.grant(self._function, "kms:GenerateDataKey")

    def _define_stage(self, throttle: apigatewayv2.ThrottleSettings) -> apigatewayv2.HttpStage:
        stage = apigatewayv2.HttpStage(
            self,
            "Stage",
            http_api=self._api,
            stage_name="$default",
            auto_deploy=True,
            throttle=throttle,
        )
        # The L2 takes an object with callbacks for this; the L1 takes what it says.
        resource = cast("apigatewayv2.CfnStage", stage.node.default_child)
        resource.access_log_settings = apigatewayv2.CfnStage.AccessLogSettingsProperty(
            destination_arn=self._access_log().log_group_arn, format=json.dumps(_ACCESS_LOG)
        )
        return stage

    def _access_log(self) -> logs.LogGroup:
        if self._encryption_key is not None:
            admit_logs(self._encryption_key, stack_of(self))
        return logs.LogGroup(
            self,
            "AccessLog",
            # API Gateway names each log group in one resource policy of limited size, except those
            # that begin like this.
            log_group_name="/aws/vendedlogs/"
            + Names.unique_resource_name(self, max_length=128, separator="-"),
            encryption_key=self._encryption_key,
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _route_what_nobody_answers(self, *, cors: bool) -> None:
        """Let the function answer 404 and 405 with problem documents too."""
        apigatewayv2.HttpRoute(
            self,
            "Default",
            http_api=self._api,
            route_key=apigatewayv2.HttpRouteKey.DEFAULT,
            integration=self._integration,
        )
        # The permission of the integration is on stage/method/path; this route has no method.
        self._function.add_permission(
            "InvokeByDefaultRoute",
            principal=iam.ServicePrincipal("apigateway.amazonaws.com"),
            source_arn=stack_of(self).format_arn(
                service="execute-api",
                resource=self._api.api_id,
                resource_name="*/$default",
            ),
        )
        if cors:
            # A browser's preflight carries no credentials, and the default route would ask for
            # them; API Gateway replaces the answer by the CORS configuration of the API.
            self._api.add_routes(
                path="/{proxy+}",
                methods=[apigatewayv2.HttpMethod.OPTIONS],
                integration=self._integration,
                authorizer=apigatewayv2.HttpNoneAuthorizer(),
            )


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


def _route(name: str, recipe: Recipe) -> tuple[apigatewayv2.HttpMethod, str]:
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
