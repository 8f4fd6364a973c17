"""aws-next-best-action: what a user will most likely do next."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.action_catalogue import ActionCatalogue, kinship
from personalize_emulator.models.action_examples import ActionLog, features_of
from personalize_emulator.models.action_metrics import measured, split
from personalize_emulator.models.archive import Archive
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.hyperparameters import Values
from personalize_emulator.models.model import Exploration, Query, ScoredItem
from personalize_emulator.models.propensity import Propensity
from personalize_emulator.models.settings import TrainingSettings
from personalize_emulator.models.tastes import Tastes

_DAY = 86_400

_ENOUGH = 50
"""Taken interactions, and others, that an action must have for a score."""

_DIGITS = 3
"""Digits of a score: users as likely to take two actions, up to them, get that of more value."""


@dataclass(frozen=True)
class NextBestAction:
    """Recommend actions by how likely the user is to take each within some days.

    An action that too few users decided on has no score. Such actions take the last places of a
    list, as many as exploration says, and more if there are not enough others; the fewer
    interactions one had, the sooner it is tried. As long as no action has a score, the list is the
    same for everybody: what is worth most first, then what is new.
    """

    kind: ClassVar[str] = "aws-next-best-action"

    catalogue: ActionCatalogue
    kin: NDArray[np.float32]
    scored: NDArray[np.bool_]
    propensity: Propensity
    tastes: Tastes
    latest: int
    """The time of the latest interaction at the training, in epoch seconds."""
    metrics: Mapping[str, float]

    @classmethod
    def train(cls, data: TrainingData, settings: TrainingSettings, *, seed: int) -> Self:
        """Measure a model of the earlier decisions on the later ones, then learn from all."""
        period = Values.of(cls.kind, settings).number("action_optimization_period") * _DAY
        earlier, cases = split(data, seed=seed)
        metrics: Mapping[str, float] = {}
        if cases:
            trial = cls._fit(earlier, period, {}, seed)
            metrics = measured(cases, trial.recommend, trial.chances, trial.catalogue.action_ids)
        return cls._fit(data, period, metrics, seed)

    @classmethod
    def _fit(
        cls, data: TrainingData, period: float, metrics: Mapping[str, float], seed: int
    ) -> Self:
        actions = _actions_of(data)
        catalogue = ActionCatalogue.of(actions)
        kin = kinship(actions, catalogue.action_ids)
        tastes = Tastes.of(data, seed=seed)
        log = ActionLog.of(actions, catalogue.action_ids)
        taken, others = log.counts(len(catalogue))
        scored = (taken >= _ENOUGH) & (others >= _ENOUGH)
        rows, was_taken = log.examples(period)
        decided = scored[log.action[rows]]
        rows = rows[decided]
        users = tastes.of_users(data, actions.user_ids)
        propensity = Propensity.fit(
            len(catalogue),
            log.action[rows],
            log.features(kin)[rows],
            users[log.user[rows]],
            was_taken[decided],
        )
        latest = max(int(part.timestamp[-1]) if len(part) else 0 for part in (data, actions))
        return cls(catalogue, kin, scored, propensity, tastes, latest, metrics)

    def updated(self, data: TrainingData) -> Self:
        """The same model that knows the actions that are there now; new ones are explored.

        Raises:
            ValueError: If there are no actions any more.
        """
        actions = _actions_of(data)
        catalogue = ActionCatalogue.of(actions)
        position = {action: at for at, action in enumerate(self.catalogue.action_ids)}
        # A new action has the row behind the last: no score, no weights and no kin.
        old = [position.get(action, len(position)) for action in catalogue.action_ids]
        own = np.vstack([self.propensity.own, np.zeros((1, self.propensity.own.shape[1]))])
        kin = np.vstack([self.kin, np.zeros((1, self.kin.shape[1]), np.float32)])
        return replace(
            self,
            catalogue=catalogue,
            kin=kin[old],
            scored=np.append(self.scored, False)[old],
            propensity=replace(self.propensity, own=own[old]),
        )

    def recommend(self, query: Query) -> list[ScoredItem]:
        """The actions that the user may be shown, the most likely one first."""
        now = self.latest if query.now is None else query.now
        eligible = self.catalogue.eligible(query.action_history, now)
        if query.allowed is not None:
            eligible &= np.array([query.allowed(one) for one in self.catalogue.action_ids])
        chosen = np.flatnonzero(eligible & self.scored)
        unknown = np.flatnonzero(eligible & ~self.scored).tolist()
        exploration = query.exploration or Exploration()
        places = max(int(exploration.weight * query.num_results), query.num_results - len(chosen))
        places = min(places, len(unknown))
        ranked = self._ranked(query, chosen)[: query.num_results - places]
        order = self._explored if self.scored.any() else self._worth
        explored = sorted(unknown, key=lambda at: order(at, query, exploration))[:places]
        return ranked + [ScoredItem(self.catalogue.action_ids[at], 0.0) for at in explored]

    def chances(self, query: Query) -> NDArray[np.float64]:
        """How likely the user is to take each action; nan for one without a score."""
        features = features_of(query.action_history, self.catalogue.action_ids, self.kin)
        tastes = self.tastes.of_history(query.user_id, [event.item_id for event in query.history])
        chances = self.propensity.chance(np.arange(len(self.catalogue)), features, tastes)
        return np.where(self.scored, chances, np.nan)

    def _ranked(self, query: Query, chosen: NDArray[np.intp]) -> list[ScoredItem]:
        if len(chosen) == 0:
            return []
        # A score of zero would say that there is none.
        scores = np.maximum(np.round(self.chances(query)[chosen], _DIGITS), 10.0**-_DIGITS)
        value = np.array(self.catalogue.value)[chosen]
        order = np.lexsort((chosen, -value, -scores))
        return [
            ScoredItem(self.catalogue.action_ids[chosen[at]], float(scores[at])) for at in order
        ]

    def _explored(self, at: int, query: Query, exploration: Exploration) -> tuple[bool, int, int]:
        """New actions first, then those of few interactions; for each user in another order."""
        age = (self.latest - self.catalogue.created[at]) / _DAY
        lot = zlib.crc32(f"{query.user_id}\0{self.catalogue.action_ids[at]}".encode())
        return age > exploration.age_cut_off, self.catalogue.interactions[at], lot

    def _worth(self, at: int, query: Query, exploration: Exploration) -> tuple[float, float, int]:
        del query, exploration
        return -self.catalogue.value[at], -self.catalogue.created[at], at

    def to_bytes(self) -> bytes:
        """Serialise the model."""
        header = {
            **self.catalogue.header(),
            **self.tastes.header(),
            "latest": self.latest,
            "metrics": dict(self.metrics),
        }
        arrays = {
            "kin": self.kin,
            "scored": self.scored,
            "common": self.propensity.common,
            "own": self.propensity.own,
            **self.tastes.arrays(),
        }
        return Archive(self.kind, header, arrays).to_bytes()

    @classmethod
    def from_archive(cls, archive: Archive) -> Self:
        """Put together what `to_bytes` took apart."""
        header, arrays = archive.header, archive.arrays
        return cls(
            ActionCatalogue.from_header(header),
            arrays["kin"],
            arrays["scored"],
            Propensity(arrays["common"], arrays["own"]),
            Tastes.from_archive(archive),
            header["latest"],
            header["metrics"],
        )


def _actions_of(data: TrainingData) -> TrainingData:
    if data.actions is None or not data.actions.item_ids:
        msg = "no actions to recommend"
        raise ValueError(msg)
    return data.actions
