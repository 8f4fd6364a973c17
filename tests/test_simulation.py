"""The simulation of event ingestion: what it takes for true, and what docs/scaling.md says."""

from __future__ import annotations

import heapq
import itertools
import json
import math
import random
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, cast

import pytest

from cdk_personalize.patterns.event_ingestion import EventSourceOptions
from personalize_runtime.dead_letters import DeadLetterQueue
from personalize_runtime.ingestion import CONCURRENCY, MAX_EVENTS, EventTracker, settle
from personalize_runtime.retries import Deadline
from personalize_runtime.stream import StreamRecord
from simulation import costs, retries, settings
from simulation.__main__ import PAGE, PICTURE, ROOT, all_blocks, main
from simulation.advice import advise
from simulation.cycle import steady_cycle
from simulation.day import STEP, Day, Limit, play
from simulation.fill import events_per_call
from simulation.limits import limits
from simulation.page import names, rendered
from simulation.plot import draw, fingerprint
from simulation.results import Case, cases
from simulation.settings import (
    Deployment,
    EventSource,
    IngestFunction,
    Quotas,
    Traffic,
    Visits,
    payload_bytes,
)
from simulation.traffic import BUSIEST, DAY, events, peak

ONE = Traffic(mean=1)
ROOMY = Deployment(event_source=EventSource(parallelization_factor=10))
ONE_SHARD = Deployment(
    shard_count=1,
    event_source=EventSource(parallelization_factor=10),
    quotas=Quotas(put_events=10_000),
)


@pytest.fixture(scope="module")
def played() -> Sequence[Case]:
    """Return the days of the page."""
    return cases()


@pytest.fixture(scope="module")
def written(played: Sequence[Case]) -> Mapping[str, str]:
    """Return the blocks of the page."""
    return all_blocks(played)


@pytest.fixture(scope="module")
def days(played: Sequence[Case]) -> Sequence[Day]:
    """Return the days of the page, one after the other."""
    return [day for case in played for day in (case.as_is, case.as_set)]


def steady(deployment: Deployment, rate: float, hours: float = 0.5) -> Day:
    """Play a rate that stays as it is, on a stream that knows it."""
    arrivals = [rate * STEP] * round(hours * 3600 / STEP)
    return play(Traffic(mean=rate), deployment, peak_before=rate, arrivals=arrivals)


class Uncalled:
    """A client that is not to be called."""


class CountingClient:
    """A client of Amazon Personalize that takes everything, and counts."""

    def __init__(self) -> None:
        self.calls = 0

    def put_events(self, **_: object) -> None:
        self.calls += 1


def calls_of_the_function(events: Sequence[tuple[float, int]]) -> int:
    """Return the calls that the function itself makes for a batch of times and sessions."""
    client = CountingClient()
    deadline = Deadline(lambda: 60, reserve=0, call=1)
    records = [
        StreamRecord(
            data=json.dumps(
                {
                    "sessionId": str(session),
                    "eventType": "View",
                    "itemId": "i",
                    "sentAt": 1795300000 + at,
                }
            ).encode(),
            partition_key=str(session),
            stream_arn="",
            shard_id="",
            sequence_number=str(place),
            arrived_at=at,
        )
        for place, (at, session) in enumerate(events)
    ]
    letters = DeadLetterQueue(cast("Any", Uncalled()), "")
    tracker = EventTracker(cast("Any", client), "tracker")
    settlement = settle(records, tracker, letters, sending=deadline, settling=deadline)
    assert settlement.sent == len(events)
    return client.calls


def visits_one_by_one(visits: Visits, rate: float, seconds: float) -> list[tuple[float, int]]:
    """Return the times and sessions of events, made session by session."""
    rng = random.Random(7)
    made: list[tuple[float, int]] = []
    begin = -visits.seconds
    for session in itertools.count():
        begin += rng.expovariate(rate / (visits.rate * visits.seconds))
        if begin > seconds:
            return sorted(made)
        at = begin + rng.expovariate(visits.rate)
        while at < begin + visits.seconds:
            if 0 <= at < seconds:
                made.append((at, session))
            at += rng.expovariate(visits.rate)
    raise AssertionError


