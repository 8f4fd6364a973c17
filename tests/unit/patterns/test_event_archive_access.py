"""Who may do what in an archive of events, and with which key."""

import json
from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template

from cdk_personalize import Dataset
from cdk_personalize.patterns import DataStore, EventArchive
from tests.unit.patterns.declared_archive import below, destination, statements_of

STREAM_ARN = "arn:aws:kinesis:us-east-1:111111111111:stream/clicks"


def test_the_queue_takes_encrypted_connections_alone(
    stack: cdk.Stack, archive: EventArchive
) -> None:
    deny = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    Template.from_stack(stack).has_resource_properties(
        "AWS::SQS::QueuePolicy",
        {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(deny)])}},
    )


def test_lets_firehose_in_for_this_account_alone(stack: cdk.Stack, archive: EventArchive) -> None:
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": {
                "Statement": [
                    {
                        "Action": "sts:AssumeRole",
                        "Effect": "Allow",
                        "Principal": {"Service": "firehose.amazonaws.com"},
                        "Condition": {"StringEquals": {"sts:ExternalId": "111111111111"}},
                    }
                ]
            }
        },
    )


def test_firehose_may_do_what_it_asks_for_and_no_more(
    stack: cdk.Stack, archive: EventArchive, stream: kinesis.Stream, store: DataStore
) -> None:
    bucket, key = store.bucket, stack.resolve(store.key.key_arn)
    suffix = {"Ref": "AWS::URLSuffix"}

    def via(service: str) -> dict[str, Any]:
        name = {"Fn::Join": ["", [f"{service}.us-east-1.", suffix]]}
        return {"StringEquals": {"kms:ViaService": name}}

    *found, logging, decrypting = statements_of(Template.from_stack(stack), "ArchiveDeliveryRole")
    assert [(each["Action"], each["Resource"], each.get("Condition")) for each in found] == [
        (
            [
                "kinesis:DescribeStream",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ],
            stack.resolve(stream.stream_arn),
            None,
        ),
        (
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            [below(stack, bucket, "archive/raw/*"), below(stack, bucket, "archive/errors/*")],
            None,
        ),
        (
            ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            stack.resolve(bucket.bucket_arn),
            None,
        ),
        (["kms:Decrypt", "kms:GenerateDataKey"], key, via("s3")),
    ]
    assert logging["Action"] == "logs:PutLogEvents"
    assert ":log-stream:" in json.dumps(logging["Resource"])
    assert (decrypting["Action"], decrypting["Resource"], decrypting["Condition"]) == (
        "kms:Decrypt",
        key,
        via("kinesis"),
    )


def test_the_function_may_read_raw_objects_and_write_files_and_no_more(
    stack: cdk.Stack, archive: EventArchive, store: DataStore
) -> None:
    allowed = {
        json.dumps(each["Action"]): each["Resource"]
        for each in statements_of(Template.from_stack(stack), "ArchiveFunctionRole")
    }

    assert allowed['"s3:GetObject"'] == below(stack, store.bucket, "archive/raw/*")
    assert allowed['"s3:PutObject"'] == [
        below(stack, store.bucket, f"archive/{folder}/*")
        for folder in ("interactions", "items", "action_interactions")
    ]
    assert allowed['"sqs:SendMessage"'] == stack.resolve(archive.dead_letter_queue.queue_arn)
    assert [action for action in allowed if "*" in action] == []
    assert set(allowed) == {
        '"s3:GetObject"',
        '"s3:PutObject"',
        '"sqs:SendMessage"',
        '"kms:Decrypt"',  # its environment
        '["kms:Decrypt", "kms:GenerateDataKey"]',
        '["logs:CreateLogStream", "logs:PutLogEvents"]',
        '["xray:PutTraceSegments", "xray:PutTelemetryRecords"]',
    }


def test_encrypts_everything_with_the_key_of_the_store(
    stack: cdk.Stack, archive: EventArchive, store: DataStore
) -> None:
    template = Template.from_stack(stack)
    key = stack.resolve(store.key.key_arn)

    assert destination(template)["EncryptionConfiguration"] == {
        "KMSEncryptionConfig": {"AWSKMSKeyARN": key}
    }
    groups = template.find_resources("AWS::Logs::LogGroup", {"Properties": {"KmsKeyId": key}})
    assert {name[: len("ArchiveFunction")] for name in groups} >= {
        "ArchiveDelivery",
        "ArchiveFunction",
    }
    template.has_resource_properties(
        "AWS::Lambda::Function", {"Handler": "event_archive.handler.handler", "KmsKeyArn": key}
    )


def test_uses_the_key_of_a_bucket_that_has_one_of_its_own(
    stack: cdk.Stack, datasets: Sequence[Dataset], stream: kinesis.Stream
) -> None:
    own = kms.Key(stack, "OwnKey")
    bucket = s3.Bucket(stack, "Own", encryption_key=own)
    store = DataStore(stack, "Lake", bucket=bucket)

    EventArchive(stack, "Archive", stream=stream, data_store=store, datasets=datasets)

    (found,) = (
        each["Resource"]
        for each in statements_of(Template.from_stack(stack), "ArchiveFunctionRole")
        if each["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    )
    assert found == [stack.resolve(key.key_arn) for key in (store.key, own)]


def test_reads_a_stream_that_exists_already(
    stack: cdk.Stack, store: DataStore, datasets: Sequence[Dataset]
) -> None:
    clicks = kinesis.Stream.from_stream_arn(stack, "Clicks", STREAM_ARN)

    EventArchive(stack, "Archive", stream=clicks, data_store=store, datasets=datasets)

    template = Template.from_stack(stack)
    found = statements_of(template, "ArchiveDeliveryRole")
    assert found[0]["Resource"] == STREAM_ARN
    assert "kinesis.us-east-1" not in json.dumps(found)


def test_grants_to_query_the_archive(
    stack: cdk.Stack, archive: EventArchive, store: DataStore
) -> None:
    analyst = iam.Role(stack, "Analyst", assumed_by=iam.AccountRootPrincipal())

    archive.grant_query(analyst)

    catalog, objects, bucket, key = statements_of(Template.from_stack(stack), "Analyst")
    assert catalog["Action"] == ["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"]
    assert json.dumps(catalog["Resource"]).count('"/interactions"') == 1
    assert objects["Resource"] == below(stack, store.bucket, "archive/*")
    assert (objects["Action"], bucket["Action"], key["Action"]) == (
        "s3:GetObject",
        ["s3:GetBucketLocation", "s3:ListBucket"],
        "kms:Decrypt",
    )
