"""A small stack of CloudFormation that a question needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from aws_check.probe import Probe
from demo.progress import DemoError


class ProbeStack:
    """One stack, which is removed with the probe that it belongs to."""

    def __init__(self, probe: Probe, resources: Mapping[str, Mapping[str, Any]]) -> None:
        """Prepare a stack whose outputs are what `Ref` returns for each resource.

        Args:
            probe: The probe.
            resources: The resources, by logical id, as a template has them.
        """
        self._probe = probe
        self._cloudformation = probe.client("cloudformation")
        self.name = probe.name("stack")
        self._template = json.dumps(
            {
                "Description": "Made by make aws-check of cdk-personalize.",
                "Resources": resources,
                "Outputs": {name: {"Value": {"Ref": name}} for name in resources},
            }
        )

    def create(self) -> dict[str, str]:
        """Create the stack.

        Returns:
            What `Ref` returns, by logical id.

        Raises:
            DemoError: CloudFormation could not; the message has its reasons, word for word.
        """
        self._probe.say(f"creating the stack {self.name}")
        # Its id, unlike its name, is known of a stack that is gone.
        stack_id = self._cloudformation.create_stack(
            StackName=self.name, TemplateBody=self._template
        )["StackId"]
        self._probe.remove_later(f"stack {self.name}", lambda: self._is_gone(stack_id))
        return self._outputs(self._settled("CREATE_COMPLETE"))

    def change_set(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """Return what CloudFormation would do for other tags of the stack; it does nothing."""
        given = {
            "StackName": self.name,
            "ChangeSetName": self._probe.name("changes"),
        }
        self._cloudformation.create_change_set(
            **given, UsePreviousTemplate=True, Tags=_tags(tags), ChangeSetType="UPDATE"
        )
        found: dict[str, Any] = {}

        def is_settled() -> bool:
            found.update(self._cloudformation.describe_change_set(**given))
            return not found["Status"].endswith(("PENDING", "IN_PROGRESS"))

        self._probe.wait_for(is_settled, f"the change set {given['ChangeSetName']}")
        self._cloudformation.delete_change_set(**given)
        return found

    def tag(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Give the stack other tags.

        Returns:
            What `Ref` returns, by logical id.

        Raises:
            ClientError: There is nothing to update.
            DemoError: CloudFormation could not; the message has its reasons, word for word.
        """
        self._cloudformation.update_stack(
            StackName=self.name, UsePreviousTemplate=True, Tags=_tags(tags)
        )
        return self._outputs(self._settled("UPDATE_COMPLETE"))

    def _settled(self, wanted: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def is_settled() -> bool:
            found.update(self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0])
            return not found["StackStatus"].endswith("IN_PROGRESS")

        self._probe.wait_for(is_settled, f"the stack {self.name}")
        if found["StackStatus"] != wanted:
            msg = f"{self.name} is {found['StackStatus']}: {'; '.join(self._reasons())}"
            raise DemoError(msg)
        return found

    def _reasons(self) -> list[str]:
        events = self._cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            f"{event['ResourceType']} {event['ResourceStatus']}: {event['ResourceStatusReason']}"
            for event in events
            if "FAILED" in event["ResourceStatus"] and event.get("ResourceStatusReason")
        ]

    @staticmethod
    def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

    def _is_gone(self, stack_id: str) -> bool:
        try:
            stack = self._cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return True
            raise
        status = stack["StackStatus"]
        if status == "DELETE_COMPLETE":
            return True
        if not status.endswith("IN_PROGRESS"):
            self._cloudformation.delete_stack(StackName=stack_id)
        return False


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
