"""What of a group's data models are trained on: the columns that recipes need, and those chosen.

Solutions and recommenders choose alike; see the developer guide's page "Configuring columns used
when training" (custom-config-columns). Pure Python, and told as `solution_config` is.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from cdk_personalize.avro_schema import AvroSchema, DatasetType
from cdk_personalize.recipe import Recipe, RecipeType, ServiceRecipe

Config = Mapping[str, Any]
"""A structure of the API."""
Schemas = Mapping[DatasetType, AvroSchema]
"""The columns of the datasets of a group."""

MAX_TRAINING_COLUMNS = 50

_WITH_COLUMNS = (DatasetType.INTERACTIONS, DatasetType.ITEMS, DatasetType.USERS)
# What makes an interaction, an item or a user cannot be left out. That of the event type cannot
# either, says the guide's page.
_NEEDED = frozenset({"USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"})


def findings_of_datasets(
    recipe: ServiceRecipe, dataset_types: Collection[DatasetType]
) -> list[str]:
    """Return which datasets a recipe needs and a dataset group lacks."""
    missing = recipe.required_datasets.difference(dataset_types)
    if not missing:
        return []
    return [f"{recipe} needs a dataset of {', '.join(sorted(missing))} in the dataset group"]


def findings_of_recipe(recipe: ServiceRecipe, schemas: Schemas) -> list[str]:
    """Return which columns a recipe needs and the datasets that are there lack."""
    items = schemas.get(DatasetType.ITEMS)
    if items is None:
        return []
    found = []
    if recipe == Recipe.SEMANTIC_SIMILARITY:  # its page, native-recipe-semantic-similarity
        if not any(field.item_name for field in items.fields):
            found.append(
                f"{recipe} needs a column of Items with itemName, which has the names of items"
            )
        if not any(field.textual for field in items.fields):
            found.append(f"{recipe} needs a textual column of Items, which describes them")
    if recipe == Recipe.ITEM_ATTRIBUTE_AFFINITY and not any(
        items.is_trainable(field.name) for field in items.metadata if not field.textual
    ):  # its page, item-attribute-affinity-recipe
        found.append(f"{recipe} needs a column of Items that is neither textual nor reserved")
    return found


def findings_of_choice(config: Config, recipe: ServiceRecipe) -> list[str]:
    """Return what is wrong with a choice of columns, whatever columns there are.

    Args:
        config: A `solutionConfig` or `recommenderConfig`, with its `trainingDataConfig`.
        recipe: The recipe.
    """
    choice: Config = config.get("trainingDataConfig", {})
    found = []
    if choice and recipe.type is RecipeType.PERSONALIZED_ACTIONS:
        found.append(
            f"trainingDataConfig is for recipes that answer with items or users, not for {recipe}"
        )
    if choice.get("excludedDatasetColumns") and choice.get("includedDatasetColumns"):
        found.append("excludedDatasetColumns and includedDatasetColumns cannot be given together")
    for member, chosen in choice.items():
        for name_of_type, columns in chosen.items():
            if _type_with_columns(name_of_type) is None:
                known = ", ".join(_WITH_COLUMNS)
                found.append(f"{member} is for {known}, not for {name_of_type}")
            if len(columns) > MAX_TRAINING_COLUMNS:
                found.append(
                    f"{member} has at most {MAX_TRAINING_COLUMNS} columns of {name_of_type},"
                    f" got {len(columns)}"
                )
            if member == "excludedDatasetColumns":
                found += [
                    f"{column} of {name_of_type} cannot be excluded from training"
                    for column in columns
                    if column in _NEEDED
                ]
    return found


def findings_of_chosen(config: Config, schemas: Schemas, *, complete: bool) -> list[str]:
    """Return which of the chosen columns are not there, or not to be trained on.

    Args:
        config: A `solutionConfig` or `recommenderConfig`, with its `trainingDataConfig`.
        schemas: The columns of the dataset group.
        complete: Whether those are all of its datasets; else nobody knows what the others have.
    """
    found = []
    for member, chosen in config.get("trainingDataConfig", {}).items():
        for name_of_type, columns in chosen.items():
            dataset_type = _type_with_columns(name_of_type)
            if dataset_type is None:
                continue
            if dataset_type in schemas:
                found += _findings_of_named(member, columns, schemas[dataset_type])
            elif complete:
                found.append(
                    f"{member} names columns of {dataset_type};"
                    " the dataset group has no such dataset"
                )
    return found


def _findings_of_named(member: str, columns: Iterable[str | None], schema: AvroSchema) -> list[str]:
    found = []
    for column in columns:
        if column is None:
            continue
        if schema.field(column) is None:
            found.append(
                f"{member}: {schema.dataset_type} has no column {column},"
                f" only {', '.join(schema.columns)}"
            )
        elif member == "includedDatasetColumns" and not schema.is_trainable(column):
            found.append(
                f"{column} of {schema.dataset_type} cannot be trained on, and not be included"
            )
    return found


def _type_with_columns(name_of_type: str) -> DatasetType | None:
    try:
        dataset_type = DatasetType.of(name_of_type)
    except ValueError:
        return None
    return dataset_type if dataset_type in _WITH_COLUMNS else None
