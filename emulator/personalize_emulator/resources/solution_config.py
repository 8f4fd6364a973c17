"""What a `solutionConfig` may say, which depends on the recipe and on the group's columns."""

from __future__ import annotations

import re

from cdk_personalize.avro_schema import NUMERIC_TYPES, DatasetType
from cdk_personalize.recipe import Recipe
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.group_data import GroupData
from personalize_emulator.models.hyperparameters import check
from personalize_emulator.resources.training_config import number_of, require_columns
from personalize_emulator.store import Document
from personalize_emulator.training_settings import settings_of, tunable

_SCHEDULE = re.compile(r"rate\((\d+) days?\)")
_LONGEST_RATE = 30
DEFAULT_SCHEDULE = "rate(7 days)"

_WITH_EVENTS_CONFIG = (Recipe.USER_PERSONALIZATION_V2, Recipe.PERSONALIZED_RANKING_V2)
# "User-Personalization or Personalized-Ranking", says the guide's page optimizing-solution-for-
# objective, which elsewhere names the recipes of version 2 apart. The legacy ones are not meant.
_WITH_OBJECTIVE = (Recipe.USER_PERSONALIZATION, Recipe.PERSONALIZED_RANKING)

# The guide's page training-solution-auto-ml.
AUTO_ML_RECIPES = (Recipe.HRNN, Recipe.HRNN_METADATA, Recipe.HRNN_COLDSTART)

_MOST_JOBS = {"maxNumberOfTrainingJobs": 40, "maxParallelTrainingJobs": 10}
_WHOLE = re.compile(r"[0-9]{1,9}")
_NUMBERS = ("name", "minValue", "maxValue")
_RANGES = {
    "integerHyperParameterRanges": _NUMBERS,
    "continuousHyperParameterRanges": _NUMBERS,
    "categoricalHyperParameterRanges": ("name", "values"),
}


def days_between_trainings(config: Document) -> int:
    """Return how many days lie between two trainings that a solution starts by itself.

    Raises:
        InvalidInputError: They are too many, or none.
    """
    auto_training = config.get("autoTrainingConfig", {})
    expression = auto_training.get("schedulingExpression", DEFAULT_SCHEDULE)
    matched = _SCHEDULE.fullmatch(expression)
    days = int(matched[1]) if matched else 0
    if not 1 <= days <= _LONGEST_RATE:
        msg = f"schedulingExpression must be from 1 to {_LONGEST_RATE} days, got {expression}."
        raise InvalidInputError(msg)
    return days


def require_fit(request: Document, recipe: Recipe, data: GroupData) -> None:
    """Refuse a request for a solution that does not go with its recipe, or with the columns.

    Args:
        request: The request, with its `solutionConfig`.
        recipe: The recipe.
        data: The dataset group. Columns of a dataset that is not there yet cannot be named.

    Raises:
        InvalidInputError: There is such a thing in it.
    """
    config: Document = request.get("solutionConfig", {})
    days_between_trainings(config)
    require_events_fit(config, recipe, data)
    if "autoMLConfig" in config:
        msg = "autoMLConfig needs performAutoML."
        raise InvalidInputError(msg)
    if request.get("performIncrementalUpdate"):
        require_incremental(recipe)
    _require_events(request, config, data)
    _require_objective(config, recipe, data)
    _require_parameters(request, config, recipe)
    require_columns(config, recipe, data)


def require_events_fit(config: Document, recipe: Recipe, data: GroupData) -> None:
    """Refuse an `eventsConfig` for other recipes, or without the columns that it needs.

    Raises:
        InvalidInputError: There is such a thing in it.
    """
    if "eventsConfig" not in config:
        return
    if recipe not in _WITH_EVENTS_CONFIG:
        allowed = " and ".join(str(recipe) for recipe in _WITH_EVENTS_CONFIG)
        msg = f"eventsConfig is for {allowed}, not for {recipe}."
        raise InvalidInputError(msg)
    listed: set[str] = set()
    for event in config["eventsConfig"].get("eventParametersList", ()):
        if "eventType" not in event:
            msg = "Each of eventParametersList must have an eventType."
            raise InvalidInputError(msg)
        event_type = event["eventType"].casefold()
        if event_type in listed:
            msg = f"eventParametersList has the eventType {event['eventType']} more than once."
            raise InvalidInputError(msg)
        listed.add(event_type)
        _require_interaction_column("EVENT_TYPE", "eventsConfig", data)
        if "eventValueThreshold" in event:
            _require_interaction_column("EVENT_VALUE", "eventValueThreshold", data)


