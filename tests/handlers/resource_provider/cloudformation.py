"""CloudFormation and the CDK's provider framework, as far as a custom resource sees them."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from resource_provider.lifecycle import Completion, ResourceEvent
from resource_provider.provider import ResourceProvider
from tests.handlers.upstream import Answer, Body

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

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
class Stacks:
    """What CloudFormation answers to whoever asks how a stack is."""

    status: str = "UPDATE_IN_PROGRESS"

    def client(self) -> "CloudFormationClient":
        """Return a client that gets this answer, where the network would begin."""
        client = boto3.client("cloudformation")
        # The stubs say that a handler returns nothing; this event takes the first answer.
        answer = cast("Callable[..., None]", self._answer)
        client.meta.events.register("before-send.cloudformation.DescribeStacks", answer)
        return client

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        body = (
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>"
            f"<StackName>shop</StackName><StackStatus>{self.status}</StackStatus>"
            "<CreationTime>2026-01-01T00:00:00Z</CreationTime>"
            "</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
        )
        return AWSResponse(request.url, 200, HTTPHeaders(), Body(body.encode()))


@dataclass
class CloudFormation:
    """A stack that asks a provider for its resources, and waits for each."""

    provider: ResourceProvider
    meanwhile: Callable[[], None] = lambda: None
    stack: str = "shop"
    stacks: Stacks = field(default_factory=Stacks)

    def create(self, resource_type: str, properties: Mapping[str, Any]) -> Resource:
        """Create a resource."""
        event = resource_event("Create", resource_type, properties, stack=self.stack)
        return self.settle(self.begin(event))

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
        return self.settle(self.begin(event))

    def roll_back(self, resource: Resource, attempted: Mapping[str, Any]) -> Resource:
        """Take a resource back to what it was, after an update to `attempted`, however it ended."""
        self.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
        now = Resource(resource.resource_type, attempted, resource.physical_id)
        return self.update_only(now, resource.properties)

    def delete(self, resource: Resource) -> None:
        """Delete a resource."""
        event = resource_event(
            "Delete",
            resource.resource_type,
            resource.properties,
            physical_id=resource.physical_id,
            stack=self.stack,
        )
        self.settle(self.begin(event))

    def begin(self, event: ResourceEvent) -> ResourceEvent:
        """Hand an event to `on_event`, and return the one that `is_complete` gets."""
        answer = self.provider.on_event(event)
        return cast("ResourceEvent", json.loads(json.dumps({**event, **answer})))

    def settle(self, event: ResourceEvent) -> Resource:
        """Ask until what was begun is complete."""
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
