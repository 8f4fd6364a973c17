"""Calls that are tried again, as long as there is time."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from personalize_runtime.pace import Pace
from personalize_runtime.service_errors import Trouble, trouble_of

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0

T = TypeVar("T")


class OutOfTimeError(Exception):
    """The call did not succeed in the time that there was; its outcome may be unknown."""


class GivenUpError(Exception):
    """The call failed for a reason that another try does not mend.

    Attributes:
        trouble: The kind of failure.
    """

    def __init__(self, error: Exception, trouble: Trouble) -> None:
        """Tell of `error`."""
        super().__init__(str(error))
        self.trouble = trouble


@dataclass(frozen=True)
class Deadline:
    """The time that an invocation has left for calls.

    Attributes:
        remaining: Tells the seconds that the invocation has left.
        reserve: The seconds that what follows the calls needs.
        call: The seconds that one call may take.
        pause: Waits for some seconds.
    """

    remaining: Callable[[], float]
    reserve: float
    call: float
    pause: Callable[[float], None] = time.sleep

    def retry(self, call: Callable[[], T], pace: Pace | None = None) -> T:
        """Call until it succeeds, pausing at random (full jitter) so that callers spread out.

        Args:
            call: What to call.
            pace: The rate that the call keeps to, and that is lower after it was throttled.

        Raises:
            OutOfTimeError: If there is no time for a call, or for another one.
            GivenUpError: If the call failed for a reason that does not pass.
        """
        longest = _FIRST_PAUSE_SECONDS
        pause = 0.0
        cause: Exception | None = None
        while True:
            turn = self._turn(pause, pace)
            if turn is None:
                raise OutOfTimeError from cause
            if turn:
                self.pause(turn)
            try:
                answer = call()
            except Exception as error:
                trouble = trouble_of(error)
                if not trouble.passes:
                    raise GivenUpError(error, trouble) from error
                if pace and trouble is Trouble.THROTTLED:
                    pace.throttled()
                cause = error
            else:
                if pace:
                    pace.taken()
                return answer
            pause = random.uniform(0, longest)
            longest = min(2 * longest, _LONGEST_PAUSE_SECONDS)

    def _turn(self, pause: float, pace: Pace | None) -> float | None:
        """Return how long to wait for the next call, or None if it would not end in time."""
        most = self.remaining() - self.call - self.reserve
        if pace is not None:
            return pace.turn(after=pause, within=most)
        return pause if pause <= most else None
