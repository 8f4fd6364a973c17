"""Delivery of Firehose streams to S3, in place of MiniStack's own.

MiniStack makes an object of each record, without a line break, and asks no role. Here records are
gathered for as long, or up to the size, that the buffering hints say, and the object is written
with the stream's role and key. Time runs as fast as that of Amazon Personalize. What is gathered is
lost with the server; on AWS it is not.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from ministack import app
from ministack.core import iam_evaluator, responses
from ministack.services import firehose

from personalize_emulator.local.authorization import credentials_of
from personalize_emulator.objects import ObjectStorageError, S3Objects

_LOG = logging.getLogger("delivery_streams")
_SECRET = "local"  # of the account's root, whose signature nobody checks
_SESSION = "Firehose"
# What Firehose does unless it is told otherwise (API_BufferingHints).
_SECONDS = 300
_MEBIBYTES = 5
_DELIMITERS = {r"\n": b"\n"}

Records = Sequence[tuple[str, bytes]]


def install(endpoint_url: str, *, speed: float) -> None:
    """Let Firehose deliver as on AWS, except where it converts or partitions what it is given.

    Args:
        endpoint_url: Endpoint of this AWS.
        speed: How many times faster than the wall clock it waits for more records.
    """
    deliver = firehose._deliver_records_to_s3
    deliveries = Deliveries(endpoint_url, speed)

    def deliver_records(
        stream: Mapping[str, Any], destination: dict[str, Any], records: Records
    ) -> None:
        configuration = destination["config"]
        if any(
            (configuration.get(feature) or {}).get("Enabled")
            for feature in ("DataFormatConversionConfiguration", "DynamicPartitioningConfiguration")
        ):
            deliver(stream, destination, records)
        else:
            deliveries.add(stream, destination, records)

    firehose._deliver_records_to_s3 = deliver_records


class Deliveries:
    """The records that are on their way."""

    def __init__(self, endpoint_url: str, speed: float) -> None:
        """Start with none.

        Args:
            endpoint_url: Endpoint of this AWS.
            speed: How many times faster than the wall clock it waits for more records.
        """
        self._endpoint_url = endpoint_url
        self._speed = speed
        self._waiting: dict[tuple[str, str], Delivery] = {}
        self._lock = threading.Lock()

    def add(self, stream: Mapping[str, Any], destination: dict[str, Any], records: Records) -> None:
        """Take records in; MiniStack calls it as the account and in the Region of the stream."""
        if not _may_read(stream):
            return
        configuration = destination["config"]
        hints = configuration.get("BufferingHints") or {}
        delimiter = _delimiter_of(configuration)
        contents = [
            content + delimiter
            for _, content in firehose._apply_lambda_processors(stream, destination, records)
        ]
        key = (stream["arn"], destination["id"])
        with self._lock:
            delivery = self._waiting.get(key)
            if delivery is None:
                delivery = self._waiting[key] = Delivery(stream, configuration)
                seconds = int(hints.get("IntervalInSeconds", _SECONDS)) / self._speed
                timer = threading.Timer(seconds, self._deliver, [key, delivery])
                timer.daemon = True
                timer.start()
            delivery.contents += contents
            is_full = delivery.size >= int(hints.get("SizeInMBs", _MEBIBYTES)) * 2**20
        if is_full:
            threading.Thread(target=self._deliver, args=[key, delivery], daemon=True).start()

    def _deliver(self, key: tuple[str, str], delivery: Delivery) -> None:
        """Write what was gathered, unless it was written already."""
        with self._lock:
            if self._waiting.get(key) is not delivery:
                return
            del self._waiting[key]
        delivery.write(self._endpoint_url)


class Delivery:
    """Records that become one object."""

    def __init__(self, stream: Mapping[str, Any], configuration: Mapping[str, Any]) -> None:
        """Begin an object now; the day in its name is that of its first record.

        Args:
            stream: The Firehose stream.
            configuration: Its destination.
        """
        self.contents: list[bytes] = []
        self._configuration = configuration
        self._account, self._region = responses.get_account_id(), responses.get_region()
        self._name = stream["name"]
        began = time.gmtime()
        prefix = firehose._evaluate_prefix(configuration.get("Prefix", ""), began)
        moment = firehose._java_time("yyyy-MM-dd-HH-mm-ss", began)
        suffix = configuration.get("FileExtension") or ""
        version = stream.get("version", 1)
        self._key = f"{prefix}{self._name}-{version}-{moment}-{uuid.uuid4()}{suffix}"

    @property
    def size(self) -> int:
        """The bytes that were gathered."""
        return sum(map(len, self.contents))

    def write(self, endpoint_url: str) -> None:
        """Write the object, unless its stream is gone by now."""
        with responses.request_scope(self._account, self._region):
            if self._name not in firehose._streams:
                return
        bucket = firehose._s3_bucket_from_arn(self._configuration["BucketARN"])
        encryption = self._configuration.get("EncryptionConfiguration") or {}
        key_arn = (encryption.get("KMSEncryptionConfig") or {}).get("AWSKMSKeyARN")
        objects = S3Objects(
            endpoint_url,
            region=self._region,
            access_key_id=self._account,
            secret_access_key=_SECRET,
            assume=functools.partial(credentials_of, session_name=_SESSION) if app.AUTH else None,
        )
        try:
            objects.as_role(self._configuration["RoleARN"]).put(
                bucket, self._key, b"".join(self.contents), kms_key_arn=key_arn
            )
        except ObjectStorageError as error:
            _LOG.warning("%s could not deliver: %s", self._name, error)


def _may_read(stream: Mapping[str, Any]) -> bool:
    """Tell whether the role of a stream may read the one that it gets its records from."""
    source = stream.get("kinesis_source")
    if not app.AUTH or not source:
        return True
    denied = iam_evaluator.enforce(
        credentials_of(source["RoleARN"], _SESSION).access_key_id,
        "kinesis:GetRecords",
        "kinesis",
        responses.get_region(),
        resource_arn=source["KinesisStreamARN"],
        service_context={},
    )
    if denied is not None:
        _LOG.warning("%s may not read %s", stream["name"], source["KinesisStreamARN"])
    return denied is None


def _delimiter_of(configuration: Mapping[str, Any]) -> bytes:
    """Return what comes after each record: a line break, if it is asked for and not named."""
    processing = configuration.get("ProcessingConfiguration") or {}
    for processor in processing.get("Processors") or ():
        if processing.get("Enabled") and processor.get("Type") == "AppendDelimiterToRecord":
            parameters = processor.get("Parameters") or ()
            named = [each["ParameterValue"] for each in parameters]
            text = named[0] if named else r"\n"
            return _DELIMITERS.get(text, text.encode())
    return b""
