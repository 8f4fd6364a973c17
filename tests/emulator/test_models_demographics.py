"""What users like is told from who they are, as long as they have done little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
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

USER_PERSONALIZATION = (
    "aws-user-personalization",
    "aws-user-personalization-v2",
    "aws-hrnn-metadata",
    "aws-hrnn-coldstart",
    "aws-ecomm-recommended-for-you",
    "aws-vod-top-picks",
)
RANKING = ("aws-personalized-ranking", "aws-personalized-ranking-v2")
V2 = "aws-user-personalization-v2"

DAY = 86_400
NORDIC = [f"nordic {number}" for number in range(5)]
ROMANCE = [f"romance {number}" for number in range(5)]
COUNTRIES: Mapping[str, Sequence[str]] = {"NO": NORDIC, "IT": ROMANCE}


def two_countries() -> TrainingData:
    """Two countries that like different things, and three towns that say nothing."""
    random = np.random.default_rng(0)
    rows, users = [], {}
    for number in range(400):
        country = list(COUNTRIES)[number % 2]
        abroad = COUNTRIES[list(COUNTRIES)[1 - number % 2]]
        users[f"user {number}"] = {"COUNTRY": country, "TOWN": f"town {random.integers(3)}"}
        for event in range(5):
            liked = COUNTRIES[country] if random.random() < 0.8 else abroad
            item = liked[int(random.integers(len(liked)))]
            rows.append((f"user {number}", item, (number + event) * DAY))
    who, what, when = zip(*rows, strict=True)
    return TrainingData.of(who, what, when, event_types=["Watch"] * len(rows), user_metadata=users)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return two_countries()


@pytest.fixture(scope="module")
def model(data: TrainingData) -> Model:
    return trained_once(V2, data)


def ids(answer: Sequence[ScoredItem]) -> list[str]:
    return [item.item_id for item in answer]


def first_five(model: Model, **user: object) -> set[str]:
    query = Query("newcomer", user=user, exploration=Exploration(0), num_results=5)
    return set(ids(model.recommend(query)))


@pytest.mark.parametrize("recipe", USER_PERSONALIZATION)
def test_a_newcomer_gets_what_the_country_likes(recipe: str, data: TrainingData) -> None:
    model = trained_once(recipe, data)
    assert first_five(model, COUNTRY="NO") == set(NORDIC)
    assert first_five(model, COUNTRY="IT") == set(ROMANCE)


@pytest.mark.parametrize("recipe", RANKING)
def test_a_list_is_ranked_as_the_country_likes(recipe: str, data: TrainingData) -> None:
    model = trained_once(recipe, data)
    for country, liked in COUNTRIES.items():
        query = Query("newcomer", user={"COUNTRY": country}, input_list=[*NORDIC, *ROMANCE])
        assert set(ids(model.recommend(query))[:5]) == set(liked)


def test_the_recipe_of_interactions_alone_does_not_know_who_users_are(data: TrainingData) -> None:
    model = trained_once("aws-hrnn", data)
    assert model.recommend(Query(user={"COUNTRY": "NO"})) == model.recommend(Query())


def test_a_column_that_the_training_did_not_see_says_nothing(data: TrainingData) -> None:
    towns = {user: {"TOWN": row["TOWN"]} for user, row in data.user_metadata.items()}
    model = train(V2, replace(data, user_metadata=towns))
    assert model.recommend(Query(user={"COUNTRY": "NO"})) == model.recommend(Query())


def test_a_column_that_has_nothing_to_do_with_the_items_changes_little(model: Model) -> None:
    by_item = {item.item_id: item.score for item in model.recommend(Query())}
    in_town = model.recommend(Query(user={"TOWN": "town 1"}))
    assert all(item.score == pytest.approx(by_item[item.item_id], rel=0.05) for item in in_town)


@pytest.mark.parametrize(
    "user",
    [{"COUNTRY": "FR"}, {"COUNTRY": ""}, {"COUNTRY": None}, {"COUNTRY": 7}, {"PLANET": "NO"}, {}],
)
def test_what_nobody_else_is_says_nothing(model: Model, user: dict[str, object]) -> None:
    assert model.recommend(Query(user=user)) == model.recommend(Query())


def test_a_user_of_two_categories_gets_what_both_like(model: Model) -> None:
    by_item = {item.item_id: item.score for item in model.recommend(Query())}
    both = model.recommend(Query(user={"COUNTRY": "NO|IT"}))
    assert all(item.score == pytest.approx(by_item[item.item_id], rel=0.2) for item in both)


def test_numbers_are_told_in_bands(data: TrainingData) -> None:
    ages = {
        user: {"AGE": (20 if row["COUNTRY"] == "NO" else 60) + number % 10}
        for number, (user, row) in enumerate(data.user_metadata.items())
    }
    model = train(V2, replace(data, user_metadata=ages))
    assert first_five(model, AGE=24.5) == set(NORDIC)
    assert first_five(model, AGE=66) == set(ROMANCE)


def test_names_of_several_words_are_categories_all_the_same(data: TrainingData) -> None:
    towns = {
        user: {"TOWN": f"{row['COUNTRY']} town {number % 80}"}
        for number, (user, row) in enumerate(data.user_metadata.items())
    }
    model = train(V2, replace(data, user_metadata=towns))
    # Nobody lives there: as words it would be a town of NO.
    assert model.recommend(Query(user={"TOWN": "NO town 80"})) == model.recommend(Query())


def test_much_history_leaves_little_to_say_for_the_country(model: Model) -> None:
    history = events(NORDIC * 16)
    plain, abroad = (
        model.recommend(Query("regular", history, user=user)) for user in ({}, {"COUNTRY": "IT"})
    )
    assert ids(plain) == ids(abroad)
    assert [item.score for item in abroad] == pytest.approx([item.score for item in plain])


def test_the_country_counts_less_with_every_event(model: Model) -> None:
    def odds(query: Query) -> float:
        score = {item.item_id: item.score for item in model.recommend(query)}
        return score[NORDIC[0]] / score[ROMANCE[0]]

    def raised(number: int) -> float:
        query = Query("somebody", events(ROMANCE * 2)[:number])
        return odds(replace(query, user={"COUNTRY": "NO"})) / odds(query)

    raises = [raised(number) for number in (0, 2, 5, 10)]
    assert raises == sorted(raises, reverse=True)
    assert raises[0] > 2
    assert raises[-1] > 1


def test_one_busy_user_does_not_speak_for_a_country() -> None:
    data = two_countries()
    busy = TrainingData.of(
        [*(data.user_ids[user] for user in data.user), *["hermit"] * 300],
        [*(data.item_ids[item] for item in data.item), *[ROMANCE[0]] * 300],
        [*data.timestamp.tolist(), *range(300)],
        user_metadata={**data.user_metadata, "hermit": {"COUNTRY": "SJ"}},
    )
    model = train(V2, busy)
    by_item = {item.item_id: item.score for item in model.recommend(Query())}
    neighbour = model.recommend(Query(user={"COUNTRY": "SJ"}))
    assert all(item.score == pytest.approx(by_item[item.item_id], rel=0.25) for item in neighbour)


def test_who_users_are_makes_the_metrics_better(data: TrainingData) -> None:
    gain = "normalized_discounted_cumulative_gain_at_5"
    blind = train(V2, replace(data, user_metadata={}))
    assert trained_once(V2, data).metrics[gain] > blind.metrics[gain]


def test_scores_sum_to_one_for_whoever_asks(model: Model) -> None:
    answer = model.recommend(Query(user={"COUNTRY": "NO"}))
    assert sum(item.score for item in answer) == pytest.approx(1)


@pytest.mark.parametrize("recipe", [*USER_PERSONALIZATION, *RANKING])
def test_a_model_read_back_knows_who_users_are(recipe: str, data: TrainingData) -> None:
    model = trained_once(recipe, data)
    query = Query("newcomer", user={"COUNTRY": "NO", "TOWN": "town 2"}, input_list=data.item_ids)
    assert load(model.to_bytes()).recommend(query) == model.recommend(query)


def test_an_updated_model_knows_who_users_are(data: TrainingData, model: Model) -> None:
    assert isinstance(model, UpdatableModel)
    later = model.updated(replace(data, item_ids=[*data.item_ids, "just launched"]))
    assert first_five(later, COUNTRY="NO") == set(NORDIC)
