"""Algorithms: what a recipe trains with, and the hyperparameters that it has."""

from __future__ import annotations

from cdk_personalize.hyperparameters import Hyperparameter, Kind, parameters_of
from personalize_emulator.caller import Caller
from personalize_emulator.recipes import recipe_of_part
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.resources.recipe import SINCE
from personalize_emulator.store import Document
from personalize_emulator.training_settings import DEFAULT_TRIALS


class Algorithms(ResourceFamily):
    """The operation on algorithms, one of each recipe."""

    kind = "algorithm"

    def describe_algorithm(self, request: Document, caller: Caller) -> Document:
        """Describe an algorithm: its hyperparameters, their defaults and their ranges.

        The service trains in containers, the emulator in its own process: the image has a name and
        is nowhere to be pulled from.
        """
        arn = request["algorithmArn"]
        recipe = recipe_of_part(self.kind, arn, caller)
        known = parameters_of(recipe.name)
        document: Document = {
            "name": recipe.name,
            "algorithmArn": arn,
            "algorithmImage": {
                "name": recipe.name,
                "dockerURI": f"personalize-emulator/{recipe.name}",
            },
            "defaultHyperParameters": known.defaults(),
            "defaultHyperParameterRanges": {
                f"{kind}HyperParameterRanges": [
                    _range(parameter) for parameter in known.algorithm if parameter.kind is kind
                ]
                for kind in Kind
            },
            "creationDateTime": SINCE,
            "lastUpdatedDateTime": SINCE,
        }
        if known.tunable:
            document["defaultResourceConfig"] = {
                "maxNumberOfTrainingJobs": str(DEFAULT_TRIALS),
                "maxParallelTrainingJobs": "1",
            }
        return {"algorithm": document}


def _range(parameter: Hyperparameter) -> Document:
    entry: Document = {"name": parameter.name, "isTunable": parameter.tunable}
    if parameter.kind is Kind.CATEGORICAL:
        return {**entry, "values": list(parameter.values)}
    number = int if parameter.kind is Kind.INTEGER else float
    entry["minValue"] = number(parameter.least)
    if parameter.greatest is not None:
        entry["maxValue"] = number(parameter.greatest)
    return entry
