"""Trying out what few have met: new items take a share of the answers."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.model import CatalogueFilter, Exploration, Query, ScoredItem

_SHARE = 0.5
"""The share of an answer that is explored at weight 1: half of it."""

_DAY = 86_400

_CANDIDATES = 1000
"""New items that one answer looks at; of more, a sample."""

_UNTRIED = 0.5
"""How much an item is set back by those who met it or saw it: by the square root of how often."""


@dataclass(frozen=True)
class Novelty:
    """How new each item is, and how often it was met and shown.

    Attributes:
        created: When each item came into being, in epoch seconds. (items-datasets: its
            CREATION_TIMESTAMP, else its first interaction, else the latest of all.)
        met: How often each item was met.
        shown: How often each item was in an impression.
        latest: When the latest of all interactions was, in epoch seconds.
    """

    created: NDArray[np.float64]
    met: NDArray[np.int64]
    shown: NDArray[np.int64]
    latest: float

    @classmethod
    def of(cls, data: TrainingData) -> Self:
        """Read the times."""
        size = len(data.item_ids)
        latest = float(data.timestamp[-1]) if len(data) else 0.0
        created = np.full(size, latest)
        # The data is oldest first: what is written last is the first interaction.
        created[data.item[::-1]] = data.timestamp[::-1]
        if data.item_metadata:
            for at, item in enumerate(data.item_ids):
                when = data.item_metadata.get(item, {}).get("CREATION_TIMESTAMP")
                if isinstance(when, int | float):
                    created[at] = when
        shown = np.array([data.impressions.get(item, 0) for item in data.item_ids], dtype=np.int64)
        return cls(created, np.bincount(data.item, minlength=size), shown, latest)

    def updated(self, positions: Mapping[str, int], data: TrainingData) -> Self:
        """The same items with what was met and shown since, and with new ones.

        Args:
            positions: Where each item is to be, the new ones included.
            data: All data of now.
        """
        now = Novelty.of(data)
        there = np.array([positions.get(item, -1) for item in data.item_ids], dtype=np.intp)
        known = there >= 0
        created = np.full(len(positions), now.latest)
        created[: len(self.created)] = self.created
        new = known & (there >= len(self.created))
        created[there[new]] = now.created[new]
        met, shown = np.zeros((2, len(positions)), dtype=np.int64)
        for before, after, number in ((self.met, now.met, met), (self.shown, now.shown, shown)):
            number[: len(before)] = before
            number[there[known]] = after[known]
        latest = max(self.latest, now.latest)
        return replace(self, created=created, met=met, shown=shown, latest=latest)

    def candidates(
        self, age_cut_off: float, *, since: float | None = None, most_met: int | None = None
    ) -> NDArray[np.intp]:
        """The items to try out, the newest first.

        Args:
            age_cut_off: Their greatest age, in days.
            since: The moment that ages are told from. (default: the latest interaction)
            most_met: How often they may have been met at most. (default: however often)
        """
        order, times = self._newest_first
        oldest = (self.latest if since is None else since) - age_cut_off * _DAY
        found = order[: int(np.searchsorted(-times, -oldest, side="right"))]
        return found if most_met is None else found[self.met[found] <= most_met]

    @cached_property
    def _newest_first(self) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        order = np.argsort(-self.created, kind="stable")
        return order, self.created[order]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its numbers."""
        return {
            "created": self.created,
            "met": self.met,
            "shown": self.shown,
            "latest": np.array([self.latest]),
        }

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `arrays` took apart."""
        arrays = archive.arrays
        latest = float(arrays["latest"][0])
        return cls(arrays["created"], arrays["met"], arrays["shown"], latest)


def chance(query: Query, latest: float, seed: int) -> np.random.Generator:
    """What decides about an answer: the same for a user all day, another the next day."""
    day = int((query.now if query.now is not None else latest) // _DAY)
    user = zlib.crc32((query.user_id or "").encode(errors="surrogatepass"))
    return np.random.default_rng([seed, user, max(day, 0)])


def explored(
    relevant: list[ScoredItem],
    query: Query,
    exploration: Exploration,
    *,
    candidates: NDArray[np.intp],
    scores: NDArray[np.float32],
    novelty: Novelty,
    item_ids: list[str],
    random: np.random.Generator,
    reasons: tuple[str, ...] = (),
) -> list[ScoredItem]:
    """Give the end of a list to items that are tried out.

    Which ones is left to chance, weighed by how well they fit the user, as far as their metadata
    tells, and by how few have met them or seen them: "the more frequently an item occurs in
    impressions data, the less likely it is that Amazon Personalize includes the item in
    exploration" (interactions-datasets). How the service places them is not documented; here they
    follow the relevant items, with the scores that they have.

    Args:
        relevant: The most relevant items, best first.
        query: What was asked.
        exploration: How much to explore.
        candidates: The items that may be tried out.
        scores: The score of each item.
        novelty: How often each item was met and shown.
        item_ids: The items.
        random: What decides.
        reasons: What to say of the items that are tried out.
    """
    wanted = len(relevant) * _SHARE * min(exploration.weight, 1.0)
    number = int(wanted + random.random())
    allowed = query.allowed
    if number > 0 and isinstance(allowed, CatalogueFilter):
        candidates, allowed = candidates[allowed.mask(item_ids)[candidates]], None
    if number == 0 or len(candidates) == 0:
        return relevant
    if len(candidates) > _CANDIDATES:
        candidates = candidates[random.choice(len(candidates), _CANDIDATES, replace=False)]
    eager = np.log(np.maximum(scores[candidates], 1e-30)) + random.gumbel(size=len(candidates))
    eager -= _UNTRIED * np.log1p(novelty.met[candidates] + novelty.shown[candidates])
    taken = {item.item_id for item in relevant}
    found: list[ScoredItem] = []
    for at in candidates[np.argsort(-eager, kind="stable")].tolist():
        item = item_ids[at]
        if item not in taken and (allowed is None or allowed(item)):
            found.append(ScoredItem(item, float(scores[at]), reasons))
            if len(found) == number:
                break
    found.sort(key=lambda item: -item.score)
    return relevant[: len(relevant) - len(found)] + found
