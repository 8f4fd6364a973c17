"""User segments hold those who met what goes with an item, or with items of a kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import (
    Model,
    Query,
    SegmentingModel,
    SegmentQuery,
    TrainingData,
    TrainingSettings,
    load,
    train,
)
from tests.emulator.shop_data import training_data

ITEM, ATTRIBUTE = "aws-item-affinity", "aws-item-attribute-affinity"
# Two camps, each of which meets its own three items; the cup is unknown to two tea drinkers.
CAMPS = {"tea": ["pot", "cup", "tray"], "garden": ["spade", "seed", "glove"]}
ITEMS: dict[str, dict[str, object]] = {
    "pot": {"GENRES": "kitchen|ceramic", "SIZE": 10},
    "cup": {"GENRES": "kitchen|glass", "SIZE": 5},
    "tray": {"GENRES": "kitchen", "SIZE": 40},
    "spade": {"GENRES": "outdoor", "SIZE": 40},
    "seed": {"GENRES": "outdoor", "SIZE": 1},
    "glove": {"GENRES": "outdoor", "SIZE": 5.0},
}


def camps() -> TrainingData:
    pairs = [
        (f"{camp} {number}", item)
        for camp, items in CAMPS.items()
        for number in range(20)
        for item in items
        if (camp, item) != ("tea", "cup") or number > 1
    ]
    return TrainingData.of(
        [user for user, _ in pairs],
        [item for _, item in pairs],
        range(len(pairs)),
        item_metadata=ITEMS,
    )


@pytest.fixture(scope="module")
def shop() -> TrainingData:
    return training_data(generate_shop(users=1000, items=150, interactions=20_000))


def segment(
    model: Model,
    *,
    item_id: str | None = None,
    attributes: Sequence[tuple[str, str]] = (),
    num_results: int = 25,
    allowed: Callable[[str], bool] | None = None,
) -> list[str]:
    assert isinstance(model, SegmentingModel)
    return model.segment(SegmentQuery(item_id, attributes, num_results, allowed))


def by_genre(model: Model, *values: str, count: int = 40) -> list[str]:
    attributes = [("GENRES", value) for value in values]
    return segment(model, attributes=attributes, num_results=count)


def test_the_segment_of_an_item_is_the_camp_that_meets_it() -> None:
    users = segment(train(ITEM, camps()), item_id="cup", num_results=20)
    assert set(users) == {f"tea {number}" for number in range(20)}


def test_those_who_met_the_item_come_before_those_who_met_what_goes_with_it() -> None:
    users = segment(train(ITEM, camps()), item_id="cup", num_results=20)
    assert set(users[18:]) == {"tea 0", "tea 1"}


def test_an_item_that_was_not_there_has_no_segment() -> None:
    assert segment(train(ITEM, camps()), item_id="unheard of") == []


def test_the_segment_of_an_attribute_is_the_camp_that_meets_such_items() -> None:
    users = by_genre(train(ATTRIBUTE, camps()), "outdoor", count=20)
    assert set(users) == {f"garden {number}" for number in range(20)}


def test_an_item_has_each_of_its_categories() -> None:
    assert by_genre(train(ATTRIBUTE, camps()), "ceramic", count=1)[0].startswith("tea")


def test_attributes_are_all_asked_for() -> None:
    model = train(ATTRIBUTE, camps())
    assert by_genre(model, "kitchen", "outdoor") == []
    assert by_genre(model, "kitchen", "glass", count=20) == segment(
        train(ITEM, camps()), item_id="cup", num_results=20
    )


@pytest.mark.parametrize("value", ["5", "5.0"])
def test_a_number_is_found_however_it_is_written(value: str) -> None:
    model = train(ATTRIBUTE, camps())
    both = [("SIZE", value), ("GENRES", "outdoor")]
    assert segment(model, attributes=both, num_results=1)[0].startswith("garden")


def test_a_column_is_found_in_any_case_and_a_value_in_its_own() -> None:
    model = train(ATTRIBUTE, camps())
    assert segment(model, attributes=[("genres", "outdoor")])
    assert segment(model, attributes=[("GENRES", "Outdoor")]) == []


def test_a_text_that_looks_like_a_number_is_a_text() -> None:
    data = replace(camps(), item_metadata={"pot": {"CODE": "007"}, "seed": {"CODE": "7"}})
    model = train(ATTRIBUTE, data)
    assert segment(model, attributes=[("CODE", "007")], num_results=1)[0].startswith("tea")


def test_texts_and_reserved_columns_are_no_attributes() -> None:
    metadata: dict[str, dict[str, object]] = {
        "pot": {"TALE": "A pot", "CREATION_TIMESTAMP": 5, "USED": True, "SIZE": None}
    }
    data = replace(camps(), item_metadata=metadata)
    with pytest.raises(ValueError, match="neither textual nor reserved"):
        train(ATTRIBUTE, data, settings=TrainingSettings(textual=frozenset({"TALE"})))


def test_the_filter_takes_users_out() -> None:
    model = train(ITEM, camps())
    users = segment(model, item_id="cup", num_results=20, allowed=lambda user: "1" not in user)
    assert users
    assert not any("1" in user for user in users)


def test_it_recommends_no_items() -> None:
    assert train(ITEM, camps()).recommend(Query(item_id="cup")) == []


@pytest.mark.parametrize("recipe", [ITEM, ATTRIBUTE])
def test_a_segmentation_read_back_gives_the_same_segment(recipe: str) -> None:
    model = train(recipe, camps())
    outdoor = [("GENRES", "outdoor")]
    users = segment(model, item_id="seed", attributes=outdoor, num_results=30)
    again = segment(load(model.to_bytes()), item_id="seed", attributes=outdoor, num_results=30)
    assert again == users != []


def test_more_hidden_dimensions_tell_users_apart_better(shop: TrainingData) -> None:
    few, many = (
        train(ITEM, shop, settings=TrainingSettings(parameters={"hidden_dimension": value}))
        for value in ("32", "149")
    )
    assert many.metrics["hit_at_k"] > 1.05 * few.metrics["hit_at_k"]


def test_the_segment_holds_more_later_buyers_than_the_most_active_users(
    shop: TrainingData,
) -> None:
    order = np.argsort(shop.timestamp, kind="stable")
    early = shop.where(order < 0.8 * len(shop))
    later = shop.where(order >= 0.8 * len(shop))
    model = train(ITEM, early)
    active = np.argsort(-np.bincount(early.user), kind="stable")[:20]
    busiest = {shop.user_ids[user] for user in active}
    ours = theirs = 0
    for item in range(0, len(shop.item_ids), 3):
        actual = {shop.user_ids[user] for user in later.user[later.item == item]}
        found = segment(model, item_id=shop.item_ids[item], num_results=20)
        ours += len(actual.intersection(found))
        theirs += len(actual & busiest)
    assert ours > 2 * theirs


def test_the_metrics_are_those_of_segments(shop: TrainingData) -> None:
    assert set(train(ITEM, shop).metrics) == {"coverage", "hit_at_k", "recall_at_k"}


def test_users_with_one_interaction_each_leave_nothing_to_measure() -> None:
    data = TrainingData.of(["a", "b"], ["pot", "cup"], [1, 2])
    assert train(ITEM, data).metrics == {}
