"""The definitions of the state machines of the pipeline."""

from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from cdk_personalize.patterns._pipeline_jobs import job_definition
from cdk_personalize.patterns._pipeline_lock import PipelineLock
from cdk_personalize.patterns._pipeline_rounds import round_definition
from cdk_personalize.patterns._pipeline_steps import PipelineSteps
from tests.unit.apps import new_app

States = dict[str, dict[str, Any]]


def states_of(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in definition["States"].items():
        yield name, state
        for inner in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
            yield from states_of(inner)


def read_definitions() -> dict[str, dict[str, Any]]:
    stack = cdk.Stack(new_app(), "Pipeline")
    machine = "arn:aws:states:eu-west-1:1:stateMachine"
    lock = PipelineLock(
        dynamodb.Table.from_table_name(stack, "Table", "lock"),
        machine_arn=f"{machine}:p",
        execution_arns="arn:aws:states:eu-west-1:1:execution:p:*",
    )
    steps = PipelineSteps(
        lock,
        jobs=sfn.StateMachine.from_state_machine_arn(stack, "Jobs", f"{machine}:j"),
        bucket=s3.Bucket.from_bucket_name(stack, "Bucket", "data"),
    )
    return {
        "jobs": job_definition(arn_prefix="arn:aws:personalize:eu-west-1:1:", timeout_seconds=3600),
        "rounds": round_definition(steps, quiet_seconds=60, plan={}),
    }
