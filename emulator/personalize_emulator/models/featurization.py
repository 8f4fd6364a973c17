"""What of the data a model is trained on, and how much each interaction counts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.settings import EventParameters


def weighed(data: TrainingData, events: Sequence[EventParameters]) -> TrainingData:
    """Keep the interactions that an events configuration lists, with its weights.

    An interaction of a type that is not listed is left out, as is one whose value is below the
    threshold of its type, or that has no value where there is a threshold
    (optimizing-solution-events-config). Only the ratio of the weights matters.

    Args:
        data: The data.
        events: The configuration; an empty one keeps everything as it is.

    Raises:
        ValueError: No type has a weight above 0.
    """
    if not events:
        return data
    greatest = max(event.weight for event in events)
    if greatest <= 0:
        msg = "at least one event type must have a weight above 0"
        raise ValueError(msg)
    weight = np.zeros(len(data), dtype=np.float32)
    for event in events:
        wanted = event.event_type.casefold()
        codes = [at for at, name in enumerate(data.event_types) if name.casefold() == wanted]
        counted = np.isin(data.event_type, codes)
        if event.threshold is not None:
            counted &= data.event_value >= event.threshold
        weight[counted] = event.weight / greatest
    kept = weight > 0
    return replace(data.where(kept), weight=weight[kept])


def within_percentiles(data: TrainingData, shares: Mapping[str, str]) -> TrainingData:
    """Leave out users, and items, that have too few or too many interactions.

    A percentile that lies between two users takes in the one that is further out, so that a
    hundred users lose nobody by a maximum of 0.99. Those of users and of items are both told from
    all the data: which the service looks at first is not documented. The catalogue stays whole.

    Args:
        data: The data.
        shares: The feature transformation: `min_user_history_length_percentile` and
            `max_user_history_length_percentile`, and the same of
            `..._item_interaction_count_percentile`. One that is missing leaves out nothing.
    """
    kept = np.ones(len(data), dtype=bool)
    for who, what in ((data.user, "user_history_length"), (data.item, "item_interaction_count")):
        least = float(shares.get(f"min_{what}_percentile", 0.0))
        greatest = float(shares.get(f"max_{what}_percentile", 1.0))
        kept &= _within(who, least, greatest)
    return data if kept.all() else data.where(kept)


def _within(who: NDArray[np.int32], least: float, greatest: float) -> NDArray[np.bool_]:
    counts = np.bincount(who) if len(who) else np.zeros(0, dtype=np.int64)
    lengths = counts[counts > 0]
    if len(lengths) == 0:
        return np.ones(len(who), dtype=bool)
    low = np.quantile(lengths, least, method="lower")
    high = np.quantile(lengths, greatest, method="higher")
    kept: NDArray[np.bool_] = (counts[who] >= low) & (counts[who] <= high)
    return kept
