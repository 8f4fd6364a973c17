"""The pages of recipes and use cases say of each what the rules say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from cdk_personalize import DatasetType, Feature, Recipe, UseCase
from cdk_personalize.recipe import ServiceRecipe

FOLDER = Path(__file__).parents[1] / "docs" / "constructs"
RECIPES = (FOLDER / "recipe.md").read_text(encoding="utf-8")
USE_CASES = (FOLDER / "use_case.md").read_text(encoding="utf-8")
NOTHING = "\N{EN DASH}"


def named(kind: type[ServiceRecipe]) -> Mapping[ServiceRecipe, str]:
    return {each: name for name, each in vars(kind).items() if isinstance(each, kind)}


def table(page: str, header: str) -> list[list[str]]:
    lines = page.partition(header)[2].partition("\n\n")[0].strip().splitlines()[1:]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]


def datasets(dataset_types: frozenset[DatasetType]) -> str:
    return ", ".join(each for each in DatasetType if each in dataset_types) or NOTHING


def request_of(use_case: UseCase) -> str:
    needs = {"user": use_case.needs_user, "item": use_case.needs_item}
    return " and ".join(noun for noun, is_needed in needs.items() if is_needed) or NOTHING


def test_the_table_of_recipes_says_what_each_answers_and_learns_from() -> None:
    assert table(RECIPES, "| recipe | name | answers | needs | can use |") == [
        [
            name,
            recipe.name,
            recipe.type,
            datasets(recipe.required_datasets),
            datasets(recipe.optional_datasets),
        ]
        for recipe, name in named(Recipe).items()
    ]


def test_the_table_of_use_cases_says_what_each_asks_for() -> None:
    header = "| use case | domain | title | request | events | leaves out | needs | can use |"

    assert table(USE_CASES, header) == [
        [
            named(UseCase)[each],
            each.domain,
            each.title,
            request_of(each),
            each.event_type or "any",
            each.excluded_event_type or NOTHING,
            datasets(each.required_datasets),
            datasets(each.optional_datasets),
        ]
        for each in UseCase.all()
    ]


@pytest.mark.parametrize(
    ("kind", "page", "header"),
    [
        (Recipe, RECIPES, "| feature | what it is | recipes |"),
        (UseCase, USE_CASES, "| feature | use cases |"),
    ],
)
def test_the_table_of_features_says_what_supports_each(
    kind: type[ServiceRecipe], page: str, header: str
) -> None:
    names = named(kind)

    assert {row[0]: re.findall(r"\w+", row[-1]) for row in table(page, header)} == {
        feature: [names[each] for each in kind.supporting(feature)]
        for feature in Feature
        if kind.supporting(feature)
    }


def test_the_advice_names_recipes_that_there_are() -> None:
    advised = [recipe for _, recipe in table(RECIPES, "| on a page of the shop | recipe |")]

    assert set(advised) <= set(named(Recipe).values())
