"""SIMS and the use cases like it find what the same users met."""

from __future__ import annotations

import pytest

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import Model, Query, TrainingData, TrainingSettings, train
from tests.emulator.shop_data import training_data

RECIPE = "aws-sims"
CAMPS = {"tea": ["pot", "cup", "tray"], "garden": ["spade", "seed", "glove"]}
# Nothing is left out because it is met too often or too rarely.
ALL = {
    f"{end}_{what}_percentile": value
    for end, value in (("min", "0.0"), ("max", "1.0"))
    for what in ("user_history_length", "item_interaction_count")
}


def pairs(camps: dict[str, list[str]] = CAMPS, people: int = 20) -> list[tuple[str, str]]:
    """Two camps, each of which meets its own three items; everybody meets the loaf."""
    return [
        (f"{camp} {number}", item)
        for camp, items in camps.items()
        for number in range(people)
        for item in [*items, "loaf"]
    ]


def data_of(rows: list[tuple[str, str]], event_type: str | None = None) -> TrainingData:
    return TrainingData.of(
        [user for user, _ in rows],
        [item for _, item in rows],
        range(len(rows)),
        event_types=None if event_type is None else [event_type] * len(rows),
    )


def sims(
    rows: list[tuple[str, str]],
    parameters: dict[str, str] | None = None,
    features: dict[str, str] | None = None,
) -> Model:
    settings = TrainingSettings(parameters=parameters or {}, features={**ALL, **(features or {})})
    return train(RECIPE, data_of(rows), settings=settings)


def related(model: Model, item: str, count: int = 25) -> list[str]:
    return [i.item_id for i in model.recommend(Query(item_id=item, num_results=count))]


def test_company_makes_relatives() -> None:
    assert set(related(sims(pairs()), "pot", 2)) == {"cup", "tray"}


def test_an_item_is_not_its_own_relative() -> None:
    assert "pot" not in related(sims(pairs()), "pot")


def test_an_unknown_item_gets_what_is_popular() -> None:
    assert related(sims(pairs()), "unheard of", 1) == ["loaf"]


def test_a_lower_discount_brings_popular_items_forward() -> None:
    rows = [*pairs(), *[(f"other {number}", "loaf") for number in range(200)]]
    rows = [(user, item) for user, item in rows if (user, item) != ("tea 0", "cup")]
    plain = related(sims(rows, {"popularity_discount_factor": "0.0"}), "cup", 3)
    discounted = related(sims(rows, {"popularity_discount_factor": "1.0"}), "cup", 3)
    assert plain.index("loaf") < discounted.index("loaf")


@pytest.mark.parametrize("discount", ["0.0", "0.5", "1.0"])
def test_scores_are_at_most_one(discount: str) -> None:
    model = sims(pairs(people=200), {"popularity_discount_factor": discount})
    answer = model.recommend(Query(item_id="pot"))
    assert 1e-3 < max(item.score for item in answer) <= 1


@pytest.mark.parametrize(("least", "is_relative"), [("2", True), ("3", False)])
def test_so_many_users_must_have_met_both(least: str, is_relative: bool) -> None:
    rows = [*pairs(), *[(f"tea {number}", "oddity") for number in range(2)]]
    answer = sims(rows, {"min_cointeraction_count": least}).recommend(Query(item_id="oddity"))
    # A relative has a real score, what is merely popular next to none.
    assert any(item.score > 1e-3 for item in answer) == is_relative


def test_the_longest_histories_are_left_out() -> None:
    robot = [("robot", item) for item in ("pot", "seed", "spade", "glove", "cup", "tray") * 9]
    features = {"max_user_history_length_percentile": "0.95"}
    answer = sims([*pairs(), *robot], {"min_cointeraction_count": "0"}, features).recommend(
        Query(item_id="pot")
    )
    assert {item.item_id for item in answer if item.score > 1e-3} == {"cup", "tray", "loaf"}


def test_the_most_met_items_are_left_out_by_default() -> None:
    rows = pairs({f"camp {number}": [f"{number} a", f"{number} b"] for number in range(10)}, 10)
    answer = train(RECIPE, data_of(rows)).recommend(Query(item_id="3 a"))
    assert [item.item_id for item in answer if item.score > 1e-3] == ["3 b"]


def test_the_shortest_histories_are_left_out() -> None:
    rows = [*pairs(), *[(f"passer-by {number}", item) for number in range(30) for item in "xy"]]
    features = {"min_user_history_length_percentile": "0.7"}
    answer = sims(rows, features=features).recommend(Query(item_id="x"))
    assert all(item.score < 1e-3 for item in answer)


def test_percentiles_that_leave_nothing_are_refused() -> None:
    crossed = {
        "min_item_interaction_count_percentile": "1.0",
        "max_item_interaction_count_percentile": "0.0",
    }
    with pytest.raises(ValueError, match="must not be above"):
        sims(pairs(), features=crossed)


def test_the_next_item_is_found_more_often_than_by_popularity() -> None:
    data = training_data(generate_shop())
    name = "normalized_discounted_cumulative_gain_at_25"
    ours = train(RECIPE, data).metrics[name]
    assert ours > 1.2 * train("aws-popularity-count", data).metrics[name]


@pytest.mark.parametrize(
    ("recipe", "event_type"),
    [
        ("aws-ecomm-customers-who-viewed-x-also-viewed", "view"),
        ("aws-vod-because-you-watched-x", "WATCH"),
    ],
)
def test_the_use_cases_find_what_the_same_users_met(recipe: str, event_type: str) -> None:
    model = train(recipe, data_of(pairs(), event_type))
    assert set(related(model, "pot", 2)) == {"cup", "tray"}


def test_what_was_bought_is_nothing_that_others_also_viewed() -> None:
    rows = pairs({"tea": ["pot", "cup"]})
    views, purchases = data_of(rows, "View"), [("tea 1", "pot"), ("tea 1", "crate")] * 9
    both = TrainingData.of(
        [*(user for user, _ in rows), *(user for user, _ in purchases)],
        [*(item for _, item in rows), *(item for _, item in purchases)],
        range(len(rows) + len(purchases)),
        event_types=["View"] * len(views) + ["Purchase"] * len(purchases),
    )
    model = train("aws-ecomm-customers-who-viewed-x-also-viewed", both)
    assert "crate" not in related(model, "pot")


def test_more_like_x_finds_what_is_described_alike() -> None:
    rows = pairs()
    data = TrainingData.of(
        [user for user, _ in rows],
        [item for _, item in rows],
        range(len(rows)),
        item_metadata={
            "pot": {"GENRES": "Comedy|Family"},
            "seed": {"GENRES": "Drama"},
            "premiere": {"GENRES": "Comedy|Family"},
        },
    )
    assert related(train("aws-vod-more-like-x", data), "premiere", 1) == ["pot"]
