"""Similar items are those that the same users met, and those described alike."""

from __future__ import annotations

import numpy as np
import pytest

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import Model, Query, TrainingData, TrainingSettings, train
from personalize_emulator.models.cooccurrence import visits_of
from personalize_emulator.models.evaluation import GAIN, Case, hold_out_visits, measure
from tests.emulator.shop_data import ONLINE_RETAIL, online_retail, training_data

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


def gain_on_later_visits(data: TrainingData, recipe: str) -> float:
    """How well what else there is on a later visit is found from one item of it."""
    past, cases = hold_out_visits(data, visits_of(data), seed=0)
    model = train(recipe, past)

    def answer(case: Case) -> list[str]:
        given = case.history[0].item_id
        return [item for item in similar(model, given, 26) if item != given]

    return measure(cases, answer, len(data.item_ids))[GAIN]


@pytest.mark.parametrize("seed", [0, 1])
def test_what_else_is_met_on_a_visit_is_found_far_better_than_by_popularity(seed: int) -> None:
    data = training_data(generate_shop(seed=seed))
    ours = gain_on_later_visits(data, RECIPE)
    assert ours > 2 * gain_on_later_visits(data, "aws-popularity-count")


@pytest.mark.skipif(
    not ONLINE_RETAIL.is_dir(), reason="the online-retail data is not beside the repository"
)
def test_what_else_is_met_on_a_visit_is_found_better_than_by_popularity_on_real_data() -> None:
    data = online_retail()
    ours = gain_on_later_visits(data, RECIPE)
    assert ours > 1.2 * gain_on_later_visits(data, "aws-popularity-count")


def test_the_more_discount_the_less_popular_the_answer() -> None:
    data = training_data(generate_shop(seed=2))
    often = np.bincount(data.item, minlength=len(data.item_ids))
    popularity = []
    for factor in ("0.0", "0.5", "1.0"):
        settings = TrainingSettings(parameters={"popularity_discount_factor": factor})
        model = train(RECIPE, data, settings=settings)
        found = [item for asked in data.item_ids[:30] for item in similar(model, asked, 10)]
        popularity.append(float(np.mean([often[data.item_ids.index(item)] for item in found])))
    assert popularity == sorted(set(popularity), reverse=True)


def test_what_is_met_on_one_visit_says_more_than_what_one_user_meets() -> None:
    rows = []
    for number in range(30):
        rows += [(f"user {number}", item, number * 1000) for item in ("pot", "cup")]
        rows.append((f"user {number}", "spade", number * 1000 + 500_000))
    users, items, when = zip(*rows, strict=True)
    data = TrainingData.of(users, items, when)
    assert similar(train(RECIPE, data), "pot", 1) == ["cup"]


def test_an_item_alike_in_meaning_is_similar_without_a_word_in_common() -> None:
    random = np.random.default_rng(0)
    words = {kind: [f"{kind}{number}" for number in range(40)] for kind in ("tea", "tool")}
    metadata: dict[str, dict[str, object]] = {
        f"{kind} {number}": {"PRODUCT_DESCRIPTION": " ".join(random.choice(own, 8))}
        for kind, own in words.items()
        for number in range(200)
    }
    metadata["asked"] = {"PRODUCT_DESCRIPTION": "tea0 tea1"}
    for kind in words:
        for word in range(2, 40, 2):
            text = f"{kind}{word} {kind}{word + 1}"
            metadata[f"a {kind} of other words {word}"] = {"PRODUCT_DESCRIPTION": text}
    data = TrainingData.of(["u", "v"], ["other", "other"], [0, 1], item_metadata=metadata)
    # Fewer dimensions than words: each has to stand for some that occur together.
    settings = TrainingSettings(parameters={"item_metadata_hidden_dim": "30"})
    answer = similar(train(RECIPE, data, settings=settings), "asked", 1000)

    def place(kind: str) -> float:
        return float(np.mean([n for n, item in enumerate(answer) if f"a {kind} of" in item]))

    assert place("tea") < 0.9 * place("tool")


def test_metrics_carry_the_names_of_the_service() -> None:
    metrics = train(RECIPE, training_data(generate_shop(seed=0))).metrics
    assert {"coverage", "mean_reciprocal_rank_at_25", "precision_at_5", GAIN} <= set(metrics)
