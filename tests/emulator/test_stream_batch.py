"""Batches of a stream's records, as an event source mapping settles them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from personalize_emulator.local.stream_batch import (
    BatchSettlement,
    FunctionError,
    FunctionThrottled,
    StreamRecord,
    StreamSettings,
    invocation_record,
)

NOW = 1_000_000.0


class Function:
    """A function that cannot stand some records, and everything a shard sees of it."""

    def __init__(self, *, raises: str = "", reports: str = "", answer: object = None) -> None:
        self.raises = raises
        self.reports = reports
        self.answer = answer
        self.calls: list[str] = []
        self.discarded: list[tuple[str, str, int]] = []
        self.done = ""

    def settle(
        self, numbers: str, settings: StreamSettings | None = None, *, arrival: float = NOW
    ) -> bool:
        settlement = BatchSettlement(
            settings or StreamSettings(),
            invoke=self.invoke,
            discard=self.discard,
            checkpoint=self.checkpoint,
            wanted=lambda: len(self.calls) < 50,
            pause=lambda _: None,
            now=lambda: NOW,
        )
        return settlement.settle([StreamRecord(number, arrival, {}) for number in numbers])

    def invoke(self, records: Sequence[StreamRecord]) -> object:
        numbers = "".join(record.sequence_number for record in records)
        self.calls.append(numbers)
        if set(numbers) & set(self.raises):
            raise FunctionError
        failures = [{"itemIdentifier": number} for number in numbers if number in self.reports]
        return self.answer or {"batchItemFailures": failures}

    def discard(self, records: Sequence[StreamRecord], condition: str, calls: int) -> None:
        numbers = "".join(record.sequence_number for record in records)
        self.discarded.append((numbers, condition, calls))

    def checkpoint(self, record: StreamRecord) -> None:
        self.done = max(self.done, record.sequence_number)


def test_a_batch_that_succeeds_is_called_for_once() -> None:
    function = Function()

    assert function.settle("abc")

    assert function.calls == ["abc"]
    assert function.done == "c"


def test_a_failed_batch_is_tried_again_whole() -> None:
    function = Function(raises="b")

    function.settle("abc", StreamSettings(retry_attempts=2))

    assert function.calls == ["abc", "abc", "abc"]


def test_a_batch_out_of_retries_goes_to_the_destination_and_the_shard_goes_on() -> None:
    function = Function(raises="b")

    assert function.settle("abc", StreamSettings(retry_attempts=2))

    assert function.discarded == [("abc", "RetryAttemptsExhausted", 3)]
    assert function.done == "c"


def test_without_a_limit_a_failed_batch_is_tried_until_the_mapping_goes() -> None:
    function = Function(raises="b")

    assert not function.settle("abc")

    assert len(function.calls) == 50
    assert function.discarded == []


def test_bisection_isolates_the_bad_record() -> None:
    function = Function(raises="c")

    function.settle("abcd", StreamSettings(retry_attempts=1, bisect=True))

    assert function.calls == ["abcd", "ab", "cd", "c", "c", "d"]
    assert [numbers for numbers, _, _ in function.discarded] == ["c"]


def test_a_split_does_not_count_as_a_retry() -> None:
    function = Function(raises="c")

    function.settle("abcd", StreamSettings(retry_attempts=0, bisect=True))

    assert function.calls == ["abcd", "ab", "cd", "c", "d"]


def test_only_the_records_from_the_first_reported_one_are_tried_again() -> None:
    function = Function(reports="cd")

    function.settle("abcde", StreamSettings(retry_attempts=1, reports_failures=True))

    assert function.calls == ["abcde", "cde"]
    assert function.discarded == [("cde", "RetryAttemptsExhausted", 2)]


def test_records_before_the_first_reported_one_are_done_at_once() -> None:
    function = Function(reports="c")

    function.settle("abc", StreamSettings(reports_failures=True))

    assert function.done == "b"


def test_with_bisection_the_batch_is_split_at_the_reported_record() -> None:
    function = Function(reports="c")

    function.settle("abcd", StreamSettings(retry_attempts=0, bisect=True, reports_failures=True))

    assert function.calls == ["abcd", "cd", "c", "d"]
    assert [numbers for numbers, _, _ in function.discarded] == ["c"]


def test_reports_are_ignored_unless_the_mapping_asks_for_them() -> None:
    function = Function(reports="b")

    function.settle("abc")

    assert function.calls == ["abc"]


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"wrongKey": "a"}]},
        {"batchItemFailures": [{"itemIdentifier": "z"}]},
    ],
)
def test_a_report_that_makes_no_sense_fails_the_whole_batch(answer: object) -> None:
    function = Function(answer=answer)

    function.settle("ab", StreamSettings(retry_attempts=0, reports_failures=True))

    assert [numbers for numbers, _, _ in function.discarded] == ["ab"]


@pytest.mark.parametrize("answer", [{"batchItemFailures": []}, {"other": 1}, "text"])
def test_a_report_without_failures_is_a_success(answer: object) -> None:
    function = Function(answer=answer)

    function.settle("ab", StreamSettings(retry_attempts=0, reports_failures=True))

    assert function.discarded == []


def test_records_that_are_too_old_are_given_up_without_a_call() -> None:
    function = Function()

    function.settle("ab", StreamSettings(record_age_seconds=60), arrival=NOW - 61)

    assert function.calls == []
    assert function.discarded == [("ab", "RecordAgeExceeded", 0)]
    assert function.done == "b"


def test_throttling_costs_no_retry() -> None:
    function = Function()
    throttled = iter([True, True, False])

    def invoke(records: Sequence[StreamRecord]) -> object:
        if next(throttled):
            raise FunctionThrottled
        return function.invoke(records)

    settlement = BatchSettlement(
        StreamSettings(retry_attempts=0),
        invoke=invoke,
        discard=function.discard,
        checkpoint=function.checkpoint,
        pause=lambda _: None,
    )
    settlement.settle([StreamRecord("a", NOW, {})])

    assert function.calls == ["a"]
    assert function.discarded == []


def test_settings_are_read_from_a_template_with_its_strings() -> None:
    settings = StreamSettings.of(
        {
            "BatchSize": "10",
            "MaximumRetryAttempts": "0",
            "BisectBatchOnFunctionError": "true",
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
    )

    assert settings == StreamSettings(
        batch_size=10, retry_attempts=0, bisect=True, reports_failures=True
    )


def test_the_destination_is_told_where_the_records_are() -> None:
    batch = [StreamRecord("1", 0.5, {}), StreamRecord("9", 61.25, {})]

    record = invocation_record(
        batch,
        "RetryAttemptsExhausted",
        3,
        function_arn="arn:function",
        stream_arn="arn:stream",
        shard_id="shardId-000000000001",
        request_id="id",
        now=120,
    )

    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["KinesisBatchInfo"] == {
        "shardId": "shardId-000000000001",
        "startSequenceNumber": "1",
        "endSequenceNumber": "9",
        "approximateArrivalOfFirstRecord": "1970-01-01T00:00:00.500Z",
        "approximateArrivalOfLastRecord": "1970-01-01T00:01:01.250Z",
        "batchSize": 2,
        "streamArn": "arn:stream",
    }
