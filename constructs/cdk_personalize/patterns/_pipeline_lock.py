"""One run at a time: a lock in a DynamoDB item, and the mark that there is more to do.

ListExecutions is eventually consistent, so it cannot say whether another run is under way; a
conditional write can. A start that finds the lock taken marks it dirty and ends; who holds the
lock goes round again while it is dirty, so no start is lost. The lock of an execution that was
stopped is taken over.
"""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

LOCK_ID = "pipeline"
TAKEN = "DynamoDB.ConditionalCheckFailedException"
ME = "{% $states.context.Execution.Id %}"
NOW = "{% $now() %}"

_text = tasks.DynamoAttributeValue.from_string


class PipelineLock:
    """The states that take, read and give back the lock of one pipeline."""

    def __init__(self, scope: Construct, table: dynamodb.ITable, execution_arns: str) -> None:
        """Keep where the lock is.

        Args:
            scope: The construct of the state machine.
            table: The table that holds the lock; its partition key is `Id`.
            execution_arns: The ARN pattern of the executions that may hold it.
        """
        self._scope = scope
        self._table = table
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
        return tasks.DynamoUpdateItem.jsonata(
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

    def acquire(self, then: sfn.IChainable) -> sfn.IChainable:
        """Return the states that take the lock and go on, or mark it dirty and end.

        They read the variable `Retrain`.
        """
        take = self.update(
            "Take the lock",
            "SET Holder = :me, Since = :now",
            condition="attribute_not_exists(Holder)",
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
            "SET Holder = :me, Since = :now",
            condition="Holder = :holder",
            values={":me": ME, ":now": NOW, ":holder": "{% $Holder %}"},
        )
        handed_on = sfn.Pass.jsonata(
            self._scope, "Handed on", outputs={"HandedOnTo": "{% $Holder %}"}
        )
        is_free = sfn.Choice.jsonata(self._scope, "Is it free by now?")
        is_running = sfn.Choice.jsonata(self._scope, "Hand on or take over?")

        take.add_catch(look, errors=[TAKEN])
        look.next(is_free)
        is_free.when(sfn.Condition.jsonata("{% $Holder = '' %}"), take).otherwise(describe)
        describe.add_catch(gone, errors=["Sfn.ExecutionDoesNotExistException"])
        describe.next(is_running)
        gone.next(is_running)
        is_running.when(sfn.Condition.jsonata("{% $Running %}"), mark).otherwise(take_over)
        mark.add_catch(take, errors=[TAKEN])
        take_over.add_catch(take, errors=[TAKEN])
        mark.next(handed_on)
        take.next(then)
        take_over.next(then)
        return take

    def release(self, *, again: sfn.IChainable, then: sfn.IChainable) -> sfn.IChainable:
        """Return the states that give the lock back, or go round `again` when it is dirty."""
        release = self.update(
            "Give the lock back",
            "REMOVE Holder, Since",
            condition="Holder = :me AND attribute_not_exists(Dirty)",
            values={":me": ME},
        )
        release.add_catch(again, errors=[TAKEN])
        release.next(then)
        return release
