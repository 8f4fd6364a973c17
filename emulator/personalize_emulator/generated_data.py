"""A small shop that never was: data with tastes that a model can find, for demos and tests.

Customers live by one or two themes (tea, cosy evenings, ...), like a motif, and come back in
visits, in which they view things of one kind and buy some. Kinds have seasons, things are launched
over the year, a few sell much better than the rest, and customers grow in number.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_THEMES: Mapping[str, Mapping[str, float]] = {
    # Kinds of things that go together, and what one costs.
    "tea": {"teapot": 24.0, "mug": 8.0, "cake stand": 19.0},
    "cosy evenings": {"cushion": 15.0, "candle": 7.0, "lamp": 39.0},
    "desk": {"notebook": 5.0, "bookend": 14.0, "pencil case": 9.0},
    "garden": {"watering can": 16.0, "plant pot": 9.0, "lantern": 21.0},
}
_MATERIALS: Mapping[str, Sequence[str]] = {
    "tea": ("ceramic", "enamel", "porcelain"),
    "cosy evenings": ("cotton", "linen", "glass"),
    "desk": ("canvas", "leather", "wooden"),
    "garden": ("zinc", "terracotta", "wooden"),
}
_COLOURS = ("Red", "Blue", "Green", "Ivory", "Pink", "Yellow", "Grey", "Black", "Silver", "Orange")
_MOTIFS = ("hearts", "stripes", "flowers", "stars", "birds", "polka dots", "leaves", "checks")
_COUNTRIES = ("United Kingdom", "Germany", "France", "Spain", "Netherlands", "Ireland")
_COUNTRY_SHARES = (0.55, 0.13, 0.12, 0.08, 0.07, 0.05)

_DAY = 86_400
_OPENED = 1_735_689_600
"""2025-01-01 00:00 UTC, when the shop opens; the data covers a year."""
_DAYS = 365

_PER_VISIT = 5
_BOUGHT = 0.2
"""Share of the events that are purchases."""

_SAME_THEME, _ANYTHING = 0.2, 0.05
"""Shares of the events that look at another kind of the visit's theme, and at any kind."""

_FAVOURITE_MOTIF = 0.6
"""Share of the events that look for the customer's favourite motif."""

_FROM_THE_START = 0.8
"""Share of the things that are on sale when the shop opens; the rest is launched later."""

_ATTEMPTS = 8


@dataclass(frozen=True)
class Shop:
    """The generated data, by column.

    Attributes:
        user_ids: USER_ID of each interaction, oldest first.
        item_ids: ITEM_ID of each interaction.
        timestamps: TIMESTAMP of each interaction.
        event_types: EVENT_TYPE of each interaction, View or Purchase.
        event_values: EVENT_VALUE of each interaction: what was paid, nothing for a view.
        items: The columns of the Items dataset, by ITEM_ID.
        users: The columns of the Users dataset, by USER_ID.
    """

    user_ids: list[str]
    item_ids: list[str]
    timestamps: list[int]
    event_types: list[str]
    event_values: list[float]
    items: dict[str, dict[str, object]]
    users: dict[str, dict[str, object]]


def write_shop(
    folder: Path, *, users: int = 300, items: int = 200, interactions: int = 10_000, seed: int = 0
) -> None:
    """Write a generated shop as interactions.csv, items.csv and users.csv.

    Args:
        folder: Where to write; it is made if it is not there.
        users: The number of customers (default: 300).
        items: The number of things in the catalogue (default: 200).
        interactions: The number of views and purchases (default: 10,000).
        seed: The same seed makes the same shop (default: 0).
    """
    shop = generate_shop(users=users, items=items, interactions=interactions, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "interactions.csv",
        ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE"),
        zip(
            shop.user_ids,
            shop.item_ids,
            shop.timestamps,
            shop.event_types,
            shop.event_values,
            strict=True,
        ),
    )
    for name, key, rows in (
        ("items.csv", "ITEM_ID", shop.items),
        ("users.csv", "USER_ID", shop.users),
    ):
        columns = list(next(iter(rows.values())))
        _write(
            folder / name,
            (key, *columns),
            ((row_id, *(row[column] for column in columns)) for row_id, row in rows.items()),
        )


