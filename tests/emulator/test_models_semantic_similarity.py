"""Semantic similarity goes by what descriptions say, with or without interactions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import (
    Model,
    Query,
    TrainingData,
    TrainingSettings,
    UpdatableModel,
    load,
    train,
)
from tests.emulator.shop_data import training_data

RECIPE = "aws-semantic-similarity"
SETTINGS = TrainingSettings(textual=frozenset({"DESCRIPTION"}), item_name="TITLE")
BOOKS: dict[str, dict[str, object]] = {
    "whales": {
        "TITLE": "The whale",
        "DESCRIPTION": "A captain hunts a white whale over the ocean",
        "SHELF": "dragons",
        "CREATION_TIMESTAMP": 100,
    },
    "sea": {
        "TITLE": "Old ocean",
        "DESCRIPTION": "A captain sails the ocean and tells of whales",
        "SHELF": "a",
        "CREATION_TIMESTAMP": 200,
    },
    "harpoon": {
        "TITLE": "The harpoon",
        "DESCRIPTION": "How a captain made a harpoon to hunt a whale",
        "SHELF": "a",
        "CREATION_TIMESTAMP": 900,
    },
    "dragons": {
        "TITLE": "Dragons",
        "DESCRIPTION": "A young knight tames dragons in the mountains",
        "SHELF": "a",
        "CREATION_TIMESTAMP": 1000,
    },
    "knight": {
        "TITLE": "A knight",
        "DESCRIPTION": "The young knight of the mountains",
        "SHELF": "a",
        "CREATION_TIMESTAMP": 500,
    },
}


def library(
    books: dict[str, dict[str, object]] | None = None, read: list[str] | None = None
) -> TrainingData:
    read = read or []
    return TrainingData.of(
        [f"reader {number}" for number in range(len(read))],
        read,
        range(len(read)),
        item_metadata=BOOKS if books is None else books,
    )


def similar(model: Model, item: str, **more: float) -> list[str]:
    return [i.item_id for i in model.recommend(Query(item_id=item, influence=more))]


def test_the_same_words_make_items_similar() -> None:
    model = train(RECIPE, library(), settings=SETTINGS)
    assert set(similar(model, "whales")[:2]) == {"sea", "harpoon"}
    assert similar(model, "dragons")[0] == "knight"


def test_it_works_without_any_interaction() -> None:
    assert len(library()) == 0
    assert similar(train(RECIPE, library(), settings=SETTINGS), "sea")[0] == "whales"


def test_only_the_columns_of_text_are_read() -> None:
    model = train(RECIPE, library(), settings=SETTINGS)
    scores = {item.item_id: item.score for item in model.recommend(Query(item_id="whales"))}
    assert scores["dragons"] < scores["harpoon"] / 5


def test_words_in_every_description_count_for_little() -> None:
    books: dict[str, dict[str, object]] = {
        name: {"DESCRIPTION": f"a story about the life of {topic}"}
        for name, topic in (("one", "bees"), ("two", "kings"), ("three", "a bee"))
    }
    settings = TrainingSettings(textual=frozenset({"DESCRIPTION"}))
    assert similar(train(RECIPE, library(books), settings=settings), "one")[0] == "three"


def test_an_item_is_not_similar_to_itself() -> None:
    assert "sea" not in similar(train(RECIPE, library(), settings=SETTINGS), "sea")


def test_a_list_is_filled_with_items_that_have_nothing_in_common() -> None:
    assert len(similar(train(RECIPE, library(), settings=SETTINGS), "sea")) == len(BOOKS) - 1


def test_popularity_reorders_what_is_similar() -> None:
    data = library(read=["harpoon"] * 9 + ["sea"])
    model = train(RECIPE, data, settings=SETTINGS)
    plain, influenced = similar(model, "whales"), similar(model, "whales", POPULARITY=1.0)
    assert influenced[0] == "harpoon"
    assert set(plain[:2]) == {"sea", "harpoon"}


def test_popularity_counts_a_reader_who_comes_back_once() -> None:
    data = TrainingData.of(
        ["a"] * 5 + ["b", "c"], ["sea"] * 5 + ["harpoon"] * 2, range(7), item_metadata=BOOKS
    )
    answer = similar(train(RECIPE, data, settings=SETTINGS), "whales", POPULARITY=1.0)
    assert answer[0] == "harpoon"


def test_freshness_brings_newer_items_forward() -> None:
    model = train(RECIPE, library(), settings=SETTINGS)
    assert similar(model, "knight", FRESHNESS=1.0)[0] == "dragons"
    plain, fresh = similar(model, "whales"), similar(model, "whales", FRESHNESS=1.0)
    assert fresh.index("harpoon") < fresh.index("sea")
    assert fresh.index("dragons") < plain.index("dragons")


def test_an_influence_of_nothing_changes_nothing() -> None:
    model = train(RECIPE, library(read=["dragons"] * 5), settings=SETTINGS)
    influenced = similar(model, "whales", POPULARITY=0.0, FRESHNESS=0.0)
    assert influenced == similar(model, "whales")


def test_scores_stay_within_one_under_every_influence() -> None:
    model = train(RECIPE, library(read=["dragons"] * 5), settings=SETTINGS)
    query = Query(item_id="whales", influence={"POPULARITY": 1.0, "FRESHNESS": 1.0})
    assert all(0 <= item.score <= 1 for item in model.recommend(query))


def test_an_unknown_item_gets_what_is_popular() -> None:
    model = train(RECIPE, library(read=["knight", "knight", "sea"]), settings=SETTINGS)
    assert similar(model, "unheard of")[:2] == ["knight", "sea"]


def test_an_update_takes_in_new_items() -> None:
    model = train(RECIPE, library(), settings=SETTINGS)
    assert isinstance(model, UpdatableModel)
    new: dict[str, object] = {"TITLE": "Tame dragons", "DESCRIPTION": "Dragons for a young knight"}
    later = model.updated(library({**BOOKS, "lizards": new}))
    assert similar(later, "dragons")[0] == "lizards"
    assert similar(later, "lizards")[0] == "dragons"


def test_an_update_changes_no_popularity() -> None:
    model = train(RECIPE, library(read=["harpoon"] * 3 + ["sea"]), settings=SETTINGS)
    assert isinstance(model, UpdatableModel)
    later = model.updated(library(read=["sea"] * 50))
    before = similar(model, "whales", POPULARITY=1.0)
    assert similar(later, "whales", POPULARITY=1.0) == before


def test_an_updated_model_can_be_read_back() -> None:
    model = train(RECIPE, library(), settings=SETTINGS)
    assert isinstance(model, UpdatableModel)
    later = model.updated(library({**BOOKS, "lizards": {"DESCRIPTION": "Dragons"}}))
    query = Query(item_id="lizards", influence={"FRESHNESS": 0.5})
    assert load(later.to_bytes()).recommend(query) == later.recommend(query)


def test_the_filter_takes_similar_items_out() -> None:
    model = train(RECIPE, library(), settings=SETTINGS)
    query = Query(
        item_id="whales", allowed=lambda item: item != "sea", influence={"FRESHNESS": 1.0}
    )
    assert "sea" not in {item.item_id for item in model.recommend(query)}


def test_the_metrics_tell_what_the_data_has() -> None:
    bare = {name: {"DESCRIPTION": book["DESCRIPTION"]} for name, book in BOOKS.items()}
    settings = TrainingSettings(textual=frozenset({"DESCRIPTION"}))
    without = train(RECIPE, library(bare), settings=settings).metrics
    whole = train(RECIPE, library(read=["sea"]), settings=SETTINGS).metrics
    assert set(without) == {"coverage", "item_similarity"}
    assert set(whole) == {*without, "item_popularity", "item_freshness"}


def test_items_without_a_word_are_refused() -> None:
    with pytest.raises(ValueError, match="no item has a word in TITLE, DESCRIPTION"):
        train(RECIPE, library({"a": {"TITLE": None}, "b": {"PRICE": 3}}), settings=SETTINGS)


def test_the_kind_of_a_thing_is_found_in_its_description() -> None:
    data = training_data(generate_shop())
    empty = data.where(np.zeros(len(data), dtype=bool))
    settings = TrainingSettings(textual=frozenset({"PRODUCT_DESCRIPTION"}))
    model = train(RECIPE, replace(empty, user_ids=[]), settings=settings)
    kinds = {item: columns["CATEGORY_L1"] for item, columns in data.item_metadata.items()}
    asked = data.item_ids[::10]
    hits = [
        kinds[found.item_id] == kinds[item]
        for item in asked
        for found in model.recommend(Query(item_id=item, num_results=3))
    ]
    assert sum(hits) > 0.6 * len(hits)  # by chance, one of twelve kinds
