"""What a dataset group has one of: an event tracker, a metric attribution.

CloudFormation replaces by creating the new one first, which the service refuses while the old one
is there. So a custom resource of this kind is a place in its group that one resource holds at a
time: to be replaced, the old one is deleted, and the new one created when it is gone, within one
update. The physical id is that place and stays. A roll-back is then an update like any other, and
CloudFormation deletes nothing behind it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError

from personalize_runtime.observability import logger
from resource_provider.adoption import is_recent
from resource_provider.control_plane import (
    code_of,
    is_being_deleted,
    is_busy,
    is_failed,
    unless_missing,
)
from resource_provider.lifecycle import (
    Change,
    ProvisioningError,
    ResourceEvent,
    old_request_of,
    request_of,
)
from resource_provider.stacks import Stacks

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient


class OnePerGroup(ABC):
    """A type of custom resource of which a dataset group has one."""

    kind: ClassVar[str]
    """What it is, for people."""

    arn_member: ClassVar[str]
    """The member of the API's answers that holds its ARN."""

    def __init__(self, personalize: PersonalizeClient, stacks: Stacks) -> None:
        """Keep the client, and what tells how a stack is."""
        self._personalize = personalize
        self._stacks = stacks

    def create(self, event: ResourceEvent) -> Change:
        """Create the one of the group, if it has none."""
        request = request_of(event)
        try:
            self._create(request)
        except ClientError as error:
            if code_of(error) != "ResourceAlreadyExistsException":
                raise
            found = self._find(request)
            if found is None:
                self._refuse_name(request)
                raise
            # One that goes is waited for; one of our name was made by an earlier try.
            if not is_being_deleted(found["status"]) and not (
                found["name"] == request["name"] and is_recent(found["creationDateTime"])
            ):
                raise self._refusal(request, found) from error
        return Change(self._place(request))

    def update(self, event: ResourceEvent) -> Change:
        """See what the group has; it is changed or replaced later on."""
        old, new = old_request_of(event), request_of(event)
        found = self._find(new)
        if found is None:
            return Change(self._place(new))
        if is_being_deleted(found["status"]):
            return Change(self._place(new))
        # What is there may be either: a roll-back undoes an update that got half-way, or nowhere.
        names = {old.get("name"), new["name"]}
        if old.get("datasetGroupArn") != new["datasetGroupArn"]:
            names = {new["name"]} if self._is_ours(event, found) else set()
        if found["name"] not in names:
            raise self._refusal(new, found)
        if found["name"] != new["name"]:
            self._refuse_name(new)  # before the old one is deleted
        if is_failed(found["status"]):
            unless_missing(lambda: self._delete(found[self.arn_member]))
        return Change(self._place(new), latest_update=str(found["lastUpdatedDateTime"]))

    def still_changing(self, event: ResourceEvent) -> str | None:
        """Delete what holds the place under another name, create what is asked for, change it."""
        request = request_of(event)
        found = self._find(request)
        if found is None:
            return self._still_creating(request)
        arn, status = found[self.arn_member], found["status"]
        if is_being_deleted(status) or is_busy(status):
            return f"the {self.kind} {arn} is {status}"
        if found["name"] != request["name"]:
            if event["RequestType"] == "Create":
                raise self._refusal(request, found)
            unless_missing(lambda: self._delete(arn))
            return f"the {self.kind} {arn} is being deleted, to be replaced"
        if is_failed(status):
            if event["RequestType"] == "Update" and self._stacks.is_rolling_back(event):
                # A roll-back that fails leaves a stack that nothing can be done with.
                logger.warning("left to the next update", arn=arn, status=status)
                return None
            reason = found.get("failureReason", "no reason was given")
            msg = f"the {self.kind} {arn} is {status}: {reason}"
            raise ProvisioningError(msg)
        return self._still_adjusting(event, found)

    def still_deleting(self, event: ResourceEvent) -> str | None:
        """Delete the one of the group, if it is ours."""
        request = request_of(event)
        found = self._find(request)
        if found is None or found["name"] != request["name"]:
            return None
        arn, status = found[self.arn_member], found["status"]
        if is_being_deleted(status) or is_busy(status):
            return f"the {self.kind} {arn} is {status}"
        unless_missing(lambda: self._delete(arn))
        return f"the {self.kind} {arn} is being deleted"

    def attributes(self, event: ResourceEvent) -> dict[str, str]:
        """Return what only the service knows of what holds the place now."""
        found = self._find(request_of(event))
        if found is None:
            msg = f"the {self.kind} {request_of(event)['name']} is gone"
            raise ProvisioningError(msg)
        return {"Arn": found[self.arn_member]} | self._attributes(found[self.arn_member])

    @abstractmethod
    def _create(self, request: dict[str, Any]) -> None:
        """Begin to create it."""

    @abstractmethod
    def _delete(self, arn: str) -> None:
        """Begin to delete it."""

    @abstractmethod
    def _list(self, group_arn: str | None = None) -> list[dict[str, Any]]:
        """Return the summaries of those of a group, or of all there are."""

    def _still_adjusting(self, event: ResourceEvent, found: dict[str, Any]) -> str | None:
        """Go on with changes in place; return what they wait for, if there are any."""
        return None

    def _attributes(self, arn: str) -> dict[str, str]:
        """Return what else the service knows."""
        return {}

    def _is_ours(self, event: ResourceEvent, found: dict[str, Any]) -> bool:
        """Tell whether what another group has was made by this stack: just now, or before."""
        return is_recent(found["creationDateTime"]) or self._stacks.is_rolling_back(event)

    def _still_creating(self, request: dict[str, Any]) -> str:
        try:
            self._create(request)
        except ClientError as error:
            if code_of(error) != "ResourceAlreadyExistsException":
                raise
            self._refuse_name(request)  # else it was created just now, and the list is behind
        return f"the {self.kind} {request['name']} is being created"

    def _find(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Return what holds the place.

        It is listed and not described: the functions may not describe that of somebody else.
        """
        group_arn = request["datasetGroupArn"]
        return next(iter(unless_missing(lambda: self._list(group_arn)) or []), None)

    def _refuse_name(self, request: dict[str, Any]) -> None:
        """Refuse a name that the one of another group has."""
        for other in self._list():
            if other["name"] == request["name"]:
                msg = (
                    f"the {self.kind} {other[self.arn_member]} of another dataset group has the "
                    f"name {request['name']} already: give this one another name"
                )
                raise ProvisioningError(msg)

    def _refusal(self, request: dict[str, Any], found: dict[str, Any]) -> ProvisioningError:
        msg = (
            f"the dataset group {request['datasetGroupArn']} has one {self.kind} at most, and "
            f"{found[self.arn_member]} is there already, not made by this stack: "
            "delete it, or import it"
        )
        return ProvisioningError(msg)

    def _place(self, request: dict[str, Any]) -> str:
        return f"{request['datasetGroupArn']}/{self.kind.replace(' ', '-')}"
