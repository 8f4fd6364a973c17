"""Whatever is sent: an answer, or the service's error document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.use_case import UseCase
from personalize_emulator import PersonalizeEmulator, Quotas
from personalize_emulator.service import HttpRequest, HttpResponse, PersonalizeService
from personalize_emulator.service_model import SERVICES, Operation, Surface
from tests.emulator.cloud import ITEMS, ROLE, Cloud, interactions
from tests.emulator.domain_shop import DomainShop
from tests.emulator.requests import Requests, request_of
from tests.emulator.test_action_recommendations import Nudges

_ACCOUNT = "123456789012"
# What deletes comes last, or there would be little left to ask.
_OPERATIONS = sorted(
    Surface().operations, key=lambda operation: operation.name.startswith(("Delete", "Stop"))
)
_REQUESTS = 10_000 // len(_OPERATIONS) + 1
_STATUS_OF_ERRORS = {400, 404, 409, 429}


@pytest.fixture(autouse=True)
def an_hour_later(running: tuple[PersonalizeService, Requests]) -> None:
    """Let what the requests for one operation began be over before the next."""
    backend = running[0].backend
    backend.clock.advance(3600)
    backend.jobs.settle()


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[PersonalizeService, Requests]]:
    """A service in which something of each kind is there, and requests around it."""
    with PersonalizeEmulator(speed=1e-6, quotas=Quotas.none(), strict_answers=True) as emulator:
        cloud = Cloud(emulator, _ACCOUNT)
        arns = {**_shop(cloud), **_jobs(cloud)}
        tracker = arns["eventTrackerArn"][0]
        nudges = Nudges(cloud, "nudges")
        boutique = DomainShop(cloud)
        arns["recommenderArn"] = [
            boutique.recommender(),
            boutique.recommender("also", UseCase.CUSTOMERS_WHO_VIEWED_X_ALSO_VIEWED),
        ]
        arns["campaignArn"].append(nudges.campaign)
        arns["datasetGroupArn"] += [nudges.group, boutique.group]
        arns["datasetArn"] += [
            found["datasetArn"] for found in cloud.personalize.list_datasets()["datasets"]
        ]
        arns["schemaArn"] = [
            found["schemaArn"] for found in cloud.personalize.list_schemas()["schemas"]
        ]
        arns["resourceArn"] = [arns["datasetGroupArn"][0], arns["campaignArn"][0]]
        likely = {
            "trackingId": [cloud.describe(tracker)["trackingId"], nudges.tracking_id],
            "sessionId": ["s-1"],
            "actionId": ["act1", "act2"],
        }
        cloud.close()
        yield (
            emulator.service,
            Requests({**arns, **likely}, [arn for some in arns.values() for arn in some]),
        )


def _shop(cloud: Cloud) -> dict[str, list[str]]:
    """Create one of most things, with models of the recipes that answer differently."""
    group = cloud.group()
    log = cloud.dataset(group, DatasetType.INTERACTIONS, interactions())
    cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    recipes = ("aws-user-personalization", "aws-similar-items", "aws-personalized-ranking-v2")
    solutions = [cloud.solution(group, f"by-{name}", name) for name in recipes]
    versions = [cloud.version(solution) for solution in solutions]
    segments = cloud.version(cloud.solution(group, "segments", "aws-item-affinity"))
    attribution = cloud.personalize.create_metric_attribution(
        name="figures",
        datasetGroupArn=group,
        metrics=[{"eventType": "view", "metricName": "views", "expression": "SAMPLECOUNT()"}],
        metricsOutputConfig={"roleArn": ROLE},
    )["metricAttributionArn"]
    cloud.settle(attribution)
    return {
        "datasetGroupArn": [group],
        "datasetArn": [log],
        "solutionArn": solutions,
        "solutionVersionArn": [*versions, segments, f"{solutions[0]}/$LATEST"],
        "campaignArn": [
            cloud.campaign(version, f"campaign-{number}") for number, version in enumerate(versions)
        ],
        "eventTrackerArn": [cloud.tracker(group)[0]],
        "filterArn": [cloud.filter(group, "INCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY)")],
        "metricAttributionArn": [attribution],
    }


def _jobs(cloud: Cloud) -> dict[str, list[str]]:
    """Begin a job of each kind; what becomes of them does not matter."""
    personalize = cloud.personalize
    versions = {
        found["solutionVersionArn"].split("/")[1]: found["solutionVersionArn"]
        for found in personalize.list_solution_versions()["solutionVersions"]
    }
    group = personalize.list_dataset_groups()["datasetGroups"][0]["datasetGroupArn"]
    place: Any = {"s3DataSource": {"path": "s3://data/in/"}}
    output: Any = {"s3DataDestination": {"path": "s3://data/out/"}}
    made: dict[str, Any] = {
        "batchInferenceJobArn": personalize.create_batch_inference_job(
            jobName="infer",
            solutionVersionArn=versions["by-aws-user-personalization"],
            jobInput=place,
            jobOutput=output,
            roleArn=ROLE,
        ),
        "batchSegmentJobArn": personalize.create_batch_segment_job(
            jobName="segment",
            solutionVersionArn=versions["segments"],
            jobInput=place,
            jobOutput=output,
            roleArn=ROLE,
        ),
        "datasetExportJobArn": personalize.create_dataset_export_job(
            jobName="export",
            datasetArn=f"{group.replace('dataset-group', 'dataset')}/INTERACTIONS",
            jobOutput=output,
            roleArn=ROLE,
        ),
        "dataDeletionJobArn": personalize.create_data_deletion_job(
            jobName="delete",
            datasetGroupArn=group,
            dataSource={"dataLocation": "s3://data/none.csv"},
            roleArn=ROLE,
        ),
    }
    imported = personalize.list_dataset_import_jobs()["datasetImportJobs"]
    return {
        **{name: [str(answer[name])] for name, answer in made.items()},
        "datasetImportJobArn": [imported[0]["datasetImportJobArn"]],
    }


def assert_answers_or_refuses(response: HttpResponse) -> None:
    if response.status == 200:
        assert not response.body or isinstance(json.loads(response.body), dict)
        return
    document = json.loads(response.body)
    assert response.status in _STATUS_OF_ERRORS, document
    assert document["__type"] == response.headers["x-amzn-ErrorType"]
    assert document["__type"].endswith("Exception")
    assert "Traceback" not in document["message"]


@pytest.mark.parametrize("operation", _OPERATIONS, ids=lambda operation: operation.name)
def test_a_generated_request_is_answered_or_refused(
    running: tuple[PersonalizeService, Requests], operation: Operation
) -> None:
    service, requests = running
    random = Random(operation.name)  # the same requests in every run: CI tells what a change broke

    for _ in range(_REQUESTS):
        body = requests.of(operation, random)
        try:
            assert_answers_or_refuses(service.handle(request_of(operation, body)))
        except Exception as error:
            error.add_note(f"the request was {body[:2000]!r}")
            raise


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "", "\x00"]),
    path=st.one_of(st.sampled_from(["/", "/events", "/recommendations", "/../x"]), st.text()),
    target=st.one_of(st.none(), st.text(), st.just("AmazonPersonalize."), st.just("A" * 10_000)),
    body=st.one_of(st.binary(), st.just(b"[" * 100_000), st.just(b'{"a":' * 50_000)),
)
def test_bytes_are_answered_or_refused(
    running: tuple[PersonalizeService, Requests],
    method: str,
    path: str,
    target: str | None,
    body: bytes,
) -> None:
    headers = {} if target is None else {"X-Amz-Target": target}

    assert_answers_or_refuses(running[0].handle(HttpRequest(method, path, headers, body)))


@pytest.mark.parametrize("operation", _OPERATIONS, ids=lambda operation: operation.name)
def test_a_body_of_five_million_characters_is_answered_or_refused(
    running: tuple[PersonalizeService, Requests], operation: Operation
) -> None:
    shape = operation.input_shape
    members = list(shape.members) if shape else ["x"]
    body = json.dumps(dict.fromkeys(members, "x" * (5_000_000 // len(members)))).encode()

    assert_answers_or_refuses(running[0].handle(request_of(operation, body)))


def test_three_services_are_asked() -> None:
    assert {operation.service for operation in _OPERATIONS} == set(SERVICES)
