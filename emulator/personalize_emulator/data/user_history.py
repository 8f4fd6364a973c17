"""What one user did, as filters see it: the most recent interactions of each event type."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator.models import HistoryEvent


class UserHistory:
    """What one user had events with, as filters see it: the most recent ones of each type."""

    def __init__(
        self,
        history: Callable[[DatasetType], Sequence[HistoryEvent]],
        most: Mapping[DatasetType, int | None],
    ) -> None:
        """Look back when it is asked.

        Args:
            history: The user's interactions in a dataset, oldest first.
            most: How many of each event type count, by dataset; None counts all.
        """
        self._history = history
        self._most = most
        self._met: dict[DatasetType, Mapping[str, Collection[str]]] = {}

    def met(self, dataset_type: DatasetType, event_type: str | None) -> Collection[str]:
        """Return the items or actions that the user had an event of a type with.

        Args:
            dataset_type: Interactions or Action_Interactions.
            event_type: The type, in any case; None stands for every type.
        """
        by_type = self._met.get(dataset_type)
        if by_type is None:
            by_type = self._met[dataset_type] = self._by_type(dataset_type)
        if event_type is not None:
            return by_type.get(_key(dataset_type, event_type), ())
        return set().union(*by_type.values())

    def _by_type(self, dataset_type: DatasetType) -> Mapping[str, Collection[str]]:
        met: dict[str, list[str]] = {}
        for event in self._history(dataset_type):
            met.setdefault(_key(dataset_type, event.event_type), []).append(event.item_id)
        most = self._most[dataset_type]
        return {name: ids if most is None else ids[-most:] for name, ids in met.items()}


def _key(dataset_type: DatasetType, event_type: str) -> str:
    """An event type as it is compared: in any case.

    The guide writes "Not Taken" and "NOT_TAKEN" for the one type of action interactions.
    """
    key = event_type.casefold()
    return key.replace(" ", "_") if dataset_type is DatasetType.ACTION_INTERACTIONS else key
