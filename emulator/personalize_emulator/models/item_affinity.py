"""aws-item-affinity: the users who will like an item."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from personalize_emulator.models.model import SegmentQuery
from personalize_emulator.models.segmentation import UserSegmentation


@dataclass(frozen=True)
class ItemAffinity(UserSegmentation):
    """Find the users who met what goes with an item, and the item itself."""

    kind: ClassVar[str] = "aws-item-affinity"

    def segment(self, query: SegmentQuery) -> list[str]:
        """The users most likely to meet the item; none for one that was not there at training."""
        position = self._item.get(query.item_id or "")
        if position is None:
            return []
        return self.users_of(np.array([position]), query.num_results, query.allowed)
