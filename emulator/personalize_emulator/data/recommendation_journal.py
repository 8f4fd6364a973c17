"""What was recommended, by whom: a later event that names the list counts for who gave it.

The developer guide does not say for how long a recommendationId is good. Here it is for two weeks,
as long as a record counts for a metric attribution at all, and among the latest 100,000; it stays
good when the campaign is deleted.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from personalize_emulator.store import Store

_SECONDS = 14 * 24 * 3600.0
_ENTRIES = 100_000
_TIDIED_EVERY = 1000


@dataclass(frozen=True)
class Recommendation:
    """A list that was given.

    Attributes:
        source: The ARN of the campaign or recommender that gave it.
        entries: The items or actions in it, best first.
    """

    source: str
    entries: Sequence[str]


class RecommendationJournal:
    """The lists that were given; they are in the store, and so survive a restart."""

    def __init__(self, store: Store) -> None:
        """Keep them in this store."""
        self._store = store

    def add(self, source: str, entries: Sequence[str], *, at: float) -> str:
        """Keep a list and return its recommendationId.

        Args:
            source: The ARN of the campaign or recommender.
            entries: The items or actions, best first.
            at: When it was given, in emulated epoch seconds.
        """
        recommendation_id = f"RID-{uuid.uuid4()}"
        ((number,),) = self._store.execute(
            "INSERT INTO recommendations (id, arn, at, entries) VALUES (?, ?, ?, ?)"
            " RETURNING number",
            (recommendation_id, source, at, json.dumps(entries)),
        )
        if number % _TIDIED_EVERY == 0:
            self._store.execute(
                "DELETE FROM recommendations WHERE number <= ? OR at < ?",
                (number - _ENTRIES, at - _SECONDS),
            )
        return recommendation_id

    def get(self, recommendation_id: str) -> Recommendation | None:
        """Return a list, None if none of that id is known."""
        rows = self._store.execute(
            "SELECT arn, entries FROM recommendations WHERE id = ?", (recommendation_id,)
        )
        return Recommendation(rows[0][0], json.loads(rows[0][1])) if rows else None
