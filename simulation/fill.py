"""How full a call of PutEvents is: the occupancy of a batch by sessions.

A call takes ten events at most, and all of one session. A batch holds what one partition of the
stream received in some seconds, its span. A session has one partition key, so all of its events of
that span are in that batch, and each session that is there costs a call for every ten events begun.

Sessions begin at random, last `visits.seconds` and make events at random with the rate
`visits.rate`. Of a span a session then has an overlap `o` of two intervals, and its events in the
batch are Poisson with the mean `visits.rate * o`. For each session that begins a second, over all
times at which it may begin,

    calls  = |L - T| C(r m) + 2 * integral of C(r o) for o from 0 to m,    m = min(L, T)
    events = r L T

where T is the span, L the length of a session, r its rate, and C(x) the mean of ceil(X / 10) for a
Poisson X of mean x. The mean events of a call are events / calls. How many sessions there are drops
out: more traffic alone fills no call, a longer span does.

Real sessions differ from each other, which for the same mean leaves more of them out of a batch and
puts more events of others in: calls are then fuller than here.
"""

import math
from collections.abc import Iterator
from functools import lru_cache

from simulation.settings import MAX_EVENTS, Visits

_DIGITS = 3  # a span is rounded to, so that few are ever computed


def events_per_call(span: float, visits: Visits) -> float:
    """Return the mean events of one call.

    Args:
        span: The seconds of events that a batch holds.
        visits: Who makes the events.
    """
    if span <= 0:
        return 1.0
    digits = _DIGITS - 1 - math.floor(math.log10(span))
    return _events_per_call(round(span, digits), visits)


@lru_cache(maxsize=16_384)
def _events_per_call(span: float, visits: Visits) -> float:
    rate, length = visits.rate, visits.seconds
    overlap = min(length, span)
    whole = partial = 0.0
    for above, area in _tail(rate * overlap):
        whole += above
        # The integral of P(X > n) over the overlap, by parts.
        partial += overlap - area / rate
    calls = abs(length - span) * whole + 2 * partial
    return rate * length * span / calls


def _tail(mean: float) -> Iterator[tuple[float, float]]:
    """Return P(X > n), and its sum up to n, for n = 0, 10, 20, ... as far as it is above nothing.

    Args:
        mean: The mean of the Poisson variable X.
    """
    logarithm, at_most, area = -mean, 0.0, 0.0  # a probability itself would be 0 for a large mean
    for count in range(math.ceil(mean + 10 * math.sqrt(mean)) + MAX_EVENTS):
        at_most += math.exp(logarithm)
        above = max(0.0, 1 - at_most)
        area += above
        if count % MAX_EVENTS == 0:
            yield above, area
        logarithm += math.log(mean / (count + 1))
