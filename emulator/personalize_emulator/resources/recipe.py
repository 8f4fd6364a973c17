"""Recipes, which the service brings along: those for solutions, and the use cases of domains."""

from __future__ import annotations

from cdk_personalize.recipe import Recipe, ServiceRecipe
from cdk_personalize.use_case import UseCase
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError, ResourceNotFoundError
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.store import Document, Resource

SINCE = 1_543_363_200.0  # the service was announced on 28 November 2018

_ALL: tuple[ServiceRecipe, ...] = (*Recipe.all(), *UseCase.all())


class Recipes(ResourceFamily):
    """The operations on recipes."""

    kind = "recipe"

    def describe_recipe(self, request: Document, caller: Caller) -> Document:
        """Describe a recipe."""
        recipe = recipe_of_part("recipe", request["recipeArn"], caller)
        return {"recipe": _document(recipe, caller)}

    def list_recipes(self, request: Document, caller: Caller) -> Document:
        """List the recipes, all of them or the use cases of one domain.

        All are the service's own, which is what the `recipeProvider` SERVICE asks for; there is no
        other one.
        """
        domain = request.get("domain")
        documents = [
            Resource("", self.kind, caller, recipe.name, _document(recipe, caller), number=number)
            for number, recipe in enumerate(_ALL, start=1)
            if domain is None or (isinstance(recipe, UseCase) and recipe.domain == domain)
        ]
        return self._page_of(documents, request, "recipes", domain or "")


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
    for recipe in _ALL:
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
    for recipe in _ALL:
        if arn_of_part(part, recipe, caller) == arn:
            return recipe
    raise ResourceNotFoundError(arn)


def arn_of_part(part: str, recipe: ServiceRecipe, caller: Caller) -> str:
    """Return the ARN of a recipe's algorithm or feature transformation, or of the recipe."""
    return recipe.arn(caller.partition).replace(":::recipe/", f":::{part}/")


def _document(recipe: ServiceRecipe, caller: Caller) -> Document:
    return {
        "name": recipe.name,
        "recipeArn": recipe.arn(caller.partition),
        "algorithmArn": arn_of_part("algorithm", recipe, caller),
        "featureTransformationArn": arn_of_part("feature-transformation", recipe, caller),
        "status": "ACTIVE",
        "description": _description(recipe),
        "recipeType": recipe.type.value,
        "domain": recipe.domain.value if isinstance(recipe, UseCase) else None,
        "creationDateTime": SINCE,
        "lastUpdatedDateTime": SINCE,
    }


def _description(recipe: ServiceRecipe) -> str:
    if isinstance(recipe, UseCase):
        return f'Trains the model of the use case "{recipe.title}".'
    return f"Trains a model of type {recipe.type}."
