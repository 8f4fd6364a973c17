"""What the two kinds of API have in common, as the recommendation API sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from aws_cdk import Names, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_personalize._checks import check_at_synth
from cdk_personalize._function import admit_logs
from cdk_personalize._tree import stack_of
from cdk_personalize.patterns.api_access import ApiAccess
from cdk_personalize.patterns.api_endpoint import Throttle

MOST_NAME_CHARACTERS = 128
"""The length of a name of an API (API Gateway API reference)."""

# What a request did, without the query string: that is where the ids of users are.
COMMON_LOG_FIELDS = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "caller": "$context.identity.userArn",
    "ip": "$context.identity.sourceIp",
}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a distribution in front of an API finds it.

    Attributes:
        host: The host.
        path: What all paths begin with; empty, or with a slash in front.
    """

    host: str
    path: str = ""


class Gateway(Protocol):
    """An API of API Gateway, all of whose requests go to one function.

    What no route takes goes there too, which answers it with a problem document.
    """

    @property
    def api(self) -> apigatewayv2.HttpApi | apigateway.RestApi:
        """The API."""
        ...

    @property
    def stage(self) -> apigatewayv2.HttpStage | apigateway.Stage:
        """The only stage of the API."""
        ...

    @property
    def origin(self) -> Origin:
        """Where the API is found."""
        ...

    def add_route(self, method: str, route: str, access: ApiAccess | None = None) -> None:
        """Let the function answer a route.

        Args:
            method: The method, "GET".
            route: The name of the route, which is its path without the slash.
            access: Who may ask (default: as the API says).
        """
        ...

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to ask, where the API authorizes by IAM."""
        ...


def url_of(origin: Origin) -> str:
    """Return the URL that routes follow; it ends in a slash."""
    return f"https://{origin.host}{origin.path}/"


def define_access_log(scope: Construct, encryption_key: kms.IKey | None) -> logs.LogGroup:
    """Define where API Gateway writes what requests did."""
    if encryption_key is not None:
        admit_logs(encryption_key, stack_of(scope))
    return logs.LogGroup(
        scope,
        "AccessLog",
        # API Gateway names each log group in one resource policy of limited size, except those
        # that begin like this.
        log_group_name="/aws/vendedlogs/"
        + Names.unique_resource_name(scope, max_length=MOST_NAME_CHARACTERS, separator="-"),
        encryption_key=encryption_key,
        retention=logs.RetentionDays.ONE_MONTH,
        removal_policy=RemovalPolicy.DESTROY,
    )


def check_throttled_routes(
    scope: Construct, throttles: Mapping[str, Throttle], routes: Mapping[str, str]
) -> None:
    """Check that each throttled route is there, once all routes are known.

    Args:
        scope: The construct whose synthesis fails if one is not.
        throttles: The throttles by the names of their routes.
        routes: The routes by their names, which is filled later.
    """

    def unknown_routes() -> list[str]:
        there = ", ".join(routes) or "none"
        return [
            f"throttle_by_route must name routes of the API, which are {there}; got {name!r}"
            for name in throttles
            if name not in routes
        ]

    check_at_synth(scope, unknown_routes)
