"""CloudFront in front of the recommendation API."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template

from cdk_personalize.patterns import (
    ApiAccess,
    ContentDelivery,
    Cors,
    CustomDomain,
    HttpEndpoint,
    RecommendationApi,
    RestEndpoint,
    WebAcl,
)
from tests.refusals import whole
from tests.unit.apps import new_app
from tests.unit.patterns.declared_apis import define_api, only, properties

JWT = ApiAccess.jwt(issuer="https://login.example", audience=["shop"])


@pytest.fixture
def api(stack: cdk.Stack) -> RecommendationApi:
    return define_api(stack, access=JWT)


def distribution(stack: cdk.Stack) -> dict[str, Any]:
    found: dict[str, Any] = only(stack, "AWS::CloudFront::Distribution")["DistributionConfig"]
    return found


def cache_key(stack: cdk.Stack) -> dict[str, Any]:
    policy = only(stack, "AWS::CloudFront::CachePolicy")["CachePolicyConfig"]
    key: dict[str, Any] = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    return key


def key_headers(stack: cdk.Stack) -> list[str]:
    headers: list[str] = cache_key(stack)["HeadersConfig"]["Headers"]
    return headers


def forwarded(stack: cdk.Stack) -> list[str]:
    policy = only(stack, "AWS::CloudFront::OriginRequestPolicy")["OriginRequestPolicyConfig"]
    headers: list[str] = policy["HeadersConfig"]["Headers"]
    return headers


def test_nobody_gets_the_answer_to_another(stack: cdk.Stack, api: RecommendationApi) -> None:
    ContentDelivery(stack, "Delivery", api=api)

    assert key_headers(stack) == ["Authorization"]
    assert cache_key(stack)["QueryStringsConfig"] == {"QueryStringBehavior": "all"}


def test_the_holder_of_a_key_gets_what_was_answered_to_it(stack: cdk.Stack) -> None:
    api = define_api(stack, access=ApiAccess.api_key(), endpoint=RestEndpoint())

    ContentDelivery(stack, "Delivery", api=api)

    assert key_headers(stack) == ["Authorization", "X-Api-Key"]


def test_the_answer_to_a_page_is_not_read_by_another(stack: cdk.Stack) -> None:
    endpoint = HttpEndpoint(cors=Cors(origins=["https://shop.example"]))
    api = define_api(stack, access=JWT, endpoint=endpoint)

    ContentDelivery(stack, "Delivery", api=api)

    assert key_headers(stack) == ["Authorization", "Origin"]


def test_an_answer_may_depend_on_what_cloudfront_knows(
    stack: cdk.Stack, api: RecommendationApi
) -> None:
    ContentDelivery(stack, "Delivery", api=api, cache_key_headers=["CloudFront-Viewer-Country"])

    assert key_headers(stack) == ["Authorization", "CloudFront-Viewer-Country"]
    assert "CloudFront-Viewer-Country" not in forwarded(stack)


def test_refuses_more_headers_than_a_cache_key_has(
    stack: cdk.Stack, api: RecommendationApi
) -> None:
    names = [f"X-{number}" for number in range(10)]

    with pytest.raises(
        ValueError,
        match=whole(
            "a cache key has at most 10 headers, got 11: Authorization, X-0, X-1, X-2, X-3, X-4,"
            " X-5, X-6, X-7, X-8, X-9"
        ),
    ):
        ContentDelivery(stack, "Delivery", api=api, cache_key_headers=names)


def test_an_answer_is_kept_as_long_as_it_says(stack: cdk.Stack, api: RecommendationApi) -> None:
    ContentDelivery(stack, "Delivery", api=api)

    policy = only(stack, "AWS::CloudFront::CachePolicy")["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (0, 0, 86400)


def test_an_error_is_not_kept(stack: cdk.Stack, api: RecommendationApi) -> None:
    ContentDelivery(stack, "Delivery", api=api)

    errors = distribution(stack)["CustomErrorResponses"]
    assert {503, 403, 404} <= {error["ErrorCode"] for error in errors}
    assert {error["ErrorCachingMinTTL"] for error in errors} == {0}


def test_tells_the_api_of_the_caller_and_not_of_its_own_host(
    stack: cdk.Stack, api: RecommendationApi
) -> None:
    ContentDelivery(stack, "Delivery", api=api)

    assert set(forwarded(stack)) == {
        "CloudFront-Viewer-Country",
        "CloudFront-Viewer-Time-Zone",
        "CloudFront-Viewer-Latitude",
        "CloudFront-Is-Mobile-Viewer",
        "CloudFront-Is-Desktop-Viewer",
        "CloudFront-Is-Tablet-Viewer",
        "CloudFront-Is-SmartTV-Viewer",
    }


def test_hands_on_what_a_browser_asks_first(stack: cdk.Stack) -> None:
    endpoint = HttpEndpoint(cors=Cors(origins=["https://shop.example"]))
    api = define_api(stack, access=JWT, endpoint=endpoint)

    ContentDelivery(stack, "Delivery", api=api)

    preflight = {"Access-Control-Request-Headers", "Access-Control-Request-Method"}
    assert preflight < set(forwarded(stack))


def test_hands_on_events(stack: cdk.Stack, api: RecommendationApi) -> None:
    ContentDelivery(stack, "Delivery", api=api)

    behavior = distribution(stack)["DefaultCacheBehavior"]
    assert "POST" in behavior["AllowedMethods"]
    assert behavior["ViewerProtocolPolicy"] == "https-only"


def test_asks_an_http_api_at_its_host(stack: cdk.Stack, api: RecommendationApi) -> None:
    ContentDelivery(stack, "Delivery", api=api)

    (origin,) = distribution(stack)["Origins"]
    assert origin["DomainName"] == stack.resolve(api.origin.host)
    assert "OriginPath" not in origin
    assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


def test_asks_a_rest_api_at_its_stage(stack: cdk.Stack) -> None:
    endpoint = RestEndpoint(stage_name="shop")
    api = define_api(stack, access=ApiAccess.api_key(), endpoint=endpoint)

    ContentDelivery(stack, "Delivery", api=api)

    (origin,) = distribution(stack)["Origins"]
    assert origin["OriginPath"] == "/shop"


def test_speaks_the_newest_http(stack: cdk.Stack, api: RecommendationApi) -> None:
    ContentDelivery(stack, "Delivery", api=api)

    assert distribution(stack)["HttpVersion"] == "http2and3"


def test_tells_its_url(stack: cdk.Stack, api: RecommendationApi) -> None:
    delivery = ContentDelivery(stack, "Delivery", api=api)

    name = delivery.distribution.domain_name
    assert stack.resolve(delivery.url) == stack.resolve(f"https://{name}/")


def test_has_a_domain_of_its_own_without_old_tls(stack: cdk.Stack, api: RecommendationApi) -> None:
    arn = "arn:aws:acm:us-east-1:111111111111:certificate/mine"
    zone = route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="Z1", zone_name="shop.example"
    )
    domain = CustomDomain(
        domain_name="www.shop.example",
        certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", arn),
        hosted_zone=zone,
    )

    delivery = ContentDelivery(stack, "Delivery", api=api, domain=domain)

    assert delivery.url == "https://www.shop.example/"
    found = distribution(stack)
    assert found["Aliases"] == ["www.shop.example"]
    assert found["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    records = properties(stack, "AWS::Route53::RecordSet")
    assert {record["Type"] for record in records} == {"A", "AAAA"}


# Logs


def test_logs_requests_without_their_queries(stack: cdk.Stack, api: RecommendationApi) -> None:
    bucket = s3.Bucket(stack, "Log")

    ContentDelivery(stack, "Delivery", api=api, log_bucket=bucket)

    fields = only(stack, "AWS::Logs::Delivery")["RecordFields"]
    assert "cs-uri-stem" in fields
    assert not {"cs-uri-query", "cs(Cookie)", "cs(Referer)"} & set(fields)
    destination = only(stack, "AWS::Logs::DeliveryDestination")
    assert destination["DestinationResourceArn"] == stack.resolve(bucket.bucket_arn)


def test_logs_may_be_put_in_the_bucket_before_any_are(
    stack: cdk.Stack, api: RecommendationApi
) -> None:
    bucket = s3.Bucket(stack, "Log")

    ContentDelivery(stack, "Delivery", api=api, log_bucket=bucket)

    template = Template.from_stack(stack)
    (policy_id,) = template.find_resources("AWS::S3::BucketPolicy")
    template.has_resource("AWS::Logs::Delivery", {"DependsOn": Match.array_with([policy_id])})
    statement = {
        "Action": "s3:PutObject",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Condition": Match.object_like({"StringEquals": {"aws:SourceAccount": "111111111111"}}),
    }
    template.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {"PolicyDocument": {"Statement": [Match.object_like(statement)]}},
    )


def test_another_bucket_is_another_destination_of_logs() -> None:
    """CloudFormation defines the new one first, and two of the same name cannot be."""

    def destination(bucket: str) -> str:
        stack = cdk.Stack(new_app(), "Shop")
        api = define_api(stack, access=JWT)
        log = s3.Bucket.from_bucket_name(stack, "Log", bucket)
        ContentDelivery(stack, "Delivery", api=api, log_bucket=log)
        return str(only(stack, "AWS::Logs::DeliveryDestination")["Name"])

    assert destination("one") != destination("two")


def test_logs_nothing_by_default(stack: cdk.Stack, api: RecommendationApi) -> None:
    ContentDelivery(stack, "Delivery", api=api)

    assert properties(stack, "AWS::Logs::Delivery") == []


# AWS WAF


def test_is_behind_a_web_acl_that_is_there_already(
    stack: cdk.Stack, api: RecommendationApi
) -> None:
    arn = "arn:aws:wafv2:us-east-1:111111111111:global/webacl/mine/1"

    ContentDelivery(stack, "Delivery", api=api, web_acl=WebAcl(arn=arn))

    assert distribution(stack)["WebACLId"] == arn


def test_is_behind_a_web_acl_with_the_rules_of_aws(
    stack: cdk.Stack, api: RecommendationApi
) -> None:
    ContentDelivery(stack, "Delivery", api=api, web_acl=WebAcl(managed=True))

    assert only(stack, "AWS::WAFv2::WebACL")["Scope"] == "CLOUDFRONT"


# Refusals


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("log_bucket", lambda stack: {"log_bucket": s3.Bucket(stack, "Log")}),
        ("a managed web_acl", lambda _: {"web_acl": WebAcl(managed=True)}),
    ],
)
def test_refuses_a_region_that_cloudfront_is_not_at_home_in(
    name: str, options: Callable[[cdk.Stack], dict[str, Any]]
) -> None:
    stack = cdk.Stack(env=cdk.Environment(account="111111111111", region="eu-west-1"))
    api = define_api(stack, access=JWT)

    with pytest.raises(
        ValueError,
        match=whole(
            f"{name} needs a stack in us-east-1, where CloudFront is at home, got eu-west-1:"
            " define ContentDelivery in a stack there"
        ),
    ):
        ContentDelivery(stack, "Delivery", api=api, **options(stack))


@pytest.mark.parametrize("events", [True, False])
def test_refuses_an_api_that_asks_iam(stack: cdk.Stack, events: bool) -> None:
    api = define_api(
        stack,
        access=JWT if events else ApiAccess.iam(),
        event_stream=kinesis.Stream(stack, "Stream"),
        event_access=ApiAccess.iam() if events else JWT,
    )

    with pytest.raises(
        ValueError,
        match=whole(
            "CloudFront asks the API by another host than the caller has signed for, so IAM refuses"
            " what comes through it: give the API access by ApiAccess.jwt(), cognito(), api_key(),"
            " custom() or public(), for its events too"
        ),
    ):
        ContentDelivery(stack, "Delivery", api=api)


def test_refuses_a_private_api(stack: cdk.Stack) -> None:
    endpoint = RestEndpoint(vpc=ec2.Vpc(stack, "Vpc"))
    api = define_api(stack, access=ApiAccess.api_key(), endpoint=endpoint)

    with pytest.raises(
        ValueError,
        match=whole("CloudFront cannot reach a private API: leave out its vpc and vpc_endpoints"),
    ):
        ContentDelivery(stack, "Delivery", api=api)
