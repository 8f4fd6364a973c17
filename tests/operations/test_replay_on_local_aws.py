"""Dead letters of the function's own code, replayed on a real queue, stream and bucket."""

from __future__ import annotations

import json

import pytest

from personalize_operations.errors import Cause
from personalize_operations.replay import Request
from personalize_runtime.envelope import Kind
from tests.operations.shop import VIEW, Shop, Taking

ITEM = {"kind": "item", "itemId": "tea", "properties": {"PRICE": 3}}
LARGE = b"x" * 500_000


def test_after_a_fix_a_record_is_settled_as_if_it_had_come_for_the_first_time(shop: Shop) -> None:
    shop.put(VIEW, ITEM)
    shop.run_function()
    (letter,) = shop.letters()
    assert "no dataset for the kind item" in letter["reason"]

    assert shop.replay().replayed.total() == 1

    assert shop.letters() == []
    items = Taking()
    shop.settle(shop.records()[2:], {Kind.ITEM: items})
    assert [entry.body for entry in items.entries] == [
        {"itemId": "tea", "properties": '{"PRICE":3}'}
    ]
    assert shop.letters() == []


def test_a_replayed_event_has_the_id_that_it_had(shop: Shop) -> None:
    shop.put(b"first", VIEW)
    (first,) = shop.run_function().entries
    shop.settle(shop.records()[1:], {})  # the event is refused, since there is no tracker

    shop.replay(Request(reason="no dataset"))
    shop.replay(Request(reason="no dataset"))

    (again,) = shop.run_function(after=2).entries
    assert again.body["eventId"] == first.body["eventId"]


def test_a_record_keeps_its_partition_key(shop: Shop) -> None:
    shop.put(b"poison", key="session 9")
    shop.run_function()

    shop.replay()

    assert [record["PartitionKey"] for record in shop.records()] == ["session 9"] * 2


def test_a_replayed_record_that_is_refused_again_is_the_same_letter(shop: Shop) -> None:
    shop.put(b"\xff poison", b'{"userId": "\xc3\xa4nn"')
    shop.run_function()
    before = shop.letters()

    shop.replay()
    shop.run_function(after=2)

    assert shop.letters() == before


def test_a_record_in_the_bucket_is_replayed_whole_and_stays_there(shop: Shop) -> None:
    shop.put(LARGE)
    shop.run_function()
    (letter,) = shop.letters()
    key = letter["object"]["key"]

    assert shop.replay().replayed.total() == 1

    shop.run_function(after=1)
    (again,) = shop.letters()
    assert again == letter
    stored = shop.services.s3.get_object(Bucket=shop.bucket, Key=key)["Body"].read()
    assert stored == LARGE


def test_a_record_whose_object_is_gone_stays_and_is_named(shop: Shop) -> None:
    shop.put(LARGE)
    shop.run_function()
    (letter,) = shop.letters()
    shop.services.s3.delete_object(Bucket=shop.bucket, Key=letter["object"]["key"])

    (left,) = shop.replay().left

    assert left.cause is Cause.OBJECT_UNREADABLE
    assert left.detail == f"s3://{shop.bucket}/{letter['object']['key']} (GetObject: NoSuchKey)"
    assert shop.letters() == [letter]


@pytest.mark.parametrize("changed", [b"y" * 500_000, b"x" * 500_001, b"x"])
def test_an_object_that_somebody_changed_is_not_replayed(shop: Shop, changed: bytes) -> None:
    shop.put(LARGE)
    shop.run_function()
    (letter,) = shop.letters()
    shop.services.s3.put_object(Bucket=shop.bucket, Key=letter["object"]["key"], Body=changed)

    (left,) = shop.replay().left

    assert left.cause is Cause.OBJECT_CHANGED
    assert len(shop.records()) == 1


def test_a_record_that_is_too_large_as_a_letter_stays_and_is_told(shop: Shop) -> None:
    shop.put(b"\xff" * 900_000)  # in base64 more than a record may have
    shop.run_function()

    (left,) = shop.replay().left

    assert left.cause is Cause.TOO_LARGE
    assert "1048576 are taken" in left.detail
    assert len(shop.letters()) == 1


def test_a_record_of_which_only_the_beginning_was_kept_stays(shop: Shop) -> None:
    shop.put(LARGE)
    shop.run_function(bucket=False)

    (left,) = shop.replay().left

    assert left.cause is Cause.TRUNCATED
    assert left.detail == "it had 500000 bytes"
    assert len(shop.letters()) == 1


@pytest.mark.parametrize("body", ["no JSON", "[]", "{}", '{"reason": "x", "data": 5}', "[" * 9999])
def test_a_message_that_is_no_letter_stays(shop: Shop, body: str) -> None:
    shop.send(body)

    (left,) = shop.replay().left

    assert left.cause is Cause.UNREADABLE
    assert shop.records() == []
    received = shop.services.sqs.receive_message(QueueUrl=shop.queue_url)["Messages"]
    assert [message["Body"] for message in received] == [body]


