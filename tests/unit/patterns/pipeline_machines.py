"""The state machines of the pipeline, read back from a template."""

import json
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Template
from constructs import Construct

from cdk_personalize.patterns._pipeline_jobs import job_definition
from cdk_personalize.patterns._pipeline_lock import PipelineLock
from cdk_personalize.patterns._pipeline_rounds import PipelineRounds

States = dict[str, dict[str, Any]]


def states_of(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in definition["States"].items():
        yield name, state
        for inner in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
            yield from states_of(inner)


def read_definitions() -> dict[str, dict[str, Any]]:
    stack = cdk.Stack(cdk.App(), "Pipeline")
    jobs = Construct(stack, "Jobs")
    machine = sfn.StateMachine(
        jobs,
        "Machine",
        definition_body=sfn.DefinitionBody.from_chainable(
            job_definition(jobs, arn_prefix="arn:aws:personalize:eu-west-1:1:")
        ),
        query_language=sfn.QueryLanguage.JSONATA,
    )
    rounds = Construct(stack, "Rounds")
    table = dynamodb.Table(
        rounds,
        "Table",
        partition_key=dynamodb.Attribute(name="Id", type=dynamodb.AttributeType.STRING),
    )
    sfn.StateMachine(
        rounds,
        "Machine",
        definition_body=sfn.DefinitionBody.from_chainable(
            PipelineRounds(
                rounds,
                lock=PipelineLock(
                    rounds,
                    table,
                    machine_arn="arn:aws:states:eu-west-1:1:stateMachine:p",
                    execution_arns="arn:aws:states:eu-west-1:1:execution:p:*",
                ),
                jobs=machine,
                bucket=s3.Bucket(rounds, "Bucket"),
                quiet_period=cdk.Duration.minutes(1),
                plan={},
            ).definition()
        ),
        query_language=sfn.QueryLanguage.JSONATA,
    )
    template = Template.from_stack(stack).find_resources("AWS::StepFunctions::StateMachine")
    found = {}
    for logical_id, resource in template.items():
        parts = resource["Properties"]["DefinitionString"]["Fn::Join"][1]
        text = "".join(part if isinstance(part, str) else "token" for part in parts)
        found["jobs" if logical_id.startswith("Jobs") else "rounds"] = json.loads(text)
    return found
