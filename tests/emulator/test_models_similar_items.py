"""Similar items are those that the same users met, and those described alike."""

from __future__ import annotations

import pytest

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import Model, Query, TrainingData, TrainingSettings, train
from tests.emulator.shop_data import training_data

RECIPE = "aws-similar-items"
# Two camps, each of which meets its own three items; everybody meets the loaf.
CAMPS = {"tea": ["pot", "cup", "tray"], "garden": ["spade", "seed", "glove"]}


def rows(camps: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [
        (f"{camp} {number}", item)
        for camp, items in camps.items()
        for number in range(20)
        for item in [*items, "loaf"]
    ]


def camps_data(**metadata: dict[str, object]) -> TrainingData:
    pairs = rows(CAMPS)
    return TrainingData.of(
        [user for user, _ in pairs],
        [item for _, item in pairs],
        range(len(pairs)),
        item_metadata=metadata,
    )


def similar(model: Model, item: str, count: int = 25) -> list[str]:
    return [i.item_id for i in model.recommend(Query(item_id=item, num_results=count))]


def test_company_makes_items_similar() -> None:
    assert set(similar(train(RECIPE, camps_data()), "pot", 2)) == {"cup", "tray"}


def test_an_item_is_not_similar_to_itself() -> None:
    assert "pot" not in similar(train(RECIPE, camps_data()), "pot")


def test_a_meeting_by_chance_makes_no_similarity() -> None:
    pairs = [*rows(CAMPS), ("somebody", "pot"), ("somebody", "oddity")]
    data = TrainingData.of([u for u, _ in pairs], [i for _, i in pairs], range(len(pairs)))
    assert set(similar(train(RECIPE, data), "pot", 2)) == {"cup", "tray"}


def test_a_cold_item_is_similar_to_what_is_described_alike() -> None:
    description = "PRODUCT_DESCRIPTION"
    data = camps_data(
        pot={description: "round ceramic pot"},
        spade={description: "long steel spade"},
        cup={description: "small glass cup"},
        novelty={description: "big ceramic pot"},
    )
    model = train(RECIPE, data)
    assert similar(model, "novelty", 1) == ["pot"]


def test_an_unknown_item_gets_what_is_popular() -> None:
    assert similar(train(RECIPE, camps_data()), "unheard of", 1) == ["loaf"]


def test_the_discount_takes_popular_items_back() -> None:
    pairs = [*rows({"tea": ["pot", "cup"]}), *rows({f"camp {n}": [f"{n}"] for n in range(20)})]
    # Half of those who meet the pot meet the thimble, and nobody else does.
    pairs += [(f"tea {number}", "thimble") for number in range(10)]
    data = TrainingData.of([u for u, _ in pairs], [i for _, i in pairs], range(len(pairs)))
    plain = similar(train(RECIPE, data), "pot")
    settings = TrainingSettings(parameters={"popularity_discount_factor": "1.0"})
    discounted = similar(train(RECIPE, data, settings=settings), "pot")
    assert discounted.index("loaf") >= plain.index("loaf")
    assert discounted[1] == "thimble"


def test_scores_fall_and_are_positive() -> None:
    answer = train(RECIPE, camps_data()).recommend(Query(item_id="pot"))
    scores = [item.score for item in answer]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0


def test_the_filter_decides_what_may_be_recommended() -> None:
    query = Query(item_id="pot", allowed=lambda item: item == "glove")
    answer = train(RECIPE, camps_data()).recommend(query)
    assert [item.item_id for item in answer] == ["glove"]


@pytest.mark.parametrize("seed", [0, 1])
def test_what_goes_with_an_item_is_better_than_what_is_popular(seed: int) -> None:
    data = training_data(generate_shop(seed=seed))
    gain = "normalized_discounted_cumulative_gain_at_25"
    ours = train(RECIPE, data).metrics[gain]
    assert ours > 1.2 * train("aws-popularity-count", data).metrics[gain]
