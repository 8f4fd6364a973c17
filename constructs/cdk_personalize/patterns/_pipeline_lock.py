"""One run at a time: a lock in a DynamoDB item, and the mark that there is more to do.

ListExecutions is eventually consistent, so it cannot say whether another run is under way; a
conditional write can. A start that finds the lock taken marks it dirty and ends; who holds the
lock starts the next run when it is dirty, so no start is lost. (It does not go round by itself: a
running execution keeps the definition that it began with, and a deployment may have changed it.)
The lock of an execution that was stopped is taken over.
"""

from typing import Any

from aws_cdk import Aws, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam

from cdk_personalize.patterns._pipeline_tasks import integration, outcome
from cdk_personalize.patterns._state_language import (
    Choice,
    Pass,
    Retry,
    State,
    Task,
    chain,
    given,
)

LOCK_ID = "pipeline"
TAKEN = "DynamoDB.ConditionalCheckFailedException"
ME = "{% $states.context.Execution.Id %}"
NOW = "{% $now() %}"

_AGAIN = Retry(
    # Not the failed condition, which is an answer and no error.
    errors=[
        "DynamoDB.AmazonDynamoDBException",
        "DynamoDB.InternalServerErrorException",
        "DynamoDB.ProvisionedThroughputExceededException",
        "DynamoDB.RequestLimitExceededException",
        "DynamoDB.ThrottlingException",
        "DynamoDB.SdkClientException",
        "Sfn.SfnException",
        "Sfn.SdkClientException",
    ],
    interval_seconds=1,
    max_attempts=6,
    backoff_rate=2,
)


class PipelineLock:
    """The states that take, read and give back the lock of one pipeline, and what they may do."""

    def __init__(self, table: dynamodb.ITable, *, machine_arn: str, execution_arns: str) -> None:
        """Keep where the lock is.

        Args:
            table: The table that holds the lock; its partition key is `Id`.
            machine_arn: The ARN of the state machine itself, composed of its name.
            execution_arns: The ARN pattern of the executions that may hold the lock.
        """
        self._table_name = table.table_name
        self._item = {"TableName": self._table_name, "Key": {"Id": _text(LOCK_ID)}}
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
        return_values: str | None = None,
        assign: dict[str, Any] | None = None,
    ) -> Task:
        """Return a state that writes to the item of the lock."""
        texts = {key: _text(value) for key, value in values.items()} if values else None
        more = given(
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=texts,
            ReturnValues=return_values,
        )
        return Task(
            name,
            resource=integration("dynamodb:updateItem"),
            arguments={**self._item, "UpdateExpression": expression, **more},
            assign=assign,
            retry=[_AGAIN],
        )

    def acquire(self, then: State) -> State:
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
        look = Task(
            "Who holds the lock?",
            resource=integration("dynamodb:getItem"),
            arguments={**self._item, "ConsistentRead": True},
            assign={
                "Holder": "{% $states.result.Item.Holder.S ? $states.result.Item.Holder.S : '' %}"
            },
            retry=[_AGAIN],
        )
        describe = Task(
            "Is the holder running?",
            resource=integration("aws-sdk:sfn:describeExecution"),
            arguments={"ExecutionArn": "{% $Holder %}"},
            assign={"Running": "{% $states.result.Status = 'RUNNING' %}"},
            retry=[_AGAIN],
        )
        gone = Pass("The holder is forgotten", assign={"Running": False})
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
        is_free = Choice("Is it free by now?").when("$Holder = ''", take).otherwise(describe)
        is_running = Choice("Hand on or take over?").when("$Running", mark).otherwise(take_over)

        chain(take, then)
        take.catch(TAKEN, look)
        chain(look, is_free)
        chain(describe, is_running)
        describe.catch("Sfn.ExecutionDoesNotExistException", gone)
        chain(gone, is_running)
        chain(mark, outcome("Handed on", {"HandedOnTo": "{% $Holder %}"}))
        mark.catch(TAKEN, take)
        chain(take_over, then)
        take_over.catch(TAKEN, take)
        return take

    def release(self, then: State) -> State:
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
        start = Task(
            "Start the next run",
            resource=integration("aws-sdk:sfn:startExecution"),
            arguments={"StateMachineArn": self._machine_arn, "Input": '{"Reason":"dirty"}'},
            retry=[_AGAIN],
        )
        chain(release, then)
        release.catch(TAKEN, hand_over)
        chain(hand_over, start, then)
        # It has been given back already, where the answer to a first try was lost.
        hand_over.catch(TAKEN, then)
        return release

    def statements(self, stack: Stack) -> list[iam.PolicyStatement]:
        """Return what the role of the state machine must allow.

        Args:
            stack: The stack of the state machine.
        """
        table_arn = stack.format_arn(
            service="dynamodb", resource="table", resource_name=self._table_name
        )
        allowed = {
            "dynamodb:UpdateItem": table_arn,
            "dynamodb:GetItem": table_arn,
            "states:DescribeExecution": self._execution_arns,
            "states:StartExecution": self._machine_arn,
        }
        return [
            iam.PolicyStatement(actions=[action], resources=[arn])
            for action, arn in allowed.items()
        ]


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


def _text(value: str) -> dict[str, str]:
    return {"S": value}
