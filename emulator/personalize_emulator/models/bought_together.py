"""aws-ecomm-frequently-bought-together: what lies in the same baskets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from personalize_emulator.models.archive import Matrix
from personalize_emulator.models.cooccurrence import neighbours, visits_of
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.evaluation import Case, hold_out_visits
from personalize_emulator.models.related_items import KEPT, RelatedItems
from personalize_emulator.models.settings import TrainingSettings

_PAUSE = 3600
"""Seconds after which a user's next purchase is another basket; how the service tells baskets
apart is not documented, and an hour's pause ends a visit to most shops."""


@dataclass(frozen=True)
class BoughtTogether(RelatedItems):
    """Recommend what is bought with an item, at the same time and by the same user."""

    kind: ClassVar[str] = "bought-together"

    @classmethod
    def relate(cls, data: TrainingData, settings: TrainingSettings) -> Matrix:
        """Count the baskets with both; a use case has no parameters."""
        del settings
        # Each basket in the place of its user.
        return neighbours(replace(data, user=visits_of(data, gap=_PAUSE)), count=KEPT)

    @classmethod
    def hold_out(cls, data: TrainingData, *, seed: int) -> tuple[TrainingData, Sequence[Case]]:
        """Split off the last tenth, and ask what lies in each of its baskets beside one thing."""
        return hold_out_visits(data, visits_of(data, gap=_PAUSE), seed=seed)
