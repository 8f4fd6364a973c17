"""The recommendation API as an HTTP API."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from aws_cdk.assertions import Match, Template

from cdk_personalize.patterns import ApiAccess, Cors, CustomDomain, HttpEndpoint, Throttle
from tests.refusals import at_synth
from tests.unit.patterns.declared_apis import ROUTE, define_api, http_routes, only, properties

NAME = "recommendations.shop.example"


@pytest.fixture
def certificate(stack: cdk.Stack) -> acm.ICertificate:
    arn = "arn:aws:acm:us-east-1:111111111111:certificate/mine"
    return acm.Certificate.from_certificate_arn(stack, "Certificate", arn)


@pytest.fixture
def zone(stack: cdk.Stack) -> route53.IHostedZone:
    return route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="Z1", zone_name="shop.example"
    )


def test_lets_through_what_it_is_told_to(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=HttpEndpoint(throttle=Throttle(rate_limit=5, burst_limit=10)))

    assert only(stack, "AWS::ApiGatewayV2::Stage")["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": 5,
        "ThrottlingBurstLimit": 10,
    }


def test_limits_a_route_that_is_there_first(stack: cdk.Stack) -> None:
    """API Gateway refuses the settings of a route that is not there."""
    throttle = Throttle(rate_limit=5, burst_limit=10)

    define_api(stack, endpoint=HttpEndpoint(throttle_by_route={ROUTE: throttle}))

    template = Template.from_stack(stack)
    ((route, _),) = template.find_resources(
        "AWS::ApiGatewayV2::Route", {"Properties": {"RouteKey": f"GET /{ROUTE}"}}
    ).items()
    settings = {f"GET /{ROUTE}": {"ThrottlingRateLimit": 5, "ThrottlingBurstLimit": 10}}
    template.has_resource(
        "AWS::ApiGatewayV2::Stage",
        {
            "Properties": {"RouteSettings": settings},
            "DependsOn": Match.array_with([route]),
        },
    )


def test_refuses_to_limit_a_route_that_nothing_answers(stack: cdk.Stack) -> None:
    throttle = Throttle(rate_limit=5, burst_limit=10)
    define_api(stack, endpoint=HttpEndpoint(throttle_by_route={"ranking": throttle}))

    with pytest.raises(
        RuntimeError,
        match=at_synth(
            "Shop/Api",
            "throttle_by_route must name routes of the API, which are recommendations;"
            " got 'ranking'",
        ),
    ):
        Template.from_stack(stack)


def test_tells_a_browser_who_may_ask_what(stack: cdk.Stack) -> None:
    cors = Cors(
        origins=["https://shop.example"],
        headers=["Authorization"],
        exposed_headers=["ETag"],
        max_age=cdk.Duration.minutes(1),
    )

    define_api(stack, endpoint=HttpEndpoint(cors=cors))

    assert only(stack, "AWS::ApiGatewayV2::Api")["CorsConfiguration"] == {
        "AllowOrigins": ["https://shop.example"],
        "AllowHeaders": ["Authorization"],
        "AllowMethods": ["GET", "POST"],
        "ExposeHeaders": ["ETag"],
        "MaxAge": 60,
    }


def test_lets_a_browser_ask_before_it_has_credentials(stack: cdk.Stack) -> None:
    access = ApiAccess.jwt(issuer="https://login.example", audience=["shop"], scopes=["read"])

    define_api(stack, access=access, endpoint=HttpEndpoint(cors=Cors(origins=["*"])))

    preflight = http_routes(stack)["OPTIONS /{proxy+}"]
    assert preflight["AuthorizationType"] == "NONE"
    assert not preflight.get("AuthorizationScopes")


def test_is_asked_at_a_domain_of_its_own_alone(
    stack: cdk.Stack, certificate: acm.ICertificate
) -> None:
    domain = CustomDomain(domain_name=NAME, certificate=certificate)

    api = define_api(stack, endpoint=HttpEndpoint(domain=domain))

    assert api.url == f"https://{NAME}/"
    assert only(stack, "AWS::ApiGatewayV2::Api")["DisableExecuteApiEndpoint"] is True
    assert only(stack, "AWS::ApiGatewayV2::ApiMapping")["Stage"] == stack.resolve(
        api.stage.stage_name
    )


def test_speaks_no_old_tls_at_a_domain_of_its_own(
    stack: cdk.Stack, certificate: acm.ICertificate
) -> None:
    domain = CustomDomain(domain_name=NAME, certificate=certificate)

    define_api(stack, endpoint=HttpEndpoint(domain=domain))

    (settings,) = only(stack, "AWS::ApiGatewayV2::DomainName")["DomainNameConfigurations"]
    assert settings["SecurityPolicy"] == "TLS_1_2"


def test_tells_the_zone_where_its_domain_leads(
    stack: cdk.Stack, certificate: acm.ICertificate, zone: route53.IHostedZone
) -> None:
    domain = CustomDomain(domain_name=NAME, certificate=certificate, hosted_zone=zone)

    define_api(stack, endpoint=HttpEndpoint(domain=domain))

    record = only(stack, "AWS::Route53::RecordSet")
    assert (record["Name"], record["Type"]) == (f"{NAME}.", "A")


def test_leaves_the_zone_alone_if_it_knows_none(
    stack: cdk.Stack, certificate: acm.ICertificate
) -> None:
    domain = CustomDomain(domain_name=NAME, certificate=certificate)

    define_api(stack, endpoint=HttpEndpoint(domain=domain))

    assert properties(stack, "AWS::Route53::RecordSet") == []
