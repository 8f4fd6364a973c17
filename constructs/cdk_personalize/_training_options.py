"""The values that say how a solution trains: events, objective, hyperparameters to tune."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from cdk_personalize._request import as_text, known, refuse, without_none
from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.hyperparameters import Kind
from cdk_personalize.solution_config import (
    findings_of_event_type,
    findings_of_item_attribute,
    findings_of_threshold,
    findings_of_weight,
)


class TrainingMode(StrEnum):
    """How the versions of a solution are trained after the first (creating-a-solution-version)."""

    FULL = "FULL"
    """Anew, on all data."""
    UPDATE = "UPDATE"
    """On top of the last full training, so that it takes in new items and interactions."""


@dataclass(frozen=True, slots=True)
class EventParameters:
    """How the events of one type count in training.

    Example:
        ```python
        EventParameters.of("Watch", weight=0.3, event_value_threshold=0.5)
        ```
    """

    event_type: str
    weight: float | None = None
    event_value_threshold: float | None = None

    @classmethod
    def of(
        cls,
        event_type: str,
        *,
        weight: float | None = None,
        event_value_threshold: float | None = None,
    ) -> Self:
        """Return how the events of a type count.

        Args:
            event_type: The type, 1 to 256 characters; case does not matter.
            weight: How much they count, from 0 to 1; what matters is the ratio between types
                (default: what the service does).
            event_value_threshold: The value below which they are left out (default: none is).

        Raises:
            ValueError: If the type, the weight or the threshold is refused.
        """
        refuse(
            [
                *findings_of_event_type(known(event_type), "event_type"),
                *findings_of_weight(known(weight)),
                *findings_of_threshold(known(event_value_threshold), "event_value_threshold"),
            ]
        )
        return cls(event_type, weight, event_value_threshold)

    def as_request(self) -> dict[str, Any]:
        """Return the member of `eventParametersList`."""
        return without_none(
            {
                "eventType": self.event_type,
                "eventValueThreshold": self.event_value_threshold,
                "weight": self.weight,
            }
        )


@dataclass(frozen=True, slots=True)
class OptimizationObjective:
    """What recommendations add up to beside being relevant, such as revenue.

    A class like an enumeration: each way to make one is a sensitivity.

    Example:
        ```python
        OptimizationObjective.low("PRICE")
        ```
    """

    item_attribute: str
    sensitivity: str

    @classmethod
    def off(cls, item_attribute: str) -> Self:
        """Return an objective that does not count; to compare others with.

        Args:
            item_attribute: A column of Items that is a number and never null.

        Raises:
            ValueError: If the name has no or more than 150 characters.
        """
        return cls._of(item_attribute, "OFF")

    @classmethod
    def low(cls, item_attribute: str) -> Self:
        """Return an objective that counts less than relevance; see `off`."""
        return cls._of(item_attribute, "LOW")

    @classmethod
    def medium(cls, item_attribute: str) -> Self:
        """Return an objective that counts more than with `low`; see `off`."""
        return cls._of(item_attribute, "MEDIUM")

    @classmethod
    def high(cls, item_attribute: str) -> Self:
        """Return an objective that counts most, at the expense of relevance; see `off`."""
        return cls._of(item_attribute, "HIGH")

    @classmethod
    def _of(cls, item_attribute: str, sensitivity: str) -> Self:
        refuse(findings_of_item_attribute(known(item_attribute), "item_attribute"))
        return cls(item_attribute, sensitivity)

    def as_request(self) -> dict[str, Any]:
        """Return the member `optimizationObjective`."""
        return {"itemAttribute": self.item_attribute, "objectiveSensitivity": self.sensitivity}


@dataclass(frozen=True, slots=True)
class HyperparameterRange:
    """Where to look for the best value of a hyperparameter.

    Which ones can be tuned, and within what limits, depends on the recipe.

    Example:
        ```python
        HyperparameterRange.integer("hidden_dimension", 64, 128)
        ```
    """

    kind: Kind
    name: str
    bounds: tuple[float, float] | None = None
    values: tuple[str, ...] = ()

    @classmethod
    def integer(cls, name: str, min_value: float, max_value: float) -> Self:
        """Return a range of whole numbers.

        Args:
            name: The hyperparameter.
            min_value: The least value, a whole number.
            max_value: The greatest value; it may be the least as well.

        Raises:
            ValueError: If there is nothing between the two.
        """
        return cls._between(Kind.INTEGER, name, min_value, max_value)

    @classmethod
    def continuous(cls, name: str, min_value: float, max_value: float) -> Self:
        """Return a range of numbers.

        Args:
            name: The hyperparameter.
            min_value: The least value.
            max_value: The greatest value; it may be the least as well.

        Raises:
            ValueError: If there is nothing between the two.
        """
        return cls._between(Kind.CONTINUOUS, name, min_value, max_value)

    @classmethod
    def categorical(cls, name: str, values: Sequence[str]) -> Self:
        """Return values to choose from.

        Args:
            name: The hyperparameter.
            values: The values, at least one.

        Raises:
            ValueError: If there is no value.
        """
        refuse([] if values else [f"{name} must have at least one value to choose from"])
        return cls(Kind.CATEGORICAL, name, values=tuple(values))

    @classmethod
    def _between(cls, kind: Kind, name: str, least: float, greatest: float) -> Self:
        ends = [end for end in (known(least), known(greatest)) if end is not None]
        refuse(
            []
            if ends == sorted(ends)
            else [
                f"min_value of {name} must not be above max_value, got {least:g} and {greatest:g}"
            ]
        )
        return cls(kind, name, (least, greatest))

    def as_request(self) -> dict[str, Any]:
        """Return the member of `integerHyperParameterRanges` or the like."""
        if self.bounds is None:
            return {"name": self.name, "values": list(self.values)}
        return {"name": self.name, "minValue": self.bounds[0], "maxValue": self.bounds[1]}


def hpo_config(
    ranges: Iterable[HyperparameterRange] | None,
    max_number_of_training_jobs: float | None,
    max_parallel_training_jobs: float | None,
) -> dict[str, Any]:
    """Return the member `hpoConfig`, empty if nothing is said.

    All three lists of ranges must be there, be they empty (customizing-solution-config-hpo).
    """
    jobs = without_none(
        {
            "maxNumberOfTrainingJobs": as_text(max_number_of_training_jobs),
            "maxParallelTrainingJobs": as_text(max_parallel_training_jobs),
        }
    )
    given = list(ranges or ())
    lists = {
        f"{kind}HyperParameterRanges": [one.as_request() for one in given if one.kind is kind]
        for kind in Kind
    }
    return without_none(
        {
            "hpoResourceConfig": jobs or None,
            "algorithmHyperParameterRanges": lists if given else None,
        }
    )


def training_data_config(
    excluded: Mapping[DatasetType, Sequence[str]] | None,
    included: Mapping[DatasetType, Sequence[str]] | None,
) -> dict[str, Any] | None:
    """Return the member `trainingDataConfig`, if anything is said."""
    choice = {"excludedDatasetColumns": excluded, "includedDatasetColumns": included}
    return {
        member: {str(dataset_type): list(columns) for dataset_type, columns in chosen.items()}
        for member, chosen in choice.items()
        if chosen
    } or None
