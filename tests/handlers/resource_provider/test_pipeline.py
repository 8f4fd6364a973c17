"""Custom::PersonalizePipeline, on the emulator and a state machine that remembers its calls."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import boto3
import pytest

from resource_provider.pipeline import SETTLING_SECONDS
from resource_provider.provider import ResourceProvider
from tests.handlers.resource_provider.cloudformation import (
    CloudFormation,
    Resource,
    Stacks,
    refused,
    resource_event,
)
from tests.handlers.resource_provider.shop import GROUP_ARN, PREFIX, ROLE_ARN, Shop, solution
from tests.handlers.upstream import Answer, Call, Upstream

PIPELINE = "Custom::PersonalizePipeline"
STATES = "arn:aws:states:us-east-1:123456789012"
MACHINE, JOBS = f"{STATES}:stateMachine:pipeline", f"{STATES}:stateMachine:jobs"
OURS, OTHERS = (f"{name}-{'0123456789abcdef0123'}" for name in ("Shop-Pipeline", "Shop-Renamed"))
PROPERTIES = {
    "StateMachineArn": MACHINE,
    "StateMachineArns": [MACHINE, JOBS],
    "DatasetGroupArn": GROUP_ARN,
    "SolutionArns": [f"{PREFIX}:solution/similar"],
    "RunNames": ["Shop-Pipeline", "nightly"],
    "Plan": "1",
}
RESOURCE = Resource(PIPELINE, PROPERTIES, MACHINE)


@dataclass
class StateMachines:
    """Step Functions: what was started, and what runs."""

    upstream: Upstream = field(default_factory=Upstream)
    started: dict[str, str] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)

    def answer(self, call: Call) -> Answer:
        if "name" in call.body:
            if call.body["name"] in self.started:
                return refused("ExecutionAlreadyExists")
            self.started[call.body["name"]] = call.body["input"]
            return Answer({"executionArn": f"{STATES}:execution:pipeline:x", "startDate": 1})
        if "executionArn" in call.body:
            self.running.remove(call.body["executionArn"])
            return Answer({"stopDate": 1})
        name = call.body["stateMachineArn"].rpartition(":")[2]
        executions = [
            {
                "executionArn": arn,
                "stateMachineArn": call.body["stateMachineArn"],
                "name": "x",
                "status": "RUNNING",
                "startDate": 1,
            }
            for arn in self.running
            if f":{name}:" in arn
        ]
        return Answer({"executions": executions})


@pytest.fixture
def machines() -> StateMachines:
    return StateMachines()


@pytest.fixture
def stack(shop: Shop, machines: StateMachines) -> Iterator[CloudFormation]:
    client = boto3.client("stepfunctions")
    machines.upstream.answer = machines.answer
    with machines.upstream.behind(client):
        yield CloudFormation(
            ResourceProvider(shop.personalize, client, Stacks().client()), shop.later
        )


OLDER = {name: value for name, value in PROPERTIES.items() if name != "RunNames"}


def delete(stack: CloudFormation, properties: Mapping[str, object] = PROPERTIES) -> bool:
    """Look once whether the pipeline has come to rest, long after it was asked for."""
    event = resource_event("Delete", PIPELINE, properties, physical_id=MACHINE)
    event["BeganAt"] = time.time() - SETTLING_SECONDS
    return stack.provider.is_complete(event)["IsComplete"]


# Starting


def test_a_first_deploy_starts_the_pipeline(stack: CloudFormation, machines: StateMachines) -> None:
    resource = stack.create(PIPELINE, PROPERTIES)

    assert resource.physical_id == MACHINE
    assert list(machines.started.values()) == ['{"Reason": "deploy"}']


def test_a_repeated_request_starts_the_pipeline_once(
    stack: CloudFormation, machines: StateMachines
) -> None:
    event = resource_event("Create", PIPELINE, PROPERTIES)
    stack.provider.on_event(event)

    stack.provider.on_event(event)

    assert list(machines.started) == [f"deploy-{event['RequestId']}"]


def test_the_name_of_an_execution_is_one_that_step_functions_takes(
    stack: CloudFormation, machines: StateMachines
) -> None:
    stack.create(PIPELINE, PROPERTIES)

    assert len(next(iter(machines.started))) <= 80


def test_a_deploy_with_another_plan_starts_the_pipeline(
    stack: CloudFormation, machines: StateMachines
) -> None:
    stack.update(RESOURCE, PROPERTIES | {"Plan": "2"})

    assert len(machines.started) == 1


def test_a_deploy_with_the_same_plan_does_not(
    stack: CloudFormation, machines: StateMachines
) -> None:
    stack.update(RESOURCE, PROPERTIES | {"DatasetArns": []})

    assert machines.started == {}


def test_a_deploy_deletes_what_was_retired_and_serves_no_more(
    stack: CloudFormation, shop: Shop
) -> None:
    arn = stack.create("Custom::PersonalizeSolution", solution()).physical_id
    shop.personalize.tag_resource(
        resourceArn=arn, tags=[{"tagKey": "cdk-personalize:retired-by", "tagValue": "shop"}]
    )

    stack.create(PIPELINE, PROPERTIES)

    assert shop.solution(arn)["status"] == "DELETE PENDING"


# Stopping


def test_executions_of_all_machines_are_stopped(
    stack: CloudFormation, shop: Shop, machines: StateMachines
) -> None:
    machines.running = [f"{STATES}:execution:{name}:1" for name in ("pipeline", "jobs", "others")]

    shop.wait(lambda: delete(stack))

    assert machines.running == [f"{STATES}:execution:others:1"]


def test_stopping_tells_no_cause_that_a_disabled_key_would_have_to_encrypt(
    stack: CloudFormation, machines: StateMachines
) -> None:
    machines.running = [f"{STATES}:execution:pipeline:1"]

    delete(stack)

    stops = [call.body for call in machines.upstream.calls if "executionArn" in call.body]
    assert stops == [{"executionArn": f"{STATES}:execution:pipeline:1"}]


def test_what_was_stopped_is_looked_at_again(
    stack: CloudFormation, machines: StateMachines
) -> None:
    machines.running = [f"{STATES}:execution:pipeline:1"]

    assert delete(stack) is False
    assert delete(stack) is True


def test_an_execution_that_is_just_starting_is_waited_for(
    stack: CloudFormation, machines: StateMachines
) -> None:
    event = stack.begin(resource_event("Delete", PIPELINE, PROPERTIES, physical_id=MACHINE))

    assert stack.provider.is_complete(event) == {"IsComplete": False}


def test_a_state_machine_that_is_gone_has_nothing_to_stop(
    stack: CloudFormation, machines: StateMachines
) -> None:
    machines.upstream.answer = lambda _: refused("StateMachineDoesNotExist")

    assert delete(stack) is True


def test_its_trainings_are_stopped(stack: CloudFormation, shop: Shop) -> None:
    version = begin_training(stack, shop, OURS)

    shop.wait(lambda: delete(stack))

    assert shop.version(version)["status"] == "CREATE STOPPED"


@pytest.mark.parametrize("name", [OTHERS, "nightly-1", "Shop-Pipeline-by-hand"])
def test_a_training_of_another_is_left_alone(stack: CloudFormation, shop: Shop, name: str) -> None:
    version = begin_training(stack, shop, name)

    assert delete(stack) is True
    assert shop.version(version)["status"] == "CREATE PENDING"


def test_a_training_that_has_no_name_is_left_alone(stack: CloudFormation, shop: Shop) -> None:
    version = begin_training(stack, shop, None)

    assert delete(stack) is True
    assert shop.version(version)["status"] == "CREATE PENDING"


def test_what_was_deployed_by_an_older_version_stops_every_training(
    stack: CloudFormation, shop: Shop
) -> None:
    version = begin_training(stack, shop, OTHERS)

    shop.wait(lambda: delete(stack, OLDER))

    assert shop.version(version)["status"] == "CREATE STOPPED"


@pytest.mark.parametrize("name", [OURS, OURS.replace("Shop-Pipeline", "nightly")])
def test_its_import_has_no_stop_and_is_waited_for(
    stack: CloudFormation, shop: Shop, name: str
) -> None:
    shop.stock()
    job = shop.start_import(f"{PREFIX}:dataset/shop/INTERACTIONS", name=name)

    assert delete(stack) is False
    shop.wait(lambda: delete(stack))
    assert shop.job(job)["status"] == "ACTIVE"


KINDS = ["import", "export", "deletion", "batch inference"]


@pytest.mark.parametrize("kind", KINDS)
def test_its_job_on_files_has_no_stop_and_is_waited_for(
    stack: CloudFormation, shop: Shop, kind: str
) -> None:
    shop.stock()
    begin_job(stack, shop, kind, OURS)

    assert delete(stack) is False
    shop.wait(lambda: delete(stack))


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_of_another_pipeline_is_not_waited_for(
    stack: CloudFormation, shop: Shop, kind: str
) -> None:
    shop.stock()
    begin_job(stack, shop, kind, OTHERS)

    assert delete(stack) is True


def test_what_was_deployed_by_an_older_version_waits_for_every_job(
    stack: CloudFormation, shop: Shop
) -> None:
    shop.stock()
    begin_job(stack, shop, "export", OTHERS)

    assert delete(stack, OLDER) is False


def test_a_batch_job_of_another_group_is_not_waited_for(stack: CloudFormation, shop: Shop) -> None:
    shop.stock()
    begin_job(stack, shop, "batch inference", OURS)
    others = {"DatasetGroupArn": f"{PREFIX}:dataset-group/other", "SolutionArns": []}

    assert delete(stack, PROPERTIES | others) is True


def begin_training(stack: CloudFormation, shop: Shop, name: str | None) -> str:
    arn = stack.create("Custom::PersonalizeSolution", solution()).physical_id
    shop.stock()
    return shop.start_training(arn, name)


def begin_job(stack: CloudFormation, shop: Shop, kind: str, name: str) -> None:
    personalize = shop.personalize
    if kind == "import":
        shop.start_import(f"{PREFIX}:dataset/shop/INTERACTIONS", name)
    elif kind == "export":
        personalize.create_dataset_export_job(
            jobName=name,
            datasetArn=f"{PREFIX}:dataset/shop/INTERACTIONS",
            roleArn=ROLE_ARN,
            jobOutput={"s3DataDestination": {"path": "s3://data/export/"}},
        )
    elif kind == "deletion":
        shop.aws.objects.put("data", "delete/users.csv", b"USER_ID\n1\n")
        personalize.create_data_deletion_job(
            jobName=name,
            datasetGroupArn=GROUP_ARN,
            roleArn=ROLE_ARN,
            dataSource={"dataLocation": "s3://data/delete/"},
        )
    else:
        shop.aws.objects.put("data", "in.json", b'{"itemId": "1"}')
        version = shop.train(stack.create("Custom::PersonalizeSolution", solution()).physical_id)
        personalize.create_batch_inference_job(
            jobName=name,
            solutionVersionArn=version,
            roleArn=ROLE_ARN,
            jobInput={"s3DataSource": {"path": "s3://data/in.json"}},
            jobOutput={"s3DataDestination": {"path": "s3://data/out/"}},
        )
