"""One small real model for each recipe, on numpy and scipy.

`train` and `load` are the way in. A recipe is added with a file of its own and a line in
`_RECIPES`.
"""

from collections.abc import Mapping

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.recipe import Recipe, ServiceRecipe
from cdk_personalize.use_case import UseCase
from personalize_emulator.models.also_met import AlsoMet
from personalize_emulator.models.archive import Archive
from personalize_emulator.models.bought_together import BoughtTogether
from personalize_emulator.models.data import ContextColumn, TrainingData
from personalize_emulator.models.event_count import EventCount
from personalize_emulator.models.hrnn import Hrnn, HrnnColdstart, HrnnMetadata
from personalize_emulator.models.hyperparameters import check
from personalize_emulator.models.item_affinity import ItemAffinity
from personalize_emulator.models.item_attribute_affinity import ItemAttributeAffinity
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
from personalize_emulator.models.next_best_action import NextBestAction
from personalize_emulator.models.personalized_ranking import (
    PersonalizedRanking,
    PersonalizedRankingV2,
)
from personalize_emulator.models.popularity_count import PopularityCount
from personalize_emulator.models.semantic_similarity import SemanticSimilarity
from personalize_emulator.models.settings import (
    EventParameters,
    Objective,
    TrainingSettings,
    Tuning,
)
from personalize_emulator.models.similar_items import SimilarItems
from personalize_emulator.models.sims import Sims
from personalize_emulator.models.trending_now import TrendingNow
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
    "aws-sims": Sims,
    "aws-semantic-similarity": SemanticSimilarity,
    "aws-trending-now": TrendingNow,
    "aws-popularity-count": PopularityCount,
    "aws-next-best-action": NextBestAction,
    "aws-item-affinity": ItemAffinity,
    "aws-item-attribute-affinity": ItemAttributeAffinity,
    "aws-ecomm-popular-items-by-views": EventCount,
    "aws-ecomm-popular-items-by-purchases": EventCount,
    "aws-ecomm-frequently-bought-together": BoughtTogether,
    "aws-ecomm-customers-who-viewed-x-also-viewed": AlsoMet,
    "aws-vod-because-you-watched-x": AlsoMet,
    "aws-vod-more-like-x": SimilarItems,
    "aws-vod-most-popular": PopularityCount,
    "aws-vod-trending-now": TrendingNow,
}
_AS_THE_RECIPE_DOES = TrainingSettings()
_KINDS = {model.kind: model for model in _RECIPES.values()}
_KNOWN: Mapping[str, ServiceRecipe] = {
    recipe.name: recipe for recipe in (*Recipe.all(), *UseCase.all())
}


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
    """Train the model of a recipe, a use case's on events of the type that it is about.

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
    recipe = _KNOWN[recipe_name]
    if isinstance(recipe, UseCase) and recipe.event_type is not None:
        data = data.only(recipe.event_type)
    missing = _missing(data, recipe)
    if missing is not None:
        msg = f"no {missing} to train on"
        raise ValueError(msg)
    check(recipe_name, settings)
    return _RECIPES[recipe_name].train(data, settings, seed=seed)


def _missing(data: TrainingData, recipe: ServiceRecipe) -> str | None:
    """What a recipe cannot do without, None if all of it is there."""
    needed = recipe.required_datasets
    if DatasetType.INTERACTIONS in needed and len(data) == 0:
        event_type = recipe.event_type if isinstance(recipe, UseCase) else None
        return f"{event_type} interactions" if event_type else "interactions"
    if DatasetType.ITEMS in needed and not data.item_metadata:
        return "items"
    if DatasetType.ACTIONS in needed and (data.actions is None or not data.actions.item_ids):
        return "actions"
    return None


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
