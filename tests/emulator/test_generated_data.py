"""The generated shop is one that Amazon Personalize would take, the same for the same seed."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from personalize_emulator.generated_data import generate_shop, write_shop


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "data"
    write_shop(folder)
    return folder


@pytest.mark.parametrize(
    ("file", "columns", "rows"),
    [
        ("interactions.csv", "USER_ID ITEM_ID TIMESTAMP EVENT_TYPE EVENT_VALUE", 10_000),
        ("items.csv", "ITEM_ID PRICE CATEGORY_L1 CREATION_TIMESTAMP PRODUCT_DESCRIPTION", 200),
        ("users.csv", "USER_ID COUNTRY", 300),
    ],
)
def test_writes_the_files_of_personalize(folder: Path, file: str, columns: str, rows: int) -> None:
    table = read(folder / file)
    assert (list(table[0]), len(table)) == (columns.split(), rows)


def test_interactions_are_in_order_of_time(folder: Path) -> None:
    times = [int(row["TIMESTAMP"]) for row in read(folder / "interactions.csv")]
    assert times == sorted(times)


def test_every_customer_did_something(folder: Path) -> None:
    active = {row["USER_ID"] for row in read(folder / "interactions.csv")}
    assert active == {row["USER_ID"] for row in read(folder / "users.csv")}


def test_nobody_meets_a_thing_before_it_is_launched(folder: Path) -> None:
    launched = {
        row["ITEM_ID"]: int(row["CREATION_TIMESTAMP"]) for row in read(folder / "items.csv")
    }
    interactions = read(folder / "interactions.csv")
    assert all(launched[row["ITEM_ID"]] <= int(row["TIMESTAMP"]) for row in interactions)


def test_purchases_have_a_value_and_views_have_none(folder: Path) -> None:
    rows = read(folder / "interactions.csv")
    assert {(row["EVENT_TYPE"], float(row["EVENT_VALUE"]) > 0) for row in rows} == {
        ("Purchase", True),
        ("View", False),
    }


def test_things_are_described_in_words(folder: Path) -> None:
    item = read(folder / "items.csv")[0]
    assert item["CATEGORY_L1"].lower() in item["PRODUCT_DESCRIPTION"]


def test_every_kind_has_ten_things_to_choose_from(folder: Path) -> None:
    kinds = Counter(row["CATEGORY_L1"] for row in read(folder / "items.csv"))
    assert min(kinds.values()) >= 10


def test_the_same_seed_makes_the_same_shop() -> None:
    sizes = {"users": 30, "items": 40, "interactions": 1_000}
    assert generate_shop(**sizes, seed=4) == generate_shop(**sizes, seed=4)


def test_another_seed_makes_another_shop() -> None:
    assert generate_shop(seed=4).item_ids != generate_shop(seed=5).item_ids


@pytest.mark.parametrize("sizes", [(1, 1, 1), (3, 2, 500), (500, 7, 20)])
def test_any_size_can_be_had(sizes: tuple[int, int, int]) -> None:
    users, items, interactions = sizes
    shop = generate_shop(users=users, items=items, interactions=interactions)
    assert (len(shop.users), len(shop.items), len(shop.item_ids)) == sizes


def test_a_shop_without_customers_is_refused() -> None:
    with pytest.raises(ValueError, match="users must be at least 1, got 0"):
        generate_shop(users=0)
