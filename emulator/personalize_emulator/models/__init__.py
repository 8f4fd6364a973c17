"""One small real model for each recipe, on numpy and scipy.

`train` and `load` are the way in. A recipe is added with a file of its own and a line in
`_RECIPES`.
"""

from collections.abc import Mapping

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.model import (
    Exploration,
    HistoryEvent,
    Model,
    Query,
    ScoredItem,
    SegmentingModel,
    SegmentQuery,
    TrainableModel,
    UpdatableModel,
)
from personalize_emulator.models.personalized_ranking import PersonalizedRanking
from personalize_emulator.models.popularity_count import PopularityCount
from personalize_emulator.models.settings import (
    EventParameters,
    Objective,
    TrainingSettings,
    Tuning,
)
from personalize_emulator.models.similar_items import SimilarItems
from personalize_emulator.models.user_personalization import UserPersonalization

__all__ = [
    "EventParameters",
    "Exploration",
    "HistoryEvent",
    "Model",
    "Objective",
    "Query",
    "ScoredItem",
    "SegmentQuery",
    "SegmentingModel",
    "TrainingData",
    "TrainingSettings",
    "Tuning",
    "UpdatableModel",
    "load",
    "recipe_names",
    "train",
]


_RECIPES: Mapping[str, type[TrainableModel]] = {
    "aws-user-personalization-v2": UserPersonalization,
    "aws-personalized-ranking-v2": PersonalizedRanking,
    "aws-similar-items": SimilarItems,
    "aws-popularity-count": PopularityCount,
}
_AS_THE_RECIPE_DOES = TrainingSettings()
_KINDS = {model.kind: model for model in _RECIPES.values()}


def recipe_names() -> list[str]:
    """The recipes that have a model."""
    return list(_RECIPES)


def train(
    recipe_name: str,
    data: TrainingData,
    *,
    settings: TrainingSettings = _AS_THE_RECIPE_DOES,
    seed: int = 0,
) -> Model:
    """Train the model of a recipe.

    Args:
        recipe_name: The last part of the recipe's ARN, "aws-similar-items".
        data: What to learn from.
        settings: How to train (default: as the recipe does).
        seed: The same seed and data make the same model (default: 0).

    Raises:
        ValueError: If there is no model for the recipe, or nothing to learn from.
    """
    if recipe_name not in _RECIPES:
        msg = f"no model for recipe {recipe_name}, only for {', '.join(_RECIPES)}"
        raise ValueError(msg)
    if len(data) == 0:
        msg = "no interactions to train on"
        raise ValueError(msg)
    return _RECIPES[recipe_name].train(data, settings, seed=seed)


def load(blob: bytes) -> Model:
    """Read a model that `Model.to_bytes` wrote.

    Raises:
        ValueError: If the bytes are not a model.
    """
    archive = Archive.from_bytes(blob)
    if archive.kind not in _KINDS:
        msg = f"not a model of a kind known here: {archive.kind}"
        raise ValueError(msg)
    return _KINDS[archive.kind].from_archive(archive)
