"""The hyperparameters of a training, by the rules of `cdk_personalize.hyperparameters`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from cdk_personalize.hyperparameters import (
    Kind,
    findings,
    findings_of_tuning,
    parameters_of,
    plain_names,
)
from personalize_emulator.models.settings import TrainingSettings

__all__ = [
    "Kind",
    "Values",
    "check",
    "parameters_of",
    "plain_names",
]


@dataclass(frozen=True, slots=True)
class Values:
    """The values that a training has: those given, and the defaults of the others."""

    texts: Mapping[str, str]

    @classmethod
    def of(cls, recipe_name: str, settings: TrainingSettings) -> Self:
        """Read the settings of a training.

        Raises:
            ValueError: One of them is not allowed.
        """
        check(recipe_name, settings)
        known = parameters_of(recipe_name)
        given = plain_names(settings.parameters) | plain_names(settings.features)
        return cls({**known.defaults(), **known.feature_defaults(), **given})

    def integer(self, name: str) -> int:
        """The value of a whole number."""
        return int(self.texts[name])

    def number(self, name: str) -> float:
        """The value of a number."""
        return float(self.texts[name])

    def flag(self, name: str) -> bool:
        """The value of a truth."""
        return self.text(name) == "true"

    def text(self, name: str) -> str:
        """The value of a category, in lower case."""
        return self.texts[name].strip().casefold()


def check(recipe_name: str, settings: TrainingSettings) -> None:
    """Refuse settings that the recipe cannot be trained with, without training.

    Args:
        recipe_name: The last part of the recipe's ARN.
        settings: Its hyperparameters, its feature transformation and where to tune.

    Raises:
        ValueError: A parameter is unknown to the recipe, no number, or out of its range; or the
            recipe cannot tune it there.
    """
    found = findings(recipe_name, settings.parameters, settings.features)
    if settings.tuning is not None:
        found += findings_of_tuning(
            recipe_name,
            integers=settings.tuning.integers,
            continuous=settings.tuning.continuous,
            categorical=settings.tuning.categorical,
        )
        if settings.tuning.trials < 1:
            found.append(
                f"there must be at least 1 trial to tune with, got {settings.tuning.trials}"
            )
    if found:
        raise ValueError("; ".join(found))
