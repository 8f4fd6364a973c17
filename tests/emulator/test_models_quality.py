"""On data held out by time, user personalisation beats popularity clearly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import Model, Query, TrainingData, train
from tests.emulator.shop_data import (
    ONLINE_RETAIL,
    events,
    history_of,
    online_retail,
    recall_of_the_last_tenth,
    training_data,
)

needs_online_retail = pytest.mark.skipif(
    not ONLINE_RETAIL.is_dir(), reason="the online-retail data is not beside the repository"
)


@pytest.fixture(scope="module")
def retail() -> TrainingData:
    return online_retail()


@pytest.fixture(scope="module")
def retail_model(retail: TrainingData) -> Model:
    return train("aws-user-personalization-v2", retail)


def personalized(past: TrainingData) -> Callable[[str], Sequence[str]]:
    model = train("aws-user-personalization-v2", past)
    return lambda user: [
        item.item_id for item in model.recommend(Query(user, history_of(past, user)))
    ]


def popular(past: TrainingData) -> Callable[[str], Sequence[str]]:
    answer = train("aws-popularity-count", past).recommend(Query())
    return lambda _: [item.item_id for item in answer]


@pytest.mark.parametrize("seed", [0, 1])
def test_recall_is_twice_that_of_popularity_on_generated_data(seed: int) -> None:
    data = training_data(generate_shop(seed=seed))
    ours = recall_of_the_last_tenth(data, personalized)
    assert ours > 1.8 * recall_of_the_last_tenth(data, popular)


@needs_online_retail
def test_recall_is_far_above_that_of_popularity_on_real_data(retail: TrainingData) -> None:
    ours = recall_of_the_last_tenth(retail, personalized)
    assert ours > 1.6 * recall_of_the_last_tenth(retail, popular)


@needs_online_retail
@pytest.mark.parametrize("kind", ["BAG", "HOLDER", "SIGN", "BOX", "DESIGN"])
def test_ten_events_on_one_kind_move_the_list_of_a_real_user(
    retail: TrainingData, retail_model: Model, kind: str
) -> None:
    history = history_of(retail, "14525")
    of_kind = [i for i, columns in retail.item_metadata.items() if columns["CATEGORY_L1"] == kind]
    before = {i.item_id for i in retail_model.recommend(Query(history=history, num_results=10))}
    streamed = [*history, *events(of_kind[:10])]
    after = {i.item_id for i in retail_model.recommend(Query(history=streamed, num_results=10))}
    assert len((after - before) & set(of_kind)) >= 3
