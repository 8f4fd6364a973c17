"""Clients, stacks and state machines of one local AWS, for the tests of this folder."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from personalize_emulator.local import LocalAws

ROLE = "arn:aws:iam::123456789012:role/any"


@dataclass
class Cloud:
    """Clients of one local AWS, and stacks in it."""

    aws: LocalAws
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            make: Callable[..., Any] = boto3.Session().client
            self._clients[service] = make(service, **self.aws.client_options)
        return self._clients[service]

    def deploy(self, resources: Mapping[str, Any], name: str = "") -> dict[str, str]:
        """Create or update a stack; return the physical ids."""
        cloudformation = self.client("cloudformation")
        name = name or f"stack-{uuid.uuid4().hex[:8]}"
        body = json.dumps({"Resources": resources})
        known = [stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]]
        verb = "update" if name in known else "create"
        getattr(cloudformation, f"{verb}_stack")(StackName=name, TemplateBody=body)
        status = eventually(lambda: self.settled(name))
        if status != f"{verb.upper()}_COMPLETE":
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            raise AssertionError([e["ResourceStatusReason"] for e in events if self.failed(e)])
        found = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}

    def delete(self, name: str) -> str:
        """Delete a stack; return its last status."""
        cloudformation = self.client("cloudformation")
        stacks = cloudformation.describe_stacks(StackName=name)["Stacks"]
        cloudformation.delete_stack(StackName=name)
        status: str = eventually(lambda: self.settled(stacks[0]["StackId"]))
        return status

    def settled(self, name: str) -> str | None:
        stack = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        status: str = stack["StackStatus"]
        return None if status.endswith("IN_PROGRESS") else status

    @staticmethod
    def failed(event: Mapping[str, Any]) -> bool:
        return "FAILED" in event["ResourceStatus"] and "ResourceStatusReason" in event

    def run(
        self, definition: Mapping[str, Any], given: object = None, role: str = ROLE
    ) -> dict[str, Any]:
        """Run a state machine to its end; return its output, or the error that ended it."""
        states = self.client("stepfunctions")
        machine = states.create_state_machine(
            name=f"machine-{uuid.uuid4().hex[:8]}",
            definition=json.dumps({"QueryLanguage": "JSONata", **definition}),
            roleArn=role,
        )["stateMachineArn"]
        execution = states.start_execution(stateMachineArn=machine, input=json.dumps(given or {}))
        arn = execution["executionArn"]
        result = eventually(lambda: self.ended(arn))
        if result["status"] == "SUCCEEDED":
            output: dict[str, Any] = json.loads(result["output"])
            return output
        return {"Error": result["error"], "Cause": result["cause"]}

    def ended(self, execution: str) -> Any:
        found = self.client("stepfunctions").describe_execution(executionArn=execution)
        return None if found["status"] == "RUNNING" else found


def eventually(ask: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := ask()):
        if time.monotonic() > end:
            pytest.fail("it did not happen")
        time.sleep(0.05)
    return found


def task(resource: str, arguments: Mapping[str, Any], **fields: object) -> dict[str, Any]:
    """A machine of one task."""
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments}
    return {"StartAt": "Only", "States": {"Only": state | {"End": True} | fields}}


def function(code: str, **properties: object) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": ROLE,
            "Code": {"ZipFile": code},
            **properties,
        },
    }
