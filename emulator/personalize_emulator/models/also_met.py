"""aws-ecomm-customers-who-viewed-x-also-viewed, aws-vod-because-you-watched-x: what else they met.

Which events count is the use case's; those items that the user knows are left out by who serves.
"""

from dataclasses import dataclass
from typing import ClassVar

from personalize_emulator.models.archive import Matrix
from personalize_emulator.models.cooccurrence import neighbours
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.related_items import KEPT, RelatedItems
from personalize_emulator.models.settings import TrainingSettings


@dataclass(frozen=True)
class AlsoMet(RelatedItems):
    """Recommend the items that the same users met."""

    kind: ClassVar[str] = "also-met"

    @classmethod
    def relate(cls, data: TrainingData, settings: TrainingSettings) -> Matrix:
        """Say what users who met both say; a use case has no parameters."""
        del settings
        return neighbours(data, count=KEPT)
