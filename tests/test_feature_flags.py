"""The stacks are the same to their users whichever feature flags of the CDK an app has set."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from tests.cfn_lint import cfn_lint
from tests.everything import Everything
from tests.feature_flags import recommended_flags
from tests.readable import readable
from tests.synthesis import EVERYTHING, STACKS, Checked
from tests.upgrade_contract import contract_of

_PERSONALIZE = ("AWS::Personalize::", "Custom::Personalize")


def of_personalize(template: dict[str, Any]) -> dict[str, Any]:
    return {
        logical_id: readable(resource)
        for logical_id, resource in template["Resources"].items()
        if resource["Type"].startswith(_PERSONALIZE)
    }


@pytest.mark.parametrize("stack", STACKS)
def test_flags_change_no_resource_of_personalize(checked: Checked, stack: str) -> None:
    on, off = checked(stack, flags=True).template, checked(stack).template

    assert of_personalize(on) == of_personalize(off)


@pytest.mark.parametrize("stack", STACKS)
def test_flags_replace_and_delete_nothing_that_holds_data(checked: Checked, stack: str) -> None:
    on, off = checked(stack, flags=True).template, checked(stack).template

    assert contract_of(on) == contract_of(off)


@pytest.mark.parametrize("stack", STACKS)
def test_flags_define_no_other_resources_but_policies(checked: Checked, stack: str) -> None:
    def defined(template: dict[str, Any]) -> set[str]:
        resources = template["Resources"].items()
        return {name for name, each in resources if not each["Type"].startswith("AWS::IAM::")}

    assert defined(checked(stack, flags=True).template) == defined(checked(stack).template)


def test_flags_replace_nothing_where_the_region_is_known(tmp_path: Path) -> None:
    def template(folder: str, context: dict[str, Any] | None = None) -> dict[str, Any]:
        app = cdk.App(context=context, outdir=str(tmp_path / folder))
        env = cdk.Environment(account="111111111111", region="eu-west-1")
        Everything(app, EVERYTHING, env=env)
        written: dict[str, Any] = app.synth().get_stack_by_name(EVERYTHING).template
        return written

    assert contract_of(template("on", recommended_flags())) == contract_of(template("off"))


@pytest.mark.parametrize("stack", STACKS)
def test_cdk_nag_finds_the_same_with_flags_and_without(checked: Checked, stack: str) -> None:
    assert checked(stack, flags=True).findings == checked(stack).findings


@pytest.mark.parametrize("stack", STACKS)
def test_cfn_lint_finds_nothing_with_flags_either(checked: Checked, stack: str) -> None:
    assert cfn_lint(checked(stack, flags=True).template_file) == ""
