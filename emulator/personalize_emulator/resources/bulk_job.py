"""What the jobs on buckets have in common: they run once, under a role, and keep their name."""

from __future__ import annotations

from typing import ClassVar

from personalize_emulator.caller import Caller
from personalize_emulator.jobs import Job
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.store import Document


class BulkJobs(ResourceFamily):
    """Jobs of one kind, which cannot be updated or deleted."""

    in_progress: ClassVar[str] = "CREATE IN_PROGRESS"
    """The status while the work is done."""

    done: ClassVar[str] = "ACTIVE"
    """The status of a job that succeeded."""

    failed: ClassVar[str] = "CREATE FAILED"
    """The status of one that did not."""

    def begin(self, job: Job) -> None:
        """Mark the job as in progress."""
        self._change(job.arn, status=self.in_progress)

    def finish(self, job: Job) -> None:
        """Mark the job as done."""
        self._change(job.arn, status=self.done)

    def fail(self, job: Job, reason: str) -> None:
        """Mark the job as failed."""
        self._change(job.arn, status=self.failed, failureReason=reason)

    def _create_job(
        self, request: Document, caller: Caller, *, group: str | None, parent: str | None = None
    ) -> Document:
        """Begin a job and return the answer.

        Args:
            request: The request, with its `jobName` and `roleArn`.
            caller: Who asks.
            group: The dataset group that it works for.
            parent: What it is listed by. (default: the group)

        Raises:
            InvalidInputError: The role cannot be used.
            ResourceAlreadyExistsError: There was a job of this name.
        """
        self._require_role(request["roleArn"], caller)
        name = request["jobName"]
        arn = caller.arn(f"{self.kind}/{name}")
        tags = request.pop("tags", [])
        document = {**request, self._arn_member: arn}
        self._create(arn, document, caller, name=name, group=group, parent=parent, tags=tags)
        return {self._arn_member: arn}

    def _describe_job(self, request: Document, caller: Caller) -> Document:
        """Return the answer that describes a job."""
        return {self._member: self._get(request[self._arn_member], caller).document}

    def _list_jobs(self, request: Document, caller: Caller, *, by: str) -> Document:
        """Return a page of the jobs, of those alone that hang on what a member names if it does."""
        return self._page(request, caller, f"{self._member}s", parent=request.get(by))

    @property
    def _member(self) -> str:
        """How answers name a job: datasetImportJob for a dataset-import-job."""
        first, *rest = self.kind.split("-")
        return first + "".join(word.capitalize() for word in rest)

    @property
    def _arn_member(self) -> str:
        return f"{self._member}Arn"
