"""Which recipe or use case an ARN is that of."""

from __future__ import annotations

from cdk_personalize.recipe import Recipe, ServiceRecipe
from cdk_personalize.use_case import UseCase
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError, ResourceNotFoundError

ALL: tuple[ServiceRecipe, ...] = (*Recipe.all(), *UseCase.all())


def recipe_of(arn: str, caller: Caller) -> Recipe:
    """Return a recipe that solutions can have.

    Raises:
        InvalidInputError: It is a use case, which recommenders are made for.
        ResourceNotFoundError: There is none of this ARN.
    """
    recipe = service_recipe_of(arn, caller)
    if isinstance(recipe, Recipe):
        return recipe
    msg = f"{recipe} is the recipe of a use case: create a recommender, not a solution."
    raise InvalidInputError(msg)


def use_case_of(arn: str, caller: Caller) -> UseCase:
    """Return a use case that recommenders can have.

    Raises:
        InvalidInputError: It is a recipe for solutions.
        ResourceNotFoundError: There is none of this ARN.
    """
    recipe = service_recipe_of(arn, caller)
    if isinstance(recipe, UseCase):
        return recipe
    msg = f"{recipe} is a recipe for solutions: a recommender needs that of a use case."
    raise InvalidInputError(msg)


def service_recipe_of(arn: str, caller: Caller) -> ServiceRecipe:
    """Return a recipe of either sort.

    Raises:
        ResourceNotFoundError: There is none of this ARN.
    """
    for recipe in ALL:
        if recipe.arn(caller.partition) == arn:
            return recipe
    raise ResourceNotFoundError(arn)


def recipe_of_part(part: str, arn: str, caller: Caller) -> ServiceRecipe:
    """Return the recipe that a part of it belongs to.

    Args:
        part: What the ARN must be of: "recipe", "algorithm" or "feature-transformation".
        arn: The ARN.
        caller: Who asks.

    Raises:
        InvalidInputError: The ARN is that of something else.
        ResourceNotFoundError: There is none of this ARN.
    """
    if f":::{part}/" not in arn:
        msg = f"The ARN {arn} is not that of a {part.replace('-', ' ')}."
        raise InvalidInputError(msg)
    for recipe in ALL:
        if arn_of_part(part, recipe, caller) == arn:
            return recipe
    raise ResourceNotFoundError(arn)


def arn_of_part(part: str, recipe: ServiceRecipe, caller: Caller) -> str:
    """Return the ARN of a recipe's algorithm or feature transformation, or of the recipe."""
    return recipe.arn(caller.partition).replace(":::recipe/", f":::{part}/")
