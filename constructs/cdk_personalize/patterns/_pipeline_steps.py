"""What the parts of a round are built from: a listing of files, and a job in its own execution."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import ArnFormat, Fn, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from cdk_personalize.patterns._pipeline_lock import ME, PipelineLock
from cdk_personalize.patterns._pipeline_tasks import integration
from cdk_personalize.patterns._state_language import (
    ALL_ERRORS,
    FallibleStep,
    Map,
    Retry,
    State,
    Task,
)

# A listing of 1,000 keys of 1,024 bytes would not fit in the 256 KiB that a state may hand on.
KEYS_A_PAGE = 200
# Of each dataset, one by one: each takes eight events of the 25,000 that an execution may have.
FILES_A_ROUND = 200
# The service works on five jobs of a kind at once: in a Region, or in a dataset group.
PARALLEL_JOBS = 5
_LISTED_AGAIN = Retry(
    errors=["S3.S3Exception", "S3.SdkClientException"], interval_seconds=2, max_attempts=6
)

# Marks have no line breaks.
_BETWEEN_MARKS = "'\\n'"
KNOWN = f"$join($Marks, {_BETWEEN_MARKS})"
"""The JSONata of what to note when all of `Marks` is known."""


def unknown(marks: str) -> str:
    """Return the JSONata of whether one of some marks is not in the variable `Known`."""
    return f"$count({marks}[$not($ in $split($Known, {_BETWEEN_MARKS}))]) > 0"


NEWS = unknown("$Marks")
"""The JSONata of whether there is something among the variable `Marks` that is not in `Known`."""


class PipelineSteps:
    """The states that several parts of a round have, and what they may do."""

    def __init__(self, lock: PipelineLock, *, jobs: sfn.IStateMachine, bucket: s3.IBucket) -> None:
        """Keep what the states refer to.

        Args:
            lock: The lock, in whose item it is noted what is done.
            jobs: The state machine of the long jobs.
            bucket: The bucket that is looked at for new files.
        """
        self.lock = lock
        self._jobs_arn = jobs.state_machine_arn
        self._bucket_name = bucket.bucket_name
        self._bucket_arn = bucket.bucket_arn

    def start_job(
        self,
        job: str,
        job_input: Mapping[str, Any],
        *,
        name: str | None = None,
        assign: Mapping[str, Any] | None = None,
        end: bool = False,
    ) -> Task:
        """Return a state that runs a job to its end.

        Args:
            job: Which one.
            job_input: What the job machine is told besides.
            name: The name of the state (default: that of the job).
            assign: The variables to set from what came of it.
            end: Whether nothing follows.
        """
        return Task(
            name or job,
            resource=integration("states:startExecution.sync:2"),
            arguments={
                "StateMachineArn": self._jobs_arn,
                "Input": {
                    "Job": job,
                    **job_input,
                    # The console shows each of the two executions with a link to the other.
                    "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": ME,
                },
            },
            assign=assign,
            end=end,
        )

    def list_files(self, name: str, prefix: str, *, collect: bool = False) -> Task:
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
        return Task(
            name,
            resource=integration("aws-sdk:s3:listObjectsV2"),
            arguments={
                "Bucket": self._bucket_name,
                "Prefix": f"{{% {prefix} %}}",
                "StartAfter": "{% $After %}",
                "MaxKeys": KEYS_A_PAGE,
            },
            assign={
                "More": "{% $states.result.IsTruncated = true %}",
                "After": "{% $exists($states.result.Contents)"
                " ? $states.result.Contents[-1].Key : $After %}",
                "Newest": f"{{% ($times := $append($Newest, {contents}.LastModified);"
                " $sort($times)[-1]) %}",
                **(files if collect else {}),
            },
            retry=[_LISTED_AGAIN],
        )

    def statements(self, stack: Stack) -> list[iam.PolicyStatement]:
        """Return what the role of a state machine with these states must allow.

        Args:
            stack: The stack of the state machine.
        """
        # A machine's ARN ends in its name, and those of its executions go on from there.
        jobs_name = Fn.select(6, Fn.split(":", self._jobs_arn))
        executions = stack.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{jobs_name}*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        # Step Functions makes this rule itself, to learn how an execution ended that it waits for.
        events_rule = stack.format_arn(
            service="events",
            resource="rule",
            resource_name="StepFunctionsGetEventsForStepFunctionsExecutionRule",
        )
        return [
            *self.lock.statements(stack),
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self._bucket_arn]),
            iam.PolicyStatement(actions=["states:StartExecution"], resources=[self._jobs_arn]),
            iam.PolicyStatement(
                actions=["states:DescribeExecution", "states:StopExecution"],
                resources=[executions],
            ),
            iam.PolicyStatement(
                actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"],
                resources=[events_rule],
            ),
        ]


def for_each(
    noun: str,
    items: str,
    item_processor: State,
    *,
    variable: str,
    value: str = "",
    at_once: int | None = PARALLEL_JOBS,
    assign: Mapping[str, Any] | None = None,
) -> Map:
    """Return a state that does the same for each of some items.

    Args:
        noun: What an item is called.
        items: The JSONata of the items.
        item_processor: What is done, from its first state on.
        variable: The member of the input that each of them is.
        value: What of the item that is, `.Key` say (default: all of it).
        at_once: How many of them at once; None for all.
        assign: The variables to set from what came of them.
    """
    return Map(
        f"For each {noun}",
        items=items,
        item_selector={variable: f"{{% $states.context.Map.Item.Value{value} %}}"},
        item_processor=item_processor,
        max_concurrency=at_once,
        assign=assign,
    )


def catch_all(failed: State, *steps: FallibleStep, variable: str = "Cause") -> None:
    """Go on with `failed` after any error of `steps`, with its reason in a variable."""
    for step in steps:
        step.catch(ALL_ERRORS, failed, assign={variable: _cause()})


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
