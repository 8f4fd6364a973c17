"""How Lambda settles a batch of a stream's records: retries, bisection, age and partial failure.

Written from the developer guide's pages on event source mappings of streams. There is no AWS in
here, and no MiniStack: a batch, what the function answered, and what becomes of each record.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]

_WITHOUT_LIMIT = -1
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class StreamRecord:
    """One record of a shard.

    Attributes:
        sequence_number: Its sequence number.
        arrival: When it arrived, in epoch seconds.
        event: The record as the function gets it.
    """

    sequence_number: str
    arrival: float
    event: Mapping[str, Any]


@dataclass(frozen=True)
class StreamSettings:
    """The settings of an event source mapping that decide what becomes of a batch.

    Attributes:
        batch_size: Most records of one call.
        window_seconds: How long to gather them.
        retry_attempts: How often a failed batch is tried again (-1: until it expires).
        record_age_seconds: Age at which a record is given up (-1: never).
        bisect: Whether a failed batch is split in two.
        reports_failures: Whether the function reports the records that failed.
    """

    batch_size: int = 100
    window_seconds: float = 0
    retry_attempts: int = _WITHOUT_LIMIT
    record_age_seconds: int = _WITHOUT_LIMIT
    bisect: bool = False
    reports_failures: bool = False

    @classmethod
    def of(cls, mapping: Mapping[str, Any]) -> StreamSettings:
        """Read them from an event source mapping.

        Args:
            mapping: The mapping, as ``GetEventSourceMapping`` returns it; values from a template
                may be strings.
        """
        return cls(
            batch_size=int(mapping.get("BatchSize") or cls.batch_size),
            window_seconds=float(mapping.get("MaximumBatchingWindowInSeconds") or 0),
            retry_attempts=int(mapping.get("MaximumRetryAttempts", _WITHOUT_LIMIT)),
            record_age_seconds=int(mapping.get("MaximumRecordAgeInSeconds", _WITHOUT_LIMIT)),
            bisect=str(mapping.get("BisectBatchOnFunctionError", False)).lower() == "true",
            reports_failures="ReportBatchItemFailures"
            in (mapping.get("FunctionResponseTypes") or []),
        )


class FunctionError(Exception):
    """The function raised, ran out of time, or could not be called."""


class FunctionThrottled(Exception):  # noqa: N818 - as Lambda says
    """The function was not called, because too many calls are running."""


class BatchSettlement:
    """Settles batches of one shard, in order."""

    def __init__(
        self,
        settings: StreamSettings,
        *,
        invoke: Callable[[Sequence[StreamRecord]], object],
        discard: Callable[[Sequence[StreamRecord], Condition, int], None],
        checkpoint: Callable[[StreamRecord], None],
        wanted: Callable[[], bool] = lambda: True,
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Bind a shard's settings to what calls the function and what keeps the position.

        Args:
            settings: The mapping's settings.
            invoke: Calls the function, returns its answer; raises ``FunctionError`` or
                ``FunctionThrottled``.
            discard: Gives records up, with the reason and the number of calls made for them.
            checkpoint: Remembers that this record, and all before it, are done.
            wanted: Whether the mapping is still there and enabled.
            pause: Waits so many seconds before a retry.
            now: The time, in epoch seconds.
        """
        self._settings = settings
        self._invoke = invoke
        self._discard = discard
        self._checkpoint = checkpoint
        self._wanted = wanted
        self._pause = pause
        self._now = now

    def settle(self, batch: Sequence[StreamRecord]) -> bool:
        """Process a batch until every record of it succeeded or was given up.

        Args:
            batch: The records, in order.

        Returns:
            False when the mapping went away before that.
        """
        # A split puts its halves in front of the rest, each with the retries that it has had.
        pending = deque([(tuple(batch), 0)])
        calls = 0
        while pending:
            if not self._wanted():
                return False
            records, retries = pending.popleft()
            records = self._without_expired(records, calls)
            if not records:
                continue
            try:
                failed = self._first_failed(records)
            except FunctionThrottled:
                pending.appendleft((records, retries))
                self._back_off(retries)
                continue
            calls += 1
            if failed:
                self._checkpoint(records[failed - 1])
            rest = records[failed:]
            if not rest:
                continue
            if self._settings.bisect and len(records) > 1:
                # Splitting does not count as a retry: after the record that the function named,
                # else in the middle.
                middle = len(rest) // 2 if not failed else 0
                halves = [half for half in (rest[:middle], rest[middle:]) if half]
                pending.extendleft((half, retries) for half in reversed(halves))
            elif 0 <= self._settings.retry_attempts <= retries:
                self._discard(rest, "RetryAttemptsExhausted", calls)
                self._checkpoint(rest[-1])
            else:
                pending.appendleft((rest, retries + 1))
                self._back_off(retries)
        return True

    def _first_failed(self, records: Sequence[StreamRecord]) -> int:
        """The index of the first record that is to be tried again; their number if none is."""
        try:
            answer = self._invoke(records)
        except FunctionError:
            return 0
        if not self._settings.reports_failures:
            return len(records)
        return _first_reported(records, answer)

    def _without_expired(
        self, records: tuple[StreamRecord, ...], calls: int
    ) -> tuple[StreamRecord, ...]:
        limit = self._settings.record_age_seconds
        if limit == _WITHOUT_LIMIT:
            return records
        oldest = self._now() - limit
        expired = tuple(record for record in records if record.arrival < oldest)
        if expired:
            self._discard(expired, "RecordAgeExceeded", calls)
            self._checkpoint(expired[-1])
        return records[len(expired) :]

    def _back_off(self, retries: int) -> None:
        self._pause(min(_FIRST_PAUSE_SECONDS * 2.0 ** min(retries, 10), _LONGEST_PAUSE_SECONDS))


def _first_reported(records: Sequence[StreamRecord], answer: object) -> int:
    """Where a function's ``batchItemFailures`` begin; an answer that makes no sense fails all."""
    failures = answer.get("batchItemFailures") if isinstance(answer, Mapping) else None
    if not failures:
        return len(records)
    positions = {record.sequence_number: index for index, record in enumerate(records)}
    try:
        return min(positions[failure["itemIdentifier"]] for failure in failures)
    except (KeyError, TypeError):
        return 0


def invocation_record(
    batch: Sequence[StreamRecord],
    condition: Condition,
    calls: int,
    *,
    function_arn: str,
    stream_arn: str,
    shard_id: str,
    request_id: str,
    now: float,
) -> dict[str, Any]:
    """What an on-failure destination is told: where the records are, but not the records.

    Args:
        batch: The records that were given up.
        condition: Why.
        calls: How often the function was called for them.
        function_arn: ARN of the function.
        stream_arn: ARN of the stream.
        shard_id: Id of the shard.
        request_id: Id of the last call.
        now: The time, in epoch seconds.
    """
    return {
        "requestContext": {
            "requestId": request_id,
            "functionArn": function_arn,
            "condition": condition,
            "approximateInvokeCount": calls,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": _iso(now),
        "KinesisBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": batch[0].sequence_number,
            "endSequenceNumber": batch[-1].sequence_number,
            "approximateArrivalOfFirstRecord": _iso(batch[0].arrival),
            "approximateArrivalOfLastRecord": _iso(batch[-1].arrival),
            "batchSize": len(batch),
            "streamArn": stream_arn,
        },
    }


def _iso(epoch_seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch_seconds))
    return f"{whole}.{int(epoch_seconds % 1 * 1000):03d}Z"
