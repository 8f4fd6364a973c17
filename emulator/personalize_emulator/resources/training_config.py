"""What trainings of solutions and of recommenders both need, and what both can be told."""

from __future__ import annotations

import math

from cdk_personalize.avro_schema import AvroSchema, DatasetType
from cdk_personalize.recipe import Recipe, RecipeType, ServiceRecipe
from personalize_emulator.errors import InvalidInputError, ResourceInUseError
from personalize_emulator.group_data import GroupData, is_trainable
from personalize_emulator.resources.family import is_settled
from personalize_emulator.store import Document

_WITH_COLUMNS = (DatasetType.INTERACTIONS, DatasetType.ITEMS, DatasetType.USERS)

# What makes an interaction, an item or a user cannot be left out. That of the event type cannot
# either, says the guide's page custom-config-columns.
_NEEDED = frozenset({"USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"})

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
    items = data.schema(DatasetType.ITEMS)
    if recipe is Recipe.SEMANTIC_SIMILARITY and items is not None:
        # The recipe's page, native-recipe-semantic-similarity.
        if not any(field.item_name for field in items.fields):
            msg = f"{recipe} needs a column of Items with itemName, which has the names of items."
            raise InvalidInputError(msg)
        if not any(field.textual for field in items.fields):
            msg = f"{recipe} needs a textual column of Items, which describes them."
            raise InvalidInputError(msg)
    if recipe is Recipe.ITEM_ATTRIBUTE_AFFINITY and items is not None:
        attributes = [field for field in items.metadata if not field.textual]
        if not any(is_trainable(field.name, items) for field in attributes):
            msg = f"{recipe} needs a column of Items that is neither textual nor reserved."
            raise InvalidInputError(msg)


def require_columns(config: Document, recipe: ServiceRecipe, data: GroupData) -> None:
    """Refuse a `trainingDataConfig` that chooses what is not there to choose.

    Args:
        config: The `solutionConfig` or `recommenderConfig`.
        recipe: The recipe.
        data: The dataset group, whose schemas have the columns.

    Raises:
        InvalidInputError: A column is not there, cannot be excluded or cannot be trained on.
    """
    choice: Document = config.get("trainingDataConfig", {})
    if choice and recipe.type is RecipeType.PERSONALIZED_ACTIONS:
        msg = (
            f"trainingDataConfig is for recipes that answer with items or users, not for {recipe}."
        )
        raise InvalidInputError(msg)
    excluded = choice.get("excludedDatasetColumns", {})
    included = choice.get("includedDatasetColumns", {})
    if excluded and included:
        msg = "excludedDatasetColumns and includedDatasetColumns cannot be given together."
        raise InvalidInputError(msg)
    for member, chosen in choice.items():
        for name_of_type, columns in chosen.items():
            schema = _schema(name_of_type, member, data)
            for column in columns:
                _require_column(column, member, schema)


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
        if name == "explorationItemAgeCutOff" and not (value is not None and value > 0):
            msg = f"explorationItemAgeCutOff must be a number of days above 0, got {text}."
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


def number_of(text: str) -> float | None:
    """Return the finite number that a text is, None if it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _schema(name_of_type: str, member: str, data: GroupData) -> AvroSchema:
    try:
        dataset_type = DatasetType.of(name_of_type)
    except ValueError as error:
        msg = f"{member}: {error}."
        raise InvalidInputError(msg) from error
    if dataset_type not in _WITH_COLUMNS:
        msg = f"{member} is for {', '.join(_WITH_COLUMNS)}, not for {dataset_type}."
        raise InvalidInputError(msg)
    schema = data.schema(dataset_type)
    if schema is None:
        msg = f"{member} names columns of {dataset_type}; {data.group_arn} has no such dataset."
        raise InvalidInputError(msg)
    return schema


def _require_column(column: str, member: str, schema: AvroSchema) -> None:
    if schema.field(column) is None:
        msg = (
            f"{member}: {schema.dataset_type} has no column {column}, only"
            f" {', '.join(schema.columns)}."
        )
        raise InvalidInputError(msg)
    if member == "excludedDatasetColumns" and column in _NEEDED:
        msg = f"{column} of {schema.dataset_type} cannot be excluded from training."
        raise InvalidInputError(msg)
    if member == "includedDatasetColumns" and not is_trainable(column, schema):
        msg = f"{column} of {schema.dataset_type} cannot be trained on, and not be included."
        raise InvalidInputError(msg)