# What the page says.


def test_the_page_says_what_the_simulation_says_now(written: Mapping[str, str]) -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert rendered(page, written) == page, "run make simulation"


def test_the_page_has_a_place_for_each_block(written: Mapping[str, str]) -> None:
    assert sorted(names(PAGE.read_text(encoding="utf-8"))) == sorted(written)


def test_the_picture_shows_the_days_that_the_simulation_plays_now(played: Sequence[Case]) -> None:
    assert fingerprint(played) in PICTURE.read_text(encoding="utf-8"), "run make simulation"


def test_the_same_days_are_the_same_picture(played: Sequence[Case], tmp_path: Path) -> None:
    first, second = tmp_path / "1.svg", tmp_path / "2.svg"

    draw(played[:1], first)
    draw(played[:1], second)

    assert first.read_bytes() == second.read_bytes()
    assert b"<dc:date>" not in first.read_bytes()


def test_the_links_of_the_page_lead_somewhere() -> None:
    page = PAGE.read_text(encoding="utf-8")
    targets = [part.split(")")[0].split("#")[0] for part in page.split("](")[1:]]

    for target in targets:
        exists = not target or (PAGE.parent / target).exists()
        assert target.startswith("https://") or exists, target


@pytest.mark.parametrize("argument", ["--rate=0", "--rate=-1", "--window=301", "--window=-1"])
def test_the_command_line_refuses_what_cannot_be(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([argument])

    assert "it must be" in capsys.readouterr().err


# What it takes for true of the construct and the function.


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
    assert settings.MAX_EVENTS == MAX_EVENTS
    reserved = handler._RESERVE_FOR_DEAD_LETTERS + handler._CALL_SECONDS
    assert function.sending_seconds == construct._TIMEOUT.to_seconds() - reserved


def test_pauses_as_the_function_does() -> None:
    runtime = import_module("personalize_runtime.retries")

    assert runtime._FIRST_PAUSE_SECONDS == retries.FIRST_PAUSE
    assert runtime._LONGEST_PAUSE_SECONDS == retries.LONGEST_PAUSE


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


# How full a call is.


@pytest.mark.parametrize("span", [0.01, 1, 10, 100, 1000, 100_000])
def test_a_call_has_between_one_event_and_ten(span: float) -> None:
    for visits in (Visits(), Visits(seconds_between_events=0.01), Visits(seconds=1e5)):
        assert 1 <= events_per_call(span, visits) <= 10


def test_a_longer_span_and_busier_sessions_fill_calls_better() -> None:
    spans = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1000.0]
    filled = [events_per_call(span, Visits()) for span in spans]
    busier = [events_per_call(span, Visits(seconds_between_events=5)) for span in spans]

    assert filled == sorted(filled)
    assert all(more > less for more, less in zip(busier, filled, strict=True))


@pytest.mark.parametrize("span", [1, 20, 60, 400])
def test_fills_calls_as_the_function_does(span: float) -> None:
    visits = Visits()
    made = visits_one_by_one(visits, rate=3000 / span, seconds=span)

    filled = len(made) / calls_of_the_function(made)

    assert events_per_call(span, visits) == pytest.approx(filled, rel=0.03)


def batches_one_by_one(
    deployment: Deployment, made: Sequence[tuple[float, int]]
) -> Iterator[tuple[float, int, int]]:
    """Hand out one partition's events in batches; return when, how many, and the calls."""
    source, function = deployment.event_source, deployment.function
    waiting = [at for at, _ in made]
    first, free = 0, 0.0
    while first < len(made):
        full = first + source.batch_size - 1
        filled = waiting[full] if full < len(made) else math.inf
        handed = max(free, min(filled, free + source.window))
        last = min(first + source.batch_size, bisect_right(waiting, handed))
        if last == first:
            free = waiting[first]
            continue
        calls = calls_of_the_function(made[first:last])
        yield handed, last - first, calls
        free = handed + function.duration(last - first, calls)
        first = last


