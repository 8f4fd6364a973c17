"""A day, step by step: what is put, read, sent and kept waiting.

All shards are alike, and so are the partitions of a shard: a session is as likely in one as in
another. What this leaves out is told in `docs/scaling.md`.
"""

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import accumulate

from simulation.cycle import Cycle, cycle, flat_out, steady_cycle
from simulation.settings import Deployment, Traffic
from simulation.stream import Stream
from simulation.throttling import Outcome, Sending, throttled
from simulation.traffic import events

STEP = 10.0
_CUTS = 4  # the lags of a step are spread evenly; these are how many of them are kept


class Limit(StrEnum):
    """What keeps events waiting."""

    WRITES = "writes to the stream"
    READS = "reads from the stream"
    FUNCTION = "the function, one batch of a partition at a time"
    CONCURRENCY = "Lambda's concurrency"
    PUT_EVENTS = "the quota of PutEvents"


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of the day.

    Attributes:
        arrived: The events that producers had.
        sent: The events that Amazon Personalize took, each counted once.
        held: The events that the stream has refused so far, with their producers.
        unsent: The events in the stream that are not sent.
        lag: The longest that an event sent now has waited, in seconds.
        shortest_lag: The shortest.
        calls: The calls of PutEvents that were accepted.
        concurrency: The invocations at the same time.
        invocations: The invocations that ended.
        shards: The shards of the stream.
        limit: What held events back; None if nothing did.
    """

    arrived: float
    sent: float
    held: float
    unsent: float
    lag: float
    shortest_lag: float
    calls: float
    concurrency: float
    invocations: float
    shards: int
    limit: Limit | None


@dataclass(frozen=True)
class Day:
    """What became of the events of a day.

    Attributes:
        traffic: The events.
        deployment: What they went through.
        moments: The steps.
    """

    traffic: Traffic
    deployment: Deployment
    moments: Sequence[Moment]

    @property
    def events(self) -> float:
        """The events of the day."""
        return sum(moment.arrived for moment in self.moments)

    @property
    def sent(self) -> float:
        """The events that were sent."""
        return sum(moment.sent for moment in self.moments)

    @property
    def calls(self) -> float:
        """The calls that were accepted."""
        return sum(moment.calls for moment in self.moments)

    @property
    def invocations(self) -> float:
        """The invocations of the function."""
        return sum(moment.invocations for moment in self.moments)

    @property
    def invocation_seconds(self) -> float:
        """The seconds that the function ran, of all invocations."""
        return sum(moment.concurrency for moment in self.moments) * STEP

    @property
    def peak_lag(self) -> float:
        """The longest that an event waited which was sent."""
        return max(moment.lag for moment in self.moments)

    @property
    def waiting(self) -> float:
        """The events that wait at the end of the day."""
        return self.moments[-1].held + self.moments[-1].unsent

    def lag(self, share: float) -> float:
        """Return what the lag of this share of the sent events was at most.

        Args:
            share: The share, as 0.99 for the 99th percentile.
        """
        lags = sorted(
            (moment.shortest_lag + (moment.lag - moment.shortest_lag) * (cut + 0.5) / _CUTS, sent)
            for moment in self.moments
            if (sent := moment.sent / _CUTS)
            for cut in range(_CUTS)
        )
        wanted = share * sum(sent for _, sent in lags)
        totals = accumulate(sent for _, sent in lags)
        return next((lag for (lag, _), total in zip(lags, totals, strict=True) if total >= wanted))

    def main_limit(self) -> Limit | None:
        """Return what held events back for longest; None if nothing did."""
        held = Counter(moment.limit for moment in self.moments if moment.limit)
        return max(held, key=held.__getitem__, default=None)


def play(
    traffic: Traffic,
    deployment: Deployment,
    *,
    peak_before: float = 0.0,
    arrivals: Sequence[float] | None = None,
) -> Day:
    """Play a day.

    Args:
        traffic: The events.
        deployment: What they go through.
        peak_before: The events a second that the stream took at most in the month before, which
            decides what a stream on demand has room for.
        arrivals: The events of each step (default: those of the traffic's day).
    """
    pipeline = _Pipeline(traffic, deployment, Stream(deployment, traffic.event_bytes, peak_before))
    counts = events(traffic, STEP) if arrivals is None else arrivals
    return Day(traffic, deployment, [pipeline.step(count) for count in counts])


@dataclass(frozen=True, slots=True)
class _Work:
    """What sending takes.

    Attributes:
        calls: The calls of PutEvents a second that are accepted.
        invocations: The invocations a second.
        duration: The seconds of each.
    """

    calls: float
    invocations: float
    duration: float


@dataclass(frozen=True)
class _Sending:
    """What the function can send in a step.

    Attributes:
        deployment: The settings.
        partitions: The partitions of the stream.
        turn: The turn that they are in.
        full: The turn that they would be in if full batches waited.
    """

    deployment: Deployment
    partitions: int
    turn: Cycle
    full: Cycle

    def limit(self, wanted: float, readable: float) -> tuple[float, Limit | None]:
        """Return the events a second that are sent, and what holds the others back.

        Args:
            wanted: The events a second that are ready.
            readable: The events a second that the stream lets be read.
        """
        quotas = self.deployment.quotas
        flat_out = self.full.records / self.full.duration
        capacities = {
            Limit.FUNCTION: self.partitions * flat_out,
            Limit.CONCURRENCY: quotas.concurrency * flat_out,
            Limit.READS: readable,
            Limit.PUT_EVENTS: quotas.put_events * self.turn.events_per_call,
        }
        if wanted > capacities[Limit.PUT_EVENTS]:
            sharing = self._sharing()
            capacities[Limit.PUT_EVENTS] *= sharing.used * sharing.useful
        limit = min(capacities, key=capacities.__getitem__)
        return (wanted, None) if wanted <= capacities[limit] else (capacities[limit], limit)

    def work(self, sent: float, limit: Limit | None) -> _Work:
        """Return what sending takes.

        Args:
            sent: The events a second that are sent.
            limit: What holds the others back.
        """
        calls = sent / self.turn.events_per_call
        if limit is Limit.PUT_EVENTS:
            longest = self.deployment.function.sending_seconds
            seconds = min(max(self._throttled_duration, self.turn.duration), longest)
            # What was accepted and is sent again is a call, too.
            accepted = self.deployment.quotas.put_events * self._sharing().used
            return _Work(accepted, self._most_running / seconds, seconds)
        return _Work(calls, sent / self.turn.records, self.turn.duration)

    def running(self, work: _Work) -> float:
        """Return the invocations at the same time.

        Args:
            work: What sending takes.
        """
        return min(self._most_running, work.invocations * work.duration)

    def away(self, work: _Work) -> float:
        """Return the seconds from handing a batch over until the next window begins.

        Args:
            work: What sending takes.
        """
        wanted = work.invocations * work.duration
        return work.duration * max(1.0, wanted / self.deployment.quotas.concurrency)

    @property
    def _most_running(self) -> int:
        return min(self.partitions, self.deployment.quotas.concurrency)

    @property
    def _throttled_duration(self) -> float:
        """The seconds of an invocation if all of them share the quota of PutEvents."""
        return self._most_running * self.turn.calls / self.deployment.quotas.put_events

    def _sharing(self) -> Outcome:
        """Return what becomes of the calls if all invocations share the quota."""
        function = self.deployment.function
        sending = Sending(
            calls=max(1, round(self.turn.calls)),
            threads=function.threads,
            try_seconds=function.try_seconds,
            seconds=function.sending_seconds,
        )
        return throttled(self.deployment.quotas.put_events / self._most_running, sending)


@dataclass(frozen=True, slots=True)
class _Arrival:
    """The events of one step: the time at its end, and how many a second arrived."""

    until: float
    rate: float


@dataclass
class _Pipeline:
    """The stream and the function, with what waits in them."""

    traffic: Traffic
    deployment: Deployment
    stream: Stream
    _now: float = 0.0
    _held: float = 0.0
    _unsent: float = 0.0
    _last: Cycle | None = None
    _written: list[float] = field(default_factory=list)
    # The events that are not sent, oldest first: the step that they arrived in, and how many.
    _queue: deque[tuple[_Arrival, float]] = field(default_factory=deque)

    def step(self, arrived: float) -> Moment:
        """Let one step pass."""
        self._now += STEP
        self._queue.append((_Arrival(self._now, arrived / STEP), arrived))
        offered = self._held + arrived
        written = min(offered, self.stream.write_capacity * STEP)
        self._held = offered - written
        self._unsent += written
        self._written.append(written)
        shards = self.stream.shards
        partitions = shards * self.deployment.event_source.parallelization_factor
        turn, full = self._turns(partitions)

        ready = self._waiting_for(turn.longest_lag / 2) / STEP
        sending = _Sending(self.deployment, partitions, turn, full)
        rate, limit = sending.limit(ready, self.stream.read_capacity)
        work = sending.work(rate, limit)
        self._unsent -= rate * STEP
        waited = self._pop(rate * STEP)
        self._last = replace(turn, duration=sending.away(work))
        self.stream.take(written / STEP, self._now, STEP)
        return Moment(
            arrived=arrived,
            sent=rate * STEP,
            held=self._held,
            unsent=self._unsent,
            lag=waited + turn.longest_lag / 2,
            shortest_lag=max(0.0, waited - turn.longest_lag / 2),
            calls=work.calls * STEP,
            invocations=work.invocations * STEP,
            concurrency=sending.running(work),
            shards=shards,
            limit=limit or (Limit.WRITES if self._held > 0 else None),
        )

    def _turns(self, partitions: int) -> tuple[Cycle, Cycle]:
        """Return the turn that the partitions are in, and that of full batches."""
        # What is sent now may have arrived long ago, at another rate.
        rate = min(self._queue[0][0].rate, self.stream.write_capacity) / partitions
        last = self._last or steady_cycle(self.deployment, self.traffic, rate)
        turn = cycle(
            self.deployment,
            self.traffic,
            rate,
            backlog=self._waiting_for(last.longest_lag / 2 + STEP) / partitions,
            last_duration=last.duration,
        )
        return turn, flat_out(self.deployment, self.traffic, rate)

    def _waiting_for(self, seconds: float) -> float:
        """Return the events that wait in the stream for longer.

        Each is gathered and sent for a while; only what waits for longer than that is late.
        """
        newer, steps = 0.0, seconds / STEP
        for written in reversed(self._written[-math.ceil(steps) :]):
            newer += written * min(1.0, steps)
            steps -= 1
        return max(0.0, self._unsent - newer)

    def _pop(self, sent: float) -> float:
        """Take the oldest events away, and return how long the youngest of them has waited."""
        while self._queue and sent >= 0:
            arrival, count = self._queue[0]
            if count > sent:
                self._queue[0] = (arrival, count - sent)
                break
            self._queue.popleft()
            sent -= count
        if not self._queue:
            return 0.0
        arrival, count = self._queue[0]
        return self._now - arrival.until + count / arrival.rate
