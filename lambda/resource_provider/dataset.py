"""Custom::PersonalizeDataset.

CloudFormation's own type deletes the data when the schema changes; this one lets the service take
up the new schema (Items and Users), or refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from personalize_runtime.control_plane import (
    code_of,
    is_active,
    is_being_deleted,
    is_busy,
    is_failed,
    unless_missing,
)
from resource_provider.adoption import adopt
from resource_provider.lifecycle import (
    Change,
    ProvisioningError,
    ResourceEvent,
    old_request_of,
    physical_id,
    request_of,
    stack_name,
)
from resource_provider.retirement import delete_retired

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

_TAKES_A_NEW_SCHEMA = frozenset({"ITEMS", "USERS"})


class DatasetResource:
    """The data sets of the stack."""

    def __init__(self, personalize: PersonalizeClient) -> None:
        """Keep the client."""
        self._personalize = personalize

    def create(self, event: ResourceEvent) -> Change:
        """Create the data set."""
        return self._create(request_of(event))

    def update(self, event: ResourceEvent) -> Change:
        """Give the data set another schema, or create another data set."""
        old, new = old_request_of(event), request_of(event)
        arn = _arn(new)
        if arn != physical_id(event):
            return self._create(new, is_known=True)
        dataset = self._describe(arn)
        if dataset is None:
            return self._create(new)
        # What is there decides, not the old properties: a roll-back finds nothing changed.
        if new["name"] not in {old.get("name"), dataset["name"]}:
            msg = (
                f"the data set {arn} cannot be renamed from {dataset['name']} to {new['name']}: "
                "a dataset group has one of each type, and its ARN holds no name"
            )
            raise ProvisioningError(msg)
        if dataset["schemaArn"] != new["schemaArn"] and not _takes_a_new_schema(new):
            msg = (
                f"the schema of the {new['datasetType']} data set {arn} cannot be replaced: "
                "the service replaces those of Items and Users only. Keep the old fields, "
                "or define another dataset group"
            )
            raise ProvisioningError(msg)
        latest = dataset.get("latestDatasetUpdate", {}).get("creationDateTime", "")
        return Change(arn, latest_update=str(latest))

    def still_changing(self, event: ResourceEvent) -> str | None:
        """Wait until the data set is there, with its schema."""
        new = request_of(event)
        arn = physical_id(event)
        dataset = self._describe(arn)
        if dataset is None:
            msg = f"the data set {arn} is gone"
            raise ProvisioningError(msg)
        if is_failed(dataset["status"]):
            msg = f"the data set {arn} is {dataset['status']}"
            raise ProvisioningError(msg)
        if not is_active(dataset["status"]):
            return f"the data set {arn} is {dataset['status']}"
        update = dataset.get("latestDatasetUpdate", {})
        if is_busy(update.get("status", "")):
            return f"the update of the data set {arn} is {update['status']}"
        if dataset["schemaArn"] == new["schemaArn"]:
            return None
        is_ours = str(update.get("creationDateTime", "")) != event.get("LatestUpdate", "")
        if is_ours and is_failed(update.get("status", "")):
            reason = update.get("failureReason", "no reason was given")
            msg = f"the data set {arn} could not take the new schema: {reason}"
            raise ProvisioningError(msg)
        self._personalize.update_dataset(datasetArn=arn, schemaArn=new["schemaArn"])
        return f"the data set {arn} takes the schema {new['schemaArn']}"

    def still_deleting(self, event: ResourceEvent) -> str | None:
        """Delete the data set, after the solutions that were retired."""
        arn = physical_id(event)
        dataset = self._describe(arn)
        if dataset is None:
            return None
        if is_being_deleted(dataset["status"]) or is_busy(dataset["status"]):
            return f"the data set {arn} is {dataset['status']}"
        group_arn = dataset["datasetGroupArn"]
        if waiting := delete_retired(self._personalize, group_arn, stack_name(event)):
            return waiting
        unless_missing(lambda: self._personalize.delete_dataset(datasetArn=arn))
        return f"the data set {arn} is being deleted"

    def _create(self, request: dict[str, Any], *, is_known: bool = False) -> Change:
        try:
            arn = self._personalize.create_dataset(**request)["datasetArn"]
        except ClientError as error:
            if code_of(error) != "ResourceAlreadyExistsException":
                raise
            arn = _arn(request)
            wanted = {name: request[name] for name in ("name", "datasetGroupArn", "schemaArn")}
            adopt("data set", arn, self._describe(arn), wanted, is_known=is_known)
        return Change(arn)

    def _describe(self, arn: str) -> dict[str, Any] | None:
        answer = unless_missing(lambda: self._personalize.describe_dataset(datasetArn=arn))
        return None if answer is None else dict(answer["dataset"])


def _arn(request: dict[str, Any]) -> str:
    group = str(request["datasetGroupArn"]).replace(":dataset-group/", ":dataset/", 1)
    return f"{group}/{request['datasetType'].upper()}"


def _takes_a_new_schema(request: dict[str, Any]) -> bool:
    return request["datasetType"].upper() in _TAKES_A_NEW_SCHEMA
