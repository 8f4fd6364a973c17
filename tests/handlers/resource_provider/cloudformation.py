"""CloudFormation and the CDK's provider framework, as far as a custom resource sees them."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from resource_provider.lifecycle import Completion, ResourceEvent
from resource_provider.provider import ResourceProvider
from tests.handlers.upstream import Answer

_STACK_ARN = "arn:aws:cloudformation:us-east-1:123456789012:stack"


def resource_event(
    request_type: Literal["Create", "Update", "Delete"],
    resource_type: str,
    properties: Mapping[str, Any],
    *,
    physical_id: str | None = None,
    old_properties: Mapping[str, Any] | None = None,
    stack: str = "shop",
    request_id: str = "",
) -> ResourceEvent:
    """Return a request of CloudFormation."""
    event: dict[str, Any] = {
        "RequestType": request_type,
        "ResourceType": resource_type,
        "RequestId": request_id or str(uuid.uuid4()),
        "StackId": f"{_STACK_ARN}/{stack}/1f2e",
        "LogicalResourceId": "Resource",
        "ResponseURL": "https://cloudformation.example/?X-Amz-Signature=secret",
        "ResourceProperties": {"ServiceToken": "token", **properties},
    }
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    if old_properties is not None:
        event["OldResourceProperties"] = {"ServiceToken": "token", **old_properties}
    return cast("ResourceEvent", event)


@dataclass(frozen=True)
class Resource:
    """A custom resource of the stack, as CloudFormation remembers it."""

    resource_type: str
    properties: Mapping[str, Any]
    physical_id: str
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass
class CloudFormation:
    """A stack that asks a provider for its resources, and waits for each."""

    provider: ResourceProvider
    meanwhile: Callable[[], None] = lambda: None
    stack: str = "shop"

    def create(self, resource_type: str, properties: Mapping[str, Any]) -> Resource:
        """Create a resource."""
        event = resource_event("Create", resource_type, properties, stack=self.stack)
        return self._settle(self.begin(event))

    def update(self, resource: Resource, properties: Mapping[str, Any]) -> Resource:
        """Update a resource; if it was replaced, delete the old one as the clean-up does."""
        updated = self.update_only(resource, properties)
        if updated.physical_id != resource.physical_id:
            self.delete(resource)
        return updated

    def update_only(self, resource: Resource, properties: Mapping[str, Any]) -> Resource:
        """Update a resource, without the clean-up that follows."""
        event = resource_event(
            "Update",
            resource.resource_type,
            properties,
            physical_id=resource.physical_id,
            old_properties=resource.properties,
            stack=self.stack,
        )
        return self._settle(self.begin(event))

    def delete(self, resource: Resource) -> None:
        """Delete a resource."""
        event = resource_event(
            "Delete",
            resource.resource_type,
            resource.properties,
            physical_id=resource.physical_id,
            stack=self.stack,
        )
        self._settle(self.begin(event))

    def begin(self, event: ResourceEvent) -> ResourceEvent:
        """Hand an event to `on_event`, and return the one that `is_complete` gets."""
        answer = self.provider.on_event(event)
        return cast("ResourceEvent", json.loads(json.dumps({**event, **answer})))

    def _settle(self, event: ResourceEvent) -> Resource:
        answers: list[Completion] = []

        def is_complete() -> bool:
            answers.append(self.provider.is_complete(event))
            return answers[-1]["IsComplete"]

        wait_until(is_complete, self.meanwhile)
        return Resource(
            event["ResourceType"],
            event["ResourceProperties"],
            event["PhysicalResourceId"],
            event.get("Data", {}) | answers[-1].get("Data", {}),
        )


def wait_until(is_so: Callable[[], bool], meanwhile: Callable[[], None]) -> None:
    """Wait until something is so, for a minute at most."""
    give_up = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < give_up, "it took too long"
        meanwhile()
        time.sleep(0.002)


def refused(code: str, message: str = "no") -> Answer:
    """Return the error that a service with the protocol JSON 1.1 answers."""
    return Answer({"__type": code, "message": message}, 400)
