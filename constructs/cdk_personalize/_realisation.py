"""What a deployment may leave to a pipeline, and whether a pipeline of the app sees to it."""

from weakref import WeakSet

from aws_cdk import Annotations
from constructs import Construct

from cdk_personalize._checks import check_at_synth

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

    def look_for_pipeline() -> list[str]:
        if resource not in _realised:
            Annotations.of(resource).add_warning_v2(
                "cdk-personalize:notRealised",
                f"{why}, so only a deployment creates it: this one if {condition} by then, else"
                " the next one that changes it when that is so",
            )
        return []  # it is no error: another app may have the pipeline

    check_at_synth(resource, look_for_pipeline)
