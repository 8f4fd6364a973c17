"""What becomes of invocations that share a quota which is too small for them."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from event_ingest import ingestion
from event_ingest.destinations import EventTracker
from event_ingest.ingestion import CONCURRENCY, settle
from personalize_runtime.envelope import Kind
from personalize_runtime.pace import Pace
from personalize_runtime.retries import Deadline
from personalize_runtime.service_errors import client_error
from simulation import throttling
from simulation.throttling import Sending, play, throttled
from tests.simulation.visits import NO_LETTERS, stream_record

SENDING = Sending(calls=500, threads=CONCURRENCY, try_seconds=0.03, seconds=42)


@dataclass
class VirtualTime:
    """Time that passes when all threads wait: to the first of them that goes on.

    Attributes:
        outstanding: The pieces of work that the threads have not done.
    """

    outstanding: int
    now: float = 0.0
    _asleep: list[tuple[float, int]] = field(default_factory=list)
    _woken: set[int] = field(default_factory=set)
    _number: itertools.count[int] = field(default_factory=itertools.count)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        with self._changed:
            number = next(self._number)
            heapq.heappush(self._asleep, (self.now + seconds, number))
            self._pass()
            self._changed.wait_for(lambda: number in self._woken)
            self._woken.remove(number)

    def done(self) -> None:
        with self._changed:
            self.outstanding -= 1
            self._pass()

    def _pass(self) -> None:
        at_work = min(CONCURRENCY, self.outstanding)
        if self._asleep and len(self._asleep) == at_work:
            self.now, number = heapq.heappop(self._asleep)
            self._woken.add(number)
            self._changed.notify_all()


class Threads:
    """The threads of the function, each of which tells when it has done a piece of work."""

    def __init__(self, time: VirtualTime, threads: ThreadPoolExecutor) -> None:
        self._time, self._threads = time, threads

    def submit(self, work: Callable[[Sequence[Any]], Any], lane: Sequence[Any]) -> Future[Any]:
        def worked() -> Any:
            try:
                return work(lane)
            finally:
                self._time.done()

        return self._threads.submit(worked)


class Service:
    """A client of Amazon Personalize with a quota."""

    def __init__(self, time: VirtualTime, quota: float) -> None:
        self._time, self._quota = time, quota
        self._left, self._last = quota, 0.0
        self.tries = self.accepted = 0

    def rest(self, operation: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        assert (path, len(body["eventList"])) == ("/events", 1)
        self._time.wait(SENDING.try_seconds)
        self.tries += 1
        now = self._time.now
        self._left = min(self._quota, self._left + (now - self._last) * self._quota)
        self._last = now
        if self._left < 1:
            raise client_error(operation, "ThrottlingException", "slow down", 400)
        self._left -= 1
        self.accepted += 1
        return {}


@pytest.mark.parametrize("quota", [2, 5, 12, 40])
def test_a_process_settles_as_much_as_the_function_itself_does(
    quota: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = VirtualTime(SENDING.calls)
    service = Service(time, quota)
    tracker = EventTracker(cast("Any", service), "tracker", Pace(clock=time))
    records = [stream_record(place, (place, place)) for place in range(SENDING.calls)]
    deadline = Deadline(lambda: SENDING.seconds - time.now, reserve=0, call=0, pause=time.wait)
    random.seed(1)
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        monkeypatch.setattr(ingestion, "_threads", Threads(time, threads))
        settlement = settle(
            records, {Kind.INTERACTION: tracker}, NO_LETTERS, sending=deadline, settling=deadline
        )

    process = first_invocation(quota)

    first = settlement.first_unsettled
    settled = SENDING.calls if first is None else first
    assert process.accepted == pytest.approx(service.accepted, rel=0.05)
    assert process.tries == pytest.approx(service.tries, rel=0.1)
    assert process.settled == pytest.approx(settled, rel=0.1)


def first_invocation(quota: float) -> throttling.Process:
    """Play a process until its first invocation has ended."""
    time = throttling.Time()
    service = throttling.Service(time, quota)
    process = throttling.Process(time, service, SENDING, random.Random(1))
    process.begin()
    while process.accepted == 0:
        time.step()
    return process


def test_nothing_is_repeated_where_the_quota_is_enough() -> None:
    outcome = throttled(20, SENDING)

    assert outcome.useful == pytest.approx(1, abs=0.02)


def test_more_is_repeated_the_more_invocations_share_a_quota() -> None:
    useful = [throttled(quota, SENDING).useful for quota in (10, 5, 2, 1)]

    assert useful == sorted(useful, reverse=True)
    assert useful[-1] < 0.7


@pytest.mark.parametrize("quota", [1, 5, 20])
def test_the_quota_is_used_up_however_many_share_it(quota: float) -> None:
    outcome = throttled(quota, SENDING)

    assert outcome.used == pytest.approx(1, abs=0.1)
    assert outcome.accepted <= outcome.tries


def test_a_process_that_has_plenty_keeps_up_with_the_quota() -> None:
    outcome = play(4 * 60, SENDING, processes=4)

    assert outcome.used == pytest.approx(1, abs=0.05)
    assert outcome.useful == pytest.approx(1, abs=0.01)
