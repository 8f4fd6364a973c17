"""Lists in what CloudFormation is told, which takes no more than 4 KB for the whole answer."""

from __future__ import annotations

from collections.abc import Sequence

_MOST = 10


def listed(things: Sequence[str], *, between: str = ", ") -> str:
    """Return the first of the things, and how many more there are."""
    more = len(things) - _MOST
    return between.join([*things[:_MOST], *([f"and {more} more"] if more > 0 else [])])
