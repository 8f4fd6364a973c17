"""An objective beside relevance: items with much of an attribute come first."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.settings import Objective

_SENSITIVITY = {"OFF": 0.0, "LOW": 1.0, "MEDIUM": 3.0, "HIGH": 6.0}
"""The power of e by which the item with most of the attribute is ahead of the one with least."""


def rewards(
    objective: Objective, item_ids: Sequence[str], metadata: Mapping[str, Mapping[str, object]]
) -> NDArray[np.float64]:
    """The attribute of each item; 0 for an item without it, or with a negative one.

    Raises:
        ValueError: The attribute is no numeric column of Items.
    """
    found = np.zeros(len(item_ids))
    known = False
    for at, item in enumerate(item_ids):
        value = metadata.get(item, {}).get(objective.item_attribute)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[at] = max(float(value), 0.0)
            known = True
        elif value is not None:
            msg = f"the objective {objective.item_attribute} must be numeric, got {value!r}"
            raise ValueError(msg)
    if not known:
        msg = f"the objective {objective.item_attribute} is no numeric column of the Items dataset"
        raise ValueError(msg)
    return found


def appeal(objective: Objective, rewarded: NDArray[np.float64]) -> NDArray[np.float32]:
    """The factor by which the score of each item rises.

    It goes by rank, so that a few items with very much of the attribute do not take every answer.

    Args:
        objective: The objective and how much it counts.
        rewarded: The attribute of each item.
    """
    ordered, rank = np.unique(rewarded, return_inverse=True)
    share = rank / max(len(ordered) - 1, 1)
    found: NDArray[np.float32] = np.exp(_SENSITIVITY[objective.sensitivity.upper()] * share).astype(
        np.float32
    )
    return found
