"""aws-ecomm-frequently-bought-together: what lies in the same baskets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from personalize_emulator.models.archive import Matrix
from personalize_emulator.models.cooccurrence import neighbours
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.evaluation import Case
from personalize_emulator.models.model import HistoryEvent
from personalize_emulator.models.related_items import KEPT, RelatedItems
from personalize_emulator.models.settings import TrainingSettings

_PAUSE = 3600
"""Seconds after which a user's next purchase is another basket; how the service tells baskets
apart is not documented, and an hour's pause ends a visit to most shops."""

_SHARE = 0.1
_CASES = 1000


@dataclass(frozen=True)
class BoughtTogether(RelatedItems):
    """Recommend what is bought with an item, at the same time and by the same user."""

    kind: ClassVar[str] = "bought-together"

    @classmethod
    def relate(cls, data: TrainingData, settings: TrainingSettings) -> Matrix:
        """Count the baskets with both; a use case has no parameters."""
        del settings
        return neighbours(baskets(data), count=KEPT)

    @classmethod
    def hold_out(cls, data: TrainingData, *, seed: int) -> tuple[TrainingData, Sequence[Case]]:
        """Split off the last tenth, and ask what lies in each of its baskets beside one thing."""
        early = np.arange(len(data)) < len(data) - int(len(data) * _SHARE)
        return data.where(early), _cases(baskets(data.where(~early)), seed)


def baskets(data: TrainingData) -> TrainingData:
    """The same interactions, each with its basket in the place of its user."""
    order = np.lexsort((np.arange(len(data)), data.user))
    user, timestamp = data.user[order], data.timestamp[order]
    begins = np.ones(len(data), dtype=bool)
    begins[1:] = (user[1:] != user[:-1]) | (np.diff(timestamp) > _PAUSE)
    basket = np.empty(len(data), dtype=np.int32)
    basket[order] = np.cumsum(begins) - 1
    return replace(data, user=basket, user_ids=[""] * int(begins.sum()))


def _cases(bought: TrainingData, seed: int) -> list[Case]:
    """A case for each basket of two things and more, a sample of many."""
    order = np.argsort(bought.user, kind="stable")
    edges = np.flatnonzero(np.diff(bought.user[order])) + 1
    items = np.split(bought.item[order], edges)
    timestamps = np.split(bought.timestamp[order], edges)
    several = [at for at, own in enumerate(items) if len(set(own.tolist())) > 1]
    if len(several) > _CASES:
        chosen = np.random.default_rng(seed).choice(len(several), _CASES, replace=False)
        several = [several[at] for at in np.sort(chosen)]
    cases: list[Case] = []
    for at in several:
        first, *others = dict.fromkeys(items[at].tolist())
        asked = HistoryEvent(bought.item_ids[first], "", int(timestamps[at][0]))
        cases.append(Case(at, [asked], frozenset(bought.item_ids[item] for item in others)))
    return cases
