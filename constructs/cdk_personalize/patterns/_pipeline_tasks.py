"""What the states of the pipeline are built from: one call of Amazon Personalize, and one poll."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from aws_cdk import Aws
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

# Step Functions names an error after the exception class of the SDK for Java; what the service
# model does not know (throttling, 5xx) arrives as the service's general exception.
TRANSIENT = (
    "Personalize.PersonalizeException",
    "Personalize.ThrottlingException",
    "Personalize.SdkClientException",
)
# The service holds the resource for another change, which passes.
IN_USE = ("Personalize.ResourceInUseException",)
# Five imports and twenty trainings may be pending in a Region (DG:limits): a place comes free. Of
# solutions, campaigns and recommenders the number is limited, which no waiting helps.
IN_USE_OR_QUEUED = ("Personalize.LimitExceededException", *IN_USE)
NOT_FOUND = "Personalize.ResourceNotFoundException"
ALREADY_EXISTS = "Personalize.ResourceAlreadyExistsException"

# The account's ceiling is one request a second for each operation: a poll is slow from the start.
FIRST_POLL_SECONDS = 20
LAST_POLL_SECONDS = 300
POLL_BACKOFF = 1.5

# Maps of the API: their keys are data, and no members.
_MAPS = frozenset(
    {
        "algorithmHyperParameters",
        "featureTransformationParameters",
        "excludedDatasetColumns",
        "includedDatasetColumns",
        "itemExplorationConfig",
        "rankingInfluence",
    }
)


def personalize_call(
    scope: Construct,
    name: str,
    operation: str,
    arguments: Mapping[str, Any] | str,
    *,
    assign: Mapping[str, Any] | None = None,
    wait_while: Sequence[str] = (),
    try_again: bool = True,
) -> sfn.CustomState:
    """Call one operation of Amazon Personalize through Step Functions' SDK integration.

    A custom state, and not `CallAwsService`, because that takes its permissions at once: ours
    are known only when every model has been declared (see `TrainingPipeline`).

    Args:
        scope: The construct of the state machine.
        name: The name of the state.
        operation: The operation, in camel case.
        arguments: Its arguments in Pascal case, as AWS wants them, or the JSONata that gives them.
        assign: The variables to set from the answer.
        wait_while: The errors during which to try for about a day: `IN_USE` or
            `IN_USE_OR_QUEUED` (default: none).
        try_again: Whether to try again after errors that pass.
    """
    state: dict[str, Any] = {
        "Type": "Task",
        "Resource": f"{_integration()}:{operation}",
        "Arguments": arguments,
    }
    if assign:
        state["Assign"] = assign
    retries = []
    if try_again:
        retries.append(_retry(TRANSIENT, seconds=5, times=8, longest=120))
    if wait_while:
        retries.append(_retry(wait_while, seconds=60, times=150, longest=600))
    if retries:
        state["Retry"] = retries
    return sfn.CustomState(scope, name, state_json=state)


def _retry(
    errors: Sequence[str], *, seconds: int, times: int, longest: int
) -> Mapping[str, object]:
    """Return how a state is tried again: each time after twice as long, at random within that."""
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": seconds,
        "MaxAttempts": times,
        "BackoffRate": 2,
        "MaxDelaySeconds": longest,
        "JitterStrategy": "FULL",
    }


@cache
def _integration() -> str:
    return f"arn:{Aws.PARTITION}:states:::aws-sdk:personalize"


def poll(
    scope: Construct,
    name: str,
    describe: sfn.CustomState,
    *,
    active: str,
    failed: str,
    reason: str,
    done: sfn.IChainable,
) -> sfn.IChainable:
    """Describe a resource until it is active or has failed: every 20 s at first, 5 min in the end.

    Args:
        scope: The construct of the state machine.
        name: What is waited for; the names of the states begin with it.
        describe: The state that describes the resource, and assigns what the conditions look at.
        active: The JSONata condition of success.
        failed: The JSONata condition of failure.
        reason: The JSONata expression of why it failed.
        done: Where to go on.

    Returns:
        The state to enter by.
    """
    begin, pause = _pauses(scope, name)
    failure = sfn.Fail.jsonata(
        scope, f"The {name} failed", error=f"{name.title()}Failed", cause=f"{{% {reason} %}}"
    )
    settled = (
        sfn.Choice.jsonata(scope, f"Is the {name} over?")
        .when(condition(active), done)
        .when(condition(failed), failure)
        .otherwise(pause)
    )
    begin.next(pause).next(describe).next(settled)
    return begin


def poll_until_gone(
    scope: Construct, name: str, describe: sfn.CustomState, *, then: sfn.IChainable
) -> sfn.IChainable:
    """Describe a resource that is being deleted until it is not found, as often as `poll` does.

    Args:
        scope: The construct of the state machine.
        name: What is waited for; the names of the states begin with it.
        describe: The state that describes the resource.
        then: Where to go on.

    Returns:
        The state to enter by.
    """
    begin, pause = _pauses(scope, name)
    describe.add_catch(then, errors=[NOT_FOUND])
    begin.next(pause).next(describe).next(pause)
    return begin


@cache
def condition(jsonata: str) -> sfn.Condition:
    """Return the condition that a JSONata expression is true."""
    return sfn.Condition.jsonata(f"{{% {jsonata} %}}")


def _pauses(scope: Construct, name: str) -> tuple[sfn.Pass, sfn.Wait]:
    """Return the state that begins a poll, and its wait, which grows."""
    begin = sfn.Pass.jsonata(scope, f"Begin {name}", assign={"Wait": FIRST_POLL_SECONDS})
    pause = sfn.Wait.jsonata(
        scope,
        f"Wait for {name}",
        time=sfn.WaitTime.seconds("{% $Wait %}"),
        assign={"Wait": f"{{% $min([{LAST_POLL_SECONDS}, $ceil($Wait * {POLL_BACKOFF})]) %}}"},
    )
    return begin, pause


def pascal_case(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request of the API with its members in Pascal case, as Step Functions wants it."""
    return {
        name[:1].upper() + name[1:]: dict(value) if name in _MAPS else _pascal_case_value(value)
        for name, value in request.items()
    }


def _pascal_case_value(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        return pascal_case(value)
    if isinstance(value, list):
        return [_pascal_case_value(each) for each in value]
    return value
