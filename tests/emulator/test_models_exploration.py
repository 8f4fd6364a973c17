"""New items are tried out, and come into a model without learning anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import (
    Exploration,
    Model,
    Query,
    ScoredItem,
    TrainingData,
    TrainingSettings,
    UpdatableModel,
    load,
    train,
)
from tests.emulator.shop_data import events, training_data
from tests.emulator.trained_models import trained_once

DAY = 86_400
V1, V2 = "aws-user-personalization", "aws-user-personalization-v2"
CONFIGURABLE = (V1, "aws-ecomm-recommended-for-you", "aws-vod-top-picks")
UPDATED = (*CONFIGURABLE, V2, "aws-hrnn-coldstart")

configurable = pytest.mark.parametrize("recipe", CONFIGURABLE)
updated = pytest.mark.parametrize("recipe", UPDATED)

NEW = [f"new {number}" for number in range(40)]
LATEST = 400 * DAY


def shop_with_new_items() -> TrainingData:
    """A hundred old items that many have met, and forty that came lately and nobody has."""
    rows = [
        (f"user {number % 50}", f"old {number * 7 % 100}", LATEST - (3000 - number) * DAY // 8)
        for number in range(3001)
    ]
    users, items, when = zip(*rows, strict=True)
    metadata: dict[str, dict[str, object]] = {
        **{f"old {number}": {"CREATION_TIMESTAMP": 0} for number in range(100)},
        **{item: {"CREATION_TIMESTAMP": LATEST - number * DAY} for number, item in enumerate(NEW)},
    }
    return TrainingData.of(users, items, when, item_metadata=metadata)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return shop_with_new_items()


def trained(recipe: str, data: TrainingData, *, seed: int = 0) -> Model:
    if recipe.startswith("aws-vod"):
        return train(recipe, replace(data, event_types=["Watch"]), seed=seed)
    return trained_once(recipe, data, seed=seed)


def new_ones(answer: list[ScoredItem]) -> list[str]:
    return [item.item_id for item in answer if item.item_id in NEW]


def explore(weight: float, age_cut_off: float = 30, **query: Any) -> Query:
    return replace(Query("somebody", exploration=Exploration(weight, age_cut_off)), **query)


@configurable
def test_no_weight_tries_nothing_out(recipe: str, data: TrainingData) -> None:
    assert new_ones(trained(recipe, data).recommend(explore(0))) == []


@configurable
def test_the_more_weight_the_more_is_tried_out(recipe: str, data: TrainingData) -> None:
    model = trained(recipe, data)
    number = [len(new_ones(model.recommend(explore(weight)))) for weight in (0.0, 0.3, 0.6, 1.0)]
    assert number == sorted(set(number))
    assert number[-1] in {12, 13}


@configurable
def test_the_default_weight_tries_some_out(recipe: str, data: TrainingData) -> None:
    answer = trained(recipe, data).recommend(Query("somebody"))
    assert len(new_ones(answer)) in {3, 4}


def test_the_answer_is_as_long_as_asked_for(data: TrainingData) -> None:
    assert len(trained(V1, data).recommend(explore(1.0, num_results=10))) == 10


def test_nothing_is_there_twice(data: TrainingData) -> None:
    answer = trained(V1, data).recommend(explore(1.0))
    assert len({item.item_id for item in answer}) == len(answer)


def test_scores_fall_all_the_same(data: TrainingData) -> None:
    scores = [item.score for item in trained(V1, data).recommend(explore(1.0))]
    assert scores == sorted(scores, reverse=True)


def test_only_items_below_the_age_are_tried_out(data: TrainingData) -> None:
    model = trained(V1, data)
    found = {
        item
        for number in range(20)
        for item in new_ones(model.recommend(explore(1.0, 5, user_id=f"user {number}")))
    }
    assert found == set(NEW[:6])


def test_an_item_without_a_creation_timestamp_is_as_old_as_its_first_interaction() -> None:
    data = shop_with_new_items()
    late = TrainingData.of(
        [*(data.user_ids[user] for user in data.user), "user 1"],
        [*(data.item_ids[item] for item in data.item), "met lately"],
        [*data.timestamp.tolist(), LATEST - DAY],
        item_metadata={f"old {number}": {"CREATION_TIMESTAMP": 0} for number in range(100)},
    )
    answer = trained(V1, late).recommend(explore(1.0, 2))
    assert "met lately" in {item.item_id for item in answer[-3:]}


def test_an_item_that_nothing_is_known_of_is_new(data: TrainingData) -> None:
    metadata = {**data.item_metadata, "mystery": {"PRICE": 1.0}}
    known = TrainingData.of(
        [data.user_ids[user] for user in data.user],
        [data.item_ids[item] for item in data.item],
        data.timestamp,
        item_metadata=metadata,
    )
    model = trained(V1, known)
    found = {
        item.item_id
        for number in range(50)
        for item in model.recommend(explore(1.0, 1, user_id=f"user {number}"))
    }
    assert "mystery" in found


def test_the_filter_holds_for_what_is_tried_out(data: TrainingData) -> None:
    def allowed(item: str) -> bool:
        return item.startswith("old") or item in NEW[::2]

    answer = trained(V1, data).recommend(explore(1.0, allowed=allowed))
    assert new_ones(answer)
    assert set(new_ones(answer)) <= set(NEW[::2])


class EveryOtherNewItem:
    """A filter that is asked of the whole catalogue at once."""

    def __call__(self, item_id: str) -> bool:
        raise AssertionError(item_id)

    def mask(self, item_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Let every other new item through, and all that is old."""
        return np.array([item not in NEW[::2] for item in item_ids])


