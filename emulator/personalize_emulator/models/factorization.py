"""What stands behind who met what: a factorisation of users by items, of a given rank."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from personalize_emulator.models.archive import Archive, Matrix

_OVERSAMPLING = 10
_ITERATIONS = 2
"""Rounds in which the sketch is turned towards the largest singular values."""

_NEGLIGIBLE = 1e-7
"""Share of the largest squared length below which there is nothing but rounding."""

_POPULARITY_EXPONENT = 0.25
"""How far popular items are scaled down before, and back up after; half of a cosine's."""


def truncated_svd(
    matrix: Matrix, rank: int, *, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The largest singular values and their right singular vectors, by a randomised sketch.

    Args:
        matrix: The matrix.
        rank: The number of values; fewer if the matrix has fewer rows or columns.
        seed: The same seed and matrix give the same values and vectors.

    Returns:
        The values, the largest first; and a column for each of their vectors, with a row for each
        column of the matrix.
    """
    rows, columns = matrix.shape
    size = min(rank + _OVERSAMPLING, rows, columns)
    if size == 0:
        return np.zeros(0, np.float32), np.zeros((columns, 0), np.float32)
    matrix = matrix.astype(np.float32)
    by_column: Matrix = sparse.csr_array(matrix.T)
    sketch = np.random.default_rng(seed).standard_normal((columns, size), np.float32)
    for _ in range(_ITERATIONS):
        sketch = _orthonormal(by_column @ _orthonormal(matrix @ sketch))
    # Once more: what rounding left.
    sketch = _orthonormal(sketch)
    seen = matrix @ sketch
    # The small square in the middle has the singular values of the matrix, squared.
    squares, rotation = np.linalg.eigh((seen.T @ seen).astype(np.float64))
    values = np.sqrt(np.maximum(squares[::-1][:rank], 0)).astype(np.float32)
    return values, sketch @ rotation[:, ::-1][:, :rank].astype(np.float32)


def _orthonormal(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """An orthonormal basis of the columns; much faster than a QR decomposition of long ones.

    Directions in which the columns hardly reach become zero.
    """
    values, rotation = np.linalg.eigh((columns.T @ columns).astype(np.float64))
    clear = values > values[-1] * _NEGLIGIBLE
    shrunk = rotation * np.where(clear, 1 / np.sqrt(np.where(clear, values, 1)), 0)
    found: NDArray[np.float32] = columns @ shrunk.astype(np.float32)
    return found


@dataclass(frozen=True)
class Factors:
    """Items in the space of the largest singular values.

    Attributes:
        vectors: A unit direction of the space in each column, an item in each row.
        scale: How popular each item is, to a power.
    """

    vectors: NDArray[np.float16]
    scale: NDArray[np.float32]

    @classmethod
    def of(cls, met: Matrix, rank: int, *, seed: int) -> Self:
        """Factorise users by items.

        Args:
            met: How much each user, a row, has to say of each item, a column.
            rank: The number of hidden variables; fewer if there are fewer users or items.
            seed: The same seed and matrix give the same factors.
        """
        weight = 1 / np.sqrt(np.maximum(np.diff(met.indptr), 1))
        weighted: Matrix = sparse.csr_array(sparse.diags_array(weight) @ met)
        mass = np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel()
        scale = np.maximum(mass, 1e-9) ** _POPULARITY_EXPONENT
        scaled: Matrix = sparse.csr_array(weighted @ sparse.diags_array(1 / scale))
        _, vectors = truncated_svd(scaled, rank, seed=seed)
        # An item that nobody met is a row of noise otherwise.
        vectors[mass == 0] = 0
        return cls(vectors.astype(np.float16), np.where(mass > 0, scale, 0).astype(np.float32))

    @classmethod
    def none(cls, items: int) -> Self:
        """Factors of rank 0, that say nothing of anything."""
        return cls(np.zeros((items, 0), np.float16), np.zeros(items, np.float32))

    def affinity(
        self,
        history: NDArray[np.intp],
        weights: NDArray[np.float32],
        items: NDArray[np.intp],
    ) -> NDArray[np.float32]:
        """How well some items go with a history, at least 0.

        Args:
            history: The items of the history.
            weights: How much each of them counts.
            items: The items to tell it of.
        """
        shrunk = weights / np.maximum(self.scale[history], np.float32(1e-6))
        taste = shrunk @ self.vectors[history].astype(np.float32)
        found: NDArray[np.float32] = self.scale[items] * (
            self.vectors[items].astype(np.float32) @ taste
        ).astype(np.float32)
        return np.maximum(found, 0)

    def extended(self, number: int) -> Self:
        """The same factors with that many items more, of which they say nothing."""
        return type(self)(
            np.concatenate([self.vectors, np.zeros((number, self.vectors.shape[1]), np.float16)]),
            np.concatenate([self.scale, np.zeros(number, np.float32)]),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its numbers."""
        return {"factors": self.vectors, "factor_scale": self.scale}

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `arrays` took apart."""
        return cls(archive.arrays["factors"], archive.arrays["factor_scale"])
