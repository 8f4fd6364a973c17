"""What a solution can be told: the rules of `CreateSolution` and `UpdateSolution`.

They depend on the recipe, and on the columns of the dataset group. The limits are those of the
shapes of the API; each rule that is not names the page of the developer guide that it is from.
Pure Python: the constructs check with it at synth, the emulator when it is asked.

A configuration is as the API writes it. What is None in it is there and not known yet, as a token
of the CDK is; it is not checked. Recipes that are newer than this library are not checked either.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cdk_personalize.avro_schema import NUMERIC_TYPES, DatasetType
from cdk_personalize.hyperparameters import findings as findings_of_parameters
from cdk_personalize.hyperparameters import findings_of_tuning, parameters_of
from cdk_personalize.recipe import Feature, ServiceRecipe
from cdk_personalize.training_data import (
    Config,
    Schemas,
    findings_of_choice,
    findings_of_chosen,
)

DEFAULT_DAYS_BETWEEN_TRAININGS = 7
MAX_DAYS_BETWEEN_TRAININGS = 30
MAX_EVENT_TYPE_LENGTH = 256
MAX_EVENT_TYPES = 10
MAX_ITEM_ATTRIBUTE_LENGTH = 150
MAX_RANGES = 100
UPDATE = "UPDATE"
"""The `trainingMode` that has a model take in what is new, without learning anew."""
MAX_TRAINING_JOBS: Mapping[str, int] = {
    "maxNumberOfTrainingJobs": 40,
    "maxParallelTrainingJobs": 10,
}

_SCHEDULE = re.compile(r"rate\((\d+) days?\)")
_WHOLE = re.compile(r"[0-9]{1,9}")

_PARAMETERS = ("algorithmHyperParameters", "featureTransformationParameters")
_NUMBERS = ("name", "minValue", "maxValue")
_RANGES = {
    "integerHyperParameterRanges": _NUMBERS,
    "continuousHyperParameterRanges": _NUMBERS,
    "categoricalHyperParameterRanges": ("name", "values"),
}


def findings(request: Config, recipe: ServiceRecipe) -> list[str]:
    """Return all that is wrong with a solution, whatever data there is; none if it is fine.

    Args:
        request: What it is told: `performHPO`, `performIncrementalUpdate`, `eventType` and
            `solutionConfig` are looked at.
        recipe: The recipe.
    """
    config: Config = request.get("solutionConfig", {})
    found = [
        *findings_of_schedule(config),
        *_findings_of_event_type(request, config),
        *_findings_of_events_config(config),
        *_findings_of_objective(config),
        *_findings_of_texts(config),
        *_findings_of_tuning(config.get("hpoConfig", {})),
        *findings_of_choice(config, recipe),
    ]
    if "autoMLConfig" in config:
        found.append("autoMLConfig needs performAutoML")
    if recipe.is_known:
        found += [
            *_findings_of_features(request, config, recipe),
            *_findings_of_parameters(request, config, recipe),
        ]
    return found


def findings_of_training_mode(mode: str, recipe: ServiceRecipe) -> list[str]:
    """Return why versions cannot be trained in a mode.

    Args:
        mode: The `trainingMode` of CreateSolutionVersion.
        recipe: The recipe.
    """
    if mode != UPDATE:
        return []
    return recipe.findings_of_feature(Feature.UPDATE_MODE, f"trainingMode {UPDATE}")


def findings_of_columns(request: Config, schemas: Schemas, *, complete: bool) -> list[str]:
    """Return all that a solution names of the data and that is not there; none if all is.

    Args:
        request: What it is told.
        schemas: The columns of the dataset group.
        complete: Whether those are all of its datasets; else nobody knows what the others have.
    """
    config: Config = request.get("solutionConfig", {})
    found = [
        f"{member} needs the column {column}, which the Interactions dataset lacks"
        for member, column in _interaction_columns(request, config)
        if DatasetType.INTERACTIONS in schemas
        and schemas[DatasetType.INTERACTIONS].field(column) is None
    ]
    found += _findings_of_attribute(config, schemas, complete=complete)
    return found + findings_of_chosen(config, schemas, complete=complete)


def findings_of_schedule(config: Config) -> list[str]:
    """Return what is wrong with the schedule of trainings that a solution starts by itself."""
    expression = config.get("autoTrainingConfig", {}).get("schedulingExpression")
    if expression is None or 1 <= _days(expression) <= MAX_DAYS_BETWEEN_TRAININGS:
        return []
    return [
        f"schedulingExpression must be from 1 to {MAX_DAYS_BETWEEN_TRAININGS} days,"
        f" got {expression}"
    ]


def schedule(days: int | str) -> str:
    """Return a schedule as the API writes it.

    Args:
        days: How many days lie between two trainings; text if it is not known yet.
    """
    return f"rate({days} {'day' if days == 1 else 'days'})"


def days_between_trainings(config: Config) -> int:
    """Return how many days lie between two trainings that a solution starts by itself.

    Args:
        config: A `solutionConfig`, whose schedule is right.
    """
    default = schedule(DEFAULT_DAYS_BETWEEN_TRAININGS)
    return _days(config.get("autoTrainingConfig", {}).get("schedulingExpression", default))


def findings_of_event_type(event_type: str | None, member: str = "eventType") -> list[str]:
    """Return what is wrong with the type of an event.

    Args:
        event_type: The type.
        member: What it is called.
    """
    if event_type is None or 1 <= len(event_type) <= MAX_EVENT_TYPE_LENGTH:
        return []
    return [f"{member} must have 1 to {MAX_EVENT_TYPE_LENGTH} characters, got {len(event_type)}"]


def findings_of_item_attribute(
    item_attribute: str | None, member: str = "itemAttribute"
) -> list[str]:
    """Return what is wrong with the name of the column that an objective is about.

    Args:
        item_attribute: The name.
        member: What it is called.
    """
    if item_attribute is None or 1 <= len(item_attribute) <= MAX_ITEM_ATTRIBUTE_LENGTH:
        return []
    return [
        f"{member} must have 1 to {MAX_ITEM_ATTRIBUTE_LENGTH} characters, got {len(item_attribute)}"
    ]


def findings_of_weight(weight: float | None) -> list[str]:
    """Return what is wrong with the weight of a type of event."""
    if weight is None or 0 <= weight <= 1:
        return []
    return [f"weight must be from 0 to 1, got {weight:g}"]


def findings_of_threshold(
    threshold: float | None, member: str = "eventValueThreshold"
) -> list[str]:
    """Return what is wrong with the value below which events of a type are left out.

    Args:
        threshold: The value.
        member: What it is called.
    """
    if threshold is None or math.isfinite(threshold):
        return []
    return [f"{member} must be a number, got {threshold:g}"]


def number_of(text: str) -> float | None:
    """Return the finite number that a text is, None if it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def bounds_of(ranges: Iterable[Config]) -> dict[str, tuple[Any, Any]]:
    """Return the least and the greatest value of `integerHyperParameterRanges` and the like."""
    return {
        searched["name"]: (searched["minValue"], searched["maxValue"])
        for searched in ranges
        if searched["name"] is not None
    }


