"""Import jobs: CSV files of a bucket become the data of a dataset."""

from __future__ import annotations

from cdk_personalize.avro_schema import AvroSchema, DatasetType
from personalize_emulator.attribution import Attribution
from personalize_emulator.bulk.csv_import import read_csv
from personalize_emulator.bulk.files import read_folder
from personalize_emulator.caller import Caller
from personalize_emulator.data.columns import Table
from personalize_emulator.data.records import IDENTIFIERS
from personalize_emulator.errors import InvalidInputError, JobFailedError
from personalize_emulator.jobs import Job, Outcome
from personalize_emulator.resources.bulk_job import BulkJobs
from personalize_emulator.resources.schema import parse_schema
from personalize_emulator.store import Document


class DatasetImportJobs(BulkJobs):
    """The operations on import jobs."""

    kind = "dataset-import-job"
    create_seconds = 300.0

    def create_dataset_import_job(self, request: Document, caller: Caller) -> Document:
        """Import a file, or all files of a folder; what is wrong with them fails the job later."""
        dataset = self._get_active(request["datasetArn"], caller, kind="dataset")
        if "roleArn" not in request:  # optional in the service model, needed to read the bucket
            msg = "roleArn must be given: a role that may read the data source."
            raise InvalidInputError(msg)
        if "dataLocation" not in request["dataSource"]:
            msg = "dataSource.dataLocation must be given."
            raise InvalidInputError(msg)
        mode = request.setdefault("importMode", "FULL")
        if mode == "INCREMENTAL" and not self._was_filled(dataset.arn):
            msg = f"The first import into {dataset.arn} must be FULL."
            raise InvalidInputError(msg)
        pending = self._count(caller, pending=True)
        self._require_room(self._quotas.pending_import_jobs, pending, "pending import jobs")
        return self._create_job(request, caller, group=dataset.group_arn, parent=dataset.arn)

    def describe_dataset_import_job(self, request: Document, caller: Caller) -> Document:
        """Describe an import job."""
        return self._describe_job(request, caller)

    def list_dataset_import_jobs(self, request: Document, caller: Caller) -> Document:
        """List the import jobs, of all datasets or of one."""
        return self._list_jobs(request, caller, by="datasetArn")

    def work(self, job: Job) -> Outcome:
        """Read the files; what they hold counts when the job is over."""
        document = self._existing(job.arn).document
        arn, replace = document["datasetArn"], document["importMode"] == "FULL"
        dataset = self._existing(arn).document
        schema = parse_schema(self._existing(dataset["schemaArn"]).document)
        quotas = self._quotas
        # The first level of a folder alone, says the guide's page bulk-data-import-step.
        files = read_folder(
            self._backend.objects.as_role(document["roleArn"]),
            document["dataSource"]["dataLocation"],
            most_bytes=quotas.full_import_size if replace else quotas.incremental_import_size,
        )
        table = read_csv(files, schema, quotas)
        self._require_amount(document, schema, table)
        identifier = IDENTIFIERS.get(DatasetType.of(dataset["datasetType"]))
        if identifier is None:
            report = Attribution(self._backend).report_import(document, table)

            def keep() -> None:
                self._backend.interactions.add_import(arn, table, replace=replace)
                report()

            return keep
        records = [(str(row.pop(identifier)), row) for row in table.rows()]
        return lambda: self._backend.records.add_import(
            arn, records, at=self._backend.now(), replace=replace
        )

    def _require_amount(self, document: Document, schema: AvroSchema, table: Table) -> None:
        """Refuse too few interactions, or too many types of them.

        Raises:
            JobFailedError: The job fails for it.
        """
        # Of action interactions the guide asks for a minimum when they are added to others.
        with_minimum = schema.dataset_type is DatasetType.INTERACTIONS or (
            schema.dataset_type is DatasetType.ACTION_INTERACTIONS
            and document["importMode"] == "INCREMENTAL"
        )
        least = self._quotas.import_interactions
        if with_minimum and least is not None and len(table) < least:
            location = document["dataSource"]["dataLocation"]
            msg = f"{location} has {len(table)} interactions, at least {least} are needed"
            raise JobFailedError(msg)
        most = self._quotas.event_types_and_metadata
        if schema.dataset_type is not DatasetType.INTERACTIONS or most is None:
            return
        types, columns = len(table.texts("EVENT_TYPE").vocabulary), len(schema.metadata)
        if types + columns > most:
            msg = (
                f"There are {types} event types and {columns} metadata columns;"
                f" together there can be {most}"
            )
            raise JobFailedError(msg)

    def _was_filled(self, dataset_arn: str) -> bool:
        jobs = self._store.find(self.kind, parent=dataset_arn)
        return any(job.status == "ACTIVE" for job in jobs)
