"""What a dataset group has one of, where the service fails or is behind."""

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from resource_provider.lifecycle import ProvisioningError, ResourceEvent
from resource_provider.provider import ResourceProvider
from tests.handlers.resource_provider.cloudformation import Stacks, refused, resource_event
from tests.handlers.resource_provider.shop import GROUP_ARN, PREFIX, ROLE_ARN, as_request
from tests.handlers.upstream import Answer, Call, Upstream

ATTRIBUTION = "Custom::PersonalizeMetricAttribution"
ARN = f"{PREFIX}:metric-attribution/sales"
PROPERTIES = as_request(
    name="sales",
    datasetGroupArn=GROUP_ARN,
    metrics=[],
    metricsOutputConfig={"roleArn": ROLE_ARN},
)


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def stacks() -> Stacks:
    return Stacks()


@pytest.fixture
def provider(upstream: Upstream, stacks: Stacks) -> Iterator[ResourceProvider]:
    personalize = boto3.client("personalize", config=Config(retries={"total_max_attempts": 1}))
    with upstream.behind(personalize):
        yield ResourceProvider(personalize, boto3.client("stepfunctions"), stacks.client())


def listed(status: str, **others: Any) -> Answer:
    now = time.time()
    one = {"name": "sales", "metricAttributionArn": ARN, "status": status}
    times = {"creationDateTime": now, "lastUpdatedDateTime": now}
    return Answer({"metricAttributions": [one | times | others]})


def creation() -> ResourceEvent:
    event = resource_event("Create", ATTRIBUTION, PROPERTIES)
    event["PhysicalResourceId"] = f"{GROUP_ARN}/metric-attribution"
    return event


def test_a_creation_that_fails_says_why(provider: ResourceProvider, upstream: Upstream) -> None:
    upstream.answer = lambda _: listed("CREATE FAILED", failureReason="no access to CloudWatch")

    with pytest.raises(
        ProvisioningError,
        match=f"^the metric attribution {ARN} is CREATE FAILED: no access to CloudWatch$",
    ):
        provider.is_complete(creation())


def test_an_update_of_one_whose_creation_failed_begins_with_its_deletion(
    provider: ResourceProvider, upstream: Upstream
) -> None:
    upstream.answer = lambda call: (
        listed("CREATE FAILED") if "datasetGroupArn" in call.body else Answer()
    )

    provider.on_event(
        resource_event(
            "Update", ATTRIBUTION, PROPERTIES, physical_id="arn:", old_properties=PROPERTIES
        )
    )

    assert upstream.calls[-1].body == {"metricAttributionArn": ARN}


def test_a_creation_that_fails_while_the_stack_rolls_back_does_not_fail_that(
    provider: ResourceProvider, upstream: Upstream, stacks: Stacks
) -> None:
    stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    upstream.answer = lambda _: listed("CREATE FAILED")
    event = resource_event(
        "Update", ATTRIBUTION, PROPERTIES, physical_id="arn:", old_properties=PROPERTIES
    )

    assert provider.is_complete(event)["IsComplete"]


def test_a_list_that_is_behind_is_waited_for(
    provider: ResourceProvider, upstream: Upstream
) -> None:
    def answer(call: Call) -> Answer:
        creates = "metrics" in call.body
        return (
            refused("ResourceAlreadyExistsException")
            if creates
            else Answer({"metricAttributions": []})
        )

    upstream.answer = answer

    assert provider.is_complete(creation()) == {"IsComplete": False}


def test_one_that_another_came_before_is_refused(
    provider: ResourceProvider, upstream: Upstream
) -> None:
    upstream.answer = lambda _: listed("ACTIVE", name="theirs")

    with pytest.raises(ProvisioningError, match="is there already, not made by this stack"):
        provider.is_complete(creation())
