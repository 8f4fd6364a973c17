"""The emulator's time: it starts with real time and may run faster."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Emulated time, in epoch seconds.

    With a speed of 1000, the half hour that a training lasts is over in 1.8 real seconds.
    """

    def __init__(self, speed: float = 1.0, *, start: float | None = None) -> None:
        """Start the clock.

        Args:
            speed: Emulated seconds for each real second.
            start: The emulated time now. (default: real time)

        Raises:
            ValueError: The speed is not above zero.
        """
        if speed <= 0:
            msg = f"speed must be above 0, got {speed}"
            raise ValueError(msg)
        self.speed = speed
        self._origin = time.time() if start is None else start
        self._started = time.monotonic()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> float:
        """Return the emulated time in epoch seconds."""
        return self._origin + (time.monotonic() - self._started) * self.speed

    def advance(self, emulated: float) -> None:
        """Skip this much time, whatever was to happen in it: a test need not wait for it."""
        self._origin += max(0.0, emulated)
        for listener in self._listeners:
            listener()

    def advance_to(self, moment: float) -> None:
        """Never be earlier than this moment: what a state file holds must lie in the past."""
        self.advance(moment - self.now())

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this whenever time is skipped."""
        self._listeners.append(listener)

    def real_seconds(self, emulated: float) -> float:
        """Return how long this much emulated time lasts, never below zero."""
        return max(0.0, emulated / self.speed)

    def real_seconds_until(self, moment: float) -> float:
        """Return how long it is until an emulated moment, never below zero."""
        return self.real_seconds(moment - self.now())

    def sleep(self, emulated: float) -> None:
        """Sleep through this much emulated time."""
        time.sleep(self.real_seconds(emulated))
