"""Calls that are tried again, as long as there is time."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

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

    def allows_a_call(self, *, after: float = 0) -> bool:
        """Tell whether a call that begins `after` some seconds would end in time."""
        return self.remaining() >= after + self.call + self.reserve

    def retry(self, call: Callable[[], T]) -> T:
        """Call until it succeeds, pausing at random (full jitter) so that callers spread out.

        Raises:
            OutOfTimeError: If there is no time for a call, or for another one.
            GivenUpError: If the call failed for a reason that does not pass.
        """
        longest = _FIRST_PAUSE_SECONDS
        if not self.allows_a_call():
            raise OutOfTimeError
        while True:
            try:
                return call()
            except Exception as error:
                trouble = trouble_of(error)
                if not trouble.passes:
                    raise GivenUpError(error, trouble) from error
                pause = random.uniform(0, longest)
                if not self.allows_a_call(after=pause):
                    raise OutOfTimeError from error
            self.pause(pause)
            longest = min(2 * longest, _LONGEST_PAUSE_SECONDS)
