"""What CloudFormation asks of a custom resource, and what every type of them answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, Protocol, TypedDict, runtime_checkable

ACTIVE = "Active"
DEFERRED = "Deferred"


class ResourceEvent(TypedDict):
    """A request of CloudFormation, with what `on_event` answered once it has."""

    RequestType: Literal["Create", "Update", "Delete"]
    ResourceType: str
    RequestId: str
    StackId: str
    LogicalResourceId: str
    PhysicalResourceId: NotRequired[str]
    ResourceProperties: dict[str, Any]
    OldResourceProperties: NotRequired[dict[str, Any]]
    Data: NotRequired[dict[str, str]]
    BeganAt: NotRequired[float]
    LatestUpdate: NotRequired[str]
    UpdateDue: NotRequired[bool]
    WasStopped: NotRequired[bool]


class Begun(TypedDict):
    """What `on_event` answers; the provider framework hands all of it to `is_complete`."""

    PhysicalResourceId: str
    Data: NotRequired[dict[str, str]]
    BeganAt: NotRequired[float]
    LatestUpdate: NotRequired[str]
    UpdateDue: NotRequired[bool]
    WasStopped: NotRequired[bool]


class Completion(TypedDict):
    """What `is_complete` answers."""

    IsComplete: bool
    Data: NotRequired[dict[str, str]]


class ProvisioningError(Exception):
    """The resource cannot be made so; CloudFormation shows the message to the user."""


@dataclass(frozen=True, slots=True)
class Change:
    """A creation or an update that has begun.

    Attributes:
        arn: The resource, which is also its physical id; of what a dataset group has one of, the
            place that it holds.
        state: `ACTIVE`, or `DEFERRED` if the pipeline will create it.
        latest_update: When the last update began that the resource had before this one.
        update_due: Whether the resource is still to be updated.
        was_stopped: Whether somebody had stopped the resource, and so wants it stopped.
    """

    arn: str
    state: str = ACTIVE
    latest_update: str = ""
    update_due: bool = False
    was_stopped: bool = False


class ManagedResource(Protocol):
    """One type of custom resource.

    `create` and `update` may be asked again for the same event; an error of theirs leaves nothing
    new behind. The others are asked every few seconds, until they wait for nothing.
    """

    def create(self, event: ResourceEvent) -> Change:
        """Begin to create the resource."""
        ...

    def update(self, event: ResourceEvent) -> Change:
        """Begin to update the resource, or to create its replacement."""
        ...

    def still_changing(self, event: ResourceEvent) -> str | None:
        """Go on with a creation or an update; return what it waits for, if for anything."""
        ...

    def still_deleting(self, event: ResourceEvent) -> str | None:
        """Go on with a deletion; return what it waits for, if for anything."""
        ...


@runtime_checkable
class HasAttributes(Protocol):
    """A type of custom resource with attributes that are known when a change is complete."""

    def attributes(self, event: ResourceEvent) -> dict[str, str]:
        """Return the attributes that the service gave the resource."""
        ...


def request_of(event: ResourceEvent) -> dict[str, Any]:
    """Return the create request that the resource declares."""
    return _request(event["ResourceProperties"])


def old_request_of(event: ResourceEvent) -> dict[str, Any]:
    """Return the create request that the resource declared before an update."""
    return _request(event.get("OldResourceProperties", {}))


def _request(properties: dict[str, Any]) -> dict[str, Any]:
    # CloudFormation turns the numbers of a custom resource into text, so the request is text.
    request = json.loads(properties.get("Request", "{}"))
    if not isinstance(request, dict):
        msg = f"Request must be a JSON object, got {request!r}"
        raise ProvisioningError(msg)
    return request


def physical_id(event: ResourceEvent) -> str:
    """Return the ARN of the resource; a creation that failed left an id that is none."""
    return event.get("PhysicalResourceId", "")


def stack_name(event: ResourceEvent) -> str:
    """Return the name of the stack that the resource belongs to."""
    return event["StackId"].split("/")[1]


def is_deferred(event: ResourceEvent) -> bool:
    """Tell whether the resource was left to the pipeline."""
    return event.get("Data", {}).get("State") == DEFERRED
