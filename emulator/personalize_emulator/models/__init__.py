"""One small real model for each recipe, on numpy and scipy.

`train` and `load` are the way in. A recipe is added with a file of its own and a line in
`_RECIPES`.
"""

from collections.abc import Mapping

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.data import ContextColumn, TrainingData
from personalize_emulator.models.hrnn import Hrnn, HrnnColdstart, HrnnMetadata
from personalize_emulator.models.hyperparameters import check
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
from personalize_emulator.models.personalized_ranking import (
    PersonalizedRanking,
    PersonalizedRankingV2,
)
from personalize_emulator.models.popularity_count import PopularityCount
from personalize_emulator.models.settings import (
    EventParameters,
    Objective,
    TrainingSettings,
    Tuning,
)
from personalize_emulator.models.similar_items import SimilarItems
from personalize_emulator.models.user_personalization import (
    RecommendedForYou,
    TopPicks,
    UserPersonalization,
    UserPersonalizationV2,
)

__all__ = [
    "ContextColumn",
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
    "aws-user-personalization-v2": UserPersonalizationV2,
    "aws-user-personalization": UserPersonalization,
    "aws-hrnn": Hrnn,
    "aws-hrnn-metadata": HrnnMetadata,
    "aws-hrnn-coldstart": HrnnColdstart,
    "aws-ecomm-recommended-for-you": RecommendedForYou,
    "aws-vod-top-picks": TopPicks,
    "aws-personalized-ranking-v2": PersonalizedRankingV2,
    "aws-personalized-ranking": PersonalizedRanking,
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
        ValueError: If there is no model for the recipe, nothing to learn from, or a setting that
            the recipe does not know or allow.
    """
    if recipe_name not in _RECIPES:
        msg = f"no model for recipe {recipe_name}, only for {', '.join(_RECIPES)}"
        raise ValueError(msg)
    if len(data) == 0:
        msg = "no interactions to train on"
        raise ValueError(msg)
    check(recipe_name, settings)
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