def categories_of(ranges: Iterable[Config]) -> dict[str, Any]:
    """Return the values of `categoricalHyperParameterRanges`."""
    return {
        searched["name"]: searched["values"] for searched in ranges if searched["name"] is not None
    }


def _days(expression: str) -> int:
    matched = _SCHEDULE.fullmatch(expression)
    return int(matched[1]) if matched else 0


def _findings_of_event_type(request: Config, config: Config) -> list[str]:
    found = findings_of_event_type(request.get("eventType"))
    if "eventValueThreshold" not in config:
        return found
    threshold = config["eventValueThreshold"]
    if threshold is not None and number_of(threshold) is None:
        found.append(f"eventValueThreshold must be a number, got {threshold}")
    if "eventType" not in request:
        # The console asks for the type first (the guide's page event-values-types).
        found.append("eventValueThreshold needs an eventType")
    return found


def _findings_of_events_config(config: Config) -> list[str]:
    events = config.get("eventsConfig", {}).get("eventParametersList", ())
    found = []
    if len(events) > MAX_EVENT_TYPES:
        found.append(f"eventParametersList has at most {MAX_EVENT_TYPES} types, got {len(events)}")
    listed: set[str] = set()
    for event in events:
        if "eventType" not in event:
            found.append("each of eventParametersList must have an eventType")
            continue
        found += findings_of_event_type(event["eventType"])
        found += findings_of_weight(event.get("weight"))
        found += findings_of_threshold(event.get("eventValueThreshold"))
        if event["eventType"] is None:
            continue
        event_type = event["eventType"].casefold()
        if event_type in listed:
            found.append(
                f"eventParametersList has the eventType {event['eventType']} more than once"
            )
        listed.add(event_type)
    return found


def _findings_of_objective(config: Config) -> list[str]:
    if "optimizationObjective" not in config:
        return []
    objective = config["optimizationObjective"]
    if "itemAttribute" not in objective:
        return ["optimizationObjective needs an itemAttribute"]
    return findings_of_item_attribute(objective["itemAttribute"])


