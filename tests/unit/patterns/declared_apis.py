"""Recommendation APIs with one model, as the tests of access and endpoints define them."""

from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template

from cdk_personalize import Campaign, Recipe
from cdk_personalize.patterns import ApiAccess, HttpEndpoint, RecommendationApi, RestEndpoint

ROUTE = "recommendations"


def define_api(
    stack: cdk.Stack,
    *,
    access: ApiAccess | None = None,
    endpoint: HttpEndpoint | RestEndpoint | None = None,
    **options: Any,
) -> RecommendationApi:
    """Define an API with the route of recommendations."""
    api = RecommendationApi(stack, "Api", access=access, endpoint=endpoint, **options)
    campaign = Campaign.from_campaign_name(stack, "Campaign", "mine")
    api.add_model("mine", campaign, recipe=Recipe.USER_PERSONALIZATION_V2)
    return api


def properties(stack: cdk.Stack, resource_type: str) -> list[dict[str, Any]]:
    """Return the properties of each resource of a type."""
    found = Template.from_stack(stack).find_resources(resource_type)
    return [resource.get("Properties", {}) for resource in found.values()]


def only(stack: cdk.Stack, resource_type: str) -> dict[str, Any]:
    """Return the properties of the only resource of a type."""
    (found,) = properties(stack, resource_type)
    return found


def environment(stack: cdk.Stack) -> dict[str, Any]:
    """Return what the function is told."""
    variables: dict[str, Any] = only(stack, "AWS::Lambda::Function")["Environment"]["Variables"]
    return variables


def http_routes(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """Return the routes of an HTTP API by their keys."""
    return {route["RouteKey"]: route for route in properties(stack, "AWS::ApiGatewayV2::Route")}


def rest_methods(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """Return the methods of a REST API, by method and path."""
    resources = Template.from_stack(stack).find_resources("AWS::ApiGateway::Resource")
    paths = {name: f"/{each['Properties']['PathPart']}" for name, each in resources.items()}
    return {
        f"{method['HttpMethod']} {paths.get(method['ResourceId'].get('Ref'), '/')}": method
        for method in properties(stack, "AWS::ApiGateway::Method")
    }
