"""The data that the benchmarks of the models use: a real shop and a generated one."""

import csv
from pathlib import Path

from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import TrainingData

ONLINE_RETAIL = Path(__file__).parents[1].parent / "shared" / "data" / "online-retail"
"""A year of a real gift shop; beside the repository, not in it."""

_NUMBERS = ("PRICE", "CREATION_TIMESTAMP")


def online_retail() -> TrainingData | None:
    """Read the real shop; None, and a printed reason, where it is not at hand."""
    if not ONLINE_RETAIL.is_dir():
        print(f"skipped: there is no {ONLINE_RETAIL}")
        return None
    items: dict[str, dict[str, object]] = {}
    for row in _rows("items.csv"):
        item = row.pop("ITEM_ID")
        items[item] = {name: float(row[name]) if name in _NUMBERS else row[name] for name in row}
    interactions = _rows("interactions.csv")
    return TrainingData.of(
        [row["USER_ID"] for row in interactions],
        [row["ITEM_ID"] for row in interactions],
        [int(row["TIMESTAMP"]) for row in interactions],
        event_types=[row["EVENT_TYPE"] for row in interactions],
        event_values=[float(row["EVENT_VALUE"]) for row in interactions],
        item_metadata=items,
    )


def generated(*, users: int, items: int, interactions: int, seed: int = 0) -> TrainingData:
    """Generate a shop of that size; a million interactions take a few seconds."""
    shop = generate_shop(users=users, items=items, interactions=interactions, seed=seed)
    return TrainingData.of(
        shop.user_ids,
        shop.item_ids,
        shop.timestamps,
        event_types=shop.event_types,
        event_values=shop.event_values,
        item_metadata=shop.items,
        user_metadata=shop.users,
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (ONLINE_RETAIL / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
