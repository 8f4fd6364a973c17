"""Popularity counts interactions, for everybody alike."""

from __future__ import annotations

from personalize_emulator.models import Query, ScoredItem, TrainingData, train
from tests.emulator.shop_data import events

DATA = TrainingData.of(
    ["a", "b", "c", "a", "b", "a"], ["rose", "rose", "rose", "tulip", "tulip", "lily"], range(6)
)


def test_the_most_met_item_comes_first() -> None:
    answer = train("aws-popularity-count", DATA).recommend(Query())
    assert [item.item_id for item in answer] == ["rose", "tulip", "lily"]


def test_the_score_is_the_share_of_the_interactions() -> None:
    answer = train("aws-popularity-count", DATA).recommend(Query(num_results=1))
    assert answer == [ScoredItem("rose", 0.5)]


def test_nothing_that_a_user_does_changes_the_list() -> None:
    model = train("aws-popularity-count", DATA)
    assert model.recommend(Query(history=events(["lily"] * 9))) == model.recommend(Query())
