"""Actions as the Actions dataset describes them: what they are worth, and when to show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.content import Content
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.model import HistoryEvent

MOST_ACTIONS = 1000
"""Actions that a training considers (actions-datasets)."""

_DAY = 86_400
_KINSHIP = 12

# Reserved columns say when and how often, not what an action is. The guide writes the second one
# in a text, the first in a table.
_EXPIRATION = ("EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP")
_RESERVED = {*_EXPIRATION, "CREATION_TIMESTAMP", "REPEAT_FREQUENCY", "VALUE"}


@dataclass(frozen=True)
class ActionCatalogue:
    """The actions, column by column.

    Attributes:
        action_ids: The actions.
        value: What each is worth, from 1 to 10; 0 if that is not known.
        expires: When each expires, in epoch seconds; infinity if it never does.
        repeats: Days to wait after an interaction of the user; 0 if there is no need to.
        created: When each was made, in epoch seconds.
        interactions: How many interactions each had.
    """

    action_ids: list[str]
    value: list[float]
    expires: list[float]
    repeats: list[float]
    created: list[float]
    interactions: list[int]

    @classmethod
    def of(cls, actions: TrainingData) -> Self:
        """Read the actions; of more than 1,000, first the new ones, then those met of late."""
        chosen = _considered(actions)
        number = np.bincount(actions.item, minlength=len(actions.item_ids))
        first = _first_interaction(actions)
        latest = float(actions.timestamp[-1]) if len(actions) else 0.0
        metadata = [actions.item_metadata.get(actions.item_ids[at], {}) for at in chosen]
        return cls(
            [actions.item_ids[at] for at in chosen],
            [_number(columns, ("VALUE",), 0.0) for columns in metadata],
            [_number(columns, _EXPIRATION, float("inf")) for columns in metadata],
            [_number(columns, ("REPEAT_FREQUENCY",), 0.0) for columns in metadata],
            [
                _number(columns, ("CREATION_TIMESTAMP",), first.get(at, latest))
                for at, columns in zip(chosen, metadata, strict=True)
            ],
            [int(number[at]) for at in chosen],
        )

    def __len__(self) -> int:
        """The number of actions."""
        return len(self.action_ids)

    def eligible(self, history: Sequence[HistoryEvent], now: float) -> NDArray[np.bool_]:
        """Which actions a user with a history may be shown.

        Any interaction counts for REPEAT_FREQUENCY, a view as well: the guide speaks of a user who
        "interacts with it" (actions-datasets).
        """
        last = {event.item_id: event.timestamp for event in history}
        waits = np.array(
            [
                repeats > 0 and action in last and now < last[action] + repeats * _DAY
                for action, repeats in zip(self.action_ids, self.repeats, strict=True)
            ],
            dtype=bool,
        )
        eligible: NDArray[np.bool_] = ~waits & (np.array(self.expires) > now)
        return eligible

    def header(self) -> dict[str, Any]:
        """What JSON can hold of it, which is all."""
        return {"catalogue": asdict(self)}

    @classmethod
    def from_header(cls, header: Mapping[str, Any]) -> Self:
        """Put together what `header` took apart."""
        return cls(**header["catalogue"])


def kinship(actions: TrainingData, action_ids: Sequence[str]) -> NDArray[np.float32]:
    """A vector for each action; the product of two says how alike their descriptions are."""
    described = {
        action: {name: value for name, value in columns.items() if name not in _RESERVED}
        for action, columns in actions.item_metadata.items()
    }
    vectors = Content.of(action_ids, described).vectors
    alike = (vectors @ vectors.T).toarray().astype(np.float64)
    values, directions = np.linalg.eigh(alike)
    kept = np.argsort(-values, kind="stable")[:_KINSHIP]
    kin: NDArray[np.float64] = directions[:, kept] * np.sqrt(np.maximum(values[kept], 0))
    return kin.astype(np.float32)


def _considered(actions: TrainingData) -> list[int]:
    """The positions of at most 1,000 actions, in the order of the catalogue."""
    latest = np.full(len(actions.item_ids), np.inf)
    seen = np.unique(actions.item)
    latest[seen] = -np.inf
    np.maximum.at(latest, actions.item, actions.timestamp)
    newest_first = np.argsort(-latest, kind="stable")[:MOST_ACTIONS]
    return sorted(newest_first.tolist())


def _first_interaction(actions: TrainingData) -> Mapping[int, float]:
    seen, rows = np.unique(actions.item, return_index=True)
    return dict(zip(seen.tolist(), actions.timestamp[rows].astype(float).tolist(), strict=True))


def _number(columns: Mapping[str, object], names: Iterable[str], default: float) -> float:
    """The first of these columns that holds a number."""
    for name in names:
        value = columns.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return default
