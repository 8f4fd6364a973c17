"""What a user will want next: the recipes of user personalisation, and two use cases.

They share one model. They differ in what they can be told, whether they know the context of a
request, and how they try new items out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.archive import Archive
from personalize_emulator.models.content import Content
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.evaluation import GAIN, Case, hold_out, measure
from personalize_emulator.models.exploration import Novelty, chance, explored
from personalize_emulator.models.featurization import weighed, within_percentiles
from personalize_emulator.models.hyperparameters import Values
from personalize_emulator.models.model import Exploration, Query, ScoredItem
from personalize_emulator.models.objective import appeal, rewards
from personalize_emulator.models.selection import best
from personalize_emulator.models.settings import TrainingSettings
from personalize_emulator.models.tuning import clearly_best, tuned
from personalize_emulator.models.user_scorer import MIXES, Mix, Traits, UserScorer


@dataclass(frozen=True)
class _Lesson:
    """What there is to learn from, and what for.

    Attributes:
        data: The interactions.
        content: What the items are.
        appeal: The factor that the objective gives each item, if there is one.
        settings: How to train.
        seed: What decides where chance does.
    """

    data: TrainingData
    content: Content
    appeal: NDArray[np.float32] | None
    settings: TrainingSettings
    seed: int


@dataclass(frozen=True)
class Personalization:
    """Recommend from the whole catalogue; somebody unknown gets what is popular of late.

    Items that the user bought before are among the recommendations, as the service gives them; a
    filter, or the use case, excludes them.

    Attributes:
        kind: The name of the recipe.
        exploration: How new items are tried out; None if they are not.
        reasons: What is said of an item that is tried out.
        described: Whether the recipe knows what items, and who users are.
        scorer: How much a user wants each item.
        novelty: How new each item is.
        values: The hyperparameters.
        seed: What decides where chance does.
        metrics: Offline metrics.
        tuned: The hyperparameters that HPO chose; empty without it.
    """

    kind: ClassVar[str]
    exploration: ClassVar[Exploration | None] = None
    reasons: ClassVar[tuple[str, ...]] = ()
    described: ClassVar[bool] = True

    scorer: UserScorer
    novelty: Novelty
    values: Values
    seed: int
    metrics: Mapping[str, float]
    tuned: Mapping[str, str]

    @classmethod
    def traits(cls, values: Values) -> Traits:
        """What the hyperparameters make of a history."""
        del values
        return Traits()

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Choose hyperparameters and mix, measure them on the later part, then learn from all.

        The choice is made on every other user of the held-out part and measured on the rest, so
        that the metrics are of users whom nothing was fitted to. The service holds out a tenth of
        the users, and the latest tenth of what they did (working-with-training-metrics); here it is
        the latest tenth of all, which is stricter: nothing is learnt from what came later.

        Raises:
            ValueError: A setting is not allowed, or there is nothing to learn from.
        """
        data = weighed(data, settings.events)
        if len(data) == 0:
            msg = "no interactions of the event types to train on"
            raise ValueError(msg)
        worth, lift = None, None
        if settings.objective is not None:
            reward = rewards(settings.objective, data.item_ids, data.item_metadata)
            worth = dict(zip(data.item_ids, reward.tolist(), strict=True))
            lift = appeal(settings.objective, reward)
        content = (
            Content.of(data.item_ids, data.item_metadata, textual=settings.textual)
            if cls.described
            else Content.none(len(data.item_ids))
        )
        past, cases = hold_out(data, seed=seed)
        lesson = _Lesson(past, content, lift, settings, seed)
        best_values = tuned(
            settings.tuning,
            lambda values: cls._mixed(lesson, values, cases)._measure(cases[::2])[GAIN],
            seed=seed,
        )
        trial = cls._mixed(lesson, best_values, cases)
        metrics = trial._measure(cases[1::2], worth)
        whole = cls._fit(replace(lesson, data=data), best_values)
        return replace(whole.with_mix(trial.scorer.mix), metrics=metrics, tuned=best_values)

    @classmethod
    def _mixed(cls, lesson: _Lesson, parameters: Mapping[str, str], cases: Sequence[Case]) -> Self:
        """Learn, and mix so that it does best on every other case."""
        past = lesson.data
        met = past.item[np.isin(past.user, [case.user for case in cases])].astype(np.intp)
        parts = cls._fit(lesson, parameters, items=met)
        return parts.with_mix(
            clearly_best(MIXES, lambda mix: parts.with_mix(mix)._measure(cases[::2])[GAIN])
        )

    @classmethod
    def _fit(
        cls,
        lesson: _Lesson,
        parameters: Mapping[str, str],
        *,
        items: NDArray[np.intp] | None = None,
    ) -> Self:
        settings = lesson.settings
        given = replace(settings, parameters={**settings.parameters, **parameters}, tuning=None)
        values = Values.of(cls.kind, given)
        known = lesson.data if cls.described else replace(lesson.data, user_metadata={})
        scorer = UserScorer.fit(
            within_percentiles(known, values.texts),
            lesson.content,
            cls.traits(values),
            appeal=lesson.appeal,
            items=items,
            seed=lesson.seed,
        )
        return cls(scorer, Novelty.of(lesson.data), values, lesson.seed, {}, {})

    def with_mix(self, mix: Mix) -> Self:
        """The same model, its parts mixed differently."""
        return replace(self, scorer=self.scorer.with_mix(mix))

    def _measure(
        self, cases: Sequence[Case], worth: Mapping[str, float] | None = None
    ) -> dict[str, float]:
        def answer(case: Case) -> list[str]:
            query = Query(user_id=str(case.user), history=case.history, user=case.metadata)
            return [item.item_id for item in self.recommend(query)]

        return measure(cases, answer, len(self.scorer.item_ids), rewards=worth)

    def recommend(self, query: Query) -> list[ScoredItem]:
        """The items with the highest scores, and in their wake those that are tried out.

        The scores of the whole catalogue sum to 1.
        """
        scores = self.scorer.scores(query.history, query.context, query.user)
        found = best(scores, self.scorer.item_ids, query.num_results, query.allowed)
        exploration = self._exploration(query)
        if exploration is None or not exploration.weight > 0:
            return found
        return explored(
            found,
            query,
            exploration,
            candidates=self._candidates(exploration, query),
            scores=scores,
            novelty=self.novelty,
            item_ids=self.scorer.item_ids,
            random=chance(query, self.novelty.latest, self.seed),
            reasons=self.reasons,
        )

    def _exploration(self, query: Query) -> Exploration | None:
        if self.exploration is None:
            return None
        return query.exploration or self.exploration

    def _candidates(self, exploration: Exploration, query: Query) -> NDArray[np.intp]:
        del query
        return self.novelty.candidates(exploration.age_cut_off)

    def _with_new_items(self, data: TrainingData) -> Self:
        known = self.scorer.positions
        new = [item for item in data.item_ids if item not in known]
        scorer = self.scorer.extended(new, data.item_metadata) if new else self.scorer
        novelty = self.novelty.updated(scorer.positions, data)
        return replace(self, scorer=scorer, novelty=novelty)

    def to_bytes(self) -> bytes:
        """Serialise the model."""
        header: dict[str, Any] = {
            **self.scorer.header(),
            "values": dict(self.values.texts),
            "seed": self.seed,
            "metrics": dict(self.metrics),
            "tuned": dict(self.tuned),
        }
        arrays = {**self.scorer.arrays(), **self.novelty.arrays()}
        return Archive(self.kind, header, arrays).to_bytes()

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        header = archive.header
        return cls(
            UserScorer.from_archive(archive),
            Novelty.from_archive(archive),
            Values(header["values"]),
            header["seed"],
            header["metrics"],
            header["tuned"],
        )


