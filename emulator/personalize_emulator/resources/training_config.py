"""What trainings of solutions and of recommenders both need, and what both can be told."""

from __future__ import annotations

from collections.abc import Iterable

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.recipe import Feature, Recipe, ServiceRecipe
from cdk_personalize.solution_config import number_of
from cdk_personalize.training_data import (
    findings_of_choice,
    findings_of_chosen,
    findings_of_recipe,
)
from personalize_emulator.errors import InvalidInputError, ResourceInUseError
from personalize_emulator.group_data import GroupData
from personalize_emulator.resources.family import is_settled
from personalize_emulator.store import Document

_FEATURES = {
    "itemExplorationConfig": Feature.EXPLORATION,
    "rankingInfluence": Feature.RANKING_INFLUENCE,
}
_EXPLORATION = ("explorationWeight", "explorationItemAgeCutOff")


def require_datasets(recipe: ServiceRecipe, data: GroupData) -> None:
    """Refuse to train without the datasets and columns that a recipe needs.

    Raises:
        InvalidInputError: One is missing.
        ResourceInUseError: A dataset is in the making, or on its way to be deleted.
    """
    for dataset_type in sorted(recipe.required_datasets):
        dataset = data.dataset(dataset_type)
        if dataset is None:
            msg = f"{recipe} needs a dataset of type {dataset_type}; {data.group_arn} has none."
            raise InvalidInputError(msg)
        if not is_settled(dataset.status):
            msg = f"{dataset.arn} is {dataset.status}; it must be ACTIVE."
            raise ResourceInUseError(msg)
    require_none(findings_of_recipe(recipe, data.schemas()))


def require_columns(config: Document, recipe: ServiceRecipe, data: GroupData) -> None:
    """Refuse a `trainingDataConfig` that chooses what is not there to choose.

    Args:
        config: The `solutionConfig` or `recommenderConfig`.
        recipe: The recipe.
        data: The dataset group, whose schemas have the columns.

    Raises:
        InvalidInputError: A column is not there, cannot be excluded or cannot be trained on.
    """
    found = findings_of_choice(config, recipe)
    require_none(found + findings_of_chosen(config, data.schemas(), complete=True))


def require_none(findings: Iterable[str]) -> None:
    """Refuse a configuration that breaks a rule.

    Args:
        findings: The rules that it breaks.

    Raises:
        InvalidInputError: There is one.
    """
    if broken := "; ".join(findings):
        msg = f"The configuration is not valid: {broken}."
        raise InvalidInputError(msg)


def require_supported(config: Document, recipe: Recipe) -> None:
    """Refuse what other recipes alone can be told of how to answer.

    Args:
        config: A `campaignConfig` or `batchInferenceJobConfig`.
        recipe: The recipe.

    Raises:
        InvalidInputError: There is such a thing in it.
    """
    for name, feature in _FEATURES.items():
        if name in config and not recipe.supports(feature):
            known = " and ".join(map(str, Recipe.supporting(feature)))
            msg = f"{name} is for {known}, not for {recipe}."
            raise InvalidInputError(msg)


def require_exploration(config: Document) -> None:
    """Refuse an `itemExplorationConfig` with other parameters than the two, or other values.

    Raises:
        InvalidInputError: There is such a thing in it.
    """
    for name, text in config.get("itemExplorationConfig", {}).items():
        if name not in _EXPLORATION:
            msg = f"itemExplorationConfig has {' and '.join(_EXPLORATION)}, got {name}."
            raise InvalidInputError(msg)
        value = number_of(text)
        if name == "explorationWeight" and not (value is not None and 0 <= value <= 1):
            msg = f"explorationWeight must be from 0 to 1, got {text}."
            raise InvalidInputError(msg)
        if name == "explorationItemAgeCutOff" and not (value is not None and value >= 1):
            msg = f"explorationItemAgeCutOff must be a number of days, at least 1, got {text}."
            raise InvalidInputError(msg)


def require_metadata(config: Document, data: GroupData) -> None:
    """Refuse to answer with metadata that no dataset has (the guide's page update-campaigns).

    Raises:
        InvalidInputError: There is no Items dataset.
    """
    if config.get("enableMetadataWithRecommendations") and data.schema(DatasetType.ITEMS) is None:
        msg = (
            f"enableMetadataWithRecommendations needs an Items dataset; {data.group_arn} has none."
        )
        raise InvalidInputError(msg)
