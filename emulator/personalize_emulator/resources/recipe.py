"""Recipes, which the service brings along."""

from __future__ import annotations

from cdk_personalize.recipe import Recipe
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError, ResourceNotFoundError
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.store import Document, Resource

_SINCE = 1_543_363_200.0  # the service was announced on 28 November 2018


class Recipes(ResourceFamily):
    """The operations on recipes."""

    kind = "recipe"

    def describe_recipe(self, request: Document, caller: Caller) -> Document:
        """Describe a recipe."""
        arn = request["recipeArn"]
        if ":::recipe/" not in arn:
            msg = f"The ARN {arn} is not that of a recipe."
            raise InvalidInputError(msg)
        return {"recipe": _document(recipe_of(arn, caller), caller)}

    def list_recipes(self, request: Document, caller: Caller) -> Document:
        """List the recipes; those of the domains are not emulated yet."""
        recipes = () if "domain" in request else Recipe.all()
        documents = [
            Resource("", self.kind, caller, recipe.name, _document(recipe, caller), number=number)
            for number, recipe in enumerate(recipes, start=1)
        ]
        return self._page_of(documents, request, "recipes", request.get("domain", ""))


def recipe_of(arn: str, caller: Caller) -> Recipe:
    """Return a recipe that solutions can have.

    Raises:
        ResourceNotFoundError: There is none of this ARN.
    """
    for recipe in Recipe.all():
        if recipe.arn(caller.partition) == arn:
            return recipe
    raise ResourceNotFoundError(arn)


def _document(recipe: Recipe, caller: Caller) -> Document:
    arn = recipe.arn(caller.partition)
    return {
        "name": recipe.name,
        "recipeArn": arn,
        "algorithmArn": arn.replace("recipe/", "algorithm/"),
        "featureTransformationArn": arn.replace("recipe/", "feature-transformation/"),
        "status": "ACTIVE",
        "description": f"Trains a model of type {recipe.type}.",
        "recipeType": recipe.type.value,
        "creationDateTime": _SINCE,
        "lastUpdatedDateTime": _SINCE,
    }
