"""What is looked at once all is defined."""

from collections.abc import Callable

import jsii
from constructs import IConstruct, IValidation

from cdk_personalize._tree import node_of, once


def check_at_synth(construct: IConstruct, findings: Callable[[], list[str]]) -> None:
    """Have the synthesis fail with what `findings` returns of a construct, if anything."""
    once(construct, "checks", _Checks.of).findings.append(findings)


@jsii.implements(IValidation)
class _Checks:
    """All checks of one construct: one question and not several to a process of its own."""

    def __init__(self) -> None:
        self.findings: list[Callable[[], list[str]]] = []

    @classmethod
    def of(cls, construct: IConstruct) -> "_Checks":
        checks = cls()
        node_of(construct).add_validation(checks)
        return checks

    def validate(self) -> list[str]:
        return [finding for findings in self.findings for finding in findings()]
