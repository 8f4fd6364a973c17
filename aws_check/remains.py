"""What a check left behind, what that costs, and how to remove it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from aws_check.account import client_of
from aws_check.costs import per_hour
from aws_check.names import PROBE_PREFIX, STACK
from demo.cloud import Cloud
from demo.leftovers import leftovers

_MARKS = (STACK.lower(), PROBE_PREFIX)
_COMMANDS = {
    "apigatewayv2": "apigatewayv2 delete-api --api-id {name}",
    "cloudformation": "cloudformation delete-stack --stack-name {name}",
    "cloudwatch": "cloudwatch delete-alarms --alarm-names {name}",
    "dynamodb": "dynamodb delete-table --table-name {name}",
    "events": "events delete-rule --name {last}",
    "iam": "iam delete-role --role-name {name}",
    "kinesis": "kinesis delete-stream --stream-name {name}",
    "kms": "kms schedule-key-deletion --pending-window-in-days 7 --key-id {name}",
    "lambda": "lambda delete-function --function-name {name}",
    "logs": "logs delete-log-group --log-group-name {name}",
    "personalize": "personalize delete-{type} --{type}-arn {name}",
    "s3": "s3 rb --force s3://{name}",
    "sns": "sns delete-topic --topic-arn {name}",
    "sqs": "sqs delete-queue --queue-url {name}",
    "ssm": "ssm delete-parameter --name {name}",
    "stepfunctions": "stepfunctions delete-state-machine --state-machine-arn {name}",
}


@dataclass(frozen=True)
class Remain:
    """Something that was left.

    Args:
        name: What it is, as `service: name`.
        dollars_per_hour: What it costs as long as it is there.
        command: How to remove it.
    """

    name: str
    dollars_per_hour: float
    command: str

    @classmethod
    def of(cls, leftover: str) -> Remain:
        """Describe what was left, as `service: name`."""
        service, _, name = leftover.partition(": ")
        last = name.rpartition("/")[2]
        kind = name.rpartition(":")[2].partition("/")[0]
        command = f"aws {_COMMANDS[service].format(name=name, last=last, type=kind)}"
        return cls(leftover, per_hour(leftover), command)


class Footprint:
    """All that a check makes: known by its names, and by what CloudFormation tells of its stack.

    Many resources have names that say nothing (a key, a mapping of events), and the account is full
    of other things: so the physical ids are taken down while the stack is there.
    """

    def __init__(self, cloud: Cloud) -> None:
        """Begin with the names alone."""
        self._cloud = cloud
        self._ids: set[str] = set()

    def take_down(self) -> None:
        """Take down the physical ids of the stack; no harm if it is not there."""
        pages = client_of(self._cloud, "cloudformation").get_paginator("list_stack_resources")
        try:
            for page in pages.paginate(StackName=STACK):
                self._ids |= {
                    resource["PhysicalResourceId"]
                    for resource in page["StackResourceSummaries"]
                    if resource.get("PhysicalResourceId")
                }
        except ClientError as error:
            if "does not exist" not in str(error):
                raise

    def remains(self, unseen: Callable[[str], None]) -> list[Remain]:
        """Return what is there of it.

        Args:
            unseen: Told of each service that refuses to be asked.
        """
        return [Remain.of(each) for each in leftovers(self._cloud, self._has, unseen)]

    def _has(self, name: str) -> bool:
        if any(mark in name.lower() for mark in _MARKS):
            return True
        return any(part in self._ids for part in _parts(name))


def _parts(name: str) -> set[str]:
    """Return what of a name or an ARN may be a physical id."""
    return {name, name.rpartition("/")[2], name.rpartition(":")[2]}
