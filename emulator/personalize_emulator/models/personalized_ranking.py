"""aws-personalized-ranking-v2: a given list in the order in which a user wants it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.model import Query, ScoredItem
from personalize_emulator.models.settings import TrainingSettings
from personalize_emulator.models.user_personalization import UserPersonalization


@dataclass(frozen=True)
class PersonalizedRanking:
    """Rank the items of the query by the scores of user personalisation."""

    kind: ClassVar[str] = "personalized-ranking"

    personalization: UserPersonalization

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Learn what user personalisation learns."""
        return cls(UserPersonalization.train(data, settings, seed=seed))

    @property
    def metrics(self) -> Mapping[str, float]:
        """The metrics of a ranking of the whole catalogue."""
        return self.personalization.metrics

    def recommend(self, query: Query) -> list[ScoredItem]:
        """The input list in order; what the training did not see comes last, as given, with 0.

        The scores of the input items sum to 1. A filter takes items out, and `num_results` cuts
        nothing: the service answers with the whole list.
        """
        scorer = self.personalization.scorer
        scores = scorer.scores(query.history)
        given = [
            item
            for item in dict.fromkeys(query.input_list or ())
            if query.allowed is None or query.allowed(item)
        ]
        positions = {item: scorer.position(item) for item in given}
        known = {item: float(scores[at]) for item, at in positions.items() if at is not None}
        total = sum(known.values())
        ranked = sorted(known, key=lambda item: -known[item])
        unknown = [item for item in given if item not in known]
        return [ScoredItem(item, known[item] / total) for item in ranked] + [
            ScoredItem(item, 0.0) for item in unknown
        ]

    def to_bytes(self) -> bytes:
        """Serialise the model."""
        return Archive.from_bytes(self.personalization.to_bytes()).renamed(self.kind).to_bytes()

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        return cls(UserPersonalization.from_archive(archive))
