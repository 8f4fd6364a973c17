"""A theme is made of what the items of a list have in common, and others have not."""

from __future__ import annotations

import pytest

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models.themes import Corpus, theme_of

TEAPOTS = ["Red ceramic teapot with hearts", "Blue ceramic teapot", "Round ceramic teapots"]
CATALOGUE = Corpus.of(
    [
        *TEAPOTS,
        *["Wooden spoon with hearts", "Blue canvas bag", "Garden lamp", "Red canvas case"],
        *[
            f"Round {thing} with hearts"
            for thing in ("cushion", "candle", "mirror", "clock", "rug")
        ],
    ]
)


def test_the_words_that_the_items_share_are_the_title() -> None:
    assert theme_of(TEAPOTS, CATALOGUE).title == "Ceramic teapot"


def test_the_title_has_the_words_as_they_are_written() -> None:
    assert theme_of(["Blue canvas bag", "Red canvas case"], CATALOGUE).title == "Canvas"


def test_what_belongs_to_the_theme_is_closer_to_it_than_what_does_not() -> None:
    relevance = theme_of([*TEAPOTS, "Wooden spoon with hearts"], CATALOGUE).relevance
    assert min(relevance[:3]) > 0.5 > relevance[3]


def test_there_is_one_score_for_each_item_in_its_order() -> None:
    backwards = theme_of([*TEAPOTS, "Garden lamp"][::-1], CATALOGUE).relevance
    assert backwards[::-1] == theme_of([*TEAPOTS, "Garden lamp"], CATALOGUE).relevance


def test_words_of_the_whole_catalogue_make_no_theme() -> None:
    names = ["set of bees", "set of bees in a jar", "set of six bees"]
    corpus = Corpus.of([*names, *[f"set of {number}" for number in range(50)]])
    assert theme_of(names, corpus).title == "Bees"


def test_descriptions_can_say_how_close_an_item_is() -> None:
    names = [*TEAPOTS, "Something round"]
    texts = [*TEAPOTS, "Something round: a ceramic teapot"]
    assert theme_of(names, CATALOGUE).relevance[3] == 0
    assert theme_of(names, CATALOGUE, texts).relevance[3] > 0.3


@pytest.mark.parametrize("names", [[], [""], ["---", "!"]])
def test_items_without_words_have_a_theme_that_says_nothing(names: list[str]) -> None:
    theme = theme_of(names, CATALOGUE)
    assert theme.title == "More like this"
    assert theme.relevance == [0.0] * len(names)


def test_one_item_is_its_own_theme() -> None:
    theme = theme_of(["Garden lamp"], CATALOGUE)
    assert theme.title in {"Garden", "Lamp"}
    assert theme.relevance[0] > 0.5


def test_the_kind_of_things_is_in_their_theme() -> None:
    items = generate_shop().items.values()
    corpus = Corpus.of(str(columns["PRODUCT_DESCRIPTION"]) for columns in items)
    for kind in ("TEAPOT", "LANTERN", "NOTEBOOK"):
        names = [str(i["PRODUCT_DESCRIPTION"]) for i in items if i["CATEGORY_L1"] == kind]
        assert kind.casefold() in theme_of(names[:10], corpus).title.casefold()
