"""What the answers of the control plane mean."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from resource_provider.control_plane import (
    is_being_deleted,
    is_busy,
    is_failed,
    matches,
    message_of,
    personalize_client,
    stop_training,
    unless_missing,
)
from tests.handlers.upstream import Answer, Upstream


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "because"}}, "DescribeDataset")


def failing(code: str) -> Callable[[], str]:
    def call() -> str:
        raise error(code)

    return call


@pytest.mark.parametrize(
    "status",
    [
        "CREATE PENDING",
        "CREATE IN_PROGRESS",
        "CREATE IN PROGRESS",
        "CREATE STOPPING",
        "DELETE IN_PROGRESS",
        "STOP PENDING",
    ],
)
def test_a_resource_is_busy_in_each_spelling_of_it(status: str) -> None:
    assert is_busy(status)


@pytest.mark.parametrize("status", ["ACTIVE", "INACTIVE", "CREATE FAILED", "CREATE STOPPED", ""])
def test_a_settled_resource_is_not_busy(status: str) -> None:
    assert not is_busy(status)


def test_a_failure_is_told_from_a_deletion() -> None:
    assert is_failed("CREATE FAILED")
    assert not is_being_deleted("CREATE FAILED")
    assert is_being_deleted("DELETE PENDING")


@pytest.mark.parametrize(
    ("wanted", "actual"),
    [
        ({"a": 1}, {"a": 1, "added": True}),
        ({"a": {"b": "x"}}, {"a": {"b": "x", "c": "y"}}),
        ({"weight": "0.30"}, {"weight": 0.3}),
        ({"list": [{"a": 1}]}, {"list": [{"a": 1, "b": 2}]}),
        ({"performHPO": False}, {}),
    ],
)
def test_what_the_service_adds_or_writes_otherwise_makes_no_difference(
    wanted: object, actual: object
) -> None:
    assert matches(wanted, actual)


@pytest.mark.parametrize(
    ("wanted", "actual"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": "x"}, {}),
        ({"a": {"b": 1}}, {"a": "b"}),
        ({"list": [1]}, {"list": [1, 2]}),
        ({"performHPO": True}, {"performHPO": False}),
    ],
)
def test_what_differs_does_not_match(wanted: object, actual: object) -> None:
    assert not matches(wanted, actual)


def test_what_is_missing_is_nothing() -> None:
    assert unless_missing(failing("ResourceNotFoundException")) is None


def test_any_other_error_stays_one() -> None:
    with pytest.raises(ClientError):
        unless_missing(failing("InvalidInputException"))


def test_an_error_is_one_line_with_the_operation_and_the_code() -> None:
    assert message_of(error("InvalidInputException")) == (
        "DescribeDataset: because (InvalidInputException)"
    )


def test_a_throttled_call_is_made_again() -> None:
    client, upstream = personalize_client(), Upstream()
    upstream.answer = lambda _: (
        Answer({"__type": "ThrottlingException"}, 400)
        if len(upstream.calls) == 1
        else Answer({"datasets": []})
    )

    with upstream.behind(client):
        assert client.list_datasets()["datasets"] == []


def test_a_training_that_ends_before_it_is_stopped_is_looked_at_again() -> None:
    client, upstream = personalize_client(), Upstream()
    arn = "arn:aws:personalize:us-east-1:123456789012:solution/for-you"
    version = {"solutionVersionArn": f"{arn}/1", "status": "CREATE IN_PROGRESS"}
    upstream.answer = lambda call: (
        Answer({"solutionVersions": [version]})
        if "solutionArn" in call.body
        else Answer({"__type": "InvalidInputException"}, 400)
    )

    with upstream.behind(client):
        assert stop_training(client, arn) == f"the training {arn}/1 is CREATE IN_PROGRESS"