@pytest.mark.parametrize(
    ("rate", "source"),
    [
        (60, EventSource()),  # the window ends a batch
        (60, EventSource(batch_size=100, window=60)),  # its size does
        (60, EventSource(batch_size=10_000, window=20)),
    ],
)
def test_a_partition_has_batches_as_if_played_event_by_event(
    rate: float, source: EventSource
) -> None:
    deployment = Deployment(event_source=source)
    made = visits_one_by_one(Visits(), rate, seconds=80)

    batches = list(batches_one_by_one(deployment, made))[1:-1]
    turn = steady_cycle(deployment, ONE, rate)

    handed = [at for at, _, _ in batches]
    period = (handed[-1] - handed[0]) / (len(handed) - 1)
    filled = sum(count for _, count, _ in batches) / sum(calls for _, _, calls in batches)
    assert turn.period == pytest.approx(period, rel=0.06)
    assert turn.events_per_call == pytest.approx(filled, rel=0.06)


# What becomes of a day.


def test_loses_nothing(days: Sequence[Day]) -> None:
    for day in days:
        arrived = sent = 0.0
        for moment in day.moments:
            arrived += moment.arrived
            sent += moment.sent
            assert arrived == pytest.approx(sent + moment.held + moment.unsent)


def test_keeps_within_the_quotas(days: Sequence[Day]) -> None:
    for day in days:
        quotas = day.deployment.quotas
        assert max(moment.calls for moment in day.moments) <= quotas.put_events * STEP * 1.000001
        assert max(moment.concurrency for moment in day.moments) <= quotas.concurrency * 1.000001


def test_a_day_has_its_mean_and_its_peak() -> None:
    traffic = Traffic(mean=50_000, burst=1)

    counts = events(traffic, STEP)

    assert sum(counts) / DAY == pytest.approx(traffic.mean, rel=0.01)
    assert max(counts) / STEP == pytest.approx(BUSIEST * traffic.mean, rel=0.1)


def test_the_same_seed_is_the_same_day() -> None:
    assert events(ONE, STEP) == events(Traffic(mean=1), STEP)
    assert events(ONE, STEP) != events(Traffic(mean=1, seed=2), STEP)


def test_a_stream_within_all_limits_has_no_lag_but_that_of_its_batches() -> None:
    day = steady(ROOMY, 500)
    turn = steady_cycle(ROOMY, ONE, 500 / 40)

    usual = turn.period + turn.duration + settings.POLL_SECONDS
    assert day.main_limit() is None
    assert day.moments[-1].lag == pytest.approx(usual, rel=0.05)
    assert day.peak_lag < usual * 1.1


