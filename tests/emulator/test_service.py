"""The dispatcher: HTTP requests in, answers and error documents out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from personalize_emulator.service import HttpRequest, HttpResponse, PersonalizeService
from personalize_emulator.service_model import Operation, Surface
from tests.emulator.requests import request_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_SURFACE = Surface()


@pytest.fixture(scope="module")
def service() -> Iterator[PersonalizeService]:
    with PersonalizeService(strict_answers=True) as service:
        yield service


def post(
    service: PersonalizeService, target: str | None, body: bytes, path: str = "/", scope: str = ""
) -> HttpResponse:
    headers = {"X-Amz-Target": target} if target else {}
    if scope:
        headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}/aws4_request, Signature=x"
    return service.handle(HttpRequest("POST", path, headers, body))


def error_of(response: HttpResponse) -> str:
    code = json.loads(response.body)["__type"]
    assert response.headers["x-amzn-ErrorType"] == code
    return str(code)


def test_answers_json_1_1(service: PersonalizeService) -> None:
    response = post(service, "AmazonPersonalize.ListSchemas", b"{}")
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert json.loads(response.body) == {"schemas": []}


def test_an_empty_body_is_an_empty_request(service: PersonalizeService) -> None:
    assert post(service, "AmazonPersonalize.ListSchemas", b"").status == 200


def test_an_unknown_target_is_an_unknown_operation(service: PersonalizeService) -> None:
    response = post(service, "AmazonPersonalize.MakeCoffee", b"{}")
    assert (response.status, error_of(response)) == (400, "UnknownOperationException")


def test_an_unknown_path_is_an_unknown_operation(service: PersonalizeService) -> None:
    response = post(service, None, b"{}", "/coffee")
    assert (response.status, error_of(response)) == (404, "UnknownOperationException")


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff", b'{"name": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(service: PersonalizeService, body: bytes) -> None:
    response = post(service, "AmazonPersonalize.CreateSchema", body)
    assert (response.status, error_of(response)) == (400, "SerializationException")


def test_an_operation_that_is_not_emulated_says_so_by_name(
    service: PersonalizeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As it is for an operation of a botocore that is newer than the emulator.
    monkeypatch.delitem(service._handlers, "ListSchemas")
    response = post(service, "AmazonPersonalize.ListSchemas", b"{}")
    assert (response.status, error_of(response)) == (501, "NotImplementedException")
    assert "ListSchemas" in json.loads(response.body)["message"]


@pytest.mark.parametrize("operation", _SURFACE.operations, ids=lambda operation: operation.name)
def test_every_operation_of_the_model_answers_or_refuses(
    service: PersonalizeService, operation: Operation
) -> None:
    response = service.handle(request_of(operation, b"{}"))
    assert response.status in {200, 400, 404, 501}


@pytest.mark.parametrize("operation", _SURFACE.operations, ids=lambda operation: operation.name)
def test_every_operation_refuses_text_for_a_request(
    service: PersonalizeService, operation: Operation
) -> None:
    assert error_of(service.handle(request_of(operation, b'"x"'))) == "SerializationException"


def test_the_model_has_all_operations_that_the_guide_has(service: PersonalizeService) -> None:
    assert len(_SURFACE.operations) >= 79


def test_errors_of_the_runtime_have_its_own_status(service: PersonalizeService) -> None:
    arn = "arn:aws:personalize:us-east-1:123456789012:campaign/none"
    body = json.dumps({"campaignArn": arn, "userId": "u"}).encode()
    response = post(service, None, body, "/recommendations")
    assert (response.status, error_of(response)) == (404, "ResourceNotFoundException")


def test_errors_of_the_control_plane_are_always_400(service: PersonalizeService) -> None:
    arn = "arn:aws:personalize:us-east-1:123456789012:campaign/none"
    body = json.dumps({"campaignArn": arn}).encode()
    response = post(service, "AmazonPersonalize.DescribeCampaign", body)
    assert (response.status, error_of(response)) == (400, "ResourceNotFoundException")


def test_the_query_of_a_path_does_not_matter(service: PersonalizeService) -> None:
    response = post(service, None, b"{}", "/recommendations?x=1")
    assert error_of(response) == "InvalidInputException"


def test_a_twelve_digit_access_key_is_the_account(service: PersonalizeService) -> None:
    scope = "111122223333/20260101/eu-west-1/personalize"
    body = json.dumps({"name": "shop"}).encode()
    response = post(service, "AmazonPersonalize.CreateDatasetGroup", body, scope=scope)
    arn = json.loads(response.body)["datasetGroupArn"]
    assert arn == "arn:aws:personalize:eu-west-1:111122223333:dataset-group/shop"


def test_any_other_access_key_belongs_to_the_default_account(service: PersonalizeService) -> None:
    scope = "AKIAEXAMPLE/20260101/eu-west-1/personalize"
    body = json.dumps({"name": "shop"}).encode()
    response = post(service, "AmazonPersonalize.CreateDatasetGroup", body, scope=scope)
    arn = json.loads(response.body)["datasetGroupArn"]
    assert arn == "arn:aws:personalize:eu-west-1:123456789012:dataset-group/shop"


def test_arns_in_china_are_of_its_partition(service: PersonalizeService) -> None:
    answer = service.call("CreateDatasetGroup", {"name": "shop"}, region="cn-north-1")
    assert answer["datasetGroupArn"].startswith("arn:aws-cn:personalize:cn-north-1:")


def test_the_resources_of_another_account_do_not_exist(service: PersonalizeService) -> None:
    service.call("CreateDatasetGroup", {"name": "mine"}, account="111111111111")
    answer = service.call("ListDatasetGroups", {}, account="222222222222")
    assert answer == {"datasetGroups": []}


def test_the_resources_of_another_region_do_not_exist(service: PersonalizeService) -> None:
    service.call("CreateDatasetGroup", {"name": "here"}, region="eu-central-1")
    assert service.call("ListDatasetGroups", {}, region="us-west-2") == {"datasetGroups": []}
