"""Offline metrics of action recommendations (working-with-training-metrics)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.action_examples import ActionLog
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.evaluation import Case, history_of, measure
from personalize_emulator.models.model import Query, ScoredItem

_SHARE = 0.1
_CASES = 500
_LIST = 25
_SHOWN = 5
"""Actions that count as recommended to a user: what GetActionRecommendations answers by default."""


@dataclass(frozen=True)
class ActionCase:
    """A user at the moment at which the held-out part begins.

    Attributes:
        query: What is asked.
        taken: The actions that the user took next.
        refused: The actions that the user met next, and did not take.
    """

    query: Query
    taken: frozenset[str]
    refused: frozenset[str]


def split(data: TrainingData, *, seed: int) -> tuple[TrainingData, list[ActionCase]]:
    """Split off the last tenth of the action interactions, and what comes after it began.

    Returns:
        The earlier part, and a case for each user of the later part (a sample of many).
    """
    actions = data.actions
    if actions is None or len(actions) * _SHARE < 1:
        return data, []
    held = len(actions) - int(len(actions) * _SHARE)
    begins = int(actions.timestamp[held])
    past = actions.where(actions.timestamp < begins)
    later = actions.where(actions.timestamp >= begins)
    items = data.where(data.timestamp < begins)
    if len(past) == 0 or len(items) == 0:
        return data, []
    users = np.unique(later.user)
    if len(users) > _CASES:
        users = np.sort(np.random.default_rng(seed).choice(users, _CASES, replace=False))
    where = {user: at for at, user in enumerate(data.user_ids)}
    known = np.array([where.get(actions.user_ids[user], -1) for user in users])
    own_items = items.where(np.isin(items.user, known))
    own_actions = past.where(np.isin(past.user, users))
    log = ActionLog.of(later, actions.item_ids)
    cases = [
        _case(
            Query(
                user_id=actions.user_ids[user],
                history=history_of(own_items, at) if at >= 0 else [],
                action_history=history_of(own_actions, user),
                num_results=_LIST,
                now=begins,
            ),
            log.where(log.user == user),
            actions.item_ids,
        )
        for user, at in zip(users.tolist(), known.tolist(), strict=True)
    ]
    return replace(items, actions=past), cases


def _case(query: Query, log: ActionLog, action_ids: Sequence[str]) -> ActionCase:
    taken = frozenset(action_ids[at] for at in log.action[log.taken])
    met = frozenset(action_ids[at] for at in log.action)
    return ActionCase(query, taken, met - taken)


def measured(
    cases: Sequence[ActionCase],
    recommend: Callable[[Query], Sequence[ScoredItem]],
    chances: Callable[[Query], NDArray[np.float64]],
    action_ids: Sequence[str],
) -> dict[str, float]:
    """Ask for each case and give the metrics of GetSolutionMetrics.

    Args:
        cases: The users to ask for.
        recommend: Answers a query with actions, best first.
        chances: How likely the user of a query is to take each action; nan if that is not known.
        action_ids: The actions, in the order of the chances.
    """
    answers = [[item.item_id for item in recommend(case.query)] for case in cases]
    takers = [at for at, case in enumerate(cases) if case.taken]
    metrics: dict[str, float] = {}
    if takers:
        ranking = measure(
            [Case(at, [], cases[at].taken) for at in takers],
            lambda case: answers[case.user],
            len(action_ids),
        )
        # "Amazon Personalize doesn't generate" the mean reciprocal rank for actions, and generates
        # precision instead of precision at K.
        metrics = {
            name: value
            for name, value in ranking.items()
            if name.startswith("normalized_discounted_cumulative_gain_at_")
        }
    shown = {action for answer in answers for action in answer}
    metrics["coverage"] = round(len(shown) / len(action_ids), 6)
    metrics.update(_hits(cases, answers))
    auc = _area_under_curve(cases, chances, action_ids)
    return metrics if auc is None else {**metrics, "auc": auc}


def _hits(cases: Sequence[ActionCase], answers: Sequence[Sequence[str]]) -> Mapping[str, float]:
    """Precision and recall of each action over the users, and their means over the actions."""
    recommended: dict[str, list[bool]] = {}
    found: dict[str, list[bool]] = {}
    for case, answer in zip(cases, answers, strict=True):
        shown = answer[:_SHOWN]
        for action in shown:
            recommended.setdefault(action, []).append(action in case.taken)
        for action in case.taken:
            found.setdefault(action, []).append(action in shown)
    return {"precision": _mean_share(recommended), "recall": _mean_share(found)}


def _mean_share(hits: Mapping[str, Sequence[bool]]) -> float:
    shares = [sum(own) / len(own) for own in hits.values()]
    return round(sum(shares) / max(len(shares), 1), 6)


def _area_under_curve(
    cases: Sequence[ActionCase],
    chances: Callable[[Query], NDArray[np.float64]],
    action_ids: Sequence[str],
) -> float | None:
    """How often an action taken had a better chance than one that was not, None if unknown."""
    position = {action: at for at, action in enumerate(action_ids)}
    scores: list[float] = []
    taken: list[bool] = []
    for case in cases:
        chance = chances(case.query)
        for actions, was_taken in ((case.taken, True), (case.refused, False)):
            for action in sorted(actions):
                if action in position and not np.isnan(chance[position[action]]):
                    scores.append(float(chance[position[action]]))
                    taken.append(was_taken)
    positive = sum(taken)
    if positive in {0, len(taken)}:
        return None
    # It brings half of scipy along: an idle server would hold twice the memory.
    from scipy.stats import rankdata  # noqa: PLC0415

    ranks = rankdata(scores)[np.array(taken)].sum() - positive * (positive + 1) / 2
    return round(float(ranks / (positive * (len(taken) - positive))), 6)
