"""The control plane of Amazon Personalize: what its answers mean, and the calls that repeat.

The service has no client tokens: the name of a resource is the only thing that makes a repeated
create one create. Deletes, creates and updates only begin when they are asked for; an update
shows in a member of its own, `latestCampaignUpdate` and the like, and not in the status.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from resource_provider.run_names import ALL_NAMES

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

T = TypeVar("T")

# The account may make one request a second of each operation, so retries are paced; but they end
# before the function does, which would not know what it has created. The pauses grow to 20 seconds:
# nine retries last two minutes at most, and let twenty functions that begin at once all through.
CONFIG = Config(retries={"mode": "adaptive", "max_attempts": 9}, connect_timeout=5, read_timeout=20)


def personalize_client() -> PersonalizeClient:
    """Return a client that keeps to the service's pace."""
    return boto3.client("personalize", config=CONFIG)


def code_of(error: ClientError) -> str:
    """Return the code of an error that the service answered."""
    return error.response.get("Error", {}).get("Code", "")


def message_of(error: ClientError) -> str:
    """Return what the service said, with the operation and the code, in one line."""
    message = error.response.get("Error", {}).get("Message", "")
    return f"{error.operation_name}: {message} ({code_of(error)})"


def unless_missing(call: Callable[[], T]) -> T | None:
    """Return what `call` returns, or nothing if what it asks for is not there."""
    try:
        return call()
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise


def is_active(status: str) -> bool:
    """Tell whether a resource can be used."""
    return status == "ACTIVE"


def is_failed(status: str) -> bool:
    """Tell whether the service gave up on a resource or an update."""
    return status.endswith("FAILED")


def is_being_deleted(status: str) -> bool:
    """Tell whether the deletion of a resource has begun."""
    return status.startswith("DELETE")


def is_busy(status: str) -> bool:
    """Tell whether the service is at work; the guide spells IN PROGRESS in two ways."""
    return status.replace("_", " ").endswith(("PENDING", "IN PROGRESS", "STOPPING"))


def matches(wanted: object, actual: object) -> bool:
    """Tell whether `actual` has everything that is `wanted`.

    The service adds defaults to what it was given, and some numbers are text in its requests.
    """
    if isinstance(wanted, Mapping):
        there = actual if isinstance(actual, Mapping) else {}
        return all(matches(value, there.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(actual, list)
            and len(wanted) == len(actual)
            and all(map(matches, wanted, actual))
        )
    if not wanted and not actual:  # false, and not told
        return True
    return wanted == actual or _is_same_number(wanted, actual)


def _is_same_number(one: object, other: object) -> bool:
    try:
        return float(str(one)) == float(str(other))
    except ValueError:
        return False


def newest_active_version(personalize: PersonalizeClient, solution_arn: str) -> str | None:
    """Return the ARN of the newest model of a solution, if it has one or is there at all."""
    versions = [
        version
        for version in versions_of(personalize, solution_arn)
        if is_active(version["status"])
    ]
    if not versions:
        return None
    newest = max(versions, key=lambda version: version["creationDateTime"])
    return str(newest["solutionVersionArn"])


def versions_of(personalize: PersonalizeClient, solution_arn: str) -> list[dict[str, Any]]:
    """Return the versions of a solution; none if it is not there."""
    pages = personalize.get_paginator("list_solution_versions").paginate(solutionArn=solution_arn)
    found = unless_missing(lambda: [v for page in pages for v in page["solutionVersions"]])
    return [dict(version) for version in found or []]


def solution_of(version_arn: str) -> str:
    """Return the ARN of the solution that a version, or `/$LATEST`, is below."""
    return version_arn.rpartition("/")[0]


def stop_training(
    personalize: PersonalizeClient, solution_arn: str, names: Container[object] = ALL_NAMES
) -> str | None:
    """Stop the trainings of a solution that have one of the names.

    Returns:
        What of them is still in progress, if anything is.
    """
    waiting = None
    for version in versions_of(personalize, solution_arn):
        arn, status = version["solutionVersionArn"], version["status"]
        if not is_busy(status) or not _has_one_of(personalize, arn, names):
            continue
        waiting = f"the training {arn} is {status}"
        if "STOPPING" not in status:
            _stop_version(personalize, arn)
    return waiting


def _has_one_of(personalize: PersonalizeClient, version_arn: str, names: Container[object]) -> bool:
    if names is ALL_NAMES:
        return True
    answer = unless_missing(  # the list tells no names
        lambda: personalize.describe_solution_version(solutionVersionArn=version_arn)
    )
    return answer is not None and answer["solutionVersion"].get("name") in names


def _stop_version(personalize: PersonalizeClient, arn: str) -> None:
    try:
        unless_missing(lambda: personalize.stop_solution_version_creation(solutionVersionArn=arn))
    except ClientError as error:
        # It has ended since it was listed; the next look will find it so.
        if code_of(error) != "InvalidInputException":
            raise
