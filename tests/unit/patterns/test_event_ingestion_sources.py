"""What an ingestion takes beside interactions, and where from beside a stream of its own."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match, Template

from cdk_personalize import (
    Dataset,
    DatasetGroup,
    DatasetType,
    EventTracker,
    IDataset,
    IEventTracker,
    Schema,
)
from cdk_personalize.patterns import EventIngestion, KafkaTopic
from tests.refusals import whole
from tests.unit.patterns.test_event_ingestion import TRACKER_ARN, statements

CLUSTER_ARN = "arn:aws:kafka:us-east-1:111111111111:cluster/shop/1234-5"


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(env=cdk.Environment(account="111111111111", region="us-east-1"))


@pytest.fixture
def tracker(stack: cdk.Stack) -> IEventTracker:
    return EventTracker.from_event_tracker_attributes(
        stack, "Tracker", event_tracker_arn=TRACKER_ARN, tracking_id="tracking-1"
    )


@pytest.fixture
def datasets(stack: cdk.Stack) -> dict[DatasetType, Dataset]:
    group = DatasetGroup(stack, "Group")
    return {
        kind: group.add_dataset(str(kind), schema=Schema(stack, f"{kind}Schema", dataset_type=kind))
        for kind in DatasetType
        if kind is not DatasetType.INTERACTIONS
    }


def variables(stack: cdk.Stack) -> dict[str, Any]:
    """Return the environment of the function that ingests."""
    (function,) = (
        Template.from_stack(stack)
        .find_resources(
            "AWS::Lambda::Function", {"Properties": {"Handler": "event_ingest.handler.handler"}}
        )
        .values()
    )
    found: dict[str, Any] = function["Properties"]["Environment"]["Variables"]
    return found


def allowed(stack: cdk.Stack, *actions: str) -> list[Any]:
    """Return the resources for which roles are allowed exactly these actions."""
    return [
        statement["Resource"]
        for statement in statements(Template.from_stack(stack))
        if statement["Action"] == (actions[0] if len(actions) == 1 else list(actions))
    ]


def mapping(stack: cdk.Stack) -> dict[str, Any]:
    """Return the properties of the event source mapping."""
    template = Template.from_stack(stack)
    (found,) = template.find_resources("AWS::Lambda::EventSourceMapping").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_tells_the_function_where_each_kind_goes(
    stack: cdk.Stack, datasets: dict[DatasetType, Dataset]
) -> None:
    EventIngestion(stack, "Ingestion", datasets=list(datasets.values()))

    told = variables(stack)
    assert {name: told[name] for name in told if name.endswith("_ARN")} == {
        f"{kind.upper()}_DATASET_ARN": stack.resolve(datasets[kind].dataset_arn)
        for kind in (DatasetType.ITEMS, DatasetType.USERS, DatasetType.ACTIONS)
    }
    assert told["ACTION_TRACKING_ID"] == stack.resolve(
        datasets[DatasetType.ACTION_INTERACTIONS].tracking_id
    )
    assert "TRACKING_ID" not in told


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (DatasetType.ITEMS, "personalize:PutItems"),
        (DatasetType.USERS, "personalize:PutUsers"),
        (DatasetType.ACTIONS, "personalize:PutActions"),
    ],
)
def test_lets_the_function_put_into_the_dataset_alone(
    stack: cdk.Stack, datasets: dict[DatasetType, Dataset], kind: DatasetType, action: str
) -> None:
    EventIngestion(stack, "Ingestion", datasets=[datasets[kind]])

    assert allowed(stack, action) == [stack.resolve(datasets[kind].dataset_arn)]


def test_lets_the_function_send_action_interactions(
    stack: cdk.Stack, datasets: dict[DatasetType, Dataset]
) -> None:
    EventIngestion(stack, "Ingestion", datasets=[datasets[DatasetType.ACTION_INTERACTIONS]])

    assert allowed(stack, "personalize:PutActionInteractions") == ["*"]
    assert allowed(stack, "personalize:PutEvents") == []


def test_reads_nothing_before_the_datasets_are_there(
    stack: cdk.Stack, datasets: dict[DatasetType, Dataset]
) -> None:
    EventIngestion(stack, "Ingestion", datasets=[datasets[DatasetType.ITEMS]])

    template = Template.from_stack(stack)
    (source,) = template.find_resources("AWS::Lambda::EventSourceMapping").values()
    items = datasets[DatasetType.ITEMS].node
    assert f"{items.id}" in " ".join(source["DependsOn"])


def test_refuses_an_ingestion_of_nothing(stack: cdk.Stack) -> None:
    with pytest.raises(
        ValueError, match=whole("an ingestion needs an event_tracker or datasets, got neither")
    ):
        EventIngestion(stack, "Ingestion")


def imported(stack: cdk.Stack, name: str) -> IDataset:
    arn = f"arn:aws:personalize:us-east-1:111111111111:dataset/shop/{name}"
    return Dataset.from_dataset_arn(stack, name, arn)


def test_refuses_a_dataset_of_interactions(stack: cdk.Stack) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "a dataset must be of type Items, Users, Actions, Action_Interactions,"
            " got Interactions: Default/INTERACTIONS"
        ),
    ):
        EventIngestion(stack, "Ingestion", datasets=[imported(stack, "INTERACTIONS")])


def test_refuses_two_datasets_of_one_type(stack: cdk.Stack) -> None:
    items = imported(stack, "ITEMS")

    with pytest.raises(
        ValueError, match=whole("datasets must have one of each type, got two of Items")
    ):
        EventIngestion(stack, "Ingestion", datasets=[items, items])


def test_refuses_action_interactions_without_a_tracking_id(stack: cdk.Stack) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "a dataset of action interactions must be imported with its tracking_id, by"
            " Dataset.from_dataset_attributes; got none: Default/ACTION_INTERACTIONS"
        ),
    ):
        EventIngestion(stack, "Ingestion", datasets=[imported(stack, "ACTION_INTERACTIONS")])


def test_records_that_no_message_holds_go_under_dead_letters_alone(
    stack: cdk.Stack, tracker: IEventTracker
) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Data", "data")

    EventIngestion(stack, "Ingestion", event_tracker=tracker, dead_letter_bucket=bucket)

    told = variables(stack)
    assert (told["DEAD_LETTER_BUCKET"], told["DEAD_LETTER_PREFIX"]) == ("data", "dead-letters/")
    (resource,) = allowed(stack, "s3:PutObject")
    assert json.dumps(resource).endswith(':s3:::data/dead-letters/*"]]}')


def test_events_of_a_bus_go_onto_the_stream(stack: cdk.Stack, tracker: IEventTracker) -> None:
    ingestion = EventIngestion(stack, "Ingestion", event_tracker=tracker)
    bus = events.EventBus.from_event_bus_name(stack, "Bus", "orders")

    ingestion.add_event_bus(
        "Orders", event_bus=bus, event_pattern=events.EventPattern(source=["shop"])
    )

    Template.from_stack(stack).has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventBusName": "orders",
            "EventPattern": {"source": ["shop"]},
            "Targets": [
                Match.object_like(
                    {
                        "Arn": stack.resolve(ingestion.stream.stream_arn),
                        "KinesisParameters": {"PartitionKeyPath": "$.detail.sessionId"},
                        "DeadLetterConfig": {
                            "Arn": stack.resolve(ingestion.dead_letter_queue.queue_arn)
                        },
                        "RetryPolicy": {"MaximumEventAgeInSeconds": 24 * 60 * 60},
                    }
                )
            ],
        },
    )


def test_a_bus_may_write_dead_letters(stack: cdk.Stack, tracker: IEventTracker) -> None:
    ingestion = EventIngestion(stack, "Ingestion", event_tracker=tracker)

    rule = ingestion.add_event_bus("Orders", event_pattern=events.EventPattern(source=["shop"]))

    admit = {
        "Action": "sqs:SendMessage",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Condition": {"ArnEquals": {"aws:SourceArn": stack.resolve(rule.rule_arn)}},
        "Resource": stack.resolve(ingestion.dead_letter_queue.queue_arn),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::SQS::QueuePolicy", {"PolicyDocument": {"Statement": Match.array_with([admit])}}
    )


def test_a_bus_may_write_dead_letters_to_an_encrypted_queue(
    stack: cdk.Stack, tracker: IEventTracker
) -> None:
    key = kms.Key(stack, "Key")
    ingestion = EventIngestion(stack, "Ingestion", event_tracker=tracker, encryption_key=key)

    ingestion.add_event_bus("Orders", event_pattern=events.EventPattern(source=["shop"]))

    admit = {
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Principal": {"Service": "events.amazonaws.com"},
        "Condition": {"ArnLike": {"aws:SourceArn": Match.any_value()}},
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::KMS::Key",
        {"KeyPolicy": {"Statement": Match.array_with([Match.object_like(admit)])}},
    )


def test_reads_a_topic_of_kafka(stack: cdk.Stack, tracker: IEventTracker) -> None:
    ingestion = EventIngestion(
        stack,
        "Ingestion",
        event_tracker=tracker,
        kafka_topic=KafkaTopic(
            cluster_arn=CLUSTER_ARN,
            topic="events",
            consumer_group_id="personalize",
            minimum_pollers=2,
            maximum_pollers=5,
        ),
    )

    Template.from_stack(stack).resource_count_is("AWS::Kinesis::Stream", 0)
    found = mapping(stack)
    assert found.pop("FunctionName")
    assert found == {
        "EventSourceArn": CLUSTER_ARN,
        "Topics": ["events"],
        "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "personalize"},
        "ProvisionedPollerConfig": {"MinimumPollers": 2, "MaximumPollers": 5},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": True,
        "MaximumRecordAgeInSeconds": 24 * 60 * 60,
        "BatchSize": 5000,
        "MaximumBatchingWindowInSeconds": 1,
        "StartingPosition": "TRIM_HORIZON",
        "DestinationConfig": {
            "OnFailure": {"Destination": stack.resolve(ingestion.dead_letter_queue.queue_arn)}
        },
    }


def test_lets_the_function_read_the_topic_and_no_other(
    stack: cdk.Stack, tracker: IEventTracker
) -> None:
    topic = KafkaTopic(cluster_arn=CLUSTER_ARN, topic="events", consumer_group_id="personalize")

    EventIngestion(stack, "Ingestion", event_tracker=tracker, kafka_topic=topic)

    base = "arn:aws:kafka:us-east-1:111111111111"
    assert allowed(stack, "kafka-cluster:DescribeTopic", "kafka-cluster:ReadData") == [
        f"{base}:topic/shop/1234-5/events"
    ]
    assert allowed(stack, "kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup") == [
        f"{base}:group/shop/1234-5/personalize"
    ]


def test_a_topic_has_no_stream_to_write_to(stack: cdk.Stack, tracker: IEventTracker) -> None:
    topic = KafkaTopic(cluster_arn=CLUSTER_ARN, topic="events")
    ingestion = EventIngestion(stack, "Ingestion", event_tracker=tracker, kafka_topic=topic)

    with pytest.raises(
        ValueError,
        match=whole("Default/Ingestion reads a topic of Kafka and has no stream"),
    ):
        _ = ingestion.stream


def test_refuses_a_topic_and_a_stream(stack: cdk.Stack, tracker: IEventTracker) -> None:
    with pytest.raises(
        ValueError, match=whole("the source is either a stream or a kafka_topic, got both")
    ):
        EventIngestion(
            stack,
            "Ingestion",
            event_tracker=tracker,
            stream=kinesis.Stream(stack, "Clicks"),
            kafka_topic=KafkaTopic(cluster_arn=CLUSTER_ARN, topic="events"),
        )


@pytest.mark.parametrize(
    ("pollers", "message"),
    [
        ({"minimum_pollers": 0}, "minimum_pollers must be between 1 and 200, got 0"),
        ({"maximum_pollers": 2001}, "maximum_pollers must be between 1 and 2000, got 2001"),
        (
            {"minimum_pollers": 9, "maximum_pollers": 3},
            "minimum_pollers must be at most maximum_pollers, got 9 and 3",
        ),
    ],
)
def test_refuses_pollers_that_lambda_does_not_take(pollers: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=whole(message)):
        KafkaTopic(cluster_arn=CLUSTER_ARN, topic="events", **pollers)


def test_tells_what_the_policy_of_a_stream_elsewhere_needs(
    stack: cdk.Stack, tracker: IEventTracker
) -> None:
    arn = "arn:aws:kinesis:us-east-1:222222222222:stream/clicks"
    stream = kinesis.Stream.from_stream_arn(stack, "Clicks", arn)

    EventIngestion(stack, "Ingestion", event_tracker=tracker, stream=stream)

    Annotations.from_stack(stack).has_warning(
        "/Default/Ingestion", Match.string_like_regexp('"kinesis:GetRecords".*222222222222')
    )


def test_says_nothing_of_a_stream_of_the_same_account(
    stack: cdk.Stack, tracker: IEventTracker
) -> None:
    arn = "arn:aws:kinesis:us-east-1:111111111111:stream/clicks"
    stream = kinesis.Stream.from_stream_arn(stack, "Clicks", arn)

    EventIngestion(stack, "Ingestion", event_tracker=tracker, stream=stream)

    Annotations.from_stack(stack).has_no_warning("/Default/Ingestion", Match.any_value())