def require_incremental(recipe: Recipe) -> None:
    """Refuse incremental updates of a model that has none.

    Raises:
        InvalidInputError: The recipe is none that has them.
    """
    if recipe is not Recipe.SEMANTIC_SIMILARITY:
        msg = f"performIncrementalUpdate is for {Recipe.SEMANTIC_SIMILARITY} alone."
        raise InvalidInputError(msg)


def candidates_of(config: Document) -> list[str] | None:
    """Return the ARNs that an `autoMLConfig` lists, None if it lists none.

    Raises:
        InvalidInputError: There is a metric without a list, or a list without a metric.
    """
    auto_ml = config.get("autoMLConfig", {})
    if ("metricName" in auto_ml) != bool(auto_ml.get("recipeList")):
        msg = "autoMLConfig has a metricName and a recipeList, or neither."
        raise InvalidInputError(msg)
    return auto_ml.get("recipeList") or None


def _require_events(request: Document, config: Document, data: GroupData) -> None:
    threshold = config.get("eventValueThreshold")
    if "eventType" in request:
        _require_interaction_column("EVENT_TYPE", "eventType", data)
    if threshold is None:
        return
    if number_of(threshold) is None:
        msg = f"eventValueThreshold must be a number, got {threshold}."
        raise InvalidInputError(msg)
    if "eventType" not in request:
        # The console asks for the type first (the guide's page event-values-types).
        msg = "eventValueThreshold needs an eventType."
        raise InvalidInputError(msg)
    _require_interaction_column("EVENT_VALUE", "eventValueThreshold", data)


def _require_interaction_column(column: str, member: str, data: GroupData) -> None:
    schema = data.schema(DatasetType.INTERACTIONS)
    if schema is not None and schema.field(column) is None:
        msg = f"{member} needs the column {column}, which the Interactions dataset lacks."
        raise InvalidInputError(msg)


def _require_parameters(request: Document, config: Document, recipe: Recipe) -> None:
    wanted = config.get("hpoConfig")
    if (wanted is not None or request.get("performHPO")) and not tunable(recipe):
        msg = (
            f"performHPO and hpoConfig are not for {recipe}: it has no hyperparameter to optimize."
        )
        raise InvalidInputError(msg)
    if wanted is not None:
        _require_tuning(wanted)
    # What hpoConfig does without performHPO is not documented; here it is checked, and kept.
    settings = settings_of(recipe, config, perform_hpo=wanted is not None)
    try:
        check(recipe.name, settings)
    except ValueError as error:
        msg = f"The solutionConfig is not valid: {error}."
        raise InvalidInputError(msg) from error


def _require_tuning(wanted: Document) -> None:
    for name, text in wanted.get("hpoResourceConfig", {}).items():
        if not (_WHOLE.fullmatch(text) and 1 <= int(text) <= _MOST_JOBS[name]):
            msg = f"{name} must be from 1 to {_MOST_JOBS[name]}, got {text}."
            raise InvalidInputError(msg)
    ranges = wanted.get("algorithmHyperParameterRanges")
    if ranges is None:
        return
    missing = [member for member in _RANGES if member not in ranges]
    if missing:  # the guide's page customizing-solution-config-hpo
        msg = f"algorithmHyperParameterRanges needs {', '.join(missing)} too, be it empty."
        raise InvalidInputError(msg)
    for member, needed in _RANGES.items():
        for searched in ranges[member]:
            lacking = [name for name in needed if name not in searched]
            if lacking:
                msg = f"{member}: each range needs {', '.join(needed)}; {lacking[0]} is missing."
                raise InvalidInputError(msg)


def _require_objective(config: Document, recipe: Recipe, data: GroupData) -> None:
    objective = config.get("optimizationObjective")
    if objective is None:
        return
    if recipe not in _WITH_OBJECTIVE:
        allowed = " and ".join(str(recipe) for recipe in _WITH_OBJECTIVE)
        msg = f"optimizationObjective is for {allowed}, not for {recipe}."
        raise InvalidInputError(msg)
    if "itemAttribute" not in objective:
        msg = "optimizationObjective needs an itemAttribute."
        raise InvalidInputError(msg)
    column = objective["itemAttribute"]
    schema = data.schema(DatasetType.ITEMS)
    field = schema.field(column) if schema else None
    if field is None or field.type not in NUMERIC_TYPES or field.nullable:
        msg = (
            f"The itemAttribute of optimizationObjective must be a column of Items that is a number"
            f" and never null; {column} is none."
        )
        raise InvalidInputError(msg)
