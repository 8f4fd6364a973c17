"""How many calls a second a service takes: found out, since quotas are shared and can be raised."""

import threading
import time
from collections import deque
from collections.abc import Callable

_SLOWER = 0.7
_FASTER = 1.1
_LOWEST_RATE = 0.5
_SECOND = 1.0
# The share of throttled calls that says that the rate is too high, and of how many calls at least.
_TOLERATED = 0.15
_TELLING = 40


class Pace:
    """A rate that goes down when calls are throttled, and up again a tenth each second.

    It lives as long as the process of the function, so that an invocation begins at the rate that
    the last one ended with. Calls that are throttled say what rate is too high: the one that there
    was in the second before. A few of them among many say nothing: a service throttles one now and
    then, whatever the rate, and it only has to be made again.
    """

    def __init__(
        self, rate: float | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin at a rate.

        Args:
            rate: Calls a second (default: as many as come, until many are throttled).
            clock: Tells the time in seconds.
        """
        self._rate = rate
        self._clock = clock
        self._next_turn = clock()
        self._changed = clock()
        self._asked = clock()
        self._busy_since = clock()
        self._turns: deque[float] = deque()
        self._outcomes: deque[tuple[float, bool]] = deque()  # when, and whether throttled
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
            # In the first second after a rest nobody can tell how many calls a second there are.
            if now - self._asked > _SECOND:
                self._busy_since = now
            self._asked = now
            turn = now + after
            if self._rate is not None:
                turn = max(turn, self._next_turn)
            if turn - now > within:
                return None
            if self._rate is not None:
                self._next_turn = turn + 1 / self._rate
            self._turns.append(turn)
            return turn - now

    def throttled(self) -> None:
        """Note that a call was throttled."""
        with self._lock:
            now = self._clock()
            self._note(now, throttled=True)
            if self._can_tell(now) and self._is_too_fast():
                reached = float(sum(1 for turn in self._turns if turn <= now)) or 1.0
                rate = reached if self._rate is None else min(self._rate, reached)
                self._rate = max(_LOWEST_RATE, _SLOWER * rate)
                # Never earlier than what was given already: some wait for those turns.
                self._next_turn = max(self._next_turn, now + 1 / self._rate)
                self._changed = now
                self._outcomes.clear()

    def taken(self) -> None:
        """Note that a call was taken."""
        with self._lock:
            now = self._clock()
            self._note(now, throttled=False)
            if self._rate is not None and self._can_tell(now) and not self._is_too_fast():
                self._rate *= _FASTER
                self._changed = now

    def _can_tell(self, now: float) -> bool:
        """Whether calls have been made for a second, and at the rate that there is now."""
        return now - max(self._busy_since, self._changed) >= _SECOND

    def _is_too_fast(self) -> bool:
        throttled = sum(throttled for _, throttled in self._outcomes)
        return throttled > _TOLERATED * max(len(self._outcomes), _TELLING)

    def _note(self, now: float, *, throttled: bool) -> None:
        """Remember an outcome, and forget what is old, but for as many outcomes as tell enough."""
        self._outcomes.append((now, throttled))
        while len(self._outcomes) > _TELLING and self._outcomes[0][0] < now - _SECOND:
            self._outcomes.popleft()
        while self._turns and self._turns[0] < now - _SECOND:
            self._turns.popleft()
