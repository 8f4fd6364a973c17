"""Ranking orders a given list for a user."""

from __future__ import annotations

import pytest

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import Model, Query, TrainingData, train
from tests.emulator.shop_data import events, training_data


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return training_data(generate_shop(seed=5))


@pytest.fixture(scope="module")
def model(data: TrainingData) -> Model:
    return train("aws-personalized-ranking-v2", data)


def of_kind(data: TrainingData, kind: str) -> list[str]:
    return [i for i, columns in data.item_metadata.items() if columns["CATEGORY_L1"] == kind]


def test_what_the_user_likes_comes_first(model: Model, data: TrainingData) -> None:
    mugs, lanterns = of_kind(data, "MUG"), of_kind(data, "LANTERN")
    query = Query(history=events(mugs[4:12]), input_list=[*lanterns[:4], *mugs[:4]])
    assert {item.item_id for item in model.recommend(query)[:4]} == set(mugs[:4])


def test_gives_the_whole_list(model: Model, data: TrainingData) -> None:
    given = data.item_ids[:40]
    answer = model.recommend(Query(input_list=given, num_results=5))
    assert sorted(item.item_id for item in answer) == sorted(given)


def test_unknown_items_come_last_in_the_order_given(model: Model, data: TrainingData) -> None:
    given = ["strange", data.item_ids[0], "alien", data.item_ids[1]]
    answer = model.recommend(Query(input_list=given))
    assert [(item.item_id, item.score) for item in answer[2:]] == [("strange", 0), ("alien", 0)]


def test_the_scores_of_the_list_sum_to_one(model: Model, data: TrainingData) -> None:
    answer = model.recommend(Query(input_list=data.item_ids[:8]))
    assert sum(item.score for item in answer) == pytest.approx(1)


def test_an_item_given_twice_is_ranked_once(model: Model, data: TrainingData) -> None:
    answer = model.recommend(Query(input_list=[data.item_ids[0]] * 2))
    assert len(answer) == 1


def test_the_filter_takes_items_out(model: Model, data: TrainingData) -> None:
    first, second = data.item_ids[:2]
    query = Query(input_list=[first, second], allowed=lambda item: item != first)
    assert [item.item_id for item in model.recommend(query)] == [second]


def test_a_list_of_strangers_keeps_its_order(model: Model) -> None:
    answer = model.recommend(Query(input_list=["one", "two", "three"]))
    assert [item.item_id for item in answer] == ["one", "two", "three"]