class UpdatablePersonalization(Personalization):
    """A model into which new items come by themselves, without learning anew."""

    def updated(self, data: TrainingData) -> Self:
        """The same model that knows the new items of its group's data.

        A new item is tried out, and wanted as far as its description tells; what users did with it
        is learnt by the next training. Of the items that are known already only how often they
        were met and shown is new, so that what many have met or seen is tried out less.
        """
        return self._with_new_items(data)


class UserPersonalizationV2(UpdatablePersonalization):
    """aws-user-personalization-v2.

    `apply_recency_bias`: whether the latest events of a history, and the latest interactions of
    all, count more. The service explores by itself, and lightly: no request decides about it.
    """

    kind = "aws-user-personalization-v2"
    exploration: ClassVar[Exploration | None] = Exploration(weight=0.1)
    reasons = ("Exploration",)

    @classmethod
    def traits(cls, values: Values) -> Traits:
        """What the hyperparameters make of a history."""
        return Traits(recency=values.flag("apply_recency_bias"))

    def _exploration(self, query: Query) -> Exploration | None:
        del query
        return self.exploration


class UserPersonalization(UpdatablePersonalization):
    """aws-user-personalization.

    `hidden_dimension`: the rank of the factorisation of users by items, which tells apart the items
    that are ahead. `bptt`: the latest events of a history that count. `recency_mask`: whether the
    latest of them, and the latest interactions of all, count more.
    `min_user_history_length_percentile`, `max_user_history_length_percentile`: the users to learn
    from, by the number of their interactions.
    """

    kind = "aws-user-personalization"
    exploration: ClassVar[Exploration | None] = Exploration()

    @classmethod
    def traits(cls, values: Values) -> Traits:
        """What the hyperparameters make of a history."""
        return sequence_traits(values)


class RecommendedForYou(UpdatablePersonalization):
    """aws-ecomm-recommended-for-you; the serving layer leaves out what the user bought."""

    kind = "aws-ecomm-recommended-for-you"
    exploration: ClassVar[Exploration | None] = Exploration()


class TopPicks(UpdatablePersonalization):
    """aws-vod-top-picks; the serving layer leaves out what the user watched."""

    kind = "aws-vod-top-picks"
    exploration: ClassVar[Exploration | None] = Exploration()


def sequence_traits(values: Values, *, contextual: bool = True) -> Traits:
    """What the hyperparameters of the service's recurrent networks make of a history."""
    return Traits(
        rank=values.integer("hidden_dimension"),
        events=values.integer("bptt"),
        recency=values.flag("recency_mask"),
        contextual=contextual,
    )
