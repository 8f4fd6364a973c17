"""cdk-nag's AwsSolutions and cfn-lint find nothing in a stack that has no reason."""

import pytest

from tests.acknowledgments import ACKNOWLEDGED
from tests.cfn_lint import cfn_lint
from tests.synthesis import STACKS, Synthesised

Finding = tuple[str, str]


@pytest.fixture(scope="module")
def findings(synthesised: Synthesised) -> dict[str, set[Finding]]:
    return {stack: synthesised(stack).findings for stack in STACKS}


@pytest.mark.parametrize("stack", STACKS)
def test_cdk_nag_finds_nothing_that_is_not_acknowledged(
    findings: dict[str, set[Finding]], stack: str
) -> None:
    surprises = {
        finding
        for finding in findings[stack]
        if not any(acknowledged.takes(*finding) for acknowledged in ACKNOWLEDGED)
    }

    assert surprises == set()


def test_every_acknowledgment_is_still_needed(findings: dict[str, set[Finding]]) -> None:
    found = set.union(*findings.values())
    idle = [each for each in ACKNOWLEDGED if not any(each.takes(*finding) for finding in found)]

    assert idle == []


def test_every_acknowledgment_has_a_reason_and_a_link() -> None:
    assert all(each.reason and each.link.startswith("https://") for each in ACKNOWLEDGED)


@pytest.mark.parametrize("stack", STACKS)
def test_cfn_lint_finds_nothing(synthesised: Synthesised, stack: str) -> None:
    assert cfn_lint(synthesised(stack).template_file) == ""


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("flags", [False, True])
def test_the_validation_of_the_cdk_finds_nothing(
    synthesised: Synthesised, stack: str, flags: bool
) -> None:
    assert synthesised(stack, flags=flags).cdk_findings == set()