@pytest.mark.parametrize(
    ("deployment", "limit"),
    [
        (Deployment(), Limit.FUNCTION),
        (ROOMY, Limit.PUT_EVENTS),
        (ONE_SHARD, Limit.WRITES),
        (
            Deployment(
                event_source=EventSource(batch_size=50, parallelization_factor=10),
                quotas=Quotas(put_events=10_000, concurrency=5),
            ),
            Limit.CONCURRENCY,
        ),
    ],
)
def test_nothing_waits_below_the_first_limit_and_more_and_more_above_it(
    deployment: Deployment, limit: Limit
) -> None:
    first, rate = next(iter(limits(deployment, ONE).items()))

    # A little above it fuller batches and calls may still do.
    below, above = steady(deployment, 0.95 * rate), steady(deployment, 1.6 * rate)

    assert first is limit
    assert below.main_limit() is None
    assert above.main_limit() is limit
    half = above.moments[len(above.moments) // 2]
    assert above.moments[-1].lag > 1.5 * half.lag > 60


def test_fuller_batches_make_up_for_a_quota_that_is_a_little_too_small() -> None:
    rate = 1.1 * next(iter(limits(ROOMY, ONE).values()))

    day = steady(ROOMY, rate)

    assert day.main_limit() is Limit.PUT_EVENTS
    assert day.peak_lag < 60
    assert day.sent / day.calls > 1.1 * events_per_call(1, Visits())


def test_a_doubled_quota_moves_the_first_limit() -> None:
    doubled = replace(ROOMY, quotas=Quotas(put_events=2_000))

    once, twice = limits(ROOMY, ONE), limits(doubled, ONE)

    assert next(iter(once)) is Limit.PUT_EVENTS
    assert twice[Limit.PUT_EVENTS] == pytest.approx(2 * once[Limit.PUT_EVENTS], rel=0.1)


def test_more_batches_side_by_side_move_the_limit_of_the_function() -> None:
    found = [
        limits(
            Deployment(shard_count=2, event_source=EventSource(parallelization_factor=factor)), ONE
        )
        for factor in (1, 2, 4)
    ]

    one, two, four = (each[Limit.FUNCTION] for each in found)
    assert two == pytest.approx(2 * one, rel=0.1)
    assert four == pytest.approx(4 * one, rel=0.1)


def test_a_longer_window_needs_fewer_calls() -> None:
    traffic = Traffic(mean=10_000)

    asked = [advise(traffic, window).quotas.put_events for window in (1, 5, 10, 30, 60)]

    assert asked == sorted(asked, reverse=True)
    assert asked[0] > 3 * asked[-1]


@pytest.mark.parametrize("rate", [50, 2_000, 30_000])
@pytest.mark.parametrize("window", [1, 20])
def test_what_it_advises_gets_the_burst_through(rate: float, window: float) -> None:
    traffic = Traffic(mean=rate)

    day = steady(advise(traffic, window), peak(traffic))

    assert day.main_limit() is None


def test_a_queue_is_worked_off_after_the_burst() -> None:
    rate = next(iter(limits(ROOMY, ONE).values()))
    burst, after = [3 * rate * STEP] * 30, [0.3 * rate * STEP] * 180

    day = play(Traffic(mean=rate), ROOMY, peak_before=2 * rate, arrivals=burst + after)

    assert day.moments[30].lag > 60
    assert day.moments[-1].lag < 10


# The stream.


def test_a_stream_on_demand_takes_twice_its_peak_at_once() -> None:
    arrivals = [9_900.0 * STEP] * 60

    day = play(Traffic(mean=9_900), ROOMY, peak_before=5_000, arrivals=arrivals)

    assert all(moment.held == 0 for moment in day.moments)


def test_a_new_stream_on_demand_doubles_each_quarter_of_an_hour() -> None:
    arrivals = [30_000.0 * STEP] * round(3600 / STEP)

    day = play(Traffic(mean=30_000), ROOMY, arrivals=arrivals)

    shards = [day.moments[round(minutes * 60 / STEP)].shards for minutes in (1, 20, 35, 50)]
    assert shards == [4, 8, 16, 32]
    assert day.moments[1].limit is not None
    assert day.moments[1].held > 0


def test_a_provisioned_stream_keeps_its_shards() -> None:
    day = play(Traffic(mean=2_000), ONE_SHARD, arrivals=[2_000.0 * STEP] * 200)

    assert {moment.shards for moment in day.moments} == {1}
    assert day.main_limit() is Limit.WRITES


# Above the quota.


def test_repeats_grow_with_the_calls_that_share_the_quota() -> None:
    shares = [
        retries.useful_share(seconds, try_seconds=0.1, sending_seconds=42, threads=16)
        for seconds in (0.1, 0.5, 2, 8)
    ]

    assert shares[0] == 1
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] < 0.4


