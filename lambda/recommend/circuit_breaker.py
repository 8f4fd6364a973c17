"""A circuit breaker for each model: what fails again and again is left in peace for a while."""

import time
from collections.abc import Callable

FAILURES = 5
"""The failures in a row that open a breaker."""
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0


class CircuitBreaker:
    """Lets calls through until several in a row fail, then one now and then until it succeeds.

    It lives as long as the process of the function, which makes one call at a time. A request that
    finds it open is answered by a fallback at once, and does not wait for what will not come.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin closed.

        Args:
            clock: Tells the time in seconds.
        """
        self._clock = clock
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._closed_again: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls are not let through now."""
        return self.seconds_left > 0

    @property
    def seconds_left(self) -> float:
        """The seconds until a call is let through to try."""
        return max(0.0, self._closed_again - self._clock()) if self._closed_again else 0.0

    def succeeded(self) -> None:
        """Note that a call succeeded."""
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._closed_again = None

    def failed(self) -> None:
        """Note that a call failed."""
        self._failures += 1
        if self._failures < FAILURES:
            return
        self._closed_again = self._clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
