"""The recommendation API as an HTTP API."""

from __future__ import annotations

import json
from typing import assert_never, cast

from aws_cdk import Aws, Names
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from aws_cdk.aws_apigatewayv2_authorizers import (
    HttpIamAuthorizer,
    HttpJwtAuthorizer,
    HttpLambdaAuthorizer,
    HttpLambdaResponseType,
    HttpUserPoolAuthorizer,
)
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from cdk_personalize._principals import service_principal
from cdk_personalize._tree import stack_of
from cdk_personalize.patterns._gateway import (
    COMMON_LOG_FIELDS,
    MOST_NAME_CHARACTERS,
    Origin,
    check_throttled_routes,
    define_access_log,
)
from cdk_personalize.patterns.api_access import (
    ApiAccess,
    ApiKeyAccess,
    CognitoAccess,
    CustomAccess,
    IamAccess,
    JwtAccess,
    PublicAccess,
)
from cdk_personalize.patterns.api_endpoint import Cors, CustomDomain, HttpEndpoint, Throttle

_LOG_FIELDS = {
    **COMMON_LOG_FIELDS,
    "route": "$context.routeKey",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "integrationError": "$context.integrationErrorMessage",
}


class HttpGateway:
    """An HTTP API, whose default route takes what no other does."""

    def __init__(
        self,
        scope: Construct,
        *,
        function: lambda_.Function,
        endpoint: HttpEndpoint,
        access: ApiAccess,
        encryption_key: kms.IKey | None,
    ) -> None:
        """Define an HTTP API in `scope`.

        Args:
            scope: The recommendation API.
            function: The function that answers.
            endpoint: What the API is to be.
            access: Who may ask, unless a route says otherwise.
            encryption_key: The key of the access log (default: the key that AWS manages).

        Raises:
            ValueError: If an HTTP API does not know such access.
        """
        self._scope = scope
        self._endpoint = endpoint
        authorizer = _authorizer("Authorizer", access)
        self._api = apigatewayv2.HttpApi(
            scope,
            "Api",
            api_name=Names.unique_resource_name(
                scope, max_length=MOST_NAME_CHARACTERS, separator="-"
            ),
            cors_preflight=_preflight(endpoint.cors),
            create_default_stage=False,
            default_authorizer=authorizer,
            default_authorization_scopes=_scopes(access),
            # Who has a name of its own for the API wants no way around it.
            disable_execute_api_endpoint=True if endpoint.domain else None,
        )
        # One permission for the API and not one for each route.
        self._integration = HttpLambdaIntegration(
            "Integration", function, scope_permission_to_route=False
        )
        self._stage = self._define_stage(encryption_key)
        self._route_what_nobody_answers(function)
        self._keys: dict[str, str] = {}
        check_throttled_routes(scope, endpoint.throttle_by_route, self._keys)

    @property
    def api(self) -> apigatewayv2.HttpApi:
        """The API."""
        return self._api

    @property
    def stage(self) -> apigatewayv2.HttpStage:
        """The only stage of the API."""
        return self._stage

    @property
    def origin(self) -> Origin:
        """Where the API is found."""
        domain = self._endpoint.domain
        if domain is not None:
            return Origin(host=domain.domain_name)
        stack = stack_of(self._scope)
        host = f"{self._api.api_id}.execute-api.{stack.region}.{Aws.URL_SUFFIX}"
        return Origin(host=host)

    def add_route(self, method: str, route: str, access: ApiAccess | None = None) -> None:
        """Let the function answer a route."""
        (added,) = self._api.add_routes(
            path=f"/{route}",
            methods=[apigatewayv2.HttpMethod(method)],
            integration=self._integration,
            authorizer=None if access is None else _authorizer("EventAuthorizer", access),
            # None would be those of the API.
            authorization_scopes=None if access is None else _scopes(access) or [],
        )
        self._keys[route] = f"{method} /{route}"
        if route in self._endpoint.throttle_by_route:
            # API Gateway refuses settings of a route that is not there.
            self._stage.node.add_dependency(added)
            cast("apigatewayv2.CfnStage", self._stage.node.default_child).route_settings = {
                self._keys[name]: _settings(throttle)
                for name, throttle in self._endpoint.throttle_by_route.items()
                if name in self._keys
            }

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to ask, where the API authorizes by IAM."""
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["execute-api:Invoke"],
            resource_arns=[self._api.arn_for_execute_api(stage="$default")],
            scope=self._scope,
        )

    def _define_stage(self, encryption_key: kms.IKey | None) -> apigatewayv2.HttpStage:
        throttle, domain = self._endpoint.throttle, self._endpoint.domain
        stage = apigatewayv2.HttpStage(
            self._scope,
            "Stage",
            http_api=self._api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigatewayv2.ThrottleSettings(
                rate_limit=throttle.rate_limit, burst_limit=throttle.burst_limit
            ),
            domain_mapping=None if domain is None else self._define_domain(domain),
        )
        # The L2 takes an object with callbacks for this; the L1 takes what it says.
        resource = cast("apigatewayv2.CfnStage", stage.node.default_child)
        resource.access_log_settings = apigatewayv2.CfnStage.AccessLogSettingsProperty(
            destination_arn=define_access_log(self._scope, encryption_key).log_group_arn,
            format=json.dumps(_LOG_FIELDS),
        )
        return stage

    def _define_domain(self, domain: CustomDomain) -> apigatewayv2.DomainMappingOptions:
        name = apigatewayv2.DomainName(
            self._scope,
            "Domain",
            domain_name=domain.domain_name,
            certificate=domain.certificate,
            security_policy=apigatewayv2.SecurityPolicy.TLS_1_2,
        )
        if domain.hosted_zone is not None:
            target = route53_targets.ApiGatewayv2DomainProperties(
                name.regional_domain_name, name.regional_hosted_zone_id
            )
            route53.ARecord(
                self._scope,
                "Alias",
                zone=domain.hosted_zone,
                record_name=domain.domain_name,
                target=route53.RecordTarget.from_alias(target),
            )
        return apigatewayv2.DomainMappingOptions(domain_name=name)

    def _route_what_nobody_answers(self, function: lambda_.Function) -> None:
        """Let the function answer 404 and 405 with problem documents too."""
        apigatewayv2.HttpRoute(
            self._scope,
            "Default",
            http_api=self._api,
            route_key=apigatewayv2.HttpRouteKey.DEFAULT,
            integration=self._integration,
        )
        # The permission of the integration is on stage/method/path; this route has no method.
        function.add_permission(
            "InvokeByDefaultRoute",
            principal=service_principal("apigateway.amazonaws.com"),
            source_arn=stack_of(self._scope).format_arn(
                service="execute-api",
                resource=self._api.api_id,
                resource_name="*/$default",
            ),
        )
        if self._endpoint.cors is not None:
            # A browser's preflight carries no credentials, and the default route would ask for
            # them; API Gateway replaces the answer by the CORS configuration of the API.
            self._api.add_routes(
                path="/{proxy+}",
                methods=[apigatewayv2.HttpMethod.OPTIONS],
                integration=self._integration,
                authorizer=apigatewayv2.HttpNoneAuthorizer(),
                authorization_scopes=[],
            )


def _authorizer(construct_id: str, access: ApiAccess) -> apigatewayv2.IHttpRouteAuthorizer:
    known = cast(
        "IamAccess | JwtAccess | CognitoAccess | CustomAccess | PublicAccess | ApiKeyAccess",
        access,
    )
    match known:
        case IamAccess():
            return HttpIamAuthorizer()
        case JwtAccess():
            return HttpJwtAuthorizer(construct_id, known.issuer, jwt_audience=list(known.audience))
        case CognitoAccess():
            if not known.clients:
                msg = (
                    "an HTTP API takes the tokens of the clients that it is told, got none:"
                    " give ApiAccess.cognito() clients, or the API a RestEndpoint"
                )
                raise ValueError(msg)
            return HttpUserPoolAuthorizer(
                construct_id, known.user_pool, user_pool_clients=list(known.clients)
            )
        case CustomAccess():
            return HttpLambdaAuthorizer(
                construct_id,
                known.function,
                # The form that REST APIs know too, so that a function serves both.
                response_types=[HttpLambdaResponseType.IAM],
                results_cache_ttl=known.ttl,
                identity_source=[f"$request.header.{name}" for name in known.identity_headers],
            )
        case PublicAccess():
            return apigatewayv2.HttpNoneAuthorizer()
        case ApiKeyAccess():
            msg = (
                "an HTTP API knows no API keys: give the API a RestEndpoint, or access by"
                " ApiAccess.iam(), jwt(), cognito(), custom() or public()"
            )
            raise ValueError(msg)
    assert_never(known)


def _scopes(access: ApiAccess) -> list[str] | None:
    if isinstance(access, JwtAccess | CognitoAccess) and access.scopes:
        return list(access.scopes)
    return None


def _settings(throttle: Throttle) -> dict[str, object]:
    return {
        "ThrottlingRateLimit": throttle.rate_limit,
        "ThrottlingBurstLimit": throttle.burst_limit,
    }


def _preflight(cors: Cors | None) -> apigatewayv2.CorsPreflightOptions | None:
    if cors is None:
        return None
    return apigatewayv2.CorsPreflightOptions(
        allow_origins=list(cors.origins),
        allow_headers=list(cors.headers),
        allow_methods=[apigatewayv2.CorsHttpMethod.GET, apigatewayv2.CorsHttpMethod.POST],
        expose_headers=list(cors.exposed_headers),
        max_age=cors.max_age,
    )
