"""What a solution says of how to train has an effect on what is recommended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import (
    EventParameters,
    Model,
    Objective,
    Query,
    ScoredItem,
    TrainingData,
    TrainingSettings,
    Tuning,
    load,
)
from personalize_emulator.models.featurization import within_percentiles
from personalize_emulator.models.personalized_ranking import PersonalizedRankingV2
from personalize_emulator.models.similar_items import SimilarItems
from personalize_emulator.models.tuning import clearly_best
from personalize_emulator.models.user_personalization import Personalization
from tests.emulator.shop_data import events, training_data
from tests.emulator.trained_models import trained_once

V1, V2 = "aws-user-personalization", "aws-user-personalization-v2"
SEQUENCES = ("aws-hrnn", "aws-hrnn-metadata", "aws-hrnn-coldstart", V1)
GAIN = "normalized_discounted_cumulative_gain_at_25"

by_sequence = pytest.mark.parametrize("recipe", SEQUENCES)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return training_data(generate_shop(users=150, items=120, interactions=5_000, seed=3))


def trained(
    recipe: str, data: TrainingData, parameters: dict[str, str] | None = None, **settings: Any
) -> Model:
    given = replace(TrainingSettings(parameters or {}), **settings)
    return trained_once(recipe, data, settings=given)


def ids(answer: list[ScoredItem]) -> list[str]:
    return [item.item_id for item in answer]


def price(data: TrainingData, model: Model, history: list[str]) -> float:
    """What the first ten recommendations cost on the mean."""
    answer = model.recommend(Query(history=events(history), num_results=10))
    prices = [data.item_metadata[item]["PRICE"] for item in ids(answer)]
    return float(np.mean([value for value in prices if isinstance(value, float)]))


@by_sequence
def test_bptt_is_how_many_of_the_latest_events_count(recipe: str, data: TrainingData) -> None:
    model = trained(recipe, data, {"bptt": "4"})
    early, late = data.item_ids[:10], data.item_ids[10:14]
    assert model.recommend(Query(history=events(early + late))) == model.recommend(
        Query(history=events(late))
    )


@by_sequence
def test_events_before_those_count_at_the_default(recipe: str, data: TrainingData) -> None:
    model = trained(recipe, data)
    early, late = data.item_ids[:10], data.item_ids[10:14]
    assert model.recommend(Query(history=events(early + late))) != model.recommend(
        Query(history=events(late))
    )


@by_sequence
def test_the_hidden_dimension_changes_what_is_known(recipe: str, data: TrainingData) -> None:
    query = Query(history=events(data.item_ids[:5]))
    few, many = (trained(recipe, data, {"hidden_dimension": size}) for size in ("32", "100"))
    assert few.recommend(query) != many.recommend(query)


@pytest.mark.parametrize(
    ("recipe", "name"), [*((recipe, "recency_mask") for recipe in SEQUENCES),
                         (V2, "apply_recency_bias")]
)  # fmt: skip
def test_without_recency_the_order_of_a_history_says_nothing(
    recipe: str, name: str, data: TrainingData
) -> None:
    model = trained(recipe, data, {name: "false"})
    history = events(data.item_ids[:20])
    assert ids(model.recommend(Query(history=history))) == ids(
        model.recommend(Query(history=history[::-1]))
    )


def test_without_recency_what_was_popular_long_ago_is_popular() -> None:
    rows = [("old", day) for day in range(60)] + [("new", 900 + day) for day in range(40)]
    data = TrainingData.of(
        [f"user {number}" for number in range(len(rows))],
        [item for item, _ in rows],
        [day * 86_400 for _, day in rows],
    )
    late = ids(trained(V2, data).recommend(Query()))
    ever = ids(trained(V2, data, {"apply_recency_bias": "false"}).recommend(Query()))
    assert (late[0], ever[0]) == ("new", "old")


def robot_among_users() -> TrainingData:
    rows = [("robot", f"junk {number}") for number in range(3)] * 200
    rows += [(f"user {number}", "book") for number in range(300)]
    users, items = zip(*rows, strict=True)
    return TrainingData.of(users, items, [0] * len(rows))


def test_users_with_the_longest_histories_are_left_out() -> None:
    kept = within_percentiles(robot_among_users(), {"max_user_history_length_percentile": "0.99"})
    assert {kept.user_ids[user] for user in kept.user} == {f"user {n}" for n in range(300)}


def test_users_with_the_shortest_histories_are_left_out() -> None:
    kept = within_percentiles(robot_among_users(), {"min_user_history_length_percentile": "1.0"})
    assert {kept.user_ids[user] for user in kept.user} == {"robot"}


def test_items_with_the_most_interactions_are_left_out() -> None:
    kept = within_percentiles(robot_among_users(), {"max_item_interaction_count_percentile": "0.5"})
    assert {kept.item_ids[item] for item in kept.item} == {"junk 0", "junk 1", "junk 2"}


def test_a_hundred_users_lose_nobody_by_the_default() -> None:
    data = TrainingData.of(
        [f"user {number}" for number in range(100) for _ in range(1 + number)],
        ["item"] * 5050,
        range(5050),
    )
    assert len(within_percentiles(data, {"max_user_history_length_percentile": "0.99"})) == 5050


@by_sequence
def test_what_a_robot_does_is_not_learnt(recipe: str) -> None:
    data = robot_among_users()
    everybody = trained(recipe, data, features={"max_user_history_length_percentile": "1.0"})
    with_robot, without = (
        {item.item_id: item.score for item in model.recommend(Query())}
        for model in (everybody, trained(recipe, data))
    )
    assert without["junk 0"] < with_robot["junk 0"] / 2


BOUGHT_AND_LOOKED_AT = [("tea", "Purchase")] * 3 + [("toy", "Click")] * 9


def bought_and_looked_at() -> TrainingData:
    """Whoever meets the pot then buys tea, or more often just looks at the toy."""
    rows = []
    for number in range(240):
        item, event_type = BOUGHT_AND_LOOKED_AT[number % len(BOUGHT_AND_LOOKED_AT)]
        rows += [(f"user {number}", "pot", "Click"), (f"user {number}", item, event_type)]
    users, items, event_types = zip(*rows, strict=True)
    return TrainingData.of(
        users, items, range(len(rows)), event_types=event_types, event_values=[1.0] * len(rows)
    )


def after_the_pot(recipe: str, *parameters: EventParameters) -> list[str]:
    model = trained(recipe, bought_and_looked_at(), events=parameters)
    query = Query(
        history=events(["pot"], "Click"),
        input_list=["tea", "toy"],
        allowed=lambda item: item != "pot",
    )
    return ids(model.recommend(query))


RECIPES_WITH_EVENTS = pytest.mark.parametrize("recipe", [V2, "aws-personalized-ranking-v2"])


@RECIPES_WITH_EVENTS
def test_events_count_alike_without_a_configuration(recipe: str) -> None:
    assert after_the_pot(recipe)[0] == "toy"


@RECIPES_WITH_EVENTS
def test_an_event_of_more_weight_brings_its_items_forward(recipe: str) -> None:
    parameters = (EventParameters("purchase", weight=1.0), EventParameters("click", weight=0.01))
    assert after_the_pot(recipe, *parameters)[0] == "tea"


def test_only_the_ratio_of_the_weights_matters() -> None:
    data = bought_and_looked_at()
    small, large = (
        trained(
            V2,
            data,
            events=(
                EventParameters("Purchase", weight=0.3 * factor),
                EventParameters("Click", weight=0.1 * factor),
            ),
        )
        for factor in (1, 2)
    )
    assert small.recommend(Query()) == large.recommend(Query())


def test_events_that_are_not_listed_are_not_learnt_from() -> None:
    model = trained(V2, bought_and_looked_at(), events=(EventParameters("Purchase"),))
    popular = model.recommend(Query())
    assert popular[0].item_id == "tea"
    assert popular[1].score == popular[2].score


def test_events_below_the_threshold_of_their_type_are_not_learnt_from() -> None:
    parameters = (EventParameters("Purchase"), EventParameters("Click", threshold=2.0))
    assert after_the_pot(V2, *parameters)[0] == "tea"


def test_weights_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one event type must have a weight above 0"):
        trained(V2, bought_and_looked_at(), events=(EventParameters("Click", weight=0.0),))


def test_event_types_that_nobody_knows_leave_nothing_to_learn() -> None:
    with pytest.raises(ValueError, match="no interactions of the event types"):
        trained(V2, bought_and_looked_at(), events=(EventParameters("Watch"),))


def test_weights_of_events_have_a_metric_of_their_own(data: TrainingData) -> None:
    parameters = (EventParameters("Purchase", weight=1.0), EventParameters("View", weight=0.1))
    metrics = trained(V2, data, events=parameters).metrics
    assert 0 < metrics["normalized_discounted_cumulative_gain_with_event_weights_at_k"] <= 1


def test_more_sensitivity_brings_dearer_items(data: TrainingData) -> None:
    history = data.item_ids[:5]
    prices = [
        price(data, trained(V1, data, objective=Objective("PRICE", sensitivity)), history)
        for sensitivity in ("OFF", "LOW", "MEDIUM", "HIGH")
    ]
    assert prices == sorted(set(prices))


def test_an_objective_that_is_off_changes_nothing(data: TrainingData) -> None:
    query = Query(history=events(data.item_ids[:5]))
    off = trained(V1, data, objective=Objective("PRICE", "OFF"))
    assert off.recommend(query) == trained(V1, data).recommend(query)


def test_an_objective_costs_relevance(data: TrainingData) -> None:
    high = trained(V1, data, objective=Objective("PRICE", "HIGH")).metrics
    assert high[GAIN] < trained(V1, data).metrics[GAIN]


@pytest.mark.parametrize("recipe", [V1, "aws-personalized-ranking"])
def test_an_objective_has_a_metric_of_its_own(recipe: str, data: TrainingData) -> None:
    metrics = trained(recipe, data, objective=Objective("PRICE")).metrics
    assert 0 < metrics["average_rewards_at_k"] <= 1


def test_there_are_no_rewards_without_an_objective(data: TrainingData) -> None:
    assert "average_rewards_at_k" not in trained(V1, data).metrics


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("CATEGORY_L1", "must be numeric, got '"),
        ("WEIGHT", "WEIGHT is no numeric column of the Items dataset"),
    ],
)
def test_an_objective_that_is_no_number_is_refused(
    column: str, reason: str, data: TrainingData
) -> None:
    with pytest.raises(ValueError, match=reason):
        trained(V1, data, objective=Objective(column))


TUNING = Tuning(
    integers={"bptt": (2, 32)}, categorical={"recency_mask": ["true", "false"]}, trials=5
)


@pytest.fixture(scope="module")
def tuned(data: TrainingData) -> Model:
    return trained(V1, data, tuning=TUNING)


def test_what_was_tuned_is_told(tuned: Model) -> None:
    assert isinstance(tuned, Personalization)
    assert set(tuned.tuned) == {"bptt", "recency_mask"}
    assert 2 <= int(tuned.tuned["bptt"]) <= 32
    assert tuned.tuned["recency_mask"] in {"true", "false"}


def test_the_tuned_model_is_the_one_trained_so(tuned: Model, data: TrainingData) -> None:
    assert isinstance(tuned, Personalization)
    query = Query(history=events(data.item_ids[:20]))
    same = trained(V1, data, dict(tuned.tuned))
    assert same.recommend(query) == tuned.recommend(query)
    assert same.metrics == tuned.metrics


def test_nothing_is_tuned_without_being_asked_for(data: TrainingData) -> None:
    model = trained(V1, data)
    assert isinstance(model, Personalization)
    assert model.tuned == {}


def test_what_was_tuned_survives_the_bytes(tuned: Model) -> None:
    again = load(tuned.to_bytes())
    assert isinstance(again, Personalization)
    assert isinstance(tuned, Personalization)
    assert again.tuned == tuned.tuned


def test_rankings_are_tuned_as_well(data: TrainingData) -> None:
    model = trained("aws-personalized-ranking", data, tuning=replace(TUNING, trials=2))
    assert isinstance(model, PersonalizedRankingV2)
    assert set(model.tuned) == {"bptt", "recency_mask"}


def test_tuning_takes_the_trial_that_does_best() -> None:
    # Everybody's next item is told by the last one, and by nothing before: short histories win.
    random = np.random.default_rng(0)
    users, items = [], []
    for number in range(120):
        walk = np.concatenate([random.integers(0, 60, 30), [60 + number % 6, 66 + number % 6]])
        users += [f"user {number}"] * len(walk)
        items += [f"item {one}" for one in walk]
    when = [row % 32 * 1000 + row // 32 for row in range(len(users))]
    data = TrainingData.of(users, items, when)
    ranges = Tuning(integers={"bptt": (2, 32)}, trials=8)
    model = trained(V1, data, {"recency_mask": "false"}, tuning=ranges)
    assert isinstance(model, Personalization)
    assert int(model.tuned["bptt"]) <= 12


def test_similar_items_tune_their_hidden_dimensions(data: TrainingData) -> None:
    ranges = {"item_id_hidden_dim": (30, 60), "item_metadata_hidden_dim": (30, 60)}
    model = trained("aws-similar-items", data, tuning=Tuning(integers=ranges, trials=3))
    assert isinstance(model, SimilarItems)
    assert set(model.tuned) == set(ranges)


@pytest.mark.parametrize("name", ["item_id_hidden_dim", "item_metadata_hidden_dim"])
def test_the_hidden_dimensions_of_similar_items_change_what_is_known(
    name: str, data: TrainingData
) -> None:
    query = Query(item_id=data.item_ids[0])
    few, many = (trained("aws-similar-items", data, {name: size}) for size in ("30", "60"))
    assert few.recommend(query) != many.recommend(query)


def test_the_legacy_recipe_without_metadata_knows_none(data: TrainingData) -> None:
    bare = replace(data, item_metadata={})
    query = Query(history=events(data.item_ids[:5]))
    assert trained("aws-hrnn", data).recommend(query) == trained("aws-hrnn", bare).recommend(query)


def test_the_legacy_recipe_with_metadata_knows_it(data: TrainingData) -> None:
    query = Query(history=events(data.item_ids[:5]))
    plain = trained("aws-hrnn", data).recommend(query)
    assert trained("aws-hrnn-metadata", data).recommend(query) != plain


@pytest.mark.parametrize(
    ("scores", "chosen"),
    [
        ({"plain": 0.50, "bold": 0.51, "wild": 0.50}, "plain"),
        ({"plain": 0.50, "bold": 0.53, "wild": 0.55}, "wild"),
        ({"plain": 0.0, "bold": 0.0, "wild": 0.0}, "plain"),
    ],
)
def test_the_first_mix_gives_way_only_to_one_that_is_clearly_better(
    scores: dict[str, float], chosen: str
) -> None:
    assert clearly_best(list(scores), scores.__getitem__) == chosen
