"""What a message tells, and what of it goes on the stream."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_ingest import dead_letters
from personalize_operations.letters import Letter, NoLetterError, Position, read
from personalize_runtime import stream

POSITION = Position("arn:aws:kinesis:eu-west-1:1:stream/shop", "shardId-0", "7", "s1", 1.5)
LETTER = {
    "reason": "why",
    "data": "tea",
    "encoding": "utf-8",
    "position": POSITION.document(),
}


def as_the_function_reads(data: bytes) -> stream.StreamRecord:
    encoded = base64.b64encode(data).decode()
    record = {"kinesis": {"sequenceNumber": "new", "data": encoded}}
    (batch,) = stream.Batch.all_of({"Records": [record]})
    return batch.records[0]


@settings(max_examples=200, deadline=None)
@given(
    data=st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")),
    reason=st.text(),
    key=st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    arrived_at=st.none() | st.floats(0, 1e10),
)
def test_the_function_reads_the_record_that_it_refused_where_it_stood(
    data: bytes, reason: str, key: str, arrived_at: float | None
) -> None:
    reason = reason.encode("utf-8", "replace").decode()
    position = stream.Position("arn", "shardId-1", "42", key, arrived_at)
    refused = stream.StreamRecord(data, position, "42")

    letter = read(dead_letters.DeadLetter(refused, reason).body())

    assert isinstance(letter, Letter)
    again = as_the_function_reads(letter.record().data)
    assert (again.data, again.position) == (refused.data, refused.position)


def test_a_letter_that_somebody_wrote_anew_begins_with_its_reason_on_the_stream() -> None:
    letter = read(json.dumps(dict(reversed(LETTER.items())), indent=2))

    assert isinstance(letter, Letter)
    assert letter.record().data.startswith(b'{"reason":')


def test_a_record_that_is_shorter_in_base64_is_put_so() -> None:
    data = ("\N{SNOWMAN}" * 1000).encode()

    record = Letter("why", data, POSITION).record()

    assert len(record.data) < 1.5 * len(data)
    assert as_the_function_reads(record.data).data == data


@pytest.mark.parametrize("key", ["s1", "\N{SNOWMAN}" * 256])
def test_a_partition_key_that_a_stream_takes_stays(key: str) -> None:
    assert Position("arn", "shard", "7", key, None).key == key


def test_a_record_without_a_key_gets_one_of_its_own() -> None:
    first, second = (Position("arn", "shard", number, "", None).key for number in "78")

    assert first != second
    assert 1 <= len(first) <= 256


def test_records_of_one_long_key_stay_on_one_shard() -> None:
    first, second = (Position("arn", "shard", number, "k" * 300, None).key for number in "78")

    assert first == second
    assert 1 <= len(first) <= 256


@pytest.mark.parametrize(
    "changes",
    [
        {"data": 5},
        {"data": "\ud800"},
        {"data": "x", "encoding": "base64"},
        {"encoding": None},
        {"reason": ["why"]},
        {"position": []},
        {"position": {"streamArn": "arn"}},
        {"position": POSITION.document() | {"partitionKey": "\ud800"}},
        {"position": POSITION.document() | {"arrivedAt": "today"}},
        {"position": POSITION.document() | {"arrivedAt": float("nan")}},
        {"object": "s3://bucket/key"},
        {"object": {"bucket": "b", "key": "k"}, "bytes": True, "sha256": "0"},
        {"truncated": {"bytes": -1}},
        {"detail-type": "view"},
        {"detail-type": "view", "detail": {}, "id": ""},
        {"KinesisBatchInfo": {}},
        {
            "KinesisBatchInfo": {
                "streamArn": "arn",
                "shardId": "shard",
                "startSequenceNumber": "one",
                "endSequenceNumber": "2",
                "batchSize": 1,
            }
        },
    ],
)
def test_what_is_no_letter_of_ours_is_not_read(changes: dict[str, Any]) -> None:
    with pytest.raises(NoLetterError):
        read(json.dumps(LETTER | changes))


@pytest.mark.parametrize(
    "data",
    [
        b"tea",
        b'{"reason": ',
        b'{"reason": "why"}',
        b'{"reason": "why", "data": "\xff"}',
        b'{"reason":' + b"[" * 100_000,
        json.dumps(LETTER | {"object": {"bucket": "b", "key": "k"}}).encode(),
    ],
)
def test_a_record_that_only_looks_like_a_letter_is_none(data: bytes) -> None:
    with pytest.raises(NoLetterError):
        Letter.of_record(data)
