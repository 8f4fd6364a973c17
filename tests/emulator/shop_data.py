"""Data for the tests of the models: a generated shop, and a real one where it is at hand."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from personalize_emulator.generated_data import Shop
from personalize_emulator.models import HistoryEvent, TrainingData

ONLINE_RETAIL = Path(__file__).parents[2].parent / "shared" / "data" / "online-retail"


def training_data(shop: Shop) -> TrainingData:
    """What a dataset group would hold of a generated shop."""
    return TrainingData.of(
        shop.user_ids,
        shop.item_ids,
        shop.timestamps,
        event_types=shop.event_types,
        event_values=shop.event_values,
        item_metadata=shop.items,
        user_metadata=shop.users,
    )


def online_retail() -> TrainingData:
    """What a dataset group would hold of the real shop."""
    with (ONLINE_RETAIL / "interactions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (ONLINE_RETAIL / "items.csv").open(encoding="utf-8", newline="") as file:
        items: dict[str, dict[str, object]] = {
            row["ITEM_ID"]: {
                "PRICE": float(row["PRICE"]),
                "CATEGORY_L1": row["CATEGORY_L1"],
                "CREATION_TIMESTAMP": int(row["CREATION_TIMESTAMP"]),
                "PRODUCT_DESCRIPTION": row["PRODUCT_DESCRIPTION"],
            }
            for row in csv.DictReader(file)
        }
    with (ONLINE_RETAIL / "users.csv").open(encoding="utf-8", newline="") as file:
        users = {row["USER_ID"]: {"COUNTRY": row["COUNTRY"]} for row in csv.DictReader(file)}
    return TrainingData.of(
        [row["USER_ID"] for row in rows],
        [row["ITEM_ID"] for row in rows],
        [int(row["TIMESTAMP"]) for row in rows],
        event_types=[row["EVENT_TYPE"] for row in rows],
        event_values=[float(row["EVENT_VALUE"]) for row in rows],
        item_metadata=items,
        user_metadata=users,
    )


def history_of(data: TrainingData, user_id: str) -> list[HistoryEvent]:
    """What a user did, oldest first."""
    rows = np.flatnonzero(data.user == data.user_ids.index(user_id))
    return events([data.item_ids[item] for item in data.item[rows]])


def events(items: Sequence[str], event_type: str = "View") -> list[HistoryEvent]:
    """A history with these items, oldest first."""
    return [HistoryEvent(item, event_type, second) for second, item in enumerate(items)]


def recall_of_the_last_tenth(
    data: TrainingData, answer: Callable[[TrainingData], Callable[[str], Sequence[str]]]
) -> float:
    """The share of what users do in the last tenth of the data that 25 recommendations hold.

    Args:
        data: All data, in order of time.
        answer: Learns from the first nine tenths, and then recommends for a user.
    """
    early = np.arange(len(data)) < len(data) * 0.9
    recommend = answer(data.where(early))
    future = data.where(~early)
    shares = []
    for user in np.unique(future.user):
        wanted = {data.item_ids[item] for item in future.item[future.user == user]}
        shares.append(len(wanted & set(recommend(data.user_ids[user])[:25])) / len(wanted))
    return float(np.mean(shares))
