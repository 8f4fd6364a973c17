"""aws-item-attribute-affinity: the users who will like items of a kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from personalize_emulator.models.archive import Matrix
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.model import SegmentQuery
from personalize_emulator.models.segmentation import UserSegmentation
from personalize_emulator.models.settings import TrainingSettings

_RESERVED = frozenset({"CREATION_TIMESTAMP"})


@dataclass(frozen=True)
class ItemAttributeAffinity(UserSegmentation):
    """Find the users who met what goes with the items that have all of some attributes.

    A column that holds several categories, divided by "|", has each of them as a value. The
    columns' names match in any case: the guide's examples write them small
    (prepare-input-data-user-segment); their values match exactly, and numbers by value.
    """

    kind: ClassVar[str] = "aws-item-attribute-affinity"

    @classmethod
    def attributes_of(
        cls, data: TrainingData, settings: TrainingSettings
    ) -> tuple[list[tuple[str, str]], Matrix]:
        """Return the values of all columns but those of text, and which items have each.

        Raises:
            ValueError: If there are none.
        """
        position: dict[tuple[str, str], int] = {}
        rows: list[int] = []
        items: list[int] = []
        for at, item in enumerate(data.item_ids):
            for column, content in data.item_metadata.get(item, {}).items():
                if column in settings.textual or column in _RESERVED:
                    continue
                for value in _values(content):
                    rows.append(position.setdefault((column.upper(), value), len(position)))
                    items.append(at)
        if not position:
            msg = "no item has a value in a column that is neither textual nor reserved"
            raise ValueError(msg)
        entries = (np.ones(len(rows), dtype=np.float32), (rows, items))
        shape = (len(position), len(data.item_ids))
        return list(position), sparse.csr_array(sparse.coo_array(entries, shape=shape))

    def segment(self, query: SegmentQuery) -> list[str]:
        """The users most likely to meet such items; none, if no item had all the attributes."""
        items = self._with_all(query.attributes)
        if len(items) == 0:
            return []
        return self.users_of(items, query.num_results, query.allowed)

    def _with_all(self, attributes: Sequence[tuple[str, str]]) -> NDArray[np.intp]:
        number = np.zeros(len(self.item_ids), dtype=np.int64)
        for column, value in attributes:
            name = column.upper()
            at = self._attribute.get((name, value), self._attribute.get((name, _number(value))))
            if at is not None:
                number[self.having[np.array([at])].indices] += 1
        return np.flatnonzero((number == len(attributes)) & (number > 0))

    def _questions(self, later: TrainingData) -> Sequence[NDArray[np.intp]]:
        """The items of each attribute that somebody met later."""
        asked = np.unique(later.item)
        met = np.zeros(len(self.item_ids), dtype=bool)
        met[asked] = True
        rows = [self.having[np.array([at])].indices for at in range(len(self.attributes))]
        return [row.astype(np.intp) for row in rows if met[row].any()]


def _values(content: object) -> list[str]:
    """The values of one column of an item; booleans are never used in training."""
    if isinstance(content, str):
        return [value for value in dict.fromkeys(content.split("|")) if value]
    if isinstance(content, int | float) and not isinstance(content, bool):
        return [_number(str(content))]
    return []


def _number(value: str) -> str:
    """One way to write each number; nothing, for what is none."""
    try:
        return repr(float(value))
    except ValueError:
        return ""
