"""Data deletion jobs: users whose data are deleted from a dataset group."""

from __future__ import annotations

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator.backend import Backend
from personalize_emulator.bulk.csv_import import read_csv
from personalize_emulator.bulk.files import read_folder
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.jobs import Job, Outcome
from personalize_emulator.resources.bulk_job import BulkJobs
from personalize_emulator.resources.dataset import dataset_of
from personalize_emulator.store import Document, Resource

_COLUMNS = AvroSchema(DatasetType.USERS, (SchemaField.string("USER_ID"),))
_LOGS = (DatasetType.INTERACTIONS, DatasetType.ACTION_INTERACTIONS)


class DataDeletionJobs(BulkJobs):
    """The operations on data deletion jobs; see the developer guide's page delete-records.

    What was trained before knows the users until it is trained anew, but for user segments, which
    leave them out at once. They can come back with later imports and events.
    """

    kind = "data-deletion-job"
    create_seconds = 3600.0  # "it can take up to a day"
    pending = "PENDING"
    in_progress = "IN_PROGRESS"
    done = "COMPLETED"
    failed = "FAILED"

    def create_data_deletion_job(self, request: Document, caller: Caller) -> Document:
        """Delete the users that are listed in a file, or in the files of a folder."""
        group = self._get_active(request["datasetGroupArn"], caller, kind="dataset-group")
        if "dataLocation" not in request["dataSource"]:
            msg = "dataSource.dataLocation must be given."
            raise InvalidInputError(msg)
        jobs = self._store.find(self.kind, group=group.arn)
        pending = sum(job.status == self.pending for job in jobs)
        quota = self._quotas.pending_data_deletion_jobs
        self._require_room(quota, pending, "pending data deletion jobs in a dataset group")
        return self._create_job(request, caller, group=group.arn)

    def describe_data_deletion_job(self, request: Document, caller: Caller) -> Document:
        """Describe a data deletion job."""
        return self._describe_job(request, caller)

    def list_data_deletion_jobs(self, request: Document, caller: Caller) -> Document:
        """List the data deletion jobs, of all groups or of one."""
        return self._list_jobs(request, caller, by="datasetGroupArn")

    def work(self, job: Job) -> Outcome:
        """Read the list; the users go when the job is over, with all that came in until then."""
        document = self._existing(job.arn).document
        files = read_folder(
            self._backend.objects.as_role(document["roleArn"]),
            document["dataSource"]["dataLocation"],
            most_bytes=self._quotas.data_deletion_size,
            sub_folders=True,
            extension=".csv",
        )
        users = set(read_csv(files, _COLUMNS, self._quotas).texts("USER_ID").vocabulary)
        return lambda: self._delete_users(job.arn, document["datasetGroupArn"], users)

    def _delete_users(self, job_arn: str, group_arn: str, users: set[str]) -> None:
        backend = self._backend
        deleted = backend.records.delete(dataset_of(group_arn, DatasetType.USERS), users)
        for dataset_type in _LOGS:
            deleted += backend.interactions.delete_users(dataset_of(group_arn, dataset_type), users)
        self._change(job_arn, numDeleted=deleted)
        # For user segments, which are to leave them out.
        nothing: Document = {}
        backend.records.add_import(
            job_arn, [(user, nothing) for user in users], at=backend.now(), replace=True
        )


def users_deleted_since(backend: Backend, version: Resource) -> set[str]:
    """Return the users who were deleted from a solution version's group after it was begun."""
    since = version.document["creationDateTime"]
    return {
        user
        for job in backend.store.find(DataDeletionJobs.kind, group=version.group_arn)
        if job.status == DataDeletionJobs.done and job.document["lastUpdatedDateTime"] >= since
        for user in backend.records.all(job.arn)
    }
