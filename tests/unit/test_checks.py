"""What is looked at once all is defined, and told at once."""

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template
from constructs import Construct

from cdk_personalize._checks import check_at_synth


def test_all_findings_of_a_construct_are_told_at_once(stack: cdk.Stack) -> None:
    construct, later = Construct(stack, "Here"), list[str]()
    check_at_synth(construct, lambda: ["the first"])
    check_at_synth(construct, lambda: later)
    later += ["the second", "the third"]

    with pytest.raises(RuntimeError) as refused:
        Template.from_stack(stack)

    told = [line.strip() for line in str(refused.value).splitlines() if "[Shop/Here]" in line]
    assert told == [f"[Shop/Here] the {which}" for which in ("first", "second", "third")]
