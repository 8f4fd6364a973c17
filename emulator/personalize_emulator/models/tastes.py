"""What users like, in a few numbers: by what they met, what that is, and who they are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from personalize_emulator.models.archive import Archive, Matrix
from personalize_emulator.models.content import Content
from personalize_emulator.models.cooccurrence import times_met
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.factorization import truncated_svd

_BY_COMPANY, _BY_CONTENT, _BY_USER = 12, 8, 8


@dataclass(frozen=True)
class Tastes:
    """The numbers of items, by what users met them and what they are, and those of users."""

    user_ids: list[str]
    item_ids: list[str]
    items: NDArray[np.float32]
    users: NDArray[np.float32]
    _item: dict[str, int] = field(init=False, repr=False, default_factory=dict)
    _user: dict[str, int] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index items and users."""
        self._item.update({item: position for position, item in enumerate(self.item_ids)})
        self._user.update({user: position for position, user in enumerate(self.user_ids)})

    @classmethod
    def of(cls, data: TrainingData, *, seed: int) -> Self:
        """Factorise who met what, and the metadata of items and of users."""
        met = _unit_rows(times_met(data))
        _, company = truncated_svd(met, _BY_COMPANY, seed=seed)
        content = Content.of(data.item_ids, data.item_metadata).vectors
        users = Content.of(data.user_ids, data.user_metadata).vectors
        return cls(
            data.user_ids,
            data.item_ids,
            np.column_stack([company, _few(content, _BY_CONTENT, seed)]).astype(np.float32),
            _few(users, _BY_USER, seed),
        )

    def of_users(self, data: TrainingData, user_ids: Iterable[str]) -> NDArray[np.float64]:
        """The tastes of users by the data, a row for each; zeros for an unknown one."""
        liked = np.column_stack([_unit_rows(times_met(data)) @ self.items, self.users])
        whole = np.vstack([liked, np.zeros((1, liked.shape[1]))])
        return whole[[self._user.get(user, -1) for user in user_ids]].astype(np.float64)

    def of_history(self, user_id: str | None, item_ids: Iterable[str]) -> NDArray[np.float64]:
        """The tastes of one user by a history, oldest first; items unknown say nothing."""
        known = [self._item[item] for item in item_ids if item in self._item]
        liked = np.zeros(self.items.shape[1])
        if known:
            items, times = np.unique(known, return_counts=True)
            often = np.log1p(times)
            liked = (often / np.sqrt(often @ often)) @ self.items[items]
        position = self._user.get(user_id or "")
        own = np.zeros(self.users.shape[1]) if position is None else self.users[position]
        return np.concatenate([liked, own])

    def header(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        return {"user_ids": self.user_ids, "item_ids": self.item_ids}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its numbers."""
        return {"item_tastes": self.items, "user_tastes": self.users}

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `header` and `arrays` took apart."""
        header, arrays = archive.header, archive.arrays
        return cls(
            header["user_ids"], header["item_ids"], arrays["item_tastes"], arrays["user_tastes"]
        )


def _unit_rows(matrix: Matrix) -> Matrix:
    norm = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    data = matrix.data / np.repeat(np.maximum(norm, 1e-12), np.diff(matrix.indptr))
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _few(vectors: Matrix, dimensions: int, seed: int) -> NDArray[np.float32]:
    """Sparse vectors in a few dense dimensions."""
    _, factors = truncated_svd(vectors, dimensions, seed=seed)
    few: NDArray[np.float32] = vectors @ factors
    return few
