"""Events, from a stream to the dataset group: none lost, none silently dropped."""

from collections.abc import Sequence
from typing import Unpack, cast

from aws_cdk import Annotations, Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_personalize._function import LambdaFunction
from cdk_personalize._metrics import MetricOptions
from cdk_personalize._principals import service_principal
from cdk_personalize._tokens import is_token
from cdk_personalize._tree import remember_scope, stack_of
from cdk_personalize.dataset import IDataset
from cdk_personalize.event_tracker import IEventTracker
from cdk_personalize.patterns._ingested_kinds import environment_of, grant_put
from cdk_personalize.patterns._kafka_access import allow_topic
from cdk_personalize.patterns.data_store import DEAD_LETTER_PREFIX
from cdk_personalize.patterns.event_source import EventSourceOptions, KafkaTopic

# The function stops calling 15 seconds before its end, to settle what it has: a minute is long
# enough to sit out a burst of throttling, and short enough to see new events soon after it.
_TIMEOUT = Duration.minutes(1)
# The share of a processor grows with the memory, and this is a whole one (Lambda guide, "Configure
# memory"). Under load signing calls takes the time, so less of it takes longer for the same price;
# a quiet shop pays a few dollars a month more than for a third of it (docs/scaling.md).
_MEMORY_SIZE = 1769
# What the policy of a stream in another account has to allow the role of the function.
_STREAM_READ = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)


