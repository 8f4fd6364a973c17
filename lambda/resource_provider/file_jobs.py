"""The jobs of a dataset group that read and write files: they have no stop, and hold up deletions.

A dataset cannot be deleted while it is imported, or while a batch job asks what learnt from it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from resource_provider.control_plane import is_busy, solution_of, unless_missing
from resource_provider.run_names import ALL_NAMES

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

_MOST_JOBS = 100  # of a page


class FileJobs:
    """The jobs on files of dataset groups."""

    def __init__(self, personalize: PersonalizeClient) -> None:
        """Keep the client."""
        self._personalize = personalize

    def still_running(
        self, dataset_group_arn: str, names: Container[object] = ALL_NAMES
    ) -> str | None:
        """Return a job of the group that has one of the names and is not over yet, if any."""
        for noun, arn_member, job in self._of_group(dataset_group_arn):
            if is_busy(job["status"]) and job.get("jobName") in names:
                return f"the {noun} {job[arn_member]} is {job['status']}"
        return None

    def _of_group(self, group_arn: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Yield every job of a group, with its noun and the member that has its ARN."""
        personalize = self._personalize
        for dataset in _pages(personalize.list_datasets, "datasets", datasetGroupArn=group_arn):
            of = {"datasetArn": dataset["datasetArn"]}
            for job in _pages(personalize.list_dataset_import_jobs, "datasetImportJobs", **of):
                yield "import", "datasetImportJobArn", job
            for job in _pages(personalize.list_dataset_export_jobs, "datasetExportJobs", **of):
                yield "export", "datasetExportJobArn", job
        for job in _pages(
            personalize.list_data_deletion_jobs, "dataDeletionJobs", datasetGroupArn=group_arn
        ):
            yield "data deletion", "dataDeletionJobArn", job
        # Those of all solutions, since to ask for each version is to ask for years of trainings at
        # one request a second.
        solutions = {
            each["solutionArn"]
            for each in _pages(personalize.list_solutions, "solutions", datasetGroupArn=group_arn)
        }
        for job in _pages(personalize.list_batch_inference_jobs, "batchInferenceJobs"):
            if solution_of(job["solutionVersionArn"]) in solutions:
                yield "batch inference", "batchInferenceJobArn", job
        for job in _pages(personalize.list_batch_segment_jobs, "batchSegmentJobs"):
            if solution_of(job["solutionVersionArn"]) in solutions:
                yield "batch segmentation", "batchSegmentJobArn", job


def _pages(
    list_page: Callable[..., Mapping[str, Any]], member: str, **arguments: str
) -> Iterator[Mapping[str, Any]]:
    """Yield what all pages of a list have; botocore has no paginator for some of these."""
    token: dict[str, str] = {}
    while True:
        page = unless_missing(partial(list_page, maxResults=_MOST_JOBS, **arguments, **token))
        if page is None:
            return
        yield from page[member]
        if "nextToken" not in page:
            return
        token = {"nextToken": page["nextToken"]}
