"""What a list of similar items has in common, in a few words (`THEME_GENERATION` of batch jobs).

The service has a language model write "Rise and shine"; here the theme is made of the items' most
telling words. What the scores say is the same: how close each item is to the theme
(themed-batch-recommendations).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from personalize_emulator.models.text import spelt, words

_MOST_WORDS = 3
_LEAST_SHARE = 0.3
"""Share of the items that have a word of the theme, at least."""

_TELLING = 0.5
"""What a further word must tell, as a share of what the first one does."""

_WITHOUT_WORDS = "More like this"


@dataclass(frozen=True)
class Theme:
    """A theme.

    Attributes:
        title: What the items have in common: "Ceramic teapot".
        relevance: How close each item is to it, from 0 to 1, in the order of the items.
    """

    title: str
    relevance: list[float]


@dataclass(frozen=True)
class Corpus:
    """How telling words are: the fewer items of the catalogue have one, the more it tells."""

    size: int
    items_with: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """Count the words in the names, or the names and descriptions, of a whole catalogue."""
        number: Counter[str] = Counter()
        size = 0
        for name in names:
            size += 1
            number.update(set(words(name)))
        return cls(size, number)

    def rarity(self, word: str) -> float:
        """Return how telling a word is, the logarithm of how few items have it."""
        return float(np.log((1 + self.size) / (1 + self.items_with.get(word, 0))))


def theme_of(names: Sequence[str], corpus: Corpus, texts: Sequence[str] | None = None) -> Theme:
    """Find the theme of a list of items.

    Args:
        names: The names of the items, whose words the theme is made of.
        corpus: The catalogue that they are from.
        texts: What else to measure the closeness of each item by: its name and description.
            (default: its name)
    """
    found = [words(name) for name in names]
    own = [words(text) for text in texts] if texts is not None else found
    chosen = _telling_words(found, corpus)
    if not chosen:
        return Theme(_WITHOUT_WORDS, [0.0] * len(names))
    weight = {word: corpus.rarity(word) for word in chosen}
    return Theme(_title(names, chosen), [_closeness(text, weight, corpus) for text in own])


def _telling_words(found: Sequence[Sequence[str]], corpus: Corpus) -> list[str]:
    """The words that many of the items have, and few others, the most telling one first."""
    number = Counter(word for own in found for word in set(own))
    # Words that many share, or at least two, make a theme; else it is one word of one item.
    for least, most_words in ((_LEAST_SHARE * len(found), _MOST_WORDS), (2, _MOST_WORDS), (1, 1)):
        tells = {
            word: count / len(found) * corpus.rarity(word)
            for word, count in number.items()
            if count >= max(least, min(2, most_words))
        }
        ranked = sorted(tells, key=lambda word: (-tells[word], word))[:most_words]
        if ranked and tells[ranked[0]] > 0:
            return [word for word in ranked if tells[word] >= _TELLING * tells[ranked[0]]]
    return []


def _title(names: Sequence[str], chosen: Sequence[str]) -> str:
    """The words as most names write them, in the order in which most names have them."""
    places: dict[str, list[float]] = {word: [] for word in chosen}
    spellings: dict[str, Counter[str]] = {word: Counter() for word in chosen}
    for name in names:
        written = spelt(name)
        for place, word in enumerate(words(name)):
            if word in places:
                places[word].append(place / len(written))
                spellings[word][written[place]] += 1
    ordered = sorted(chosen, key=lambda word: (float(np.mean(places[word])), word))
    title = " ".join(spellings[word].most_common(1)[0][0] for word in ordered)
    return title[:1].upper() + title[1:]


def _closeness(text: Sequence[str], weight: Mapping[str, float], corpus: Corpus) -> float:
    """The cosine between a text and the theme, every word weighed by what it tells."""
    own = {word: (1 + np.log(count)) * corpus.rarity(word) for word, count in Counter(text).items()}
    length = float(np.sqrt(sum(value**2 for value in own.values())))
    size = float(np.sqrt(sum(value**2 for value in weight.values())))
    product = sum(value * own.get(word, 0.0) for word, value in weight.items())
    return round(float(product / (length * size)), 8) if length * size > 0 else 0.0
