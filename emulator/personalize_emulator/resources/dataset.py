"""Datasets: one of each type in a dataset group."""

from __future__ import annotations

import uuid

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator.caller import Caller
from personalize_emulator.datasets import dataset_of, parse_schema
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.jobs import Job
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.store import Document, Resource

__all__ = ["Datasets", "dataset_of"]

# What must be over, before their dataset can go. The guide's page delete-dataset does not name
# exports; but what is to be written must be there.
_JOBS = ("dataset-import-job", "dataset-export-job")
# What must be over, before a dataset of the group can go.
_UNDER_WAY = ("batch-inference-job", "batch-segment-job", "solution-version", "recommender")


class Datasets(ResourceFamily):
    """The operations on datasets."""

    kind = "dataset"
    create_seconds = 20.0
    delete_seconds = 30.0
    latest_update = "latestDatasetUpdate"

    def create_dataset(self, request: Document, caller: Caller) -> Document:
        """Create an empty dataset."""
        group = self._get_active(request["datasetGroupArn"], caller, kind="dataset-group")
        schema = self._get(request["schemaArn"], caller, kind="schema")
        try:
            dataset_type = DatasetType.of(request["datasetType"])
        except ValueError as error:
            msg = f"{error}."
            raise InvalidInputError(msg) from error
        self._require_fit(schema, dataset_type, group)
        arn = dataset_of(group.arn, dataset_type)
        tags = request.pop("tags", [])
        document = {**request, "datasetArn": arn, "datasetType": dataset_type.value}
        if dataset_type is DatasetType.ACTION_INTERACTIONS:
            document["trackingId"] = str(uuid.uuid4())
        self._create(arn, document, caller, name=request["name"], group=group.arn, tags=tags)
        return {"datasetArn": arn}

    def describe_dataset(self, request: Document, caller: Caller) -> Document:
        """Describe a dataset."""
        return {"dataset": self._get(request["datasetArn"], caller).document}

    def list_datasets(self, request: Document, caller: Caller) -> Document:
        """List the datasets, of all groups or of one."""
        return self._page(request, caller, "datasets", parent=request.get("datasetGroupArn"))

    def update_dataset(self, request: Document, caller: Caller) -> Document:
        """Replace the schema of an Items or Users dataset by one that has room for its data."""
        dataset = self._get_active(request["datasetArn"], caller, kind=self.kind)
        schema = self._get(request["schemaArn"], caller, kind="schema")
        old = self._get(dataset.document["schemaArn"], caller, kind="schema")
        findings = parse_schema(old.document).findings_of_update(parse_schema(schema.document))
        if findings:
            msg = f"The schema of {dataset.arn} cannot be replaced: {'; '.join(findings)}."
            raise InvalidInputError(msg)
        self._update(dataset, {"schemaArn": schema.arn})
        return {"datasetArn": dataset.arn}

    def delete_dataset(self, request: Document, caller: Caller) -> Document:
        """Delete a dataset that nothing uses any more."""
        dataset = self._get(request["datasetArn"], caller)
        group = dataset.group_arn
        why = f"{dataset.arn} cannot be deleted before"
        # Any filter of the group and any campaign, whatever they look at.
        self._require_none("filter", why, group=group)
        self._require_none("metric-attribution", why, group=group)
        if dataset.document["datasetType"] == DatasetType.INTERACTIONS:
            self._require_none("event-tracker", why, group=group)
        for campaign in self._store.find("campaign", group=group):
            if campaign.status != "CREATE FAILED":
                self._refuse(why, campaign)
        why = f"{dataset.arn} cannot be deleted while it waits for"
        for kind in _JOBS:
            self._require_settled(kind, why, parent=dataset.arn)
        for kind in _UNDER_WAY:
            self._require_settled(kind, why, group=group)
        self._delete(dataset)
        return {}

    def finish(self, job: Job) -> None:
        """Mark the dataset as done; with an update done, its new schema holds."""
        super().finish(job)
        if job.action == "update":
            update = self._existing(job.arn).document[self.latest_update]
            self._change(job.arn, schemaArn=update["schemaArn"])

    def _remove(self, arn: str) -> None:
        # Jobs cannot be deleted. Whether they are still listed without their dataset is not
        # documented; here they are not, and their names stay taken.
        for kind in _JOBS:
            for job in self._store.find(kind, parent=arn):
                self._store.retire(job.arn)
        self._backend.records.remove(arn)
        super()._remove(arn)

    @staticmethod
    def _require_fit(schema: Resource, dataset_type: DatasetType, group: Resource) -> None:
        declared = parse_schema(schema.document).dataset_type
        if declared is not dataset_type:
            msg = f"The schema {schema.arn} is one of {declared}, the dataset is {dataset_type}."
            raise InvalidInputError(msg)
        domain, expected = schema.document.get("domain"), group.document.get("domain")
        if domain != expected:
            msg = (
                f"The schema {schema.arn} is of the domain {domain or 'none'}, "
                f"the dataset group of {expected or 'none'}."
            )
            raise InvalidInputError(msg)
