"""What every model answers to: a query in, scored items out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One interaction of the user who is asked for."""

    item_id: str
    event_type: str
    timestamp: int
    event_value: float | None = None


@dataclass(frozen=True, slots=True)
class Exploration:
    """How much of an answer tries out items that few users have met (`itemExplorationConfig`).

    Attributes:
        weight: From 0, nothing but what is known to be liked, to 1.
        age_cut_off: Days since the latest interaction of all up to which an item counts as new.
    """

    weight: float = 0.3
    age_cut_off: float = 30.0


@runtime_checkable
class CatalogueFilter(Protocol):
    """A filter that can tell of a whole catalogue at once which items it lets through."""

    def __call__(self, item_id: str, /) -> bool:
        """Whether an item may be recommended."""
        ...

    def mask(self, item_ids: Sequence[str], /) -> NDArray[np.bool_]:
        """Whether each item may be recommended; a model asks with the same list each time."""
        ...


@dataclass(frozen=True, slots=True)
class Query:
    """One request for recommendations.

    Attributes:
        user_id: The user, known to the training or not (default: nobody in particular).
        history: All interactions of the user, bulk and streamed, oldest first.
        item_id: The item whose relatives are asked for (related-items recipes).
        input_list: The items to rank (personalized-ranking recipes).
        num_results: The most items to answer.
        allowed: The filter: true for an item that may be recommended (default: all may). It may be
            a CatalogueFilter.
        context: The contextual metadata of the request, by column of Interactions.
        user: The metadata of the user, by column of Users; a model looks at the columns that it was
            trained on.
        exploration: How much to try out (default: as the recipe does).
        influence: How much POPULARITY and FRESHNESS count (`rankingInfluence`), from 0 to 1.
        action_history: What the user did with actions, oldest first; `item_id` is the action.
        now: The emulated time, in epoch seconds (default: that of the latest interaction known).
    """

    user_id: str | None = None
    history: Sequence[HistoryEvent] = ()
    item_id: str | None = None
    input_list: Sequence[str] | None = None
    num_results: int = 25
    allowed: Callable[[str], bool] | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    user: Mapping[str, object] = field(default_factory=dict)
    exploration: Exploration | None = None
    influence: Mapping[str, float] = field(default_factory=dict)
    action_history: Sequence[HistoryEvent] = ()
    now: float | None = None


@dataclass(frozen=True, slots=True)
class SegmentQuery:
    """One question for the users who will like something (user-segmentation recipes).

    Attributes:
        item_id: The item (aws-item-affinity).
        attributes: Columns of Items and a value of each, all of which an item must have
            (aws-item-attribute-affinity).
        num_results: The most users to answer.
        allowed: The filter: true for a user who may be in the segment (default: all may).
    """

    item_id: str | None = None
    attributes: Sequence[tuple[str, str]] = ()
    num_results: int = 25
    allowed: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """An item of the answer, or an action; the best comes first.

    Attributes:
        item_id: The item.
        score: How well it fits, from 0 to 1.
        reasons: Why it is there, as the service words it; most items need no reason.
    """

    item_id: str
    score: float
    reasons: tuple[str, ...] = ()


class Model(Protocol):
    """A trained model, which knows nothing but what it was trained on."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """Offline metrics under the service's names, measured on a part held out of training."""
        ...

    def recommend(self, query: Query) -> list[ScoredItem]:
        """Answer a query, best item first."""
        ...

    def to_bytes(self) -> bytes:
        """Serialise the model; `personalize_emulator.models.load` reads it back."""
        ...


@runtime_checkable
class UpdatableModel(Model, Protocol):
    """A model that takes in new data between trainings, without learning anew."""

    def updated(self, data: TrainingData) -> Self:
        """The same model that knows the new items, or the new counts, of its group's data."""
        ...


@runtime_checkable
class SegmentingModel(Protocol):
    """A model that answers with users; only batch segment jobs ask it."""

    def segment(self, query: SegmentQuery) -> list[str]:
        """The users who will like it best, the most eager one first."""
        ...


class TrainableModel(Model, Protocol):
    """What a model's class offers `personalize_emulator.models.train` and `load`."""

    kind: ClassVar[str]
    """The name that the model's bytes carry."""

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Learn from the data."""
        ...

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        ...