def test_a_batch_that_the_event_source_gave_up_is_read_again(shop: Shop) -> None:
    shop.put(b"before", VIEW, VIEW | {"itemId": "cup"}, b"after")
    first = [entry.body["eventId"] for entry in shop.run_function().entries]
    shop.give_up(shop.records()[1:3])

    report = shop.replay(Request(reason="RecordAgeExceeded"))

    assert (report.replayed.total(), report.records, report.left) == (1, 2, [])
    again = [entry.body["eventId"] for entry in shop.run_function(after=4).entries]
    assert again == first


def test_a_replayed_record_in_a_batch_that_was_given_up_keeps_its_first_position(
    shop: Shop,
) -> None:
    shop.put(VIEW)
    (first,) = shop.run_function().entries
    shop.give_up(shop.records())
    shop.replay()
    shop.give_up(shop.records()[1:])

    shop.replay()

    (again,) = shop.run_function(after=2).entries
    assert again.body["eventId"] == first.body["eventId"]


def test_what_the_stream_still_has_of_a_batch_is_replayed_and_the_message_stays(
    shop: Shop,
) -> None:
    shop.put(VIEW)
    records = shop.records()
    number = records[0]["SequenceNumber"]
    forgotten = {"SequenceNumber": str(int(number) - 1).zfill(len(number))}
    shop.give_up([forgotten, *records])

    report = shop.replay()

    assert report.records == 1
    (left,) = report.left
    assert left.cause is Cause.BATCH_GONE
    assert f"shardId-000000000000 {forgotten['SequenceNumber']} to" in left.detail
    assert len(shop.letters()) == 1


def test_a_batch_that_the_stream_has_forgotten_stays_and_is_named(shop: Shop) -> None:
    shop.give_up([{"SequenceNumber": "1"}])
    shop.put(VIEW)

    report = shop.replay()

    (left,) = report.left
    assert (left.cause, report.records) == (Cause.BATCH_GONE, 0)
    assert len(shop.records()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"shardId": "shardId-000000000009"},
        {"streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/old"},
    ],
)
def test_a_batch_of_a_shard_or_a_stream_that_is_gone_stays(
    shop: Shop, changes: dict[str, str]
) -> None:
    shop.put(VIEW)
    shop.give_up(shop.records(), **changes)

    (left,) = shop.replay().left

    assert left.cause is Cause.BATCH_GONE


def test_an_event_of_a_bus_that_never_was_on_the_stream_is_put_there_by_its_own_id(
    shop: Shop,
) -> None:
    event = {
        "id": "0b1c",
        "detail-type": "view",
        "time": "2026-01-01T00:00:00Z",
        "detail": {"sessionId": "s7", "itemId": "tea"},
    }
    shop.fail_to_deliver(event, ERROR_CODE="NO_PERMISSIONS", RULE_ARN="arn")
    shop.fail_to_deliver(event | {"detail": {}})

    report = shop.replay()

    assert list(report.replayed) == [
        "Amazon EventBridge could not put the event on the stream: NO_PERMISSIONS",
        "Amazon EventBridge could not put the event on the stream",
    ]
    assert [record["PartitionKey"] for record in shop.records()] == ["s7", "0b1c"]
    (sent,) = shop.run_function().entries
    assert sent.body["eventId"] == "0b1c"


def test_letters_with_another_reason_stay_and_are_looked_at_once(shop: Shop) -> None:
    shop.put(*[b"poison"] * 25, *[ITEM] * 25)
    shop.run_function()

    report = shop.replay(Request(reason="NO DATASET"))

    assert (report.replayed.total(), report.not_asked_for) == (25, 25)
    assert [letter["data"] for letter in shop.letters()] == ["poison"] * 25


def test_no_more_are_replayed_than_the_limit(shop: Shop) -> None:
    shop.put(*[b"poison"] * 25)
    shop.run_function()

    assert shop.replay(Request(limit=12)).replayed.total() == 12

    assert len(shop.records()) == 25 + 12
    assert len(shop.letters()) == 13


def test_a_dry_run_counts_by_reason_and_changes_nothing(shop: Shop) -> None:
    shop.put(*[b"poison"] * 15, ITEM, LARGE)
    shop.run_function()
    before = shop.letters()

    report = shop.replay(Request(dry_run=True))

    assert sorted(report.replayed.values()) == [1, 16]
    assert shop.letters() == before
    assert len(shop.records()) == 17


def test_thousands_of_letters_are_replayed_each_once(shop: Shop) -> None:
    for thousand in range(2):
        shop.put(*(b"poison %d" % number for number in range(thousand * 500, thousand * 500 + 500)))
    shop.run_function()

    assert shop.replay().replayed.total() == 1000

    sent = [json.loads(record["Data"])["data"] for record in shop.records()[1000:]]
    assert sorted(sent) == sorted(f"poison {number}" for number in range(1000))
    assert shop.letters() == []