def generate_shop(
    *, users: int = 300, items: int = 200, interactions: int = 10_000, seed: int = 0
) -> Shop:
    """Generate a shop in memory; the arguments are those of `write_shop`."""
    for name, number in (("users", users), ("items", items), ("interactions", interactions)):
        if number < 1:
            msg = f"{name} must be at least 1, got {number}"
            raise ValueError(msg)
    random = np.random.default_rng(seed)
    catalogue = _Catalogue(random, items)
    who, when, what, bought, value = _visits(random, catalogue, users, interactions)
    user_ids = _ids("U", users)
    countries = random.choice(len(_COUNTRIES), users, p=_COUNTRY_SHARES)
    return Shop(
        user_ids=[user_ids[user] for user in who.tolist()],
        item_ids=[catalogue.ids[item] for item in what.tolist()],
        timestamps=when.tolist(),
        event_types=["Purchase" if done else "View" for done in bought.tolist()],
        event_values=value.tolist(),
        items=catalogue.rows(),
        users={
            user: {"COUNTRY": _COUNTRIES[country]}
            for user, country in zip(user_ids, countries.tolist(), strict=True)
        },
    )


class _Catalogue:
    """The things of the shop, and where to look for one of a kind or of a kind with a motif."""

    def __init__(self, random: np.random.Generator, size: int) -> None:
        """Invent them."""
        self.kinds = [(theme, kind) for theme, kinds in _THEMES.items() for kind in kinds]
        self.ids = _ids("I", size)
        # Every kind has its share, in no order that an id would tell.
        self.kind = random.permutation(np.arange(size) % len(self.kinds))
        self.motif = random.integers(len(_MOTIFS), size=size)
        self._colour = random.integers(len(_COLOURS), size=size)
        self._material = random.integers(3, size=size)
        typical = np.array([_THEMES[theme][kind] for theme, kind in self.kinds])
        self.price: NDArray[np.float64] = np.round(
            typical[self.kind] * random.lognormal(0, 0.3, size), 2
        )
        self.appeal = random.lognormal(0, 1, size)
        launch = np.where(
            random.random(size) < _FROM_THE_START, -30, random.uniform(0, _DAYS * 0.85, size)
        )
        self.launched = _OPENED + (launch * _DAY).astype(np.int64)

    def draw(self, random: np.random.Generator, cell: NDArray[np.intp]) -> NDArray[np.intp]:
        """One thing for each cell (a kind and a motif), by its appeal; -1 for an empty cell."""
        own = self.kind * len(_MOTIFS) + self.motif
        order = np.argsort(own, kind="stable")
        reach = np.concatenate([[0.0], np.cumsum(self.appeal[order])])
        cells = np.arange(len(self.kinds) * len(_MOTIFS) + 1)
        edge = reach[np.searchsorted(own[order], cells)]
        low, high = edge[cell], edge[cell + 1]
        at = np.searchsorted(reach, low + random.random(len(cell)) * (high - low), side="right")
        return np.where(high > low, order[np.clip(at - 1, 0, len(order) - 1)], -1)

    def rows(self) -> dict[str, dict[str, object]]:
        """The Items dataset."""
        return {
            item: {
                "PRICE": float(self.price[at]),
                "CATEGORY_L1": self.kinds[self.kind[at]][1].upper(),
                "CREATION_TIMESTAMP": int(self.launched[at]),
                "PRODUCT_DESCRIPTION": self._description(at),
            }
            for at, item in enumerate(self.ids)
        }

    def _description(self, at: int) -> str:
        theme, kind = self.kinds[self.kind[at]]
        material = _MATERIALS[theme][self._material[at]]
        return f"{_COLOURS[self._colour[at]]} {material} {kind} with {_MOTIFS[self.motif[at]]}"


