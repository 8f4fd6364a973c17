"""How good the recommendations are, on the last tenth of data in order of time.

Each model learns from the first nine tenths and gives 25 items to every user of the last tenth,
known to it or not; what the user did there is what it should have given. `implicit` has its best
of several models, chosen on the very part that it is measured on, which favours it; somebody whom
it does not know gets from it what is popular.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# As implicit advises; it has threads of its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import (
    BM25Recommender,
    CosineRecommender,
    ItemItemRecommender,
    TFIDFRecommender,
)

from benchmarks.figure import Figure
from benchmarks.shop_data import generated, online_retail
from personalize_emulator.models import HistoryEvent, Query, TrainingData, train

_DEPTH = 25
_DISCOUNT = 1 / np.log2(np.arange(2, _DEPTH + 2))
_NEIGHBOURS = (20, 50, 100, 200)
_FACTORS, _REGULARIZATION, _ALPHA = (32, 64, 128), (0.01, 0.1, 1.0), (1.0, 10.0, 40.0)
_ITERATIONS = 15
_SEED = 0

Answer = Callable[[int], Sequence[int]]
"""From a user, by position, to items, by position, best first."""


@dataclass(frozen=True)
class Split:
    """The data, cut in two by time.

    Attributes:
        past: What the models learn from.
        wanted: What each user of the rest did there, as positions of items.
    """

    past: TrainingData
    wanted: Mapping[int, frozenset[int]]

    @classmethod
    def of(cls, data: TrainingData) -> "Split":
        """Cut off the last tenth."""
        early = np.arange(len(data)) < int(len(data) * 0.9)
        wanted: dict[int, set[int]] = {}
        for user, item in zip(data.user[~early].tolist(), data.item[~early].tolist(), strict=True):
            wanted.setdefault(user, set()).add(item)
        return cls(data.where(early), {user: frozenset(items) for user, items in wanted.items()})

    def score(self, answer: Answer) -> tuple[float, float]:
        """Return recall and NDCG at 25, on the mean of the users."""
        recalls, gains = [], []
        for user, wanted in self.wanted.items():
            hits = np.array([item in wanted for item in answer(user)[:_DEPTH]], dtype=np.float64)
            recalls.append(hits.sum() / len(wanted))
            ideal = _DISCOUNT[: min(_DEPTH, len(wanted))].sum()
            gains.append((hits * _DISCOUNT[: len(hits)]).sum() / ideal)
        return float(np.mean(recalls)), float(np.mean(gains))


def run() -> dict[str, Figure]:
    """Measure recall and NDCG of user personalisation on both shops."""
    figures: dict[str, Figure] = {}
    retail = online_retail()
    if retail is not None:
        figures |= _personalization("emulator.", Split.of(retail))
    shop = generated(users=2_000, items=1_000, interactions=60_000)
    return figures | _personalization("emulator.generated_", Split.of(shop))


def _personalization(prefix: str, split: Split) -> dict[str, Figure]:
    ours = split.score(personalized(split.past, "aws-user-personalization-v2"))
    floor = split.score(popular(split.past))
    rivals = [split.score(rival) for rival in _rivals(split.past)]
    return {
        f"{prefix}{name}": Figure(
            unit="share", ours=ours[at], naive=max(rival[at] for rival in rivals), floor=floor[at]
        )
        for at, name in enumerate(("recall_at_25", "ndcg_at_25"))
    }


def personalized(past: TrainingData, recipe: str) -> Answer:
    """Ours, asked as the runtime asks it."""
    model = train(recipe, past, seed=_SEED)
    position = {item: at for at, item in enumerate(past.item_ids)}
    histories = _histories(past)

    def answer(user: int) -> Sequence[int]:
        query = Query(past.user_ids[user], histories.get(user, ()), num_results=_DEPTH)
        return [position[item.item_id] for item in model.recommend(query)]

    return answer


def popular(past: TrainingData) -> Answer:
    """The items with the most interactions, for everybody."""
    head = np.argsort(-np.bincount(past.item, minlength=len(past.item_ids)), kind="stable")
    return lambda _: head[:_DEPTH].tolist()


def _histories(past: TrainingData) -> Mapping[int, Sequence[HistoryEvent]]:
    histories: dict[int, list[HistoryEvent]] = {}
    rows = zip(
        past.user.tolist(),
        past.item.tolist(),
        past.event_type.tolist(),
        past.timestamp.tolist(),
        strict=True,
    )
    for user, item, event_type, timestamp in rows:
        event = HistoryEvent(past.item_ids[item], past.event_types[event_type], timestamp)
        histories.setdefault(user, []).append(event)
    return histories


def _rivals(past: TrainingData) -> Iterator[Answer]:
    """The models of implicit, with and without the items that the user has met already."""
    shape = (len(past.user_ids), len(past.item_ids))
    met = sparse.csr_matrix(
        (np.ones(len(past), dtype=np.float32), (past.user, past.item)), shape=shape
    )
    by_item: Sequence[type[ItemItemRecommender]] = (
        CosineRecommender,
        TFIDFRecommender,
        BM25Recommender,
    )
    models: list[tuple[Any, float]] = [(kind(K=k), 1.0) for kind in by_item for k in _NEIGHBOURS]
    models += [
        (
            AlternatingLeastSquares(
                factors=factors,
                regularization=regularization,
                iterations=_ITERATIONS,
                random_state=_SEED,
            ),
            alpha,
        )
        for factors in _FACTORS
        for regularization in _REGULARIZATION
        for alpha in _ALPHA
    ]
    for model, alpha in models:
        weighted = met * alpha
        model.fit(weighted, show_progress=False)
        for again in (False, True):
            yield _rival(model, weighted, popular(past), met_before=again)


def _rival(
    model: Any,  # noqa: ANN401
    met: sparse.csr_matrix,
    fallback: Answer,
    *,
    met_before: bool,
) -> Answer:
    known: NDArray[np.int64] = np.diff(met.indptr)

    def answer(user: int) -> Sequence[int]:
        if not known[user]:
            return fallback(user)
        items, _ = model.recommend(
            user, met[user], N=_DEPTH, filter_already_liked_items=not met_before
        )
        found: list[int] = items.tolist()
        return found

    return answer
