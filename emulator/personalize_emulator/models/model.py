"""What every model answers to: a query in, scored items out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.data import TrainingData


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One interaction of the user who is asked for."""

    item_id: str
    event_type: str
    timestamp: int
    event_value: float | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One request for recommendations.

    Attributes:
        user_id: The user, known to the training or not (default: nobody in particular).
        history: All interactions of the user, bulk and streamed, oldest first.
        item_id: The item whose relatives are asked for (related-items recipes).
        input_list: The items to rank (personalized-ranking recipes).
        num_results: The most items to answer.
        allowed: The filter: true for an item that may be recommended (default: all may).
    """

    user_id: str | None = None
    history: Sequence[HistoryEvent] = ()
    item_id: str | None = None
    input_list: Sequence[str] | None = None
    num_results: int = 25
    allowed: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """An item of the answer; the best comes first."""

    item_id: str
    score: float


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


class TrainableModel(Model, Protocol):
    """What a model's class offers `personalize_emulator.models.train` and `load`."""

    kind: ClassVar[str]
    """The name that the model's bytes carry."""

    @classmethod
    def train(cls, data: TrainingData, *, parameters: Mapping[str, str], seed: int) -> Self:
        """Learn from the data."""
        ...

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        ...
