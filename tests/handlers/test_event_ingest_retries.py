"""How calls are tried again."""

from dataclasses import dataclass, field

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from personalize_runtime.retries import Deadline, GivenUpError, OutOfTimeError
from personalize_runtime.service_errors import Trouble


@dataclass
class Time:
    """Time that passes when somebody waits for it."""

    left: float
    pauses: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.left -= seconds
        self.pauses.append(seconds)

    def deadline(self) -> Deadline:
        return Deadline(lambda: self.left, reserve=10, call=5, pause=self.wait)


def fail() -> None:
    raise ReadTimeoutError(endpoint_url="https://aws")


def test_leaves_time_for_a_call_and_for_what_follows() -> None:
    time = Time(left=60)

    with pytest.raises(OutOfTimeError):
        time.deadline().retry(fail)

    assert time.left >= 15


def test_pauses_longer_the_longer_it_fails_but_never_long() -> None:
    time = Time(left=600)

    with pytest.raises(OutOfTimeError):
        time.deadline().retry(fail)

    assert max(time.pauses[:2]) <= 0.2
    assert 1 < max(time.pauses) <= 5


def test_pauses_at_random_so_that_callers_spread_out() -> None:
    one, other = Time(left=60), Time(left=60)

    for time in (one, other):
        with pytest.raises(OutOfTimeError):
            time.deadline().retry(fail)

    assert one.pauses[:5] != other.pauses[:5]


def test_does_not_begin_what_it_has_no_time_for() -> None:
    calls: list[int] = []

    with pytest.raises(OutOfTimeError):
        Time(left=14.9).deadline().retry(lambda: calls.append(1))

    assert calls == []


def test_gives_up_at_once_on_what_does_not_pass() -> None:
    time = Time(left=60)

    def refuse() -> None:
        raise ClientError({"Error": {"Code": "InvalidInputException"}}, "PutEvents")

    with pytest.raises(GivenUpError) as given_up:
        time.deadline().retry(refuse)

    assert given_up.value.trouble is Trouble.REFUSED
    assert time.pauses == []
