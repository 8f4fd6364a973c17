"""The stack of everything uses everything, so that what is tested on it is tested of all."""

import dataclasses
import inspect
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from constructs import Construct

import cdk_personalize
from cdk_personalize import PipelineJob, patterns
from tests.everything import Everything

PUBLIC = [
    *(getattr(cdk_personalize, name) for name in cdk_personalize.__all__),
    *(getattr(patterns, name) for name in patterns.__all__),
]
CONSTRUCTS = [thing for thing in PUBLIC if inspect.isclass(thing) and issubclass(thing, Construct)]

Used = Mapping[type, set[str]]


def properties(cls: type) -> dict[str, Any]:
    """Return the named properties of a constructor, with their defaults."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(vars(cls)["__init__"]).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


# A value whose members are given by name, as the properties of a construct are.
OPTIONS = [
    thing
    for thing in PUBLIC
    if dataclasses.is_dataclass(thing)
    and inspect.isclass(thing)
    and (issubclass(thing, PipelineJob) or thing.__module__.startswith(patterns.__name__))
    and not inspect.isabstract(thing)
]


@pytest.fixture(scope="module")
def used() -> Used:
    """Which properties were given anything but their default while the stack was defined."""
    seen: dict[type, set[str]] = defaultdict(set)

    def watched(cls: type) -> Any:
        original, defaults = vars(cls)["__init__"], properties(cls)

        def init(self: Any, *args: Any, **given: Any) -> None:
            seen[cls] |= {name for name, value in given.items() if value is not defaults[name]}
            original(self, *args, **given)

        return init

    with pytest.MonkeyPatch.context() as patch:
        for cls in (*CONSTRUCTS, *OPTIONS):
            patch.setattr(cls, "__init__", watched(cls))
        Everything(cdk.App(), "Everything")
    return seen


@pytest.mark.parametrize("cls", [*CONSTRUCTS, *OPTIONS])
def test_every_property_is_used(used: Used, cls: type) -> None:
    assert properties(cls).keys() - used[cls] == set()
