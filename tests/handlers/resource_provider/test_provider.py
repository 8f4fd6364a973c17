"""The custom resources: what all types have in common, and what AWS answers when it is not well."""

import io
import re
import time
from collections.abc import Iterator

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from resource_provider import handler
from resource_provider.lifecycle import ProvisioningError, ResourceEvent
from resource_provider.provider import PATIENCE_SECONDS, ResourceProvider
from tests.handlers.resource_provider.cloudformation import Stacks, refused, resource_event
from tests.handlers.upstream import Answer, Call, Upstream

ARN = "arn:aws:personalize:us-east-1:123456789012:dataset/shop/ITEMS"
GROUP_ARN = "arn:aws:personalize:us-east-1:123456789012:dataset-group/shop"
DATASET = "Custom::PersonalizeDataset"
PROPERTIES = {
    "Request": '{"name": "items", "datasetType": "Items",'
    ' "schemaArn": "arn:aws:personalize:us-east-1:123456789012:schema/items",'
    ' "datasetGroupArn": "arn:aws:personalize:us-east-1:123456789012:dataset-group/shop"}'
}


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def provider(upstream: Upstream) -> Iterator[ResourceProvider]:
    # Retries have a test of their own, and take their time.
    personalize = boto3.client("personalize", config=Config(retries={"total_max_attempts": 1}))
    with upstream.behind(personalize):
        yield ResourceProvider(personalize, boto3.client("stepfunctions"), Stacks().client())


def deletion(*, began_at: float | None = None) -> ResourceEvent:
    event = resource_event("Delete", DATASET, PROPERTIES, physical_id=ARN)
    if began_at is not None:
        event["BeganAt"] = began_at
    return event


def described(status: str) -> Answer:
    return Answer({"dataset": {"datasetArn": ARN, "datasetGroupArn": GROUP_ARN, "status": status}})


@pytest.mark.parametrize(
    "physical_id",
    ["AWSCDK::CustomResourceProviderFramework::CREATE_FAILED", "", "2c1e8d1e-create-request"],
)
def test_the_deletion_of_what_was_never_created_asks_for_nothing(
    provider: ResourceProvider, upstream: Upstream, physical_id: str
) -> None:
    event = resource_event("Delete", DATASET, PROPERTIES, physical_id=physical_id)

    assert provider.on_event(event)["PhysicalResourceId"] == physical_id
    assert provider.is_complete(event) == {"IsComplete": True}
    assert upstream.calls == []


def test_what_is_gone_is_deleted(provider: ResourceProvider, upstream: Upstream) -> None:
    upstream.answer = lambda _: refused("ResourceNotFoundException")

    assert provider.is_complete(deletion()) == {"IsComplete": True}


@pytest.mark.parametrize("code", ["ResourceInUseException", "ThrottlingException"])
def test_a_refusal_that_passes_is_waited_out(
    provider: ResourceProvider, upstream: Upstream, code: str
) -> None:
    def answer(call: Call) -> Answer:
        if "datasetGroupArn" in call.body:
            return Answer({"solutions": [], "Filters": [], "metricAttributions": []})
        return described("ACTIVE") if len(upstream.calls) == 1 else refused(code)

    upstream.answer = answer

    assert provider.is_complete(deletion()) == {"IsComplete": False}


def test_why_a_resource_is_waited_for_is_logged(
    provider: ResourceProvider, upstream: Upstream, log: io.StringIO
) -> None:
    upstream.answer = lambda _: described("DELETE IN_PROGRESS")

    provider.is_complete(deletion())

    assert f"the data set {ARN} is DELETE IN_PROGRESS" in log.getvalue()


def test_gives_up_with_the_reason_before_the_framework_gives_up_without(
    provider: ResourceProvider, upstream: Upstream
) -> None:
    upstream.answer = lambda _: described("DELETE IN_PROGRESS")
    event = deletion(began_at=time.time() - PATIENCE_SECONDS - 1)

    with pytest.raises(
        ProvisioningError,
        match=rf"Not done after 55 minutes, because the data set {ARN} is DELETE IN_PROGRESS\. "
        r"It is safe to try again\.",
    ):
        provider.is_complete(event)


def test_gives_up_before_the_framework_does() -> None:
    assert PATIENCE_SECONDS < 60 * 60


def test_a_refusal_that_does_not_pass_is_told_in_one_line(
    provider: ResourceProvider, upstream: Upstream
) -> None:
    upstream.answer = lambda _: refused("AccessDeniedException", message="not you")

    message = re.escape("DescribeDataset: not you (AccessDeniedException)")
    with pytest.raises(ProvisioningError, match=f"^{message}$"):
        provider.is_complete(deletion())


def test_a_creation_that_is_refused_is_told_in_one_line(
    provider: ResourceProvider, upstream: Upstream
) -> None:
    upstream.answer = lambda _: refused("LimitExceededException", message="5 groups are enough")

    message = re.escape("CreateDataset: 5 groups are enough (LimitExceededException)")
    with pytest.raises(ProvisioningError, match=f"^{message}$"):
        provider.on_event(resource_event("Create", DATASET, PROPERTIES))


def test_a_type_that_is_none_is_refused(provider: ResourceProvider) -> None:
    with pytest.raises(ProvisioningError, match="Custom::Shop must be one of Custom::Personalize"):
        provider.on_event(resource_event("Create", "Custom::Shop", {}))


def test_a_request_that_is_no_object_is_refused(provider: ResourceProvider) -> None:
    with pytest.raises(ProvisioningError, match="Request must be a JSON object"):
        provider.on_event(resource_event("Create", DATASET, {"Request": "[]"}))


def test_both_handlers_answer(lambda_context: LambdaContext) -> None:
    event = resource_event("Delete", DATASET, PROPERTIES, physical_id="never created")

    assert handler.on_event(event, lambda_context)["PhysicalResourceId"] == "never created"
    assert handler.is_complete(event, lambda_context) == {"IsComplete": True}


def test_the_signed_url_of_a_request_is_not_logged(
    provider: ResourceProvider, upstream: Upstream, log: io.StringIO
) -> None:
    upstream.answer = lambda _: Answer({"datasetArn": ARN})

    provider.on_event(resource_event("Create", DATASET, PROPERTIES))

    assert log.getvalue()
    assert "secret" not in log.getvalue()
