"""Kinesis to Amazon Personalize: each record is one event."""

import os
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from personalize_runtime.dead_letters import DeadLetterQueue
from personalize_runtime.ingestion import CONCURRENCY, EventTracker, settle
from personalize_runtime.observability import logger, metrics
from personalize_runtime.retries import Deadline
from personalize_runtime.stream import StreamRecord

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

_CONNECT_SECONDS = 1
_READ_SECONDS = 5
_CALL_SECONDS = _CONNECT_SECONDS + _READ_SECONDS
# Sending ends in time for a call or two to the dead-letter queue, and those for the answer.
_RESERVE_FOR_DEAD_LETTERS = 2 * _CALL_SECONDS
_RESERVE_FOR_ANSWER = 1
_MILLISECONDS = 1000

# One try each: the function itself tries again, and knows how much time it has.
_config = Config(
    connect_timeout=_CONNECT_SECONDS,
    read_timeout=_READ_SECONDS,
    retries={"total_max_attempts": 1},
    max_pool_connections=CONCURRENCY,
)
tracker = EventTracker(
    boto3.client("personalize-events", config=_config), os.environ["TRACKING_ID"]
)
dead_letters = DeadLetterQueue(
    boto3.client("sqs", config=_config), os.environ["DEAD_LETTER_QUEUE_URL"]
)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> "PartialItemFailureResponse":
    """Settle a batch of records; Kinesis sends everything again from the first unsettled one."""

    def remaining() -> float:
        return context.get_remaining_time_in_millis() / _MILLISECONDS

    records = [StreamRecord.read(record) for record in event["Records"]]
    settlement = settle(
        records,
        tracker,
        dead_letters,
        sending=Deadline(remaining, reserve=_RESERVE_FOR_DEAD_LETTERS, call=_CALL_SECONDS),
        settling=Deadline(remaining, reserve=_RESERVE_FOR_ANSWER, call=_CALL_SECONDS),
    )
    metrics.add_metric("EventsSent", MetricUnit.Count, settlement.sent)
    metrics.add_metric("EventsDeadLettered", MetricUnit.Count, settlement.dead_lettered)
    if settlement.first_unsettled is None:
        return {"batchItemFailures": []}
    first = records[settlement.first_unsettled]
    metrics.add_metric(
        "EventsUnsettled", MetricUnit.Count, len(records) - settlement.first_unsettled
    )
    logger.warning(
        "the rest of the batch has to come again",
        extra={"shardId": first.shard_id, "sequenceNumber": first.sequence_number},
    )
    return {"batchItemFailures": [{"itemIdentifier": first.sequence_number}]}
