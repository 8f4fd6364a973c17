"""Which items are met by the same users: item-item similarity with shrinkage."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from personalize_emulator.models.archive import Matrix
from personalize_emulator.models.data import TrainingData

NEIGHBOURS = 30
"""Neighbours kept for each item; more change no list of 25."""

_SHRINKAGE = 1.0
"""Added to the norm: two items met together once by chance are not alike."""

_ITEMS_PER_USER = 200
"""A user's latest items that count: robots and resellers would cost the square of their history."""

_BLOCK = 2048
"""Items whose similarities are in memory at a time, per core."""


def neighbours(data: TrainingData, *, popularity_exponent: float = 0.5) -> Matrix:
    """The nearest items of every item, itself among them, as a sparse matrix with a row for each.

    A user says of two items how often they met both, on a logarithmic scale, and has less to say
    the more items they met. The similarity of j to i is what users say of both, over the square
    root of what they say of i alone times a power of what they say of j.

    Args:
        data: The interactions.
        popularity_exponent: The power: at 0.5 the cosine; towards 1 popular items are discounted.
    """
    met = _met(data)
    weight = 1 / np.sqrt(np.maximum(np.diff(met.indptr), 1))
    weighted: Matrix = sparse.csr_array(sparse.diags_array(weight) @ met).astype(np.float32)
    by_item: Matrix = sparse.csr_array(met.T).astype(np.float32)
    mass = np.asarray(weighted.multiply(met).sum(axis=0)).ravel()
    root, power = np.sqrt(mass), mass**popularity_exponent

    def block(start: int) -> Matrix:
        rows: Matrix = by_item[start : start + _BLOCK] @ weighted
        row = np.repeat(np.arange(start, start + rows.shape[0]), np.diff(rows.indptr))
        rows.data = rows.data / (root[row] * power[rows.indices] + _SHRINKAGE)
        return _largest(rows, NEIGHBOURS)

    starts = range(0, len(data.item_ids), _BLOCK)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return sparse.csr_array(sparse.vstack(list(threads.map(block, starts)), format="csr"))


def _met(data: TrainingData) -> Matrix:
    """Users by items: how often they met, on a logarithmic scale, for the latest of each user."""
    shape = (len(data.user_ids), len(data.item_ids))
    pair = data.user.astype(np.int64) * shape[1] + data.item
    # The last occurrence of each pair, in order of time: its first in the reversed column.
    pairs, backwards, times = np.unique(pair[::-1], return_index=True, return_counts=True)
    user, item = np.divmod(pairs, shape[1])
    latest_first = np.lexsort((backwards, user))
    rank = np.arange(len(user)) - np.searchsorted(user, user[latest_first], side="left")
    kept = latest_first[rank < _ITEMS_PER_USER]
    often = np.log2(1 + times[kept])
    return sparse.csr_array((often, (user[kept], item[kept])), shape=shape)


def _largest(rows: Matrix, count: int) -> Matrix:
    """Keep the largest values of each row."""
    kept: list[NDArray[np.intp]] = []
    indptr = np.zeros(rows.shape[0] + 1, dtype=np.int64)
    for row, (start, end) in enumerate(zip(rows.indptr[:-1], rows.indptr[1:], strict=True)):
        values = rows.data[start:end]
        if end - start > count:
            chosen = np.argpartition(-values, count)[:count]
            chosen.sort()
        else:
            chosen = np.flatnonzero(values)
        kept.append(chosen + start)
        indptr[row + 1] = indptr[row] + len(chosen)
    positions = np.concatenate(kept) if kept else np.zeros(0, dtype=np.intp)
    parts = (rows.data[positions].astype(np.float32), rows.indices[positions], indptr)
    return sparse.csr_array(parts, shape=rows.shape)
