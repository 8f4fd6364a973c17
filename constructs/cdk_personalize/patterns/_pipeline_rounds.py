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

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_personalize.patterns._pipeline_data import deletions, exports, imports
from cdk_personalize.patterns._pipeline_lock import PipelineLock
from cdk_personalize.patterns._pipeline_models import batch_jobs, models, recommenders
from cdk_personalize.patterns._pipeline_retired import delete_retired
from cdk_personalize.patterns._pipeline_steps import PipelineSteps
from cdk_personalize.patterns._pipeline_tasks import condition

_FAILURE = {
    "Error": "{% $states.errorOutput.Error %}",
    "Cause": "{% $states.errorOutput.Cause ? $states.errorOutput.Cause : '' %}",
}


class PipelineRounds:
    """Builds the states of the pipeline in the scope of its state machine."""

    def __init__(
        self,
        scope: Construct,
        *,
        lock: PipelineLock,
        jobs: sfn.IStateMachine,
        bucket: s3.IBucket,
        quiet_period: Duration,
        plan: object,
    ) -> None:
        """Keep what the states refer to.

        Args:
            scope: The construct of the state machine.
            lock: The lock that lets one execution run at a time.
            jobs: The state machine of the long jobs.
            bucket: The bucket that is looked at for new files.
            quiet_period: How long to wait for the other files of an upload.
            plan: What the stack declares; see `PipelinePlan.declared`.
        """
        self._scope = scope
        self._lock = lock
        self._steps = PipelineSteps(scope, lock, jobs, bucket)
        self._quiet_period = quiet_period
        self._plan = plan

    def definition(self) -> sfn.IChainable:
        """Return the states of the pipeline."""
        scope = self._scope
        declare = sfn.Pass.jsonata(
            scope,
            "What the stack declares",
            assign={
                "Plan": self._plan,
                "Retrain": "{% $exists($states.input.Retrain) and $states.input.Retrain = true %}",
            },
        )
        quiet = sfn.Wait.jsonata(
            scope,
            "Wait for the rest of an upload",
            time=sfn.WaitTime.duration(self._quiet_period),
        )
        begin = self._lock.update(
            "Begin a round",
            "REMOVE Dirty",
            return_values=tasks.DynamoReturnValues.ALL_OLD,
            assign={
                "Before": "{% $states.result.Attributes %}",
                "Wished": "{% [$states.result.Attributes.Retrain.S.('retrain ' & $)] %}",
                "Failures": [],
            },
        )
        around = sfn.Parallel.jsonata(scope, "Round").branch(self._round())
        result = sfn.Pass.jsonata(
            scope,
            "What came of it",
            assign={"Failures": "{% [$states.input[0].Failures] %}"},
        )
        ended = (
            sfn.Choice.jsonata(scope, "Did all succeed?")
            .when(
                condition("$count($Failures) > 0"),
                sfn.Fail.jsonata(
                    scope,
                    "Failed",
                    error="PipelineFailed",
                    cause="{% $join($Failures.(Name & ': ' & Cause), '; ') %}",
                ),
            )
            .otherwise(sfn.Succeed.jsonata(scope, "Done"))
        )
        release = self._lock.release(ended)
        around.add_catch(
            release,
            errors=["States.ALL"],
            assign={"Failures": [{"Name": "The pipeline", **_FAILURE}]},
        )
        declare.next(self._lock.acquire(quiet))
        quiet.next(begin)
        begin.next(around)
        around.next(result).next(release)
        return declare

    def _round(self) -> sfn.IChainable:
        scope, steps = self._scope, self._steps
        work = sfn.Parallel.jsonata(scope, "Learn and hand out").branch(
            self._learn(),
            self._alone(recommenders(steps), "The recommenders are over"),
            self._alone(exports(steps), "The exports are over"),
        )
        over = sfn.Pass.jsonata(
            scope,
            "The round is over",
            outputs={"Failures": "{% [$DeletionFailures, $states.input.Failures] %}"},
        )
        nothing = sfn.Pass.jsonata(
            scope,
            "Nothing to learn from",
            outputs={"Failures": "{% [$ImportFailures, $DeletionFailures] %}"},
        )
        # A model is better off with yesterday's data than with half of today's.
        are_in = (
            sfn.Choice.jsonata(scope, "Are all data in?")
            .when(condition("$count($ImportFailures) > 0"), nothing)
            .otherwise(work)
        )
        work.next(over)
        return imports(steps).next(deletions(steps)).next(are_in)

    def _learn(self) -> sfn.IChainable:
        """Train the models, then ask them what is asked of new versions."""
        scope, steps = self._scope, self._steps
        train = models(steps)
        ask = batch_jobs(steps)
        over = sfn.Pass.jsonata(
            scope,
            "All is learnt",
            outputs={"Failures": "{% [$ModelFailures, $BatchFailures] %}"},
        )
        train.next(ask).next(delete_retired(steps, over))
        return train

    def _alone(self, each: sfn.Map, name: str) -> sfn.IChainable:
        """Return a branch of its own, which ends with what failed in it."""
        return each.next(
            sfn.Pass.jsonata(
                self._scope,
                name,
                outputs={"Failures": "{% [$states.input[$exists(Cause)]] %}"},
            )
        )
