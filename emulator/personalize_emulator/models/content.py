"""What items are, rather than who met them: TF-IDF over the columns of the Items dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from personalize_emulator.models.archive import Archive, Matrix, matrix_columns
from personalize_emulator.models.terms import ColumnTerms, columns_of, terms_of


@dataclass(frozen=True)
class Vocabulary:
    """The terms that describe items, so that new items can be described as well.

    Attributes:
        columns: How each column of Items is read.
        position: The column of each term in the matrix of items.
        rarity: How much each term says.
    """

    columns: Sequence[ColumnTerms] = ()
    position: Mapping[str, int] = field(default_factory=dict)
    rarity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def vectors(
        self, item_ids: Sequence[str], metadata: Mapping[str, Mapping[str, object]]
    ) -> Matrix:
        """Describe items by these terms; others say nothing."""
        described = [
            [self.position[term] for term in own if term in self.position]
            for own in terms_of(self.columns, item_ids, metadata)
        ]
        return self.weighed(described)

    def weighed(self, described: Sequence[Sequence[int]]) -> Matrix:
        """Return a unit vector for each item from the positions of its terms."""
        item = np.repeat(np.arange(len(described)), [len(own) for own in described])
        term = np.array([at for own in described for at in own], dtype=np.int64)
        shape = (len(described), max(len(self.rarity), 1))
        counts: Matrix = sparse.csr_array((np.ones(len(term)), (item, term)), shape=shape)
        counts.data = np.log1p(counts.data) * self.rarity[counts.indices]
        norm = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
        counts.data /= np.repeat(norm, np.diff(counts.indptr))
        return counts.astype(np.float32)


@dataclass(frozen=True)
class Content:
    """A unit vector of weighted terms for each item; empty for an item without metadata."""

    vectors: Matrix
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    @classmethod
    def of(
        cls,
        item_ids: Sequence[str],
        metadata: Mapping[str, Mapping[str, object]],
        *,
        textual: frozenset[str] = frozenset(),
    ) -> Self:
        """Read the terms of every item.

        Args:
            item_ids: The items.
            metadata: The Items dataset, by item.
            textual: The textual columns. (default: those that look like sentences)
        """
        columns = columns_of(item_ids, metadata, textual)
        terms = terms_of(columns, item_ids, metadata)
        position: dict[str, int] = {}
        described = [[position.setdefault(name, len(position)) for name in own] for own in terms]
        occurs = np.zeros(max(len(position), 1))
        for own in described:
            occurs[list(set(own))] += 1
        rarity = np.log(1 + len(item_ids) / (1 + occurs))
        vocabulary = Vocabulary(columns, position, rarity)
        return cls(vocabulary.weighed(described), vocabulary)

    @classmethod
    def none(cls, items: int) -> Self:
        """Content that says nothing of any item."""
        vectors: Matrix = sparse.csr_array(np.zeros((items, 1), dtype=np.float32))
        return cls(vectors)

    def affinity(
        self, items: NDArray[np.intp], weights: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """How much each item is like the given ones, weighted; an item is not like itself."""
        own = self.vectors[items]
        likeness: NDArray[np.float32] = self.vectors @ (own.T @ weights)
        described = np.diff(own.indptr) > 0
        likeness[items] -= weights * described
        return np.maximum(likeness, 0, out=likeness)

    def extended(
        self, item_ids: Sequence[str], metadata: Mapping[str, Mapping[str, object]]
    ) -> Self:
        """The same content with new items behind the others, described by the terms known."""
        new = self.vocabulary.vectors(item_ids, metadata)
        if new.shape[1] < self.vectors.shape[1]:
            new = sparse.csr_array(
                (new.data, new.indices, new.indptr), shape=(new.shape[0], self.vectors.shape[1])
            )
        vectors: Matrix = sparse.csr_array(sparse.vstack([self.vectors, new]))
        return type(self)(vectors, self.vocabulary)

    def header(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        columns = [[column.name, column.kind, column.edges] for column in self.vocabulary.columns]
        return {"columns": columns, "terms": list(self.vocabulary.position)}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its numbers."""
        return {"rarity": self.vocabulary.rarity, **matrix_columns("content", self.vectors)}

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `header`, under "content", and `arrays` took apart."""
        header = archive.header["content"]
        vocabulary = Vocabulary(
            [ColumnTerms(*column) for column in header["columns"]],
            {term: at for at, term in enumerate(header["terms"])},
            archive.arrays["rarity"],
        )
        return cls(archive.matrix("content"), vocabulary)
