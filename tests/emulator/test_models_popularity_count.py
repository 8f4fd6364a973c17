"""Popularity counts users or events, for everybody alike."""

from __future__ import annotations

from personalize_emulator.models import Query, ScoredItem, TrainingData, train
from tests.emulator.shop_data import events

DATA = TrainingData.of(
    ["a", "b", "c", "a", "b", "a"], ["rose", "rose", "rose", "tulip", "tulip", "lily"], range(6)
)
# One customer comes back to the tulip again and again.
RETURNS = TrainingData.of(
    ["a", "b", "c", "c", "c", "c"],
    ["rose", "rose", "tulip", "tulip", "tulip", "lily"],
    range(6),
    event_types=["View", "VIEW", "view", "View", "View", "Purchase"],
)


def first(recipe: str, data: TrainingData) -> str:
    return train(recipe, data).recommend(Query(num_results=1))[0].item_id


def test_the_most_met_item_comes_first() -> None:
    answer = train("aws-popularity-count", DATA).recommend(Query())
    assert [item.item_id for item in answer] == ["rose", "tulip", "lily"]


def test_the_score_is_the_share_of_the_interactions() -> None:
    answer = train("aws-popularity-count", DATA).recommend(Query(num_results=1))
    assert answer == [ScoredItem("rose", 0.5)]


def test_nothing_that_a_user_does_changes_the_list() -> None:
    model = train("aws-popularity-count", DATA)
    assert model.recommend(Query(history=events(["lily"] * 9))) == model.recommend(Query())


def test_popularity_counts_a_user_who_comes_back_once() -> None:
    assert first("aws-popularity-count", RETURNS) == "rose"


def test_most_viewed_counts_every_view() -> None:
    assert first("aws-ecomm-popular-items-by-views", RETURNS) == "tulip"


def test_best_sellers_count_purchases_alone() -> None:
    assert first("aws-ecomm-popular-items-by-purchases", RETURNS) == "lily"


def test_the_most_popular_video_is_that_which_most_users_watched() -> None:
    data = TrainingData.of(
        ["a", "b", "c", "c", "c", "d", "e"],
        ["epic", "epic", "short", "short", "short", "trailer", "trailer"],
        range(7),
        event_types=["Watch", "watch", "Watch", "Watch", "Watch", "Click", "Click"],
    )
    assert first("aws-vod-most-popular", data) == "epic"


def test_the_filter_takes_items_out_of_the_popular_ones() -> None:
    model = train("aws-popularity-count", DATA)
    answer = model.recommend(Query(allowed=lambda item: item != "rose"))
    assert [item.item_id for item in answer] == ["tulip", "lily"]
