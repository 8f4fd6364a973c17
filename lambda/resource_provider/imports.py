"""The data that has been imported, which whatever is trained or created from it waits for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from resource_provider.control_plane import is_active, unless_missing
from resource_provider.lifecycle import ResourceEvent, request_of

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient


def has_data(personalize: PersonalizeClient, event: ResourceEvent) -> bool:
    """Tell whether all data sets that a recipe or a use case needs have been imported."""
    group_arn = str(request_of(event)["datasetGroupArn"])
    prefix = group_arn.replace(":dataset-group/", ":dataset/", 1)
    needed: Iterable[str] = event["ResourceProperties"]["DatasetTypes"]
    return all(_is_imported(personalize, f"{prefix}/{dataset_type}") for dataset_type in needed)


def _is_imported(personalize: PersonalizeClient, dataset_arn: str) -> bool:
    pages = personalize.get_paginator("list_dataset_import_jobs").paginate(datasetArn=dataset_arn)
    jobs = unless_missing(lambda: [job for page in pages for job in page["datasetImportJobs"]])
    return any(is_active(job["status"]) for job in jobs or [])
