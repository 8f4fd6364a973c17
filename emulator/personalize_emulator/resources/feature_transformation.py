"""Feature transformations: how a recipe prepares data for its algorithm."""

from __future__ import annotations

from cdk_personalize.hyperparameters import parameters_of
from personalize_emulator.caller import Caller
from personalize_emulator.recipes import recipe_of_part
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.resources.recipe import SINCE
from personalize_emulator.store import Document


class FeatureTransformations(ResourceFamily):
    """The operation on feature transformations, one of each recipe."""

    kind = "feature-transformation"

    def describe_feature_transformation(self, request: Document, caller: Caller) -> Document:
        """Describe a feature transformation, with what it does when it is not told otherwise."""
        arn = request["featureTransformationArn"]
        recipe = recipe_of_part(self.kind, arn, caller)
        return {
            "featureTransformation": {
                "name": recipe.name,
                "featureTransformationArn": arn,
                "defaultParameters": parameters_of(recipe.name).feature_defaults(),
                "status": "ACTIVE",
                "creationDateTime": SINCE,
                "lastUpdatedDateTime": SINCE,
            }
        }
