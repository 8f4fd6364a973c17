"""What the states of the pipeline are built from: one call of Amazon Personalize, and one poll."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from aws_cdk import Aws

from cdk_personalize.patterns._state_language import (
    Choice,
    Fail,
    Pass,
    Retry,
    State,
    Task,
    Wait,
    chain,
)

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
    name: str,
    operation: str,
    arguments: Mapping[str, Any] | str,
    *,
    assign: Mapping[str, Any] | None = None,
    wait_while: Sequence[str] = (),
    try_again: bool = True,
) -> Task:
    """Call one operation of Amazon Personalize through Step Functions' SDK integration.

    Args:
        name: The name of the state.
        operation: The operation, in camel case.
        arguments: Its arguments in Pascal case, as AWS wants them, or the JSONata that gives them.
        assign: The variables to set from the answer.
        wait_while: The errors during which to try for about a day: `IN_USE` or
            `IN_USE_OR_QUEUED` (default: none).
        try_again: Whether to try again after errors that pass.
    """
    retry = []
    if try_again:
        retry.append(_retry(TRANSIENT, seconds=5, times=8, longest=120))
    if wait_while:
        retry.append(_retry(wait_while, seconds=60, times=150, longest=600))
    return Task(
        name,
        resource=integration(f"aws-sdk:personalize:{operation}"),
        arguments=arguments,
        assign=assign,
        retry=retry,
    )


def _retry(errors: Sequence[str], *, seconds: int, times: int, longest: int) -> Retry:
    return Retry(
        errors=errors,
        interval_seconds=seconds,
        max_attempts=times,
        backoff_rate=2,
        max_delay_seconds=longest,
    )


def integration(operation: str) -> str:
    """Return the ARN by which a task names an operation, `dynamodb:getItem` say."""
    return f"arn:{_partition()}:states:::{operation}"


@cache
def _partition() -> str:
    return Aws.PARTITION


def poll(name: str, describe: Task, *, active: str, failed: str, reason: str, done: State) -> State:
    """Describe a resource until it is active or has failed: every 20 s at first, 5 min in the end.

    Args:
        name: What is waited for; the names of the states begin with it.
        describe: The state that describes the resource, and assigns what the conditions look at.
        active: The JSONata condition of success.
        failed: The JSONata condition of failure.
        reason: The JSONata expression of why it failed.
        done: Where to go on.

    Returns:
        The state to enter by.
    """
    pause = _pause(name)
    failure = Fail(f"The {name} failed", error=f"{name.title()}Failed", cause=f"{{% {reason} %}}")
    is_over = (
        Choice(f"Is the {name} over?").when(active, done).when(failed, failure).otherwise(pause)
    )
    return chain(_begin(name), pause, describe, is_over)


def poll_until_gone(name: str, describe: Task, *, then: State) -> State:
    """Describe a resource that is being deleted until it is not found, as often as `poll` does.

    Args:
        name: What is waited for; the names of the states begin with it.
        describe: The state that describes the resource.
        then: Where to go on.

    Returns:
        The state to enter by.
    """
    pause = _pause(name)
    describe.catch(NOT_FOUND, then)
    return chain(_begin(name), pause, describe, pause)


def _begin(name: str) -> Pass:
    """Return the state that begins a poll."""
    return Pass(f"Begin {name}", assign={"Wait": FIRST_POLL_SECONDS})


def _pause(name: str) -> Wait:
    """Return the wait of a poll, which grows."""
    return Wait(
        f"Wait for {name}",
        seconds="{% $Wait %}",
        assign={"Wait": f"{{% $min([{LAST_POLL_SECONDS}, $ceil($Wait * {POLL_BACKOFF})]) %}}"},
    )


def outcome(name: str, output: Mapping[str, Any] | None = None) -> Pass:
    """Return a state that is an end, with what came of it."""
    return Pass(name, output=output, end=True)


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
