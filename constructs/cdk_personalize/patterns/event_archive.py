"""The events of a stream in a bucket, to import and to query long after."""

from collections.abc import Sequence
from typing import Unpack

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Size
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_personalize._function import LambdaFunction, admit_logs
from cdk_personalize._metrics import MetricOptions
from cdk_personalize._request import refuse
from cdk_personalize._tree import address_of, remember_scope, stack_of
from cdk_personalize.dataset import Dataset
from cdk_personalize.patterns._archive_tables import (
    ARCHIVE_PREFIX,
    define_database,
    document_of,
    findings_of_datasets,
    folder_of,
    schemas_of,
)
from cdk_personalize.patterns.data_store import DataStore

_RAW_PREFIX = f"{ARCHIVE_PREFIX}raw/"
_ERRORS_PREFIX = f"{ARCHIVE_PREFIX}errors/"
# Firehose: API_BufferingHints.
_MAX_BUFFERING_SECONDS = 900
_MAX_BUFFERING_MEBIBYTES = 128
# The longest that EventBridge tries to start the function, and Lambda to run it.
_DELIVERY_AGE = Duration.hours(24)
_DELIVERY_ATTEMPTS = 185
_RUN_AGE = Duration.hours(6)
_RUN_ATTEMPTS = 2
# An object of 128 MiB takes a processor some minutes, and the memory of a few copies of it.
_TIMEOUT = Duration.minutes(10)
_MEMORY_SIZE = 1769  # one whole processor


