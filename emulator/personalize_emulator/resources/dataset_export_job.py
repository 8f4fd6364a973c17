"""Export jobs: the data of a dataset become CSV files of a bucket."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.job_config import findings_of_export
from personalize_emulator.bulk.csv_export import write_csv
from personalize_emulator.bulk.files import Destination
from personalize_emulator.caller import Caller
from personalize_emulator.data.interactions import Event
from personalize_emulator.data.records import IDENTIFIERS
from personalize_emulator.jobs import Job
from personalize_emulator.resources.bulk_job import BulkJobs
from personalize_emulator.resources.schema import parse_schema
from personalize_emulator.resources.training_config import require_none
from personalize_emulator.store import Document


class DatasetExportJobs(BulkJobs):
    """The operations on export jobs.

    What is exported is as the developer guide's page export-data has it. It names no files; here
    they are `<path>/<job name>/part-00000.csv` and so on.
    """

    kind = "dataset-export-job"
    create_seconds = 300.0

    def create_dataset_export_job(self, request: Document, caller: Caller) -> Document:
        """Export what was imported, what was put, or all of it."""
        dataset = self._get_active(request["datasetArn"], caller, kind="dataset")
        require_none(findings_of_export(DatasetType.of(dataset.document["datasetType"])))
        request.setdefault("ingestionMode", "PUT")
        return self._create_job(request, caller, group=dataset.group_arn, parent=dataset.arn)

    def describe_dataset_export_job(self, request: Document, caller: Caller) -> Document:
        """Describe an export job."""
        return self._describe_job(request, caller)

    def list_dataset_export_jobs(self, request: Document, caller: Caller) -> Document:
        """List the export jobs, of all datasets or of one."""
        return self._list_jobs(request, caller, by="datasetArn")

    def work(self, job: Job) -> None:
        """Write the files."""
        document = self._existing(job.arn).document
        dataset = self._existing(document["datasetArn"]).document
        schema = parse_schema(self._existing(dataset["schemaArn"]).document)
        objects = self._backend.objects.as_role(document["roleArn"])
        destination = Destination(objects, document["jobOutput"]["s3DataDestination"])
        rows = self._rows(document["datasetArn"], schema.dataset_type, document["ingestionMode"])
        for number, body in enumerate(write_csv(schema, rows)):
            destination.write(f"{document['jobName']}/part-{number:05}.csv", body)

    def _rows(
        self, arn: str, dataset_type: DatasetType, mode: str
    ) -> Iterator[Mapping[str, object]]:
        if dataset_type is DatasetType.INTERACTIONS:
            if mode in {"BULK", "ALL"}:
                yield from self._backend.interactions.imported_rows(arn)
            if mode in {"PUT", "ALL"}:
                for event in self._backend.interactions.events(arn):
                    # What is about no item is no interaction with one.
                    if event.item_id is not None:
                        yield _row(event)
            return
        records = self._backend.records
        identifier = IDENTIFIERS[dataset_type]
        # Of all data together the newest of each id, else every record as it came.
        if mode == "ALL":
            found = iter(records.all(arn).items())
        else:
            found = records.as_they_came(arn, put=mode == "PUT")
        for key, columns in found:
            yield {**columns, identifier: key}


def _row(event: Event) -> Mapping[str, object]:
    """Return an event as an interaction; that of a visitor has the session for a user.

    So it is in training, too, as long as nobody knows who it was.
    """
    details = json.loads(event.details)
    attribution = details.get("metricAttribution", {})
    return {
        **details.get("columns", {}),
        "USER_ID": event.user_id or event.session_id,
        "ITEM_ID": event.item_id,
        "EVENT_TYPE": event.event_type,
        "EVENT_VALUE": event.event_value,
        "TIMESTAMP": event.sent_at,
        "IMPRESSION": "|".join(details.get("impression", ())) or None,
        "RECOMMENDATION_ID": details.get("recommendationId"),
        "EVENT_ATTRIBUTION_SOURCE": attribution.get("eventAttributionSource"),
    }
