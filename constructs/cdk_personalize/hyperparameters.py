"""The hyperparameters of every recipe: the one place that knows their names, ranges and defaults.

The table is that of the developer guide's page of each recipe (native-recipe-..., item-affinity-
recipe, item-attribute-affinity-recipe); what is not there is not a parameter of the recipe. The
use cases of the domains have none.

Pure Python: the constructs check with it at synth, the emulator when it is asked, and trains by
it. A value that is None is given and not known yet, as a token of the CDK is; it is not checked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

_Value = TypeVar("_Value")

Bounds = tuple[float | None, float | None]
"""The least and the greatest value of a range."""

_NONE: Mapping[str, Any] = MappingProxyType({})

_PREFIXES = ("training.", "data.", "featurize.")
"""What the service puts before the names where it gives them back; it takes them with or without.

The guide shows the first two (customizing-solution-config-hpo); here all of a kind are taken.
"""


class Kind(StrEnum):
    """What the values of a hyperparameter are."""

    INTEGER = "integer"
    CONTINUOUS = "continuous"
    CATEGORICAL = "categorical"


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One hyperparameter of a recipe.

    Attributes:
        name: The name.
        kind: What its values are.
        default: What it is when nobody says.
        least: The least number allowed; nothing for categories.
        greatest: The greatest number allowed; none if there is no limit.
        values: The categories, of which a value is one, in any case; nothing for numbers.
        tunable: Whether HPO can choose it.
    """

    name: str
    kind: Kind
    default: str
    least: float = 0.0
    greatest: float | None = None
    values: tuple[str, ...] = ()
    tunable: bool = False

    def finding(self, value: str | None) -> str | None:
        """Return why a value is not allowed; None if it is."""
        if value is None:
            return None
        if self.kind is Kind.CATEGORICAL:
            fits = value.strip().casefold() in {one.casefold() for one in self.values}
        else:
            number = _number(value, self.kind)
            fits = number is not None and self._spans(number)
        return None if fits else f"{self.name} must be {self._allowed}, got {value!r}"

    def finding_of_range(self, least: float | None, greatest: float | None) -> str | None:
        """Return why a range is not one to tune in: empty, too wide, or of broken numbers."""
        ends = [end for end in (least, greatest) if end is not None]
        if ends == sorted(ends) and all(map(self._spans, ends)):
            if self.kind is not Kind.INTEGER or all(end == int(end) for end in ends):
                return None
            return f"the range of {self.name} must end in whole numbers, got {least} to {greatest}"
        return f"the range of {self.name} must be within {self._range}, got {least} to {greatest}"

    def _spans(self, number: float) -> bool:
        if self.greatest is None:
            return self.least < number < float("inf")
        return self.least <= number <= self.greatest

    @property
    def _allowed(self) -> str:
        if self.kind is Kind.CATEGORICAL:
            return f"one of {', '.join(self.values)}"
        noun = "a whole number" if self.kind is Kind.INTEGER else "a number"
        return f"{noun} within {self._range}"

    @property
    def _range(self) -> str:
        least = _shown(self.least, self.kind)
        if self.greatest is None:
            return f"({least}, infinity)"
        return f"[{least}, {_shown(self.greatest, self.kind)}]"


@dataclass(frozen=True, slots=True)
class RecipeParameters:
    """What a recipe can be told.

    Attributes:
        algorithm: What `algorithmHyperParameters` may hold.
        features: What `featureTransformationParameters` may hold.
    """

    algorithm: tuple[Hyperparameter, ...] = ()
    features: tuple[Hyperparameter, ...] = ()

    @property
    def tunable(self) -> tuple[Hyperparameter, ...]:
        """What `performHPO` can choose; none if the recipe has no such optimization."""
        return tuple(parameter for parameter in self.algorithm if parameter.tunable)

    def defaults(self) -> dict[str, str]:
        """The defaults of the algorithm, as DescribeAlgorithm gives them."""
        return {parameter.name: parameter.default for parameter in self.algorithm}

    def feature_defaults(self) -> dict[str, str]:
        """The defaults of the feature transformation, as DescribeFeatureTransformation does."""
        return {parameter.name: parameter.default for parameter in self.features}


