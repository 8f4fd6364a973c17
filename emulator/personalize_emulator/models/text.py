"""Texts as vectors: TF-IDF over words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from personalize_emulator.models.archive import Matrix

_WORD = re.compile(r"[^\W_]+")
_SHORTEST_PLURAL = 4


def spelt(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return _WORD.findall(text.casefold())


def words(text: str) -> list[str]:
    """The words of a text in lower case, English plurals in the singular."""
    return [_singular(word) for word in spelt(text)]


def _singular(word: str) -> str:
    if len(word) < _SHORTEST_PLURAL or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


@dataclass(frozen=True)
class TextVectors:
    """A unit vector for each text; a text without words has an empty one.

    Attributes:
        vectors: Texts by terms.
        terms: The terms.
        rarity: How telling each term is: the logarithm of how few texts have it.
    """

    vectors: Matrix
    terms: list[str]
    rarity: NDArray[np.float64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Weigh the words of every text."""
        own = [words(text) for text in texts]
        position: dict[str, int] = {}
        term = np.array(
            [position.setdefault(word, len(position)) for found in own for word in found],
            dtype=np.int64,
        )
        text = np.repeat(np.arange(len(own)), [len(found) for found in own])
        shape = (len(own), max(len(position), 1))
        counts: Matrix = sparse.csr_array((np.ones(len(term)), (text, term)), shape=shape)
        number = np.bincount(counts.indices, minlength=shape[1])
        # A word that every text has tells nothing, one that a single text has tells most.
        rarity = np.log((1 + len(own)) / np.maximum(number, 1))
        counts.data = (1 + np.log(counts.data)) * rarity[counts.indices]
        norm = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
        counts.data /= np.repeat(np.maximum(norm, 1e-12), np.diff(counts.indptr))
        return cls(counts.astype(np.float32), list(position), rarity)