def _findings_of_texts(config: Config) -> list[str]:
    return [
        f"the parameter {name} must be text, got {value!r}"
        for member in _PARAMETERS
        for name, value in config.get(member, {}).items()
        if not (value is None or isinstance(value, str))
    ]


def _findings_of_features(request: Config, config: Config, recipe: ServiceRecipe) -> list[str]:
    asked = {
        "eventsConfig": ("eventsConfig" in config, Feature.EVENTS_CONFIG),
        "optimizationObjective": ("optimizationObjective" in config, Feature.OBJECTIVE),
        "performIncrementalUpdate": (
            bool(request.get("performIncrementalUpdate")),
            Feature.INCREMENTAL_UPDATE,
        ),
    }
    return [
        finding
        for member, (is_asked, feature) in asked.items()
        if is_asked
        for finding in recipe.findings_of_feature(feature, member)
    ]


def _findings_of_parameters(request: Config, config: Config, recipe: ServiceRecipe) -> list[str]:
    algorithm, features = (_texts_of(config.get(member, {})) for member in _PARAMETERS)
    found = findings_of_parameters(recipe.name, algorithm, features)
    wanted = config.get("hpoConfig")
    if (wanted is not None or request.get("performHPO")) and not parameters_of(recipe.name).tunable:
        found.append(
            f"performHPO and hpoConfig are not for {recipe}: it has no hyperparameter to optimize"
        )
        return found
    # What hpoConfig does without performHPO is not documented; here it is checked, and kept.
    ranges = (wanted or {}).get("algorithmHyperParameterRanges")
    if ranges is None or _findings_of_ranges(ranges):
        return found
    return found + findings_of_tuning(
        recipe.name,
        integers=bounds_of(ranges["integerHyperParameterRanges"]),
        continuous=bounds_of(ranges["continuousHyperParameterRanges"]),
        categorical=categories_of(ranges["categoricalHyperParameterRanges"]),
    )


def _texts_of(parameters: Config) -> dict[str, str | None]:
    return {
        name: value for name, value in parameters.items() if value is None or isinstance(value, str)
    }


def _findings_of_tuning(wanted: Config) -> list[str]:
    found = [
        f"{name} must be from 1 to {MAX_TRAINING_JOBS[name]}, got {text}"
        for name, text in wanted.get("hpoResourceConfig", {}).items()
        if text is not None
        and not (_WHOLE.fullmatch(text) and 1 <= int(text) <= MAX_TRAINING_JOBS[name])
    ]
    ranges = wanted.get("algorithmHyperParameterRanges")
    return found if ranges is None else found + _findings_of_ranges(ranges)


def _findings_of_ranges(ranges: Config) -> list[str]:
    missing = [member for member in _RANGES if member not in ranges]
    if missing:  # the guide's page customizing-solution-config-hpo
        return [f"algorithmHyperParameterRanges needs {', '.join(missing)} too, be it empty"]
    found = []
    for member, needed in _RANGES.items():
        if len(ranges[member]) > MAX_RANGES:
            found.append(f"{member} has at most {MAX_RANGES} ranges, got {len(ranges[member])}")
        for searched in ranges[member]:
            lacking = [name for name in needed if name not in searched]
            if lacking:
                found.append(
                    f"{member}: each range needs {', '.join(needed)}; {lacking[0]} is missing"
                )
    return found


def _interaction_columns(request: Config, config: Config) -> list[tuple[str, str]]:
    """Return which members need which column of Interactions, each once."""
    events = config.get("eventsConfig", {}).get("eventParametersList", ())
    needs = {
        ("eventType", "EVENT_TYPE"): "eventType" in request,
        ("eventsConfig", "EVENT_TYPE"): bool(events),
        ("eventValueThreshold", "EVENT_VALUE"): "eventValueThreshold" in config
        or any("eventValueThreshold" in event for event in events),
    }
    return [need for need, is_there in needs.items() if is_there]


def _findings_of_attribute(config: Config, schemas: Schemas, *, complete: bool) -> list[str]:
    if "optimizationObjective" not in config:
        return []
    column = config["optimizationObjective"].get("itemAttribute")
    items = schemas.get(DatasetType.ITEMS)
    if column is None or (items is None and not complete):
        return []
    field = items.field(column) if items else None
    if field is not None and field.type in NUMERIC_TYPES and not field.nullable:
        return []
    return [
        "the itemAttribute of optimizationObjective must be a column of Items that is a number"
        f" and never null; {column} is none"
    ]
