"""What the service deletes no data set beside, and what does not go away by itself.

The rules are those of the developer guide's page "Deleting a dataset" (delete-dataset). Imports,
batch jobs and trainings are in the way as well, but they end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from resource_provider.control_plane import is_being_deleted, is_failed
from resource_provider.listing import listed
from resource_provider.retirement import campaigns_of

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient


def obstacles_of(personalize: PersonalizeClient, dataset: dict[str, Any]) -> str:
    """Return what has to be deleted before a data set can be, in words; nothing if nothing has.

    Of much only the first is told, and how much more there is.
    """
    group = dataset["datasetGroupArn"]
    found = [*_filters(personalize, group), *_metric_attributions(personalize, group)]
    if dataset["datasetArn"].endswith("/INTERACTIONS"):
        found += _event_trackers(personalize, group)
    found += _campaigns(personalize, group)
    return listed([what for what, status in found if not is_being_deleted(status)])


def _filters(personalize: PersonalizeClient, group: str) -> Iterator[tuple[str, str]]:
    for page in personalize.get_paginator("list_filters").paginate(datasetGroupArn=group):
        for one in page["Filters"]:  # the capital is the service's
            yield f"the filter {one['filterArn']}", one["status"]


def _metric_attributions(personalize: PersonalizeClient, group: str) -> Iterator[tuple[str, str]]:
    pages = personalize.get_paginator("list_metric_attributions").paginate(datasetGroupArn=group)
    for page in pages:
        for one in page["metricAttributions"]:
            yield f"the metric attribution {one['metricAttributionArn']}", one["status"]


def _event_trackers(personalize: PersonalizeClient, group: str) -> Iterator[tuple[str, str]]:
    for page in personalize.get_paginator("list_event_trackers").paginate(datasetGroupArn=group):
        for one in page["eventTrackers"]:
            yield f"the event tracker {one['eventTrackerArn']}", one["status"]


def _campaigns(personalize: PersonalizeClient, group: str) -> Iterator[tuple[str, str]]:
    for page in personalize.get_paginator("list_solutions").paginate(datasetGroupArn=group):
        for solution in page["solutions"]:
            for one in campaigns_of(personalize, solution["solutionArn"]):
                if not is_failed(one["status"]):
                    yield f"the campaign {one['campaignArn']}", one["status"]
