"""Automatic updates: models that take in new data between trainings, by the clock.

Which ones do, and how often, is from the guide's page "Automatic updates" (use-case-recipe-
features) and from the pages of the recipes. Nothing is done, or paid for, when no data came.
"""

from __future__ import annotations

from cdk_personalize.recipe import Feature, Recipe, ServiceRecipe
from personalize_emulator.models.trending_now import interval_of
from personalize_emulator.store import Document, Resource, Store
from personalize_emulator.training_settings import settings_of

UPDATE_MODEL = "update-model"
"""The job of a campaign or a recommender that has its model updated."""

_MINUTE = 60.0
_TWO_HOURS = 7200.0

_INCREMENTAL_SECONDS = 30 * _MINUTE


def update_interval(recipe: ServiceRecipe, config: Document) -> float | None:
    """Return how often a model of a recipe is updated, None if it is not.

    Args:
        recipe: The recipe.
        config: The `solutionConfig` or `recommenderConfig`.

    Returns:
        The emulated seconds between two updates.
    """
    if recipe.supports(Feature.AUTOMATIC_UPDATES):
        return _TWO_HOURS
    if recipe.supports(Feature.INCREMENTAL_UPDATE):
        return _INCREMENTAL_SECONDS
    if recipe is Recipe.TRENDING_NOW:
        return interval_of(settings_of(recipe, config))
    return None


def is_updated(version: Resource, store: Store) -> bool:
    """Tell whether the model of a deployed solution version is one to update.

    It is the latest version that was trained in full, and no training in the mode UPDATE came
    after it (CreateSolutionVersion: "If you specify UPDATE, Amazon Personalize will stop automatic
    updates"). Incremental updates happen if the solution says so.
    """
    later = [
        other
        for other in store.find("solution-version", parent=version.parent_arn)
        if other.status == "ACTIVE" and other.number > version.number
    ]
    if version.document["trainingMode"] == "UPDATE" or later:
        return False
    if Recipe.of(version.document["recipeArn"]).supports(Feature.INCREMENTAL_UPDATE):
        solution = store.get(version.parent_arn or "")
        return solution is not None and bool(solution.document.get("performIncrementalUpdate"))
    return True