class EventIngestion(Construct):
    """Send what lies on a stream to Amazon Personalize: events, items, users and actions.

    The function checks each record, sends the events of each session in order, and settles every
    record itself: sent, or put whole among the dead letters with the reason. Records that it could
    not settle are read again; Amazon Personalize drops repeated events by their `eventId`.

    Producers put one JSON object a record (`docs/events.schema.json`,
    `cdk_personalize.stream_records`), with the session (or the user, item or action) as partition
    key. Events of an Amazon EventBridge bus and messages of Segment are read as well.

    Example:
        ```python
        ingestion = EventIngestion(
            self, "Ingestion", event_tracker=tracker, datasets=[items, users]
        )
        ingestion.grant_write(web_shop)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        event_tracker: IEventTracker | None = None,
        datasets: Sequence[IDataset] = (),
        stream: kinesis.IStream | None = None,
        shard_count: int | None = None,
        retention_period: Duration | None = None,
        kafka_topic: KafkaTopic | None = None,
        event_source: EventSourceOptions | None = None,
        dead_letter_bucket: s3.IBucket | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        """Define the ingestion of events.

        Args:
            scope: The construct to define the ingestion in.
            construct_id: The id of the ingestion within `scope`.
            event_tracker: Where interactions go (default: none are taken).
            datasets: Where items, users, actions and action interactions go: a dataset for each
                kind that is taken (default: interactions alone). What has no place becomes a dead
                letter.
            stream: The stream that producers write to (default: a new one).
            shard_count: The shards of the new stream (default: on demand).
            retention_period: How long the new stream keeps events (default: 7 days, so that what
                the event source gave up on can still be read).
            kafka_topic: A topic that records are read from instead of a stream.
            event_source: How the function reads its source.
            dead_letter_bucket: Where records go, under `dead-letters/`, that are larger than a
                message of SQS, 256 KiB (default: the queue gets their first 128 KiB). Its key
                must let the function in, which that of `encryption_key` does.
            encryption_key: The key of the new stream, the queue, the bucket for dead letters and
                the logs (default: the keys that AWS manages).
            removal_policy: What becomes of the new stream and the queue when they are removed. A
                stream that is kept is billed by the hour.

        Raises:
            ValueError: If there is neither a tracker nor a dataset, a dataset has an unknown type
                or one that has no place here, two have the same, `kafka_topic` comes with a
                stream, `shard_count` or `retention_period` come with no new stream, or the stream
                forgets events before the function gives up on them.
        """
        super().__init__(scope, construct_id)
        remember_scope(self, scope, construct_id)
        options = event_source or EventSourceOptions()
        environment = environment_of(event_tracker, datasets)
        _check_source(stream, kafka_topic, shard_count, retention_period)
        self._stream = stream
        if stream is None and kafka_topic is None:
            retention = retention_period or Duration.days(7)
            _check_retention(retention, options.max_record_age)
            self._stream = _stream(self, shard_count, retention, encryption_key, removal_policy)
        self._dead_letter_queue = _dead_letter_queue(
            self, options.dead_letter_retention, encryption_key, removal_policy
        )
        if dead_letter_bucket is not None:
            environment["DEAD_LETTER_BUCKET"] = dead_letter_bucket.bucket_name
            environment["DEAD_LETTER_PREFIX"] = DEAD_LETTER_PREFIX
        self._function = LambdaFunction(
            self,
            "Function",
            function="event_ingest",
            environment={
                **environment,
                "DEAD_LETTER_QUEUE_URL": self._dead_letter_queue.queue_url,
            },
            timeout=_TIMEOUT,
            memory_size=_MEMORY_SIZE,
            encryption_key=encryption_key,
        )
        if event_tracker is not None:
            event_tracker.grant_put_events(self._function)
        for dataset in datasets:
            grant_put(dataset, self._function)
        self._grant_dead_letters(dead_letter_bucket, encryption_key)
        if kafka_topic is not None:
            mapping = self._read_topic(kafka_topic, options)
        else:
            mapping = self._read_stream(self.stream, options)
        # Until the datasets are there their records would be tried in vain; and when the stack is
        # deleted, the function reads nothing more before they go.
        mapping.node.add_dependency(*datasets)

    @property
    def stream(self) -> kinesis.IStream:
        """The stream that producers write to.

        Raises:
            ValueError: If a topic of Kafka is read, and no stream.
        """
        if self._stream is None:
            msg = f"{self.node.path} reads a topic of Kafka and has no stream"
            raise ValueError(msg)
        return self._stream

    @property
    def function(self) -> lambda_.IFunction:
        """The function that sends the events."""
        return self._function

    @property
    def dead_letter_queue(self) -> sqs.IQueue:
        """Where records go that cannot be read, or that Amazon Personalize refuses."""
        return self._dead_letter_queue

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to put events on the stream."""
        return self.stream.grant_write(grantee)

    def add_event_bus(
        self,
        construct_id: str,
        *,
        event_pattern: events.EventPattern,
        event_bus: events.IEventBus | None = None,
        partition_key_path: str = "$.detail.sessionId",
    ) -> events.Rule:
        """Put the events of an Amazon EventBridge bus on the stream.

        The detail of an event is a record; its own id and time stand in for an `eventId` and a
        `sentAt` that the detail does not tell, and its `detail-type` for the `eventType`. What
        EventBridge cannot put on the stream within a day goes to the dead-letter queue.

        Args:
            construct_id: The id of the rule within this construct.
            event_pattern: Which events are put on the stream.
            event_bus: The bus (default: that of the account).
            partition_key_path: What events stay in order by; those that do not have it stay in
                order by their own id, that is in none.
        """
        rule = events.Rule(
            self,
            construct_id,
            event_bus=event_bus,
            event_pattern=event_pattern,
            description="Puts events on a stream that goes to Amazon Personalize.",
        )
        rule.add_target(
            targets.KinesisStream(
                self.stream,
                partition_key_path=partition_key_path,
                dead_letter_queue=self._dead_letter_queue,
                max_event_age=Duration.hours(24),
            )
        )
        # The CDK lets a rule in only where it calls a function.
        self._dead_letter_queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[service_principal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self._dead_letter_queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": rule.rule_arn}},
            )
        )
        key = self._dead_letter_queue.encryption_master_key
        if key is not None:
            # Not the one rule: it names the queue and the queue the key, so it would be a cycle.
            rules = stack_of(self).format_arn(service="events", resource="rule", resource_name="*")
            bus = iam.ServicePrincipal(
                "events.amazonaws.com", conditions={"ArnLike": {"aws:SourceArn": rules}}
            )
            key.grant(bus, "kms:GenerateDataKey", "kms:Decrypt")
        return rule

    def metric_iterator_age(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how far the function is behind the stream (default: maximum over 5 minutes).

        It is the function's own figure, in milliseconds: other readers of the stream, an archive
        say, do not count.
        """
        options.setdefault("statistic", "Maximum")
        return self._function.metric("IteratorAge", **options)

    def metric_dead_letters(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many dead letters wait for a person (default: maximum over 5 minutes)."""
        return self._dead_letter_queue.metric_approximate_number_of_messages_visible(**options)

    def add_alarms(
        self,
        *actions: cloudwatch.IAlarmAction,
        iterator_age: Duration | None = None,
    ) -> list[cloudwatch.Alarm]:
        """Define an alarm for events that come late, and one for dead letters.

        Args:
            actions: What to do when an alarm goes off, and when it is over.
            iterator_age: How far behind the function may be for a quarter of an hour (default: 5
                minutes). It falls behind when Amazon Personalize takes fewer events a second than
                come (the quota of `PutEvents` is 1,000 calls), or takes none.
        """
        age = iterator_age or Duration.minutes(5)
        alarms = [
            self.metric_iterator_age().create_alarm(
                self,
                "IteratorAgeAlarm",
                alarm_description="Events reach Amazon Personalize late.",
                threshold=age.to_milliseconds(),
                evaluation_periods=3,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            ),
            self.metric_dead_letters().create_alarm(
                self,
                "DeadLettersAlarm",
                alarm_description="Records could not be sent to Amazon Personalize.",
                threshold=1,
                evaluation_periods=1,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            ),
        ]
        for alarm in alarms:
            alarm.add_alarm_action(*actions)
            alarm.add_ok_action(*actions)
        return alarms

    def _grant_dead_letters(self, bucket: s3.IBucket | None, key: kms.IKey | None) -> None:
        self._dead_letter_queue.grant(self._function, "sqs:SendMessage")
        if bucket is not None:
            iam.Grant.add_to_principal(
                grantee=self._function,
                actions=["s3:PutObject"],
                resource_arns=[bucket.arn_for_objects(f"{DEAD_LETTER_PREFIX}*")],
            )
        if key is not None:
            key.grant(self._function, "kms:GenerateDataKey", "kms:Decrypt")

    def _read_stream(
        self, stream: kinesis.IStream, options: EventSourceOptions
    ) -> lambda_.EventSourceMapping:
        stream.grant_read(self._function)
        self._warn_of_another_account(stream)
        mapping = lambda_.EventSourceMapping(
            self,
            "EventSource",
            target=self._function,
            event_source_arn=stream.stream_arn,
            # From the oldest record: what was written before the function was there counts too.
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=options.batch_size,
            max_batching_window=options.max_batching_window,
            parallelization_factor=options.parallelization_factor,
            max_record_age=options.max_record_age,
            retry_attempts=options.retry_attempts,
            report_batch_item_failures=True,
            bisect_batch_on_error=options.bisect_batch_on_error,
        )
        self._set_last_net(mapping)
        return mapping

    def _read_topic(
        self, topic: KafkaTopic, options: EventSourceOptions
    ) -> lambda_.EventSourceMapping:
        allow_topic(self._function, topic)
        mapping = lambda_.EventSourceMapping(
            self,
            "EventSource",
            target=self._function,
            event_source_arn=topic.cluster_arn,
            kafka_topic=topic.topic,
            kafka_consumer_group_id=topic.consumer_group_id,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=options.batch_size,
            max_batching_window=options.max_batching_window,
            provisioned_poller_config=lambda_.ProvisionedPollerConfig(
                minimum_pollers=topic.minimum_pollers, maximum_pollers=topic.maximum_pollers
            ),
        )
        resource = self._set_last_net(mapping)
        # On the L1, because the L2 knows these of Kinesis and DynamoDB alone.
        resource.function_response_types = ["ReportBatchItemFailures"]
        resource.bisect_batch_on_function_error = options.bisect_batch_on_error
        resource.maximum_record_age_in_seconds = options.max_record_age.to_seconds()
        if options.retry_attempts is not None:
            resource.maximum_retry_attempts = options.retry_attempts
        return mapping

    def _set_last_net(self, mapping: lambda_.EventSourceMapping) -> lambda_.CfnEventSourceMapping:
        """Let the queue have what the event source gives up on, under the function's own letters.

        It names the records, without their data. Set on the L1, because the L2's destination
        grants kms:GenerateDataKey* and more.
        """
        resource = cast("lambda_.CfnEventSourceMapping", mapping.node.default_child)
        resource.destination_config = lambda_.CfnEventSourceMapping.DestinationConfigProperty(
            on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(
                destination=self._dead_letter_queue.queue_arn
            )
        )
        return resource

    def _warn_of_another_account(self, stream: kinesis.IStream) -> None:
        """Tell the statement that the policy of a stream in another account needs."""
        there, here = stream.env.account, stack_of(self).account
        if is_token(there) or there == here:
            return
        actions = ", ".join(f'"{action}"' for action in _STREAM_READ)
        role = cast("iam.IRole", self._function.role)
        named = role.node.path if is_token(role.role_arn) else role.role_arn
        Annotations.of(self).add_warning_v2(
            "cdk-personalize:streamElsewhere",
            f"the stream {stream.stream_arn} is of another account, whose stream policy has to"
            f' allow the role {named}: {{"Effect": "Allow", "Principal": {{"AWS": "<ARN of the'
            f' role>"}}, "Action": [{actions}], "Resource": "{stream.stream_arn}"}}, and its key'
            " kms:Decrypt; if they do, acknowledge this warning",
        )


def _check_source(
    stream: kinesis.IStream | None,
    kafka_topic: KafkaTopic | None,
    shard_count: int | None,
    retention_period: Duration | None,
) -> None:
    if stream is not None and kafka_topic is not None:
        msg = "the source is either a stream or a kafka_topic, got both"
        raise ValueError(msg)
    of_a_new_one = shard_count is not None or retention_period is not None
    if of_a_new_one and (stream is not None or kafka_topic is not None):
        other = "an existing one" if stream is not None else "a kafka_topic"
        msg = f"shard_count and retention_period belong to a new stream, got {other}"
        raise ValueError(msg)


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
    scope: Construct, retention: Duration, key: kms.IKey | None, removal_policy: RemovalPolicy
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        "DeadLetterQueue",
        retention_period=retention,
        encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
        encryption_master_key=key,
        enforce_ssl=True,
        removal_policy=removal_policy,
    )
