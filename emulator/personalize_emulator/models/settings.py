"""What a solution says of how to train, beside the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EventParameters:
    """How events of one type count (`eventsConfig.eventParametersList`).

    Attributes:
        event_type: The type, in any case.
        threshold: The least event value that counts (default: every event counts).
        weight: How much such an event counts, from 0 to 1 (default: 1).
    """

    event_type: str
    threshold: float | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Objective:
    """What answers should add up to, beside being liked (`optimizationObjective`).

    Attributes:
        item_attribute: A numeric column of Items.
        sensitivity: How much it counts: OFF, LOW, MEDIUM or HIGH.
    """

    item_attribute: str
    sensitivity: str = "MEDIUM"


@dataclass(frozen=True, slots=True)
class Tuning:
    """Where to look for better hyperparameters, and how often (`hpoConfig`).

    Attributes:
        integers: The least and the greatest value, by parameter.
        continuous: The least and the greatest value, by parameter.
        categorical: The values, by parameter.
        trials: How many trainings to spend.
    """

    integers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    continuous: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    categorical: Mapping[str, Sequence[str]] = field(default_factory=dict)
    trials: int = 10


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train.

    Attributes:
        parameters: `algorithmHyperParameters`.
        features: `featureTransformationParameters`.
        events: How events of each type count; none means that all count the same.
        objective: What else to aim for.
        tuning: Where to look for better hyperparameters (default: nowhere).
        textual: The textual columns of Items.
        item_name: The column of Items that holds the names of the items.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, str] = field(default_factory=dict)
    events: Sequence[EventParameters] = ()
    objective: Objective | None = None
    tuning: Tuning | None = None
    textual: frozenset[str] = frozenset()
    item_name: str | None = None
