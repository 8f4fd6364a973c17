"""The data set that the demo works on: what its users did, and what its items are called."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from cdk_personalize.avro_schema import fields_of_csv
from demo.progress import DemoError

FILES = ("interactions", "items", "users")
# Where a name for people is looked for, in this order.
_NAME_COLUMNS = ("PRODUCT_DESCRIPTION", "DESCRIPTION", "TITLE", "NAME", "ITEM_NAME")
_KIND_COLUMNS = ("CATEGORY_L1", "CATEGORY", "CATEGORY_L2", "GENRES", "GENRE", "GENRE_L1")
_HISTORY = range(8, 61)
_KIND_SIZE = 10


@dataclass(frozen=True)
class Shop:
    """A folder with `interactions.csv` and, where present, `items.csv` and `users.csv`."""

    folder: Path
    history: dict[str, list[str]]
    names: dict[str, str]
    kinds: dict[str, list[str]]

    @classmethod
    def read(cls, folder: Path) -> Shop:
        """Read a data folder.

        Raises:
            DemoError: The folder has no interactions, or a file that Amazon Personalize would
                refuse; the message names file, line and column.
        """
        if not (folder / "interactions.csv").is_file():
            msg = f"there is no interactions.csv in {folder}"
            raise DemoError(msg)
        interactions = _rows(folder, "interactions")
        history: dict[str, list[str]] = defaultdict(list)
        bought: Counter[str] = Counter()
        for row in interactions:
            history[row["USER_ID"]].append(row["ITEM_ID"])
            bought[row["ITEM_ID"]] += 1
        items = _rows(folder, "items")
        name = _first(_NAME_COLUMNS, items)
        kind = _first(_KIND_COLUMNS, items)
        kinds: dict[str, list[str]] = defaultdict(list)
        for row in sorted(items, key=lambda row: -bought[row["ITEM_ID"]]):
            if kind and row[kind] not in ("", "OTHER") and bought[row["ITEM_ID"]]:
                kinds[row[kind]].append(row["ITEM_ID"])
        return cls(
            folder=folder,
            history=dict(history),
            names={row["ITEM_ID"]: row[name].strip() for row in items} if name else {},
            kinds={each: ids for each, ids in kinds.items() if len(ids) >= _KIND_SIZE},
        )

    @property
    def files(self) -> list[Path]:
        """The files that are there; the interactions come last, since they start the learning."""
        files = [self.folder / f"{name}.csv" for name in reversed(FILES)]
        return [file for file in files if file.is_file()]

    def users(self, count: int) -> list[str]:
        """Return users who are known well, but not too well to change their minds.

        Raises:
            DemoError: There are not that many users.
        """
        by_activity = sorted(self.history, key=lambda user: (-len(self.history[user]), user))
        if len(by_activity) < count:
            msg = f"the demo asks for {count} users, and {self.folder} has {len(by_activity)}"
            raise DemoError(msg)
        fitting = [user for user in by_activity if len(set(self.history[user])) in _HISTORY]
        candidates = fitting if len(fitting) >= count else by_activity
        return candidates[:: len(candidates) // count][:count]

    def new_taste(self, user: str, shown: list[str]) -> tuple[str, list[str]] | None:
        """Return a kind that is new to a user, with ten of its items; None without kinds.

        Args:
            user: The user whose taste is to change.
            shown: What is recommended to the user by now.
        """
        known = {*self.history[user], *shown}

        def familiarity(kind: str) -> tuple[int, int, str]:
            return (len(known.intersection(self.kinds[kind])), -len(self.kinds[kind]), kind)

        for kind in sorted(self.kinds, key=familiarity):
            return kind, self.kinds[kind][:_KIND_SIZE]
        return None

    def name(self, item_id: str) -> str:
        """Return what people call an item."""
        return self.names.get(item_id, item_id)


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    file = folder / f"{name}.csv"
    if not file.is_file():
        return []
    try:
        fields_of_csv(file)  # as the app will: what is wrong with a file is known before it starts
    except ValueError as error:
        raise DemoError(str(error)) from error
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _first(columns: tuple[str, ...], rows: list[dict[str, str]]) -> str | None:
    return next((column for column in columns if rows and column in rows[0]), None)
