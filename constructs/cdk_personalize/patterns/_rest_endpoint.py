"""The recommendation API as a REST API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import assert_never, cast

from aws_cdk import Aws, Names, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from constructs import Construct

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
from cdk_personalize.patterns.api_endpoint import Cors, CustomDomain, RestEndpoint, Throttle

_LOG_FIELDS = {
    **COMMON_LOG_FIELDS,
    "apiKey": "$context.identity.apiKeyId",
    "route": "$context.httpMethod $context.resourcePath",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "error": "$context.error.message",
    "integrationError": "$context.integration.error",
}
# TLS 1.2 and 1.3 with forward secrecy (API Gateway developer guide, security policies for REST).
_SECURITY_POLICY = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
# A caller in a VPC without private DNS asks one host and names another, which STRICT refuses.
_ACCESS_MODE = {False: "STRICT", True: "BASIC"}
# What API Gateway itself answers is a problem document too.
_PROBLEM = (
    '{"type": "about:blank", "title": "$context.error.responseType",'
    ' "detail": $context.error.messageString}'
)
_INVOKE = "execute-api:Invoke"


class RestGateway:
    """A REST API, in which each resource sends what is not its own to the function too."""

    def __init__(
        self,
        scope: Construct,
        *,
        function: lambda_.Function,
        endpoint: RestEndpoint,
        access: ApiAccess,
        encryption_key: kms.IKey | None,
    ) -> None:
        """Define a REST API in `scope`.

        Args:
            scope: The recommendation API.
            function: The function that answers.
            endpoint: What the API is to be.
            access: Who may ask, unless a route says otherwise.
            encryption_key: The key of the access log (default: the key that AWS manages).

        Raises:
            ValueError: If a REST API does not know such access.
        """
        self._scope = scope
        self._endpoint = endpoint
        self._access = access
        self._usage_plan: apigateway.UsagePlan | None = None
        self._key_access: ApiKeyAccess | None = None
        _refuse_unknown(access)
        self._policy = iam.PolicyDocument() if endpoint.is_private else None
        self._api = self._define_api(encryption_key)
        resource = cast("apigateway.CfnRestApi", self._api.node.default_child)
        resource.security_policy = _SECURITY_POLICY
        resource.endpoint_access_mode = _ACCESS_MODE[endpoint.is_private]
        self._api.node.try_remove_child("Endpoint")  # an output that nobody asked for
        self._routes: dict[str, str] = {}
        self._limit(endpoint.throttle)
        check_throttled_routes(scope, endpoint.throttle_by_route, self._routes)
        self._integration = apigateway.LambdaIntegration(
            # One permission for the API and not one for each method.
            function,
            scope_permission_to_method=False,
        )
        self._answer_problems()
        if endpoint.cors is not None:
            function.add_environment("CORS_ORIGINS", json.dumps(list(endpoint.cors.origins)))
        self._options = self._method_options("Authorizer", access)
        self._allow(access, "execute-api:/*")
        for unrouted in (self._api.root, self._api.root.add_resource("{proxy+}")):
            self._add_methods(unrouted, ["ANY"], self._options)
        if endpoint.domain is not None:
            self._define_domain(endpoint.domain)
        if endpoint.web_acl is not None:
            # It loads the module of AWS WAF.
            from cdk_personalize.patterns._web_acl import associate_web_acl  # noqa: PLC0415

            associate_web_acl(scope, endpoint.web_acl, self.stage.stage_arn)

    @property
    def api(self) -> apigateway.RestApi:
        """The API."""
        return self._api

    @property
    def stage(self) -> apigateway.Stage:
        """The only stage of the API."""
        return self._api.deployment_stage

    @property
    def usage_plan(self) -> apigateway.UsagePlan | None:
        """The plan of the API keys, where callers have any."""
        return self._usage_plan

    @property
    def origin(self) -> Origin:
        """Where the API is found."""
        domain = self._endpoint.domain
        if domain is not None:
            return Origin(host=domain.domain_name)
        stack = stack_of(self._scope)
        host = f"{self._api.rest_api_id}.execute-api.{stack.region}.{Aws.URL_SUFFIX}"
        return Origin(host=host, path=f"/{self._endpoint.stage_name}")

    def add_route(self, method: str, route: str, access: ApiAccess | None = None) -> None:
        """Let the function answer a route."""
        options = self._options
        if access is not None:
            _refuse_unknown(access)
            self._allow_route(access, f"execute-api:/*/*/{route}")
            options = self._method_options("EventAuthorizer", access)
        # Another method of the path is the function's to answer: API Gateway has no 405.
        self._add_methods(self._api.root.add_resource(route), [method, "ANY"], options)
        self._routes[route] = method
        if route in self._endpoint.throttle_by_route:
            self._limit(self._endpoint.throttle)

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to ask, where the API authorizes by IAM."""
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[_INVOKE],
            resource_arns=[self._api.arn_for_execute_api(stage=self._endpoint.stage_name)],
            scope=self._scope,
        )

    def _define_api(self, encryption_key: kms.IKey | None) -> apigateway.RestApi:
        endpoint = self._endpoint
        through = self._vpc_endpoints()
        kind = apigateway.EndpointType
        return apigateway.RestApi(
            self._scope,
            "RestApi",
            rest_api_name=Names.unique_resource_name(
                self._scope, max_length=MOST_NAME_CHARACTERS, separator="-"
            ),
            endpoint_configuration=apigateway.EndpointConfiguration(
                types=[kind.PRIVATE if endpoint.is_private else kind.REGIONAL],
                vpc_endpoints=through or None,
            ),
            policy=self._policy,
            # Who has a name of its own for the API wants no way around it.
            disable_execute_api_endpoint=True if endpoint.domain else None,
            cloud_watch_role=endpoint.account_log_role,
            cloud_watch_role_removal_policy=(
                RemovalPolicy.RETAIN if endpoint.account_log_role else None
            ),
            deploy_options=apigateway.StageOptions(
                stage_name=endpoint.stage_name,
                tracing_enabled=True,
                access_log_destination=apigateway.LogGroupLogDestination(
                    define_access_log(self._scope, encryption_key)
                ),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps(_LOG_FIELDS)),
            ),
        )

    def _vpc_endpoints(self) -> list[ec2.IVpcEndpoint]:
        """Return what a private API is asked through, and let that alone in."""
        through: list[ec2.IVpcEndpoint] = list(self._endpoint.vpc_endpoints)
        if self._endpoint.vpc is not None:
            through.append(
                ec2.InterfaceVpcEndpoint(
                    self._scope,
                    "VpcEndpoint",
                    vpc=self._endpoint.vpc,
                    service=ec2.InterfaceVpcEndpointAwsService.APIGATEWAY,
                )
            )
        if self._policy is not None:
            self._policy.add_statements(
                iam.PolicyStatement(
                    effect=iam.Effect.DENY,
                    principals=[iam.AnyPrincipal()],
                    actions=[_INVOKE],
                    resources=["execute-api:/*"],
                    conditions={
                        "StringNotEquals": {
                            "aws:SourceVpce": [each.vpc_endpoint_id for each in through]
                        }
                    },
                )
            )
        return through

    def _allow_route(self, access: ApiAccess, resource: str) -> None:
        if isinstance(access, IamAccess) and not isinstance(self._access, IamAccess):
            if self._policy is not None:
                msg = (
                    "the events of a private API cannot need IAM where nothing else does, since"
                    " its policy lets in everyone in the VPC: give ApiAccess.iam() to all of it"
                )
                raise ValueError(msg)
        elif isinstance(self._access, IamAccess):
            self._allow(access, resource)

    def _allow(self, access: ApiAccess, resource: str) -> None:
        """Let the policy of a private API, which denies what it does not allow, allow access.

        Where IAM is asked, either policy is enough for a caller of the account (API Gateway
        developer guide, policy evaluation outcome tables). So the caller's own one has to be asked:
        what allows the account as such leaves it to that.
        """
        if self._policy is not None:
            iam_is_asked = isinstance(access, IamAccess)
            self._policy.add_statements(
                iam.PolicyStatement(
                    principals=[iam.AccountRootPrincipal() if iam_is_asked else iam.AnyPrincipal()],
                    actions=[_INVOKE],
                    resources=[resource],
                )
            )

    def _add_methods(
        self,
        resource: apigateway.IResource,
        methods: Sequence[str],
        options: apigateway.MethodOptions,
    ) -> None:
        for method in methods:
            resource.add_method(
                method,
                self._integration,
                authorization_type=options.authorization_type,
                authorizer=options.authorizer,
                authorization_scopes=options.authorization_scopes,
                api_key_required=options.api_key_required,
            )
        cors = self._endpoint.cors
        if cors is not None:
            resource.add_cors_preflight(
                allow_origins=list(cors.origins),
                allow_headers=list(cors.headers),
                allow_methods=["GET", "POST"],
                expose_headers=list(cors.exposed_headers),
                max_age=cors.max_age,
            )

    def _method_options(self, construct_id: str, access: ApiAccess) -> apigateway.MethodOptions:
        known = cast(
            "IamAccess | CognitoAccess | ApiKeyAccess | CustomAccess | PublicAccess", access
        )
        nobody = apigateway.AuthorizationType.NONE
        match known:
            case IamAccess():
                return apigateway.MethodOptions(authorization_type=apigateway.AuthorizationType.IAM)
            case CognitoAccess():
                pools = apigateway.CognitoUserPoolsAuthorizer(
                    self._scope, construct_id, cognito_user_pools=[known.user_pool]
                )
                return apigateway.MethodOptions(
                    authorization_type=apigateway.AuthorizationType.COGNITO,
                    authorizer=pools,
                    authorization_scopes=list(known.scopes) or None,
                )
            case CustomAccess():
                custom = apigateway.RequestAuthorizer(
                    self._scope,
                    construct_id,
                    handler=known.function,
                    identity_sources=[
                        apigateway.IdentitySource.header(name) for name in known.identity_headers
                    ],
                    results_cache_ttl=known.ttl,
                )
                return apigateway.MethodOptions(
                    authorization_type=apigateway.AuthorizationType.CUSTOM, authorizer=custom
                )
            case ApiKeyAccess():
                self._define_usage_plan(known)
                return apigateway.MethodOptions(authorization_type=nobody, api_key_required=True)
            case PublicAccess():
                return apigateway.MethodOptions(authorization_type=nobody)
        assert_never(known)

    def _define_usage_plan(self, access: ApiKeyAccess) -> None:
        if self._key_access is not None:
            if self._key_access != access:
                msg = (
                    "all routes of an API take the same API keys, got two different"
                    " ApiAccess.api_key(): give the same one to both"
                )
                raise ValueError(msg)
            return
        self._key_access = access
        quota = access.quota
        self._usage_plan = apigateway.UsagePlan(
            self._scope,
            "UsagePlan",
            api_stages=[apigateway.UsagePlanPerApiStage(api=self._api, stage=self.stage)],
            throttle=apigateway.ThrottleSettings(
                rate_limit=access.rate_limit, burst_limit=access.burst_limit
            ),
            quota=None
            if quota is None
            else apigateway.QuotaSettings(limit=quota, period=access.quota_period),
        )
        for key in access.keys or [apigateway.ApiKey(self._scope, "Key")]:
            self._usage_plan.add_api_key(key)

    def _limit(self, throttle: Throttle) -> None:
        by_route = self._endpoint.throttle_by_route
        resource = cast("apigateway.CfnStage", self.stage.node.default_child)
        resource.method_settings = [
            _setting("*", "/*", throttle),
            *(
                # A slash in the path is written ~1 (CloudFormation, MethodSetting).
                _setting(method, f"/~1{route}", by_route[route])
                for route, method in self._routes.items()
                if route in by_route
            ),
        ]

    def _answer_problems(self) -> None:
        types = apigateway.ResponseType
        for construct_id, kind in (("Refused", types.DEFAULT_4_XX), ("Failed", types.DEFAULT_5_XX)):
            self._api.add_gateway_response(
                construct_id,
                type=kind,
                response_headers={
                    "Content-Type": "'application/problem+json'",
                    **_cors_of_refusals(self._endpoint.cors),
                },
                templates={"application/json": _PROBLEM},
            )

    def _define_domain(self, domain: CustomDomain) -> None:
        name = apigateway.DomainName(
            self._scope,
            "Domain",
            domain_name=domain.domain_name,
            certificate=domain.certificate,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
        )
        apigateway.BasePathMapping(
            self._scope, "Mapping", domain_name=name, rest_api=self._api, stage=self.stage
        )
        if domain.hosted_zone is not None:
            route53.ARecord(
                self._scope,
                "Alias",
                zone=domain.hosted_zone,
                record_name=domain.domain_name,
                target=route53.RecordTarget.from_alias(route53_targets.ApiGatewayDomain(name)),
            )


