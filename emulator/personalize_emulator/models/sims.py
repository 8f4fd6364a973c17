"""aws-sims: the items that stand together in the histories of users."""

from dataclasses import dataclass
from typing import ClassVar

from personalize_emulator.models.archive import Matrix
from personalize_emulator.models.cooccurrence import neighbours
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.featurization import within_percentiles
from personalize_emulator.models.hyperparameters import Values
from personalize_emulator.models.related_items import KEPT, RelatedItems
from personalize_emulator.models.settings import TrainingSettings


@dataclass(frozen=True)
class Sims(RelatedItems):
    """Recommend the items that the same users met, if enough of them did."""

    kind: ClassVar[str] = "aws-sims"

    @classmethod
    def relate(cls, data: TrainingData, settings: TrainingSettings) -> Matrix:
        """Count who met both, among the users and items between the percentiles.

        Raises:
            ValueError: If the percentiles leave nothing to count.
        """
        values = Values.of(cls.kind, settings)
        kept = within_percentiles(data, values.texts)
        if len(data) and len(kept) == 0:
            msg = "no interactions are left between the percentiles of users and items"
            raise ValueError(msg)
        return neighbours(
            kept,
            popularity_exponent=values.number("popularity_discount_factor"),
            min_cointeractions=values.integer("min_cointeraction_count"),
            count=KEPT,
        )
