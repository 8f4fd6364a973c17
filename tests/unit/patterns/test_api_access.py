"""Who may ask the recommendation API, on an HTTP API and on a REST API."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Annotations, Match, Template

from cdk_personalize.patterns import ApiAccess, HttpEndpoint, RestEndpoint
from tests.refusals import whole
from tests.unit.patterns.declared_apis import (
    define_api,
    environment,
    http_routes,
    only,
    properties,
    rest_methods,
)

ISSUER = "https://login.example/"
GET = "GET /recommendations"


def jwt(**options: Any) -> ApiAccess:
    return ApiAccess.jwt(issuer=ISSUER, audience=["shop"], **options)


@pytest.fixture
def pool(stack: cdk.Stack) -> cognito.UserPool:
    return cognito.UserPool(stack, "Pool")


@pytest.fixture
def client(pool: cognito.UserPool) -> cognito.UserPoolClient:
    return pool.add_client("Client")


@pytest.fixture
def function(stack: cdk.Stack) -> lambda_.IFunction:
    arn = "arn:aws:lambda:us-east-1:111111111111:function:authorizer"
    return lambda_.Function.from_function_arn(stack, "Authorizer", arn)


@pytest.fixture
def stream(stack: cdk.Stack) -> kinesis.Stream:
    return kinesis.Stream(stack, "Stream")


def all_http(stack: cdk.Stack, name: str) -> list[object]:
    """Return a property of all routes of an HTTP API."""
    return [route.get(name) for route in http_routes(stack).values()]


def all_rest(stack: cdk.Stack, name: str) -> list[object]:
    """Return a property of all methods of a REST API."""
    return [method.get(name) for method in rest_methods(stack).values()]


# IAM


def test_a_rest_api_is_closed_by_iam_by_default(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint())

    assert all_rest(stack, "AuthorizationType") == ["AWS_IAM"] * 4


# JWT


def test_an_http_api_takes_tokens_of_an_issuer(stack: cdk.Stack) -> None:
    define_api(stack, access=jwt())

    authorizer = only(stack, "AWS::ApiGatewayV2::Authorizer")
    assert authorizer["AuthorizerType"] == "JWT"
    assert authorizer["JwtConfiguration"] == {"Audience": ["shop"], "Issuer": ISSUER}
    assert all_http(stack, "AuthorizationType") == ["JWT"] * 2


def test_a_token_is_to_allow_one_of_the_scopes(stack: cdk.Stack) -> None:
    define_api(stack, access=jwt(scopes=["read", "all"]))

    assert all_http(stack, "AuthorizationScopes") == [["read", "all"]] * 2


def test_tells_the_function_which_claim_is_the_user(stack: cdk.Stack) -> None:
    define_api(stack, access=jwt(user_claim="sub"))

    assert environment(stack)["USER_CLAIM"] == "sub"


def test_binds_nobody_unless_asked(stack: cdk.Stack) -> None:
    define_api(stack, access=jwt())

    assert "USER_CLAIM" not in environment(stack)


def test_takes_an_issuer_that_the_deployment_knows(stack: cdk.Stack) -> None:
    issuer = cdk.CfnParameter(stack, "Issuer").value_as_string

    define_api(stack, access=ApiAccess.jwt(issuer=issuer, audience=["shop"]))

    authorizer = only(stack, "AWS::ApiGatewayV2::Authorizer")
    assert authorizer["JwtConfiguration"]["Issuer"] == {"Ref": "Issuer"}


def test_refuses_an_issuer_that_anyone_could_be() -> None:
    with pytest.raises(
        ValueError,
        match=whole("the issuer of tokens must begin with https://, got 'http://login.example'"),
    ):
        ApiAccess.jwt(issuer="http://login.example", audience=["shop"])


@pytest.mark.parametrize("audience", [[], "shop", [""]])
def test_refuses_tokens_for_nobody(audience: list[str]) -> None:
    with pytest.raises(
        ValueError,
        match=whole(f"audience must be a list of at least one text, got {audience!r}"),
    ):
        ApiAccess.jwt(issuer=ISSUER, audience=audience)


def test_refuses_a_claim_without_a_name() -> None:
    with pytest.raises(ValueError, match=whole("user_claim must be the name of a claim, got ' '")):
        jwt(user_claim=" ")


def test_a_rest_api_refuses_tokens_of_any_issuer(stack: cdk.Stack) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "a REST API takes tokens of Amazon Cognito alone: give the API an HttpEndpoint, or"
            " access by ApiAccess.cognito(), iam(), api_key(), custom() or public()"
        ),
    ):
        define_api(stack, access=jwt(), endpoint=RestEndpoint())


# Cognito


def test_an_http_api_takes_tokens_of_the_clients_of_a_pool(
    stack: cdk.Stack, pool: cognito.UserPool, client: cognito.UserPoolClient
) -> None:
    define_api(stack, access=ApiAccess.cognito(pool, [client], user_claim="sub"))

    authorizer = only(stack, "AWS::ApiGatewayV2::Authorizer")
    audience = [stack.resolve(client.user_pool_client_id)]
    assert authorizer["JwtConfiguration"]["Audience"] == audience
    assert environment(stack)["USER_CLAIM"] == "sub"


def test_an_http_api_needs_to_know_the_clients_of_a_pool(
    stack: cdk.Stack, pool: cognito.UserPool
) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "an HTTP API takes the tokens of the clients that it is told, got none: give"
            " ApiAccess.cognito() clients, or the API a RestEndpoint"
        ),
    ):
        define_api(stack, access=ApiAccess.cognito(pool))


def test_a_rest_api_takes_tokens_of_a_pool(stack: cdk.Stack, pool: cognito.UserPool) -> None:
    define_api(stack, access=ApiAccess.cognito(pool), endpoint=RestEndpoint())

    authorizer = only(stack, "AWS::ApiGateway::Authorizer")
    assert authorizer["ProviderARNs"] == [stack.resolve(pool.user_pool_arn)]
    assert all_rest(stack, "AuthorizationType") == ["COGNITO_USER_POOLS"] * 4


def test_a_rest_api_takes_access_tokens_by_their_scopes(
    stack: cdk.Stack, pool: cognito.UserPool
) -> None:
    access = ApiAccess.cognito(pool, scopes=["shop/read"])

    define_api(stack, access=access, endpoint=RestEndpoint())

    assert all_rest(stack, "AuthorizationScopes") == [["shop/read"]] * 4


def test_a_rest_api_refuses_clients_that_it_could_not_check(
    stack: cdk.Stack, pool: cognito.UserPool, client: cognito.UserPoolClient
) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "a REST API takes the tokens of every client of a user pool, got clients to check: give"
            " ApiAccess.cognito() none, or the API an HttpEndpoint"
        ),
    ):
        define_api(stack, access=ApiAccess.cognito(pool, [client]), endpoint=RestEndpoint())


# API keys


def test_every_method_of_a_rest_api_needs_a_key(stack: cdk.Stack) -> None:
    define_api(stack, access=ApiAccess.api_key(), endpoint=RestEndpoint())

    assert all_rest(stack, "ApiKeyRequired") == [True] * 4


def test_a_plan_says_what_each_key_may_ask(stack: cdk.Stack) -> None:
    access = ApiAccess.api_key(
        rate_limit=5, burst_limit=10, quota=1000, quota_period=apigateway.Period.WEEK
    )

    api = define_api(stack, access=access, endpoint=RestEndpoint())

    plan = only(stack, "AWS::ApiGateway::UsagePlan")
    assert plan["Throttle"] == {"RateLimit": 5, "BurstLimit": 10}
    assert plan["Quota"] == {"Limit": 1000, "Period": "WEEK"}
    assert plan["ApiStages"][0]["Stage"] == stack.resolve(api.stage.stage_name)


def test_a_key_is_defined_and_is_in_the_plan(stack: cdk.Stack) -> None:
    define_api(stack, access=ApiAccess.api_key(), endpoint=RestEndpoint())

    (key,) = Template.from_stack(stack).find_resources("AWS::ApiGateway::ApiKey")
    assert only(stack, "AWS::ApiGateway::UsagePlanKey")["KeyId"] == {"Ref": key}


def test_keys_that_are_there_already_are_in_the_plan(stack: cdk.Stack) -> None:
    keys = [apigateway.ApiKey.from_api_key_id(stack, name, name) for name in ("web", "app")]

    define_api(stack, access=ApiAccess.api_key(keys=keys), endpoint=RestEndpoint())

    in_plan = [each["KeyId"] for each in properties(stack, "AWS::ApiGateway::UsagePlanKey")]
    assert sorted(in_plan) == ["app", "web"]
    assert properties(stack, "AWS::ApiGateway::ApiKey") == []


def test_the_plan_takes_more_keys(stack: cdk.Stack) -> None:
    api = define_api(stack, access=ApiAccess.api_key(), endpoint=RestEndpoint())
    assert api.usage_plan is not None

    api.usage_plan.add_api_key(apigateway.ApiKey(stack, "Another"))

    assert len(properties(stack, "AWS::ApiGateway::UsagePlanKey")) == 2


def test_there_is_no_plan_without_keys(stack: cdk.Stack) -> None:
    assert define_api(stack, endpoint=RestEndpoint()).usage_plan is None


@pytest.mark.parametrize("name", ["rate_limit", "burst_limit", "quota"])
def test_refuses_keys_that_could_ask_nothing(name: str) -> None:
    limits: dict[str, Any] = {name: 0}

    with pytest.raises(ValueError, match=whole(f"{name} must be at least 1, got 0")):
        ApiAccess.api_key(**limits)


def test_an_http_api_refuses_keys(stack: cdk.Stack) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "an HTTP API knows no API keys: give the API a RestEndpoint, or access by"
            " ApiAccess.iam(), jwt(), cognito(), custom() or public()"
        ),
    ):
        define_api(stack, access=ApiAccess.api_key(), endpoint=HttpEndpoint())


def test_refuses_other_keys_for_events(stack: cdk.Stack, stream: kinesis.Stream) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "all routes of an API take the same API keys, got two different"
            " ApiAccess.api_key(): give the same one to both"
        ),
    ):
        define_api(
            stack,
            access=ApiAccess.api_key(),
            endpoint=RestEndpoint(),
            event_stream=stream,
            event_access=ApiAccess.api_key(rate_limit=1),
        )


# Lambda authorizers


def test_an_http_api_asks_a_function(stack: cdk.Stack, function: lambda_.IFunction) -> None:
    define_api(stack, access=ApiAccess.custom(function, user_key="user"))

    authorizer = only(stack, "AWS::ApiGatewayV2::Authorizer")
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert authorizer["AuthorizerResultTtlInSeconds"] == 300
    assert all_http(stack, "AuthorizationType") == ["CUSTOM"] * 2
    assert environment(stack)["USER_CLAIM"] == "user"


def test_a_rest_api_asks_a_function(stack: cdk.Stack, function: lambda_.IFunction) -> None:
    access = ApiAccess.custom(function, ttl=cdk.Duration.seconds(0), headers=["X-Token", "X-Shop"])

    define_api(stack, access=access, endpoint=RestEndpoint())

    authorizer = only(stack, "AWS::ApiGateway::Authorizer")
    assert authorizer["Type"] == "REQUEST"
    assert authorizer["AuthorizerResultTtlInSeconds"] == 0
    assert authorizer["IdentitySource"] == (
        "method.request.header.X-Token,method.request.header.X-Shop"
    )
    assert all_rest(stack, "AuthorizationType") == ["CUSTOM"] * 4


def test_a_function_is_asked_in_one_form_by_both(
    stack: cdk.Stack, function: lambda_.IFunction
) -> None:
    """That of REST APIs, which know no other."""
    define_api(stack, access=ApiAccess.custom(function))

    authorizer = only(stack, "AWS::ApiGatewayV2::Authorizer")
    assert authorizer["AuthorizerPayloadFormatVersion"] == "1.0"
    assert "EnableSimpleResponses" not in authorizer


def test_refuses_to_keep_an_answer_for_over_an_hour(function: lambda_.IFunction) -> None:
    with pytest.raises(ValueError, match=whole("ttl must be at most an hour, got 1 hour 1 minute")):
        ApiAccess.custom(function, ttl=cdk.Duration.minutes(61))


def test_refuses_a_function_that_is_told_of_nothing(function: lambda_.IFunction) -> None:
    with pytest.raises(
        ValueError, match=whole("headers must be a list of at least one text, got []")
    ):
        ApiAccess.custom(function, headers=[])


# Anyone


def test_a_rest_api_is_open_if_asked_and_says_what_that_means(stack: cdk.Stack) -> None:
    define_api(stack, access=ApiAccess.public(), endpoint=RestEndpoint())

    assert all_rest(stack, "AuthorizationType") == ["NONE"] * 4
    Annotations.from_stack(stack).has_warning(
        "/Shop/Api", Match.string_like_regexp("anyone can read the recommendations")
    )


# Events


def test_events_may_come_from_others_to_an_http_api(
    stack: cdk.Stack, stream: kinesis.Stream
) -> None:
    define_api(
        stack, access=jwt(scopes=["read"]), event_stream=stream, event_access=ApiAccess.public()
    )

    routes = http_routes(stack)
    assert routes["POST /events"]["AuthorizationType"] == "NONE"
    assert not routes["POST /events"].get("AuthorizationScopes")
    assert routes[GET]["AuthorizationType"] == "JWT"


def test_events_may_come_from_others_to_a_rest_api(
    stack: cdk.Stack, stream: kinesis.Stream
) -> None:
    define_api(stack, endpoint=RestEndpoint(), event_stream=stream, event_access=ApiAccess.public())

    methods = rest_methods(stack)
    assert methods["POST /events"]["AuthorizationType"] == "NONE"
    assert methods[GET]["AuthorizationType"] == "AWS_IAM"


def test_tells_the_function_that_events_are_bound_to_nobody(
    stack: cdk.Stack, stream: kinesis.Stream
) -> None:
    define_api(
        stack,
        access=jwt(user_claim="sub"),
        event_stream=stream,
        event_access=ApiAccess.public(),
    )

    assert environment(stack)["EVENT_USER_CLAIM"] == ""
    assert environment(stack)["USER_CLAIM"] == "sub"


def test_events_are_bound_as_all_else_is(stack: cdk.Stack, stream: kinesis.Stream) -> None:
    define_api(stack, access=jwt(user_claim="sub"), event_stream=stream)

    assert "EVENT_USER_CLAIM" not in environment(stack)
