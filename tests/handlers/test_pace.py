"""The rate that calls keep to."""

from dataclasses import dataclass
from random import Random

import pytest

from personalize_runtime.pace import Pace
from personalize_runtime.retries import Deadline, OutOfTimeError
from personalize_runtime.service_errors import client_error

THROTTLED = ("PutEvents", "ThrottlingException", "slow down", 400)


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
            raise client_error(*THROTTLED)
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


def overload(clock: Clock, pace: Pace, *, rate: int, throttled: int) -> None:
    """Make a second of calls, of which some are throttled."""
    for number in range(rate):
        pace.turn(after=0, within=9)
        clock.wait(1 / rate)
        if number % rate < throttled:
            pace.throttled()
        else:
            pace.taken()


def test_many_throttled_calls_make_it_slower_than_what_was_too_fast(clock: Clock) -> None:
    pace = Pace(clock=clock)

    overload(clock, pace, rate=100, throttled=0)
    overload(clock, pace, rate=100, throttled=30)

    assert pace.rate == pytest.approx(70, rel=0.1)


def test_a_few_throttled_calls_among_many_change_nothing(clock: Clock) -> None:
    pace = Pace(clock=clock)

    for _ in range(5):
        overload(clock, pace, rate=100, throttled=10)

    assert pace.rate is None


def test_a_short_burst_tells_nothing_of_a_rate(clock: Clock) -> None:
    pace = Pace(clock=clock)
    clock.wait(60)
    for _ in range(50):
        pace.turn(after=0, within=0)
        pace.throttled()

    assert pace.rate is None


def test_it_gets_faster_by_a_tenth_a_second(clock: Clock) -> None:
    pace = Pace(10, clock=clock)

    for _ in range(20):
        pace.turn(after=0, within=9)
        clock.wait(0.5)
        pace.taken()

    assert pace.rate == pytest.approx(10 * 1.1**10, rel=0.11)


def test_no_turn_is_given_twice_when_it_gets_slower(clock: Clock) -> None:
    pace = Pace(10, clock=clock)
    clock.wait(1)
    given = [clock.now + (pace.turn(after=0, within=99) or 0) for _ in range(20)]
    for _ in range(40):
        clock.wait(0.03)
        pace.throttled()

    turn = pace.turn(after=0, within=99)

    assert pace.rate is not None
    assert pace.rate < 10
    assert turn is not None
    assert clock.now + turn > given[-1]


def test_it_never_stops_altogether(clock: Clock) -> None:
    pace = Pace(1, clock=clock)

    for _ in range(200):
        pace.turn(after=0, within=9)
        clock.wait(0.9)
        pace.throttled()

    assert pace.rate == 0.5


def test_a_service_that_throttles_by_chance_is_not_starved(clock: Clock) -> None:
    pace, chance = Pace(clock=clock), Random(1)
    deadline = clock.deadline(seconds=10_000)

    def call() -> None:
        clock.wait(0.01)
        if chance.random() < 0.1:
            raise client_error(*THROTTLED)

    for _ in range(3000):
        deadline.retry(call, pace)

    assert pace.rate is None or pace.rate > 10


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
