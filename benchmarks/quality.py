"""How good the recommendations are, on the last tenth of data in order of time.

Each model learns from the first nine tenths and gives 25 items to every user of the last tenth,
known to it or not; what the user did there is what it should have given. `implicit` has its best
of several models, chosen on the very part that it is measured on, which favours it; somebody whom
it does not know gets from it what is popular. Similar items are asked with one item of each visit
of the last tenth, and should give the others.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import (
    BM25Recommender,
    CosineRecommender,
    ItemItemRecommender,
    TFIDFRecommender,
)
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from benchmarks.figure import Figure
from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import HistoryEvent, Query, TrainingData, train
from personalize_emulator.models.cooccurrence import visits_of
from personalize_emulator.models.evaluation import GAIN, hold_out_visits, measure
from tests.emulator.shop_data import ONLINE_RETAIL, online_retail, training_data

_DEPTH = 25
_DISCOUNT = 1 / np.log2(np.arange(2, _DEPTH + 2))
_BY_ITEM: Sequence[type[ItemItemRecommender]] = (
    CosineRecommender,
    TFIDFRecommender,
    BM25Recommender,
)
_NEIGHBOURS = (20, 50, 100, 200)
_FACTORS, _REGULARIZATION, _ALPHA = (32, 64, 128), (0.01, 0.1, 1.0), (1.0, 10.0, 40.0)
_ITERATIONS = 15
_SHOPS = 3
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
    """Measure user personalisation and similar items."""
    # As implicit advises: it has threads of its own. It warns all the same, and of its own
    # conversions.
    with threadpool_limits(1, "blas"), warnings.catch_warnings(action="ignore"):
        return _figures()


def _figures() -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    retail = online_retail() if ONLINE_RETAIL.is_dir() else None
    if retail is None:
        print(f"no figures of real data: there is no {ONLINE_RETAIL}")
    else:
        figures |= _personalization("emulator.", [Split.of(retail)])
        figures["emulator.similar_items_ndcg_at_25"] = _similar_items(retail)
    shops = [
        training_data(generate_shop(users=1_000, items=500, interactions=30_000, seed=seed))
        for seed in range(_SHOPS)
    ]
    figures |= _personalization("emulator.generated_", [Split.of(shop) for shop in shops])
    if retail is None:
        figures["emulator.similar_items_ndcg_at_25"] = _similar_items(shops[0])
    return figures


def _personalization(prefix: str, splits: Sequence[Split]) -> dict[str, Figure]:
    """Measure on the mean of some shops; each model of implicit is the same on all of them."""

    def mean(answers: Sequence[Answer]) -> tuple[float, float]:
        scores = [split.score(answer) for split, answer in zip(splits, answers, strict=True)]
        recall, gain = np.mean(scores, axis=0)
        return float(recall), float(gain)

    ours = mean([personalized(split.past, "aws-user-personalization-v2") for split in splits])
    floor = mean([popular(split.past) for split in splits])
    rivals = [mean(same) for same in zip(*(_rivals(split.past) for split in splits), strict=True)]
    return {
        f"{prefix}{name}": Figure(
            unit="share", ours=ours[at], naive=max(rival[at] for rival in rivals), floor=floor[at]
        )
        for at, name in enumerate(("recall_at_25", "ndcg_at_25"))
    }


def _similar_items(data: TrainingData) -> Figure:
    """Measure how well what else there is on a later visit is found from one item of it."""
    past, cases = hold_out_visits(data, visits_of(data), seed=_SEED)
    model = train("aws-similar-items", past, seed=_SEED)
    best_sellers = [past.item_ids[item] for item in popular(past)(0)]

    def gain(recommend: Callable[[str], Sequence[str]]) -> float:
        return measure(cases, lambda case: recommend(case.history[0].item_id), len(past.item_ids))[
            GAIN
        ]

    return Figure(
        unit="share",
        ours=gain(lambda item: [one.item_id for one in model.recommend(Query(item_id=item))]),
        naive=max(gain(rival) for rival in _similar_rivals(past)),
        floor=gain(lambda item: [one for one in best_sellers if one != item]),
    )


def _similar_rivals(past: TrainingData) -> Iterator[Callable[[str], Sequence[str]]]:
    """The item-item models of implicit, asked for the neighbours of an item."""
    position = {item: at for at, item in enumerate(past.item_ids)}
    for kind in _BY_ITEM:
        model = kind(K=_DEPTH + 1)
        model.fit(_met(past), show_progress=False)

        def recommend(item: str, model: ItemItemRecommender = model) -> Sequence[str]:
            found, _ = model.similar_items(position[item], N=_DEPTH + 1)
            return [past.item_ids[at] for at in found.tolist() if at != position[item]]

        yield recommend


def personalized(past: TrainingData, recipe: str) -> Answer:
    """Ours, asked as the runtime asks it."""
    model = train(recipe, past, seed=_SEED)
    position = {item: at for at, item in enumerate(past.item_ids)}
    histories = _histories(past)

    def answer(user: int) -> Sequence[int]:
        who = past.user_ids[user]
        query = Query(
            who,
            histories.get(user, ()),
            user=past.user_metadata.get(who, {}),
            num_results=_DEPTH,
        )
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
    met = _met(past)
    models: list[tuple[Any, float]] = [(kind(K=k), 1.0) for kind in _BY_ITEM for k in _NEIGHBOURS]
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


def _met(past: TrainingData) -> sparse.csr_matrix:
    """How often each user met each item."""
    shape = (len(past.user_ids), len(past.item_ids))
    return sparse.csr_matrix(
        (np.ones(len(past), dtype=np.float32), (past.user, past.item)), shape=shape
    )


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
