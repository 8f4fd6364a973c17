"""Import jobs: CSV files of a bucket become the data of a dataset."""

from __future__ import annotations

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator.caller import Caller
from personalize_emulator.csv_import import read_csv
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.jobs import Job, Outcome
from personalize_emulator.records import IDENTIFIERS
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.resources.schema import parse_schema
from personalize_emulator.store import Document


class DatasetImportJobs(ResourceFamily):
    """The operations on import jobs, which cannot be deleted."""

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
        arn = caller.arn(f"dataset-import-job/{request['jobName']}")
        tags = request.pop("tags", [])
        self._create(
            arn,
            {**request, "datasetImportJobArn": arn},
            caller,
            name=request["jobName"],
            group=dataset.group_arn,
            parent=dataset.arn,
            tags=tags,
        )
        return {"datasetImportJobArn": arn}

    def describe_dataset_import_job(self, request: Document, caller: Caller) -> Document:
        """Describe an import job."""
        return {"datasetImportJob": self._get(request["datasetImportJobArn"], caller).document}

    def list_dataset_import_jobs(self, request: Document, caller: Caller) -> Document:
        """List the import jobs, of all datasets or of one."""
        parent = request.get("datasetArn")
        return self._page(request, caller, "datasetImportJobs", parent=parent)

    def work(self, job: Job) -> Outcome:
        """Read the files; what they hold counts when the job is over."""
        document = self._existing(job.arn).document
        arn = document["datasetArn"]
        dataset = self._existing(arn).document
        schema = parse_schema(self._existing(dataset["schemaArn"]).document)
        location = document["dataSource"]["dataLocation"]
        table = read_csv(self._backend.objects, location, schema, self._quotas)
        replace = document["importMode"] == "FULL"
        identifier = IDENTIFIERS.get(DatasetType.of(dataset["datasetType"]))
        if identifier is None:
            return lambda: self._backend.interactions.add_import(arn, table, replace=replace)
        records = [(str(row.pop(identifier)), row) for row in table.rows()]
        return lambda: self._backend.records.add_import(
            arn, records, at=self._backend.now(), replace=replace
        )

    def _was_filled(self, dataset_arn: str) -> bool:
        jobs = self._store.find(self.kind, parent=dataset_arn)
        return any(job.status == "ACTIVE" for job in jobs)
