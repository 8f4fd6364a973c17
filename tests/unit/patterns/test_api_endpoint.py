"""What an endpoint of the recommendation API may be."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2

from cdk_personalize.patterns import Cors, CustomDomain, RestEndpoint, Throttle, WebAcl
from tests.refusals import whole


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"rate_limit": 0, "burst_limit": 1}, "rate_limit must be at least 1, got 0"),
        ({"rate_limit": 1, "burst_limit": 0}, "burst_limit must be at least 1, got 0"),
    ],
)
def test_refuses_to_let_nothing_through(limits: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=whole(message)):
        Throttle(**limits)


def test_takes_limits_that_the_deployment_knows() -> None:
    limit = cdk.CfnParameter(cdk.Stack(), "Limit", type="Number").value_as_number

    assert Throttle(rate_limit=limit, burst_limit=1).rate_limit == limit


@pytest.mark.parametrize(
    "origin", ["shop.example", "https://shop.example/", "https://shop.example/a", ""]
)
def test_refuses_an_origin_that_is_none(origin: str) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "an origin must be a scheme and a host, as https://shop.example is, or *,"
            f" got {origin!r}"
        ),
    ):
        Cors(origins=[origin])


@pytest.mark.parametrize("origins", [[], "https://shop.example"])
def test_refuses_origins_that_are_no_list(origins: list[str]) -> None:
    with pytest.raises(
        ValueError, match=whole(f"origins must be a list of at least one origin, got {origins!r}")
    ):
        Cors(origins=origins)


def test_takes_every_origin() -> None:
    assert Cors(origins=["*"]).origins == ["*"]


def test_refuses_what_a_browser_would_remember_for_over_a_day() -> None:
    with pytest.raises(ValueError, match=whole("max_age must be at most a day, got 1 day 1 hour")):
        Cors(origins=["*"], max_age=cdk.Duration.hours(25))


@pytest.mark.parametrize(
    ("arn", "managed", "got"), [(None, False, "neither"), ("arn", True, "both")]
)
def test_refuses_a_web_acl_that_is_neither_there_nor_defined(
    arn: str | None, managed: bool, got: str
) -> None:
    with pytest.raises(
        ValueError,
        match=whole(f"a web ACL must be given by its arn or be managed=True, got {got}"),
    ):
        WebAcl(arn=arn, managed=managed)


def test_refuses_a_rate_that_a_web_acl_cannot_have() -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "rate_limit must be from 10 to 2000000000 requests in 5 minutes, got 9",
        ),
    ):
        WebAcl(managed=True, rate_limit=9)


def test_refuses_a_private_api_with_a_public_domain(stack: cdk.Stack) -> None:
    certificate = acm.Certificate.from_certificate_arn(stack, "Certificate", "arn")
    domain = CustomDomain(domain_name="a.example", certificate=certificate)

    with pytest.raises(
        ValueError,
        match=whole(
            "a private API has no public domain, got both: leave domain out, or vpc and"
            " vpc_endpoints"
        ),
    ):
        RestEndpoint(vpc=ec2.Vpc(stack, "Vpc"), domain=domain)


@pytest.mark.parametrize("name", ["", "a-b", "a/b", "x" * 129])
def test_refuses_a_name_that_a_stage_cannot_have(name: str) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            f"stage_name must be up to 128 letters, digits and underscores, got {name!r}",
        ),
    ):
        RestEndpoint(stage_name=name)
