"""The singular value decomposition that is cut off after a few dimensions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from personalize_emulator.models.archive import Matrix
from personalize_emulator.models.factorization import truncated_svd


def matrix_of(rows: int, columns: int) -> Matrix:
    """A sparse matrix whose singular values fall fast."""
    random = np.random.default_rng(0)
    left, right = random.standard_normal((rows, 6)), random.standard_normal((6, columns))
    dense = (left * 2.0 ** -np.arange(6)) @ right
    dense[random.random(dense.shape) < 0.3] = 0
    return sparse.csr_array(dense.astype(np.float32))


def test_the_values_are_the_largest_singular_values() -> None:
    matrix = matrix_of(60, 40)
    values, _ = truncated_svd(matrix, 4, seed=0)
    exact = np.linalg.svd(matrix.toarray(), compute_uv=False)[:4]
    assert values == pytest.approx(exact, rel=1e-2)


def test_the_vectors_are_orthonormal_and_as_long_on_the_other_side_as_the_values() -> None:
    matrix = matrix_of(60, 40)
    values, vectors = truncated_svd(matrix, 4, seed=0)
    assert vectors.T @ vectors == pytest.approx(np.eye(4), abs=1e-4)
    assert np.linalg.norm(matrix @ vectors, axis=0) == pytest.approx(values, rel=1e-4)


@pytest.mark.parametrize("shape", [(3, 40), (40, 3)])
def test_there_are_no_more_values_than_rows_or_columns(shape: tuple[int, int]) -> None:
    matrix = matrix_of(*shape)
    values, vectors = truncated_svd(matrix, 10, seed=0)
    assert values == pytest.approx(np.linalg.svd(matrix.toarray(), compute_uv=False), rel=1e-3)
    assert vectors.shape == (shape[1], 3)


@pytest.mark.parametrize("shape", [(0, 4), (4, 0)])
def test_an_empty_matrix_has_no_values(shape: tuple[int, int]) -> None:
    values, vectors = truncated_svd(sparse.csr_array(np.zeros(shape, np.float32)), 2, seed=0)
    assert (values.shape, vectors.shape) == ((0,), (shape[1], 0))


def test_a_matrix_of_zeros_has_no_directions() -> None:
    values, vectors = truncated_svd(sparse.csr_array(np.zeros((5, 4), np.float32)), 2, seed=0)
    assert not values.any()
    assert not vectors.any()


def test_the_same_seed_gives_the_same_vectors() -> None:
    matrix = matrix_of(60, 40)
    one, same = (truncated_svd(matrix, 4, seed=3)[1] for _ in range(2))
    assert np.array_equal(one, same)