def test_a_filter_of_the_whole_catalogue_is_not_asked_item_by_item(data: TrainingData) -> None:
    answer = trained(V1, data).recommend(explore(1.0, allowed=EveryOtherNewItem()))
    assert new_ones(answer)
    assert set(new_ones(answer)) <= set(NEW[1::2])


def test_a_user_gets_the_same_all_day(data: TrainingData) -> None:
    model = trained(V1, data)
    morning, evening = (model.recommend(explore(0.6, now=LATEST + hour)) for hour in (0, 80_000))
    assert morning == evening


def test_another_day_tries_out_other_items(data: TrainingData) -> None:
    model = trained(V1, data)
    today, tomorrow = (model.recommend(explore(0.6, now=LATEST + day)) for day in (0, DAY))
    assert new_ones(today) != new_ones(tomorrow)


def test_another_user_gets_other_items(data: TrainingData) -> None:
    model = trained(V1, data)
    assert new_ones(model.recommend(explore(0.6))) != new_ones(
        model.recommend(explore(0.6, user_id="somebody else"))
    )


def test_another_seed_tries_out_other_items(data: TrainingData) -> None:
    one, other = (trained(V1, data, seed=seed).recommend(explore(0.6)) for seed in (1, 2))
    assert new_ones(one) != new_ones(other)


def test_what_fits_is_tried_out_more() -> None:
    data = shop_with_new_items()
    kinds = {
        item: {**columns, "KIND": "tea" if number % 2 else "toy"}
        for number, (item, columns) in enumerate(data.item_metadata.items())
    }
    model = trained(V1, replace(data, item_metadata=kinds))
    teas = [item for item in kinds if kinds[item]["KIND"] == "tea"]
    found = [
        item
        for number in range(20)
        for item in new_ones(
            model.recommend(explore(0.6, user_id=f"u {number}", history=events(teas[:8])))
        )
    ]
    assert sum(item in teas for item in found) > 0.7 * len(found)


def test_what_was_shown_is_tried_out_less(data: TrainingData) -> None:
    model = trained(V1, replace(data, impressions=dict.fromkeys(NEW[::2], 400)))
    found = [
        item
        for number in range(20)
        for item in new_ones(model.recommend(explore(0.6, 100, user_id=f"user {number}")))
    ]
    assert sum(item in NEW[::2] for item in found) < 0.2 * len(found)


def test_an_update_counts_what_was_shown_since(data: TrainingData) -> None:
    impressions = dict.fromkeys(NEW[::2], 400)
    model = trained(V1, data)
    assert isinstance(model, UpdatableModel)
    after = model.updated(replace(data, impressions=impressions))
    informed = trained(V1, replace(data, impressions=impressions))
    assert after.recommend(explore(0.6)) == informed.recommend(explore(0.6))
    assert after.recommend(explore(0.6)) != model.recommend(explore(0.6))


def test_the_second_version_explores_lightly_by_itself(data: TrainingData) -> None:
    model = trained(V2, data)
    number = [len(new_ones(model.recommend(Query(f"user {one}")))) for one in range(40)]
    assert set(number) == {1, 2}


def test_no_request_makes_the_second_version_explore_more(data: TrainingData) -> None:
    model = trained(V2, data)
    assert model.recommend(explore(1.0)) == model.recommend(Query("somebody"))


def test_the_second_version_says_what_it_tries_out(data: TrainingData) -> None:
    answer = trained(V2, data).recommend(Query("somebody"))
    assert {item.reasons for item in answer if item.item_id in NEW} == {("Exploration",)}
    assert {item.reasons for item in answer if item.item_id not in NEW} == {()}


def test_the_first_version_gives_no_reasons(data: TrainingData) -> None:
    assert {item.reasons for item in trained(V1, data).recommend(explore(1.0))} == {()}


@pytest.mark.parametrize("recipe", ["aws-hrnn", "aws-hrnn-metadata"])
def test_other_recipes_do_not_explore(recipe: str, data: TrainingData) -> None:
    assert new_ones(trained(recipe, data).recommend(explore(1.0))) == []


def test_exploring_covers_more_of_the_catalogue() -> None:
    data = training_data(generate_shop(users=150, items=400, interactions=4_000))
    exploring, plain = (train(recipe, data).metrics["coverage"] for recipe in (V1, "aws-hrnn"))
    assert exploring > plain


