"""User personalisation finds tastes, and follows what users do."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import (
    HistoryEvent,
    Model,
    Query,
    ScoredItem,
    TrainingData,
    TrainingSettings,
    train,
)
from tests.emulator.shop_data import events, training_data

RECIPE = "aws-user-personalization-v2"


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return training_data(generate_shop(seed=3))


@pytest.fixture(scope="module")
def model(data: TrainingData) -> Model:
    return train(RECIPE, data)


@pytest.fixture(scope="module")
def kinds(data: TrainingData) -> dict[str, list[str]]:
    """The items of each category."""
    kinds: dict[str, list[str]] = {}
    for item, columns in data.item_metadata.items():
        kinds.setdefault(str(columns["CATEGORY_L1"]), []).append(item)
    return kinds


def ids(answer: list[ScoredItem]) -> list[str]:
    return [item.item_id for item in answer]


def test_a_taste_is_found(model: Model, kinds: dict[str, list[str]]) -> None:
    liked = kinds["TEAPOT"]
    answer = ids(model.recommend(Query(history=events(liked[:4]), num_results=10)))
    assert len(set(answer) & set(liked)) >= 5


def test_a_taste_goes_beyond_what_was_met(model: Model, kinds: dict[str, list[str]]) -> None:
    met, unmet = kinds["LAMP"][:4], set(kinds["LAMP"][4:])
    answer = ids(model.recommend(Query(history=events(met), num_results=10)))
    assert set(answer) & unmet


def test_company_alone_finds_a_taste(data: TrainingData, kinds: dict[str, list[str]]) -> None:
    bare = TrainingData.of(
        [data.user_ids[user] for user in data.user],
        [data.item_ids[item] for item in data.item],
        data.timestamp,
    )
    liked = kinds["CUSHION"]
    answer = ids(train(RECIPE, bare).recommend(Query(history=events(liked[:4]), num_results=10)))
    assert len(set(answer) & set(liked)) >= 4


def test_ten_events_on_one_kind_move_the_list(
    data: TrainingData, model: Model, kinds: dict[str, list[str]]
) -> None:
    someone = Counter(data.user.tolist()).most_common(100)[-1][0]
    history = events([data.item_ids[item] for item in data.item[data.user == someone]])
    before = ids(model.recommend(Query(history=history, num_results=10)))
    strange = min(kinds, key=lambda kind: sum(event.item_id in kinds[kind] for event in history))
    after = ids(
        model.recommend(Query(history=[*history, *events(kinds[strange][:10])], num_results=10))
    )
    new = set(after) - set(before)
    assert len(new & set(kinds[strange])) >= 3


def test_the_latest_events_count_most(model: Model, kinds: dict[str, list[str]]) -> None:
    lamps, mugs = kinds["LAMP"], kinds["MUG"]
    lately_mugs = ids(
        model.recommend(Query(history=events(lamps[:10] + mugs[:10]), num_results=10))
    )
    lately_lamps = ids(
        model.recommend(Query(history=events(mugs[:10] + lamps[:10]), num_results=10))
    )
    assert len(set(lately_mugs) & set(mugs)) > len(set(lately_lamps) & set(mugs))


def test_recency_counts_for_nothing_when_it_is_switched_off(
    data: TrainingData, kinds: dict[str, list[str]]
) -> None:
    no_bias = TrainingSettings(parameters={"apply_recency_bias": "false"})
    plain = train(RECIPE, data, settings=no_bias)
    history = events(kinds["LAMP"][:10] + kinds["MUG"][:10])
    forwards = plain.recommend(Query(history=history))
    backwards = plain.recommend(Query(history=history[::-1]))
    assert ids(forwards) == ids(backwards)


def test_somebody_unknown_gets_what_is_popular_of_late() -> None:
    early = [("old favourite", day) for day in range(50)] * 3
    late = [("new favourite", 950 + day) for day in range(50)]
    rows = [*early, *late, ("rarity", 990)]
    data = TrainingData.of(
        [f"user {number}" for number in range(len(rows))],
        [item for item, _ in rows],
        [day * 86_400 for _, day in rows],
    )
    answer = ids(train(RECIPE, data).recommend(Query(user_id="nobody")))
    assert answer[0] == "new favourite"


def test_what_was_bought_is_recommended_again(model: Model, kinds: dict[str, list[str]]) -> None:
    bought = kinds["CANDLE"][:2] * 3
    answer = ids(model.recommend(Query(history=events(bought, "Purchase"), num_results=10)))
    assert set(bought) <= set(answer)


def test_scores_fall_and_sum_to_one_over_the_catalogue(model: Model, data: TrainingData) -> None:
    answer = model.recommend(Query(num_results=len(data.item_ids)))
    scores = [item.score for item in answer]
    assert len(answer) == len(data.item_ids)
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0
    assert sum(scores) == pytest.approx(1, abs=1e-4)


def test_an_item_with_metadata_alone_rises_for_those_who_like_its_kind(data: TrainingData) -> None:
    launched: dict[str, object] = {
        "CATEGORY_L1": "TEAPOT",
        "PRODUCT_DESCRIPTION": "Red ceramic teapot with hearts",
        "PRICE": 24.0,
    }
    extended = TrainingData.of(
        [data.user_ids[user] for user in data.user],
        [data.item_ids[item] for item in data.item],
        data.timestamp,
        item_metadata={**data.item_metadata, "just launched": launched},
    )
    model = train(RECIPE, extended)
    everything = len(extended.item_ids)
    to_anybody = ids(model.recommend(Query(num_results=everything))).index("just launched")
    teapots = [
        item for item, columns in data.item_metadata.items() if columns["CATEGORY_L1"] == "TEAPOT"
    ]
    to_a_fan = ids(model.recommend(Query(history=events(teapots), num_results=everything)))
    assert to_a_fan.index("just launched") < to_anybody


def test_the_filter_decides_what_may_be_recommended(
    model: Model, kinds: dict[str, list[str]]
) -> None:
    mugs = set(kinds["MUG"])
    answer = model.recommend(Query(num_results=25, allowed=mugs.__contains__))
    assert set(ids(answer)) == mugs


def test_gives_as_many_items_as_asked_for(model: Model) -> None:
    assert len(model.recommend(Query(num_results=7))) == 7


def test_unknown_items_in_the_history_say_nothing(model: Model) -> None:
    assert model.recommend(Query(history=events(["unheard of"]))) == model.recommend(Query())


def test_metrics_carry_the_names_of_the_service(model: Model) -> None:
    assert set(model.metrics) == {
        "coverage",
        "mean_reciprocal_rank_at_25",
        "normalized_discounted_cumulative_gain_at_5",
        "normalized_discounted_cumulative_gain_at_10",
        "normalized_discounted_cumulative_gain_at_25",
        "precision_at_5",
        "precision_at_10",
        "precision_at_25",
    }


def test_metrics_of_data_without_tastes_are_worse(model: Model, data: TrainingData) -> None:
    random = np.random.default_rng(0)
    noise = TrainingData.of(
        [data.user_ids[user] for user in data.user],
        random.permutation([data.item_ids[item] for item in data.item]).tolist(),
        data.timestamp,
        item_metadata=data.item_metadata,
    )
    gain = "normalized_discounted_cumulative_gain_at_25"
    assert train(RECIPE, noise).metrics[gain] < model.metrics[gain] / 2


def test_one_interaction_is_enough_to_train() -> None:
    model = train(RECIPE, TrainingData.of(["u"], ["i"], [0]))
    assert ids(model.recommend(Query(history=[HistoryEvent("i", "", 0)]))) == ["i"]
