"""What becomes of an invocation that is throttled so much that it cannot send its batch in time.

The function then stops and reports the first record that is not settled. Everything from there on
comes again, and what was sent after it is sent twice. (Amazon Personalize drops the repeats by
their `eventId`, but they count against the quota.) How much that is depends on the unluckiest of
the calls under way: the longer it pauses, the more its neighbours have sent meanwhile.
"""

import random
from functools import lru_cache

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

_CALLS = 8_000  # to play, at least
_SAMPLES = 1_000
_BISECTIONS = 12
_SEED = 1


def useful_share(
    seconds_per_call: float, *, try_seconds: float, sending_seconds: float, threads: int
) -> float:
    """Return the share of the accepted calls that settle something, and are not made again.

    Args:
        seconds_per_call: What an accepted call takes of a thread, with its tries and pauses.
        try_seconds: What one try takes.
        sending_seconds: How long the invocation sends.
        threads: The calls side by side.
    """
    if seconds_per_call <= try_seconds:
        return 1.0
    return _useful_share(
        float(f"{seconds_per_call:.2g}"), float(f"{try_seconds:.2g}"), sending_seconds, threads
    )


@lru_cache(maxsize=256)
def _useful_share(
    seconds_per_call: float, try_seconds: float, sending_seconds: float, threads: int
) -> float:
    accepted = _share_accepted(seconds_per_call, try_seconds)
    rng = random.Random(_SEED)
    done = useful = 0
    while done < _CALLS:
        # The threads take up the calls in order, each the next when it is free.
        free = [0.0] * threads
        in_time: list[bool] = []
        while (begin := min(free)) < sending_seconds:
            thread = free.index(begin)
            free[thread] = begin + _call(rng, accepted, try_seconds)
            in_time.append(free[thread] <= sending_seconds)
        done += sum(in_time)
        useful += in_time.index(False)  # the last call of a thread never ends in time
    return useful / done


def _share_accepted(seconds_per_call: float, try_seconds: float) -> float:
    """Return the share of tries that the service accepts, where calls take so long."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        rng = random.Random(_SEED)
        mean = sum(_call(rng, middle, try_seconds) for _ in range(_SAMPLES)) / _SAMPLES
        low, high = (middle, high) if mean > seconds_per_call else (low, middle)
    return high


def _call(rng: random.Random, accepted: float, try_seconds: float) -> float:
    """Return what one call takes until it is accepted, with full jitter as in the function."""
    seconds, longest = try_seconds, FIRST_PAUSE
    while rng.random() > accepted:
        seconds += rng.uniform(0, longest) + try_seconds
        longest = min(2 * longest, LONGEST_PAUSE)
    return seconds
