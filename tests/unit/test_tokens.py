"""Values are written as the CDK writes them, which is not asked where it need not be."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_personalize as personalize
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_personalize._tokens import json_of, known_reference, resolved
from tests.unit.apps import new_app

STACK = cdk.Stack(new_app(), "Stack")
GROUP = personalize.CfnDatasetGroup(STACK, "Group", name="group")
PARAMETER = cdk.CfnParameter(STACK, "Parameter")
QUOTED = cdk.Fn.join("", ['say "', PARAMETER.value_as_string, '"'])
TEXT_TOKENS = [
    cdk.Aws.REGION,
    STACK.partition,
    known_reference(GROUP.attr_dataset_group_arn),
    PARAMETER.value_as_string,
    QUOTED,
]
TEXTS = st.lists(st.text(max_size=3) | st.sampled_from(TEXT_TOKENS), max_size=3).map("".join)
NUMBERS = st.integers(-(2**53), 2**53) | st.integers(-4000, 4000).map(lambda eighths: eighths / 8)
# JavaScript puts names that are numbers first, which changes nothing.
NAMES = st.text(st.characters(exclude_categories=["Cs", "Nd"]), max_size=2)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(NAMES, each, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(NAMES, VALUES, max_size=4)


@given(value=MAPPINGS)
@settings(max_examples=150, deadline=None)
def test_json_is_what_the_cdk_would_write(value: dict[str, Any]) -> None:
    assert STACK.resolve(json_of(STACK, value)) == STACK.resolve(STACK.to_json_string(value))


@given(value=MAPPINGS)
@settings(max_examples=150, deadline=None)
def test_a_resolved_value_is_what_the_cdk_would_resolve(value: dict[str, Any]) -> None:
    assert resolved(STACK, value) == STACK.resolve(value)


@pytest.mark.parametrize(
    "token",
    [
        cdk.Token.as_number(PARAMETER.value),
        cdk.Token.as_list(GROUP.get_att("Some")),
        PARAMETER.value,
        QUOTED,
    ],
    ids=["a number", "a list", "anything", "a text with quotes"],
)
def test_a_token_of_another_kind_is_left_to_the_cdk(token: object) -> None:
    value = {"Value": token}
    assert STACK.resolve(json_of(STACK, value)) == STACK.resolve(STACK.to_json_string(value))
