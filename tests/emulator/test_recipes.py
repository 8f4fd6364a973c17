"""Recipes are there from the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_personalize.recipe import Recipe
from cdk_personalize.use_case import UseCase
from tests.emulator.cloud import recipe

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


def test_is_described_with_its_type(cloud: Cloud) -> None:
    arn = recipe("aws-similar-items")
    found = cloud.personalize.describe_recipe(recipeArn=arn)["recipe"]
    assert (found["name"], found["recipeType"]) == ("aws-similar-items", "RELATED_ITEMS")


def test_a_use_case_is_described_too(cloud: Cloud) -> None:
    arn = recipe("aws-vod-top-picks")
    found = cloud.personalize.describe_recipe(recipeArn=arn)["recipe"]
    assert found["recipeType"] == "USER_PERSONALIZATION"
    assert "Top picks for you" in found["description"]


def test_lists_do_not_show_the_type(cloud: Cloud) -> None:
    recipes = cloud.personalize.list_recipes(recipeProvider="SERVICE")["recipes"]
    assert "aws-user-personalization-v2" in {found["name"] for found in recipes}
    assert all("recipeType" not in found for found in recipes)


def test_all_are_listed_unless_a_domain_is_asked_for(cloud: Cloud) -> None:
    names = [found["name"] for found in cloud.personalize.list_recipes()["recipes"]]
    assert names == [found.name for found in (*Recipe.all(), *UseCase.all())]


def test_the_use_cases_of_a_domain_are_listed_alone(cloud: Cloud) -> None:
    recipes = cloud.personalize.list_recipes(domain="ECOMMERCE")["recipes"]
    assert {found["domain"] for found in recipes} == {"ECOMMERCE"}
    assert [found["name"] for found in recipes] == [
        use_case.name for use_case in UseCase.all() if use_case.domain == "ECOMMERCE"
    ]


def test_are_listed_page_by_page(cloud: Cloud) -> None:
    first = cloud.personalize.list_recipes(maxResults=20)
    rest = cloud.personalize.list_recipes(maxResults=20, nextToken=first["nextToken"])
    assert len(first["recipes"] + rest["recipes"]) == len(Recipe.all()) + len(UseCase.all())


def test_one_that_is_not_there_is_not_found(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        cloud.personalize.describe_recipe(recipeArn=recipe("aws-none"))


def test_the_arn_of_something_else_is_invalid(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException):
        cloud.personalize.describe_recipe(recipeArn=cloud.arn("campaign/x"))
