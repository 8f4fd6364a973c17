"""The rate that calls keep to."""

from dataclasses import dataclass

import pytest

from personalize_runtime.pace import Pace
from personalize_runtime.retries import Deadline, OutOfTimeError
from tests.handlers.upstream import refused_error


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def deadline(self, seconds: float = 600) -> Deadline:
        end = self.now + seconds
        return Deadline(lambda: end - self.now, reserve=0, call=0, pause=self.wait)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class Service:
    """Takes some calls a second and throttles the others."""

    clock: Clock
    limit: int
    second: int = 0
    taken: int = 0
    throttled: int = 0

    def __call__(self) -> None:
        self.clock.wait(0.001)
        if int(self.clock.now) != self.second:
            self.second, self.taken = int(self.clock.now), 0
        if self.taken >= self.limit:
            self.throttled += 1
            raise refused_error(code="ThrottlingException")
        self.taken += 1


def test_as_many_calls_as_come_are_made_at_first(clock: Clock) -> None:
    pace = Pace(clock=clock)

    assert [pace.turn(after=0, within=0) for _ in range(100)] == [0] * 100


def test_calls_of_a_known_rate_are_spread_evenly(clock: Clock) -> None:
    pace = Pace(10, clock=clock)

    turns = [pace.turn(after=0, within=9) for _ in range(4)]

    assert turns == pytest.approx([0, 0.1, 0.2, 0.3])


def test_a_turn_that_comes_too_late_is_left_to_others(clock: Clock) -> None:
    pace = Pace(1, clock=clock)
    pace.turn(after=0, within=9)

    assert pace.turn(after=0, within=0.5) is None
    assert pace.turn(after=0, within=9) == 1


def test_a_throttled_call_makes_it_slower_than_what_was_too_fast(clock: Clock) -> None:
    pace = Pace(clock=clock)
    for _ in range(100):
        pace.turn(after=0, within=0)

    pace.slow_down()

    assert pace.rate == pytest.approx(70)


def test_calls_that_are_throttled_together_count_once(clock: Clock) -> None:
    pace = Pace(clock=clock)
    for _ in range(100):
        pace.turn(after=0, within=0)

    for _ in range(16):
        pace.slow_down()

    assert pace.rate == pytest.approx(70)


def test_it_gets_faster_by_a_tenth_a_second(clock: Clock) -> None:
    pace = Pace(10, clock=clock)

    for _ in range(20):
        clock.wait(0.5)
        pace.speed_up()

    assert pace.rate == pytest.approx(10 * 1.1**10)


def test_it_never_stops_altogether(clock: Clock) -> None:
    pace = Pace(1, clock=clock)

    for _ in range(20):
        clock.wait(2)
        pace.slow_down()

    assert pace.rate == 0.5


def test_finds_the_rate_of_a_service_and_stays_near_it(clock: Clock) -> None:
    service, pace = Service(clock, limit=50), Pace(clock=clock)
    deadline = clock.deadline()
    started = clock.now

    for _ in range(3000):
        deadline.retry(service, pace)

    assert service.throttled < 3000 * 0.1
    assert 60 <= clock.now - started <= 100  # 60 seconds are what the service needs at least


def test_what_finds_no_turn_in_time_is_out_of_time(clock: Clock) -> None:
    service, pace = Service(clock, limit=5), Pace(5, clock=clock)
    deadline = clock.deadline(seconds=2)

    def call_often() -> None:
        for _ in range(100):
            deadline.retry(service, pace)

    with pytest.raises(OutOfTimeError):
        call_often()

    assert clock.now <= 1002.1