def test_cold_items_are_recommended(data: TrainingData) -> None:
    assert set(new_ones(trained("aws-hrnn-coldstart", data).recommend(Query()))) <= set(NEW[:6])
    assert new_ones(trained("aws-hrnn-coldstart", data).recommend(Query()))


def test_items_are_cold_for_as_long_as_the_solution_says(data: TrainingData) -> None:
    settings = TrainingSettings(features={"cold_start_max_duration": "1.5"})
    model = train("aws-hrnn-coldstart", data, settings=settings)
    found = {item for one in range(20) for item in new_ones(model.recommend(Query(f"user {one}")))}
    assert found == set(NEW[:2])


def test_items_are_cold_from_now_on_if_the_solution_says_so(data: TrainingData) -> None:
    settings = TrainingSettings(features={"cold_start_relative_from": "currentTime"})
    model = train("aws-hrnn-coldstart", data, settings=settings)
    assert new_ones(model.recommend(Query(now=LATEST)))
    assert not new_ones(model.recommend(Query(now=LATEST + 10 * DAY)))


@pytest.mark.parametrize(("most", "cold"), [("2", False), ("3", True)])
def test_items_that_many_have_met_are_not_cold(most: str, cold: bool, data: TrainingData) -> None:
    met = TrainingData.of(
        [*(data.user_ids[user] for user in data.user), "user 1", "user 2", "user 3"],
        [*(data.item_ids[item] for item in data.item), *["new 0"] * 3],
        [*data.timestamp.tolist(), *[LATEST] * 3],
        item_metadata=data.item_metadata,
    )
    features = {"cold_start_max_interactions": most, "cold_start_max_duration": "0.5"}
    settings = TrainingSettings({"recency_mask": "false"}, features)
    answer = train("aws-hrnn-coldstart", met, settings=settings).recommend(Query())
    assert new_ones(answer) == (["new 0"] if cold else [])


@updated
def test_new_items_come_in_without_learning_anew(recipe: str, data: TrainingData) -> None:
    known = replace(data, item_metadata={}, item_ids=data.item_ids[:100])
    model = trained(recipe, known)
    assert isinstance(model, UpdatableModel)
    assert not new_ones(model.recommend(Query("somebody")))
    after = model.updated(data)
    found = {item for one in range(30) for item in new_ones(after.recommend(Query(f"u {one}")))}
    assert found


def test_known_items_keep_their_scores_but_for_the_room_of_the_new_ones() -> None:
    data = shop_with_new_items()
    model = trained(V1, replace(data, item_metadata={}, item_ids=data.item_ids[:100]))
    assert isinstance(model, UpdatableModel)
    query = explore(0, history=events(["old 1", "old 2"]))
    before, after = model.recommend(query), model.updated(data).recommend(query)
    assert [item.item_id for item in after] == [item.item_id for item in before]


def test_a_new_item_is_wanted_as_far_as_its_description_tells() -> None:
    data = training_data(generate_shop(seed=3))
    lamps = [item for item, row in data.item_metadata.items() if row["CATEGORY_L1"] == "LAMP"]
    model = train(V2, data)
    assert isinstance(model, UpdatableModel)
    description: dict[str, object] = {**data.item_metadata[lamps[0]], "CREATION_TIMESTAMP": 0}
    other: dict[str, object] = {"CATEGORY_L1": "MUG", "PRICE": 8.0}
    metadata = {**data.item_metadata, "new lamp": description, "new mug": other}
    after = model.updated(
        replace(data, item_ids=[*data.item_ids, "new lamp", "new mug"], item_metadata=metadata)
    )
    answer = after.recommend(Query(history=events(lamps[:5]), num_results=1000))
    ranked = [item.item_id for item in answer]
    assert ranked.index("new lamp") < ranked.index("new mug")


def test_an_update_with_nothing_new_changes_no_answer(data: TrainingData) -> None:
    model = trained(V1, data)
    assert isinstance(model, UpdatableModel)
    assert model.updated(data).recommend(explore(0.6)) == model.recommend(explore(0.6))


@updated
def test_an_updated_model_survives_the_bytes(recipe: str, data: TrainingData) -> None:
    model = trained(recipe, replace(data, item_metadata={}, item_ids=data.item_ids[:100]))
    assert isinstance(model, UpdatableModel)
    after = model.updated(data)
    query = Query("somebody", history=events(["old 3"]))
    assert load(after.to_bytes()).recommend(query) == after.recommend(query)


@pytest.mark.parametrize("recipe", ["aws-hrnn", "aws-hrnn-metadata", "aws-personalized-ranking-v2"])
def test_other_recipes_are_not_updated(recipe: str, data: TrainingData) -> None:
    assert not isinstance(trained(recipe, data), UpdatableModel)


def test_a_user_of_half_a_character_is_a_user(data: TrainingData) -> None:
    assert trained(V1, data).recommend(explore(0.6, user_id="\ud800"))
