"""Recipes are there from the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulator.cloud import recipe

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


def test_is_described_with_its_type(cloud: Cloud) -> None:
    arn = recipe("aws-similar-items")
    found = cloud.personalize.describe_recipe(recipeArn=arn)["recipe"]
    assert (found["name"], found["recipeType"]) == ("aws-similar-items", "RELATED_ITEMS")


def test_lists_do_not_show_the_type(cloud: Cloud) -> None:
    recipes = cloud.personalize.list_recipes(recipeProvider="SERVICE")["recipes"]
    assert "aws-user-personalization-v2" in {found["name"] for found in recipes}
    assert all("recipeType" not in found for found in recipes)


def test_one_that_is_not_there_is_not_found(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        cloud.personalize.describe_recipe(recipeArn=recipe("aws-none"))


def test_the_arn_of_something_else_is_invalid(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException):
        cloud.personalize.describe_recipe(recipeArn=cloud.arn("campaign/x"))
