"""Offline metrics on a part of the data that the measured model has not seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.model import HistoryEvent, Query, ScoredItem

_SHARE = 0.1
_CASES = 1000
"""Users asked for at most: the metrics of more differ in the third digit."""

_SCORES = 25_000_000
"""Scores computed at most, users times catalogue: a second or two."""

_DEPTHS = (5, 10, 25)
_DEEPEST = 25

GAIN = f"normalized_discounted_cumulative_gain_at_{_DEEPEST}"
"""The metric that models are chosen by."""

_REWARDS = "average_rewards_at_k"
_WEIGHTED = "normalized_discounted_cumulative_gain_with_event_weights_at_k"


@dataclass(frozen=True)
class Case:
    """A user at the moment at which the held-out part begins.

    Attributes:
        user: The user, as a position in the data's `user_ids`.
        history: What the user had done, oldest first.
        relevant: What the user did next.
        weights: How much each relevant item counts; empty if all count the same.
        metadata: What is known of the user.
    """

    user: int
    history: Sequence[HistoryEvent]
    relevant: frozenset[str]
    weights: Mapping[str, float] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)


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
    most = _most_cases(data)
    if len(users) > most:
        users = np.sort(np.random.default_rng(seed).choice(users, most, replace=False))
    past_rows = past.where(np.isin(past.user, users))
    cases = [
        Case(
            int(user),
            history_of(past_rows, user),
            frozenset(data.item_ids[item] for item in future.item[future.user == user]),
            _weights(future, user),
            data.user_metadata.get(data.user_ids[user], {}),
        )
        for user in users
    ]
    return past, cases


def hold_out_visits(
    data: TrainingData, visit: NDArray[np.int32], *, seed: int
) -> tuple[TrainingData, list[Case]]:
    """Split off the last tenth by time, and ask what else there was on each of its visits.

    Args:
        data: The data.
        visit: The visit of each interaction.
        seed: What decides which item of a visit is given.

    Returns:
        The earlier part, and a case for each visit of the later part with two items or more (a
        sample of many); the given item is its history.
    """
    split = len(data) - int(len(data) * _SHARE)
    random = np.random.default_rng(seed)
    pairs = np.unique(np.stack([visit[split:], data.item[split:]], axis=1), axis=0)
    visits, starts, sizes = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    several = np.flatnonzero(sizes > 1)
    most = _most_cases(data)
    if len(several) > most:
        several = np.sort(random.choice(several, most, replace=False))
    cases = []
    for at in several.tolist():
        items = [data.item_ids[item] for item in pairs[starts[at] : starts[at] + sizes[at], 1]]
        given = items[int(random.integers(len(items)))]
        cases.append(
            Case(int(visits[at]), [HistoryEvent(given, "", 0)], frozenset(items) - {given})
        )
    return data.where(np.arange(len(data)) < split), cases


def _most_cases(data: TrainingData) -> int:
    return min(_CASES, max(_SCORES // len(data.item_ids), 100))


def _weights(data: TrainingData, user: int) -> Mapping[str, float]:
    """How much what a user did counts, by item, for which the interaction that counts most does."""
    weights: dict[str, float] = {}
    if data.weight is not None:
        for row in np.flatnonzero(data.user == user).tolist():
            item = data.item_ids[data.item[row]]
            weights[item] = max(weights.get(item, 0.0), float(data.weight[row]))
    return weights


def answer_with(recommend: Callable[[Query], list[ScoredItem]]) -> Callable[[Case], list[str]]:
    """Ask a model for what goes with the last item of each case."""
    return lambda case: [
        item.item_id for item in recommend(Query(item_id=case.history[-1].item_id))
    ]


def measure(
    cases: Sequence[Case],
    answer: Callable[[Case], Sequence[str]],
    catalogue: int,
    *,
    rewards: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Ask for each case and give the metrics of GetSolutionMetrics.

    With an objective there is `average_rewards_at_k`: of what the relevant items of a case are
    worth, the share that the answer holds. With weights of the events there is
    `normalized_discounted_cumulative_gain_with_event_weights_at_k`, in which a relevant item counts
    by the weight of its event. Both are of 25 items (working-with-training-metrics).

    Args:
        cases: The users to ask for.
        answer: The items that the model gives for a case, best first.
        catalogue: The number of items that could be recommended.
        rewards: What each item is worth by the solution's objective (default: there is none).
    """
    discount = 1 / np.log2(np.arange(2, _DEEPEST + 2))
    recommended: set[str] = set()
    weighted = any(case.weights for case in cases)
    names = _names() + [_REWARDS] * (rewards is not None) + [_WEIGHTED] * weighted
    totals: dict[str, float] = dict.fromkeys(names, 0.0)
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
        if rewards is not None:
            totals[_REWARDS] += _share(rewards, items, case.relevant)
        if weighted:
            totals[_WEIGHTED] += _weighted_gain(case.weights, items, discount)
    metrics = {name: round(total / max(len(cases), 1), 6) for name, total in totals.items()}
    return {"coverage": round(len(recommended) / max(catalogue, 1), 6), **metrics}


def _share(rewards: Mapping[str, float], items: Sequence[str], relevant: frozenset[str]) -> float:
    """Of what the relevant items are worth, the share that the answer holds."""
    everything = sum(rewards.get(item, 0.0) for item in relevant)
    held = sum(rewards.get(item, 0.0) for item in items if item in relevant)
    return held / everything if everything > 0 else 0.0


def _weighted_gain(
    weights: Mapping[str, float], items: Sequence[str], discount: NDArray[np.float64]
) -> float:
    """The normalised discounted cumulative gain, in which a relevant item counts by its weight."""
    ideal = np.array(sorted(weights.values(), reverse=True)[:_DEEPEST])
    gains = np.array([weights.get(item, 0.0) for item in items])
    best = float((ideal * discount[: len(ideal)]).sum())
    return float((gains * discount[: len(gains)]).sum()) / best if best > 0 else 0.0


def _names() -> list[str]:
    return [
        "mean_reciprocal_rank_at_25",
        *(f"normalized_discounted_cumulative_gain_at_{k}" for k in _DEPTHS),
        *(f"precision_at_{k}" for k in _DEPTHS),
    ]
