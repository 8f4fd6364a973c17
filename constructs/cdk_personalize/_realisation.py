"""What a deployment may leave to a pipeline, and whether a pipeline of the app sees to it."""

from weakref import WeakSet

import jsii
from aws_cdk import Annotations
from constructs import Construct, IValidation

_realised: WeakSet[Construct] = WeakSet()


def realise(resource: Construct) -> None:
    """Take down that a pipeline creates `resource`, if no deployment has done so."""
    _realised.add(resource)


def warn_unless_realised(resource: Construct, *, why: str, condition: str) -> None:
    """Warn of `resource` if no pipeline creates it when the app is synthesised.

    Args:
        resource: What a deployment creates only if the service takes it by then.
        why: Why no pipeline does, if none does.
        condition: What has to be before the service takes it.
    """
    resource.node.add_validation(_IsRealised(resource, why, condition))


@jsii.implements(IValidation)
class _IsRealised:
    """Look for a pipeline once all is defined; it is no error if another app has it."""

    def __init__(self, resource: Construct, why: str, condition: str) -> None:
        self._resource = resource
        self._why = why
        self._condition = condition

    def validate(self) -> list[str]:
        if self._resource not in _realised:
            Annotations.of(self._resource).add_warning_v2(
                "cdk-personalize:notRealised",
                f"{self._why}, so only a deployment creates it: this one if {self._condition} by"
                " then, else the next one that changes it when that is so",
            )
        return []
