"""The state machine of the pipeline: what is new is imported, learnt from, and served.

A round lists the files of every dataset, imports those that have newer ones, and deletes the users
of newer lists. A model whose data is there is trained when something that it learns from came or
went since (or it was asked for, or it has no version yet), and its campaigns are moved to the new
version; batch jobs that have a new version or new questions are run, datasets that have changed
exported, and recommenders created when their data is there. The long jobs run in executions of
their own (`_pipeline_jobs`). What fails is told in the end, and holds up nothing but a training on
data that did not come in.

What each model has learnt is noted: a run that failed or was stopped leaves to the next one what
it did not come to, and nothing else.
"""

from typing import Any

from cdk_personalize.patterns._pipeline_data import deletions, exports, imports
from cdk_personalize.patterns._pipeline_models import batch_jobs, models, recommenders
from cdk_personalize.patterns._pipeline_retired import delete_retired
from cdk_personalize.patterns._pipeline_steps import PipelineSteps
from cdk_personalize.patterns._pipeline_tasks import outcome
from cdk_personalize.patterns._state_language import (
    ALL_ERRORS,
    Choice,
    Fail,
    Map,
    Parallel,
    Pass,
    State,
    Succeed,
    Wait,
    chain,
    definition,
)

_FAILURE = {
    "Error": "{% $states.errorOutput.Error %}",
    "Cause": "{% $states.errorOutput.Cause ? $states.errorOutput.Cause : '' %}",
}


def round_definition(
    steps: PipelineSteps,
    *,
    quiet_seconds: float,
    plan: Any,  # noqa: ANN401 - a token that stands for a mapping
) -> dict[str, Any]:
    """Return the definition of the pipeline.

    Args:
        steps: What its states refer to.
        quiet_seconds: How long to wait for the other files of an upload.
        plan: What the stack declares; see `PipelinePlan.declared`.
    """
    lock = steps.lock
    declare = Pass(
        "What the stack declares",
        assign={
            "Plan": plan,
            "Retrain": "{% $exists($states.input.Retrain) and $states.input.Retrain = true %}",
        },
    )
    quiet = Wait("Wait for the rest of an upload", seconds=quiet_seconds)
    begin = lock.update(
        "Begin a round",
        "REMOVE Dirty",
        return_values="ALL_OLD",
        assign={
            "Before": "{% $states.result.Attributes %}",
            "Wished": "{% [$states.result.Attributes.Retrain.S.('retrain ' & $)] %}",
            "Failures": [],
        },
    )
    around = Parallel("Round", branches=[_round(steps)])
    result = Pass("What came of it", assign={"Failures": "{% [$states.input[0].Failures] %}"})
    failed = Fail(
        "Failed",
        error="PipelineFailed",
        cause="{% $join($Failures.(Name & ': ' & Cause), '; ') %}",
    )
    did_succeed = (
        Choice("Did all succeed?").when("$count($Failures) > 0", failed).otherwise(Succeed("Done"))
    )
    release = lock.release(did_succeed)
    around.catch(ALL_ERRORS, release, assign={"Failures": [{"Name": "The pipeline", **_FAILURE}]})
    chain(declare, lock.acquire(quiet))
    chain(quiet, begin, around, result, release)
    return definition(declare)


def _round(steps: PipelineSteps) -> State:
    work = Parallel(
        "Learn and hand out",
        branches=[
            _learn(steps),
            _alone(recommenders(steps), "The recommenders are over"),
            _alone(exports(steps), "The exports are over"),
        ],
    )
    over = outcome(
        "The round is over", {"Failures": "{% [$DeletionFailures, $states.input.Failures] %}"}
    )
    nothing = outcome(
        "Nothing to learn from", {"Failures": "{% [$ImportFailures, $DeletionFailures] %}"}
    )
    # A model is better off with yesterday's data than with half of today's.
    are_in = Choice("Are all data in?").when("$count($ImportFailures) > 0", nothing).otherwise(work)
    chain(work, over)
    return chain(imports(steps), deletions(steps), are_in)


def _learn(steps: PipelineSteps) -> State:
    """Train the models, then ask them what is asked of new versions."""
    over = outcome("All is learnt", {"Failures": "{% [$ModelFailures, $BatchFailures] %}"})
    return chain(models(steps), batch_jobs(steps), delete_retired(over))


def _alone(each: Map, name: str) -> State:
    """Return a branch of its own, which ends with what failed in it."""
    return chain(each, outcome(name, {"Failures": "{% [$states.input[$exists(Cause)]] %}"}))
