"""Where a recommendation API is asked: an HTTP API or a REST API, and what is in front of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import Duration
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53

from cdk_personalize._tokens import is_token

_ORIGIN = re.compile(r"\*|https?://[^/\s]+")
_STAGE = re.compile(r"\w{1,128}", re.ASCII)
_MOST_MAX_AGE_SECONDS = 86400
"""What API Gateway lets a browser remember at most (HTTP API CORS, Access-Control-Max-Age)."""
_LEAST_WEB_ACL_RATE = 10
_MOST_WEB_ACL_RATE = 2_000_000_000
"""The bounds of a rate-based rule (AWS WAF API reference, RateBasedStatement)."""


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """How many requests are let through; the others are answered 429.

    Args:
        rate_limit: The requests a second, on average.
        burst_limit: The requests that may come at once.

    Raises:
        ValueError: If a limit is less than 1.
    """

    rate_limit: float
    burst_limit: int

    def __post_init__(self) -> None:
        """Check the limits."""
        for name, limit in (("rate_limit", self.rate_limit), ("burst_limit", self.burst_limit)):
            if not is_token(limit) and limit < 1:
                msg = f"{name} must be at least 1, got {limit}"
                raise ValueError(msg)


DEFAULT_THROTTLE = Throttle(rate_limit=500, burst_limit=1000)
"""The rate that Amazon Personalize allows a campaign (facts: 500 transactions a second)."""


@dataclass(frozen=True, kw_only=True)
class Cors:
    """Whose pages may ask from a browser.

    Args:
        origins: The origins of the pages, such as `https://shop.example`; `*` for every page.
        headers: The headers that a page may send.
        exposed_headers: The headers of an answer that a page may read.
        max_age: How long a browser remembers all this, up to a day.

    Raises:
        ValueError: If an origin is none, or `max_age` is over a day.
    """

    origins: Sequence[str]
    headers: Sequence[str] = (
        "Authorization",
        "Content-Type",
        "If-None-Match",
        "X-Amz-Date",
        "X-Amz-Security-Token",
        "X-Api-Key",
        "X-Correlation-Id",
        "X-Time-Zone",
    )
    exposed_headers: Sequence[str] = ("ETag", "Retry-After", "X-Correlation-Id", "X-Served-By")
    max_age: Duration = field(default_factory=lambda: Duration.hours(1))

    def __post_init__(self) -> None:
        """Check the origins and the age."""
        if isinstance(self.origins, str) or not self.origins:
            msg = f"origins must be a list of at least one origin, got {self.origins!r}"
            raise ValueError(msg)
        for origin in self.origins:
            if not is_token(origin) and not _ORIGIN.fullmatch(origin):
                msg = (
                    "an origin must be a scheme and a host, as https://shop.example is, or *,"
                    f" got {origin!r}"
                )
                raise ValueError(msg)
        age = self.max_age
        if not age.is_unresolved() and age.to_seconds() > _MOST_MAX_AGE_SECONDS:
            msg = f"max_age must be at most a day, got {age.to_human_string()}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class CustomDomain:
    """A domain name of your own.

    Args:
        domain_name: The name, such as `recommendations.shop.example`.
        certificate: Its certificate: in the Region of the API, or in us-east-1 for CloudFront.
        hosted_zone: The zone that is told where the name leads (default: you tell it yourself).
    """

    domain_name: str
    certificate: acm.ICertificate
    hosted_zone: route53.IHostedZone | None = None


@dataclass(frozen=True, kw_only=True)
class WebAcl:
    """What AWS WAF lets through: a web ACL that is there already, or one that is defined here.

    Args:
        arn: The web ACL that is there already.
        managed: Whether one is defined: AWS's own rules against common attacks and known bad
            inputs, but for the one on the size of bodies (a batch of events is over its 8 KB),
            and a limit for each address.
        rate_limit: The requests in 5 minutes that the defined one lets through from one address.

    Raises:
        ValueError: If it is neither of the two or both, or the limit is out of bounds.
    """

    arn: str | None = None
    managed: bool = False
    rate_limit: int = 2000

    def __post_init__(self) -> None:
        """Check that it is one of the two."""
        if (self.arn is None) is not self.managed:
            given = "both" if self.managed else "neither"
            msg = f"a web ACL must be given by its arn or be managed=True, got {given}"
            raise ValueError(msg)
        limit = self.rate_limit
        if not is_token(limit) and not _LEAST_WEB_ACL_RATE <= limit <= _MOST_WEB_ACL_RATE:
            msg = (
                f"rate_limit must be from {_LEAST_WEB_ACL_RATE} to {_MOST_WEB_ACL_RATE} requests"
                f" in 5 minutes, got {limit}"
            )
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class HttpEndpoint:
    """An HTTP API of API Gateway: the default, at a third of the price of a REST API.

    Args:
        throttle: The requests that each route lets through (default: 500 a second, in bursts of
            1,000).
        throttle_by_route: The same for single routes, by their names (default: as `throttle`).
        cors: Whose pages may ask (default: none).
        domain: A domain name of your own; the other address is closed then (default: none).
    """

    throttle: Throttle = DEFAULT_THROTTLE
    throttle_by_route: Mapping[str, Throttle] = field(default_factory=dict)
    cors: Cors | None = None
    domain: CustomDomain | None = None


@dataclass(frozen=True, kw_only=True)
class RestEndpoint:
    """A REST API of API Gateway: for API keys, AWS WAF, or an API that only a VPC can reach.

    With `vpc` or `vpc_endpoints` it is private: only through these can it be asked.

    Args:
        throttle: The requests that each route lets through (default: 500 a second, in bursts of
            1,000).
        throttle_by_route: The same for single routes, by their names (default: as `throttle`).
        cors: Whose pages may ask (default: none).
        domain: A domain name of your own; the other address is closed then (default: none).
        web_acl: What AWS WAF lets through (default: everything).
        vpc: A VPC that the API is asked from; an interface endpoint is defined in it.
        vpc_endpoints: Interface endpoints for execute-api that the API is asked through.
        stage_name: What the paths of the API's own address begin with.
        account_log_role: Whether to give API Gateway a role to write logs with, which an account
            has one of in each Region. Where it has none yet, the deployment says "CloudWatch Logs
            role ARN must be set in account settings". It stays when the stack goes, since the
            logs of other APIs may rest on it.

    Raises:
        ValueError: If a private API is to have a domain, or the stage's name is none.
    """

    throttle: Throttle = DEFAULT_THROTTLE
    throttle_by_route: Mapping[str, Throttle] = field(default_factory=dict)
    cors: Cors | None = None
    domain: CustomDomain | None = None
    web_acl: WebAcl | None = None
    vpc: ec2.IVpc | None = None
    vpc_endpoints: Sequence[ec2.IInterfaceVpcEndpoint] = ()
    stage_name: str = "live"
    account_log_role: bool = False

    def __post_init__(self) -> None:
        """Check what excludes each other."""
        if self.is_private and self.domain is not None:
            msg = (
                "a private API has no public domain, got both: leave domain out, or vpc and"
                " vpc_endpoints"
            )
            raise ValueError(msg)
        if not is_token(self.stage_name) and not _STAGE.fullmatch(self.stage_name):
            msg = (
                "stage_name must be up to 128 letters, digits and underscores,"
                f" got {self.stage_name!r}"
            )
            raise ValueError(msg)

    @property
    def is_private(self) -> bool:
        """Whether only a VPC can reach the API."""
        return self.vpc is not None or bool(self.vpc_endpoints)
