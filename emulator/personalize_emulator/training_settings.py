"""What a configuration says of a training, as the models are told it."""

from __future__ import annotations

from collections.abc import Iterable

from cdk_personalize.avro_schema import SchemaField
from cdk_personalize.hyperparameters import Hyperparameter, Kind, parameters_of
from cdk_personalize.recipe import ServiceRecipe
from cdk_personalize.solution_config import bounds_of, categories_of
from personalize_emulator.models import EventParameters, Objective, TrainingSettings, Tuning
from personalize_emulator.store import Document

DEFAULT_TRIALS = Tuning().trials
"""How many trainings a search for hyperparameters spends when nobody says."""


def settings_of(
    recipe: ServiceRecipe,
    config: Document,
    *,
    perform_hpo: bool = False,
    item_fields: Iterable[SchemaField] = (),
) -> TrainingSettings:
    """Return how to train.

    Args:
        recipe: The recipe.
        config: A `solutionConfig` that was found to be right, or a `recommenderConfig`.
        perform_hpo: Whether to look for better hyperparameters.
        item_fields: The columns of Items to train on.
    """
    objective = config.get("optimizationObjective")
    events = config.get("eventsConfig", {}).get("eventParametersList", ())
    fields = list(item_fields)
    return TrainingSettings(
        parameters=config.get("algorithmHyperParameters", {}),
        features=config.get("featureTransformationParameters", {}),
        events=[
            EventParameters(
                event_type=event["eventType"],
                threshold=event.get("eventValueThreshold"),
                weight=event.get("weight", 1.0),
            )
            for event in events
        ],
        objective=objective and _objective(objective),
        tuning=_tuning(recipe, config.get("hpoConfig", {})) if perform_hpo else None,
        textual=frozenset(field.name for field in fields if field.textual),
        item_name=next((field.name for field in fields if field.item_name), None),
    )


def _objective(objective: Document) -> Objective:
    # "MEDIUM" is not documented as the default; it is that of the guide's examples.
    sensitivity = objective.get("objectiveSensitivity", "MEDIUM")
    return Objective(objective["itemAttribute"], sensitivity)


def _tuning(recipe: ServiceRecipe, wanted: Document) -> Tuning:
    """Return where to look: where the configuration says, else in the ranges of the recipe.

    `maxParallelTrainingJobs` changes nothing: here one training follows the other.
    """
    jobs = wanted.get("hpoResourceConfig", {}).get("maxNumberOfTrainingJobs")
    trials = DEFAULT_TRIALS if jobs is None else int(jobs)
    ranges = wanted.get("algorithmHyperParameterRanges")
    if ranges is None:
        return _whole_ranges(parameters_of(recipe.name).tunable, trials)
    return Tuning(
        integers=bounds_of(ranges["integerHyperParameterRanges"]),
        continuous=bounds_of(ranges["continuousHyperParameterRanges"]),
        categorical=categories_of(ranges["categoricalHyperParameterRanges"]),
        trials=trials,
    )


def _whole_ranges(parameters: tuple[Hyperparameter, ...], trials: int) -> Tuning:
    return Tuning(
        integers={
            parameter.name: (int(parameter.least), int(parameter.greatest))
            for parameter in parameters
            if parameter.kind is Kind.INTEGER and parameter.greatest is not None
        },
        continuous={
            parameter.name: (parameter.least, parameter.greatest)
            for parameter in parameters
            if parameter.kind is Kind.CONTINUOUS and parameter.greatest is not None
        },
        categorical={
            parameter.name: parameter.values
            for parameter in parameters
            if parameter.kind is Kind.CATEGORICAL
        },
        trials=trials,
    )
