"""aws-user-personalization-v2: what a user will want next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.content import Content
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.evaluation import Case, hold_out, measure
from personalize_emulator.models.model import Query, ScoredItem
from personalize_emulator.models.selection import best
from personalize_emulator.models.settings import TrainingSettings
from personalize_emulator.models.user_scorer import MIXES, UserScorer

_GAIN = "normalized_discounted_cumulative_gain_at_25"
_CLEARLY = 1.07
"""How much better a mix must be to be taken before one that shows users more new things."""


@dataclass(frozen=True)
class UserPersonalization:
    """Recommend from the whole catalogue; somebody unknown gets what is popular of late.

    Items that the user bought before are among the recommendations, as the service gives them; a
    filter excludes them.
    """

    kind: ClassVar[str] = "user-personalization"

    scorer: UserScorer
    metrics: Mapping[str, float]

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Choose the mix and measure it on the later part of the data, then learn from all.

        The mix is chosen on every other user of the held-out part and measured on the rest, so
        that the metrics are of users whom nothing was fitted to.
        """
        past, cases = hold_out(data, seed=seed)
        content = Content.of(data.item_ids, data.item_metadata)
        met = past.item[np.isin(past.user, [case.user for case in cases])].astype(np.intp)
        parts = UserScorer.fit(past, content, settings.parameters, items=met)
        gains = [cls(parts.with_mix(mix), {})._measure(cases[::2])[_GAIN] for mix in MIXES]
        best_gain = max(gains)
        mix = MIXES[0] if best_gain < gains[0] * _CLEARLY else MIXES[gains.index(best_gain)]
        metrics = cls(parts.with_mix(mix), {})._measure(cases[1::2])
        return cls(UserScorer.fit(data, content, settings.parameters).with_mix(mix), metrics)

    def _measure(self, cases: Sequence[Case]) -> dict[str, float]:
        def answer(case: Case) -> list[str]:
            return [item.item_id for item in self.recommend(Query(history=case.history))]

        return measure(cases, answer, len(self.scorer.item_ids))

    def recommend(self, query: Query) -> list[ScoredItem]:
        """The items with the highest scores; the scores of the whole catalogue sum to 1."""
        scores = self.scorer.scores(query.history)
        return best(scores, self.scorer.item_ids, query.num_results, query.allowed)

    def to_bytes(self) -> bytes:
        """Serialise the model."""
        header = {**self.scorer.header(), "metrics": dict(self.metrics)}
        return Archive(self.kind, header, self.scorer.arrays()).to_bytes()

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        return cls(UserScorer.from_archive(archive), archive.header["metrics"])