def _refuse_unknown(access: ApiAccess) -> None:
    if isinstance(access, JwtAccess):
        msg = (
            "a REST API takes tokens of Amazon Cognito alone: give the API an HttpEndpoint, or"
            " access by ApiAccess.cognito(), iam(), api_key(), custom() or public()"
        )
        raise ValueError(msg)
    if isinstance(access, CognitoAccess) and access.clients:
        msg = (
            "a REST API takes the tokens of every client of a user pool, got clients to check:"
            " give ApiAccess.cognito() none, or the API an HttpEndpoint"
        )
        raise ValueError(msg)


def _setting(
    method: str, path: str, throttle: Throttle
) -> apigateway.CfnStage.MethodSettingProperty:
    return apigateway.CfnStage.MethodSettingProperty(
        http_method=method,
        resource_path=path,
        throttling_rate_limit=throttle.rate_limit,
        throttling_burst_limit=throttle.burst_limit,
        # The log of API Gateway's own steps names the query, where the ids of users are.
        logging_level="OFF",
        data_trace_enabled=False,
    )


def _cors_of_refusals(cors: Cors | None) -> dict[str, str]:
    """Return the headers by which a page may read what API Gateway itself answers.

    They are no data, so any page may, where there are several origins and only one can be named.
    """
    if cors is None:
        return {}
    (first, *others) = cors.origins
    return {"Access-Control-Allow-Origin": f"'{'*' if others else first}'"}
