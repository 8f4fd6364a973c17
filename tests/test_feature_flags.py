"""The stacks are the same to their users whichever feature flags of the CDK an app has set."""

import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from tests.cfn_lint import cfn_lint
from tests.everything import Everything
from tests.feature_flags import recommended_flags
from tests.readable import readable
from tests.synthesis import EVERYTHING, STACKS, Synthesised
from tests.upgrade_contract import contract_of

_DEPLOYED = "AWS::ApiGateway::Deployment"
_DEPLOYMENT = re.compile(r"Deployment[0-9A-F]{8}[0-9a-f]+$")
_OVERFLOW = re.compile(r"OverflowPolicy\d+")
_PERSONALIZE = ("AWS::Personalize::", "Custom::Personalize")


def of_personalize(template: dict[str, Any]) -> dict[str, Any]:
    return {
        logical_id: readable(resource)
        for logical_id, resource in template["Resources"].items()
        if resource["Type"].startswith(_PERSONALIZE)
    }


@pytest.mark.parametrize("stack", STACKS)
def test_flags_change_no_resource_of_personalize(synthesised: Synthesised, stack: str) -> None:
    on, off = synthesised(stack, flags=True).template, synthesised(stack).template

    assert of_personalize(on) == of_personalize(off)


@pytest.mark.parametrize("stack", STACKS)
def test_flags_replace_and_delete_nothing_that_holds_data(
    synthesised: Synthesised, stack: str
) -> None:
    on, off = synthesised(stack, flags=True).template, synthesised(stack).template

    assert contract_of(on) == contract_of(off)


@pytest.mark.parametrize("stack", STACKS)
def test_flags_define_no_other_resources_but_policies(synthesised: Synthesised, stack: str) -> None:
    def defined(template: dict[str, Any]) -> set[str]:
        return {
            # A deployment is named by what the API is, flags and all: it holds nothing.
            _DEPLOYMENT.sub("Deployment", name) if each["Type"] == _DEPLOYED else name
            for name, each in template["Resources"].items()
            if not each["Type"].startswith("AWS::IAM::")
        }

    assert defined(synthesised(stack, flags=True).template) == defined(synthesised(stack).template)


def test_flags_replace_nothing_where_the_region_is_known(tmp_path: Path) -> None:
    def template(folder: str, context: dict[str, Any] | None = None) -> dict[str, Any]:
        app = cdk.App(context=context, outdir=str(tmp_path / folder))
        env = cdk.Environment(account="111111111111", region="us-east-1")
        Everything(app, EVERYTHING, env=env)
        written: dict[str, Any] = app.synth().get_stack_by_name(EVERYTHING).template
        return written

    assert contract_of(template("on", recommended_flags())) == contract_of(template("off"))


@pytest.mark.parametrize("stack", STACKS)
def test_cdk_nag_finds_the_same_with_flags_and_without(
    synthesised: Synthesised, stack: str
) -> None:
    def found(*, flags: bool) -> set[tuple[str, str]]:
        # Which of the policies of a role has a statement depends on how long the others are.
        return {
            (rule, _OVERFLOW.sub("DefaultPolicy", path))
            for rule, path in synthesised(stack, flags=flags).findings
        }

    assert found(flags=True) == found(flags=False)


def test_cfn_lint_finds_nothing_with_flags_either(synthesised: Synthesised) -> None:
    # The stack of everything has all of the demo in it.
    assert cfn_lint(synthesised(EVERYTHING, flags=True).template_file) == ""
