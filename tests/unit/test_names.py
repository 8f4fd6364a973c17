"""The names that the library gives, and that no other stack may have."""

import re
from collections.abc import Mapping
from itertools import permutations

import aws_cdk as cdk
import pytest
from constructs import Construct

from cdk_personalize import (
    Campaign,
    DatasetGroup,
    DatasetType,
    EventTracker,
    Filter,
    Recipe,
    Schema,
)
from cdk_personalize._names import derived_name, derived_stem, name_of_version, name_prefix
from tests.unit.apps import new_app

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,62}")
LONG = "a-shop-whose-name-says-more-than-there-is-room-for"


def scope_at(scope: Construct, *ids: str) -> Construct:
    for each in ids:
        scope = Construct(scope, each)
    return scope


def names_of_a_service(scope: Construct) -> dict[str, str]:
    """Define one resource of each type that bears a derived name, and return the names."""
    schema = Schema(scope, "Schema", dataset_type=DatasetType.INTERACTIONS)
    group = DatasetGroup(scope, "Group")
    dataset = group.add_dataset("Data", schema=schema)
    solution = group.add_solution("Model", recipe=Recipe.SIMS)
    expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")'
    return {
        "schema": schema.schema_name,
        "group": group.dataset_group_name,
        "dataset": dataset.dataset_name,
        "solution": solution.solution_name,
        "campaign": Campaign(scope, "Campaign", solution=solution).campaign_name,
        "tracker": EventTracker(scope, "Tracker", dataset_group=group).event_tracker_name,
        "filter": Filter(
            scope, "Filter", dataset_group=group, filter_expression=expression
        ).filter_name,
    }


def neighbours() -> list[cdk.Stack]:
    """Return stacks of one account and region whose names and paths are much alike."""
    app = new_app()
    shop = cdk.Stack(app, "Shop")
    outer = cdk.NestedStack(shop, "Outer")
    return [
        shop,
        cdk.Stack(app, "Shop-Nested"),
        cdk.NestedStack(shop, "Nested"),
        cdk.NestedStack(Construct(shop, "Part"), "Nested"),
        outer,
        cdk.NestedStack(outer, "Nested"),
        cdk.Stack(app, f"{LONG}-blue"),
        cdk.Stack(app, f"{LONG}-green"),
        cdk.Stack(cdk.Stage(app, "Test"), "Shop"),
        cdk.Stack(cdk.Stage(app, "Prod"), "Shop"),
        cdk.Stack(new_app(), "Shop", stack_name="shop-of-mine"),
    ]


def test_a_name_tells_the_stack_and_the_path(stack: cdk.Stack) -> None:
    scope = scope_at(stack, "Service", "Items")

    # A release that changed these would replace what its users have.
    assert derived_name(scope) == "Shop-2bc9477c-Service-Items-5a84f921"
    assert derived_name(scope, {"recipe": "sims"}) == "Shop-2bc9477c-Service-Items-cd890042"
    versioned = name_of_version(scope, {"a": 1})
    assert versioned == "Shop-2bc9477c-Service-Items-5a84f921-f9d86028"


def test_a_name_stays_what_it_is_from_synth_to_synth() -> None:
    one, other = ([derived_name(scope_at(each, "A")) for each in neighbours()] for _ in range(2))

    assert one == other


@pytest.mark.parametrize("content", [{"recipe": "sims"}, {"recipe": cdk.Aws.REGION}])
def test_another_content_is_another_name(stack: cdk.Stack, content: Mapping[str, object]) -> None:
    scope = scope_at(stack, "Items")

    assert derived_name(scope, content) not in {derived_name(scope), derived_name(scope, {})}


def test_the_end_of_a_long_path_is_kept(stack: cdk.Stack) -> None:
    scope = scope_at(stack, *(f"Department{number}" for number in range(9)), "Items")

    assert derived_name(scope).rpartition("-")[0].endswith("-Department8-Items")


def test_what_is_called_default_may_be_put_around_later(stack: cdk.Stack) -> None:
    assert derived_name(scope_at(stack, "Default", "Items")) == derived_name(
        scope_at(stack, "Items")
    )


@pytest.mark.parametrize(
    "ids", [(), ("Ünï", "çödé"), ("--", "_"), ("a b/c",) * 3, (LONG,) * 9], ids=str
)
@pytest.mark.parametrize("content", [None, {"a": 1}])
def test_every_name_is_one_that_the_service_takes(
    ids: tuple[str, ...], content: Mapping[str, object] | None
) -> None:
    for each in neighbours():
        scope = scope_at(each, *ids)
        assert NAME.fullmatch(derived_name(scope, content)), each.stack_name
        assert NAME.fullmatch(name_of_version(scope, content or {})), each.stack_name


def test_no_two_stacks_of_an_account_have_a_name_in_common() -> None:
    names = [name for each in neighbours() for name in names_of_a_service(each).values()]

    assert len(set(names)) == len(names)


def test_versions_of_one_construct_have_a_stem_that_no_other_has(stack: cdk.Stack) -> None:
    # The path is too long for the name, and ends alike.
    one, other = (scope_at(stack, each, LONG, "Items") for each in ("One", "Other"))
    versions = [name_of_version(one, {"columns": number}) for number in range(2)]

    assert versions[0] != versions[1]
    assert all(each.startswith(derived_stem(one)) for each in versions)
    assert not name_of_version(other, {"columns": 0}).startswith(derived_stem(one))


def test_two_services_of_a_stack_have_no_name_in_common(stack: cdk.Stack) -> None:
    one, other = (names_of_a_service(Construct(stack, each)) for each in ("One", "Other"))

    assert set(one.values()).isdisjoint(other.values())


def test_no_stack_reaches_the_names_of_another_by_its_prefix() -> None:
    for one, other in permutations(neighbours(), 2):
        assert not derived_name(other).startswith(name_prefix(one))


@pytest.mark.parametrize("number", range(len(neighbours())))
def test_all_names_of_a_stack_begin_with_its_prefix(number: int) -> None:
    scope = neighbours()[number]

    for kind, name in names_of_a_service(scope).items():
        assert name.startswith(name_prefix(scope)), kind
