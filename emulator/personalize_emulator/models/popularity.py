"""What everybody likes: the model behind a request that says nothing about the user."""

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.data import TrainingData

_HALF_LIVES = 12
"""How often the weight of an interaction halves over the time that the data covers."""

_CROWD_EXPONENT = 0.25
"""How far the interactions of a user count less, the more there are."""


def counts(data: TrainingData) -> NDArray[np.float64]:
    """The number of interactions of each item."""
    return np.bincount(data.item, minlength=len(data.item_ids)).astype(np.float64)


def plain_popularity(data: TrainingData) -> NDArray[np.float64]:
    """The popularity of each item over all time, from 0 to 1."""
    number = np.bincount(data.item, data.weight, minlength=len(data.item_ids)).astype(np.float64)
    popularity: NDArray[np.float64] = number / max(float(number.max(initial=0)), 1e-9)
    return popularity


def recent_popularity(data: TrainingData) -> NDArray[np.float64]:
    """The popularity of each item of late, from 0 to 1.

    The more a user does, the less each interaction counts: a reseller is not a crowd.
    """
    if len(data) == 0:
        return np.zeros(len(data.item_ids))
    age = (data.timestamp.max() - data.timestamp).astype(np.float64)
    half_life = max(float(age.max()) / _HALF_LIVES, 1.0)
    weight = np.exp2(-age / half_life)
    weight *= (np.maximum(np.bincount(data.user), 1) ** -_CROWD_EXPONENT)[data.user]
    if data.weight is not None:
        weight *= data.weight
    late = np.bincount(data.item, weight, minlength=len(data.item_ids)).astype(np.float64)
    # Of two items not met lately the one with the longer history comes first.
    popularity: NDArray[np.float64] = late + 1e-6 * counts(data)
    return popularity / float(popularity.max())
