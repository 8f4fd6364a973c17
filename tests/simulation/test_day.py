"""What becomes of a day."""

from dataclasses import replace

import pytest

from simulation import settings
from simulation.advice import advise
from simulation.cycle import steady_cycle
from simulation.day import STEP, Limit, play
from simulation.fill import events_per_call
from simulation.limits import limits
from simulation.settings import (
    Deployment,
    EventSource,
    IngestFunction,
    Quotas,
    Traffic,
    Visits,
)
from simulation.traffic import BUSIEST, DAY, events, peak
from tests.simulation.days import ONE, ONE_SHARD, ROOMY, steady


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
        (Deployment(), Limit.PUT_EVENTS),
        (
            Deployment(
                shard_count=4,
                function=IngestFunction(memory=512),
                quotas=Quotas(put_events=10_000),
            ),
            Limit.FUNCTION,
        ),
        (replace(ROOMY, event_source=EventSource(batch_size=500)), Limit.PUT_EVENTS),
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
