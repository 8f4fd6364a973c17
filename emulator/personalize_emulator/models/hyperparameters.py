"""The hyperparameters of every recipe: the one place that knows their names, ranges and defaults.

The table is that of the developer guide's page of each recipe (native-recipe-..., item-affinity-
recipe, item-attribute-affinity-recipe); what is not there is not a parameter of the recipe. The
use cases of the domains have none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

from personalize_emulator.models.settings import TrainingSettings, Tuning

_Value = TypeVar("_Value")

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

    def check(self, value: str) -> None:
        """Refuse a value that is not allowed.

        Raises:
            ValueError: It is no number, out of range, or none of the categories.
        """
        if self.kind is Kind.CATEGORICAL:
            fits = value.strip().casefold() in {one.casefold() for one in self.values}
        else:
            number = _number(value, self.kind)
            fits = number is not None and self._spans(number)
        if not fits:
            msg = f"{self.name} must be {self._allowed}, got {value!r}"
            raise ValueError(msg)

    def check_range(self, least: float, greatest: float) -> None:
        """Refuse a range to tune in that is empty, or reaches beyond what is allowed.

        Raises:
            ValueError: It does.
        """
        if not (least <= greatest and self._spans(least) and self._spans(greatest)):
            msg = (
                f"the range of {self.name} must be within {self._range}, got {least} to {greatest}"
            )
            raise ValueError(msg)

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

    def defaults(self) -> dict[str, str]:
        """The defaults of the algorithm, as DescribeAlgorithm gives them."""
        return {parameter.name: parameter.default for parameter in self.algorithm}

    def feature_defaults(self) -> dict[str, str]:
        """The defaults of the feature transformation, as DescribeFeatureTransformation does."""
        return {parameter.name: parameter.default for parameter in self.features}


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


def parameters_of(recipe_name: str) -> RecipeParameters:
    """Return what a recipe can be told; nothing for one that is not in the table.

    Args:
        recipe_name: The last part of the recipe's ARN.
    """
    return _RECIPES.get(recipe_name, RecipeParameters())


def check(recipe_name: str, settings: TrainingSettings) -> None:
    """Refuse settings that the recipe cannot be trained with, without training.

    Args:
        recipe_name: The last part of the recipe's ARN.
        settings: Its hyperparameters, its feature transformation and where to tune.

    Raises:
        ValueError: A parameter is unknown to the recipe, no number, or out of its range; or the
            recipe cannot tune it there.
    """
    known = parameters_of(recipe_name)
    for what, given, parameters in (
        ("algorithm hyperparameter", settings.parameters, known.algorithm),
        ("feature transformation parameter", settings.features, known.features),
    ):
        for name, value in plain_names(given).items():
            _named(recipe_name, what, name, parameters).check(value)
    _check_order(plain_names(settings.features), known)
    if settings.tuning is not None:
        _check_tuning(recipe_name, settings.tuning, known.algorithm)


def _check_order(given: Mapping[str, str], known: RecipeParameters) -> None:
    values = {**known.feature_defaults(), **given}
    for name, least in values.items():
        if not name.startswith("min_"):
            continue
        other = f"max_{name.removeprefix('min_')}"
        greatest = values[other]
        if float(least) > float(greatest):
            msg = f"{name} must not be above {other}, got {least} and {greatest}"
            raise ValueError(msg)


def _check_tuning(recipe_name: str, tuning: Tuning, known: tuple[Hyperparameter, ...]) -> None:
    tunable = tuple(parameter for parameter in known if parameter.tunable)
    for kind, ranges in (
        (Kind.INTEGER, plain_names(tuning.integers)),
        (Kind.CONTINUOUS, plain_names(tuning.continuous)),
    ):
        for name, (least, greatest) in ranges.items():
            _tunable(recipe_name, name, kind, tunable).check_range(least, greatest)
    for name, values in plain_names(tuning.categorical).items():
        parameter = _tunable(recipe_name, name, Kind.CATEGORICAL, tunable)
        if not values:
            msg = f"{name} must have at least one value to choose from"
            raise ValueError(msg)
        for value in values:
            parameter.check(value)
    if tuning.trials < 1:
        msg = f"there must be at least 1 trial to tune with, got {tuning.trials}"
        raise ValueError(msg)


def _tunable(
    recipe_name: str, name: str, kind: Kind, tunable: tuple[Hyperparameter, ...]
) -> Hyperparameter:
    parameter = _named(recipe_name, "hyperparameter to tune", name, tunable)
    if parameter.kind is not kind:
        msg = f"{name} must be tuned as {parameter.kind}, got a range that is {kind}"
        raise ValueError(msg)
    return parameter


def _named(
    recipe_name: str, what: str, name: str, parameters: tuple[Hyperparameter, ...]
) -> Hyperparameter:
    for parameter in parameters:
        if parameter.name == name:
            return parameter
    known = ", ".join(parameter.name for parameter in parameters) or "none"
    msg = f"a {what} of {recipe_name} must be one of: {known}; got {name}"
    raise ValueError(msg)


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
