"""The ingestion of events."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template
from aws_cdk.aws_cloudwatch_actions import SnsAction

from cdk_personalize.event_tracker import EventTracker, IEventTracker
from cdk_personalize.patterns import EventIngestion, EventSourceOptions
from tests.refusals import whole

TRACKER_ARN = "arn:aws:personalize:us-east-1:111111111111:event-tracker/abc"
STREAM_ARN = "arn:aws:kinesis:us-east-1:111111111111:stream/clicks"


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(env=cdk.Environment(account="111111111111", region="us-east-1"))


@pytest.fixture
def tracker(stack: cdk.Stack) -> IEventTracker:
    return EventTracker.from_event_tracker_attributes(
        stack, "Tracker", event_tracker_arn=TRACKER_ARN, tracking_id="tracking-1"
    )


@pytest.fixture
def key(stack: cdk.Stack) -> kms.Key:
    return kms.Key(stack, "Key")


def statements(template: Template) -> list[dict[str, Any]]:
    """Return what the roles of the template are allowed."""
    return [
        statement
        for policy in template.find_resources("AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def test_sends_events_to_the_tracker(stack: cdk.Stack, tracker: IEventTracker) -> None:
    ingestion = EventIngestion(stack, "Ingestion", event_tracker=tracker)

    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Handler": "event_ingest.handler.handler",
            "Environment": {
                "Variables": Match.object_like(
                    {
                        "TRACKING_ID": "tracking-1",
                        "DEAD_LETTER_QUEUE_URL": stack.resolve(
                            ingestion.dead_letter_queue.queue_url
                        ),
                    }
                )
            },
        },
    )


def test_scales_by_itself_by_default(stack: cdk.Stack, tracker: IEventTracker) -> None:
    EventIngestion(stack, "Ingestion", event_tracker=tracker)

    Template.from_stack(stack).has_resource_properties(
        "AWS::Kinesis::Stream",
        {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}, "ShardCount": Match.absent()},
    )


def test_takes_a_number_of_shards(stack: cdk.Stack, tracker: IEventTracker) -> None:
    EventIngestion(stack, "Ingestion", event_tracker=tracker, shard_count=3)

    Template.from_stack(stack).has_resource_properties(
        "AWS::Kinesis::Stream",
        {"StreamModeDetails": {"StreamMode": "PROVISIONED"}, "ShardCount": 3},
    )


def test_keeps_events_for_longer_than_it_tries_to_send_them(
    stack: cdk.Stack, tracker: IEventTracker
) -> None:
    EventIngestion(stack, "Ingestion", event_tracker=tracker)

    template = Template.from_stack(stack)
    template.has_resource_properties("AWS::Kinesis::Stream", {"RetentionPeriodHours": 7 * 24})
    template.has_resource_properties(
        "AWS::Lambda::EventSourceMapping", {"MaximumRecordAgeInSeconds": 24 * 60 * 60}
    )


def test_refuses_a_stream_that_forgets_events_before_they_are_given_up(
    stack: cdk.Stack, tracker: IEventTracker
) -> None:
    with pytest.raises(
        ValueError,
        match=whole("retention_period must be longer than max_record_age, got 1 day and 1 day"),
    ):
        EventIngestion(
            stack,
            "Ingestion",
            event_tracker=tracker,
            retention_period=cdk.Duration.hours(24),
        )


def test_asks_again_for_what_is_unsettled_alone(stack: cdk.Stack, tracker: IEventTracker) -> None:
    ingestion = EventIngestion(stack, "Ingestion", event_tracker=tracker)

    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::EventSourceMapping",
        {
            "EventSourceArn": stack.resolve(ingestion.stream.stream_arn),
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "BisectBatchOnFunctionError": True,
            "StartingPosition": "TRIM_HORIZON",
            "MaximumRetryAttempts": Match.absent(),
            "DestinationConfig": {
                "OnFailure": {"Destination": stack.resolve(ingestion.dead_letter_queue.queue_arn)}
            },
        },
    )


def test_reads_the_stream_as_told(stack: cdk.Stack, tracker: IEventTracker) -> None:
    EventIngestion(
        stack,
        "Ingestion",
        event_tracker=tracker,
        event_source=EventSourceOptions(
            batch_size=1000,
            max_batching_window=cdk.Duration.seconds(5),
            parallelization_factor=4,
            max_record_age=cdk.Duration.hours(2),
            retry_attempts=100,
            bisect_batch_on_error=False,
            dead_letter_retention=cdk.Duration.days(3),
        ),
    )

    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::SQS::Queue", {"MessageRetentionPeriod": 3 * 24 * 60 * 60}
    )
    template.has_resource_properties(
        "AWS::Lambda::EventSourceMapping",
        {
            "BatchSize": 1000,
            "BisectBatchOnFunctionError": False,
            "MaximumBatchingWindowInSeconds": 5,
            "ParallelizationFactor": 4,
            "MaximumRecordAgeInSeconds": 2 * 60 * 60,
            "MaximumRetryAttempts": 100,
        },
    )


@pytest.mark.parametrize("batch_size", [0, 10_001])
def test_refuses_a_batch_that_lambda_does_not_take(batch_size: int) -> None:
    with pytest.raises(
        ValueError, match=whole(f"batch_size must be between 1 and 10000, got {batch_size}")
    ):
        EventSourceOptions(batch_size=batch_size)


@pytest.mark.parametrize("factor", [0, 11])
def test_refuses_a_parallelization_that_lambda_does_not_take(factor: int) -> None:
    with pytest.raises(
        ValueError, match=whole(f"parallelization_factor must be between 1 and 10, got {factor}")
    ):
        EventSourceOptions(parallelization_factor=factor)


def test_encrypts_everything_with_the_key(
    stack: cdk.Stack, tracker: IEventTracker, key: kms.Key
) -> None:
    EventIngestion(stack, "Ingestion", event_tracker=tracker, encryption_key=key)

    template = Template.from_stack(stack)
    arn = stack.resolve(key.key_arn)
    template.has_resource_properties(
        "AWS::Kinesis::Stream", {"StreamEncryption": {"EncryptionType": "KMS", "KeyId": arn}}
    )
    template.has_resource_properties("AWS::SQS::Queue", {"KmsMasterKeyId": arn})
    template.has_resource_properties("AWS::Logs::LogGroup", {"KmsKeyId": arn})
    template.has_resource_properties("AWS::Lambda::Function", {"KmsKeyArn": arn})


def test_encrypts_stream_and_queue_without_a_key(stack: cdk.Stack, tracker: IEventTracker) -> None:
    EventIngestion(stack, "Ingestion", event_tracker=tracker)

    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::Kinesis::Stream",
        {"StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}},
    )
    template.has_resource_properties("AWS::SQS::Queue", {"SqsManagedSseEnabled": True})


def test_keeps_dead_letters_for_two_weeks(stack: cdk.Stack, tracker: IEventTracker) -> None:
    EventIngestion(stack, "Ingestion", event_tracker=tracker)

    Template.from_stack(stack).has_resource_properties(
        "AWS::SQS::Queue", {"MessageRetentionPeriod": 14 * 24 * 60 * 60}
    )


def test_the_queue_takes_encrypted_connections_alone(
    stack: cdk.Stack, tracker: IEventTracker
) -> None:
    EventIngestion(stack, "Ingestion", event_tracker=tracker)

    deny = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    Template.from_stack(stack).has_resource_properties(
        "AWS::SQS::QueuePolicy",
        {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(deny)])}},
    )


def test_lets_the_function_write_dead_letters_and_no_more(
    stack: cdk.Stack, tracker: IEventTracker
) -> None:
    ingestion = EventIngestion(stack, "Ingestion", event_tracker=tracker)

    found = [
        statement
        for statement in statements(Template.from_stack(stack))
        if statement["Resource"] == stack.resolve(ingestion.dead_letter_queue.queue_arn)
    ]
    assert found == [
        {
            "Action": "sqs:SendMessage",
            "Effect": "Allow",
            "Resource": stack.resolve(ingestion.dead_letter_queue.queue_arn),
        }
    ]


def test_gives_the_function_no_action_by_wildcard(
    stack: cdk.Stack, tracker: IEventTracker, key: kms.Key
) -> None:
    EventIngestion(stack, "Ingestion", event_tracker=tracker, encryption_key=key)

    actions = [
        action
        for statement in statements(Template.from_stack(stack))
        for action in (
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        )
    ]
    assert "personalize:PutEvents" in actions
    assert [action for action in actions if "*" in action] == []


def test_the_function_waits_for_its_permissions_before_it_reads(
    stack: cdk.Stack, tracker: IEventTracker
) -> None:
    EventIngestion(stack, "Ingestion", event_tracker=tracker)

    template = Template.from_stack(stack)
    (function,) = template.find_resources("AWS::Lambda::Function").values()
    assert set(template.find_resources("AWS::IAM::Policy")) <= set(function["DependsOn"])


def test_leaves_nothing_behind_that_is_billed_by_the_hour(
    stack: cdk.Stack, tracker: IEventTracker
) -> None:
    EventIngestion(stack, "Ingestion", event_tracker=tracker)

    template = Template.from_stack(stack)
    template.has_resource("AWS::Kinesis::Stream", {"DeletionPolicy": "Delete"})
    template.has_resource("AWS::SQS::Queue", {"DeletionPolicy": "Delete"})


def test_keeps_the_stream_if_asked(stack: cdk.Stack, tracker: IEventTracker) -> None:
    EventIngestion(
        stack, "Ingestion", event_tracker=tracker, removal_policy=cdk.RemovalPolicy.RETAIN
    )

    Template.from_stack(stack).has_resource("AWS::Kinesis::Stream", {"DeletionPolicy": "Retain"})


def test_reads_a_stream_that_exists_already(stack: cdk.Stack, tracker: IEventTracker) -> None:
    stream = kinesis.Stream.from_stream_arn(stack, "Clicks", STREAM_ARN)

    ingestion = EventIngestion(stack, "Ingestion", event_tracker=tracker, stream=stream)

    assert ingestion.stream is stream
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::Kinesis::Stream", 0)
    template.has_resource_properties(
        "AWS::Lambda::EventSourceMapping", {"EventSourceArn": STREAM_ARN}
    )


@pytest.mark.parametrize(
    "properties", [{"shard_count": 1}, {"retention_period": cdk.Duration.days(7)}]
)
def test_refuses_to_change_a_stream_that_exists_already(
    stack: cdk.Stack, tracker: IEventTracker, properties: dict[str, Any]
) -> None:
    stream = kinesis.Stream.from_stream_arn(stack, "Clicks", STREAM_ARN)

    with pytest.raises(
        ValueError,
        match=whole("shard_count and retention_period belong to a new stream, got an existing one"),
    ):
        EventIngestion(stack, "Ingestion", event_tracker=tracker, stream=stream, **properties)


@pytest.mark.parametrize("owned", [True, False], ids=["owned", "imported"])
def test_grants_producers_to_write_to_the_stream(
    stack: cdk.Stack, tracker: IEventTracker, owned: bool
) -> None:
    stream = None if owned else kinesis.Stream.from_stream_arn(stack, "Clicks", STREAM_ARN)
    ingestion = EventIngestion(stack, "Ingestion", event_tracker=tracker, stream=stream)
    shop = iam.Role(stack, "Shop", assumed_by=iam.AccountRootPrincipal())

    ingestion.grant_write(shop)

    write = {
        "Action": Match.array_with(["kinesis:PutRecord", "kinesis:PutRecords"]),
        "Resource": stack.resolve(ingestion.stream.stream_arn),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {"Statement": Match.array_with([Match.object_like(write)])},
            "Roles": [stack.resolve(shop.role_name)],
        },
    )


def test_measures_how_far_it_is_behind(stack: cdk.Stack, tracker: IEventTracker) -> None:
    ingestion = EventIngestion(stack, "Ingestion", event_tracker=tracker)

    metric = ingestion.metric_iterator_age(period=cdk.Duration.minutes(1))

    assert (metric.namespace, metric.metric_name, metric.statistic) == (
        "AWS/Lambda",
        "IteratorAge",
        "Maximum",
    )
    assert stack.resolve(metric.dimensions) == {
        "FunctionName": stack.resolve(ingestion.function.function_name)
    }


def test_measures_how_many_dead_letters_wait(stack: cdk.Stack, tracker: IEventTracker) -> None:
    ingestion = EventIngestion(stack, "Ingestion", event_tracker=tracker)

    metric = ingestion.metric_dead_letters()

    assert metric.metric_name == "ApproximateNumberOfMessagesVisible"
    assert stack.resolve(metric.dimensions) == {
        "QueueName": stack.resolve(ingestion.dead_letter_queue.queue_name)
    }


def test_an_alarm_goes_off_when_events_come_late(stack: cdk.Stack, tracker: IEventTracker) -> None:
    ingestion = EventIngestion(stack, "Ingestion", event_tracker=tracker)

    ingestion.add_alarms(iterator_age=cdk.Duration.minutes(2))

    Template.from_stack(stack).has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": "IteratorAge",
            "Dimensions": [
                {
                    "Name": "FunctionName",
                    "Value": stack.resolve(ingestion.function.function_name),
                }
            ],
            "Threshold": 120_000,
            "EvaluationPeriods": 3,
            "TreatMissingData": "notBreaching",
        },
    )


def test_an_alarm_goes_off_at_the_first_dead_letter(
    stack: cdk.Stack, tracker: IEventTracker
) -> None:
    topic = sns.Topic(stack, "Topic")

    EventIngestion(stack, "Ingestion", event_tracker=tracker).add_alarms(SnsAction(topic))

    Template.from_stack(stack).has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": "ApproximateNumberOfMessagesVisible",
            "Threshold": 1,
            "EvaluationPeriods": 1,
            "AlarmActions": [stack.resolve(topic.topic_arn)],
            "OKActions": [stack.resolve(topic.topic_arn)],
        },
    )
