"""What a resource is imported by: an ARN of its type, or a name that the service would take."""

import inspect
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

import cdk_personalize
from cdk_personalize import DatasetGroup, DatasetType, Filter, Solution
from tests.refusals import whole

PLACE = "arn:aws:personalize:eu-west-1:111111111111"
# The end of an ARN of each type, and how a refusal tells it.
ENDS = {
    "campaign": ("shop", "<name>"),
    "dataset": ("shop/ITEMS", "<dataset group>/<TYPE>"),
    "dataset-group": ("shop", "<name>"),
    "event-tracker": ("0a1b2c3d", "<id>"),
    "filter": ("shop", "<name>"),
    "metric-attribution": ("shop", "<name>"),
    "recommender": ("shop", "<name>"),
    "schema": ("shop", "<name>"),
    "solution": ("shop", "<name>"),
}
NAMED = [kind for kind in ENDS if kind not in {"dataset", "event-tracker"}]
TYPES = {
    "".join(f"-{c.lower()}" if c.isupper() else c for c in name)[1:]: getattr(cdk_personalize, name)
    for name in cdk_personalize.__all__
    if inspect.isclass(getattr(cdk_personalize, name))
    and issubclass(getattr(cdk_personalize, name), cdk.Resource)
}
MORE: dict[str, dict[str, Any]] = {
    "event-tracker": {"tracking_id": "1"},
    "schema": {"dataset_type": DatasetType.ITEMS},
}


def words(kind: str) -> str:
    return kind.replace("-", "_")


def import_by_arn(stack: cdk.Stack, kind: str, arn: str) -> Any:
    """Import a resource by its ARN, by the method that its type has for that."""
    by_arn = getattr(TYPES[kind], f"from_{words(kind)}_arn", None)
    if by_arn is not None:
        return by_arn(stack, "Imported", arn, **MORE.get(kind, {}))
    by_attributes = getattr(TYPES[kind], f"from_{words(kind)}_attributes")
    return by_attributes(stack, "Imported", **{f"{words(kind)}_arn": arn}, **MORE[kind])


def import_by_name(stack: cdk.Stack, kind: str, name: str) -> Any:
    by_name: Callable[..., Any] = getattr(TYPES[kind], f"from_{words(kind)}_name")
    return by_name(stack, "Imported", name, **MORE.get(kind, {}))


def arn_of(kind: str) -> str:
    return f"{PLACE}:{kind}/{ENDS[kind][0]}"


def refusal(kind: str, got: str) -> str:
    shape = f"arn:<partition>:personalize:<region>:<account>:{kind}/{ENDS[kind][1]}"
    return whole(f"{words(kind)}_arn must be {shape}, got {got!r}")


def test_every_resource_is_here() -> None:
    assert TYPES.keys() == ENDS.keys()


@pytest.mark.parametrize("kind", ENDS)
def test_an_arn_of_the_type_is_taken(stack: cdk.Stack, kind: str) -> None:
    imported = import_by_arn(stack, kind, arn_of(kind))

    assert getattr(imported, f"{words(kind)}_arn") == arn_of(kind)


@pytest.mark.parametrize(
    ("kind", "other"), [(kind, other) for kind in ENDS for other in ENDS if other != kind]
)
def test_an_arn_of_another_type_is_refused(stack: cdk.Stack, kind: str, other: str) -> None:
    with pytest.raises(ValueError, match=refusal(kind, arn_of(other))):
        import_by_arn(stack, kind, arn_of(other))


@pytest.mark.parametrize("kind", ENDS)
@pytest.mark.parametrize(
    "malformed",
    [
        "shop",
        "",
        PLACE + ":{kind}",
        PLACE + ":{kind}/",
        PLACE + ":{kind}/shop/",
        PLACE + ":{kind}/a/b/c",
        "arn:aws:personalize:eu-west-1::{kind}/{end}",
        "arn:aws:personalize::111111111111:{kind}/{end}",
        "arn:aws:s3:eu-west-1:111111111111:{kind}/{end}",
        "AWS:personalize:eu-west-1:111111111111:{kind}/{end}",
    ],
)
def test_a_malformed_arn_is_refused(stack: cdk.Stack, kind: str, malformed: str) -> None:
    arn = malformed.format(kind=kind, end=ENDS[kind][0])

    with pytest.raises(ValueError, match=refusal(kind, arn)):
        import_by_arn(stack, kind, arn)


def test_an_arn_of_a_version_is_none_of_a_solution(stack: cdk.Stack) -> None:
    arn = f"{PLACE}:solution/shop/0a1b2c3d"

    with pytest.raises(ValueError, match=refusal("solution", arn)):
        Solution.from_solution_arn(stack, "Imported", arn)


@pytest.mark.parametrize("kind", ENDS)
def test_an_arn_that_only_the_deployment_knows_is_taken(stack: cdk.Stack, kind: str) -> None:
    arn = cdk.Token.as_string({"Ref": "Parameter"}, display_hint="a:solution")

    assert getattr(import_by_arn(stack, kind, arn), f"{words(kind)}_arn") == arn


@pytest.mark.parametrize("kind", ENDS)
def test_an_arn_of_a_place_that_only_the_deployment_knows_is_taken(kind: str) -> None:
    stack = cdk.Stack()
    arn = f"arn:{stack.partition}:personalize:{stack.region}:{stack.account}:{kind}/shop/ITEMS"

    assert getattr(import_by_arn(stack, kind, arn), f"{words(kind)}_arn") == arn


@pytest.mark.parametrize("kind", ENDS)
def test_an_arn_of_another_type_in_a_place_that_only_the_deployment_knows_is_refused(
    kind: str,
) -> None:
    stack = cdk.Stack()
    arn = f"arn:{stack.partition}:personalize:{stack.region}:{stack.account}:recipe/shop"

    with pytest.raises(ValueError, match=refusal(kind, arn)):
        import_by_arn(stack, kind, arn)


@pytest.mark.parametrize("kind", NAMED)
def test_a_name_that_the_service_would_take_is_taken(stack: cdk.Stack, kind: str) -> None:
    imported = import_by_name(stack, kind, "s" * 63)

    assert getattr(imported, f"{words(kind)}_arn").endswith(f":{kind}/{'s' * 63}")


@pytest.mark.parametrize("kind", NAMED)
@pytest.mark.parametrize("name", ["", "my shop", "-shop", "shop/1", "s" * 64, "${shop}"])
def test_a_malformed_name_is_refused(stack: cdk.Stack, kind: str, name: str) -> None:
    refused = (
        f"{words(kind)}_name must be 1 to 63 letters, digits, hyphens and underscores,"
        f" the first a letter or digit, got {name!r}"
    )

    with pytest.raises(ValueError, match=whole(refused)):
        import_by_name(stack, kind, name)


@pytest.mark.parametrize("kind", NAMED)
def test_a_name_that_only_the_deployment_knows_is_taken(stack: cdk.Stack, kind: str) -> None:
    name = cdk.Fn.import_value("name")

    assert getattr(import_by_name(stack, kind, name), f"{words(kind)}_arn").endswith(name)


def test_what_was_refused_leaves_nothing_in_the_tree(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="filter_arn must be"):
        Filter.from_filter_arn(stack, "Imported", arn_of("schema"))

    assert stack.node.children == []


def test_a_dataset_group_of_a_token_has_datasets(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Group", cdk.Fn.import_value("name"))

    imported = cdk_personalize.Dataset.from_dataset_type(
        stack, "Items", DatasetType.ITEMS, dataset_group=group
    )

    assert imported.dataset_type is DatasetType.ITEMS
