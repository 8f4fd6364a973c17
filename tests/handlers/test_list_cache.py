"""What a process remembers for a while."""

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommend.list_cache import ExpiringCache


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_value_is_good_for_its_time(clock: Clock) -> None:
    cache = ExpiringCache[str](most=10, seconds=30, clock=clock)
    cache.put("popular", "list")

    clock.now += 29.9
    assert cache.fresh("popular") == "list"
    clock.now += 0.1
    assert cache.fresh("popular") is None


def test_a_value_begins_anew_when_it_is_put_again(clock: Clock) -> None:
    cache = ExpiringCache[str](most=10, seconds=30, clock=clock)
    cache.put("popular", "list")
    clock.now += 20
    cache.put("popular", "newer")
    clock.now += 20

    assert cache.fresh("popular") == "newer"


def test_what_was_not_put_is_not_there(clock: Clock) -> None:
    cache = ExpiringCache[str](most=10, seconds=30, stale_seconds=30, clock=clock)

    assert cache.fresh("popular") is None
    assert cache.stale("popular") is None


def test_a_stale_value_will_do_for_its_time(clock: Clock) -> None:
    cache = ExpiringCache[str](most=10, seconds=30, stale_seconds=60, clock=clock)
    cache.put("popular", "list")

    clock.now += 89
    assert cache.fresh("popular") is None
    assert cache.stale("popular") == "list"
    clock.now += 1
    assert cache.stale("popular") is None


def test_a_good_value_will_do_as_well(clock: Clock) -> None:
    cache = ExpiringCache[str](most=10, seconds=30, clock=clock)
    cache.put("popular", "list")

    assert cache.stale("popular") == "list"


def test_what_will_not_do_any_more_is_gone(clock: Clock) -> None:
    cache = ExpiringCache[str](most=10, seconds=30, clock=clock)
    cache.put("popular", "list")
    clock.now += 30
    cache.fresh("popular")

    assert len(cache) == 0


def test_the_value_that_was_asked_for_the_longest_ago_goes_first(clock: Clock) -> None:
    cache = ExpiringCache[int](most=2, seconds=30, clock=clock)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.fresh("a")
    cache.put("c", 3)

    assert [cache.fresh(key) for key in "abc"] == [1, None, 3]


def test_a_cache_of_no_size_keeps_nothing(clock: Clock) -> None:
    cache = ExpiringCache[int](most=0, seconds=30, clock=clock)
    cache.put("a", 1)

    assert cache.fresh("a") is None


@pytest.mark.parametrize("name", ["most", "seconds", "stale_seconds"])
def test_nothing_may_be_negative(name: str) -> None:
    bounds: dict[str, Any] = {"most": 1, "seconds": 1, "stale_seconds": 1, name: -1}

    with pytest.raises(ValueError, match=f"{name} must be 0 or more, got -1"):
        ExpiringCache(**bounds)


steps = st.lists(
    st.tuples(st.sampled_from(["put", "fresh", "stale"]), st.integers(0, 5), st.integers(0, 12)),
    max_size=60,
)


@given(steps=steps, most=st.integers(0, 4))
def test_it_is_what_a_plain_list_of_what_was_put_says(
    steps: list[tuple[str, int, int]], most: int
) -> None:
    clock = Clock()
    cache = ExpiringCache[int](most=most, seconds=20, stale_seconds=10, clock=clock)
    model: OrderedDict[int, tuple[int, float]] = OrderedDict()
    for value, (what, key, seconds) in enumerate(steps):
        clock.now += seconds
        if what == "put":
            cache.put(key, value)
            model[key] = (value, clock.now)
            model.move_to_end(key)
            while len(model) > most:
                model.popitem(last=False)
            continue
        good = 20 if what == "fresh" else 30
        known = model.get(key)
        expected = known[0] if known and clock.now - known[1] < good else None
        if expected is not None:
            model.move_to_end(key)
        elif known and clock.now - known[1] >= 30:
            del model[key]
        assert getattr(cache, what)(key) == expected
        assert len(cache) <= most


def test_many_threads_may_use_it_at_once() -> None:
    cache = ExpiringCache[int](most=8, seconds=1000)

    def use(number: int) -> int | None:
        cache.put(number % 16, number % 16)
        return cache.fresh((number * 7) % 16)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(use, range(4000)))

    assert set(answers) <= {None, *range(16)}
    assert len(cache) == 8
