"""What a recipe or use case takes in a request, learns from, and shows in an answer.

From the developer guide's pages promoting-items, contextual-metadata, putevents-including-
impressions-data, recommendations ("How recommendation scoring works", "Recommendation reasons") and
campaigns ("Item metadata").
"""

from __future__ import annotations

from collections.abc import Collection

from cdk_personalize.recipe import Recipe, ServiceRecipe
from cdk_personalize.use_case import UseCase

_PROMOTING: Collection[ServiceRecipe] = (
    Recipe.USER_PERSONALIZATION_V2,
    Recipe.USER_PERSONALIZATION,
    Recipe.SIMILAR_ITEMS,
    Recipe.SIMS,
    Recipe.TRENDING_NOW,
    Recipe.POPULARITY_COUNT,
)
_WITH_CONTEXT: Collection[ServiceRecipe] = (
    Recipe.USER_PERSONALIZATION_V2,
    Recipe.USER_PERSONALIZATION,
    Recipe.PERSONALIZED_RANKING_V2,
    Recipe.PERSONALIZED_RANKING,
    UseCase.RECOMMENDED_FOR_YOU,
    UseCase.TOP_PICKS,
)
_WITH_IMPRESSIONS: Collection[ServiceRecipe] = (
    Recipe.USER_PERSONALIZATION,
    UseCase.RECOMMENDED_FOR_YOU,
    UseCase.TOP_PICKS,
)
_WITHOUT_SCORES: Collection[ServiceRecipe] = (
    Recipe.SIMILAR_ITEMS,
    Recipe.SIMS,
    Recipe.POPULARITY_COUNT,
)
_WITH_METADATA: Collection[ServiceRecipe] = (
    Recipe.USER_PERSONALIZATION_V2,
    Recipe.PERSONALIZED_RANKING_V2,
    Recipe.SEMANTIC_SIMILARITY,
)


def supports_promotions(recipe: ServiceRecipe) -> bool:
    """Tell whether requests can have promotions: those of all use cases, and of some recipes."""
    return isinstance(recipe, UseCase) or recipe in _PROMOTING


def uses_context(recipe: ServiceRecipe) -> bool:
    """Tell whether the contextual metadata of a request counts."""
    return recipe in _WITH_CONTEXT


def uses_impressions(recipe: ServiceRecipe, *, in_schema: bool) -> bool:
    """Tell whether exploration goes by what was shown.

    "If you use the User-Personalization recipe or add the IMPRESSIONS field to your schema for a
    dataset in a Domain dataset group": of the use cases, those that explore.

    Args:
        recipe: The recipe.
        in_schema: Whether the schema of Interactions has the column IMPRESSION.
    """
    return recipe in _WITH_IMPRESSIONS and (in_schema or not isinstance(recipe, UseCase))


def shows_scores(recipe: ServiceRecipe) -> bool:
    """Tell whether answers have scores: those of use cases and some recipes have none."""
    return not isinstance(recipe, UseCase) and recipe not in _WITHOUT_SCORES


def gives_reasons(recipe: ServiceRecipe) -> bool:
    """Tell whether answers say why an item is there that the model itself would not recommend."""
    return recipe == Recipe.USER_PERSONALIZATION_V2


def always_has_metadata(recipe: ServiceRecipe) -> bool:
    """Tell whether answers can have metadata without being configured to."""
    return recipe in _WITH_METADATA
