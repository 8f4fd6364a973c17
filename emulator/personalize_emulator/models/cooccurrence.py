"""Which items are met by the same users: item-item similarity with shrinkage."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

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

_VISIT_GAP = 1800
"""Seconds without an event after which a new visit begins, unless somebody knows better."""

_ON_ONE_VISIT = 2.0
"""How much more it says that two items were met on one visit than by one user."""

_BLOCK = 2048
"""Items whose similarities are in memory at a time, per core."""

_SIDE_BY_SIDE = 64
"""Items whose neighbours are picked at once."""


def neighbours(
    data: TrainingData,
    *,
    items: NDArray[np.intp] | None = None,
    popularity_exponent: float = 0.5,
    min_cointeractions: int = 0,
    count: int = NEIGHBOURS,
) -> Matrix:
    """The nearest items of every item, itself among them, as a sparse matrix with a row for each.

    A user says of two items how often they met both, on a logarithmic scale, and has less to say
    the more items they met. The similarity of j to i is what users say of both, over the square
    root of what they say of i alone times a power of what they say of j. Where interactions have
    weights, what they say of j counts by those of its own: an item that is bought comes before one
    that is looked at.

    Args:
        data: The interactions.
        items: The items whose rows are needed; other rows stay empty (default: all).
        popularity_exponent: The power: at 0.5 the cosine; towards 1 popular items are discounted.
        min_cointeractions: How many users at least must have met both (default: any number).
        count: The neighbours to keep of each item.
    """
    met = met_by_users(data)
    weight = 1 / np.sqrt(np.maximum(np.diff(met.indptr), 1))
    weighted: Matrix = sparse.csr_array(sparse.diags_array(weight) @ met).astype(np.float32)
    mass = np.asarray(weighted.multiply(met).sum(axis=0)).ravel()
    if data.weight is not None:
        weighted = sparse.csr_array(weighted.multiply(_mean_weight(data))).astype(np.float32)
    root, power = np.sqrt(mass), mass**popularity_exponent
    by_item: Matrix = sparse.csr_array(met.T).astype(np.float32)
    present, by_present = _ones(met), _ones(by_item)

    def similar(rows: Matrix, chosen: NDArray[np.intp]) -> Matrix:
        row = np.repeat(chosen, np.diff(rows.indptr))
        rows.data /= (root[row] * power[rows.indices] + _SHRINKAGE).astype(np.float32)
        if min_cointeractions > 1:
            rows = _frequent(rows, by_present[chosen] @ present, min_cointeractions)
        return rows

    return _largest_products(by_item, weighted, items, similar, count=count)


@dataclass(frozen=True)
class Company:
    """How often items are met together.

    Attributes:
        counts: How often each item, a row, is met with each of those it is most often met with.
        total: How often each item is met with any other.
    """

    counts: Matrix
    total: NDArray[np.float32]


def company(data: TrainingData, *, items: NDArray[np.intp] | None = None) -> Company:
    """Count what is met together: by the same user, and more so on the same visit.

    A user, or a visit, has less to say the more items there are in it.

    Args:
        data: The interactions.
        items: The items whose rows are needed; other rows stay empty (default: all).
    """
    visits = replace(data, user=visits_of(data))
    parts = [met_by_users(data), met_by_users(visits)]
    weights = [
        share / np.sqrt(np.maximum(np.diff(part.indptr), 1))
        for part, share in zip(parts, (1.0, _ON_ONE_VISIT), strict=True)
    ]
    met: Matrix = sparse.csr_array(sparse.vstack(parts)).astype(np.float32)
    weight = np.concatenate(weights)
    weighted: Matrix = sparse.csr_array(sparse.diags_array(weight) @ met).astype(np.float32)
    by_item: Matrix = sparse.csr_array(met.T)
    with_itself = np.asarray(weighted.multiply(met).sum(axis=0)).ravel()
    total = by_item @ np.asarray(weighted.sum(axis=1)).ravel() - with_itself
    counts = _largest_products(by_item, weighted, items, lambda rows, _: rows)
    return Company(counts, np.maximum(total, 0).astype(np.float32))


def visits_of(data: TrainingData, *, gap: int = _VISIT_GAP) -> NDArray[np.int32]:
    """Number the visits of users.

    Args:
        data: The interactions.
        gap: The most seconds between two interactions of one visit (default: half an hour).
    """
    order = np.lexsort((data.timestamp, data.user))
    user, when = data.user[order], data.timestamp[order]
    new = np.ones(len(data), dtype=bool)
    new[1:] = (np.diff(user) != 0) | (np.diff(when) > gap)
    visit = np.empty(len(data), dtype=np.int32)
    visit[order] = np.cumsum(new) - 1
    return visit


def _largest_products(
    by_item: Matrix,
    weighted: Matrix,
    items: NDArray[np.intp] | None,
    finish: Callable[[Matrix, NDArray[np.intp]], Matrix],
    *,
    count: int = NEIGHBOURS,
) -> Matrix:
    """Multiply, and keep the largest values of each row.

    Args:
        by_item: Items by users.
        weighted: Users by items.
        items: The rows that are needed; the others stay empty (default: all).
        finish: Changes the values of a block of rows before they are compared.
        count: The values to keep of each row.
    """
    size = by_item.shape[0]
    chosen = np.arange(size) if items is None else np.unique(items)

    def block(start: int) -> Matrix:
        some = chosen[start : start + _BLOCK]
        rows: Matrix = sparse.csr_array(by_item[some] @ weighted)
        return _largest(finish(rows, some), count)

    starts = range(0, len(chosen), _BLOCK)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        blocks = list(threads.map(block, starts))
    lengths = np.zeros(size + 1, dtype=np.int64)
    for start, found in zip(starts, blocks, strict=True):
        lengths[chosen[start : start + _BLOCK] + 1] = np.diff(found.indptr)
    values = np.concatenate([np.zeros(0, np.float32), *(found.data for found in blocks)])
    indices = np.concatenate([np.zeros(0, np.int32), *(found.indices for found in blocks)])
    return sparse.csr_array((values, indices, np.cumsum(lengths)), shape=(size, size))


def met_by_users(data: TrainingData) -> Matrix:
    """Users by items: how often they met, on a logarithmic scale, for the latest of each user."""
    shape = (int(data.user.max(initial=-1)) + 1, len(data.item_ids))
    pair = data.user.astype(np.int64) * shape[1] + data.item
    # The last occurrence of each pair, in order of time: its first in the reversed column.
    pairs, backwards, times = np.unique(pair[::-1], return_index=True, return_counts=True)
    user, item = np.divmod(pairs, shape[1])
    latest_first = np.lexsort((backwards, user))
    rank = np.arange(len(user)) - np.searchsorted(user, user[latest_first], side="left")
    kept = latest_first[rank < _ITEMS_PER_USER]
    often = np.log2(1 + times[kept])
    return sparse.csr_array((often, (user[kept], item[kept])), shape=shape)


def times_met(data: TrainingData) -> Matrix:
    """Users by items, all of them: how often they met, on a logarithmic scale."""
    ones = np.ones(len(data), dtype=np.float32)
    shape = (len(data.user_ids), len(data.item_ids))
    # Duplicates of a pair are summed here.
    met: Matrix = sparse.csr_array(sparse.coo_array((ones, (data.user, data.item)), shape=shape))
    met.data = np.log1p(met.data)
    return met


def _ones(matrix: Matrix) -> Matrix:
    """One, where the matrix has an entry."""
    ones = np.ones(matrix.nnz, dtype=np.float32)
    return sparse.csr_array((ones, matrix.indices, matrix.indptr), shape=matrix.shape)


def _frequent(rows: Matrix, users: Matrix, least: int) -> Matrix:
    """Drop the similarities of pairs that fewer users met both of."""
    # Both products have an entry for the same pairs, so that they match entry by entry.
    rows.sort_indices()
    users.sort_indices()
    rows.data[users.data < least] = 0
    rows.eliminate_zeros()
    return rows


def _mean_weight(data: TrainingData) -> Matrix:
    """Users by items: how much an interaction of each of them counts on the mean."""
    shape = (int(data.user.max(initial=-1)) + 1, len(data.item_ids))
    place = (data.user, data.item)
    weight = np.ones(len(data), np.float32) if data.weight is None else data.weight
    total: Matrix = sparse.csr_array((weight, place), shape=shape)
    number: Matrix = sparse.csr_array((np.ones(len(data), np.float32), place), shape=shape)
    total.sum_duplicates()
    number.sum_duplicates()
    total.data /= number.data
    return total


def _largest(rows: Matrix, count: int) -> Matrix:
    """Keep the largest values of each row."""
    lengths = np.diff(rows.indptr)
    kept = np.repeat(lengths <= count, lengths)
    long = np.flatnonzero(lengths > count)
    long = long[np.argsort(lengths[long], kind="stable")]
    # Rows of about the same length, side by side: much faster than one after the other.
    for start in range(0, len(long), _SIDE_BY_SIDE):
        some = long[start : start + _SIDE_BY_SIDE]
        column = np.arange(lengths[some].max())
        at = rows.indptr[some][:, None] + column
        inside = column < lengths[some][:, None]
        values = np.where(inside, rows.data[np.minimum(at, rows.nnz - 1)], -1)
        first = len(column) - count
        kept[np.take_along_axis(at, np.argpartition(values, first, axis=1)[:, first:], 1)] = True
    indptr = np.concatenate([[0], np.cumsum(kept)])[rows.indptr]
    parts = (rows.data[kept], rows.indices[kept], indptr)
    return sparse.csr_array(parts, shape=(rows.shape[0], rows.shape[1]))
