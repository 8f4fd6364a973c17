"""A stream to Amazon Personalize: events, items, users and actions."""

import os
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from event_ingest.dead_letters import DeadLetterBucket, DeadLetterQueue
from event_ingest.destinations import (
    ActionInteractions,
    Destination,
    EventTracker,
    SingleRecords,
)
from event_ingest.ingestion import CONCURRENCY, settle
from personalize_runtime.aws_client import AwsClient
from personalize_runtime.envelope import Kind
from personalize_runtime.observability import logger, metrics
from personalize_runtime.retries import Deadline
from personalize_runtime.stream import Batch

_CONNECT_SECONDS = 1
_READ_SECONDS = 5
_CALL_SECONDS = _CONNECT_SECONDS + _READ_SECONDS
# Sending ends in time for a call or two to the dead-letter queue, and those for the answer.
_RESERVE_FOR_DEAD_LETTERS = 2 * _CALL_SECONDS
_RESERVE_FOR_ANSWER = 1
_MILLISECONDS = 1000
_DATASETS = {
    Kind.ITEM: "ITEMS_DATASET_ARN",
    Kind.USER: "USERS_DATASET_ARN",
    Kind.ACTION: "ACTIONS_DATASET_ARN",
}


def _client(endpoint: str, signing_name: str) -> AwsClient:
    """Return a client that tries once: the function knows how much time there is to try again."""
    return AwsClient.of(
        endpoint,
        signing_name=signing_name,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        max_connections=CONCURRENCY,
    )


def _destinations(client: AwsClient) -> dict[Kind, Destination]:
    """Return where each kind goes that the stack has a dataset for."""
    destinations: dict[Kind, Destination] = {}
    if tracking_id := os.environ.get("TRACKING_ID"):
        destinations[Kind.INTERACTION] = EventTracker(client, tracking_id)
    if tracking_id := os.environ.get("ACTION_TRACKING_ID"):
        destinations[Kind.ACTION_INTERACTION] = ActionInteractions(client, tracking_id)
    for kind, variable in _DATASETS.items():
        if arn := os.environ.get(variable):
            destinations[kind] = SingleRecords(client, kind, arn)
    return destinations


def _dead_letters() -> DeadLetterQueue:
    bucket = None
    if name := os.environ.get("DEAD_LETTER_BUCKET"):
        prefix = os.environ.get("DEAD_LETTER_PREFIX", "")
        bucket = DeadLetterBucket(_client("s3", "s3"), name, prefix)
    return DeadLetterQueue(_client("sqs", "sqs"), os.environ["DEAD_LETTER_QUEUE_URL"], bucket)


personalize_events = _client("personalize-events", "personalize")
destinations = _destinations(personalize_events)
dead_letters = _dead_letters()


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Settle batches; the stream sends everything again from the first unsettled record."""

    def remaining() -> float:
        return context.get_remaining_time_in_millis() / _MILLISECONDS

    failures = []
    for batch in Batch.all_of(event):
        settlement = settle(
            batch.records,
            destinations,
            dead_letters,
            sending=Deadline(remaining, reserve=_RESERVE_FOR_DEAD_LETTERS, call=_CALL_SECONDS),
            settling=Deadline(remaining, reserve=_RESERVE_FOR_ANSWER, call=_CALL_SECONDS),
        )
        metrics.add_metric("EventsSent", MetricUnit.Count, settlement.sent)
        metrics.add_metric("EventsDeadLettered", MetricUnit.Count, settlement.dead_lettered)
        if settlement.first_unsettled is None:
            continue
        first = batch.records[settlement.first_unsettled]
        unsettled = len(batch.records) - settlement.first_unsettled
        metrics.add_metric("EventsUnsettled", MetricUnit.Count, unsettled)
        logger.warning(
            "the rest of the batch has to come again",
            extra={
                "shardId": first.position.shard_id,
                "sequenceNumber": first.position.sequence_number,
            },
        )
        failures.append({"itemIdentifier": first.identifier})
    return {"batchItemFailures": failures}
