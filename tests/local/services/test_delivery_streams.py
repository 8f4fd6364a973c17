"""Firehose streams, from a Kinesis stream to a bucket, and the Glue tables of what they write."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.local.services.cloud import ROLE, Cloud, eventually

KEY = "arn:aws:kms:us-east-1:123456789012:key/k"


def destination(**more: object) -> dict[str, Any]:
    return {
        "BucketARN": {"Fn::GetAtt": ["Bucket", "Arn"]},
        "RoleARN": ROLE,
        "Prefix": "raw/!{timestamp:yyyy/MM/dd}/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
        "BufferingHints": {"IntervalInSeconds": 900, "SizeInMBs": 1},
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [{"Type": "AppendDelimiterToRecord"}],
        },
        **more,
    }


def resources(**more: object) -> dict[str, Any]:
    return {
        "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Delivery": {
            "Type": "AWS::KinesisFirehose::DeliveryStream",
            "Properties": {
                "DeliveryStreamType": "KinesisStreamAsSource",
                "KinesisStreamSourceConfiguration": {
                    "KinesisStreamARN": {"Fn::GetAtt": ["Stream", "Arn"]},
                    "RoleARN": ROLE,
                },
                "ExtendedS3DestinationConfiguration": destination(**more),
            },
        },
    }


def put(cloud: Cloud, stream: str, *records: bytes) -> None:
    cloud.client("kinesis").put_records(
        StreamName=stream, Records=[{"Data": each, "PartitionKey": "k"} for each in records]
    )


def objects(cloud: Cloud, bucket: str) -> dict[str, bytes]:
    s3 = cloud.client("s3")
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {
        each["Key"]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in found
    }


def test_records_are_gathered_into_an_object_each_on_a_line_of_its_own(
    standing_cloud: Cloud,
) -> None:
    made = standing_cloud.deploy(resources())
    last = b"x" * 2**20

    put(standing_cloud, made["Stream"], b'{"n": 1}', b'{"n": 2}')
    put(standing_cloud, made["Stream"], last)

    ((key, content),) = eventually(lambda: objects(standing_cloud, made["Bucket"])).items()
    assert content == b'{"n": 1}\n{"n": 2}\n' + last + b"\n"
    name = re.escape(made["Delivery"])
    assert re.fullmatch(rf"raw/\d{{4}}/\d\d/\d\d/{name}-1-[\d-]{{19}}-[\da-f-]{{36}}", key)


def test_nothing_is_between_the_records_unless_it_is_asked_for(cloud: Cloud) -> None:
    made = cloud.deploy(resources(ProcessingConfiguration={"Enabled": False}))

    put(cloud, made["Stream"], b"one", b"two")

    (content,) = eventually(lambda: objects(cloud, made["Bucket"])).values()
    assert content == b"onetwo"


def test_the_object_has_the_key_of_the_destination(cloud: Cloud) -> None:
    encryption = {"KMSEncryptionConfig": {"AWSKMSKeyARN": KEY}}
    made = cloud.deploy(resources(EncryptionConfiguration=encryption))

    put(cloud, made["Stream"], b"one")

    (key,) = eventually(lambda: objects(cloud, made["Bucket"]))
    head = cloud.client("s3").head_object(Bucket=made["Bucket"], Key=key)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", KEY)


def test_an_object_that_is_full_waits_no_longer(standing_cloud: Cloud) -> None:
    made = standing_cloud.deploy(resources())
    half = b"x" * 2**19

    put(standing_cloud, made["Stream"], half)
    assert objects(standing_cloud, made["Bucket"]) == {}
    put(standing_cloud, made["Stream"], half)

    (content,) = eventually(lambda: objects(standing_cloud, made["Bucket"])).values()
    assert content == 2 * (half + b"\n")


def test_what_is_put_directly_is_delivered_too(cloud: Cloud) -> None:
    made = cloud.deploy({"Bucket": {"Type": "AWS::S3::Bucket"}})
    firehose = cloud.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName="direct",
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{made['Bucket']}",
        },
    )

    firehose.put_record(DeliveryStreamName="direct", Record={"Data": b"one"})

    (content,) = eventually(lambda: objects(cloud, made["Bucket"])).values()
    assert content == b"one"


def test_a_table_keeps_how_its_days_are_found(cloud: Cloud) -> None:
    template = "s3://data/archive/interactions/day=${day}/"
    parameters = {"projection.enabled": "true", "storage.location.template": template}
    cloud.deploy(
        {
            "Database": {
                "Type": "AWS::Glue::Database",
                "Properties": {
                    "CatalogId": "123456789012",
                    "DatabaseInput": {"Name": "shop_archive"},
                },
            },
            "Table": {
                "Type": "AWS::Glue::Table",
                "DependsOn": "Database",
                "Properties": {
                    "CatalogId": "123456789012",
                    "DatabaseName": "shop_archive",
                    "TableInput": {
                        "Name": "interactions",
                        "TableType": "EXTERNAL_TABLE",
                        "Parameters": parameters,
                        "PartitionKeys": [{"Name": "day", "Type": "string"}],
                        "StorageDescriptor": {
                            "Location": "s3://data/archive/interactions/",
                            "Columns": [{"Name": "user_id", "Type": "string"}],
                        },
                    },
                },
            },
        }
    )

    table = cloud.client("glue").get_table(DatabaseName="shop_archive", Name="interactions")
    assert json.loads(json.dumps(table["Table"]["Parameters"])) == parameters
    assert [each["Name"] for each in table["Table"]["PartitionKeys"]] == ["day"]
