"""The archive of events."""

from collections.abc import Sequence

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kinesis as kinesis
from aws_cdk.assertions import Match, Template

from cdk_personalize import Dataset, DatasetGroup, DatasetType, Schema, SchemaField
from cdk_personalize.patterns import DataStore, EventArchive
from event_archive.csv_tables import Table
from tests.refusals import whole
from tests.unit.patterns.declared_archive import ITEMS, destination, only, tables_of


def test_firehose_reads_the_stream(
    stack: cdk.Stack, archive: EventArchive, stream: kinesis.Stream
) -> None:
    Template.from_stack(stack).has_resource_properties(
        "AWS::KinesisFirehose::DeliveryStream",
        {
            "DeliveryStreamType": "KinesisStreamAsSource",
            "KinesisStreamSourceConfiguration": Match.object_like(
                {"KinesisStreamARN": stack.resolve(stream.stream_arn)}
            ),
        },
    )


def test_writes_raw_records_by_day_and_apart_from_what_failed(
    stack: cdk.Stack, archive: EventArchive
) -> None:
    written = destination(Template.from_stack(stack))

    assert written["Prefix"] == "archive/raw/!{timestamp:yyyy/MM/dd}/"
    # Firehose asks for the kind of error where the prefix has an expression.
    assert written["ErrorOutputPrefix"] == (
        "archive/errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"
    )


def test_puts_a_line_break_after_each_record_without_a_function(
    stack: cdk.Stack, archive: EventArchive
) -> None:
    assert destination(Template.from_stack(stack))["ProcessingConfiguration"] == {
        "Enabled": True,
        "Processors": [{"Type": "AppendDelimiterToRecord"}],
    }


def test_gathers_records_for_a_quarter_of_an_hour(stack: cdk.Stack, archive: EventArchive) -> None:
    assert destination(Template.from_stack(stack))["BufferingHints"] == {
        "IntervalInSeconds": 900,
        "SizeInMBs": 64,
    }


def test_gathers_records_as_told(
    stack: cdk.Stack, stream: kinesis.Stream, store: DataStore, datasets: Sequence[Dataset]
) -> None:
    EventArchive(
        stack,
        "Archive",
        stream=stream,
        data_store=store,
        datasets=datasets,
        buffering_interval=cdk.Duration.seconds(0),
        buffering_size=cdk.Size.mebibytes(128),
    )

    assert destination(Template.from_stack(stack))["BufferingHints"] == {
        "IntervalInSeconds": 0,
        "SizeInMBs": 128,
    }


def test_refuses_all_that_is_wrong_at_once(
    stack: cdk.Stack, stream: kinesis.Stream, store: DataStore
) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "buffering_interval must be at most 900 seconds, got 901;"
            " buffering_size must be between 1 and 128 MiB, got 129;"
            " datasets must name at least one dataset, got none"
        ),
    ):
        EventArchive(
            stack,
            "Archive",
            stream=stream,
            data_store=store,
            datasets=[],
            buffering_interval=cdk.Duration.seconds(901),
            buffering_size=cdk.Size.mebibytes(129),
        )


def test_leaves_what_only_the_deployment_knows_to_the_deployment(
    stack: cdk.Stack, stream: kinesis.Stream, store: DataStore, datasets: Sequence[Dataset]
) -> None:
    seconds = cdk.CfnParameter(stack, "Seconds", type="Number").value_as_number

    EventArchive(
        stack,
        "Archive",
        stream=stream,
        data_store=store,
        datasets=datasets,
        buffering_interval=cdk.Duration.seconds(seconds),
    )

    assert destination(Template.from_stack(stack))["BufferingHints"]["IntervalInSeconds"] == {
        "Ref": "Seconds"
    }


def test_refuses_a_dataset_whose_columns_are_not_known(
    stack: cdk.Stack, stream: kinesis.Stream, store: DataStore, dataset_group: DatasetGroup
) -> None:
    schema = Schema.from_schema_name(stack, "Known", "known", dataset_type=DatasetType.USERS)
    users = dataset_group.add_dataset("Users", schema=schema)

    with pytest.raises(
        ValueError,
        match=whole("the columns of Shop/Group/Users must be known, got an imported schema"),
    ):
        EventArchive(stack, "Archive", stream=stream, data_store=store, datasets=[users])


def test_refuses_a_column_by_which_the_table_is_partitioned(
    stack: cdk.Stack, stream: kinesis.Stream, store: DataStore, dataset_group: DatasetGroup
) -> None:
    schema = Schema(
        stack, "Schema", dataset_type=DatasetType.USERS, fields=[SchemaField.int("DAY")]
    )
    users = dataset_group.add_dataset("Users", schema=schema)

    with pytest.raises(
        ValueError,
        match=whole(
            "no column may be called day, by which the table of Shop/Group/Users is partitioned"
        ),
    ):
        EventArchive(stack, "Archive", stream=stream, data_store=store, datasets=[users])


