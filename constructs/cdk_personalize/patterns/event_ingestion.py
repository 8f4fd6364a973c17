"""Events, from a stream to the event tracker: none lost, none silently dropped."""

from dataclasses import dataclass, field
from typing import Unpack, cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_personalize._function import LambdaFunction
from cdk_personalize._metrics import MetricOptions
from cdk_personalize._tokens import is_token
from cdk_personalize.event_tracker import IEventTracker

_MAX_BATCH_SIZE = 10_000
_MAX_PARALLELIZATION_FACTOR = 10
# The function stops calling 15 seconds before its end, to settle what it has: a minute is long
# enough to sit out a burst of throttling, and short enough to see new events soon after it.
_TIMEOUT = Duration.minutes(1)
# The share of a processor grows with the memory, and signing sixteen calls at once takes some.
_MEMORY_SIZE = 512


@dataclass(frozen=True, kw_only=True)
class EventSourceOptions:
    """How the function reads the stream.

    The function settles every record itself, so a retry here means that Amazon Personalize or the
    dead-letter queue could not be reached for a whole invocation. The stream is then the buffer:
    records are tried again until `max_record_age`, which has to stay below the stream's retention.

    Args:
        batch_size: The records of one invocation, at most.
        max_batching_window: How long to wait for a full batch; an event moves the
            recommendations later by as much.
        parallelization_factor: The batches of one shard that run side by side. Events with the
            same partition key stay in order.
        max_record_age: When to give up on a record that could not be settled.
        retry_attempts: How often to try a batch again (default: until `max_record_age`).
    """

    batch_size: int = 500
    max_batching_window: Duration = field(default_factory=lambda: Duration.seconds(1))
    parallelization_factor: int = 1
    max_record_age: Duration = field(default_factory=lambda: Duration.hours(24))
    retry_attempts: int | None = None

    def __post_init__(self) -> None:
        """Check the limits of the event source."""
        for name, value, limit in (
            ("batch_size", self.batch_size, _MAX_BATCH_SIZE),
            ("parallelization_factor", self.parallelization_factor, _MAX_PARALLELIZATION_FACTOR),
        ):
            if not is_token(value) and not 1 <= value <= limit:
                msg = f"{name} must be between 1 and {limit}, got {value}"
                raise ValueError(msg)


