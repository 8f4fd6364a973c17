"""A given list in the order in which a user wants it: the recipes of personalised ranking."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.model import Query, ScoredItem
from personalize_emulator.models.settings import TrainingSettings
from personalize_emulator.models.user_personalization import (
    Personalization,
    UserPersonalization,
    UserPersonalizationV2,
)


class _ScoresV2(UserPersonalizationV2):
    """What ranking of the second version orders by."""

    kind = "aws-personalized-ranking-v2"
    exploration = None


class _Scores(UserPersonalization):
    """What ranking orders by."""

    kind = "aws-personalized-ranking"
    exploration = None


@dataclass(frozen=True)
class PersonalizedRankingV2:
    """aws-personalized-ranking-v2: rank the items of the query by the scores of personalisation.

    The hyperparameters are those of user personalisation, with the same meaning.
    """

    scored_by: ClassVar[type[Personalization]] = _ScoresV2
    kind: ClassVar[str] = _ScoresV2.kind

    personalization: Personalization

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Learn what user personalisation learns."""
        return cls(cls.scored_by.train(data, settings, seed=seed))

    @property
    def metrics(self) -> Mapping[str, float]:
        """The metrics of a ranking of the whole catalogue."""
        return self.personalization.metrics

    @property
    def tuned(self) -> Mapping[str, str]:
        """The hyperparameters that HPO chose; empty without it."""
        return self.personalization.tuned

    def recommend(self, query: Query) -> list[ScoredItem]:
        """The input list in order; what the training did not see comes last, as given, with 0.

        The scores of the input items sum to 1. A filter takes items out, and `num_results` cuts
        nothing: the service answers with the whole list.
        """
        scorer = self.personalization.scorer
        given = [
            item
            for item in dict.fromkeys(query.input_list or ())
            if query.allowed is None or query.allowed(item)
        ]
        positions = {item: scorer.positions[item] for item in given if item in scorer.positions}
        scores = scorer.scores(
            query.history, query.context, query.user, told_apart=list(positions.values())
        )
        known = {item: float(scores[at]) for item, at in positions.items()}
        total = sum(known.values())
        ranked = sorted(known, key=lambda item: -known[item])
        unknown = [item for item in given if item not in known]
        return [ScoredItem(item, known[item] / total) for item in ranked] + [
            ScoredItem(item, 0.0) for item in unknown
        ]

    def to_bytes(self) -> bytes:
        """Serialise the model."""
        return self.personalization.to_bytes()

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        return cls(cls.scored_by.from_archive(archive))


class PersonalizedRanking(PersonalizedRankingV2):
    """aws-personalized-ranking."""

    scored_by = _Scores
    kind = _Scores.kind
