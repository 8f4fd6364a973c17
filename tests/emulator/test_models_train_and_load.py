"""Models are trained by recipe, written as bytes and read back."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import Model, Query, TrainingData, load, recipe_names, train
from personalize_emulator.models.archive import Archive
from tests.emulator.shop_data import events, training_data
from tests.emulator.trained_models import trained_once

ACTIONS = TrainingData.of(
    [f"U{1 + number % 60:04d}" for number in range(600)],
    ["subscribe", "download", "join"] * 200,
    range(600),
    event_types=["Taken", "Viewed", "Not taken", "Viewed"] * 150,
    item_metadata={"subscribe": {"VALUE": 5}, "download": {}, "join": {"VALUE": 2}, "new": {}},
)
DATA = replace(
    training_data(generate_shop(users=60, items=40, interactions=1_500)), actions=ACTIONS
)
VIDEOS = replace(DATA, event_types=["Watch", "Click"])
ITEM = DATA.item_ids[0]
QUERY = Query(history=events(DATA.item_ids[:3]), item_id=ITEM, input_list=DATA.item_ids[:9])

every_recipe = pytest.mark.parametrize("recipe", recipe_names())


def data_for(recipe: str) -> TrainingData:
    return VIDEOS if recipe.startswith("aws-vod") else DATA


def trained(recipe: str) -> Model:
    return trained_once(recipe, data_for(recipe))


@every_recipe
def test_a_model_read_back_answers_the_same(recipe: str) -> None:
    model = trained(recipe)
    assert load(model.to_bytes()).recommend(QUERY) == model.recommend(QUERY)


@every_recipe
def test_a_model_read_back_has_the_same_metrics(recipe: str) -> None:
    model = trained(recipe)
    assert load(model.to_bytes()).metrics == model.metrics


@every_recipe
def test_the_same_seed_makes_the_same_model(recipe: str) -> None:
    one, other = (train(recipe, data_for(recipe), seed=7) for _ in range(2))
    assert one.to_bytes() == other.to_bytes()


@every_recipe
def test_metrics_are_shares(recipe: str) -> None:
    assert all(0 <= value <= 1 for value in trained(recipe).metrics.values())


def test_a_recipe_without_a_model_is_refused() -> None:
    with pytest.raises(ValueError, match="no model for recipe aws-unheard-of"):
        train("aws-unheard-of", DATA)


def test_data_without_interactions_is_refused() -> None:
    with pytest.raises(ValueError, match="no interactions to train on"):
        train("aws-similar-items", DATA.where(np.zeros(len(DATA), dtype=bool)))


def test_a_use_case_without_events_of_its_type_is_refused() -> None:
    with pytest.raises(ValueError, match="no Watch interactions to train on"):
        train("aws-vod-most-popular", DATA)


def test_a_recipe_for_items_is_refused_without_them() -> None:
    with pytest.raises(ValueError, match="no items to train on"):
        train("aws-vod-more-like-x", replace(DATA, item_metadata={}))


@pytest.mark.parametrize("blob", [b"", b"no model", pickle.dumps({"kind": "x"})])
def test_bytes_that_are_no_model_are_refused(blob: bytes) -> None:
    with pytest.raises(ValueError, match="not a model"):
        load(blob)


def test_a_model_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="of a kind known here: strange"):
        load(Archive("strange", {}, {}).to_bytes())


def test_only_the_chosen_event_type_is_learnt_from() -> None:
    data = TrainingData.of(
        ["a", "b", "c"], ["seen", "seen", "bought"], [1, 2, 3], event_types=["View", "View", "Buy"]
    )
    answer = train("aws-popularity-count", data.only("buy")).recommend(Query())
    assert [item.item_id for item in answer] == ["bought"]


def test_events_below_the_threshold_are_not_learnt_from() -> None:
    data = TrainingData.of(
        ["a", "b", "c"], ["cheap", "dear", "gift"], [1, 2, 3], event_values=[1.0, 9.0, None]
    )
    answer = train("aws-popularity-count", data.only(event_value_threshold=5)).recommend(Query())
    assert [item.item_id for item in answer] == ["dear"]
