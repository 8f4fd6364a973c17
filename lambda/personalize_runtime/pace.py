"""How many calls a second a service takes: found out, since quotas are shared and can be raised."""

import threading
import time
from collections import deque
from collections.abc import Callable

_SLOWER = 0.7
_FASTER = 1.1
_LOWEST_RATE = 0.5
_SECOND = 1.0


class Pace:
    """A rate that goes down when a call is throttled, and up again a tenth each second.

    It lives as long as the process of the function, so that an invocation begins at the rate that
    the last one ended with. A call that was throttled says what rate is too high: the one that
    there was in the second before.
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
        self._turns: deque[float] = deque()
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
            self._turns.append(turn)
            return turn - now

    def slow_down(self) -> None:
        """Note that a call was throttled."""
        with self._lock:
            now = self._clock()
            # The calls under way at that moment are throttled together: one step for all of them.
            if self._rate is not None and now - self._changed < _SECOND:
                return
            self._forget(now)
            reached = float(sum(1 for turn in self._turns if turn <= now)) or 1.0
            rate = reached if self._rate is None else min(self._rate, reached)
            self._rate = max(_LOWEST_RATE, _SLOWER * rate)
            self._next_turn = now + 1 / self._rate
            self._changed = now

    def speed_up(self) -> None:
        """Note that a call was taken."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            if self._rate is not None and now - self._changed >= _SECOND:
                self._rate *= _FASTER
                self._changed = now

    def _forget(self, now: float) -> None:
        while self._turns and self._turns[0] < now - _SECOND:
            self._turns.popleft()
