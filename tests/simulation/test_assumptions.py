"""What the simulation takes for true of the construct and the function."""

import json
import math
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from cdk_personalize.patterns.event_source import EventSourceOptions
from event_ingest.destinations import MAX_ENTRIES
from event_ingest.ingestion import CONCURRENCY
from personalize_runtime import retries
from simulation import settings, throttling
from simulation.__main__ import ROOT
from simulation.settings import EventSource, IngestFunction, payload_bytes


def test_simulates_the_construct_with_its_own_defaults() -> None:
    options, source = EventSourceOptions(), EventSource()

    assert source.batch_size == options.batch_size
    assert source.window == options.max_batching_window.to_seconds()
    assert source.parallelization_factor == options.parallelization_factor


def test_simulates_the_function_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRACKING_ID", "DEAD_LETTER_QUEUE_URL", "POWERTOOLS_SERVICE_NAME"):
        monkeypatch.setenv(name, "https://queue")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    construct = import_module("cdk_personalize.patterns.event_ingestion")
    # Under a name of its own, since other tests load it with another environment.
    found = spec_from_file_location("simulated", ROOT / "lambda" / "event_ingest" / "handler.py")
    assert found is not None
    assert found.loader is not None
    handler = module_from_spec(found)
    found.loader.exec_module(handler)
    function = IngestFunction()

    assert function.memory == construct._MEMORY_SIZE
    assert function.threads == CONCURRENCY
    assert settings.MAX_EVENTS == MAX_ENTRIES
    reserved = handler._RESERVE_FOR_DEAD_LETTERS + handler._CALL_SECONDS
    assert function.sending_seconds == construct._TIMEOUT.to_seconds() - reserved


def test_pauses_as_the_function_does() -> None:
    assert throttling.FIRST_PAUSE == retries._FIRST_PAUSE_SECONDS
    assert throttling.LONGEST_PAUSE == retries._LONGEST_PAUSE_SECONDS


def test_knows_the_size_of_a_record_in_a_payload() -> None:
    event = json.dumps({"sessionId": "s" * 330}).encode()
    # As the developer guide of Lambda shows one, with names as long as the CDK makes them.
    record = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "s" * 36,
            "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
            "data": "=" * (math.ceil(len(event) / 3) * 4),
            "approximateArrivalTimestamp": 1545084650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": "shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/Shop-2bc9477c-IngestionFunctionRole",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/Shop-IngestionStream-2bc9",
    }

    assert payload_bytes(len(event)) == pytest.approx(len(json.dumps(record)), rel=0.05)
