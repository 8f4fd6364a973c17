"""An API that answers with recommendations, related items and rankings, and takes events."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from aws_cdk import Annotations
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_personalize._checks import check_at_synth
from cdk_personalize._tree import remember_scope
from cdk_personalize.campaign import ICampaign
from cdk_personalize.filters import IFilter
from cdk_personalize.patterns._api_declarations import ApiDeclarations, Promotion
from cdk_personalize.patterns._api_function import ApiFunction
from cdk_personalize.patterns._gateway import Gateway, Origin, url_of
from cdk_personalize.patterns._http_endpoint import HttpGateway
from cdk_personalize.patterns._rest_endpoint import RestGateway
from cdk_personalize.patterns.api_access import ApiAccess, PublicAccess
from cdk_personalize.patterns.api_endpoint import HttpEndpoint, RestEndpoint
from cdk_personalize.patterns.api_routes import ApiRoute, RouteOptions
from cdk_personalize.patterns.item_metadata import ItemMetadata
from cdk_personalize.patterns.request_context import RequestContext
from cdk_personalize.recipe import ServiceRecipe
from cdk_personalize.recommender import IRecommender


class RecommendationApi(Construct):
    """Answer requests for recommendations over HTTP.

    Each model, a campaign or a recommender, gets the route that its recipe or use case answers:
    `GET /recommendations?userId=`, `GET /related?itemId=`, `GET /popular`, `GET /trending`,
    `POST /ranking` or `GET /actions?userId=`. Where several models share a route, the one that was
    named first answers, unless the request asks for another by `model`. With a stream there is
    `POST /events` as well: a batch of up to 500 events, all of which are taken or none. `GET
    /openapi.json` tells what there is, `GET /health` how it is.

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
        models: Mapping[str, ICampaign | IRecommender] | None = None,
        filters: Mapping[str, IFilter] | None = None,
        routes: Mapping[ApiRoute, RouteOptions] | None = None,
        access: ApiAccess | None = None,
        endpoint: HttpEndpoint | RestEndpoint | None = None,
        context: RequestContext | None = None,
        item_metadata: ItemMetadata | None = None,
        event_stream: kinesis.IStream | None = None,
        event_access: ApiAccess | None = None,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        """Define an API for recommendations.

        Args:
            scope: The construct to define the API in.
            construct_id: The id of the API within `scope`.
            models: The campaigns and recommenders that answer, by the names that requests give
                them. An imported one, whose recipe is not known, is added by `add_model`.
            filters: The filters that requests may name, by the names that they give them.
            routes: How routes answer: filters and promotions of their own, fallbacks, experiments,
                caching, their limit (default: within three seconds, by the model alone).
            access: Who may ask (default: callers that IAM allows, see `grant_invoke`).
            endpoint: What the API is asked at: its kind, limits, domain, and whose pages may ask
                (default: an HTTP API that lets through 500 requests a second, the rate that
                Amazon Personalize allows a campaign, in bursts of 1,000).
            context: What the headers of requests tell models (default: nothing).
            item_metadata: What requests may ask of items by `fields` (default: ids and scores).
            event_stream: The stream that `POST /events` puts events on (default: there is no such
                route).
            event_access: Who may send events (default: as `access` says). A page that sends them
                by `sendBeacon` cannot sign, so it needs `ApiAccess.public()`.
            encryption_key: The key of the logs (default: the key that AWS manages).

        Raises:
            ValueError: If a name is no name, the recipe of a model is unknown or has no route, or
                such an endpoint does not know such access. What routes name is checked at synth,
                when all models, filters and promotions are known.
        """
        super().__init__(scope, construct_id)
        remember_scope(self, scope, construct_id)
        self._encryption_key = encryption_key
        self._declarations = ApiDeclarations(routes or {})
        check_at_synth(self, self._declarations.findings)
        for name, model in (models or {}).items():
            self._declarations.add_model(name, model, None)
        for name, model_filter in (filters or {}).items():
            self._declarations.add_filter(name, model_filter, None)
        self._function = ApiFunction(
            self,
            "Function",
            declarations=self._declarations,
            context=context,
            item_metadata=item_metadata,
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
            self._function.tell_user_claim(self._access.user_claim)
        if event_stream is not None:
            self._take_events(event_stream)
        self._routes: set[ApiRoute] = set()
        for declared in self._declarations.models:
            self._answer(declared.route)
        for model in (models or {}).values():
            model.grant_query(self._function)

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

    def add_model(
        self, name: str, model: ICampaign | IRecommender, *, recipe: ServiceRecipe | None = None
    ) -> None:
        """Let a campaign or a recommender answer the route of its recipe or use case.

        Args:
            name: The name that requests give the model.
            model: The campaign or recommender that answers.
            recipe: What it was trained with (default: known of one that this app defines).

        Raises:
            ValueError: If the name is taken or no name, or the recipe is unknown or has no route.
        """
        declared = self._declarations.add_model(name, model, recipe)
        self._answer(declared.route)
        self._function.tell()
        model.grant_query(self._function)

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
        self._declarations.add_filter(name, model_filter, numbers)
        self._function.tell()

    def add_promotion(
        self,
        name: str,
        *,
        filter: str,
        percent_promoted_items: int,
        filter_values: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Let requests ask for items to be promoted: put into an answer instead of others.

        Args:
            name: The name that requests give the promotion.
            filter: The name of a filter of this API that says which items.
            percent_promoted_items: Their share of the answer, 1 to 100.
            filter_values: Values for the placeholders of the filter; requests give the others, by
                `promotion.<PLACEHOLDER>` (default: none).

        Raises:
            ValueError: If the name is taken or no name, or the share is none.
        """
        promotion = Promotion(
            filter=filter,
            percent_promoted_items=percent_promoted_items,
            filter_values=filter_values or {},
        )
        self._declarations.add_promotion(name, promotion)
        self._function.tell()

    def log_user_ids(self) -> None:
        """Let the log of the function name the user of each request, which it does not by itself.

        The log then holds what people were shown: mind who may read it, and for how long.
        """
        self._function.tell_to_log_user_ids()

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to ask for recommendations, where the API authorizes by IAM."""
        return self._gateway.grant_invoke(grantee)

    def _answer(self, route: ApiRoute) -> None:
        if route not in self._routes:
            self._routes.add(route)
            self._gateway.add_route(route.method, route)

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
            self._function.tell_event_user_claim(access.user_claim)
        self._function.let_put_events(stream)
