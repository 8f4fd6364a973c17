"""The rules that every public construct follows, as awslint has for the AWS Construct Library."""

import inspect
import typing

import pytest
from aws_cdk import RemovalPolicy, Resource
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

import cdk_personalize
from cdk_personalize import patterns

RESOURCE_NAMES = [getattr(cdk_personalize, name) for name in cdk_personalize.__all__]
PUBLIC = [*RESOURCE_NAMES, *(getattr(patterns, name) for name in patterns.__all__)]
CONSTRUCTS = [thing for thing in PUBLIC if inspect.isclass(thing) and issubclass(thing, Construct)]
RESOURCES = [construct for construct in CONSTRUCTS if issubclass(construct, Resource)]
PATTERNS = [construct for construct in CONSTRUCTS if construct not in RESOURCES]
MOST_PROPERTIES_OF_A_PATTERN = 10


def methods(cls: type, prefix: str) -> dict[str, typing.Any]:
    return {
        name: member
        for name, member in inspect.getmembers(cls, callable)
        if name.startswith(prefix) and member.__module__.startswith("cdk_personalize")
    }


def properties(construct: type) -> list[inspect.Parameter]:
    return list(inspect.signature(vars(construct)["__init__"]).parameters.values())[3:]


def test_there_is_something_to_look_at() -> None:
    assert len(RESOURCES) >= 7
    assert len(PATTERNS) >= 5


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_a_construct_takes_its_scope_its_id_and_named_properties(construct: type) -> None:
    positional = list(inspect.signature(vars(construct)["__init__"]).parameters)[:3]

    assert positional == ["self", "scope", "construct_id"]
    assert all(prop.kind is inspect.Parameter.KEYWORD_ONLY for prop in properties(construct))


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_every_property_of_a_construct_is_typed_and_explained(construct: type) -> None:
    explained = inspect.getdoc(vars(construct)["__init__"]) or ""

    for prop in properties(construct):
        assert prop.annotation is not inspect.Parameter.empty, prop.name
        assert f"{prop.name}: " in explained, prop.name


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_a_construct_shows_how_it_is_used(construct: type) -> None:
    assert "```python" in (inspect.getdoc(construct) or "")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_has_few_properties(pattern: type) -> None:
    assert len(properties(pattern)) <= MOST_PROPERTIES_OF_A_PATTERN


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_resource_is_known_by_its_arn(resource: type) -> None:
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in resource.__name__)

    assert isinstance(inspect.getattr_static(resource, f"{words[1:]}_arn"), property)


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_resource_has_an_interface_with_all_its_grants_and_metrics(resource: type) -> None:
    interface = getattr(cdk_personalize, f"I{resource.__name__}")

    for name in methods(resource, "grant") | methods(resource, "metric"):
        assert hasattr(interface, name), name


@pytest.mark.parametrize("resource", RESOURCES)
def test_an_interface_says_what_the_resource_does(resource: type) -> None:
    interface = getattr(cdk_personalize, f"I{resource.__name__}")

    for prefix in ("grant", "metric", "add_"):
        for name, method in methods(resource, prefix).items():
            promised = inspect.signature(getattr(interface, name))
            assert inspect.signature(method) == promised, name
            assert (inspect.getdoc(method) or "").partition("\n")[0] == (
                inspect.getdoc(getattr(interface, name)) or ""
            ).partition("\n")[0], name


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_resource_can_be_imported(resource: type) -> None:
    imports = methods(resource, "from_")
    interface = getattr(cdk_personalize, f"I{resource.__name__}")

    assert [name for name in imports if name.endswith(("_arn", "_attributes"))]
    for name, method in imports.items():
        assert typing.get_type_hints(method)["return"] is interface, name


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_resource_can_be_imported_by_its_name_if_that_tells_its_arn(resource: type) -> None:
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in resource.__name__)
    imports = methods(resource, "from_")

    assert {f"from{words}_name", f"from{words}_attributes"} & set(imports)


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_resource_is_deleted_with_its_stack_unless_it_is_retained(resource: type) -> None:
    (policy,) = [each for each in properties(resource) if each.name == "removal_policy"]

    assert policy.annotation is RemovalPolicy
    assert policy.default is RemovalPolicy.DESTROY


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_grants_return_a_grant_and_metrics_a_metric(construct: type) -> None:
    for prefix, returned in (("grant", iam.Grant), ("metric", cloudwatch.Metric)):
        for name, method in methods(construct, prefix).items():
            assert typing.get_type_hints(method)["return"] is returned, name


@pytest.mark.parametrize("thing", PUBLIC)
def test_what_is_public_is_documented(thing: object) -> None:
    assert inspect.getdoc(thing)


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_every_public_member_is_documented(construct: type) -> None:
    for cls in construct.__mro__:
        if cls.__module__.startswith("cdk_personalize"):
            for name, member in vars(cls).items():
                if not name.startswith("_") and not getattr(member, "__isabstractmethod__", False):
                    assert inspect.getdoc(getattr(construct, name, member)), f"{cls}.{name}"
