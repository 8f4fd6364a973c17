"""The pages of recipes say of each what the rules say."""

from __future__ import annotations

import re
from pathlib import Path

from cdk_personalize import DatasetType, Feature, Recipe

FOLDER = Path(__file__).parents[1] / "docs" / "constructs"
RECIPES = (FOLDER / "recipe.md").read_text(encoding="utf-8")

NAMES = {recipe: name for name, recipe in vars(Recipe).items() if isinstance(recipe, Recipe)}


def table(page: str, header: str) -> list[list[str]]:
    lines = page.partition(header)[2].partition("\n\n")[0].strip().splitlines()[1:]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]


def listed(dataset_types: frozenset[DatasetType]) -> str:
    return ", ".join(each for each in DatasetType if each in dataset_types) or "\N{EN DASH}"


def test_the_table_of_recipes_says_what_each_answers_and_learns_from() -> None:
    assert table(RECIPES, "| recipe | name | answers | needs | can use |") == [
        [
            name,
            recipe.name,
            recipe.type,
            listed(recipe.required_datasets),
            listed(recipe.optional_datasets),
        ]
        for recipe, name in NAMES.items()
    ]


def test_the_table_of_features_says_which_recipes_support_each() -> None:
    rows = table(RECIPES, "| feature | what it is | recipes |")

    assert [name for name, *_ in rows] == list(Feature)
    for name, _, recipes in rows:
        supporting = Recipe.supporting(Feature(name))
        assert re.findall(r"\w+", recipes) == [NAMES[recipe] for recipe in supporting]


def test_the_advice_names_recipes_that_there_are() -> None:
    advised = [recipe for _, recipe in table(RECIPES, "| on a page of the shop | recipe |")]

    assert set(advised) <= set(NAMES.values())
