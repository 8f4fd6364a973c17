"""Buckets: what MiniStack's CloudFormation leaves out of them, and encryption without a key.

Tags (the CDK's own auto-delete function reads them before it empties a bucket), default
encryption, lifecycle rules and access logging go through the same calls of S3 as a user's would.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import botocore.serialize
import botocore.session
from ministack.core import responses
from ministack.services import s3
from ministack.services.cloudformation import provisioners

from personalize_emulator.local.provisioning import Properties, also_apply

_BUCKET = "AWS::S3::Bucket"
_ALGORITHM = "x-amz-server-side-encryption"
_KEY_ID = "x-amz-server-side-encryption-aws-kms-key-id"


def install() -> None:
    """Let creates and updates of buckets apply these properties too."""
    s3._resolve_sse_write_headers = _with_default_key(s3._resolve_sse_write_headers)
    also_apply(_BUCKET, _apply)


def _with_default_key(resolve: Callable[[dict[str, str], str], Any]) -> Callable[..., Any]:
    """Encrypt with the account's own key for S3 when a request names none, as AWS does.

    The CDK CLI uploads assets so: the bucket of its bootstrap stack has ``aws:kms`` and no key.
    """

    def resolve_with_default_key(headers: dict[str, str], bucket_name: str) -> Any:  # noqa: ANN401
        if headers.get(_ALGORITHM) == "aws:kms" and not headers.get(_KEY_ID):
            where = f"{responses.get_region()}:{responses.get_account_id()}"
            headers = {**headers, _KEY_ID: f"arn:aws:kms:{where}:alias/aws/s3"}
        return resolve(headers, bucket_name)

    return resolve_with_default_key


def _apply(bucket: str, props: Properties) -> None:
    if tags := provisioners._tag_map(props.get("Tags")):
        tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
        _put(s3._put_bucket_tagging, "PutBucketTagging", bucket, Tagging={"TagSet": tag_set})
    else:
        s3._bucket_tags.pop(bucket, None)
    if encryption := props.get("BucketEncryption"):
        rules = [_encryption_rule(r) for r in encryption["ServerSideEncryptionConfiguration"]]
        configuration = {"Rules": rules}
        _put(
            s3._put_bucket_encryption,
            "PutBucketEncryption",
            bucket,
            ServerSideEncryptionConfiguration=configuration,
        )
    else:
        s3._bucket_encryption.pop(bucket, None)
    if lifecycle := props.get("LifecycleConfiguration"):
        _put(
            s3._put_bucket_lifecycle,
            "PutBucketLifecycleConfiguration",
            bucket,
            LifecycleConfiguration={"Rules": [_lifecycle_rule(r) for r in lifecycle["Rules"]]},
        )
    else:
        s3._bucket_lifecycle.pop(bucket, None)
    if logging := props.get("LoggingConfiguration"):
        target = {
            "TargetBucket": logging.get("DestinationBucketName", bucket),
            "TargetPrefix": logging.get("LogFilePrefix", ""),
        }
        _put(
            s3._put_bucket_logging,
            "PutBucketLogging",
            bucket,
            BucketLoggingStatus={"LoggingEnabled": target},
        )
    else:
        s3._bucket_logging_config.pop(bucket, None)


def _encryption_rule(rule: Properties) -> dict[str, Any]:
    by_default = rule.get("ServerSideEncryptionByDefault", {})
    return _without_none(
        ApplyServerSideEncryptionByDefault=_without_none(
            SSEAlgorithm=by_default.get("SSEAlgorithm"),
            KMSMasterKeyID=by_default.get("KMSMasterKeyID"),
        ),
        BucketKeyEnabled=_boolean(rule.get("BucketKeyEnabled")),
    )


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    transitions = [*rule.get("Transitions", []), *_one(rule.get("Transition"))]
    noncurrent = rule.get("NoncurrentVersionExpiration") or _without_none(
        NoncurrentDays=rule.get("NoncurrentVersionExpirationInDays")
    )
    abort = rule.get("AbortIncompleteMultipartUpload")
    return _without_none(
        ID=rule.get("Id"),
        Status=rule.get("Status"),
        Filter=_lifecycle_filter(rule),
        Expiration=_without_none(
            Days=_integer(rule.get("ExpirationInDays")),
            Date=rule.get("ExpirationDate"),
            ExpiredObjectDeleteMarker=_boolean(rule.get("ExpiredObjectDeleteMarker")),
        )
        or None,
        Transitions=[
            _without_none(
                Days=_integer(t.get("TransitionInDays")),
                Date=t.get("TransitionDate"),
                StorageClass=t.get("StorageClass"),
            )
            for t in transitions
        ]
        or None,
        NoncurrentVersionExpiration={k: _integer(v) for k, v in noncurrent.items()} or None,
        AbortIncompleteMultipartUpload=abort
        and {"DaysAfterInitiation": _integer(abort["DaysAfterInitiation"])},
    )


def _lifecycle_filter(rule: Properties) -> dict[str, Any]:
    conditions = _without_none(
        Prefix=rule.get("Prefix"),
        ObjectSizeGreaterThan=_integer(rule.get("ObjectSizeGreaterThan")),
        ObjectSizeLessThan=_integer(rule.get("ObjectSizeLessThan")),
    )
    tags = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in rule.get("TagFilters", [])]
    if len(conditions) + len(tags) > 1:
        return {"And": conditions | _without_none(Tags=tags or None)}
    if tags:
        return {"Tag": tags[0]}
    return conditions or {"Prefix": ""}


def _put(
    call: Callable[[str, bytes], tuple[int, Any, Any]],
    operation: str,
    bucket: str,
    **parameters: object,
) -> None:
    """Make a call of S3's control plane, its body written by botocore as for a real one."""
    serializer, model = _s3_protocol()
    request = serializer.serialize_to_request(
        {"Bucket": bucket, **parameters}, model.operation_model(operation)
    )
    status, _headers, body = call(bucket, request["body"])
    if status >= 400:  # noqa: PLR2004
        message = f"{operation} of bucket {bucket} was refused: {body!r}"
        raise ValueError(message)


@functools.cache
def _s3_protocol() -> tuple[Any, Any]:
    model = botocore.session.get_session().get_service_model("s3")
    return botocore.serialize.create_serializer("rest-xml", include_validation=False), model


def _without_none(**values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _one(value: object) -> list[Any]:
    return [] if value is None else [value]


def _integer(value: Any) -> int | None:  # noqa: ANN401 - templates have numbers as strings too
    return None if value is None else int(value)


def _boolean(value: object) -> bool | None:
    return None if value is None else str(value).lower() == "true"
