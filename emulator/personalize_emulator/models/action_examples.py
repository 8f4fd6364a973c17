"""What can be learnt from action interactions: who took what, and what had happened before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.model import HistoryEvent

SPAN = 42 * 86_400
"""Seconds before the latest action interaction from which on examples count: six weeks."""

_TAKEN, _NOT_TAKEN, _VIEWED, _OTHER = range(4)
_KINDS = {"taken": _TAKEN, "not_taken": _NOT_TAKEN, "viewed": _VIEWED}

_MOST_EXAMPLES = 300_000

_DOUBT = 2.0
"""Decisions that a user's share of taken actions must outweigh."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ActionLog:
    """Action interactions, oldest first, by the actions of a catalogue.

    Attributes:
        user: The user of each, as a position in the data's `user_ids`.
        action: The action of each, as a position in the catalogue.
        kind: What the user did.
        timestamp: When, in epoch seconds.
    """

    user: NDArray[np.int64]
    action: NDArray[np.int64]
    kind: NDArray[np.int64]
    timestamp: NDArray[np.int64]

    @classmethod
    def of(cls, actions: TrainingData, action_ids: Sequence[str]) -> Self:
        """Read the interactions with these actions, of the three types that there are."""
        position = {action: at for at, action in enumerate(action_ids)}
        where = np.array([position.get(action, -1) for action in actions.item_ids], dtype=np.int64)
        kinds = np.array([_kind(name) for name in actions.event_types], dtype=np.int64)
        log = cls(
            actions.user.astype(np.int64),
            where[actions.item],
            kinds[actions.event_type],
            actions.timestamp,
        )
        return log.where((log.action >= 0) & (log.kind != _OTHER))

    def __len__(self) -> int:
        """The number of interactions."""
        return len(self.user)

    def where(self, kept: NDArray[np.bool_]) -> Self:
        """The chosen interactions alone."""
        return replace(
            self,
            user=self.user[kept],
            action=self.action[kept],
            kind=self.kind[kept],
            timestamp=self.timestamp[kept],
        )

    @property
    def recent(self) -> NDArray[np.bool_]:
        """Which of them are not older than six weeks before the latest."""
        latest = int(self.timestamp[-1]) if len(self) else 0
        recent: NDArray[np.bool_] = self.timestamp >= latest - SPAN
        return recent

    @property
    def taken(self) -> NDArray[np.bool_]:
        """Which of them are of the type Taken."""
        taken: NDArray[np.bool_] = self.kind == _TAKEN
        return taken

    def counts(self, actions: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How often each action was taken within six weeks, and how often not, or viewed."""
        recent = self.where(self.recent)
        return (
            np.bincount(recent.action[recent.taken], minlength=actions),
            np.bincount(recent.action[~recent.taken], minlength=actions),
        )

    def examples(self, period: float) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """The moments to learn from, and whether the user took the action then.

        A moment is a view, after which the user decides within some time or does not; or a decision
        that follows no view. What is to be foretold is what happens after the view.

        Args:
            period: Seconds within which a decision belongs to a view.

        Returns:
            The latest rows of such moments, and whether each led to a taken action.
        """
        order = np.lexsort((np.arange(len(self)), self.action, self.user))
        user, action, when = self.user[order], self.action[order], self.timestamp[order]
        viewed = self.kind[order] == _VIEWED
        places = np.arange(len(self))
        decision = np.where(viewed, len(self), places)
        following = np.minimum.accumulate(decision[::-1])[::-1]
        last = np.minimum(following, len(self) - 1)
        belongs = (
            viewed
            & (following < len(self))
            & (user[last] == user)
            & (action[last] == action)
            & (when[last] - when <= period)
        )
        moments = np.ones(len(self), dtype=bool)
        moments[order[following[belongs]]] = False
        taken = np.zeros(len(self), dtype=bool)
        taken[order] = np.where(viewed, belongs & self.taken[order][last], self.taken[order])
        rows = np.flatnonzero(moments & self.recent)[-_MOST_EXAMPLES:]
        return rows, taken[rows]

    def features(self, kin: NDArray[np.float32]) -> Floats:
        """What had happened before each interaction, a row for each.

        Args:
            kin: The kinship of the actions.
        """
        pair = self.user * len(kin) + self.action
        own = np.column_stack(
            [_before(pair, self.kind == kind) for kind in (_TAKEN, _NOT_TAKEN, _VIEWED)]
        )
        answer = _answer(self.kind)
        decided = self.kind != _VIEWED
        totals = np.column_stack([_before(self.user, answer), _before(self.user, decided)])
        vectors = kin[self.action]
        alike = np.column_stack(
            [
                np.einsum("ij,ij->i", vectors, _before(self.user, vectors * one[:, None]))
                for one in (answer, decided.astype(np.float64))
            ]
        )
        return _features(own, totals, alike, np.einsum("ij,ij->i", vectors, vectors))


def features_of(
    history: Sequence[HistoryEvent], action_ids: Sequence[str], kin: NDArray[np.float32]
) -> Floats:
    """What happened between one user and each action, a row for each.

    Args:
        history: What the user did with actions.
        action_ids: The actions.
        kin: The kinship of the actions.
    """
    position = {action: at for at, action in enumerate(action_ids)}
    own = np.zeros((len(action_ids), 3))
    for event in history:
        kind, at = _kind(event.event_type), position.get(event.item_id)
        if at is not None and kind != _OTHER:
            own[at, kind] += 1
    answers = np.column_stack([own[:, 0] - own[:, 1], own[:, 0] + own[:, 1]])
    totals = np.broadcast_to(answers.sum(axis=0), answers.shape)
    alike = kin @ (kin.T @ answers)
    return _features(own, totals, alike, np.einsum("ij,ij->i", kin, kin))


def _features(own: Floats, totals: Floats, alike: Floats, itself: Floats) -> Floats:
    """Put the columns together.

    Args:
        own: How often the user took, did not take and viewed the action.
        totals: The sum of the user's answers to all actions, a taken one is 1, another -1; and
            their number.
        alike: The same two, of which each counts as much as its action is like this one.
        itself: How much each action is like itself, whose answers do not count for others.
    """
    answers, number = own[:, 0] - own[:, 1], own[:, 0] + own[:, 1]
    others = alike[:, 0] - itself * answers
    weight = np.maximum(alike[:, 1] - itself * number, 0)
    return np.column_stack(
        [
            np.ones(len(own)),
            np.log1p(own),
            (totals[:, 0] - answers) / (totals[:, 1] - number + _DOUBT),
            others / (weight + 1),
        ]
    )


def _before(group: NDArray[np.int64], values: NDArray[np.generic]) -> Floats:
    """The sum of the earlier values of the same group, for each row."""
    order = np.argsort(group, kind="stable")
    ordered = values[order].astype(np.float64)
    total = np.cumsum(ordered, axis=0) - ordered
    begins = np.ones(len(group), dtype=bool)
    begins[1:] = np.diff(group[order]) != 0
    first = np.maximum.accumulate(np.where(begins, np.arange(len(group)), 0))
    before = np.empty_like(total)
    before[order] = total - total[first]
    return before


def _answer(kind: NDArray[np.int64]) -> Floats:
    """A taken action is 1, one not taken -1; a view is no answer."""
    answer: Floats = (kind == _TAKEN).astype(np.float64) - (kind == _NOT_TAKEN)
    return answer


def _kind(event_type: str) -> int:
    """The kind of an event type, which the guide writes as "Not taken" and as "NOT_TAKEN"."""
    return _KINDS.get(event_type.casefold().replace(" ", "_"), _OTHER)
