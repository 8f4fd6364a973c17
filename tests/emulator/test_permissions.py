"""What IAM must allow for a request, held against the service authorization reference."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from personalize_emulator.caller import Caller
from personalize_emulator.permissions import permissions
from personalize_emulator.service_model import Operation, Surface

# cfn-lint ships the reference: for each action the types of resources that it is checked for.
REFERENCE = json.loads(
    files("cfnlint").joinpath("data", "AdditionalSpecs", "Policies.json").read_text()
)["personalize"]["Actions"]
CALLER = Caller("123456789012", "us-east-1")
OPERATIONS = {operation.name: operation for operation in Surface().operations}
ROLE = "arn:aws:iam::123456789012:role/handed-over"
# The reference speaks of campaigns where the API takes a recommender in their stead.
GROUP = CALLER.arn("dataset-group/shop")


def value_of(name: str) -> str:
    """A value for a member: what is named in it, if it is an ARN, says so in its kind."""
    if not name.endswith("Arn"):
        return "a"
    if name == "roleArn":
        return ROLE
    words = "".join(f"-{c.lower()}" if c.isupper() else c for c in name.removesuffix("Arn"))
    kind = {"resource": "filter", "solution-version": "solution"}.get(words, words)
    return CALLER.arn(f"{kind}/a") if kind != "dataset" else CALLER.arn("dataset/shop/ITEMS")


def request_of(operation: Operation) -> dict[str, Any]:
    """A request with every member that is text, and no recommender where a campaign may be."""
    members = {} if operation.input_shape is None else operation.input_shape.members
    names = [name for name, shape in members.items() if shape.type_name == "string"]
    if "campaignArn" in names and "recommenderArn" in names:
        names.remove("recommenderArn")
    return {name: value_of(name) for name in names}


def types_of(operation: Operation) -> set[str]:
    """The types of resources, as the reference writes them, that an operation is checked for."""
    found = permissions(operation, request_of(operation), CALLER)
    resources = [p.resource for p in found if p.action == f"personalize:{operation.name}"]
    kinds = [arn.split(":", 5)[5].split("/")[0] for arn in resources if arn != "*"]
    return {kind.replace("-", "") for kind in kinds}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_is_checked_for_the_resources_of_the_reference(name: str) -> None:
    wanted = {kind.lower() for kind in REFERENCE[name.lower()].get("Resources", ())}
    found = types_of(OPERATIONS[name])

    # Of the many types that can have tags a request names one.
    assert found <= wanted if "tag" in name.lower() else found == wanted
    assert found or not wanted


def test_what_has_no_resource_is_checked_for_all_of_them() -> None:
    (only,) = permissions(OPERATIONS["PutEvents"], {"trackingId": "t", "sessionId": "s"}, CALLER)

    assert (only.action, only.resource) == ("personalize:PutEvents", "*")


def test_a_new_dataset_is_checked_under_the_arn_that_it_will_have() -> None:
    request = {"name": "clicks", "datasetType": "Interactions", "datasetGroupArn": GROUP}
    found = permissions(OPERATIONS["CreateDataset"], request, CALLER)

    assert [p.resource for p in found] == [CALLER.arn("dataset/shop/INTERACTIONS"), GROUP]


def test_a_recommender_is_checked_where_a_campaign_may_be() -> None:
    arn = CALLER.arn("recommender/for-you")
    (only,) = permissions(OPERATIONS["GetRecommendations"], {"recommenderArn": arn}, CALLER)

    assert only.resource == arn


def test_every_role_that_is_handed_over_must_be_passable() -> None:
    request = {"name": "a", "datasetGroupArn": GROUP, "metricsOutputConfig": {"roleArn": ROLE}}
    *_, last = permissions(OPERATIONS["CreateMetricAttribution"], request, CALLER)

    assert (last.action, last.resource) == ("iam:PassRole", ROLE)
    assert last.context == {"iam:PassedToService": "personalize.amazonaws.com"}


@pytest.mark.parametrize(
    "request_",
    [
        {"name": 1, "datasetGroupArn": None, "tags": "x", "solutionConfig": []},
        {"tags": [1, {"tagKey": 2}, {"tagKey": "k"}], "tagKeys": [3, "k"]},
        {},
    ],
)
def test_a_request_of_the_wrong_shape_is_checked_all_the_same(request_: dict[str, Any]) -> None:
    for operation in OPERATIONS.values():
        found = list(permissions(operation, request_, CALLER))

        assert found
        assert {p.action for p in found} == {f"personalize:{operation.name}"}
