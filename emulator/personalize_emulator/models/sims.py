"""aws-sims: the items that stand together in the histories of users."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Matrix
from personalize_emulator.models.cooccurrence import neighbours
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.related_items import KEPT, RelatedItems
from personalize_emulator.models.settings import TrainingSettings

# The defaults of the guide's page native-recipe-sims.
_DISCOUNT = 0.5
_LEAST_COMMON = 3
_SHORTEST, _LONGEST = 0.005, 0.995
_RAREST, _MOST_MET = 0.01, 0.9


@dataclass(frozen=True)
class Sims(RelatedItems):
    """Recommend the items that the same users met, if enough of them did."""

    kind: ClassVar[str] = "sims"

    @classmethod
    def relate(cls, data: TrainingData, settings: TrainingSettings) -> Matrix:
        """Count who met both, among the users and items between the percentiles.

        Raises:
            ValueError: If the percentiles leave nothing to count.
        """
        kept = _between_percentiles(data, settings.features)
        if len(data) and len(kept) == 0:
            msg = "no interactions are left between the percentiles of users and items"
            raise ValueError(msg)
        return neighbours(
            kept,
            popularity_exponent=_number(
                settings.parameters, "popularity_discount_factor", _DISCOUNT
            ),
            min_cointeractions=int(
                _number(settings.parameters, "min_cointeraction_count", _LEAST_COMMON)
            ),
            count=KEPT,
        )


def _between_percentiles(data: TrainingData, features: Mapping[str, str]) -> TrainingData:
    """The interactions of users with histories, and with items with numbers, of usual length.

    Both percentiles are those of all the data: which of them is looked at first is not documented.
    """
    users = _usual(
        np.bincount(data.user, minlength=len(data.user_ids)),
        _number(features, "min_user_history_length_percentile", _SHORTEST),
        _number(features, "max_user_history_length_percentile", _LONGEST),
    )
    items = _usual(
        np.bincount(data.item, minlength=len(data.item_ids)),
        _number(features, "min_item_interaction_count_percentile", _RAREST),
        _number(features, "max_item_interaction_count_percentile", _MOST_MET),
    )
    return data.where(users[data.user] & items[data.item])


def _usual(numbers: NDArray[np.int64], low: float, high: float) -> NDArray[np.bool_]:
    """Which numbers lie between two percentiles of those that are not zero."""
    known = numbers[numbers > 0]
    if len(known) == 0:
        return np.zeros(len(numbers), dtype=bool)
    # A percentile between two of them takes in the one that is further out.
    least = np.quantile(known, low, method="lower")
    most = np.quantile(known, high, method="higher")
    usual: NDArray[np.bool_] = (numbers >= least) & (numbers <= most)
    return usual


def _number(values: Mapping[str, str], name: str, default: float) -> float:
    return float(values.get(name, default))
