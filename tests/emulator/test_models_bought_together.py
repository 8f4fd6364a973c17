"""Frequently bought together means in one basket, not by one user over a year."""

from __future__ import annotations

from personalize_emulator.models import Model, Query, TrainingData, train

RECIPE = "aws-ecomm-frequently-bought-together"
DAY = 86_400


def data_of(baskets: list[tuple[str, int, list[str]]]) -> TrainingData:
    """Baskets of a user at a time; a minute passes from one thing to the next."""
    rows = [
        (user, item, begins + 60 * place)
        for user, begins, items in baskets
        for place, item in enumerate(items)
    ]
    return TrainingData.of(
        [user for user, _, _ in rows],
        [item for _, item, _ in rows],
        [when for _, _, when in rows],
        event_types=["Purchase"] * len(rows),
    )


def shop() -> TrainingData:
    """Everybody buys milk; printers are bought with ink, and pens by the same people later."""
    baskets: list[tuple[str, int, list[str]]] = []
    for number in range(60):
        user = f"user {number}"
        baskets.append((user, number * DAY, ["milk"]))
        if number < 12:
            baskets.append(
                (user, (number + 100) * DAY, ["printer", "ink", "milk"][: 2 + number % 2])
            )
            baskets.append((user, (number + 200) * DAY, ["pen"]))
        baskets.append((user, (number + 300) * DAY, ["milk", "bread"]))
    return data_of(baskets)


def together(model: Model, item: str, count: int = 25) -> list[str]:
    return [i.item_id for i in model.recommend(Query(item_id=item, num_results=count))]


def test_the_pair_comes_before_what_is_popular() -> None:
    assert together(train(RECIPE, shop()), "printer", 1) == ["ink"]


def test_what_the_same_user_bought_another_day_does_not_belong() -> None:
    scores = {
        item.item_id: item.score for item in train(RECIPE, shop()).recommend(Query(item_id="ink"))
    }
    assert scores["pen"] < 1e-3 < scores["milk"] < scores["printer"]


def test_views_count_for_nothing() -> None:
    bought = shop()
    seen = TrainingData.of(
        [*(bought.user_ids[user] for user in bought.user), *["user 1"] * 40],
        [*(bought.item_ids[item] for item in bought.item), *["printer", "poster"] * 20],
        [*bought.timestamp, *range(900 * DAY, 900 * DAY + 40)],
        event_types=["Purchase"] * len(bought) + ["View"] * 40,
    )
    assert "poster" not in together(train(RECIPE, seen), "printer")


def test_things_bought_at_the_same_second_are_one_basket() -> None:
    data = TrainingData.of(
        ["a", "a", "b", "b", "c", "c"],
        ["tea", "sugar", "tea", "sugar", "sugar", "salt"],
        [DAY, DAY, DAY, DAY, DAY, DAY],
        event_types=["Purchase"] * 6,
    )
    assert together(train(RECIPE, data), "tea", 1) == ["sugar"]


def test_the_metrics_ask_for_the_rest_of_later_baskets() -> None:
    metrics = train(RECIPE, shop()).metrics
    assert metrics["mean_reciprocal_rank_at_25"] > 0.9


def test_an_unknown_thing_gets_what_sells_best() -> None:
    assert together(train(RECIPE, shop()), "unheard of", 1) == ["milk"]
