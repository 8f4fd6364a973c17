"""One run at a time: a lock in a DynamoDB item, and the mark that there is more to do.

ListExecutions is eventually consistent, so it cannot say whether another run is under way; a
conditional write can. A start that finds the lock taken marks it dirty and ends; who holds the
lock starts the next run when it is dirty, so no start is lost. (It does not go round by itself: a
running execution keeps the definition that it began with, and a deployment may have changed it.)
The lock of an execution that was stopped is taken over.
"""

from functools import cache
from typing import TypeVar

from aws_cdk import Aws, Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_personalize.patterns._pipeline_tasks import condition

LOCK_ID = "pipeline"
TAKEN = "DynamoDB.ConditionalCheckFailedException"
ME = "{% $states.context.Execution.Id %}"
NOW = "{% $now() %}"

# Not the failed condition, which is an answer and no error.
_TRANSIENT = [
    "DynamoDB.AmazonDynamoDBException",
    "DynamoDB.InternalServerErrorException",
    "DynamoDB.ProvisionedThroughputExceededException",
    "DynamoDB.RequestLimitExceededException",
    "DynamoDB.ThrottlingException",
    "DynamoDB.SdkClientException",
    "Sfn.SfnException",
    "Sfn.SdkClientException",
]

_text = cache(tasks.DynamoAttributeValue.from_string)
_seconds = cache(Duration.seconds)


class PipelineLock:
    """The states that take, read and give back the lock of one pipeline."""

    def __init__(
        self,
        scope: Construct,
        table: dynamodb.ITable,
        *,
        machine_arn: str,
        execution_arns: str,
    ) -> None:
        """Keep where the lock is.

        Args:
            scope: The construct of the state machine.
            table: The table that holds the lock; its partition key is `Id`.
            machine_arn: The ARN of the state machine itself, composed of its name.
            execution_arns: The ARN pattern of the executions that may hold the lock.
        """
        self._scope = scope
        self._table = table
        self._machine_arn = machine_arn
        self._execution_arns = execution_arns

    def update(
        self,
        name: str,
        expression: str,
        *,
        condition: str | None = None,
        values: dict[str, str] | None = None,
        names: dict[str, str] | None = None,
        return_values: tasks.DynamoReturnValues | None = None,
        assign: dict[str, object] | None = None,
    ) -> tasks.DynamoUpdateItem:
        """Return a state that writes to the item of the lock."""
        write = tasks.DynamoUpdateItem.jsonata(
            self._scope,
            name,
            table=self._table,
            key={"Id": _text(LOCK_ID)},
            update_expression=expression,
            condition_expression=condition,
            expression_attribute_names=names,
            expression_attribute_values={key: _text(value) for key, value in values.items()}
            if values
            else None,
            return_values=return_values,
            assign=assign,
        )
        return _retried(write)

    def acquire(self, then: sfn.IChainable) -> sfn.IChainable:
        """Return the states that take the lock and go on, or mark it dirty and end.

        They read the variable `Retrain`.
        """
        take = self.update(
            "Take the lock",
            "{% $Retrain ? 'SET Holder = :me, Since = :now, Retrain = :now'"
            " : 'SET Holder = :me, Since = :now' %}",
            # Its own name is there when the answer to a first try was lost.
            condition="attribute_not_exists(Holder) OR Holder = :me",
            values={":me": ME, ":now": NOW},
        )
        look = tasks.DynamoGetItem.jsonata(
            self._scope,
            "Who holds the lock?",
            table=self._table,
            key={"Id": _text(LOCK_ID)},
            consistent_read=True,
            assign={
                "Holder": "{% $states.result.Item.Holder.S ? $states.result.Item.Holder.S : '' %}"
            },
        )
        describe = tasks.CallAwsService.jsonata(
            self._scope,
            "Is the holder running?",
            service="sfn",
            action="describeExecution",
            parameters={"ExecutionArn": "{% $Holder %}"},
            iam_action="states:DescribeExecution",
            iam_resources=[self._execution_arns],
            assign={"Running": "{% $states.result.Status = 'RUNNING' %}"},
        )
        gone = sfn.Pass.jsonata(self._scope, "The holder is forgotten", assign={"Running": False})
        mark = self.update(
            "Tell the holder",
            "{% $Retrain ? 'SET Dirty = :now, Retrain = :now' : 'SET Dirty = :now' %}",
            condition="Holder = :holder",
            values={":now": NOW, ":holder": "{% $Holder %}"},
        )
        take_over = self.update(
            "Take the lock over",
            "{% $Retrain ? 'SET Holder = :me, Since = :now, Retrain = :now'"
            " : 'SET Holder = :me, Since = :now' %}",
            condition="Holder = :holder",
            values={":me": ME, ":now": NOW, ":holder": "{% $Holder %}"},
        )
        handed_on = sfn.Pass.jsonata(
            self._scope, "Handed on", outputs={"HandedOnTo": "{% $Holder %}"}
        )
        _retried(look)
        _retried(describe)
        is_free = sfn.Choice.jsonata(self._scope, "Is it free by now?")
        is_running = sfn.Choice.jsonata(self._scope, "Hand on or take over?")

        take.add_catch(look, errors=[TAKEN])
        look.next(is_free)
        is_free.when(condition("$Holder = ''"), take).otherwise(describe)
        describe.add_catch(gone, errors=["Sfn.ExecutionDoesNotExistException"])
        describe.next(is_running)
        gone.next(is_running)
        is_running.when(condition("$Running"), mark).otherwise(take_over)
        mark.add_catch(take, errors=[TAKEN])
        take_over.add_catch(take, errors=[TAKEN])
        mark.next(handed_on)
        take.next(then)
        take_over.next(then)
        return take

    def release(self, then: sfn.IChainable) -> sfn.IChainable:
        """Return the states that give the lock back, and start the next run when it is dirty."""
        release = self.update(
            "Give the lock back",
            "REMOVE Holder, Since",
            condition="Holder = :me AND attribute_not_exists(Dirty)",
            values={":me": ME},
        )
        hand_over = self.update(
            "Give the dirty lock back",
            "REMOVE Holder, Since",
            condition="Holder = :me",
            values={":me": ME},
        )
        start = tasks.CallAwsService.jsonata(
            self._scope,
            "Start the next run",
            service="sfn",
            action="startExecution",
            parameters={"StateMachineArn": self._machine_arn, "Input": '{"Reason":"dirty"}'},
            iam_action="states:StartExecution",
            iam_resources=[self._machine_arn],
        )
        _retried(start)
        release.add_catch(hand_over, errors=[TAKEN])
        # It has been given back already, where the answer to a first try was lost.
        hand_over.add_catch(then, errors=[TAKEN])
        release.next(then)
        hand_over.next(start)
        start.next(then)
        return release


def key_statement_for_table(key_arn: str) -> iam.PolicyStatement:
    """Return what a caller of an encrypted table needs: DynamoDB uses the key in its name."""
    return iam.PolicyStatement(
        actions=[
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ],
        resources=[key_arn],
        conditions={"StringEquals": {"kms:ViaService": f"dynamodb.{Aws.REGION}.{Aws.URL_SUFFIX}"}},
    )


_Task = TypeVar("_Task", bound=sfn.TaskStateBase)


def _retried(task: _Task) -> _Task:
    task.add_retry(
        errors=_TRANSIENT,
        interval=_seconds(1),
        backoff_rate=2,
        max_attempts=6,
        jitter_strategy=sfn.JitterType.FULL,
    )
    return task
