"""How many calls a second a service takes: found out, since quotas are shared and can be raised."""

import threading
import time
from collections import deque
from collections.abc import Callable

# An eighth more than what was taken: of a service at its limit a ninth of the calls is throttled,
# and a raised quota, or a neighbour that goes quiet, is noticed within seconds.
_FASTER = 1.125
_LOWEST_RATE = 0.5
_STEP_SECONDS = 1.0
_WINDOW_SECONDS = 2.0


class Pace:
    """A rate that follows what a service takes.

    It lives as long as the process of the function, so that an invocation begins at the rate that
    the last one ended with. A call that was throttled says that the rate is too high, and those
    that were taken in the two seconds before say what it can be; of a burst that lasted for less
    than a second nobody can tell.
    """

    def __init__(
        self, rate: float | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin at a rate.

        Args:
            rate: Calls a second (default: as many as come, until one is throttled).
            clock: Tells the time in seconds.
        """
        self._rate = rate
        self._clock = clock
        self._next_turn = clock()
        self._changed = clock()
        self._busy_since = clock()
        self._last_turn = clock()
        self._taken: deque[float] = deque()
        self._lock = threading.Lock()

    @property
    def rate(self) -> float | None:
        """The calls a second that are made at most; None: as many as come."""
        return self._rate

    def turn(self, *, after: float, within: float) -> float | None:
        """Take the next turn, and return the seconds until then.

        Args:
            after: The seconds that pass in any case before.
            within: The seconds that the caller can wait at most.

        Returns:
            None if the next turn comes too late; it is left to others.
        """
        with self._lock:
            now = self._clock()
            turn = now + after
            if self._rate is not None:
                turn = max(turn, self._next_turn)
            if turn - now > within:
                return None
            if self._rate is not None:
                self._next_turn = turn + 1 / self._rate
            if turn - self._last_turn > _WINDOW_SECONDS:
                self._busy_since = turn
            self._last_turn = turn
            return turn - now

    def throttled(self) -> None:
        """Note that a call was throttled: go on with a little more than what was taken."""
        with self._lock:
            now = self._clock()
            # The calls under way at that moment are throttled together: one step for all of them.
            if now - max(self._changed, self._busy_since) < _STEP_SECONDS:
                return
            self._forget(now)
            reached = len(self._taken) / min(_WINDOW_SECONDS, now - self._busy_since)
            rate = _FASTER * reached if self._rate is None else min(self._rate, _FASTER * reached)
            self._change(max(_LOWEST_RATE, rate), now)

    def taken(self) -> None:
        """Note that a call was taken: after a while without throttling, go faster."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            self._taken.append(now)
            if self._rate is not None and now - self._changed >= _STEP_SECONDS:
                self._change(self._rate * _FASTER, now)

    def _change(self, rate: float, now: float) -> None:
        self._rate = rate
        self._next_turn = max(now, min(self._next_turn, now + 1 / rate))
        self._changed = now

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0] < now - _WINDOW_SECONDS:
            self._taken.popleft()