def parameters_of(recipe_name: str) -> RecipeParameters:
    """Return what a recipe can be told; nothing for one that is not in the table.

    Args:
        recipe_name: The last part of the recipe's ARN.
    """
    return _RECIPES.get(recipe_name, RecipeParameters())


def findings(
    recipe_name: str, algorithm: Mapping[str, str | None], features: Mapping[str, str | None]
) -> list[str]:
    """Return all that is wrong with the parameters of a training; none if they are fine.

    Args:
        recipe_name: The last part of the recipe's ARN.
        algorithm: `algorithmHyperParameters`.
        features: `featureTransformationParameters`.
    """
    known = parameters_of(recipe_name)
    found: list[str | None] = []
    for what, given, parameters in (
        ("an algorithm hyperparameter", algorithm, known.algorithm),
        ("a feature transformation parameter", features, known.features),
    ):
        by_name = {parameter.name: parameter for parameter in parameters}
        for name, value in plain_names(given).items():
            parameter = by_name.get(name)
            found.append(
                parameter.finding(value)
                if parameter
                else _unknown(recipe_name, what, name, by_name)
            )
    found += [] if any(found) else _findings_of_order(plain_names(features), known)
    return [finding for finding in found if finding is not None]


def findings_of_tuning(
    recipe_name: str,
    *,
    integers: Mapping[str, Bounds] = _NONE,
    continuous: Mapping[str, Bounds] = _NONE,
    categorical: Mapping[str, Sequence[str | None]] = _NONE,
) -> list[str]:
    """Return all that is wrong with the ranges to tune in; none if they are fine.

    Args:
        recipe_name: The last part of the recipe's ARN.
        integers: The least and the greatest value, by parameter.
        continuous: The least and the greatest value, by parameter.
        categorical: The values, by parameter.
    """
    found: list[str | None] = []
    for kind, ranges in ((Kind.INTEGER, integers), (Kind.CONTINUOUS, continuous)):
        for name, bounds in plain_names(ranges).items():
            parameter, why = _tunable(recipe_name, name, kind)
            found.append(parameter.finding_of_range(*bounds) if parameter else why)
    for name, values in plain_names(categorical).items():
        parameter, why = _tunable(recipe_name, name, Kind.CATEGORICAL)
        found.append(why)
        if parameter and not values:
            found.append(f"{name} must have at least one value to choose from")
        found += [parameter.finding(value) for value in values if parameter]
    return [finding for finding in found if finding is not None]


def _tunable(
    recipe_name: str, name: str, kind: Kind
) -> tuple[Hyperparameter, None] | tuple[None, str]:
    """Return the hyperparameter that a range is for, or why there is none."""
    tunable = {one.name: one for one in parameters_of(recipe_name).tunable}
    if name not in tunable:
        return None, _unknown(recipe_name, "a hyperparameter to tune", name, tunable)
    if tunable[name].kind is not kind:
        return None, f"{name} must be tuned as {tunable[name].kind}, got a range that is {kind}"
    return tunable[name], None


def _findings_of_order(given: Mapping[str, str | None], known: RecipeParameters) -> list[str]:
    """Return which least is above its greatest, of values that are right for themselves."""
    found = []
    values = {**known.feature_defaults(), **given}
    for name, least in values.items():
        other = f"max_{name.removeprefix('min_')}"
        greatest = values.get(other) if name.startswith("min_") else None
        if least is not None and greatest is not None and float(least) > float(greatest):
            found.append(f"{name} must not be above {other}, got {least} and {greatest}")
    return found


def _unknown(recipe_name: str, what: str, name: str, known: Iterable[str]) -> str:
    return f"{what} of {recipe_name} must be one of: {', '.join(known) or 'none'}; got {name}"


def _number(value: str, kind: Kind) -> float | None:
    try:
        return int(value) if kind is Kind.INTEGER else float(value)
    except ValueError:
        return None


def _shown(number: float, kind: Kind) -> str:
    return str(int(number)) if kind is Kind.INTEGER else str(number)


