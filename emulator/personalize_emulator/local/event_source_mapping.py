"""Event source mappings of Kinesis streams, in place of MiniStack's own.

MiniStack calls the function with a batch again and again until it succeeds, so one bad record
blocks its shard for ever: no retry limit, no bisection, no partial failure, no destination.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from ministack.core import responses
from ministack.services import kinesis, lambda_svc

from personalize_emulator.local.stream_batch import (
    BatchSettlement,
    Condition,
    FunctionError,
    FunctionThrottled,
    StreamRecord,
    StreamSettings,
    invocation_record,
)

_LOG = logging.getLogger("event_source_mapping")

# A function may run for fifteen minutes, and its client must not try again by itself.
_CLIENT = Config(read_timeout=930, retries={"total_max_attempts": 1}, max_pool_connections=50)


def install(endpoint_url: str) -> None:
    """Let streams reach functions as they do on AWS.

    Args:
        endpoint_url: Endpoint of this AWS, for calls of functions and destinations.
    """
    lambda_svc._poll_kinesis = StreamPoller(endpoint_url).poll


class StreamPoller:
    """Gives each shard of each mapping a thread of its own while it has records."""

    def __init__(self, endpoint_url: str) -> None:
        """Start with no shard read.

        Args:
            endpoint_url: Endpoint of this AWS.
        """
        self._endpoint_url = endpoint_url
        self._session = botocore.session.get_session()
        self._shards: dict[tuple[str, str], ShardReader] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.Lock()

    def poll(self) -> bool:
        """Put a thread on every shard that has records and none; MiniStack calls it when some come.

        Returns:
            False: the next look is due when records come, or in a second.
        """
        seen = set()
        for account, region, mapping in lambda_svc._iter_all_esms():
            arn = mapping.get("EventSourceArn", "")
            if ":kinesis:" not in arn or ":stream/" not in arn:
                continue
            with responses.request_scope(account, region):
                stream = kinesis._streams.get(arn.rsplit("/", 1)[-1])
            if not stream or not _enabled(mapping):
                continue
            for shard_id in list(stream["shards"]):
                key = (mapping["UUID"], shard_id)
                seen.add(key)
                if key not in self._shards:
                    self._shards[key] = ShardReader(self, mapping, stream, shard_id)
                self._shards[key].wake()
        for key in self._shards.keys() - seen:
            del self._shards[key]
        return False

    def client(self, service: str, account: str, region: str) -> Any:  # noqa: ANN401 - any service
        """A client of this AWS, made once for each account and Region."""
        key = (service, account, region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.create_client(
                    service,
                    endpoint_url=self._endpoint_url,
                    region_name=region,
                    aws_access_key_id=account,
                    aws_secret_access_key="local",
                    config=_CLIENT,
                )
            return self._clients[key]


class ShardReader:
    """Reads one shard for one mapping and keeps the position in it."""

    def __init__(
        self,
        poller: StreamPoller,
        mapping: Mapping[str, Any],
        stream: Mapping[str, Any],
        shard_id: str,
    ) -> None:
        """Begin where the mapping begins.

        Args:
            poller: Poller that it belongs to.
            mapping: The event source mapping.
            stream: The stream.
            shard_id: Id of the shard.
        """
        self._poller = poller
        self._mapping = mapping
        self._shard = stream["shards"][shard_id]
        self._shard_id = shard_id
        self._stream_arn: str = stream["StreamARN"]
        self._region, self._account = self._stream_arn.split(":")[3:5]
        self._thread: threading.Thread | None = None
        self._request_id = ""
        # Numbers of one stream have the same length, so they compare as text.
        self._done = ""
        records = self._shard["records"]
        if mapping.get("StartingPosition") == "LATEST" and records:
            self._done = records[-1]["SequenceNumber"]
        elif mapping.get("StartingPosition") == "AT_TIMESTAMP":
            start = float(mapping.get("StartingPositionTimestamp") or 0)
            before = [r for r in records if r["ApproximateArrivalTimestamp"] < start]
            self._done = before[-1]["SequenceNumber"] if before else ""

    def wake(self) -> None:
        """Read on, unless a thread does already or there is nothing to read."""
        if (self._thread is None or not self._thread.is_alive()) and self._pending(1):
            name = f"esm-{self._shard_id}"
            self._thread = threading.Thread(target=self._drain, name=name, daemon=True)
            self._thread.start()

    def _drain(self) -> None:
        while self._wanted() and self._pending(1):
            settings = StreamSettings.of(self._mapping)
            self._gather(settings)
            batch = self._pending(settings.batch_size)
            settlement = BatchSettlement(
                settings,
                invoke=self._invoke,
                discard=self._discard,
                checkpoint=self._checkpoint,
                wanted=self._wanted,
            )
            matching = self._matching(batch)
            if matching and not settlement.settle(matching):
                return
            self._checkpoint(batch[-1])
        # A record may have come while this thread was ending: let the poller look again.
        lambda_svc.esm_wake.set()

    def _gather(self, settings: StreamSettings) -> None:
        end = time.monotonic() + settings.window_seconds
        while time.monotonic() < end and self._wanted():
            if len(self._pending(settings.batch_size)) == settings.batch_size:
                return
            time.sleep(0.05)

    def _pending(self, limit: int) -> list[StreamRecord]:
        records = self._shard["records"]
        found: list[StreamRecord] = []
        for record in records[self._position(records) :][:limit]:
            found.append(self._record(record))
        return found

    def _position(self, records: Sequence[Mapping[str, Any]]) -> int:
        # The done ones are at the front, and expire from there: look from the end.
        position = len(records)
        while position and records[position - 1]["SequenceNumber"] > self._done:
            position -= 1
        return position

    def _record(self, record: Mapping[str, Any]) -> StreamRecord:
        number, arrival = record["SequenceNumber"], record["ApproximateArrivalTimestamp"]
        event = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": number,
                "data": kinesis._ensure_base64(record["Data"]),
                "approximateArrivalTimestamp": arrival,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{self._shard_id}:{number}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": f"arn:aws:iam::{self._account}:role/lambda-role",
            "awsRegion": self._region,
            "eventSourceARN": self._stream_arn,
        }
        return StreamRecord(number, arrival, event)

    def _matching(self, batch: Sequence[StreamRecord]) -> list[StreamRecord]:
        events = lambda_svc._apply_filter_criteria(
            [record.event for record in batch], self._mapping
        )
        ids = {event["eventID"] for event in events}
        return [record for record in batch if record.event["eventID"] in ids]

    def _wanted(self) -> bool:
        with responses.request_scope(self._account, self._region):
            current = lambda_svc._esms.get(self._mapping["UUID"])
        return current is self._mapping and _enabled(self._mapping)

    def _checkpoint(self, record: StreamRecord) -> None:
        self._done = max(self._done, record.sequence_number)

    def _invoke(self, records: Sequence[StreamRecord]) -> object:
        client = self._poller.client("lambda", self._account, self._region)
        payload = json.dumps({"Records": [record.event for record in records]})
        function = self._mapping["FunctionArn"]
        self._request_id = str(uuid.uuid4())
        try:
            answer = client.invoke(FunctionName=function, Payload=payload)
            body = answer["Payload"].read()
        except client.exceptions.TooManyRequestsException as error:
            raise FunctionThrottled from error
        except (ClientError, BotoCoreError) as error:
            _LOG.warning("%s could not be called for %s: %s", function, self._shard_id, error)
            raise FunctionError from error
        if "FunctionError" in answer:
            _LOG.warning("%s failed for %s: %s", function, self._shard_id, body.decode())
            raise FunctionError
        result: object = json.loads(body) if body else None
        return result

    def _discard(self, batch: Sequence[StreamRecord], condition: Condition, calls: int) -> None:
        _LOG.warning("%d records of %s are given up: %s", len(batch), self._shard_id, condition)
        destination = (self._mapping.get("DestinationConfig") or {}).get("OnFailure") or {}
        target = destination.get("Destination")
        if not target:
            return
        message = json.dumps(
            invocation_record(
                batch,
                condition,
                calls,
                function_arn=self._mapping["FunctionArn"],
                stream_arn=self._stream_arn,
                shard_id=self._shard_id,
                request_id=self._request_id,
                now=time.time(),
            )
        )
        service = target.split(":")[2]
        client = self._poller.client(service, self._account, self._region)
        try:
            if service == "sqs":
                url = client.get_queue_url(QueueName=target.rsplit(":", 1)[-1])["QueueUrl"]
                client.send_message(QueueUrl=url, MessageBody=message)
            elif service == "sns":
                client.publish(TopicArn=target, Message=message)
            else:
                _LOG.error("a destination of this kind is not there: %s", target)
        except (ClientError, BotoCoreError):
            _LOG.exception("%s could not be told", target)


def _enabled(mapping: Mapping[str, Any]) -> bool:
    return str(mapping.get("Enabled", True)).lower() == "true"