class EventIngestion(Construct):
    """Send the events of a Kinesis stream to Amazon Personalize.

    The function checks each record, sends the events of each session in order, and settles every
    record itself: sent, or put whole into the dead-letter queue with the reason. Records that it
    could not settle are read again; Amazon Personalize drops the repeats by their `eventId`.

    Producers put one JSON object a record, with the session (or the user) as partition key.

    Example:
        ```python
        ingestion = EventIngestion(self, "Ingestion", event_tracker=tracker)
        ingestion.grant_write(web_shop)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        event_tracker: IEventTracker,
        stream: kinesis.IStream | None = None,
        shard_count: int | None = None,
        retention_period: Duration | None = None,
        event_source: EventSourceOptions | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        """Define the ingestion of events.

        Args:
            scope: The construct to define the ingestion in.
            construct_id: The id of the ingestion within `scope`.
            event_tracker: Where the events go.
            stream: The stream that producers write to (default: a new one).
            shard_count: The shards of the new stream (default: on demand).
            retention_period: How long the new stream keeps events (default: 7 days, so that what
                the event source gave up on can still be read).
            event_source: How the function reads the stream.
            encryption_key: The key of the new stream, the queue and the logs (default: the keys
                that AWS manages).
            removal_policy: What becomes of the new stream and the queue when they are removed. A
                stream that is kept is billed by the hour.

        Raises:
            ValueError: If `shard_count` or `retention_period` come with an existing `stream`, or
                the stream forgets events before the function gives up on them.
        """
        super().__init__(scope, construct_id)
        options = event_source or EventSourceOptions()
        if stream is None:
            retention = retention_period or Duration.days(7)
            _check_retention(retention, options.max_record_age)
            stream = _stream(self, shard_count, retention, encryption_key, removal_policy)
        elif shard_count is not None or retention_period is not None:
            msg = "shard_count and retention_period belong to a new stream, got an existing one"
            raise ValueError(msg)
        self._stream = stream
        self._dead_letter_queue = _dead_letter_queue(self, encryption_key, removal_policy)

        self._function = LambdaFunction(
            self,
            "Function",
            function="event_ingest",
            environment={
                "TRACKING_ID": event_tracker.tracking_id,
                "DEAD_LETTER_QUEUE_URL": self._dead_letter_queue.queue_url,
            },
            timeout=_TIMEOUT,
            memory_size=_MEMORY_SIZE,
            encryption_key=encryption_key,
        )
        event_tracker.grant_put_events(self._function)
        self._dead_letter_queue.grant(self._function, "sqs:SendMessage")
        if encryption_key is not None:
            encryption_key.grant(self._function, "kms:GenerateDataKey", "kms:Decrypt")
        stream.grant_read(self._function)
        self._read_stream(options)

    @property
    def stream(self) -> kinesis.IStream:
        """The stream that producers write to."""
        return self._stream

    @property
    def function(self) -> lambda_.IFunction:
        """The function that sends the events."""
        return self._function

    @property
    def dead_letter_queue(self) -> sqs.IQueue:
        """Where records go that are no events, or that Amazon Personalize refuses."""
        return self._dead_letter_queue

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to put events on the stream."""
        return self._stream.grant_write(grantee)

    def metric_iterator_age(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how far the function is behind the stream (default: maximum over 5 minutes)."""
        return self._stream.metric_get_records_iterator_age_milliseconds(**options)

    def metric_dead_letters(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many dead letters wait for a person (default: maximum over 5 minutes)."""
        return self._dead_letter_queue.metric_approximate_number_of_messages_visible(**options)

    def _read_stream(self, options: EventSourceOptions) -> None:
        mapping = lambda_.EventSourceMapping(
            self,
            "EventSource",
            target=self._function,
            event_source_arn=self._stream.stream_arn,
            # From the oldest record: what was written before the function was there counts too.
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=options.batch_size,
            max_batching_window=options.max_batching_window,
            parallelization_factor=options.parallelization_factor,
            max_record_age=options.max_record_age,
            retry_attempts=options.retry_attempts,
            report_batch_item_failures=True,
            # Should the function itself break on a batch, the halves show which record did it.
            bisect_batch_on_error=True,
        )
        # The last net, under the function's own dead letters: it names the records, without their
        # data. Set on the L1, because the L2's destination grants kms:GenerateDataKey* and more.
        resource = cast("lambda_.CfnEventSourceMapping", mapping.node.default_child)
        resource.destination_config = lambda_.CfnEventSourceMapping.DestinationConfigProperty(
            on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(
                destination=self._dead_letter_queue.queue_arn
            )
        )


def _check_retention(retention: Duration, max_record_age: Duration) -> None:
    if retention.is_unresolved() or max_record_age.is_unresolved():
        return
    if retention.to_seconds() <= max_record_age.to_seconds():
        msg = (
            "retention_period must be longer than max_record_age, "
            f"got {retention.to_human_string()} and {max_record_age.to_human_string()}"
        )
        raise ValueError(msg)


def _stream(
    scope: Construct,
    shard_count: int | None,
    retention: Duration,
    key: kms.IKey | None,
    removal_policy: RemovalPolicy,
) -> kinesis.Stream:
    on_demand = shard_count is None
    return kinesis.Stream(
        scope,
        "Stream",
        stream_mode=kinesis.StreamMode.ON_DEMAND if on_demand else kinesis.StreamMode.PROVISIONED,
        shard_count=shard_count,
        retention_period=retention,
        encryption=kinesis.StreamEncryption.KMS if key else kinesis.StreamEncryption.MANAGED,
        encryption_key=key,
        removal_policy=removal_policy,
    )


def _dead_letter_queue(
    scope: Construct, key: kms.IKey | None, removal_policy: RemovalPolicy
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        "DeadLetterQueue",
        retention_period=Duration.days(14),
        encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
        encryption_master_key=key,
        enforce_ssl=True,
        removal_policy=removal_policy,
    )
