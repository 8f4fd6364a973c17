"""aws-ecomm-popular-items-by-views and -by-purchases: what is viewed or bought most often."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.popularity import counts
from personalize_emulator.models.popularity_count import PopularityCount


@dataclass(frozen=True)
class EventCount(PopularityCount):
    """Recommend by the number of events.

    The guide counts "how many times your customers" viewed or purchased an item
    (ECOMMERCE-use-cases), so one who comes back counts each time.
    """

    kind: ClassVar[str] = "event-count"

    @classmethod
    def count(cls, data: TrainingData) -> NDArray[np.float64]:
        """How many events each item has."""
        return counts(data)
