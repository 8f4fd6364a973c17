"""Requests beyond the documented rates are refused, where throttling is switched on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from personalize_emulator import PersonalizeEmulator
from personalize_emulator.caller import Caller
from personalize_emulator.errors import ThrottlingError
from personalize_emulator.service import HttpRequest, HttpResponse, PersonalizeService
from personalize_emulator.service_model import Operation, Surface
from personalize_emulator.throttling import (
    CONTROL_PLANE_OPERATIONS,
    EVENT_RATES,
    DocumentedRates,
)

CAMPAIGN = "arn:aws:personalize:us-east-1:123456789012:campaign/live"
DATASET = "arn:aws:personalize:us-east-1:123456789012:dataset/shop/ITEMS"
OTHER = "arn:aws:personalize:us-east-1:123456789012:campaign/other"


class Seconds:
    """Real time, as the test lets it pass."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return self.passed


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def service(seconds: Seconds) -> Iterator[PersonalizeService]:
    with PersonalizeService(throttling=DocumentedRates(seconds)) as running:
        yield running


def control(
    service: PersonalizeService, operation: str, *, account: str = "123456789012"
) -> HttpResponse:
    scope = f"AWS4-HMAC-SHA256 Credential={account}/20260101/us-east-1/personalize/aws4_request"
    headers = {"X-Amz-Target": f"AmazonPersonalize.{operation}", "Authorization": scope}
    return service.handle(HttpRequest("POST", "/", headers, b"{}"))


def recommendations(
    service: PersonalizeService, campaign: str, path: str = "/recommendations"
) -> HttpResponse:
    body = json.dumps({"campaignArn": campaign, "userId": "u", "inputList": ["a"]}).encode()
    return service.handle(HttpRequest("POST", path, {}, body))


def put(service: PersonalizeService, path: str, member: str, value: str) -> HttpResponse:
    return service.handle(HttpRequest("POST", path, {}, json.dumps({member: value}).encode()))


def is_throttled(response: HttpResponse) -> bool:
    return response.headers.get("x-amzn-ErrorType") == "ThrottlingException"


def admitted(responses: list[HttpResponse]) -> int:
    return sum(not is_throttled(response) for response in responses)


def test_the_operations_that_are_listed_are_there() -> None:
    names = {operation.name for operation in Surface().operations}
    assert CONTROL_PLANE_OPERATIONS | set(EVENT_RATES) <= names


def test_nothing_is_throttled_unless_it_is_switched_on() -> None:
    with PersonalizeService() as service:
        assert admitted([control(service, "ListSchemas") for _ in range(5)]) == 5


def test_the_documented_rates_hold_where_it_is_switched_on() -> None:
    with PersonalizeService(throttling=True) as service:
        assert any(is_throttled(control(service, "ListSchemas")) for _ in range(1000))


def test_the_second_request_in_a_second_is_refused(service: PersonalizeService) -> None:
    assert control(service, "ListSchemas").status == 200
    refused = control(service, "ListSchemas")
    assert (refused.status, is_throttled(refused)) == (400, True)
    assert json.loads(refused.body) == {
        "__type": "ThrottlingException",
        "message": "Rate exceeded",
    }


def test_a_second_later_it_goes_on(service: PersonalizeService, seconds: Seconds) -> None:
    control(service, "ListSchemas")
    seconds.passed += 0.9
    assert is_throttled(control(service, "ListSchemas"))
    seconds.passed += 0.1
    assert control(service, "ListSchemas").status == 200


def test_nothing_is_saved_up_beyond_the_rate(service: PersonalizeService, seconds: Seconds) -> None:
    control(service, "ListSchemas")
    seconds.passed += 60
    assert admitted([control(service, "ListSchemas") for _ in range(3)]) == 1


def test_each_operation_is_counted_by_itself(service: PersonalizeService) -> None:
    control(service, "ListSchemas")
    assert control(service, "ListRecipes").status == 200


