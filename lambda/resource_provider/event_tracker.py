"""Custom::PersonalizeEventTracker.

CloudFormation's own type cannot be renamed: the new one would be created first, and a dataset
group has one. The ARN of an event tracker ends in an id and not in its name, so that it is told
when the event tracker is there, with the id that events are sent with.
"""

from __future__ import annotations

from typing import Any

from resource_provider.one_per_group import OnePerGroup


class EventTrackerResource(OnePerGroup):
    """The event trackers of the stack."""

    kind = "event tracker"
    arn_member = "eventTrackerArn"

    def _create(self, request: dict[str, Any]) -> None:
        self._personalize.create_event_tracker(**request)

    def _delete(self, arn: str) -> None:
        self._personalize.delete_event_tracker(eventTrackerArn=arn)

    def _list(self, group_arn: str | None = None) -> list[dict[str, Any]]:
        list_all = self._personalize.get_paginator("list_event_trackers").paginate
        pages = list_all(datasetGroupArn=group_arn) if group_arn else list_all()
        return [dict(tracker) for page in pages for tracker in page["eventTrackers"]]

    def _attributes(self, arn: str) -> dict[str, str]:
        answer = self._personalize.describe_event_tracker(eventTrackerArn=arn)
        return {"TrackingId": answer["eventTracker"]["trackingId"]}
