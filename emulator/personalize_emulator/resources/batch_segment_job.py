"""Batch segment jobs: the users who will like an item, or items with some attributes."""

from __future__ import annotations

from functools import partial

from cdk_personalize.avro_schema import AvroSchema, DatasetType
from cdk_personalize.filter_expression import Target
from cdk_personalize.job_config import DEFAULT_RESULTS, findings_of_batch_segment
from cdk_personalize.recipe import Recipe
from personalize_emulator.bulk.item_attributes import parse_item_attributes
from personalize_emulator.bulk.lines import answer_files, as_input
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.jobs import Job
from personalize_emulator.resources.batch_job import BatchJobs, filter_of, require_members
from personalize_emulator.resources.data_deletion_job import users_deleted_since
from personalize_emulator.resources.dataset import dataset_of
from personalize_emulator.resources.schema import parse_schema
from personalize_emulator.resources.training_config import require_none
from personalize_emulator.service_model import request_members
from personalize_emulator.serving import Deployment
from personalize_emulator.store import Document
from personalize_emulator.validation import validate_member


class BatchSegmentJobs(BatchJobs):
    """The operations on batch segment jobs.

    See the developer guide's page prepare-input-data-user-segment.
    """

    kind = "batch-segment-job"

    def create_batch_segment_job(self, request: Document, caller: Caller) -> Document:
        """Ask a solution version for the users of every line."""
        version = self._version(request, caller)
        recipe = self._recipe(version)
        most = self._quotas.segment_users
        require_none(findings_of_batch_segment(request, recipe, most=most))
        self._require_filter(request, version, caller, Target.USER)
        request.setdefault("numResults", DEFAULT_RESULTS)
        pending = self._count(caller, pending=True)
        quota = self._quotas.pending_batch_segment_jobs
        self._require_room(quota, pending, "pending batch segment jobs")
        return self._create_job(request, caller, group=version.group_arn, parent=version.arn)

    def describe_batch_segment_job(self, request: Document, caller: Caller) -> Document:
        """Describe a batch segment job."""
        return self._describe_job(request, caller)

    def list_batch_segment_jobs(self, request: Document, caller: Caller) -> Document:
        """List the batch segment jobs, of all solution versions or of one."""
        return self._list_jobs(request, caller, by="solutionVersionArn")

    def work(self, job: Job) -> None:
        """Answer the lines of the files."""
        document = self._existing(job.arn).document
        version = self._existing(document["solutionVersionArn"])
        deployment = self._serving.version(version)
        gone = users_deleted_since(self._backend, version)
        files, destination = self._files(document), self._destination(document)
        if deployment.recipe == Recipe.ITEM_AFFINITY:
            ask = partial(self._ask_by_item, document, deployment, gone)
            most = self._quotas.item_affinity_queries
            answer_files(files, destination, ask, most_lines=most, show=as_input)
            return
        items = self._existing(dataset_of(version.group_arn or "", DatasetType.ITEMS))
        schema = parse_schema(self._existing(items.document["schemaArn"]).document)
        by_attributes = partial(self._ask_by_attributes, document, deployment, gone, schema)
        most = self._quotas.item_attribute_affinity_queries
        answer_files(files, destination, by_attributes, most_lines=most, show=_as_it_is)

    def _ask_by_item(
        self, document: Document, deployment: Deployment, gone: set[str], line: Document
    ) -> Document:
        require_members(line, ("itemId",), ("filterValues",))
        members = request_members("personalize-runtime", "GetRecommendations")
        validate_member(members["itemId"], line["itemId"], "itemId")
        return self._segment(document, deployment, gone, line, {"itemId": line["itemId"]})

    def _ask_by_attributes(
        self,
        document: Document,
        deployment: Deployment,
        gone: set[str],
        schema: AvroSchema,
        line: Document,
    ) -> Document:
        require_members(line, ("itemAttributes",), ("filterValues",))
        text = line["itemAttributes"]
        if not isinstance(text, str):
            msg = "itemAttributes must be a text."
            raise InvalidInputError(msg)
        attributes = parse_item_attributes(text, schema)
        return self._segment(document, deployment, gone, line, {"itemAttributes": attributes})

    def _segment(
        self,
        document: Document,
        deployment: Deployment,
        gone: set[str],
        line: Document,
        question: Document,
    ) -> Document:
        if "filterValues" in line:
            members = request_members("personalize-runtime", "GetRecommendations")
            validate_member(members["filterValues"], line["filterValues"], "filterValues")
        results = document["numResults"]
        users = self._serving.segment(
            deployment,
            {**question, **filter_of(document, line)},
            num_results=results + len(gone),
        )
        return {"recommendedUsers": [user for user in users if user not in gone][:results]}


def _as_it_is(line: object) -> Document:
    """Show the members of a line beside the answer, as the guide has it for item attributes."""
    return line if isinstance(line, dict) else as_input(line)
