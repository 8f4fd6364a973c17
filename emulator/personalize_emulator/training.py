"""Models: trained on the data of a dataset group, kept in the store, held while they are in use."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np

from personalize_emulator.errors import JobFailedError
from personalize_emulator.models import Model, TrainingData, TrainingSettings, load, train
from personalize_emulator.quotas import Quotas
from personalize_emulator.store import Document, Store

_HELD = 8


class Models:
    """The models of all solution versions; those asked for last are held in memory."""

    def __init__(self, store: Store) -> None:
        """Keep them in this store."""
        self._store = store
        self._lock = threading.Lock()
        self._held: OrderedDict[str, Model] = OrderedDict()

    def keep(self, version_arn: str, model: bytes) -> None:
        """Keep the model of a solution version."""
        self._store.execute("INSERT OR REPLACE INTO models VALUES (?, ?)", (version_arn, model))

    def get(self, version_arn: str) -> Model | None:
        """Return the model of a solution version, None if it has none."""
        with self._lock:
            if version_arn in self._held:
                self._held.move_to_end(version_arn)
                return self._held[version_arn]
        rows = self._store.execute("SELECT body FROM models WHERE arn = ?", (version_arn,))
        if not rows:
            return None
        model = load(rows[0][0])
        with self._lock:
            self._held[version_arn] = model
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
        return model


def train_solution(
    recipe_name: str, solution: Document, data: TrainingData, quotas: Quotas, *, seed: int
) -> Model:
    """Train the model that a solution configures.

    Args:
        recipe_name: The recipe.
        solution: The document of the solution.
        data: All data of its dataset group.
        quotas: How much data a training needs.
        seed: The same seed and data make the same model.

    Raises:
        JobFailedError: There is too little data, or the recipe makes nothing of it.
    """
    config = solution.get("solutionConfig", {})
    event_type = solution.get("eventType")
    if event_type is not None:
        threshold = config.get("eventValueThreshold")
        data = data.only(event_type, None if threshold is None else float(threshold))
    _check_amount(data, quotas)
    try:
        settings = TrainingSettings(parameters=config.get("algorithmHyperParameters", {}))
        return train(recipe_name, data, settings=settings, seed=seed)
    except ValueError as error:
        raise JobFailedError(str(error)) from error


def trained_columns(
    records: Mapping[str, Mapping[str, object]], dataset_type: str, config: Document
) -> Mapping[str, Mapping[str, object]]:
    """Return records with the columns that a solution's `trainingDataConfig` lets it train on."""
    choice = config.get("trainingDataConfig", {})
    excluded = _columns(choice.get("excludedDatasetColumns", {}), dataset_type)
    included = _columns(choice.get("includedDatasetColumns", {}), dataset_type)
    if not excluded and not included:
        return dict(records)
    return {
        key: {
            name: value
            for name, value in columns.items()
            if name not in excluded and (not included or name in included)
        }
        for key, columns in records.items()
    }


def _columns(choice: Mapping[str, Sequence[str]], dataset_type: str) -> set[str]:
    return {
        name
        for chosen_type, names in choice.items()
        if chosen_type.casefold() == dataset_type.casefold()
        for name in names
    }


def _check_amount(data: TrainingData, quotas: Quotas) -> None:
    least = quotas.training_interactions
    if least is not None and len(data) < least:
        msg = (
            f"There are {len(data)} unique interactions to train on (of the solution's event type,"
            f" if it has one); at least {least} are needed"
        )
        raise JobFailedError(msg)
    counts = np.bincount(data.user)
    users, regulars = int(np.count_nonzero(counts)), int(np.count_nonzero(counts > 1))
    if quotas.training_users is not None and regulars < quotas.training_users:
        msg = (
            f"There are {regulars} users with at least two interactions;"
            f" at least {quotas.training_users} are needed"
        )
        raise JobFailedError(msg)
    share = quotas.training_users_share
    if share is not None and regulars < share * users:
        msg = (
            f"{regulars} of {users} users have at least two interactions;"
            f" at least {share:.0%} of the users are needed"
        )
        raise JobFailedError(msg)
