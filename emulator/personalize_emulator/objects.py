"""Where bulk data comes from: objects in buckets, in memory or behind an S3 endpoint."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


# What S3 answers; and what never gets there, because of the name of a bucket say.
_S3_ERRORS = (ClientError, BotoCoreError)


@dataclass(frozen=True)
class ObjectSummary:
    """One object of a listing."""

    key: str
    size: int


class ObjectStorageError(Exception):
    """An object cannot be read or written; the message says which, and why."""


class ObjectNotFoundError(ObjectStorageError):
    """There is no such object, or no such bucket."""


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials of a role.

    Attributes:
        access_key_id: The access key.
        secret_access_key: Its secret.
        session_token: The token of the session.
    """

    access_key_id: str
    secret_access_key: str
    session_token: str


class ObjectStorage(Protocol):
    """Buckets of objects."""

    def as_role(self, role_arn: str) -> ObjectStorage:
        """Return the buckets as a role may use them: the one that a job was given."""
        ...

    def get(self, bucket: str, key: str) -> bytes:
        """Return an object; raise ObjectNotFoundError if there is none."""
        ...

    def put(self, bucket: str, key: str, body: bytes, *, kms_key_arn: str | None = None) -> None:
        """Write an object; raise ObjectStorageError if it cannot be.

        Args:
            bucket: The bucket.
            key: The key.
            body: What is in it.
            kms_key_arn: The KMS key to encrypt it with. (default: as the bucket does)
        """
        ...

    def list(self, bucket: str, prefix: str = "") -> Sequence[ObjectSummary]:
        """List the objects under a prefix, by key."""
        ...

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; one that is not there is deleted already."""
        ...


class MemoryObjects:
    """Buckets in memory; a bucket is there as soon as something is put in it."""

    def __init__(self) -> None:
        """Start empty."""
        self._objects: dict[tuple[str, str], bytes] = {}
        self._kms_keys: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def as_role(self, role_arn: str) -> Self:
        """Return the same buckets: in process there is no IAM to ask."""
        del role_arn
        return self

    def get(self, bucket: str, key: str) -> bytes:
        """Return an object; raise ObjectNotFoundError if there is none."""
        with self._lock:
            body = self._objects.get((bucket, key))
        if body is None:
            msg = f"s3://{bucket}/{key} does not exist"
            raise ObjectNotFoundError(msg)
        return body

    def put(self, bucket: str, key: str, body: bytes, *, kms_key_arn: str | None = None) -> None:
        """Write an object; the KMS key is kept, and encrypts nothing."""
        with self._lock:
            self._objects[bucket, key] = body
            self._kms_keys.pop((bucket, key), None)
            if kms_key_arn is not None:
                self._kms_keys[bucket, key] = kms_key_arn

    def kms_key_arn(self, bucket: str, key: str) -> str | None:
        """Return the KMS key that an object was put with, None if it was put with none."""
        with self._lock:
            return self._kms_keys.get((bucket, key))

    def list(self, bucket: str, prefix: str = "") -> Sequence[ObjectSummary]:
        """List the objects under a prefix, by key."""
        with self._lock:
            return [
                ObjectSummary(key, len(body))
                for (owner, key), body in sorted(self._objects.items())
                if owner == bucket and key.startswith(prefix)
            ]

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; one that is not there is deleted already."""
        with self._lock:
            self._objects.pop((bucket, key), None)
            self._kms_keys.pop((bucket, key), None)


class S3Objects:
    """Buckets behind an S3 endpoint, that of local AWS above all."""

    def __init__(
        self,
        endpoint_url: str | None = None,
        *,
        region: str = "us-east-1",
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
        assume: Callable[[str], Credentials] | None = None,
    ) -> None:
        """Talk to this endpoint; the connection is made with the first request.

        Args:
            endpoint_url: The endpoint. (default: that of AWS)
            region: The Region.
            access_key_id: The access key.
            secret_access_key: Its secret.
            session_token: The token, for temporary credentials.
            assume: Gives the credentials of a role. (default: every role has these credentials)
        """
        self._endpoint_url = endpoint_url
        self._region = region
        self._access_key_id = access_key_id
        self._secret_access_key = secret_access_key
        self._session_token = session_token
        self._assume = assume
        self._roles: dict[str, S3Objects] = {}
        self._lock = threading.Lock()
        self._made: S3Client | None = None

    def as_role(self, role_arn: str) -> S3Objects:
        """Return the buckets as a role may use them."""
        if self._assume is None:
            return self
        with self._lock:
            if role_arn not in self._roles:
                credentials = self._assume(role_arn)
                self._roles[role_arn] = S3Objects(
                    self._endpoint_url,
                    region=self._region,
                    access_key_id=credentials.access_key_id,
                    secret_access_key=credentials.secret_access_key,
                    session_token=credentials.session_token,
                )
            return self._roles[role_arn]

    def get(self, bucket: str, key: str) -> bytes:
        """Return an object; raise ObjectNotFoundError if there is none."""
        try:
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except _S3_ERRORS as error:
            msg = f"s3://{bucket}/{key}: {error}"
            raise ObjectNotFoundError(msg) from error

    def put(self, bucket: str, key: str, body: bytes, *, kms_key_arn: str | None = None) -> None:
        """Write an object; raise ObjectStorageError if it cannot be."""
        try:
            if kms_key_arn is None:
                self._client.put_object(Bucket=bucket, Key=key, Body=body)
            else:
                self._client.put_object(
                    Bucket=bucket,
                    Key=key,
                    Body=body,
                    ServerSideEncryption="aws:kms",
                    SSEKMSKeyId=kms_key_arn,
                )
        except _S3_ERRORS as error:
            msg = f"s3://{bucket}/{key}: {error}"
            raise ObjectStorageError(msg) from error

    def list(self, bucket: str, prefix: str = "") -> Sequence[ObjectSummary]:
        """List the objects under a prefix, by key."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        try:
            return [
                ObjectSummary(entry["Key"], entry["Size"])
                for page in pages
                for entry in page.get("Contents", [])
            ]
        except _S3_ERRORS as error:
            msg = f"s3://{bucket}/{prefix}: {error}"
            raise ObjectNotFoundError(msg) from error

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; one that is not there is deleted already."""
        self._client.delete_object(Bucket=bucket, Key=key)

    @property
    def _client(self) -> S3Client:
        # A session is not thread-safe and a client is slow to make: one, made when needed.
        with self._lock:
            if self._made is None:
                client = get_session().create_client(
                    "s3",
                    endpoint_url=self._endpoint_url,
                    region_name=self._region,
                    aws_access_key_id=self._access_key_id,
                    aws_secret_access_key=self._secret_access_key,
                    aws_session_token=self._session_token,
                    config=Config(s3={"addressing_style": "path"}),
                )
                self._made = cast("S3Client", client)
            return self._made
