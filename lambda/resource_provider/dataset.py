"""Custom::PersonalizeDataset.

CloudFormation's own type deletes the data when the schema changes; this one lets the service take
up the new schema (Items and Users). What the service does not take is refused, unless the resource
says that the data set may be deleted and created anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from personalize_runtime.observability import logger
from personalize_runtime.service_errors import Trouble, trouble_of
from resource_provider.adoption import adopt
from resource_provider.control_plane import (
    code_of,
    is_active,
    is_being_deleted,
    is_busy,
    is_failed,
    message_of,
    unless_missing,
)
from resource_provider.lifecycle import (
    Change,
    ProvisioningError,
    ResourceEvent,
    old_request_of,
    physical_id,
    request_of,
    stack_name,
)
from resource_provider.obstacles import obstacles_of
from resource_provider.retirement import delete_retired
from resource_provider.schema_difference import difference
from resource_provider.stacks import Stacks

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

_TAKES_A_NEW_SCHEMA = frozenset({"ITEMS", "USERS"})
_REPLACE = "REPLACE"


class DatasetResource:
    """The data sets of the stack."""

    def __init__(self, personalize: PersonalizeClient, stacks: Stacks) -> None:
        """Keep the client, and what tells how a stack is."""
        self._personalize = personalize
        self._stacks = stacks

    def create(self, event: ResourceEvent) -> Change:
        """Create the data set."""
        return self._create(event)

    def update(self, event: ResourceEvent) -> Change:
        """Begin to give the data set another schema, or create another data set."""
        old, new = old_request_of(event), request_of(event)
        arn = _arn(new)
        if arn != physical_id(event):
            return self._create(event, is_known=self._stacks.is_rolling_back(event))
        dataset = self._describe(arn)
        if dataset is None:
            return self._create(event)
        if is_failed(dataset["status"]):  # it holds nothing, and nothing can be done with it
            unless_missing(lambda: self._personalize.delete_dataset(datasetArn=arn))
            return Change(arn)
        # What is there decides, not the old properties: a roll-back finds nothing changed.
        if new["name"] not in {old.get("name"), dataset["name"]}:
            msg = (
                f"the data set {arn} cannot be renamed from {dataset['name']} to {new['name']}: "
                "a dataset group has one of each type, and its ARN holds no name"
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
            if event["RequestType"] == "Update":  # it was deleted for this one to take its place
                self._create(event)
                return f"the data set {arn} is being created"
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
        why = self._refusal(event, dataset)
        return self._incompatible(event, dataset, why) if why else f"the data set {arn} is updated"

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
        try:
            unless_missing(lambda: self._personalize.delete_dataset(datasetArn=arn))
        except ClientError as error:
            # With which of the two the service answers is not documented.
            if code_of(error) in {"ResourceInUseException", "InvalidInputException"} and (
                obstacles := obstacles_of(self._personalize, dataset)
            ):
                return f"the data set {arn} cannot be deleted before {obstacles}"
            raise
        return f"the data set {arn} is being deleted"

    def attributes(self, event: ResourceEvent) -> dict[str, str]:
        """Return the id that action interactions are sent with, which their data set alone has."""
        tracking_id = (self._describe(physical_id(event)) or {}).get("trackingId")
        return {"TrackingId": tracking_id} if tracking_id else {}

    def _refusal(self, event: ResourceEvent, dataset: dict[str, Any]) -> str | None:
        """Ask the service to take the new schema; return why it does not, if it does not."""
        new, update = request_of(event), dataset.get("latestDatasetUpdate", {})
        is_ours = str(update.get("creationDateTime", "")) != event.get("LatestUpdate", "")
        if is_ours and is_failed(update.get("status", "")):
            return str(update.get("failureReason", "no reason was given"))
        if not _takes_a_new_schema(new):
            return "the service replaces the schemas of Items and Users alone"
        try:
            self._personalize.update_dataset(
                datasetArn=dataset["datasetArn"], schemaArn=new["schemaArn"]
            )
        except ClientError as error:
            if trouble_of(error) is Trouble.REFUSED:
                return message_of(error)
            raise
        return None

    def _incompatible(self, event: ResourceEvent, dataset: dict[str, Any], why: str) -> str | None:
        """Replace the data set if that was said, leave it if the stack rolls back, or refuse.

        A roll-back deletes no data: what took up a schema in place keeps it, since a service that
        takes away no columns cannot go back. Only what has just been created for the schema that is
        rolled back is replaced again.
        """
        arn, old, new = dataset["datasetArn"], dataset["schemaArn"], request_of(event)["schemaArn"]
        if self._stacks.is_rolling_back(event):
            if not _was_replaced(event, dataset) or obstacles_of(self._personalize, dataset):
                logger.warning("a schema cannot be rolled back", arn=arn, schema=old, reason=why)
                return None
        elif not _may_replace(event["ResourceProperties"]):
            columns = difference(self._personalize, old, new) or "none is another"
            advice = (
                "Keep the columns that are there as they are and let new ones be nullable"
                if _takes_a_new_schema(request_of(event))
                else "Keep its schema, or define another dataset group"
            )
            msg = (
                f"the data set {arn} cannot take the schema {new} in place of {old}: {why}. "
                f"Of the columns, {columns}. Nothing was changed. {advice}, or say "
                "on_incompatible_change=OnIncompatibleChange.REPLACE, which deletes the data set "
                "with all its data and creates it anew"
            )
            raise ProvisioningError(msg)
        elif obstacles := obstacles_of(self._personalize, dataset):
            msg = (
                f"the data set {arn} cannot be replaced before these are deleted: {obstacles}. "
                "Nothing was changed. Take them out of the stack, deploy, and put them back "
                f"together with the new schema ({why})"
            )
            raise ProvisioningError(msg)
        unless_missing(lambda: self._personalize.delete_dataset(datasetArn=arn))
        return f"the data set {arn} is being deleted, to be created with another schema"

    def _create(self, event: ResourceEvent, *, is_known: bool = False) -> Change:
        request = request_of(event)
        try:
            arn = self._personalize.create_dataset(**request)["datasetArn"]
        except ClientError as error:
            if code_of(error) != "ResourceAlreadyExistsException":
                raise
            arn = _arn(request)
            # One that a roll-back returns to may have another schema, which is seen to later.
            members = ("name", "datasetGroupArn", *(() if is_known else ("schemaArn",)))
            wanted = {name: request[name] for name in members}
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


def _was_replaced(event: ResourceEvent, dataset: dict[str, Any]) -> bool:
    """Tell whether the update that is rolled back has created the data set, and not changed it."""
    return (
        _may_replace(event.get("OldResourceProperties", {}))
        and dataset["schemaArn"] == old_request_of(event)["schemaArn"]
        and "latestDatasetUpdate" not in dataset
    )


def _may_replace(properties: dict[str, Any]) -> bool:
    return properties.get("OnIncompatibleChange") == _REPLACE