def test_settles_as_much_as_invocations_that_share_a_quota_call_by_call() -> None:
    invocations, quota, sending = 30, 200.0, 42.0
    settled = _shared_quota(invocations, quota, sending=sending, try_seconds=0.1)

    share = retries.useful_share(
        invocations * CONCURRENCY / quota,
        try_seconds=0.1,
        sending_seconds=sending,
        threads=CONCURRENCY,
    )

    assert share == pytest.approx(settled, abs=0.08)


def _shared_quota(invocations: int, quota: float, *, sending: float, try_seconds: float) -> float:
    """Play throttled invocations call by call, and return the share of calls that settles."""
    rng = random.Random(3)
    tokens, last = 0.0, 0.0
    queue: list[tuple[float, int, int, float, int]] = []
    begun = [0] * invocations
    done: list[set[int]] = [set() for _ in range(invocations)]
    turn = [0] * invocations
    ends = [(rng.uniform(0, sending), one) for one in range(invocations)]
    heapq.heapify(ends)

    def begin(one: int, at: float) -> None:
        done[one], begun[one] = set(), CONCURRENCY
        turn[one] += 1
        for call in range(CONCURRENCY):
            heapq.heappush(queue, (at, one, call, retries.FIRST_PAUSE, turn[one]))

    for one in range(invocations):
        begin(one, 0.0)
    accepted = useful = 0
    while queue[0][0] < 4 * sending:
        at, one, call, longest, of = heapq.heappop(queue)
        while ends[0][0] <= at:
            end, ended = heapq.heappop(ends)
            if end > 2 * sending:
                accepted += len(done[ended])
                useful += next(n for n in itertools.count() if n not in done[ended])
            begin(ended, end)
            heapq.heappush(ends, (end + sending, ended))
        if of != turn[one]:
            continue
        tokens, last = min(quota, tokens + (at - last) * quota), at
        took = try_seconds * rng.gammavariate(4, 0.25)
        if tokens >= 1:
            tokens -= 1
            done[one].add(call)
            heapq.heappush(queue, (at + took, one, begun[one], retries.FIRST_PAUSE, of))
            begun[one] += 1
        else:
            pause = rng.uniform(0, longest)
            longest = min(2 * longest, retries.LONGEST_PAUSE)
            heapq.heappush(queue, (at + took + pause, one, call, longest, of))
    return useful / accepted


# What it costs.


def test_a_stream_costs_what_the_price_list_says() -> None:
    traffic = Traffic(mean=1_000, event_bytes=350)
    month = 30 * 24
    records = 1_000 * 30 * DAY

    provisioned = costs.provisioned(traffic, 4, retention_days=1)
    on_demand = costs.on_demand(traffic, retention_days=1)

    assert provisioned == pytest.approx(4 * month * 0.015 + records / 1e6 * 0.014)
    written, read = records * 1024 / 2**30, records * 350 / 2**30
    assert on_demand == pytest.approx(month * 0.04 + written * 0.08 + read * 0.04)


def test_events_below_a_kib_cost_the_same_to_write_on_demand() -> None:
    small, large = (replace(ONE, mean=1e5, event_bytes=size) for size in (100, 1024))
    free_reads = replace(costs.Prices(), read_gib=0.0, kept_gib_month=0.0)

    assert costs.on_demand(small, 7, free_reads) == costs.on_demand(large, 7, free_reads)


def test_on_demand_advantage_has_a_least_price() -> None:
    tiny, small = Traffic(mean=1), Traffic(mean=100)

    assert costs.on_demand_advantage(tiny, 1) == costs.on_demand_advantage(small, 1) > 1_000


def test_the_bill_grows_with_the_events(played: Sequence[Case]) -> None:
    bills = [sum(costs.bill(case.as_set).values()) for case in played]

    assert bills == sorted(bills)
