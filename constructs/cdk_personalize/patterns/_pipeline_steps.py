"""What the parts of a round are built from: a listing of files, and a job in its own execution."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_personalize.patterns._pipeline_lock import PipelineLock

# A listing of 1,000 keys of 1,024 bytes would not fit in the 256 KiB that a state may hand on.
KEYS_A_PAGE = 200
# Of each dataset, one by one: each takes eight events of the 25,000 that an execution may have.
FILES_A_ROUND = 200
# The service works on five jobs of a kind at once: in a Region, or in a dataset group.
PARALLEL_JOBS = 5

# Marks have no line breaks.
_BETWEEN_MARKS = "'\\n'"
KNOWN = f"$join($Marks, {_BETWEEN_MARKS})"
"""The JSONata of what to note when all of `Marks` is known."""


def unknown(marks: str) -> str:
    """Return the JSONata of whether one of some marks is not in the variable `Known`."""
    return f"$count({marks}[$not($ in $split($Known, {_BETWEEN_MARKS}))]) > 0"


NEWS = unknown("$Marks")
"""The JSONata of whether there is something among the variable `Marks` that is not in `Known`."""


@dataclass(frozen=True)
class PipelineSteps:
    """The states that several parts of a round have, in the scope of its state machine.

    Attributes:
        scope: The construct of the state machine.
        lock: The lock, in whose item it is noted what is done.
        jobs: The state machine of the long jobs.
        bucket: The bucket that is looked at for new files.
    """

    scope: Construct
    lock: PipelineLock
    jobs: sfn.IStateMachine
    bucket: s3.IBucket

    def start_job(
        self,
        job: str,
        job_input: Mapping[str, Any],
        *,
        name: str | None = None,
        assign: Mapping[str, Any] | None = None,
    ) -> tasks.StepFunctionsStartExecution:
        """Return a state that runs a job to its end.

        Args:
            job: Which one.
            job_input: What the job machine is told besides.
            name: The name of the state (default: that of the job).
            assign: The variables to set from what came of it.
        """
        return tasks.StepFunctionsStartExecution.jsonata(
            self.scope,
            name or job,
            state_machine=self.jobs,
            integration_pattern=sfn.IntegrationPattern.RUN_JOB,
            associate_with_parent=True,
            input=sfn.TaskInput.from_object({"Job": job, **job_input}),
            assign=assign,
        )

    def for_each(
        self,
        noun: str,
        items: str,
        *,
        variable: str,
        value: str = "",
        at_once: int | None = PARALLEL_JOBS,
        assign: Mapping[str, Any] | None = None,
    ) -> sfn.Map:
        """Return a state that does the same for each of some items.

        Args:
            noun: What an item is called.
            items: The JSONata of the items.
            variable: The member of the input that each of them is.
            value: What of the item that is, `.Key` say (default: all of it).
            at_once: How many of them at once; None for all.
            assign: The variables to set from what came of them.
        """
        return sfn.Map.jsonata(
            self.scope,
            f"For each {noun}",
            items=sfn.ProvideItems.jsonata(items),
            item_selector={variable: f"{{% $states.context.Map.Item.Value{value} %}}"},
            max_concurrency=at_once,
            assign=assign,
        )

    def list_files(self, name: str, prefix: str, *, collect: bool = False) -> tasks.CallAwsService:
        """Return a state that lists a page of the files of a folder.

        It reads and sets the variables `After`, the last key, and `Newest`, the latest time, which
        begin with the prefix and with nothing. `More` tells whether there is another page.

        Args:
            name: The name of the state.
            prefix: The JSONata of the folder.
            collect: Whether the files are imported, which sub-folders are not: theirs do not
                count. Those that are newer than the variable `Last` are kept in `Files`, which
                begins empty: the oldest first, and one more at most than are taken.
        """
        contents = "$states.result.Contents"
        if collect:
            contents += f"[$not($contains($substringAfter(Key, {prefix}), '/'))]"
        newer = f"{contents}[LastModified > $Last].{{'Key': Key, 'At': LastModified}}"
        oldest_first = "function($one, $other) { $one.At > $other.At }"
        files = {
            "Files": f"{{% [$sort([$Files, {newer}], {oldest_first})[[0..{FILES_A_ROUND}]]] %}}"
        }
        page = tasks.CallAwsService.jsonata(
            self.scope,
            name,
            service="s3",
            action="listObjectsV2",
            parameters={
                "Bucket": self.bucket.bucket_name,
                "Prefix": f"{{% {prefix} %}}",
                "StartAfter": "{% $After %}",
                "MaxKeys": KEYS_A_PAGE,
            },
            iam_action="s3:ListBucket",
            iam_resources=[self.bucket.bucket_arn],
            assign={
                "More": "{% $states.result.IsTruncated = true %}",
                "After": "{% $exists($states.result.Contents)"
                " ? $states.result.Contents[-1].Key : $After %}",
                "Newest": f"{{% ($times := $append($Newest, {contents}.LastModified);"
                " $sort($times)[-1]) %}",
                **(files if collect else {}),
            },
        )
        page.add_retry(
            errors=["S3.S3Exception", "S3.SdkClientException"],
            interval=Duration.seconds(2),
            max_attempts=6,
            jitter_strategy=sfn.JitterType.FULL,
        )
        return page

    def outcome(self, name: str, outputs: Mapping[str, object]) -> sfn.Pass:
        """Return a state that ends a part of a round with what came of it."""
        return sfn.Pass.jsonata(self.scope, name, outputs=dict(outputs))

    @staticmethod
    def catch(
        failed: sfn.Pass,
        *steps: sfn.TaskStateBase | sfn.CustomState | sfn.Map,
        variable: str = "Cause",
    ) -> None:
        """Go on with `failed` after any error of `steps`, with its reason in a variable."""
        for step in steps:
            step.add_catch(failed, errors=["States.ALL"], assign={variable: _cause()})


def last(mark: str) -> str:
    """Return the JSONata of a mark in the item of the lock, as it was before this round."""
    return f"{{% ($old := $lookup($Before, {mark}); $exists($old.S) ? $old.S : '') %}}"


def marks(types: str) -> str:
    """Return the JSONata of the marks of all that there is to know of some types of datasets.

    They are what was imported and deleted, and the last wish to learn anew. A mark is never the
    same again, so what is known of them can be noted as their list.
    """
    return f"[$Wished, $Data[Type in {types}].Mark, $Forgotten]"


def ready(items: str) -> str:
    """Return the JSONata of those of some items whose data is there.

    It may have come in by another way than files: once learning was asked for, all are tried.
    """
    return f"{{% [{items}[$count($Wished) > 0 or $count(Needs[$not($ in $Data.Type)]) = 0]] %}}"


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
