"""The data that a model is trained on: a group's datasets as columns of numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ContextColumn:
    """A column of contextual metadata, a value for each interaction.

    Attributes:
        codes: The value of each interaction, as a position in `values`; -1 where it has none.
        values: The values that occur; one of several categories holds them apart by "|".
    """

    codes: NDArray[np.int32]
    values: list[str]


@dataclass(frozen=True)
class TrainingData:
    """Interactions by column, oldest first, with the metadata of items and users.

    Attributes:
        user_ids: The users, at the position that `user` holds.
        item_ids: The whole catalogue: items with interactions, then those with metadata alone.
        user: The user of each interaction, as a position in `user_ids`.
        item: The item of each interaction, as a position in `item_ids`.
        timestamp: Epoch seconds of each interaction.
        event_type: The type of each interaction, as a position in `event_types`.
        event_value: The value of each interaction; nan where it has none.
        event_types: The names of the event types.
        item_metadata: The columns of the Items dataset, by item.
        user_metadata: The columns of the Users dataset, by user.
        context: The columns of contextual metadata of the Interactions dataset, by name.
        impressions: How often each item was shown when a user did something; an item that is
            missing never was.
        weight: How much each interaction counts; None if all count the same.
        actions: The actions and the interactions with them, as if actions were items; None for a
            group without an Actions dataset.
    """

    user_ids: list[str]
    item_ids: list[str]
    user: NDArray[np.int32]
    item: NDArray[np.int32]
    timestamp: NDArray[np.int64]
    event_type: NDArray[np.int32]
    event_value: NDArray[np.float64]
    event_types: list[str] = field(default_factory=lambda: [""])
    item_metadata: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    user_metadata: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    context: Mapping[str, ContextColumn] = field(default_factory=dict)
    impressions: Mapping[str, int] = field(default_factory=dict)
    weight: NDArray[np.float32] | None = None
    actions: "TrainingData | None" = None

    @classmethod
    def of(
        cls,
        users: Iterable[str],
        items: Iterable[str],
        timestamps: Sequence[int] | NDArray[np.int64],
        *,
        event_types: Iterable[str | None] | None = None,
        event_values: Iterable[float | None] | None = None,
        item_metadata: Mapping[str, Mapping[str, object]] | None = None,
        user_metadata: Mapping[str, Mapping[str, object]] | None = None,
        context: Mapping[str, Iterable[str | None]] | None = None,
    ) -> Self:
        """Build the data from columns of text, in any order.

        Args:
            users: USER_ID of each interaction.
            items: ITEM_ID of each interaction.
            timestamps: TIMESTAMP of each interaction, in epoch seconds.
            event_types: EVENT_TYPE of each interaction (default: the dataset has none).
            event_values: EVENT_VALUE of each interaction (default: the dataset has none).
            item_metadata: The Items dataset, by ITEM_ID (default: there is none).
            user_metadata: The Users dataset, by USER_ID (default: there is none).
            context: Columns of contextual metadata, by name (default: the dataset has none).
        """
        when = np.asarray(timestamps, dtype=np.int64)
        user_codes, user_ids = _codes(users)
        item_codes, item_ids = _codes(items)
        if event_types is None:
            type_codes, type_names = np.zeros(len(when), dtype=np.int32), [""]
        else:
            type_codes, type_names = _codes(name or "" for name in event_types)
        values = np.full(len(when), np.nan)
        if event_values is not None:
            values = np.array([np.nan if v is None else v for v in event_values], dtype=np.float64)
        known = set(item_ids)
        metadata = item_metadata or {}
        oldest_first = np.argsort(when, kind="stable")
        return cls(
            user_ids=user_ids,
            item_ids=item_ids + [item for item in metadata if item not in known],
            user=user_codes[oldest_first],
            item=item_codes[oldest_first],
            timestamp=when[oldest_first],
            event_type=type_codes[oldest_first],
            event_value=values[oldest_first],
            event_types=type_names,
            item_metadata=metadata,
            user_metadata=user_metadata or {},
            context={
                name: _context_column(values, oldest_first)
                for name, values in (context or {}).items()
            },
        )

    def __len__(self) -> int:
        """The number of interactions."""
        return len(self.user)

    def only(
        self, event_type: str | None = None, event_value_threshold: float | None = None
    ) -> Self:
        """The same data with the interactions that a solution asks for (its `eventType`).

        Args:
            event_type: The type to keep, in any case (default: all).
            event_value_threshold: The least value to keep (default: all).
        """
        kept = np.ones(len(self), dtype=bool)
        if event_type is not None:
            wanted = event_type.casefold()
            codes = [c for c, name in enumerate(self.event_types) if name.casefold() == wanted]
            kept &= np.isin(self.event_type, codes)
        if event_value_threshold is not None:
            kept &= self.event_value >= event_value_threshold
        return self.where(kept)

    def where(self, kept: NDArray[np.bool_]) -> Self:
        """The same catalogue and users with the chosen interactions alone."""
        return replace(
            self,
            user=self.user[kept],
            item=self.item[kept],
            timestamp=self.timestamp[kept],
            event_type=self.event_type[kept],
            event_value=self.event_value[kept],
            context={
                name: ContextColumn(column.codes[kept], column.values)
                for name, column in self.context.items()
            },
            weight=None if self.weight is None else self.weight[kept],
        )

    def with_items_at_most(self, most: int | None) -> Self:
        """The same data with as many items as are considered: those met or made known last.

        Args:
            most: How many (default: all).
        """
        if most is None or len(self.item_ids) <= most:
            return self
        latest = np.full(len(self.item_ids), np.iinfo(np.int64).min)
        np.maximum.at(latest, self.item, self.timestamp)
        kept = np.sort(np.argsort(latest, kind="stable")[-most:])
        position = np.full(len(self.item_ids), -1, dtype=np.int32)
        position[kept] = np.arange(most, dtype=np.int32)
        items = [self.item_ids[item] for item in kept]
        smaller = self.where(position[self.item] >= 0)
        return replace(
            smaller,
            item=position[smaller.item],
            item_ids=items,
            item_metadata={i: self.item_metadata[i] for i in items if i in self.item_metadata},
        )


def _codes(names: Iterable[str]) -> tuple[NDArray[np.int32], list[str]]:
    """Number names in the order of their first appearance."""
    position: dict[str, int] = {}
    codes = [position.setdefault(name, len(position)) for name in names]
    return np.array(codes, dtype=np.int32), list(position)


def _context_column(values: Iterable[str | None], order: NDArray[np.intp]) -> ContextColumn:
    position: dict[str | None, int] = {None: -1}
    codes = [position.setdefault(value, len(position) - 1) for value in values]
    known = [value for value in position if value is not None]
    return ContextColumn(np.array(codes, dtype=np.int32)[order], known)
