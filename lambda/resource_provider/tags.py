"""The tags of what the provider manages, which change in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resource_provider.control_plane import unless_missing
from resource_provider.lifecycle import ResourceEvent, is_deferred

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient


def apply_tags(personalize: PersonalizeClient, event: ResourceEvent, arn: str) -> None:
    """Give a resource that was created or updated the tags that it declares.

    Tags that somebody else gave it are left alone. What is left to the pipeline is tagged when it
    is created there, also if it was there until somebody deleted it during an update.
    """
    if is_deferred(event):
        return
    wanted: dict[str, str] = event["ResourceProperties"].get("Tags", {})
    old: dict[str, str] = event.get("OldResourceProperties", {}).get("Tags", {})
    if gone := sorted(old.keys() - wanted.keys()):
        unless_missing(lambda: personalize.untag_resource(resourceArn=arn, tagKeys=gone))
    if wanted:
        unless_missing(
            lambda: personalize.tag_resource(
                resourceArn=arn,
                tags=[{"tagKey": key, "tagValue": value} for key, value in wanted.items()],
            )
        )
