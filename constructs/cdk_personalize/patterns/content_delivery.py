"""CloudFront in front of a recommendation API: near the caller, and it keeps what it may."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, Names
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_personalize._names import derived_name
from cdk_personalize._principals import service_principal
from cdk_personalize._tokens import is_token
from cdk_personalize._tree import remember_scope, stack_of
from cdk_personalize.patterns.api_access import IamAccess
from cdk_personalize.patterns.api_endpoint import CustomDomain, RestEndpoint, WebAcl
from cdk_personalize.patterns.recommendation_api import RecommendationApi

VIEWER_HEADERS = (
    "CloudFront-Viewer-Country",
    "CloudFront-Viewer-Time-Zone",
    "CloudFront-Viewer-Latitude",
    "CloudFront-Is-Mobile-Viewer",
    "CloudFront-Is-Desktop-Viewer",
    "CloudFront-Is-Tablet-Viewer",
    "CloudFront-Is-SmartTV-Viewer",
)
"""What CloudFront tells the API of the caller, from which contextual metadata is made."""

_PREFLIGHT_HEADERS = ("Access-Control-Request-Headers", "Access-Control-Request-Method")
_MOST_HEADERS_OF_A_POLICY = 10
"""The headers that a cache policy has at most (CloudFront quotas)."""
_HOME = "us-east-1"
# Otherwise CloudFront keeps an error for 10 s: a model that was trained, or a user who logged in
# again, would be answered the old one.
_NO_TIME = Duration.seconds(0)
_ERRORS = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
_MOST_LOG_NAME_CHARACTERS = 60
# All but the query, the cookies and the referrer, in which the ids of users are.
_LOG_FIELDS = (
    "date",
    "time",
    "x-edge-location",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "sc-bytes",
    "cs-bytes",
    "time-taken",
    "time-to-first-byte",
    "x-edge-result-type",
    "x-edge-detailed-result-type",
    "x-edge-request-id",
    "cs-protocol",
    "cs-protocol-version",
    "ssl-protocol",
)


class ContentDelivery(Construct):
    """Put CloudFront in front of a recommendation API.

    CloudFront keeps an answer as long as its `Cache-Control` says and gives it to nobody who asks
    otherwise: with another path, query or `Authorization`. It tells the API of the caller's
    country, time zone, latitude and kind of device.

    Example:
        ```python
        api = RecommendationApi(self, "Api", models=models, access=ApiAccess.public())
        delivery = ContentDelivery(self, "Delivery", api=api)
        CfnOutput(self, "Url", value=delivery.url)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: RecommendationApi,
        domain: CustomDomain | None = None,
        cache_key_headers: Sequence[str] = (),
        log_bucket: s3.IBucket | None = None,
        web_acl: WebAcl | None = None,
    ) -> None:
        """Define a distribution in front of an API.

        Args:
            scope: The construct to define it in.
            construct_id: Its id within `scope`.
            api: The API. It stays open at its own address, too.
            domain: A domain name of your own, whose certificate is in us-east-1 (default: the name
                that CloudFront gives, which takes clients back to TLS 1.0).
            cache_key_headers: Further headers that an answer depends on, such as
                `CloudFront-Viewer-Country` where the API makes context of it (default: none).
            log_bucket: The bucket that requests are logged to, without their queries (default:
                they are not). CloudFront hands on such logs in us-east-1 alone.
            web_acl: What AWS WAF lets through (default: everything). One for CloudFront is in
                us-east-1.

        Raises:
            ValueError: If the API is private or asks IAM, there are too many headers, or the stack
                is in another Region than the log or the web ACL has to be in.
        """
        super().__init__(scope, construct_id)
        remember_scope(self, scope, construct_id)
        _check(api)
        self._check_region(log_bucket is not None, web_acl is not None and web_acl.managed)
        self._domain = domain
        key_headers = _key_headers(api, cache_key_headers)
        self._distribution = cloudfront.Distribution(
            self,
            "Distribution",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.HttpOrigin(
                    api.origin.host,
                    origin_path=api.origin.path or None,
                    protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                    origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                ),
                allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                cache_policy=self._define_cache_policy(key_headers),
                origin_request_policy=self._define_origin_request_policy(
                    key_headers, cors=api.endpoint.cors is not None
                ),
                compress=True,
            ),
            error_responses=[
                cloudfront.ErrorResponse(http_status=status, ttl=_NO_TIME) for status in _ERRORS
            ],
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            web_acl_id=None if web_acl is None else self._web_acl_arn(web_acl),
            domain_names=None if domain is None else [domain.domain_name],
            certificate=None if domain is None else domain.certificate,
            minimum_protocol_version=(
                None if domain is None else cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021
            ),
        )
        if domain is not None and domain.hosted_zone is not None:
            self._define_aliases(domain, domain.hosted_zone)
        if log_bucket is not None:
            self._log_to(log_bucket)

    @property
    def distribution(self) -> cloudfront.Distribution:
        """The distribution."""
        return self._distribution

    @property
    def url(self) -> str:
        """The URL that the routes follow; it ends in a slash."""
        domain = self._domain
        name = self._distribution.domain_name if domain is None else domain.domain_name
        return f"https://{name}/"

    def _web_acl_arn(self, web_acl: WebAcl) -> str:
        # It loads the module of AWS WAF.
        from cdk_personalize.patterns._web_acl import web_acl_arn  # noqa: PLC0415

        return web_acl_arn(self, web_acl, "CLOUDFRONT")

    def _check_region(self, has_log: bool, has_web_acl: bool) -> None:
        region = stack_of(self).region
        if is_token(region) or region == _HOME:
            return
        for name, is_given in (("log_bucket", has_log), ("a managed web_acl", has_web_acl)):
            if is_given:
                msg = (
                    f"{name} needs a stack in {_HOME}, where CloudFront is at home, got {region}:"
                    " define ContentDelivery in a stack there"
                )
                raise ValueError(msg)

    def _define_cache_policy(self, headers: Sequence[str]) -> cloudfront.CachePolicy:
        return cloudfront.CachePolicy(
            self,
            "CachePolicy",
            comment="Path, query and who asks; as long as the answer says",
            header_behavior=cloudfront.CacheHeaderBehavior.allow_list(*headers),
            query_string_behavior=cloudfront.CacheQueryStringBehavior.all(),
            cookie_behavior=cloudfront.CacheCookieBehavior.none(),
            min_ttl=Duration.seconds(0),
            default_ttl=Duration.seconds(0),
            max_ttl=Duration.days(1),
            enable_accept_encoding_gzip=True,
            enable_accept_encoding_brotli=True,
        )

    def _define_origin_request_policy(
        self, key_headers: Sequence[str], *, cors: bool
    ) -> cloudfront.OriginRequestPolicy:
        known = {header.lower() for header in key_headers}  # which are handed on anyway
        headers = [
            header
            for header in (*VIEWER_HEADERS, *(_PREFLIGHT_HEADERS if cors else ()))
            if header.lower() not in known
        ]
        return cloudfront.OriginRequestPolicy(
            self,
            "OriginRequestPolicy",
            comment="What CloudFront knows of the caller, and not Host: API Gateway has its own",
            header_behavior=(
                cloudfront.OriginRequestHeaderBehavior.allow_list(*headers)
                if headers
                else cloudfront.OriginRequestHeaderBehavior.none()
            ),
            query_string_behavior=cloudfront.OriginRequestQueryStringBehavior.all(),
            cookie_behavior=cloudfront.OriginRequestCookieBehavior.none(),
        )

    def _define_aliases(self, domain: CustomDomain, zone: route53.IHostedZone) -> None:
        target = route53.RecordTarget.from_alias(
            route53_targets.CloudFrontTarget(self._distribution)
        )
        name = domain.domain_name
        route53.ARecord(self, "Alias", zone=zone, record_name=name, target=target)
        route53.AaaaRecord(self, "AliasIpv6", zone=zone, record_name=name, target=target)

    def _log_to(self, bucket: s3.IBucket) -> None:
        stack = stack_of(self)
        granted = bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[service_principal("delivery.logs.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects(f"AWSLogs/{stack.account}/*")],
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {
                        "aws:SourceArn": (
                            f"arn:{stack.partition}:logs:{_HOME}:{stack.account}:delivery-source:*"
                        )
                    },
                },
            )
        )
        name = Names.unique_resource_name(self, max_length=_MOST_LOG_NAME_CHARACTERS, separator="-")
        source = logs.CfnDeliverySource(
            self,
            "LogSource",
            name=name,
            log_type="ACCESS_LOGS",
            resource_arn=self._distribution.distribution_arn,
        )
        destination = logs.CfnDeliveryDestination(
            self,
            "LogDestination",
            # Another bucket is another destination, which is there before the old one is gone.
            name=derived_name(self, {"bucket": bucket.bucket_arn})[
                -_MOST_LOG_NAME_CHARACTERS:
            ].lstrip("-"),
            destination_resource_arn=bucket.bucket_arn,
            output_format="json",
        )
        delivery = logs.CfnDelivery(
            self,
            "LogDelivery",
            delivery_source_name=name,
            delivery_destination_arn=destination.attr_arn,
            record_fields=list(_LOG_FIELDS),
        )
        delivery.node.add_dependency(source)
        if granted.policy_dependable is not None:
            delivery.node.add_dependency(granted.policy_dependable)


def _check(api: RecommendationApi) -> None:
    if isinstance(api.endpoint, RestEndpoint) and api.endpoint.is_private:
        msg = "CloudFront cannot reach a private API: leave out its vpc and vpc_endpoints"
        raise ValueError(msg)
    if isinstance(api.access, IamAccess) or isinstance(api.event_access, IamAccess):
        msg = (
            "CloudFront asks the API by another host than the caller has signed for, so IAM refuses"
            " what comes through it: give the API access by ApiAccess.jwt(), cognito(), api_key(),"
            " custom() or public(), for its events too"
        )
        raise ValueError(msg)


def _key_headers(api: RecommendationApi, further: Sequence[str]) -> list[str]:
    """Return what tells requests apart, beside their paths and queries."""
    headers = [
        "Authorization",
        *api.access.identity_headers,
        *api.event_access.identity_headers,
        # The answer to one page is not to be read by another.
        *(["Origin"] if api.endpoint.cors is not None else []),
        *further,
    ]
    unique = list({header.lower(): header for header in reversed(headers)}.values())[::-1]
    if len(unique) > _MOST_HEADERS_OF_A_POLICY:
        msg = (
            f"a cache key has at most {_MOST_HEADERS_OF_A_POLICY} headers, got {len(unique)}:"
            f" {', '.join(unique)}"
        )
        raise ValueError(msg)
    return unique
