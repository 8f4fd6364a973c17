"""What batch jobs of both kinds have in common: a solution version is asked line by line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from cdk_personalize.filter_expression import Target, parse
from cdk_personalize.job_config import findings_of_target
from cdk_personalize.recipe import Recipe
from personalize_emulator.bulk.files import BulkFile, Destination, read_prefix
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.recipes import recipe_of
from personalize_emulator.resources.bulk_job import BulkJobs
from personalize_emulator.resources.training_config import require_none
from personalize_emulator.serving import Serving
from personalize_emulator.store import Document, Resource


class BatchJobs(BulkJobs):
    """Batch jobs of one kind."""

    create_seconds = 1200.0
    pending = "PENDING"
    in_progress = "IN PROGRESS"  # the service model has it with a space

    @cached_property
    def _serving(self) -> Serving:
        return Serving(self._backend)

    def _version(self, request: Document, caller: Caller) -> Resource:
        """Return the solution version that a job is to ask."""
        return self._get_active(request["solutionVersionArn"], caller, kind="solution-version")

    @staticmethod
    def _recipe(version: Resource) -> Recipe:
        return recipe_of(version.document["recipeArn"], version.caller)

    def _require_filter(
        self, request: Document, version: Resource, caller: Caller, target: Target
    ) -> None:
        """Refuse a filter of another group, or of something else than the answers.

        Raises:
            InvalidInputError: It is no such filter.
            ResourceInUseError: It is not ACTIVE yet.
            ResourceNotFoundError: There is none.
        """
        if "filterArn" not in request:
            return
        found = self._get_active(request["filterArn"], caller, kind="filter")
        if found.group_arn != version.group_arn:
            msg = f"The filter {found.arn} is of another dataset group than {version.arn}."
            raise InvalidInputError(msg)
        expression = parse(found.document["filterExpression"])
        require_none(findings_of_target(expression, target, self._recipe(version)))

    def _files(self, document: Document) -> Iterator[BulkFile]:
        return read_prefix(
            self._backend.objects.as_role(document["roleArn"]),
            document["jobInput"]["s3DataSource"]["path"],
            most_files=self._quotas.batch_files,
            most_bytes=self._quotas.batch_size,
        )

    def _destination(self, document: Document) -> Destination:
        objects = self._backend.objects.as_role(document["roleArn"])
        return Destination(objects, document["jobOutput"]["s3DataDestination"])


def filter_of(document: Document, line: Document) -> Document:
    """Return what a question says of the filter: the job's, with the values of the line.

    A line may have values that no filter asks for: a filter can be left away without editing files.
    """
    if "filterArn" not in document:
        return {}
    given = {"filterArn": document["filterArn"]}
    return {**given, "filterValues": line["filterValues"]} if "filterValues" in line else given


def require_members(line: Document, needed: tuple[str, ...], optional: tuple[str, ...]) -> None:
    """Refuse a line that lacks something, or has something that can only be a mistake.

    Raises:
        InvalidInputError: It is such a line.
    """
    for name in needed:
        if not line.get(name):
            msg = f"The line must have {name}."
            raise InvalidInputError(msg)
    if unknown := sorted(line.keys() - {*needed, *optional}):
        allowed = ", ".join([*needed, *optional])
        msg = f"The line has {', '.join(unknown)}; it can have {allowed}."
        raise InvalidInputError(msg)
