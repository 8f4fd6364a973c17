"""What trainings of solutions and of recommenders both need, and what those can be told."""

from __future__ import annotations

from collections.abc import Iterable

from cdk_personalize.recipe import ServiceRecipe
from cdk_personalize.training_data import (
    findings_of_choice,
    findings_of_chosen,
    findings_of_datasets,
    findings_of_recipe,
)
from personalize_emulator.errors import InvalidInputError, ResourceInUseError
from personalize_emulator.group_data import GroupData
from personalize_emulator.resources.family import is_settled
from personalize_emulator.store import Document


def require_datasets(recipe: ServiceRecipe, data: GroupData) -> None:
    """Refuse to train without the datasets and columns that a recipe needs.

    Raises:
        InvalidInputError: One is missing.
        ResourceInUseError: A dataset is in the making, or on its way to be deleted.
    """
    schemas = data.schemas()
    require_none(findings_of_datasets(recipe, schemas))
    for dataset_type in sorted(recipe.required_datasets):
        dataset = data.dataset(dataset_type)
        if dataset is not None and not is_settled(dataset.status):
            msg = f"{dataset.arn} is {dataset.status}; it must be ACTIVE."
            raise ResourceInUseError(msg)
    require_none(findings_of_recipe(recipe, schemas))


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
