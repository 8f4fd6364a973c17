"""What the models of the API learn from: a generated shop, and a circle with odd ids."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdk_personalize import DatasetType
from personalize_emulator.generated_data import Shop, generate_shop
from tests.local.deployment import Rows

ODD_IDS = {
    "slashes": "../a/b",
    "spaces": " a  b ",
    "unicode": "smörgås 茶 🍰",
    "256 characters": "x" * 256,
    "a negative number": "-17",
    "what a query is written with": "50%+?&=#;",
}
"""Ids of both users and items: these users look at these items, which nobody else does."""
CURIOSITY = "CURIOSITY"
"""The category of these items."""
ON_THE_PHONE = frozenset({"MUG", "CANDLE", "NOTEBOOK", "LANTERN"})
"""The categories that are looked at on the phone; the others are at the desk."""
ACTIONS = [f"action {number}" for number in range(8)]
DONE_ONCE_A_WEEK = ACTIONS[0]
"""The action that nobody is asked to again for a week."""

_USERS = 150


@dataclass(frozen=True)
class ApiShop:
    """The rows of each dataset."""

    rows: dict[DatasetType, Rows]

    @classmethod
    def generate(cls) -> "ApiShop":
        """Generate a small shop; use cases want 1,000 purchases, views and watched items each."""
        shop = generate_shop(users=_USERS, items=60, interactions=6500)
        return cls(
            {
                DatasetType.ITEMS: [*_items(shop), *_odd_items(shop)],
                DatasetType.INTERACTIONS: [*_interactions(shop), *_odd_interactions(shop)],
                DatasetType.ACTIONS: _actions(),
                DatasetType.ACTION_INTERACTIONS: _action_interactions(list(shop.users)),
            }
        )

    @property
    def users(self) -> list[str]:
        """The ids of the users who have ordinary ones, who did the most first."""
        done = [row["USER_ID"] for row in self.rows[DatasetType.INTERACTIONS]]
        return sorted(set(done) - set(ODD_IDS.values()), key=lambda user: (-done.count(user), user))

    @property
    def items(self) -> dict[str, dict[str, str]]:
        """The columns of the items by their ids."""
        return {row["ITEM_ID"]: row for row in self.rows[DatasetType.ITEMS]}

    def of_category(self, category: str) -> list[str]:
        """Return the ids of the items of a category."""
        return [item for item, row in self.items.items() if row["CATEGORY_L1"] == category]


def _items(shop: Shop) -> Rows:
    return [
        {
            "ITEM_ID": item,
            "NAME": f"{columns['CATEGORY_L1']} {item}",
            "GENRES": str(columns["CATEGORY_L1"]),
            **{name: str(value) for name, value in columns.items()},
        }
        for item, columns in shop.items.items()
    ]


def _odd_items(shop: Shop) -> Rows:
    return [
        {
            "ITEM_ID": item,
            "NAME": f"Curiosity {place}",
            "GENRES": CURIOSITY,
            "PRICE": "3.5",
            "CATEGORY_L1": CURIOSITY,
            "CREATION_TIMESTAMP": str(shop.timestamps[0]),
            "PRODUCT_DESCRIPTION": f"Odd thing whose id has {what}",
        }
        for place, (what, item) in enumerate(ODD_IDS.items())
    ]


def _interactions(shop: Shop) -> Rows:
    done = zip(shop.event_types, shop.event_values, strict=True)
    columns = (shop.user_ids, shop.item_ids, shop.timestamps, done)
    return [
        _interaction(user, item, when, done=done, category=shop.items[item]["CATEGORY_L1"])
        for user, item, when, done in zip(*columns, strict=True)
    ]


def _odd_interactions(shop: Shop) -> Rows:
    ids: Sequence[str] = list(ODD_IDS.values())
    return [
        _interaction(
            user,
            item,
            shop.timestamps[-1] - 60 * (place + visit),
            done=("View", 0.0),
            category=CURIOSITY,
        )
        for visit in range(3)
        for user in ids
        for place, item in enumerate(ids)
    ]


def _interaction(
    user: str, item: str, when: int, *, done: tuple[str, float], category: object
) -> dict[str, str]:
    event_type, value = done
    device = "mobile" if category in ON_THE_PHONE else "desktop"
    # What is for videos asks for what was watched.
    watched = event_type == "View" and device == "mobile"
    return {
        "USER_ID": user,
        "ITEM_ID": item,
        "TIMESTAMP": str(when),
        "EVENT_TYPE": "Watch" if watched else event_type,
        "EVENT_VALUE": str(value),
        "DEVICE": device,
    }


def _actions() -> Rows:
    return [
        {
            "ACTION_ID": action,
            "KIND": ("even", "odd")[number % 2],
            "REPEAT_FREQUENCY": "7" if action == DONE_ONCE_A_WEEK else "",
        }
        for number, action in enumerate(ACTIONS)
    ]


def _action_interactions(users: Sequence[str]) -> Rows:
    return [
        {
            "USER_ID": user,
            "ACTION_ID": action,
            "EVENT_TYPE": "TAKEN" if place % 2 == number % 2 else "NOT_TAKEN",
            "TIMESTAMP": str(1_735_689_600 + number),
        }
        for place, user in enumerate(users)
        for number, action in enumerate(ACTIONS)
    ]
