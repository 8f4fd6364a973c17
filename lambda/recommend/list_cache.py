"""What a process remembers for a while: answers that are nobody's, and what items are like."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _Kept(NamedTuple, Generic[T]):
    value: T
    since: float


class ExpiringCache(Generic[T]):
    """A bounded number of values, each good for some seconds; safe to use from many threads.

    When it is full, the value that was asked for the longest ago goes. A value that is no longer
    good is kept for some time more, for when no other can be had.
    """

    def __init__(
        self,
        *,
        most: int,
        seconds: float,
        stale_seconds: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nothing.

        Args:
            most: How many values are kept at most; 0 keeps none.
            seconds: How long a value is good.
            stale_seconds: How long it will do after that, if no other can be had.
            clock: Tells the time in seconds.

        Raises:
            ValueError: If one of them is negative.
        """
        for name, value in (("most", most), ("seconds", seconds), ("stale_seconds", stale_seconds)):
            if value < 0:
                msg = f"{name} must be 0 or more, got {value}"
                raise ValueError(msg)
        self._most = most
        self._seconds = seconds
        self._stale_seconds = stale_seconds
        self._clock = clock
        self._kept: OrderedDict[Hashable, _Kept[T]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many values are kept, the stale ones among them."""
        return len(self._kept)

    def put(self, key: Hashable, value: T) -> None:
        """Keep a value from now on."""
        with self._lock:
            self._kept[key] = _Kept(value, self._clock())
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def fresh(self, key: Hashable) -> T | None:
        """Return a value that is good, or None."""
        return self._younger_than(self._seconds, key)

    def stale(self, key: Hashable) -> T | None:
        """Return a value that will do if no other can be had, or None; it may be good as well."""
        return self._younger_than(self._seconds + self._stale_seconds, key)

    def _younger_than(self, seconds: float, key: Hashable) -> T | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            age = self._clock() - kept.since
            if age < seconds:
                self._kept.move_to_end(key)
                return kept.value
            if age >= self._seconds + self._stale_seconds:
                del self._kept[key]
            return None
