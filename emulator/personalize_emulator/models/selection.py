"""From scores to a list: the best items that the filter lets through."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.model import CatalogueFilter, ScoredItem


def best(
    scores: NDArray[np.floating[Any]],
    item_ids: Sequence[str],
    count: int,
    allowed: Callable[[str], bool] | None = None,
) -> list[ScoredItem]:
    """The items with the highest positive scores, best first.

    Args:
        scores: The score of each item; an item without a positive one is never chosen.
        item_ids: The items.
        count: The most to choose.
        allowed: The filter (default: all may be chosen).
    """
    kept: NDArray[np.intp] | None = None
    if isinstance(allowed, CatalogueFilter):
        kept = np.flatnonzero(allowed.mask(item_ids))
        scores, allowed = scores[kept], None
    chosen: list[ScoredItem] = []
    looked_at, reach = 0, count
    # Only the head is sorted; a filter that rejects much makes it reach further down.
    while len(chosen) < count and looked_at < len(scores):
        reach = min(reach, len(scores))
        head = _head(scores, reach)
        for position in head[looked_at:]:
            if scores[position] <= 0:
                return chosen
            item = item_ids[position if kept is None else kept[position]]
            if allowed is None or allowed(item):
                chosen.append(ScoredItem(item, float(scores[position])))
                if len(chosen) == count:
                    return chosen
        looked_at, reach = reach, reach * 8
    return chosen


def highest(scores: NDArray[np.floating[Any]], count: int) -> NDArray[np.intp]:
    """The positions of the highest scores, in no order."""
    if count >= len(scores):
        return np.arange(len(scores))
    return np.argpartition(scores, len(scores) - count)[len(scores) - count :]


def _head(scores: NDArray[np.floating[Any]], count: int) -> NDArray[np.intp]:
    """The positions of the highest scores, best first, equal ones in the order of the catalogue."""
    if count >= len(scores):
        return np.argsort(-scores, kind="stable")
    least = np.partition(scores, len(scores) - count)[len(scores) - count]
    above = np.flatnonzero(scores > least)
    level = np.flatnonzero(scores == least)[: count - len(above)]
    return np.concatenate([above[np.argsort(-scores[above], kind="stable")], level])
