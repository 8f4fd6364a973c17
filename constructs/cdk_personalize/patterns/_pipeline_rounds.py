"""The state machine of the pipeline: what is new is imported, learnt from, and served.

A round lists the files of every dataset, imports those that have newer ones, trains every model
when something came (or it was asked for, or the model has no version yet), and moves the
campaigns to the new versions. The long jobs run in executions of their own (`_pipeline_jobs`).

That data was imported is noted before it is learnt from, and the note `Untrained` stays until all
models have learnt: a run that failed or was stopped in between leaves it to the next.
"""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_personalize.patterns._pipeline_lock import TAKEN, PipelineLock
from cdk_personalize.patterns._pipeline_tasks import ALREADY_EXISTS, NOT_FOUND, personalize_call

# A listing of 1,000 keys of 1,024 bytes would not fit in the 256 KiB that a state may hand on.
KEYS_A_PAGE = 200
# The service works on five imports at once; a training may wait for its place.
PARALLEL_IMPORTS = 5
PARALLEL_MODELS = 10

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
        role_arn: str,
        quiet_period: Duration,
        plan: object,
    ) -> None:
        """Keep what the states refer to.

        Args:
            scope: The construct of the state machine.
            lock: The lock that lets one execution run at a time.
            jobs: The state machine of the long jobs.
            bucket: The bucket that is looked at for new files.
            role_arn: The role that Personalize reads the bucket with.
            quiet_period: How long to wait for the other files of an upload.
            plan: What the stack declares, `{"Datasets": [...], "Models": [...]}`.
        """
        self._scope = scope
        self._lock = lock
        self._jobs = jobs
        self._bucket = bucket
        self._role_arn = role_arn
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
                "Due": "{% $exists($states.result.Attributes.Retrain)"
                " or $exists($states.result.Attributes.Untrained) %}",
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
                sfn.Condition.jsonata("{% $count($Failures) > 0 %}"),
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
        scope = self._scope
        imports = sfn.Map.jsonata(
            scope,
            "For each dataset",
            items=sfn.ProvideItems.jsonata("{% $Plan.Datasets %}"),
            item_selector={"Dataset": "{% $states.context.Map.Item.Value %}"},
            max_concurrency=PARALLEL_IMPORTS,
            assign={
                "Imported": "{% $count($states.result[Imported]) > 0 %}",
                "ImportFailures": "{% [$states.result[$exists(Cause)]] %}",
                "Data": "{% $count($states.result[Type = 'INTERACTIONS' and Present]) > 0 %}",
            },
        )
        imports.item_processor(self._dataset())
        models = sfn.Map.jsonata(
            scope,
            "For each model",
            items=sfn.ProvideItems.jsonata("{% $Plan.Models %}"),
            item_selector={"Model": "{% $states.context.Map.Item.Value %}"},
            max_concurrency=PARALLEL_MODELS,
            assign={"ModelFailures": "{% [$states.result[$exists(Cause)]] %}"},
        )
        models.item_processor(self._model())
        over = sfn.Pass.jsonata(
            scope, "The round is over", outputs={"Failures": "{% $ModelFailures %}"}
        )
        learnt = self._lock.update(
            "Note what is learnt",
            "REMOVE Untrained, Retrain",
            # A wish to train anew that came meanwhile is left to the run that it will start.
            condition="attribute_not_exists(Retrain) OR Retrain = :known",
            values={":known": "{% $exists($Before.Retrain) ? $Before.Retrain.S : 'none' %}"},
        )
        learnt_meanwhile = self._lock.update("Note the data that is learnt", "REMOVE Untrained")
        learnt.add_catch(learnt_meanwhile, errors=[TAKEN])
        models.next(
            sfn.Choice.jsonata(scope, "Did every model learn?")
            .when(sfn.Condition.jsonata("{% $count($ModelFailures) = 0 %}"), learnt)
            .otherwise(over)
        )
        learnt.next(over)
        learnt_meanwhile.next(over)
        nothing = sfn.Pass.jsonata(
            scope, "Nothing to learn from", outputs={"Failures": "{% $ImportFailures %}"}
        )
        # A model is better off with yesterday's data than with half of today's.
        learn = (
            sfn.Choice.jsonata(scope, "Is there something to learn from?")
            .when(sfn.Condition.jsonata("{% $count($ImportFailures) > 0 %}"), nothing)
            .when(sfn.Condition.jsonata("{% $Data or $Due %}"), models)
            .otherwise(nothing)
        )
        return imports.next(learn)

    def _dataset(self) -> sfn.IChainable:
        """Import the files of one dataset if one of them is newer than the last import."""
        scope = self._scope
        look = sfn.Pass.jsonata(
            scope,
            "Look for files",
            assign={
                "Dataset": "{% $states.input.Dataset %}",
                "After": "{% $states.input.Dataset.Prefix %}",
                "Newest": "",
                "Last": "{% ($old := $lookup($Before, 'Imported' & $states.input.Dataset.Type);"
                " $exists($old.S) ? $old.S : '') %}",
            },
        )
        page = tasks.CallAwsService.jsonata(
            scope,
            "List the files",
            service="s3",
            action="listObjectsV2",
            parameters={
                "Bucket": self._bucket.bucket_name,
                "Prefix": "{% $Dataset.Prefix %}",
                "StartAfter": "{% $After %}",
                "MaxKeys": KEYS_A_PAGE,
            },
            iam_action="s3:ListBucket",
            iam_resources=[self._bucket.bucket_arn],
            assign={
                "More": "{% $states.result.IsTruncated = true %}",
                "After": "{% $exists($states.result.Contents)"
                " ? $states.result.Contents[-1].Key : $After %}",
                "Newest": "{% ($times := $append($Newest, $states.result.Contents.LastModified);"
                " $sort($times)[-1]) %}",
            },
        )
        page.add_retry(
            errors=["S3.S3Exception", "S3.SdkClientException"],
            interval=Duration.seconds(2),
            max_attempts=6,
            jitter_strategy=sfn.JitterType.FULL,
        )
        load = self._start_job(
            "Import",
            {
                "DatasetArn": "{% $Dataset.DatasetArn %}",
                "DataLocation": "{% $Dataset.DataLocation %}",
                "RoleArn": self._role_arn,
            },
        )
        note = self._lock.update(
            "Note what is imported",
            "SET #imported = :newest, Untrained = :newest",
            names={"#imported": "{% 'Imported' & $Dataset.Type %}"},
            values={":newest": "{% $Newest %}"},
        )
        imported = self._outcome("Imported", {"Imported": True, "Present": True})
        as_it_was = self._outcome("As it was", {"Imported": False, "Present": "{% $Last != '' %}"})
        failed = sfn.Pass.jsonata(
            scope,
            "Not imported",
            outputs={
                "Name": "{% $Dataset.Type %}",
                "Type": "{% $Dataset.Type %}",
                "Imported": False,
                "Present": "{% $Last != '' %}",
                "Cause": "{% $Cause %}",
            },
        )
        for step in (page, load, note):
            step.add_catch(failed, errors=["States.ALL"], assign={"Cause": _cause()})
        is_newer = (
            sfn.Choice.jsonata(scope, "Is there a newer file?")
            .when(sfn.Condition.jsonata("{% $More %}"), page)
            .when(sfn.Condition.jsonata("{% $Newest > $Last %}"), load)
            .otherwise(as_it_was)
        )
        look.next(page).next(is_newer)
        load.next(note).next(imported)
        return look

    def _model(self) -> sfn.IChainable:
        """Train one solution if there is a reason to, and let its campaigns serve the version."""
        scope = self._scope
        remember = sfn.Pass.jsonata(
            scope, "Remember the model", assign={"Model": "{% $states.input.Model %}"}
        )
        describe = personalize_call(
            scope,
            "Describe the solution",
            "describeSolution",
            {"SolutionArn": "{% $Model.SolutionArn %}"},
            assign={
                "Status": "{% $states.result.Solution.Status %}",
                "Version": "{% $states.result.Solution.LatestSolutionVersion.Status = 'ACTIVE'"
                " ? $states.result.Solution.LatestSolutionVersion.SolutionVersionArn : '' %}",
            },
        )
        create = personalize_call(
            scope,
            "Create the solution",
            "createSolution",
            "{% $Model.Request %}",
            wait_while_busy=True,
        )
        pause = sfn.Wait.jsonata(
            scope, "Wait for the solution", time=sfn.WaitTime.duration(Duration.seconds(20))
        )
        train = self._start_job("Train", {"SolutionArn": "{% $Model.SolutionArn %}"})
        deploy = sfn.Map.jsonata(
            scope,
            "For each campaign",
            items=sfn.ProvideItems.jsonata("{% $Model.Campaigns %}"),
            item_selector={"Campaign": "{% $states.context.Map.Item.Value %}"},
            outputs={"Name": "{% $Model.SolutionArn %}", "SolutionVersionArn": "{% $Version %}"},
        )
        deploy.item_processor(
            self._start_job(
                "Deploy",
                {
                    "CampaignArn": "{% $states.input.Campaign.CampaignArn %}",
                    "Request": "{% $states.input.Campaign.Request %}",
                    "SolutionVersionArn": "{% $Version %}",
                },
            )
        )
        failed = sfn.Pass.jsonata(
            scope,
            "Not served",
            outputs={"Name": "{% $Model.SolutionArn %}", "Cause": "{% $Cause %}"},
        )
        broken = sfn.Pass.jsonata(
            scope,
            "No solution",
            outputs={
                "Name": "{% $Model.SolutionArn %}",
                "Cause": "{% 'the solution is in state ' & $Status %}",
            },
        )
        is_due = (
            sfn.Choice.jsonata(scope, "Is a training due?")
            .when(sfn.Condition.jsonata("{% $contains($Status, 'FAILED') %}"), broken)
            .when(sfn.Condition.jsonata("{% $Status != 'ACTIVE' %}"), pause)
            .when(sfn.Condition.jsonata("{% $Imported or $Due or $Version = '' %}"), train)
            .otherwise(deploy)
        )
        describe.add_catch(create, errors=[NOT_FOUND])
        create.add_catch(pause, errors=[ALREADY_EXISTS])
        for step in (describe, create, train, deploy):
            step.add_catch(failed, errors=["States.ALL"], assign={"Cause": _cause()})
        remember.next(describe).next(is_due)
        create.next(pause).next(describe)
        train.next(deploy)
        return remember

    def _start_job(self, job: str, job_input: dict[str, str]) -> tasks.StepFunctionsStartExecution:
        assign = (
            {"Version": "{% $states.result.Output.SolutionVersionArn %}"}
            if job == "Train"
            else None
        )
        return tasks.StepFunctionsStartExecution.jsonata(
            self._scope,
            job,
            state_machine=self._jobs,
            integration_pattern=sfn.IntegrationPattern.RUN_JOB,
            associate_with_parent=True,
            input=sfn.TaskInput.from_object({"Job": job, **job_input}),
            assign=assign,
        )

    def _outcome(self, name: str, outputs: dict[str, object]) -> sfn.Pass:
        return sfn.Pass.jsonata(
            self._scope, name, outputs={"Type": "{% $Dataset.Type %}", **outputs}
        )


def _cause() -> str:
    """Return the JSONata of why a job failed.

    What a nested execution fails with is a description of that execution in JSON, whose own
    cause is what a person wants to read.
    """
    text = "$states.errorOutput.Cause"
    return (
        f"{{% ($text := $exists({text}) ? {text} : $states.errorOutput.Error;"
        " $nested := $substring($text, 0, 1) = '{' ? $parse($text) : {};"
        " $exists($nested.Cause) ? $nested.Cause : $text) %}"
    )