def plain_names(given: Mapping[str, _Value]) -> dict[str, _Value]:
    """Return parameters by the names of the table, without the prefixes of the service."""
    return {_plain_name(name): value for name, value in given.items()}


def _plain_name(name: str) -> str:
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def _integer(
    name: str, least: int, greatest: int, default: int, *, tunable: bool = True
) -> Hyperparameter:
    return Hyperparameter(name, Kind.INTEGER, str(default), least, greatest, tunable=tunable)


def _share(name: str, default: float, *, tunable: bool = False) -> Hyperparameter:
    return Hyperparameter(name, Kind.CONTINUOUS, str(default), 0.0, 1.0, tunable=tunable)


def _category(
    name: str, values: Iterable[str], default: str, *, tunable: bool = False
) -> Hyperparameter:
    return Hyperparameter(name, Kind.CATEGORICAL, default, values=tuple(values), tunable=tunable)


_TRUTH = ("true", "false")


def _sequence(hidden_dimension: int) -> tuple[Hyperparameter, ...]:
    """What the recurrent networks of the service can be told."""
    return (
        _integer("hidden_dimension", 32, 256, hidden_dimension),
        _integer("bptt", 2, 32, 32),
        _category("recency_mask", _TRUTH, "true", tunable=True),
    )


def _history_length(least: float, greatest: float) -> tuple[Hyperparameter, ...]:
    return (
        _share("min_user_history_length_percentile", least),
        _share("max_user_history_length_percentile", greatest),
    )


_RECURRENT = RecipeParameters(_sequence(149), _history_length(0.0, 0.99))
_LEGACY = RecipeParameters(_sequence(43), _history_length(0.0, 0.99))
_TRANSFORMER = RecipeParameters((_category("apply_recency_bias", _TRUTH, "true"),))
_SEGMENTATION = RecipeParameters((_integer("hidden_dimension", 32, 256, 149, tunable=False),))

_RECIPES: Mapping[str, RecipeParameters] = {
    "aws-user-personalization-v2": _TRANSFORMER,
    "aws-personalized-ranking-v2": _TRANSFORMER,
    "aws-user-personalization": _RECURRENT,
    "aws-personalized-ranking": _RECURRENT,
    "aws-hrnn": _LEGACY,
    "aws-hrnn-metadata": _LEGACY,
    "aws-hrnn-coldstart": RecipeParameters(
        _sequence(149),
        (
            Hyperparameter("cold_start_max_interactions", Kind.INTEGER, "15"),
            Hyperparameter("cold_start_max_duration", Kind.CONTINUOUS, "5.0"),
            _category("cold_start_relative_from", ("currentTime", "latestItem"), "latestItem"),
            *_history_length(0.0, 0.99),
        ),
    ),
    "aws-similar-items": RecipeParameters(
        (
            _share("popularity_discount_factor", 0.0),
            # The guide has the service choose these two by HPO. Whether it refuses a value that is
            # simply given is not documented; here it is taken.
            _integer("item_id_hidden_dim", 30, 200, 100),
            _integer("item_metadata_hidden_dim", 30, 200, 100),
        )
    ),
    "aws-sims": RecipeParameters(
        (
            _share("popularity_discount_factor", 0.5, tunable=True),
            _integer("min_cointeraction_count", 0, 10, 3),
        ),
        (
            *_history_length(0.005, 0.995),
            _share("min_item_interaction_count_percentile", 0.01),
            _share("max_item_interaction_count_percentile", 0.9),
        ),
    ),
    "aws-semantic-similarity": RecipeParameters(),
    "aws-popularity-count": RecipeParameters(),
    "aws-trending-now": RecipeParameters(
        features=(
            _category(
                "trend_discovery_frequency",
                ("30 minutes", "1 hour", "2 hours", "3 hours", "1 day"),
                "2 hours",
            ),
        )
    ),
    "aws-next-best-action": RecipeParameters(
        features=(_integer("action_optimization_period", 7, 28, 14, tunable=False),)
    ),
    "aws-item-affinity": _SEGMENTATION,
    "aws-item-attribute-affinity": _SEGMENTATION,
}