def test_each_account_is_counted_by_itself(service: PersonalizeService) -> None:
    control(service, "ListSchemas")
    assert control(service, "ListSchemas", account="000000000001").status == 200


@pytest.mark.parametrize("operation", ["ListFilters", "ListRecommenders", "ListTagsForResource"])
def test_operations_that_are_not_listed_have_no_rate(
    service: PersonalizeService, operation: str
) -> None:
    assert admitted([control(service, operation) for _ in range(5)]) == 5


def test_a_request_that_is_refused_for_another_reason_counts(service: PersonalizeService) -> None:
    assert not is_throttled(control(service, "CreateSchema"))
    assert is_throttled(control(service, "CreateSchema"))


def test_a_dataset_takes_ten_puts_a_second(service: PersonalizeService) -> None:
    responses = [put(service, "/items", "datasetArn", DATASET) for _ in range(15)]
    assert admitted(responses) == 10
    assert responses[-1].status == 429
    assert not is_throttled(put(service, "/items", "datasetArn", f"{DATASET}-2"))


def test_a_tracker_takes_a_thousand_events_a_second(service: PersonalizeService) -> None:
    assert admitted([put(service, "/events", "trackingId", "t") for _ in range(1005)]) == 1000
    assert not is_throttled(put(service, "/events", "trackingId", "other"))


def test_a_campaign_answers_five_hundred_times_a_second(service: PersonalizeService) -> None:
    responses = [recommendations(service, CAMPAIGN) for _ in range(505)]
    assert admitted(responses) == 500
    assert responses[-1].status == 429
    assert not is_throttled(recommendations(service, OTHER))
    assert not is_throttled(recommendations(service, CAMPAIGN, "/personalize-ranking"))


def test_the_campaigns_of_an_account_share_a_rate(service: PersonalizeService) -> None:
    responses = [recommendations(service, f"{CAMPAIGN}-{number % 6}") for number in range(6 * 450)]
    assert admitted(responses) == 2500


class Impatient(DocumentedRates):
    """The documented rates in a time that passes with each request that is refused."""

    def __init__(self, seconds: Seconds) -> None:
        super().__init__(seconds)
        self._seconds = seconds

    def admit(self, operation: Operation, request: Mapping[str, Any], caller: Caller) -> None:
        try:
            super().admit(operation, request, caller)
        except ThrottlingError:
            self._seconds.passed += 1
            raise


def test_boto3_sees_the_exception_of_the_service(seconds: Seconds) -> None:
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    with PersonalizeEmulator(throttling=DocumentedRates(seconds)) as emulator:
        client = boto3.client("personalize", config=config, **emulator.client_options)
        client.list_schemas()
        with pytest.raises(ClientError, match="Rate exceeded") as refusal:
            client.list_schemas()
        client.close()
    assert refusal.value.response["Error"]["Code"] == "ThrottlingException"


def test_boto3_sends_a_throttled_request_again(seconds: Seconds) -> None:
    config = Config(retries={"mode": "standard"})
    with PersonalizeEmulator(throttling=Impatient(seconds)) as emulator:
        client = boto3.client("personalize", config=config, **emulator.client_options)
        attempts = [client.list_schemas()["ResponseMetadata"]["RetryAttempts"] for _ in range(2)]
        client.close()
    assert attempts == [0, 1]


def test_boto3_sends_a_throttled_request_of_rest_again(seconds: Seconds) -> None:
    config = Config(retries={"mode": "standard"})
    attempts = []
    with PersonalizeEmulator(throttling=Impatient(seconds)) as emulator:
        client = boto3.client("personalize-events", config=config, **emulator.client_options)
        for _ in range(11):
            with pytest.raises(client.exceptions.ResourceNotFoundException) as refusal:
                client.put_items(datasetArn=DATASET, items=[{"itemId": "a"}])
            attempts.append(refusal.value.response["ResponseMetadata"]["RetryAttempts"])
        client.close()
    assert attempts == [0] * 10 + [1]
