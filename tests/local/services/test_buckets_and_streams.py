"""Properties of buckets and streams that MiniStack's CloudFormation leaves out by itself."""

from __future__ import annotations

import json

import pytest

from tests.local.services.cloud import Cloud

BUCKET = {
    "Type": "AWS::S3::Bucket",
    "Properties": {
        "Tags": [{"Key": "team", "Value": "shop"}],
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {
                    "BucketKeyEnabled": True,
                    "ServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": "arn:aws:kms:us-east-1:123456789012:key/k",
                    },
                }
            ]
        },
        "LifecycleConfiguration": {
            "Rules": [
                {"Id": "old", "Status": "Enabled", "Prefix": "out/", "ExpirationInDays": 9},
                {
                    "Status": "Enabled",
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                },
            ]
        },
        "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
    },
}


@pytest.fixture(scope="module")
def bucket(cloud: Cloud) -> str:
    return cloud.deploy({"Bucket": BUCKET})["Bucket"]


def test_a_bucket_has_the_tags_of_its_template(cloud: Cloud, bucket: str) -> None:
    tags = cloud.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]

    assert tags == [{"Key": "team", "Value": "shop"}]


def test_a_bucket_has_the_encryption_of_its_template(cloud: Cloud, bucket: str) -> None:
    found = cloud.client("s3").get_bucket_encryption(Bucket=bucket)

    assert found["ServerSideEncryptionConfiguration"]["Rules"] == [
        {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": "arn:aws:kms:us-east-1:123456789012:key/k",
            },
            "BucketKeyEnabled": True,
        }
    ]


def test_a_bucket_has_the_lifecycle_of_its_template(cloud: Cloud, bucket: str) -> None:
    first, second = cloud.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]

    assert (first["ID"], first["Filter"], first["Expiration"]) == (
        "old",
        {"Prefix": "out/"},
        {"Days": 9},
    )
    assert second["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert second["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_an_update_takes_properties_away_from_a_bucket(cloud: Cloud) -> None:
    name = cloud.deploy({"Bucket": BUCKET}, "plain")["Bucket"]
    assert "aws:kms" in encryption(cloud, name)

    cloud.deploy({"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}}}, "plain")

    assert "aws:kms" not in encryption(cloud, name)


def encryption(cloud: Cloud, name: str) -> str:
    found = cloud.client("s3").get_bucket_encryption(Bucket=name)
    return json.dumps(found["ServerSideEncryptionConfiguration"])


def test_an_upload_with_kms_needs_no_key_of_its_own(cloud: Cloud, bucket: str) -> None:
    answer = cloud.client("s3").put_object(
        Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms"
    )

    assert answer["SSEKMSKeyId"] == "arn:aws:kms:us-east-1:123456789012:alias/aws/s3"


def test_a_stream_has_the_encryption_of_its_template(cloud: Cloud) -> None:
    encryption = {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    properties = {"ShardCount": 1, "StreamEncryption": encryption}
    name = cloud.deploy({"Stream": {"Type": "AWS::Kinesis::Stream", "Properties": properties}})

    summary = cloud.client("kinesis").describe_stream_summary(StreamName=name["Stream"])
    assert summary["StreamDescriptionSummary"]["EncryptionType"] == "KMS"
