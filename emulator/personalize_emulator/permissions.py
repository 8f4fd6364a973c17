"""What IAM must allow for a request: actions, on resources, in a context.

The operations come from the service models, the resources from the requests: those that the
service authorization reference lists for each action. A resource is checked under the ARN that the
request names it by; a new one under the ARN that it is going to have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from personalize_emulator.caller import Caller
from personalize_emulator.service_model import Operation

SERVICE_PRINCIPAL = "personalize.amazonaws.com"

_ANY = "*"
_WITHOUT_RESOURCE = frozenset({"PutEvents", "PutActionInteractions"})  # and all that list
# What a new resource is made in or of: both must be allowed. Schemas and recipes are not checked.
_PARENTS = frozenset({"datasetGroupArn", "datasetArn", "solutionArn", "solutionVersionArn"})
# The reference names no solution here, as it does for a batch inference job.
_WITHOUT_PARENT = frozenset({"CreateBatchSegmentJob"})


@dataclass(frozen=True)
class Permission:
    """One thing that IAM must allow.

    Attributes:
        action: The action, ``personalize:CreateSchema`` say.
        resource: The ARN of what it is done to, or ``*``.
        context: Condition keys of the request, with their values.
    """

    action: str
    resource: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


def permissions(
    operation: Operation, request: Mapping[str, Any], caller: Caller
) -> Iterator[Permission]:
    """Yield what IAM must allow for a request.

    Args:
        operation: What is asked for; all three services authorize as ``personalize``.
        request: The parsed body, not validated yet.
        caller: Who asks.
    """
    context = _tags_in(request)
    for resource in _resources(operation, request, caller):
        yield Permission(f"personalize:{operation.name}", resource, context)
    for role in sorted(set(_roles(operation.input_shape, request))):
        yield Permission("iam:PassRole", role, {"iam:PassedToService": SERVICE_PRINCIPAL})


def _resources(operation: Operation, request: Mapping[str, Any], caller: Caller) -> Iterator[str]:
    name = operation.name
    arns = _arns(operation)
    if name in _WITHOUT_RESOURCE or (name.startswith("List") and "resourceArn" not in arns):
        yield _ANY
        return
    if name.startswith("Create"):
        # A solution version is no type of its own in the reference: its solution is changed.
        if name == "CreateSolutionVersion":
            yield _text(request, "solutionArn")
            return
        yield _new(name.removeprefix("Create"), request, caller)
        if name not in _WITHOUT_PARENT:
            yield from (_text(request, arn) for arn in arns if arn in _PARENTS and arn in request)
        return
    # The first of the model is what it is done to; the rest is what is done. A recommender stands
    # where a campaign may: the reference does not list it, here its own ARN is checked.
    subjects = sorted(arns, key=lambda arn: arn == "filterArn")  # a filter is mostly but named
    yield next((_text(request, arn) for arn in subjects if arn in request), _ANY)


def _arns(operation: Operation) -> list[str]:
    shape = operation.input_shape
    members = {} if shape is None else shape.members
    return [name for name, member in members.items() if member.name == "Arn"]


def _new(noun: str, request: Mapping[str, Any], caller: Caller) -> str:
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", noun).lower()
    if noun == "EventTracker":  # it is named after an id that nobody knows yet
        return caller.arn(f"{kind}/*")
    if noun == "Dataset":
        group = _text(request, "datasetGroupArn").rpartition("/")[2]
        return caller.arn(f"{kind}/{group}/{_text(request, 'datasetType').upper()}")
    return caller.arn(f"{kind}/{_text(request, 'jobName' if noun.endswith('Job') else 'name')}")


def _roles(shape: Shape | None, value: object) -> Iterator[str]:
    """Every role that a request hands over."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name, member in shape.members.items():
            yield from _roles(member, value.get(name))
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for item in value:
            yield from _roles(shape.member, item)
    elif shape is not None and shape.name == "RoleArn" and isinstance(value, str):
        yield value


def _tags_in(request: Mapping[str, Any]) -> dict[str, str | list[str]]:
    tags = request.get("tags")
    pairs = [
        (tag["tagKey"], tag.get("tagValue"))
        for tag in (tags if isinstance(tags, list) else ())
        if isinstance(tag, Mapping) and isinstance(tag.get("tagKey"), str)
    ]
    context: dict[str, str | list[str]] = {
        f"aws:RequestTag/{key}": value for key, value in pairs if isinstance(value, str)
    }
    removed = request.get("tagKeys")
    keys = [key for key, _ in pairs]
    keys += [key for key in removed if isinstance(key, str)] if isinstance(removed, list) else []
    return context | ({"aws:TagKeys": keys} if keys else {})


def _text(request: Mapping[str, Any], member: str) -> str:
    """A member of a request that nobody has validated; what is no text may be anything."""
    value = request.get(member)
    return value if isinstance(value, str) and value else _ANY
