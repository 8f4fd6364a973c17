"""What becomes of invocations that are throttled so much that they cannot send a batch in time.

Each process of the function keeps a pace of its own, which follows what the service takes. What
finds no turn in time is not settled: the first such record, and everything from there on, comes
again, and what was sent after it is sent twice. (Amazon Personalize drops the repeats by their
`eventId`, but they count against the quota.) How much that is depends on where the first hole in
the batch is. So some processes are played call by call, with the function's own `Pace`.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from personalize_runtime.pace import Pace

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

_PLENTY = 40.0  # calls a second of one process: its pace is then as good as a rate that is known
# Fewer where each makes many calls, for the time that it takes to play them.
_MOST_PROCESSES, _LEAST_PROCESSES, _CALLS_TOGETHER = 16, 4, 160.0
# By the seconds that an invocation sends: the paces settle, and then it is counted.
_SETTLED, _ENOUGH = 4, 12
_BURST_SECONDS = 1.0  # of the quota, which nobody has used so far and may be used at once
_SEED = 1


@dataclass(frozen=True, kw_only=True)
class Sending:
    """How an invocation sends its batch.

    Attributes:
        calls: The calls that the batch takes.
        threads: The calls side by side.
        try_seconds: What one try takes.
        seconds: How long it sends.
    """

    calls: int
    threads: int
    try_seconds: float
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """What became of the tries of some invocations.

    Attributes:
        tries: The tries.
        accepted: The calls that the service accepted.
        settled: The accepted calls that are not made again.
        used: The share of the quota that is used.
        least_share: What the slowest process sent, of what each would send if all sent the same.
    """

    tries: int
    accepted: int
    settled: int
    used: float
    least_share: float

    @property
    def useful(self) -> float:
        """The share of the accepted calls that settle something, and are not made again."""
        return self.settled / self.accepted


_ALL_IN_TIME = Outcome(tries=1, accepted=1, settled=1, used=1.0, least_share=1.0)


def throttled(quota: float, sending: Sending) -> Outcome:
    """Return what becomes of invocations that share a quota.

    Args:
        quota: The calls a second that the service takes, for each invocation that runs.
        sending: How each of them sends.
    """
    if quota >= _PLENTY and sending.calls <= quota * sending.seconds:
        return _ALL_IN_TIME
    # Rounded, so that few are ever played.
    rounded = replace(sending, calls=round(float(f"{sending.calls:.1g}")))
    return _throttled(float(f"{quota:.2g}"), rounded)


@lru_cache(maxsize=256)
def _throttled(quota: float, sending: Sending) -> Outcome:
    processes = min(_MOST_PROCESSES, max(_LEAST_PROCESSES, round(_CALLS_TOGETHER / quota)))
    return play(quota * processes, sending, processes=processes)


def play(
    quota: float,
    sending: Sending,
    *,
    processes: int,
    settled_for: float = _SETTLED,
    until: float = _ENOUGH,
) -> Outcome:
    """Play processes that share a quota, and each of which always has a batch to send.

    Args:
        quota: The calls a second that the service takes.
        sending: How each of them sends.
        processes: How many they are.
        settled_for: When to begin to count, in times that an invocation sends.
        until: When to end.
    """
    time = Time()
    service = Service(time, quota)
    rng = random.Random(_SEED)
    played = [Process(time, service, sending, rng) for _ in range(processes)]
    for process in played:
        time.at(rng.uniform(0, 1), process.begin)
    time.run(settled_for * sending.seconds)
    for process in played:
        process.forget()
    time.run(until * sending.seconds)
    accepted = sum(process.accepted for process in played)
    return Outcome(
        tries=sum(process.tries for process in played),
        accepted=accepted,
        settled=sum(process.settled for process in played),
        # What an invocation has sent before counts when it ends.
        used=min(1.0, accepted / (quota * (until - settled_for) * sending.seconds)),
        least_share=min(process.accepted for process in played) * processes / accepted,
    )


@dataclass
class Time:
    """Time that passes from one thing that happens to the next."""

    now: float = 0.0
    _happening: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _number: itertools.count[int] = field(default_factory=itertools.count)

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Let something happen at a time."""
        heapq.heappush(self._happening, (when, next(self._number), what))

    def step(self) -> None:
        """Let the next thing happen."""
        self.now, _, what = heapq.heappop(self._happening)
        what()

    def run(self, until: float) -> None:
        """Let happen what is until then."""
        while self._happening and self._happening[0][0] <= until:
            self.step()


class Service:
    """Takes some calls a second, and throttles the others."""

    def __init__(self, time: Time, quota: float) -> None:
        """Make a service that takes so many calls a second."""
        self._time, self._quota = time, quota
        self._most = max(1.0, quota * _BURST_SECONDS)
        self._left, self._last = self._most, time.now

    def takes(self) -> bool:
        """Tell whether it takes a call now."""
        now = self._time.now
        self._left = min(self._most, self._left + (now - self._last) * self._quota)
        self._last = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Process:
    """A process of the function: one invocation after the other.

    Attributes:
        tries: The tries.
        accepted: The calls that were accepted, of the invocations that have ended.
        settled: Those of them that are not made again.
    """

    def __init__(self, time: Time, service: Service, sending: Sending, rng: random.Random) -> None:
        """Make a process that sends to a service, and pauses at random."""
        self._time, self._service, self._sending, self._rng = time, service, sending, rng
        self._pace = Pace(clock=time)
        self._calls = sending.calls
        self.forget()

    def forget(self) -> None:
        """Count anew."""
        self.tries = self.accepted = self.settled = 0

    def begin(self) -> None:
        """Begin an invocation, with what the last one has left of a batch or with the next one."""
        self._end = self._time.now + self._sending.seconds
        self._next = 0
        self._done: set[int] = set()
        self._threads = self._sending.threads
        for _ in range(self._threads):
            self._take_up()

    def _take_up(self) -> None:
        """Let a thread take up the next call; with the last thread the invocation ends."""
        if self._next < self._calls:
            self._next += 1
            self._try(self._next - 1, pause=0.0, longest=FIRST_PAUSE)
            return
        self._threads -= 1
        if self._threads == 0:
            settled = next(call for call in itertools.count() if call not in self._done)
            self.accepted += len(self._done)
            self.settled += settled
            self._calls = self._calls - settled or self._sending.calls
            self._time.at(self._time.now + self._sending.try_seconds, self.begin)

    def _try(self, call: int, *, pause: float, longest: float) -> None:
        now = self._time.now
        turn = self._pace.turn(after=pause, within=self._end - now)
        if turn is None:
            if not pause:
                # Nor does any call after it: the next turn comes later and later.
                self._next = self._calls
            self._take_up()
        else:
            answered = now + turn + self._sending.try_seconds
            self._time.at(answered, lambda: self._answered(call, longest))

    def _answered(self, call: int, longest: float) -> None:
        self.tries += 1
        if self._service.takes():
            self._pace.taken()
            self._done.add(call)
            self._take_up()
        else:
            self._pace.throttled()
            pause = self._rng.uniform(0, longest)
            self._try(call, pause=pause, longest=min(2 * longest, LONGEST_PAUSE))
