"""Dataset groups: what all other resources of a use case belong to."""

from __future__ import annotations

from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.jobs import Job
from personalize_emulator.resources.family import ResourceFamily, is_settled
from personalize_emulator.store import Document

# The last the service does not name. As a dataset cannot be deleted before it, one that is left
# over never had a dataset, and is better found than lost. (A filter cannot be: it needs one.)
_IN_THE_WAY = ("event-tracker", "solution", "recommender", "dataset", "metric-attribution")


class DatasetGroups(ResourceFamily):
    """The operations on dataset groups."""

    kind = "dataset-group"
    create_seconds = 30.0
    delete_seconds = 30.0

    def create_dataset_group(self, request: Document, caller: Caller) -> Document:
        """Create a dataset group, with a domain or without."""
        if ("roleArn" in request) != ("kmsKeyArn" in request):
            msg = "roleArn and kmsKeyArn must be given together: the role is for the key alone."
            raise InvalidInputError(msg)
        if "roleArn" in request:
            self._require_role(request["roleArn"], caller)
        used = sum(
            group.status == "ACTIVE" or not is_settled(group.status)
            for group in self._store.find(self.kind, caller=caller)
        )
        self._require_room(self._quotas.dataset_groups, used, "dataset groups")
        tags = request.pop("tags", [])
        arn = caller.arn(f"dataset-group/{request['name']}")
        document = {**request, "datasetGroupArn": arn}
        self._create(arn, document, caller, name=request["name"], tags=tags)
        return {"datasetGroupArn": arn, "domain": request.get("domain")}

    def describe_dataset_group(self, request: Document, caller: Caller) -> Document:
        """Describe a dataset group."""
        return {"datasetGroup": self._get(request["datasetGroupArn"], caller).document}

    def list_dataset_groups(self, request: Document, caller: Caller) -> Document:
        """List the dataset groups."""
        return self._page(request, caller, "datasetGroups")

    def delete_dataset_group(self, request: Document, caller: Caller) -> Document:
        """Delete a dataset group that nothing belongs to any more."""
        group = self._get(request["datasetGroupArn"], caller)
        for kind in _IN_THE_WAY:
            self._require_none(kind, f"{group.arn} still has", group=group.arn)
        why = f"{group.arn} cannot be deleted while it waits for"
        self._require_settled("data-deletion-job", why, group=group.arn)
        self._delete(group)
        return {}

    def _remove(self, arn: str) -> None:
        # As with the jobs of a dataset, see there.
        for deletion_job in self._store.find("data-deletion-job", group=arn):
            self._store.retire(deletion_job.arn)
        super()._remove(arn)

    def begin(self, job: Job) -> None:
        """Mark the group as being worked on; one that is deleted stays DELETE PENDING."""
        if job.action != "delete":
            super().begin(job)
