"""What CloudFormation says of the stack whose resource it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resource_provider.lifecycle import ResourceEvent

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


class Stacks:
    """The stacks that the events come from."""

    def __init__(self, cloudformation: CloudFormationClient) -> None:
        """Keep the client."""
        self._cloudformation = cloudformation

    def is_rolling_back(self, event: ResourceEvent) -> bool:
        """Tell whether an update takes back what the stack failed to become.

        The event itself does not tell: it is an update to the old properties like any other.
        """
        return "ROLLBACK" in self._status(event)

    def is_being_deleted(self, event: ResourceEvent) -> bool:
        """Tell whether a resource is deleted together with its whole stack."""
        return self._status(event) == "DELETE_IN_PROGRESS"

    def _status(self, event: ResourceEvent) -> str:
        (stack,) = self._cloudformation.describe_stacks(StackName=event["StackId"])["Stacks"]
        return stack["StackStatus"]
