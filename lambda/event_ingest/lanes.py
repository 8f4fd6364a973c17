"""How entries become calls: order matters within a lane, and between lanes it does not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from event_ingest.destinations import MAX_ENTRIES
from personalize_runtime.envelope import Entry, Kind


@dataclass(frozen=True, slots=True)
class Pending:
    """An entry that waits to be sent, and the place of its record in the batch."""

    place: int
    entry: Entry


def lanes(kind: Kind, pending: Sequence[Pending], *, most: int) -> list[list[Pending]]:
    """Divide the entries of one kind into lanes.

    Args:
        kind: Their kind.
        pending: The entries, in order.
        most: How many lanes are driven side by side.
    """
    match kind:
        case Kind.INTERACTION:
            return _by_session(pending)
        case Kind.ACTION_INTERACTION:
            return _packed(pending, most)
        case _:
            # The service takes ten calls a second, which one lane makes.
            return [list(pending)]


def calls(kind: Kind, lane: Sequence[Pending]) -> Iterator[Sequence[Pending]]:
    """Divide a lane into the entries of one call each."""
    if kind is Kind.INTERACTION:
        for _, run in groupby(lane, key=lambda one: one.entry.user_id):
            yield from _chunks(list(run))
    elif kind is Kind.ACTION_INTERACTION:
        yield from _chunks(lane)
    else:
        yield from _without_repeats(lane)


def _by_session(pending: Sequence[Pending]) -> list[list[Pending]]:
    """A lane is one user in one session.

    Where a session began without a user, it is the whole session: the service gives those events
    to the user who is named later in it.
    """
    anonymous = {one.entry.key for one in pending if one.entry.user_id is None}
    divided: dict[tuple[str, str | None], list[Pending]] = {}
    for one in pending:
        user = None if one.entry.key in anonymous else one.entry.user_id
        divided.setdefault((one.entry.key, user), []).append(one)
    return list(divided.values())


def _packed(pending: Sequence[Pending], most: int) -> list[list[Pending]]:
    """Put whole sessions into as few lanes as fill their calls: a call takes any sessions."""
    packed: list[list[Pending]] = [[] for _ in range(min(most, -(-len(pending) // MAX_ENTRIES)))]
    sessions: dict[str, list[Pending]] = {}
    for one in pending:
        sessions.setdefault(one.entry.key, []).append(one)
    for session in sorted(sessions.values(), key=len, reverse=True):
        min(packed, key=len).extend(session)
    return [lane for lane in packed if lane]


def _chunks(lane: Sequence[Pending]) -> Iterator[Sequence[Pending]]:
    for start in range(0, len(lane), MAX_ENTRIES):
        yield lane[start : start + MAX_ENTRIES]


def _without_repeats(lane: Sequence[Pending]) -> Iterator[Sequence[Pending]]:
    """Keep two versions of one item apart: in one call nobody says which of them counts."""
    chunk: list[Pending] = []
    for one in lane:
        if len(chunk) == MAX_ENTRIES or any(one.entry.key == other.entry.key for other in chunk):
            yield chunk
            chunk = []
        chunk.append(one)
    if chunk:
        yield chunk