def test_refuses_datasets_of_two_groups(
    stack: cdk.Stack, stream: kinesis.Stream, store: DataStore, datasets: Sequence[Dataset]
) -> None:
    other = DatasetGroup(stack, "Other")
    schema = Schema(stack, "OtherSchema", dataset_type=DatasetType.ITEMS, fields=ITEMS)
    items = other.add_dataset("Items", schema=schema)

    with pytest.raises(
        ValueError, match=whole("datasets must be of one dataset group, got several of Items")
    ):
        EventArchive(stack, "Archive", stream=stream, data_store=store, datasets=[*datasets, items])


def test_refuses_more_columns_than_a_function_can_be_told_of(
    stack: cdk.Stack, stream: kinesis.Stream, store: DataStore, dataset_group: DatasetGroup
) -> None:
    fields = [SchemaField.int(f"THE_NUMBER_OF_ALL_THINGS_OF_KIND_{n}") for n in range(99)]
    schema = Schema(stack, "Schema", dataset_type=DatasetType.ITEMS, fields=fields)
    items = dataset_group.add_dataset("Items", schema=schema)

    with pytest.raises(
        ValueError,
        match=whole(
            "the columns of all datasets must have at most 3900 characters together,"
            " since a function is told of them, got 4028"
        ),
    ):
        EventArchive(stack, "Archive", stream=stream, data_store=store, datasets=[items])


def test_tells_the_function_of_the_columns(stack: cdk.Stack, archive: EventArchive) -> None:
    template = Template.from_stack(stack)
    (function,) = (
        each["Properties"]
        for each in template.find_resources("AWS::Lambda::Function").values()
        if each["Properties"]["Handler"] == "event_archive.handler.handler"
    )
    variables = function["Environment"]["Variables"]

    tables = Table.all_of(variables["TABLES"])
    assert list(tables) == ["interactions", "items", "action_interactions"]
    assert [(c.name, c.type, c.nullable) for c in tables["items"].columns] == [
        ("ITEM_ID", "string", False),
        ("PRICE", "float", False),
        ("STOCK", "int", True),
        ("FRAGILE", "boolean", False),
        ("GENRE", "string", True),
        ("STORY", "prose", False),
    ]
    assert tables["items"].keywords == {"ITEM_ID", "CREATION_TIMESTAMP"}
    assert variables["ARCHIVE_PREFIX"] == "archive/"


def test_a_new_raw_object_starts_the_function(
    stack: cdk.Stack, archive: EventArchive, store: DataStore
) -> None:
    Template.from_stack(stack).has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [stack.resolve(store.bucket.bucket_name)]},
                    "object": {"key": [{"prefix": "archive/raw/"}]},
                },
            },
            "Targets": [Match.object_like({"Arn": stack.resolve(archive.function.function_arn)})],
        },
    )


def test_tries_for_a_day_to_start_the_function_and_keeps_what_it_could_not(
    stack: cdk.Stack, archive: EventArchive
) -> None:
    queue = stack.resolve(archive.dead_letter_queue.queue_arn)
    template = Template.from_stack(stack)

    target = {
        "RetryPolicy": {"MaximumEventAgeInSeconds": 24 * 3600, "MaximumRetryAttempts": 185},
        "DeadLetterConfig": {"Arn": queue},
    }
    template.has_resource_properties("AWS::Events::Rule", {"Targets": [Match.object_like(target)]})
    template.has_resource_properties(
        "AWS::Lambda::EventInvokeConfig",
        {
            "Qualifier": "$LATEST",
            "MaximumEventAgeInSeconds": 6 * 3600,
            "MaximumRetryAttempts": 2,
            "DestinationConfig": {"OnFailure": {"Destination": queue}},
        },
    )
    template.has_resource_properties(
        "AWS::SQS::Queue", {"MessageRetentionPeriod": 14 * 24 * 3600, "SqsManagedSseEnabled": True}
    )


def test_firehose_logs_why_it_could_not_write(stack: cdk.Stack, archive: EventArchive) -> None:
    template = Template.from_stack(stack)

    logging = destination(template)["CloudWatchLoggingOptions"]
    assert logging["Enabled"] is True
    assert logging["LogGroupName"]["Ref"] in template.find_resources("AWS::Logs::LogGroup")
    assert logging["LogStreamName"]["Ref"] in template.find_resources("AWS::Logs::LogStream")


