"""Where Amazon Personalize is.

The Regions are those of the page "Amazon Personalize endpoints and quotas" of the AWS General
Reference, where each of them has the control plane, events and the runtime. What CloudFormation
lacks is said by its registry. Pure Python, as all rules are.
"""

from collections.abc import Collection, Mapping

REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "ca-central-1",
    "eu-central-1",
    "eu-west-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "cn-north-1",
)

_NOT_IN_CLOUDFORMATION: Mapping[str, frozenset[str]] = {
    "cn-north-1": frozenset(
        f"AWS::Personalize::{name}"
        for name in ("Campaign", "EventTracker", "Filter", "MetricAttribution")
    )
}


def finding_of_region(region: str, more: Collection[str] = ()) -> str | None:
    """Return that a Region lacks the service; none if it has it.

    Args:
        region: The Region.
        more: Regions that have it as well.
    """
    known = (*REGIONS, *sorted(set(more).difference(REGIONS)))
    if region in known:
        return None
    return f"Amazon Personalize is in the Regions {', '.join(known)}, got {region}"


def finding_of_type(resource_type: str, region: str) -> str | None:
    """Return that CloudFormation lacks a type of resource in a Region; none if it has it."""
    if resource_type not in _NOT_IN_CLOUDFORMATION.get(region, ()):
        return None
    elsewhere = ", ".join(
        each for each in REGIONS if resource_type not in _NOT_IN_CLOUDFORMATION.get(each, ())
    )
    return f"CloudFormation has {resource_type} in the Regions {elsewhere}, got {region}"


def partition_of(region: str) -> str:
    """Return the partition of a Region that has the service."""
    return "aws-cn" if region.startswith("cn-") else "aws"
