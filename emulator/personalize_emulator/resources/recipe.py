"""Recipes, which the service brings along: those for solutions, and the use cases of domains."""

from __future__ import annotations

from cdk_personalize.recipe import ServiceRecipe
from cdk_personalize.use_case import UseCase
from personalize_emulator.caller import Caller
from personalize_emulator.recipes import ALL, arn_of_part, recipe_of_part
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.store import Document, Resource

SINCE = 1_543_363_200.0  # the service was announced on 28 November 2018


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
            for number, recipe in enumerate(ALL, start=1)
            if domain is None or (isinstance(recipe, UseCase) and recipe.domain == domain)
        ]
        return self._page_of(documents, request, "recipes", domain or "")


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
