"""Custom::PersonalizePipeline: starts the pipeline after a deploy, and stops it before a deletion.

It depends on everything that the pipeline can touch, so it goes before all of that does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from personalize_runtime.observability import logger
from resource_provider.control_plane import (
    code_of,
    message_of,
    stop_training,
)
from resource_provider.file_jobs import FileJobs
from resource_provider.lifecycle import Change, ResourceEvent, physical_id, stack_name
from resource_provider.retirement import delete_retired
from resource_provider.run_names import ALL_NAMES, RunNames

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient
    from mypy_boto3_stepfunctions import SFNClient


# The list of executions is eventually consistent: one that was just started may not be in it yet.
SETTLING_SECONDS = 5


class PipelineResource:
    """The pipeline of the stack."""

    def __init__(self, personalize: PersonalizeClient, stepfunctions: SFNClient) -> None:
        """Keep the clients."""
        self._personalize = personalize
        self._stepfunctions = stepfunctions
        self._jobs = FileJobs(personalize)

    def create(self, event: ResourceEvent) -> Change:
        """Start the pipeline: there may be data already."""
        return self._start(event)

    def update(self, event: ResourceEvent) -> Change:
        """Start the pipeline if what it is to realise has changed."""
        old, new = event.get("OldResourceProperties", {}), event["ResourceProperties"]
        if any(old.get(name) != new[name] for name in ("Plan", "StateMachineArn")):
            return self._start(event)
        return Change(physical_id(event))

    def still_changing(self, event: ResourceEvent) -> str | None:
        """Wait for nothing: the pipeline takes hours."""
        return None

    def still_deleting(self, event: ResourceEvent) -> str | None:
        """Stop executions and trainings; wait for jobs, which have no stop.

        Of what another pipeline has begun in the dataset group nothing is touched or waited for.
        What is in the way of a deletion, whoever began it, holds up that deletion.
        """
        properties = event["ResourceProperties"]
        machines = properties.get("StateMachineArns", [properties["StateMachineArn"]])
        solutions, ours = properties.get("SolutionArns", []), _names_of_runs(properties)
        trainings = (stop_training(self._personalize, arn, ours) for arn in solutions)
        return (
            next(filter(None, map(self._stop_executions, machines)), None)
            or next(filter(None, trainings), None)
            or self._jobs.still_running(properties["DatasetGroupArn"], ours)
            or _settling(event)
        )

    def _start(self, event: ResourceEvent) -> Change:
        arn = event["ResourceProperties"]["StateMachineArn"]
        try:
            self._stepfunctions.start_execution(
                stateMachineArn=arn,
                name=f"deploy-{event['RequestId']}",
                input=json.dumps({"Reason": "deploy"}),
            )
        except ClientError as error:
            if code_of(error) != "ExecutionAlreadyExists":  # this very request, repeated
                raise
        try:
            group_arn = event["ResourceProperties"]["DatasetGroupArn"]
            delete_retired(self._personalize, group_arn, stack_name(event))
        except ClientError as error:
            # What is left is deleted at another deploy, or with the stack: no reason to fail.
            logger.warning("retired solutions are left", reason=message_of(error))
        return Change(arn)

    def _stop_executions(self, machine: str) -> str | None:
        pages = self._stepfunctions.get_paginator("list_executions").paginate(
            stateMachineArn=machine, statusFilter="RUNNING"
        )
        waiting = None
        try:
            for page in pages:
                for execution in page["executions"]:
                    arn = execution["executionArn"]
                    waiting = f"the execution {arn} is being stopped"
                    # Without a cause, which Step Functions would encrypt, also with a key that is
                    # disabled by now.
                    self._stepfunctions.stop_execution(executionArn=arn)
        except ClientError as error:
            if code_of(error) not in {"StateMachineDoesNotExist", "ExecutionDoesNotExist"}:
                raise
        return waiting


def _names_of_runs(properties: Mapping[str, Any]) -> Container[object]:
    # A template of an earlier version of the library does not tell.
    return RunNames(properties["RunNames"]) if "RunNames" in properties else ALL_NAMES


def _settling(event: ResourceEvent) -> str | None:
    if time.time() - event.get("BeganAt", 0) < SETTLING_SECONDS:
        return "an execution may be starting"
    return None
