"""Trending now finds what grows, and not what is merely popular."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from personalize_emulator.models import (
    Model,
    Query,
    TrainingData,
    TrainingSettings,
    UpdatableModel,
    load,
    train,
)

RECIPE = "aws-trending-now"
HOUR = 3600
START = 1_750_000_000
LATEST = START + 100 * HOUR


def data(*intervals: Mapping[str, int], length: int = 2 * HOUR) -> TrainingData:
    """So many interactions with each item, spread over each interval; the last ends at LATEST."""
    items: list[str] = []
    times: list[int] = []
    for back, numbers in enumerate(reversed(intervals)):
        end = LATEST - back * length
        for item, number in numbers.items():
            items += [item] * number
            times += np.linspace(end, end - length, number, endpoint=False).astype(int).tolist()
    return TrainingData.of([f"user {at % 97}" for at in range(len(items))], items, times)


def ids(model: Model, query: Query | None = None) -> list[str]:
    return [item.item_id for item in model.recommend(query or Query())]


def test_what_grows_comes_before_what_is_popular() -> None:
    model = train(RECIPE, data({"hit": 200, "news": 10}, {"hit": 210, "news": 60}))
    assert ids(model) == ["news", "hit"]


def test_a_few_interactions_more_are_no_trend() -> None:
    model = train(RECIPE, data({"rare": 1, "hit": 100}, {"rare": 2, "hit": 160}))
    assert ids(model)[0] == "hit"


def test_a_new_item_can_trend() -> None:
    model = train(RECIPE, data({"hit": 100}, {"hit": 120, "premiere": 40}))
    assert ids(model)[0] == "premiere"


def test_what_falls_comes_after_what_is_popular_and_steady() -> None:
    model = train(RECIPE, data({"old": 90, "steady": 80}, {"old": 5, "steady": 80}))
    assert ids(model) == ["steady", "old"]


def test_what_rises_scores_above_one_half() -> None:
    answer = train(RECIPE, data({"hit": 200, "news": 10}, {"hit": 200, "news": 60})).recommend(
        Query()
    )
    assert [item.score > 0.5 for item in answer] == [True, False]


@pytest.mark.parametrize(
    ("frequency", "leader"), [("30 minutes", "blip"), ("1 day", "slow burner")]
)
def test_the_frequency_says_how_long_a_trend_is(frequency: str, leader: str) -> None:
    # The blip rises in the last half an hour, the slow burner over two days.
    days = data({"slow burner": 100}, {"slow burner": 250}, length=24 * HOUR)
    halves = data({"blip": 20}, {"blip": 60}, length=HOUR // 2)
    earlier = data({"blip": 60}, {}, length=24 * HOUR)
    parts = [days, halves, earlier]
    whole = TrainingData.of(
        [part.user_ids[user] for part in parts for user in part.user],
        [part.item_ids[item] for part in parts for item in part.item],
        np.concatenate([part.timestamp for part in parts]),
    )
    settings = TrainingSettings(features={"trend_discovery_frequency": frequency})
    assert ids(train(RECIPE, whole, settings=settings))[0] == leader


def test_another_frequency_is_refused() -> None:
    settings = TrainingSettings(features={"trend_discovery_frequency": "5 minutes"})
    with pytest.raises(ValueError, match=r"one of 30 minutes, .*, got '5 minutes'"):
        train(RECIPE, data({"hit": 9}), settings=settings)


def test_an_update_finds_the_trend_of_new_interactions() -> None:
    model = train(RECIPE, data({"hit": 200, "news": 10}, {"hit": 200, "news": 60}))
    assert isinstance(model, UpdatableModel)
    later = data({"hit": 200, "news": 60}, {"hit": 200, "news": 60, "comet": 50})
    assert ids(model.updated(later))[0] == "comet"


def test_an_update_keeps_the_metrics_of_the_training() -> None:
    model = train(RECIPE, data({"hit": 200, "news": 10}, {"hit": 200, "news": 60}))
    assert isinstance(model, UpdatableModel)
    assert model.updated(data({"hit": 9})).metrics == model.metrics


def test_after_two_quiet_intervals_what_is_popular_comes_first() -> None:
    model = train(RECIPE, data({"hit": 200, "news": 10}, {"hit": 210, "news": 60}))
    assert ids(model, Query(now=LATEST + 3 * HOUR))[0] == "news"
    assert ids(model, Query(now=LATEST + 4 * HOUR))[0] == "hit"


def test_a_trend_that_goes_on_is_foretold() -> None:
    steps = [{"comet": 4 * 2**step, "hit": 300, "other": 150} for step in range(6)]
    metrics = train(RECIPE, data(*steps)).metrics
    assert metrics["trend_prediction_accuracy"] > 0.9


def test_a_model_read_back_goes_on_to_be_updated() -> None:
    model = load(train(RECIPE, data({"hit": 20}, {"hit": 20})).to_bytes())
    assert isinstance(model, UpdatableModel)
    later = data({"hit": 20}, {"hit": 20, "comet": 50})
    assert ids(model.updated(later))[0] == "comet"


def test_the_use_case_looks_at_two_hours() -> None:
    grown = data({"hit": 200, "news": 10}, {"hit": 210, "news": 60})
    assert ids(train("aws-vod-trending-now", grown)) == ids(train(RECIPE, grown))
