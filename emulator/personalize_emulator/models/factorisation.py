"""Hidden dimensions: what a few numbers can say of who meets what."""

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Matrix

_ROUNDS = 3
"""Power iterations: after them the greatest singular values are exact to a few digits."""

_SPARE = 10
"""Dimensions tried beyond those asked for, which makes the last of these exact as well."""


def right_factors(
    matrix: Matrix, rank: int, *, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Factorise a matrix by randomised subspace iteration.

    Args:
        matrix: The matrix.
        rank: The most factors to find; there are never more than rows or columns.
        seed: The same seed and matrix give the same factors.

    Returns:
        The greatest singular values, the greatest first, and the right singular vectors as columns.
    """
    width = min(rank + _SPARE, *matrix.shape)
    random = np.random.default_rng(seed)
    basis = random.standard_normal((matrix.shape[1], width)).astype(np.float32)
    transposed = matrix.T.tocsr()
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(transposed @ (matrix @ basis))
    # The small square in the middle has the same singular values as the projected matrix.
    projected = matrix @ basis
    squares, vectors = np.linalg.eigh((projected.T @ projected).astype(np.float64))
    greatest = np.argsort(-squares, kind="stable")[: min(rank, width)]
    values = np.sqrt(np.maximum(squares[greatest], 0))
    return values.astype(np.float32), (basis @ vectors[:, greatest]).astype(np.float32)