def _visits(
    random: np.random.Generator, catalogue: _Catalogue, users: int, interactions: int
) -> tuple[
    NDArray[np.intp], NDArray[np.int64], NDArray[np.intp], NDArray[np.bool_], NDArray[np.float64]
]:
    """Who did what when: users, times, items, purchases or views, and what was paid."""
    kinds, themes = len(catalogue.kinds), len(_THEMES)
    visits = -(-interactions // _PER_VISIT)
    activity = random.lognormal(0, 0.8, users)
    visitor = random.choice(users, visits, p=activity / activity.sum())
    everyone = random.permutation(users)[:visits]
    visitor[: len(everyone)] = everyone

    # More visits every month; the square root of a uniform number grows from nothing.
    day = np.sort((0.15 + 0.85 * np.sqrt(random.random(visits))) * _DAYS)
    day = (day - 0.15 * _DAYS) / 0.85
    random.shuffle(visitor)

    season = random.uniform(0, _DAYS, kinds)
    likes = random.dirichlet(np.full(themes, 0.25), users)
    likes = np.repeat(likes, kinds // themes, axis=1) * random.dirichlet(np.full(kinds, 1.0), users)
    chance = likes[visitor] * (1 + 0.8 * np.cos(2 * np.pi * (day[:, None] - season) / _DAYS))
    reach = np.cumsum(chance, axis=1)
    kind = (reach < random.random(visits)[:, None] * reach[:, -1:]).sum(axis=1)

    # Every event of a visit: mostly that kind, at times another of the theme, at times any.
    row = np.repeat(np.arange(visits), _PER_VISIT)[:interactions]
    who, event_kind, dice = visitor[row], kind[row].astype(np.intp), random.random(len(row))
    per_theme = kinds // themes
    neighbour = event_kind // per_theme * per_theme + random.integers(per_theme, size=len(row))
    event_kind = np.where(dice < _SAME_THEME + _ANYTHING, neighbour, event_kind)
    event_kind = np.where(dice < _ANYTHING, random.integers(kinds, size=len(row)), event_kind)
    favourite = random.integers(len(_MOTIFS), size=users)
    any_motif = random.integers(len(_MOTIFS), size=len(row))
    motif = np.where(random.random(len(row)) < _FAVOURITE_MOTIF, favourite[who], any_motif)

    minutes = np.cumsum(random.integers(1, 4, size=(visits, _PER_VISIT)), axis=1).ravel()
    when = _OPENED + (day[row] * _DAY).astype(np.int64) + 60 * minutes[: len(row)]
    what = _existing(random, catalogue, event_kind, motif, when)
    bought = random.random(len(row)) < _BOUGHT
    paid = catalogue.price[what] * random.integers(1, 4, size=len(row)).astype(np.float64)
    value = np.where(bought, np.round(paid, 2), 0.0)
    order = np.argsort(when, kind="stable")
    return who[order], when[order], what[order], bought[order], value[order]


def _existing(
    random: np.random.Generator,
    catalogue: _Catalogue,
    kind: NDArray[np.intp],
    motif: NDArray[np.intp],
    when: NDArray[np.int64],
) -> NDArray[np.intp]:
    """A thing of each kind and motif that was on sale then, or else the next best thing."""
    what = catalogue.draw(random, kind * len(_MOTIFS) + motif)
    on_sale = np.flatnonzero(catalogue.launched < _OPENED)
    on_sale = on_sale if len(on_sale) else np.argsort(catalogue.launched)[:1]
    for _ in range(_ATTEMPTS):
        missing = _missing(catalogue, what, when)
        other = random.integers(len(_MOTIFS), size=len(missing))
        what[missing] = catalogue.draw(random, kind[missing] * len(_MOTIFS) + other)
    missing = _missing(catalogue, what, when)
    what[missing] = random.choice(on_sale, len(missing))
    return what


def _missing(
    catalogue: _Catalogue, what: NDArray[np.intp], when: NDArray[np.int64]
) -> NDArray[np.intp]:
    return np.flatnonzero((what < 0) | (catalogue.launched[what] > when))


def _ids(prefix: str, number: int) -> list[str]:
    """Ids of equal length, so that they sort."""
    digits = max(4, len(str(number)))
    return [f"{prefix}{one:0{digits}d}" for one in range(1, number + 1)]


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