def test_firehose_begins_when_all_that_follows_is_there(
    stack: cdk.Stack, archive: EventArchive
) -> None:
    template = Template.from_stack(stack)

    first = set(only(template, "AWS::KinesisFirehose::DeliveryStream")["DependsOn"])
    (policy,) = (
        name
        for name in template.find_resources("AWS::IAM::Policy")
        if name.startswith("ArchiveDeliveryRole")
    )
    assert {policy, *template.find_resources("AWS::Events::Rule")} <= first


def test_a_bucket_is_emptied_after_the_last_record(
    stack: cdk.Stack, stream: kinesis.Stream, datasets: Sequence[Dataset]
) -> None:
    store = DataStore(
        stack, "Scratch", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True
    )

    EventArchive(stack, "Archive", stream=stream, data_store=store, datasets=datasets)

    template = Template.from_stack(stack)
    emptying = {
        name
        for name in template.find_resources("Custom::S3AutoDeleteObjects")
        if name.startswith("ScratchBucket")
    }
    delivery = only(template, "AWS::KinesisFirehose::DeliveryStream")
    functions = template.find_resources(
        "AWS::Lambda::Function", {"Properties": {"Handler": "event_archive.handler.handler"}}
    )
    for writer in (delivery, *functions.values()):
        assert emptying <= set(writer["DependsOn"])


def test_has_a_table_for_each_dataset_in_a_database_of_its_own(
    stack: cdk.Stack, archive: EventArchive
) -> None:
    template = Template.from_stack(stack)

    database = only(template, "AWS::Glue::Database")["Properties"]["DatabaseInput"]["Name"]
    assert database == database.lower()
    assert database.replace("_", "").isalnum()
    tables = tables_of(template)
    assert list(tables) == ["interactions", "items", "action_interactions"]
    assert {each["DatabaseName"] for each in tables.values()} == {database}
    for table in template.find_resources("AWS::Glue::Table").values():
        assert set(template.find_resources("AWS::Glue::Database")) <= set(table["DependsOn"])


def test_a_table_has_the_columns_of_its_dataset(stack: cdk.Stack, archive: EventArchive) -> None:
    storage = tables_of(Template.from_stack(stack))["items"]["TableInput"]["StorageDescriptor"]

    # The SerDe reads nothing at all as no number.
    assert [(each["Name"], each["Type"]) for each in storage["Columns"]] == [
        ("item_id", "string"),
        ("price", "double"),
        ("stock", "string"),
        ("fragile", "boolean"),
        ("genre", "string"),
        ("story", "string"),
    ]


def test_a_table_reads_the_form_that_imports_take(stack: cdk.Stack, archive: EventArchive) -> None:
    table = tables_of(Template.from_stack(stack))["interactions"]["TableInput"]

    assert table["Parameters"]["skip.header.line.count"] == "1"
    assert table["StorageDescriptor"]["SerdeInfo"] == {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"},
    }


def test_nobody_has_to_add_the_days_to_a_table(
    stack: cdk.Stack, archive: EventArchive, store: DataStore
) -> None:
    table = tables_of(Template.from_stack(stack))["interactions"]["TableInput"]

    assert table["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    parameters = table["Parameters"]
    assert {name: value for name, value in parameters.items() if "projection" in name} == {
        "projection.enabled": "true",
        "projection.day.type": "date",
        "projection.day.format": "yyyy-MM-dd",
        "projection.day.range": "2020-01-01,NOW+1DAYS",
        "projection.day.interval": "1",
        "projection.day.interval.unit": "DAYS",
    }
    bucket = stack.resolve(store.bucket.bucket_name)
    assert parameters["storage.location.template"] == {
        "Fn::Join": ["", ["s3://", bucket, "/archive/interactions/day=${day}/"]]
    }


def test_measures_how_old_the_oldest_record_is_that_is_not_archived(
    stack: cdk.Stack, archive: EventArchive
) -> None:
    metric = archive.metric_data_freshness(period=cdk.Duration.minutes(1))

    assert (metric.namespace, metric.metric_name, metric.statistic) == (
        "AWS/Firehose",
        "DeliveryToS3.DataFreshness",
        "Maximum",
    )
    assert stack.resolve(metric.dimensions) == {
        "DeliveryStreamName": stack.resolve(archive.delivery_stream_name)
    }


def test_measures_how_many_dead_letters_wait(stack: cdk.Stack, archive: EventArchive) -> None:
    metric = archive.metric_dead_letters()

    assert metric.metric_name == "ApproximateNumberOfMessagesVisible"
    assert stack.resolve(metric.dimensions) == {
        "QueueName": stack.resolve(archive.dead_letter_queue.queue_name)
    }
