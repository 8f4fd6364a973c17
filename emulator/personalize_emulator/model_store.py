"""Trained models: kept in the store, held in memory while they are in use."""

from __future__ import annotations

import threading
from collections import OrderedDict

from personalize_emulator.models import Model, load
from personalize_emulator.store import Store

_HELD = 8


class Models:
    """The models of solution versions and recommenders; those asked for last are held."""

    def __init__(self, store: Store) -> None:
        """Keep them in this store."""
        self._store = store
        self._lock = threading.Lock()
        self._held: OrderedDict[str, Model] = OrderedDict()
        self._changes = 0

    def keep(self, arn: str, model: bytes, *, loaded: Model | None = None) -> None:
        """Keep the model of a solution version or a recommender, instead of an earlier one.

        Args:
            arn: The solution version or the recommender.
            model: The bytes of the model.
            loaded: The model itself, where requests should not have to wait until it is loaded.
        """
        self._store.execute("INSERT OR REPLACE INTO models VALUES (?, ?)", (arn, model))
        self._store.once_committed(lambda: self._replace(arn, loaded))

    def get(self, arn: str) -> Model | None:
        """Return the model of a solution version or a recommender, None if it has none."""
        with self._lock:
            if arn in self._held:
                self._held.move_to_end(arn)
                return self._held[arn]
            changes = self._changes
        rows = self._store.execute("SELECT body FROM models WHERE arn = ?", (arn,))
        if not rows:
            return None
        model = load(rows[0][0])
        with self._lock:
            if changes == self._changes:  # else it may be an earlier model by now
                self._hold(arn, model)
        return model

    def remove(self, arn: str) -> None:
        """Forget the model of a resource that is gone from the store."""
        self._store.once_committed(lambda: self._replace(arn, None))

    def _replace(self, arn: str, model: Model | None) -> None:
        with self._lock:
            self._changes += 1
            self._held.pop(arn, None)
            if model is not None:
                self._hold(arn, model)

    def _hold(self, arn: str, model: Model) -> None:
        self._held[arn] = model
        while len(self._held) > _HELD:
            self._held.popitem(last=False)
