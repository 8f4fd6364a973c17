"""The next best action is the one that users like this one take, and may be shown now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from personalize_emulator.models import (
    Exploration,
    HistoryEvent,
    Model,
    Query,
    ScoredItem,
    TrainingData,
    TrainingSettings,
    UpdatableModel,
    load,
    train,
)

RECIPE = "aws-next-best-action"
DAY = 86_400
DAYS = 40
# How likely those who like tea, and those who like gardens, are to take each action.
CHANCES = {"tea club": (0.7, 0.1), "garden club": (0.1, 0.7), "app": (0.4, 0.4)}
CAMPS = ("tea", "garden")

Metadata = Mapping[str, Mapping[str, object]]


def columns(**more: Mapping[str, object]) -> Metadata:
    return {**{action: {"LEVEL": "any"} for action in CHANCES}, **more}


def shop(
    metadata: Metadata | None = None,
    chances: Mapping[str, tuple[float, float]] = CHANCES,
    *,
    users: int = 150,
    start: int = 0,
) -> TrainingData:
    """Every user looks at things of one camp, is shown actions, and takes some of them."""
    random = np.random.default_rng(7)
    seen: list[tuple[str, str, int]] = []
    done: list[tuple[str, str, str, int]] = []
    for number in range(users):
        camp, user = number % 2, f"{CAMPS[number % 2]} fan {number}"
        for _ in range(6):
            thing = f"{CAMPS[camp]} {random.integers(6)}"
            seen.append((user, thing, start + int(random.integers(DAYS * DAY))))
        for action, share in chances.items():
            shown = start + int(random.integers(DAYS * DAY - 60))
            taken = random.random() < share[camp]
            done.append((user, action, "Viewed", shown))
            done.append((user, action, "TAKEN" if taken else "Not taken", shown + 60))
    actions = TrainingData.of(
        [user for user, _, _, _ in done],
        [action for _, action, _, _ in done],
        [when for _, _, _, when in done],
        event_types=[event_type for _, _, event_type, _ in done],
        item_metadata=columns() if metadata is None else metadata,
    )
    items = TrainingData.of(
        [user for user, _, _ in seen], [item for _, item, _ in seen], [when for _, _, when in seen]
    )
    return replace(items, actions=actions)


def without_interactions(metadata: Metadata) -> TrainingData:
    return replace(shop(), actions=TrainingData.of([], [], [], item_metadata=metadata))


@pytest.fixture(scope="module")
def model() -> Model:
    return train(RECIPE, shop())


def liking(camp: str) -> Query:
    history = [HistoryEvent(f"{camp} {number}", "View", number) for number in range(5)]
    return Query(user_id="somebody", history=history)


def did(action: str, event_type: str, times: int = 1, when: int = 0) -> list[HistoryEvent]:
    return [HistoryEvent(action, event_type, when + number) for number in range(times)]


def scores(answer: list[ScoredItem]) -> dict[str, float]:
    return {action.item_id: action.score for action in answer}


def ids(answer: list[ScoredItem]) -> list[str]:
    return [action.item_id for action in answer]


@pytest.mark.parametrize(("camp", "other"), [("tea", "garden"), ("garden", "tea")])
def test_what_users_like_this_one_take_comes_first(model: Model, camp: str, other: str) -> None:
    answer = model.recommend(liking(camp))
    assert ids(answer) == [f"{camp} club", "app", f"{other} club"]


def test_the_score_is_about_how_often_such_users_take_the_action(model: Model) -> None:
    found = scores(model.recommend(liking("tea")))
    assert found["tea club"] == pytest.approx(0.7, abs=0.15)
    assert found["garden club"] == pytest.approx(0.1, abs=0.1)


def test_a_user_of_whom_nothing_is_known_gets_the_usual_chances(model: Model) -> None:
    found = scores(model.recommend(Query()))
    assert all(value == pytest.approx(0.4, abs=0.12) for value in found.values())


def test_what_a_user_looks_at_moves_the_answer_at_once(model: Model) -> None:
    before = scores(model.recommend(Query(user_id="garden fan 1")))
    after = scores(model.recommend(replace(liking("garden"), user_id="garden fan 1")))
    assert after["garden club"] > before["garden club"] + 0.1


def test_what_a_user_refuses_moves_the_answer_at_once() -> None:
    # Some users take everything they are shown, others nothing.
    split = dict.fromkeys(("one", "two", "three", "four"), (0.95, 0.05))
    model = train(RECIPE, shop(columns(), split))
    query = Query(user_id="new")
    refused = replace(query, action_history=did("one", "NOT_TAKEN", 3))
    taken = replace(query, action_history=did("one", "taken", 3))
    plain, less, more = (scores(model.recommend(q))["two"] for q in (query, refused, taken))
    assert less < plain < more


def test_the_list_is_in_the_order_of_the_scores(model: Model) -> None:
    found = list(scores(model.recommend(liking("tea"))).values())
    assert found == sorted(found, reverse=True)


def test_of_actions_as_likely_the_more_valuable_one_comes_first() -> None:
    metadata = columns(basic={"VALUE": 5}, premium={"VALUE": 10})
    never = {"basic": (0.0, 0.0), "premium": (0.0, 0.0)}
    answer = train(RECIPE, shop(metadata, {**CHANCES, **never})).recommend(liking("tea"))
    assert [i for i in ids(answer) if i in never] == ["premium", "basic"]


def test_an_action_with_too_few_interactions_has_no_score() -> None:
    data = shop(users=90)  # not one action is taken fifty times
    assert {action.score for action in train(RECIPE, data).recommend(liking("tea"))} == {0.0}


def test_interactions_older_than_six_weeks_give_no_score() -> None:
    data = shop()
    assert data.actions is not None
    actions = data.actions
    late = TrainingData.of(
        [*(actions.user_ids[user] for user in actions.user), "late"],
        [*(actions.item_ids[item] for item in actions.item), "app"],
        [*actions.timestamp, (DAYS + 42) * DAY],
        event_types=[*(actions.event_types[kind] for kind in actions.event_type), "Viewed"],
        item_metadata=actions.item_metadata,
    )
    answer = train(RECIPE, replace(data, actions=late)).recommend(liking("tea"))
    assert {action.score for action in answer} == {0.0}


@pytest.mark.parametrize(("days", "is_likely"), [("7", False), ("28", True)])
def test_the_period_says_how_long_after_a_view_an_action_counts(days: str, is_likely: bool) -> None:
    # Everybody takes the action twenty days after it was shown.
    users = [f"user {number}" for number in range(80)]
    actions = TrainingData.of(
        users * 2,
        ["app"] * 160,
        [*range(80), *(20 * DAY + number for number in range(80))],
        event_types=["Viewed"] * 80 + ["Taken"] * 80,
        item_metadata={"app": {"LEVEL": "any"}},
    )
    data = replace(shop(), actions=actions)
    settings = TrainingSettings(features={"action_optimization_period": days})
    (app,) = train(RECIPE, data, settings=settings).recommend(Query())
    assert (app.score > 0.8) == is_likely


def test_an_expired_action_is_out() -> None:
    data = shop(columns(app={"EXPIRATION_TIMESTAMP": 50 * DAY}))
    model = train(RECIPE, data)
    assert "app" in ids(model.recommend(replace(liking("tea"), now=50 * DAY - 1)))
    assert "app" not in ids(model.recommend(replace(liking("tea"), now=50 * DAY)))


@pytest.mark.parametrize("event_type", ["Viewed", "Taken", "Not taken"])
def test_an_action_waits_before_it_comes_again(event_type: str) -> None:
    model = train(RECIPE, shop(columns(app={"REPEAT_FREQUENCY": 7})))
    query = replace(liking("tea"), action_history=did("app", event_type, when=100 * DAY))
    assert "app" not in ids(model.recommend(replace(query, now=107 * DAY - 1)))
    assert "app" in ids(model.recommend(replace(query, now=107 * DAY)))


def test_an_action_without_a_repeat_frequency_comes_again_at_once(model: Model) -> None:
    query = replace(
        liking("tea"), action_history=did("app", "Taken", when=100 * DAY), now=100 * DAY
    )
    assert "app" in ids(model.recommend(query))


def test_the_filter_takes_actions_out(model: Model) -> None:
    answer = model.recommend(replace(liking("tea"), allowed=lambda action: action != "app"))
    assert ids(answer) == ["tea club", "garden club"]


def test_without_interactions_everybody_gets_what_is_worth_most() -> None:
    metadata = {"low": {"VALUE": 1}, "high": {"VALUE": 9}, "middle": {"VALUE": 5}}
    model = train(RECIPE, without_interactions(metadata))
    expected = [ScoredItem("high", 0.0), ScoredItem("middle", 0.0), ScoredItem("low", 0.0)]
    assert model.recommend(liking("tea")) == expected
    assert model.recommend(Query(user_id="another")) == expected


def test_a_new_action_is_explored_in_a_place_of_its_own() -> None:
    model = train(RECIPE, shop(columns(novelty={"LEVEL": "any"})))
    answer = model.recommend(
        replace(liking("tea"), num_results=3, exploration=Exploration(weight=0.4))
    )
    assert answer[2] == ScoredItem("novelty", 0.0)
    assert ids(answer[:2]) == ["tea club", "app"]


def test_without_exploration_what_has_a_score_comes_first() -> None:
    model = train(RECIPE, shop(columns(novelty={"LEVEL": "any"})))
    answer = model.recommend(
        replace(liking("tea"), num_results=3, exploration=Exploration(weight=0.0))
    )
    assert ids(answer) == ["tea club", "app", "garden club"]


def test_each_user_tries_out_something_else() -> None:
    new = {f"new {number}": {"LEVEL": "any"} for number in range(10)}
    model = train(RECIPE, shop(columns(**new)))
    tried = {
        ids(model.recommend(replace(liking("tea"), user_id=f"user {number}", num_results=4)))[-1]
        for number in range(40)
    }
    assert len(tried) > 5


def test_an_old_action_is_explored_after_a_new_one() -> None:
    metadata = columns(old={"CREATION_TIMESTAMP": 1}, new={"CREATION_TIMESTAMP": 39 * DAY})
    answer = train(RECIPE, shop(metadata)).recommend(replace(liking("tea"), num_results=5))
    assert ids(answer)[-2:] == ["new", "old"]


def test_an_update_explores_new_actions_and_keeps_the_scores() -> None:
    model = train(RECIPE, shop())
    assert isinstance(model, UpdatableModel)
    later = model.updated(shop(columns(novelty={"LEVEL": "any"})))
    answer = later.recommend(liking("tea"))
    assert answer == [*model.recommend(liking("tea")), ScoredItem("novelty", 0.0)]


def test_an_update_drops_what_has_expired_by_now() -> None:
    model = train(RECIPE, shop())
    assert isinstance(model, UpdatableModel)
    later = model.updated(shop(columns(app={"EXPIRATION_TIMESTAMP": DAY})))
    assert "app" not in ids(later.recommend(liking("tea")))


def test_an_updated_model_can_be_read_back() -> None:
    model = train(RECIPE, shop())
    assert isinstance(model, UpdatableModel)
    later = model.updated(shop(columns(novelty={"LEVEL": "any"})))
    assert load(later.to_bytes()).recommend(liking("tea")) == later.recommend(liking("tea"))


def test_of_more_than_a_thousand_actions_the_new_and_the_latest_are_considered() -> None:
    metadata = columns(**{f"new {number}": {"LEVEL": "any"} for number in range(999)})
    answer = train(RECIPE, shop(metadata)).recommend(Query(num_results=2000))
    assert len(answer) == 1000
    assert len(set(ids(answer)) & set(CHANCES)) == 1


def test_who_the_user_is_counts() -> None:
    data = shop()
    assert data.actions is not None
    levels = {user: {"LEVEL": user.split()[0]} for user in data.user_ids}
    # Nothing but what is known of the users tells who takes what.
    same = replace(data, item=np.zeros_like(data.item), user_metadata=levels)
    model = train(RECIPE, same)
    tea, garden = (
        scores(model.recommend(Query(user_id=user))) for user in ("tea fan 0", "garden fan 1")
    )
    assert tea["tea club"] > garden["tea club"] + 0.2


def test_the_metrics_are_those_of_actions(model: Model) -> None:
    assert set(model.metrics) == {
        "coverage",
        "precision",
        "recall",
        "auc",
        *(f"normalized_discounted_cumulative_gain_at_{k}" for k in (5, 10, 25)),
    }


def test_it_tells_who_will_take_an_action_better_than_chance(model: Model) -> None:
    assert model.metrics["auc"] > 0.7


def test_a_group_without_actions_is_refused() -> None:
    with pytest.raises(ValueError, match="no actions to train on"):
        train(RECIPE, replace(shop(), actions=None))


def test_interactions_of_another_type_say_nothing() -> None:
    data = shop()
    assert data.actions is not None
    odd = replace(data.actions, event_types=["clicked"] * len(data.actions.event_types))
    answer = train(RECIPE, replace(data, actions=odd)).recommend(liking("tea"))
    assert {action.score for action in answer} == {0.0}
