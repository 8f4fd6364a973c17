"""Properties as requests of the API have them."""

import aws_cdk as cdk
import pytest
from aws_cdk import Token

from cdk_personalize._request import as_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (12345.67, "12345.67"),
        (0.1, "0.1"),
        (-0.5, "-0.5"),
        (30, "30"),
        (30.0, "30"),
        (1234567, "1234567"),
        (0.0000001, "0.0000001"),
        (1e22, "10000000000000000000000"),
        (None, None),
    ],
)
def test_a_number_keeps_all_its_digits_as_text(number: float | None, text: str | None) -> None:
    assert as_text(number) == text


def test_a_number_that_is_known_only_at_deployment_is_left_to_it(stack: cdk.Stack) -> None:
    number = cdk.CfnParameter(stack, "Number", type="Number").value_as_number

    text = as_text(number)

    assert text is not None
    assert Token.is_unresolved(text)
    assert stack.resolve(text) == {"Ref": "Number"}