class EventArchive(Construct):
    """Keep all records of a stream in the data bucket, in files that the pipeline can import.

    A dataset group loses the events that it was sent when it is deleted, and nothing gives them
    back. The archive keeps them twice: raw, as they came, and as CSV with the columns of each
    dataset, by the day on which they happened.

    Defines:
        - a Firehose stream, which writes the raw records to `archive/raw/<year>/<month>/<day>/`
        - a function, started for each raw object, which writes a file with a header to
          `archive/<dataset type>/day=<day>/`
        - a queue of the raw objects that it could not convert
        - a Glue database with a table for each dataset, so that Athena queries the files at once

    What is no row of its dataset (an event without a user, say) is counted, and stays in the raw
    records. Those can be read again at any time: each raw object always makes the same files.

    Example:
        ```python
        archive = EventArchive(
            self, "Archive", stream=ingestion.stream, data_store=store, datasets=[interactions]
        )
        archive.grant_query(analyst)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stream: kinesis.IStream,
        data_store: DataStore,
        datasets: Sequence[Dataset],
        buffering_interval: Duration | None = None,
        buffering_size: Size | None = None,
    ) -> None:
        """Define an archive.

        Args:
            scope: The construct to define the archive in.
            construct_id: The id of the archive within `scope`.
            stream: The stream of the records. Firehose begins with those that come after the
                archive is there.
            data_store: The bucket that keeps them, and the key that everything is encrypted with.
            datasets: The datasets that have files and tables, of one dataset group.
            buffering_interval: How long Firehose gathers records for an object, 0 to 900 seconds
                (API_BufferingHints; default: 15 minutes).
            buffering_size: How large an object becomes before that, 1 to 128 MiB
                (API_BufferingHints; default: 64 MiB).

        Raises:
            ValueError: If there is no dataset, the columns of one are not known or too many to
                tell a function, or Firehose does not buffer so long or so much; all that is wrong
                is in the message.
        """
        super().__init__(scope, construct_id)
        remember_scope(self, scope, construct_id)
        interval = buffering_interval or Duration.minutes(15)
        size = buffering_size or Size.mebibytes(64)
        refuse([*_findings_of_buffering(interval, size), *findings_of_datasets(datasets)])
        self._store = data_store
        self._bucket = data_store.bucket
        schemas = schemas_of(datasets)
        self._folders = [folder_of(schema) for schema in schemas]

        self._delivery_stream = self._define_delivery(stream, interval, size)
        self._dead_letter_queue = sqs.Queue(
            self,
            "DeadLetterQueue",
            retention_period=Duration.days(14),
            # EventBridge would need the consent of the policy of a key, and the letters hold the
            # names of objects alone.
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self._function = self._define_function(document_of(schemas))
        rule = self._convert_new_objects()
        # What is written before the rule is there would start nothing.
        self._delivery_stream.node.add_dependency(rule)
        self._database = define_database(self, schemas, self._bucket)
        for writer in (self._delivery_stream, self._function):
            # A bucket that is emptied when it is deleted is emptied after the last of them.
            writer.node.add_dependency(self._bucket)

    @property
    def delivery_stream_name(self) -> str:
        """The name of the Firehose stream."""
        return self._delivery_stream.ref

    @property
    def function(self) -> lambda_.IFunction:
        """The function that makes files of the raw records."""
        return self._function

    @property
    def dead_letter_queue(self) -> sqs.IQueue:
        """Where the events of raw objects go that could not be converted."""
        return self._dead_letter_queue

    @property
    def database_name(self) -> str:
        """The Glue database; its tables are called as the datasets, in small letters."""
        return self._database.ref

    def grant_query(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read the archive, and its tables by Athena.

        What Athena asks for besides, a work group and a place for its answers, is the grantee's
        own.
        """
        stack = stack_of(self)
        tables = [
            stack.format_arn(
                service="glue",
                resource=resource,
                resource_name=name,
                arn_format=ArnFormat.SLASH_RESOURCE_NAME,
            )
            for resource, name in (
                ("database", self.database_name),
                *(("table", f"{self.database_name}/{folder}") for folder in self._folders),
            )
        ]
        catalog = stack.format_arn(service="glue", resource="catalog")
        granted = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"],
            resource_arns=[catalog, *tables],
        )
        for actions, resources in (
            (["s3:GetObject"], [self._bucket.arn_for_objects(f"{ARCHIVE_PREFIX}*")]),
            (["s3:GetBucketLocation", "s3:ListBucket"], [self._bucket.bucket_arn]),
            (["kms:Decrypt"], [key.key_arn for key in self._keys]),
        ):
            granted = granted.combine(
                iam.Grant.add_to_principal(
                    grantee=grantee, actions=actions, resource_arns=resources
                )
            )
        return granted

    def metric_data_freshness(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return the age of the oldest record that is not in the bucket yet, in seconds.

        It is above the buffering interval when Firehose cannot write (default: maximum over 5
        minutes).
        """
        chosen: MetricOptions = {"statistic": cloudwatch.Stats.MAXIMUM, **options}
        return cloudwatch.Metric(
            namespace="AWS/Firehose",
            metric_name="DeliveryToS3.DataFreshness",
            dimensions_map={"DeliveryStreamName": self.delivery_stream_name},
            **chosen,
        ).attach_to(self)

    def metric_dead_letters(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many raw objects wait for a person (default: maximum over 5 minutes)."""
        return self._dead_letter_queue.metric_approximate_number_of_messages_visible(**options)

    @property
    def _keys(self) -> list[kms.IKey]:
        """The keys of what lies in the bucket."""
        key, own = self._store.key, self._bucket.encryption_key
        return [key] if own is None or address_of(own) == address_of(key) else [key, own]

    def _define_delivery(
        self, stream: kinesis.IStream, interval: Duration, size: Size
    ) -> firehose.CfnDeliveryStream:
        role = iam.Role(
            self,
            "DeliveryRole",
            description="Firehose reads the stream and writes the raw records.",
            assumed_by=iam.ServicePrincipal(
                "firehose.amazonaws.com",
                # Firehose names the account that it works for by this.
                conditions={"StringEquals": {"sts:ExternalId": stack_of(self).account}},
            ),
        )
        log_group, log_stream = self._define_error_log()
        for statement in self._delivery_statements(stream, log_group, log_stream):
            role.add_to_policy(statement)
        # The L2 would let the role read and write the whole bucket.
        delivery = firehose.CfnDeliveryStream(
            self,
            "DeliveryStream",
            delivery_stream_type="KinesisStreamAsSource",
            kinesis_stream_source_configuration=(
                firehose.CfnDeliveryStream.KinesisStreamSourceConfigurationProperty(
                    kinesis_stream_arn=stream.stream_arn, role_arn=role.role_arn
                )
            ),
            extended_s3_destination_configuration=(
                firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty(
                    bucket_arn=self._bucket.bucket_arn,
                    role_arn=role.role_arn,
                    prefix=f"{_RAW_PREFIX}!{{timestamp:yyyy/MM/dd}}/",
                    error_output_prefix=(
                        f"{_ERRORS_PREFIX}!{{firehose:error-output-type}}/!{{timestamp:yyyy/MM/dd}}/"
                    ),
                    buffering_hints=firehose.CfnDeliveryStream.BufferingHintsProperty(
                        interval_in_seconds=interval.to_seconds(), size_in_m_bs=size.to_mebibytes()
                    ),
                    compression_format="UNCOMPRESSED",
                    encryption_configuration=(
                        firehose.CfnDeliveryStream.EncryptionConfigurationProperty(
                            kms_encryption_config=(
                                firehose.CfnDeliveryStream.KMSEncryptionConfigProperty(
                                    awskms_key_arn=self._store.key.key_arn
                                )
                            )
                        )
                    ),
                    # A line break, unless it is told another one.
                    processing_configuration=(
                        firehose.CfnDeliveryStream.ProcessingConfigurationProperty(
                            enabled=True,
                            processors=[
                                firehose.CfnDeliveryStream.ProcessorProperty(
                                    type="AppendDelimiterToRecord"
                                )
                            ],
                        )
                    ),
                    cloud_watch_logging_options=(
                        firehose.CfnDeliveryStream.CloudWatchLoggingOptionsProperty(
                            enabled=True,
                            log_group_name=log_group.log_group_name,
                            log_stream_name=log_stream.log_stream_name,
                        )
                    ),
                )
            ),
        )
        # Firehose tries the role when the stream is created, and the role is not enough for that.
        delivery.node.add_dependency(role)
        return delivery

    def _define_error_log(self) -> tuple[logs.LogGroup, logs.LogStream]:
        admit_logs(self._store.key, stack_of(self))
        group = logs.LogGroup(
            self,
            "DeliveryLog",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
            encryption_key=self._store.key,
        )
        stream = logs.LogStream(
            self, "DeliveryLogStream", log_group=group, removal_policy=RemovalPolicy.DESTROY
        )
        return group, stream

    def _delivery_statements(
        self, stream: kinesis.IStream, log_group: logs.LogGroup, log_stream: logs.LogStream
    ) -> list[iam.PolicyStatement]:
        """Return what Firehose asks for (developer guide: controlling-access, using-iam-s3)."""
        prefixes = (_RAW_PREFIX, _ERRORS_PREFIX)
        statements = [
            iam.PolicyStatement(
                actions=[
                    "kinesis:DescribeStream",
                    "kinesis:GetRecords",
                    "kinesis:GetShardIterator",
                    "kinesis:ListShards",
                ],
                resources=[stream.stream_arn],
            ),
            iam.PolicyStatement(
                actions=["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
                resources=[self._bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes],
            ),
            iam.PolicyStatement(
                actions=["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
                resources=[self._bucket.bucket_arn],
            ),
            self._key_statement([self._store.key], "s3", "kms:Decrypt", "kms:GenerateDataKey"),
            iam.PolicyStatement(
                actions=["logs:PutLogEvents"],
                resources=[
                    stack_of(self).format_arn(
                        service="logs",
                        resource="log-group",
                        resource_name=(
                            f"{log_group.log_group_name}:log-stream:{log_stream.log_stream_name}"
                        ),
                        arn_format=ArnFormat.COLON_RESOURCE_NAME,
                    )
                ],
            ),
        ]
        if stream.encryption_key is not None:
            statements.append(
                self._key_statement([stream.encryption_key], "kinesis", "kms:Decrypt")
            )
        return statements

    def _key_statement(
        self, keys: Sequence[kms.IKey], service: str, *actions: str
    ) -> iam.PolicyStatement:
        """Return the statement that allows the use of keys by a service alone."""
        stack = stack_of(self)
        via = f"{service}.{stack.region}.{stack.url_suffix}"
        return iam.PolicyStatement(
            actions=list(actions),
            resources=[key.key_arn for key in keys],
            conditions={"StringEquals": {"kms:ViaService": via}},
        )

    def _define_function(self, tables: str) -> LambdaFunction:
        function = LambdaFunction(
            self,
            "Function",
            function="event_archive",
            description="Makes files to import of the raw records in the archive.",
            environment={"ARCHIVE_PREFIX": ARCHIVE_PREFIX, "TABLES": tables},
            timeout=_TIMEOUT,
            memory_size=_MEMORY_SIZE,
            encryption_key=self._store.key,
        )
        for statement in (
            iam.PolicyStatement(
                actions=["s3:GetObject"],
                resources=[self._bucket.arn_for_objects(f"{_RAW_PREFIX}*")],
            ),
            iam.PolicyStatement(
                actions=["s3:PutObject"],
                resources=[
                    self._bucket.arn_for_objects(f"{ARCHIVE_PREFIX}{folder}/*")
                    for folder in self._folders
                ],
            ),
            self._key_statement(self._keys, "s3", "kms:Decrypt", "kms:GenerateDataKey"),
        ):
            function.add_to_role_policy(statement)
        self._dead_letter_queue.grant(function, "sqs:SendMessage")
        # On the L1, because the L2's destination is granted more than to send.
        lambda_.CfnEventInvokeConfig(
            self,
            "FunctionRetries",
            function_name=function.function_name,
            qualifier="$LATEST",
            maximum_event_age_in_seconds=_RUN_AGE.to_seconds(),
            maximum_retry_attempts=_RUN_ATTEMPTS,
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(
                    destination=self._dead_letter_queue.queue_arn
                )
            ),
        )
        return function

    def _convert_new_objects(self) -> events.Rule:
        rule = events.Rule(
            self,
            "RawObject",
            description="A new object of raw records becomes files to import.",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [self._bucket.bucket_name]},
                    "object": {"key": [{"prefix": _RAW_PREFIX}]},
                },
            ),
        )
        rule.add_target(
            targets.LambdaFunction(
                self._function,
                dead_letter_queue=self._dead_letter_queue,
                max_event_age=_DELIVERY_AGE,
                retry_attempts=_DELIVERY_ATTEMPTS,
            )
        )
        return rule


def _findings_of_buffering(interval: Duration, size: Size) -> list[str]:
    findings = []
    seconds = None if interval.is_unresolved() else interval.to_seconds()
    if seconds is not None and seconds > _MAX_BUFFERING_SECONDS:
        findings.append(
            f"buffering_interval must be at most {_MAX_BUFFERING_SECONDS} seconds, got {seconds}"
        )
    mebibytes = None if size.is_unresolved() else size.to_mebibytes()
    if mebibytes is not None and not 1 <= mebibytes <= _MAX_BUFFERING_MEBIBYTES:
        findings.append(
            f"buffering_size must be between 1 and {_MAX_BUFFERING_MEBIBYTES} MiB, got {mebibytes}"
        )
    return findings
