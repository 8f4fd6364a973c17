"""What is liked in the context of a request comes first, by the recipes that know it."""

from __future__ import annotations

from functools import cache

import pytest

from personalize_emulator.models import (
    Exploration,
    Model,
    Query,
    ScoredItem,
    TrainingData,
    UpdatableModel,
    load,
    train,
)
from tests.emulator.shop_data import events
from tests.emulator.trained_models import trained_once

WITH_CONTEXT = (
    "aws-user-personalization",
    "aws-user-personalization-v2",
    "aws-ecomm-recommended-for-you",
    "aws-vod-top-picks",
)
WITHOUT_CONTEXT = ("aws-hrnn", "aws-hrnn-metadata", "aws-hrnn-coldstart")
RANKING = ("aws-personalized-ranking", "aws-personalized-ranking-v2")

with_context = pytest.mark.parametrize("recipe", WITH_CONTEXT)

DAY = 86_400
PHONE, DESK = ["game", "song", "chat"], ["report", "sheet", "slides"]


@cache
def two_devices() -> TrainingData:
    """Phones are for one kind of thing, desks for another; everybody has both."""
    rows = []
    for number in range(600):
        on_phone = number % 2 == 0
        item = (PHONE if on_phone else DESK)[number // 2 % 3]
        # One in ten is the other way round, or says nothing of its device.
        device = {0: None, 1: "desk|home"}.get(number % 20, "phone" if on_phone else "desk|office")
        rows.append((f"user {number % 40}", item, number * DAY, device, f"town {number // 6 % 3}"))
    users, items, when, devices, towns = zip(*rows, strict=True)
    return TrainingData.of(
        users,
        items,
        when,
        event_types=["Watch"] * len(rows),
        context={"DEVICE": devices, "TOWN": towns},
    )


def first_three(model: Model, **context: str) -> set[str]:
    nothing_tried_out = Exploration(weight=0)
    query = Query(context=context, exploration=nothing_tried_out, num_results=3)
    return set(ids(model.recommend(query)))


def ids(answer: list[ScoredItem]) -> list[str]:
    return [item.item_id for item in answer]


@with_context
def test_items_met_in_the_context_are_favoured(recipe: str) -> None:
    model = trained_once(recipe, two_devices())
    assert first_three(model, DEVICE="phone") == set(PHONE)
    assert first_three(model, DEVICE="desk|office") == set(DESK)


@with_context
def test_one_category_of_several_is_enough(recipe: str) -> None:
    assert first_three(trained_once(recipe, two_devices()), DEVICE="office") == set(DESK)


@pytest.mark.parametrize("recipe", RANKING)
def test_rankings_know_the_context(recipe: str) -> None:
    model = trained_once(recipe, two_devices())
    for device, first in (("phone", PHONE), ("desk", DESK)):
        query = Query(input_list=[*PHONE, *DESK], context={"DEVICE": device})
        assert set(ids(model.recommend(query))[:3]) == set(first)


def test_history_and_context_count_together() -> None:
    model = trained_once("aws-user-personalization", two_devices())
    query = Query(history=events(["sheet"]), num_results=6)
    plain = model.recommend(query)
    on_phone = model.recommend(
        Query(history=events(["sheet"]), num_results=6, context={"DEVICE": "phone"})
    )
    assert sum(ids(on_phone).index(item) for item in PHONE) < sum(
        ids(plain).index(item) for item in PHONE
    )


@pytest.mark.parametrize(
    "context", [{"DEVICE": "television"}, {"WEATHER": "rain"}, {"DEVICE": ""}, {}]
)
def test_a_context_that_is_unknown_says_nothing(context: dict[str, str]) -> None:
    model = trained_once("aws-user-personalization", two_devices())
    assert model.recommend(Query(context=context)) == model.recommend(Query())


def test_a_column_that_has_nothing_to_do_with_the_items_changes_little() -> None:
    model = trained_once("aws-user-personalization", two_devices())
    plain, in_town = model.recommend(Query()), model.recommend(Query(context={"TOWN": "town 1"}))
    by_item = {item.item_id: item.score for item in plain}
    assert all(item.score == pytest.approx(by_item[item.item_id], rel=0.2) for item in in_town)


@pytest.mark.parametrize("recipe", WITHOUT_CONTEXT)
def test_other_recipes_know_no_context(recipe: str) -> None:
    model = trained_once(recipe, two_devices())
    assert model.recommend(Query(context={"DEVICE": "phone"})) == model.recommend(Query())


@with_context
def test_scores_sum_to_one_in_every_context(recipe: str) -> None:
    answer = trained_once(recipe, two_devices()).recommend(Query(context={"DEVICE": "phone"}))
    assert sum(item.score for item in answer) == pytest.approx(1)


@with_context
def test_a_model_read_back_knows_the_context(recipe: str) -> None:
    model = trained_once(recipe, two_devices())
    query = Query(context={"DEVICE": "phone", "TOWN": "town 2"})
    assert load(model.to_bytes()).recommend(query) == model.recommend(query)


def test_an_updated_model_knows_the_context() -> None:
    data = two_devices()
    model = train("aws-user-personalization", data)
    assert isinstance(model, UpdatableModel)
    later = TrainingData.of(
        [*(data.user_ids[user] for user in data.user), "user 1"],
        [*(data.item_ids[item] for item in data.item), "just launched"],
        [*data.timestamp.tolist(), 600 * DAY],
    )
    assert first_three(model.updated(later), DEVICE="phone") == set(PHONE)


def test_only_the_interactions_that_are_kept_have_a_context() -> None:
    data = two_devices()
    phones = data.where(data.context["DEVICE"].codes == 1)
    assert len(phones.context["TOWN"].codes) == len(phones)
