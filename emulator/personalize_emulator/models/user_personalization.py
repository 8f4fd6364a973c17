"""aws-user-personalization-v2: what a user will want next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.evaluation import hold_out, measure
from personalize_emulator.models.model import Query, ScoredItem
from personalize_emulator.models.selection import best
from personalize_emulator.models.user_scorer import UserScorer


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
    def train(cls, data: TrainingData, *, parameters: Mapping[str, str], seed: int) -> Self:
        """Measure a model of the earlier part on the later, then learn from all."""
        past, cases = hold_out(data, seed=seed)
        trial = cls(UserScorer.fit(past, parameters), {})
        metrics = measure(
            cases,
            lambda case: [item.item_id for item in trial.recommend(Query(history=case.history))],
            len(data.item_ids),
        )
        return cls(UserScorer.fit(data, parameters), metrics)

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
