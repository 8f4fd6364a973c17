"""Algorithms and feature transformations, one of each recipe, say how a recipe can be told what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_personalize.recipe import Recipe
from cdk_personalize.use_case import UseCase
from tests.emulator.cloud import recipe

if TYPE_CHECKING:
    from mypy_boto3_personalize.type_defs import AlgorithmTypeDef

    from tests.emulator.cloud import Cloud

RECIPES = [found.name for found in (*Recipe.all(), *UseCase.all())]


def algorithm(cloud: Cloud, name: str) -> AlgorithmTypeDef:
    arn = recipe(name).replace("recipe/", "algorithm/")
    return cloud.personalize.describe_algorithm(algorithmArn=arn)["algorithm"]


def feature_defaults(cloud: Cloud, name: str) -> dict[str, str]:
    arn = recipe(name).replace("recipe/", "feature-transformation/")
    answer = cloud.personalize.describe_feature_transformation(featureTransformationArn=arn)
    return answer["featureTransformation"]["defaultParameters"]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_names_an_algorithm_and_a_feature_transformation(cloud: Cloud, name: str) -> None:
    found = cloud.personalize.describe_recipe(recipeArn=recipe(name))["recipe"]
    described = cloud.personalize.describe_algorithm(algorithmArn=found["algorithmArn"])
    assert described["algorithm"]["name"] == name
    transformed = cloud.personalize.describe_feature_transformation(
        featureTransformationArn=found["featureTransformationArn"]
    )["featureTransformation"]
    assert (transformed["name"], transformed["status"]) == (name, "ACTIVE")


def test_shows_the_defaults_that_the_guide_gives(cloud: Cloud) -> None:
    assert algorithm(cloud, "aws-user-personalization")["defaultHyperParameters"] == {
        "hidden_dimension": "149",
        "bptt": "32",
        "recency_mask": "true",
    }


def test_shows_the_ranges_and_which_can_be_optimized(cloud: Cloud) -> None:
    ranges = algorithm(cloud, "aws-sims")["defaultHyperParameterRanges"]
    assert ranges["continuousHyperParameterRanges"] == [
        {
            "name": "popularity_discount_factor",
            "minValue": 0.0,
            "maxValue": 1.0,
            "isTunable": True,
        }
    ]
    assert ranges["integerHyperParameterRanges"] == [
        {"name": "min_cointeraction_count", "minValue": 0, "maxValue": 10, "isTunable": True}
    ]
    assert ranges["categoricalHyperParameterRanges"] == []


def test_shows_the_categories(cloud: Cloud) -> None:
    ranges = algorithm(cloud, "aws-user-personalization-v2")["defaultHyperParameterRanges"]
    assert ranges["categoricalHyperParameterRanges"] == [
        {"name": "apply_recency_bias", "values": ["true", "false"], "isTunable": False}
    ]


def test_says_how_much_an_optimization_spends_where_there_is_one(cloud: Cloud) -> None:
    resources = algorithm(cloud, "aws-sims")["defaultResourceConfig"]
    assert int(resources["maxNumberOfTrainingJobs"]) > 1
    assert "defaultResourceConfig" not in algorithm(cloud, "aws-user-personalization-v2")


def test_a_feature_transformation_shows_its_defaults(cloud: Cloud) -> None:
    assert feature_defaults(cloud, "aws-trending-now") == {"trend_discovery_frequency": "2 hours"}
    assert feature_defaults(cloud, "aws-next-best-action") == {"action_optimization_period": "14"}


def test_one_that_is_not_there_is_not_found(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        algorithm(cloud, "aws-none")
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        feature_defaults(cloud, "aws-none")


def test_the_arn_of_something_else_is_invalid(cloud: Cloud) -> None:
    arn = recipe("aws-sims")
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="algorithm"):
        cloud.personalize.describe_algorithm(algorithmArn=arn)
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="feature"):
        cloud.personalize.describe_feature_transformation(featureTransformationArn=arn)
