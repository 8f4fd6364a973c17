"""Offline metrics on a part of the data that the measured model has not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.model import HistoryEvent

_SHARE = 0.1
_CASES = 1000
"""Users asked for at most: the metrics of more differ in the third digit."""

_SCORES = 25_000_000
"""Scores computed at most, users times catalogue: a second or two."""

_DEPTHS = (5, 10, 25)
_DEEPEST = 25


@dataclass(frozen=True)
class Case:
    """A user at the moment at which the held-out part begins.

    Attributes:
        user: The user, as a position in the data's `user_ids`.
        history: What the user had done, oldest first.
        relevant: What the user did next.
    """

    user: int
    history: Sequence[HistoryEvent]
    relevant: frozenset[str]


def history_of(data: TrainingData, user: int) -> list[HistoryEvent]:
    """The interactions of one user, oldest first."""
    return [
        HistoryEvent(
            data.item_ids[data.item[row]],
            data.event_types[data.event_type[row]],
            int(data.timestamp[row]),
            None if np.isnan(data.event_value[row]) else float(data.event_value[row]),
        )
        for row in np.flatnonzero(data.user == user)
    ]


def hold_out(data: TrainingData, *, seed: int) -> tuple[TrainingData, list[Case]]:
    """Split off the last tenth by time, and ask for it.

    Returns:
        The earlier part, and a case for each user of the later part (a sample of many).
    """
    split = len(data) - int(len(data) * _SHARE)
    early = np.arange(len(data)) < split
    past, future = data.where(early), data.where(~early)
    users = np.unique(future.user)
    most = min(_CASES, max(_SCORES // len(data.item_ids), 100))
    if len(users) > most:
        users = np.sort(np.random.default_rng(seed).choice(users, most, replace=False))
    past_rows = past.where(np.isin(past.user, users))
    cases = [
        Case(
            int(user),
            history_of(past_rows, user),
            frozenset(data.item_ids[item] for item in future.item[future.user == user]),
        )
        for user in users
    ]
    return past, cases


def measure(
    cases: Sequence[Case], answer: Callable[[Case], Sequence[str]], catalogue: int
) -> dict[str, float]:
    """Ask for each case and give the metrics of GetSolutionMetrics.

    Args:
        cases: The users to ask for.
        answer: The items that the model gives for a case, best first.
        catalogue: The number of items that could be recommended.
    """
    discount = 1 / np.log2(np.arange(2, _DEEPEST + 2))
    recommended: set[str] = set()
    totals: dict[str, float] = dict.fromkeys(_names(), 0.0)
    for case in cases:
        items = list(answer(case))[:_DEEPEST]
        recommended.update(items)
        hits = np.zeros(_DEEPEST)
        hits[: len(items)] = [item in case.relevant for item in items]
        found = np.flatnonzero(hits)
        totals["mean_reciprocal_rank_at_25"] += 1 / (int(found[0]) + 1) if len(found) else 0.0
        for k in _DEPTHS:
            ideal = discount[: min(k, len(case.relevant))].sum()
            gain = (hits[:k] * discount[:k]).sum()
            totals[f"normalized_discounted_cumulative_gain_at_{k}"] += float(gain / ideal)
            totals[f"precision_at_{k}"] += float(hits[:k].mean())
    metrics = {name: round(total / max(len(cases), 1), 6) for name, total in totals.items()}
    return {"coverage": round(len(recommended) / max(catalogue, 1), 6), **metrics}


def _names() -> list[str]:
    return [
        "mean_reciprocal_rank_at_25",
        *(f"normalized_discounted_cumulative_gain_at_{k}" for k in _DEPTHS),
        *(f"precision_at_{k}" for k in _DEPTHS),
    ]
