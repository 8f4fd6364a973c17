"""The legacy recipes of user personalisation: aws-hrnn, aws-hrnn-metadata, aws-hrnn-coldstart.

Their hyperparameters have the meaning that those of aws-user-personalization have. None of them
uses the context of a request.
"""

import numpy as np
from numpy.typing import NDArray

from personalize_emulator.models.hyperparameters import Values
from personalize_emulator.models.model import Exploration, Query
from personalize_emulator.models.user_personalization import (
    Personalization,
    UpdatablePersonalization,
    sequence_traits,
)
from personalize_emulator.models.user_scorer import Traits

_COLD_WEIGHT = 0.6
"""How much of an answer cold items take: as much as exploration of this weight."""


class HrnnMetadata(Personalization):
    """aws-hrnn-metadata."""

    kind = "aws-hrnn-metadata"

    @classmethod
    def traits(cls, values: Values) -> Traits:
        """What the hyperparameters make of a history."""
        return sequence_traits(values, contextual=False)


class Hrnn(HrnnMetadata):
    """aws-hrnn, which knows interactions alone."""

    kind = "aws-hrnn"
    described = False


class HrnnColdstart(UpdatablePersonalization):
    """aws-hrnn-coldstart, which recommends cold items as well.

    An item is cold if it was met `cold_start_max_interactions` times at most, and first no longer
    than `cold_start_max_duration` days before the latest interaction, or before now
    (`cold_start_relative_from`). What share of an answer cold items take is not documented, nor is
    the service's refusal of fewer than 100 of them repeated here: a test shop has fewer.
    """

    kind = "aws-hrnn-coldstart"
    exploration = Exploration(weight=_COLD_WEIGHT)

    @classmethod
    def traits(cls, values: Values) -> Traits:
        """What the hyperparameters make of a history."""
        return sequence_traits(values, contextual=False)

    def _exploration(self, query: Query) -> Exploration | None:
        del query
        return self.exploration

    def _candidates(self, exploration: Exploration, query: Query) -> NDArray[np.intp]:
        del exploration
        from_now = self.values.text("cold_start_relative_from") == "currenttime"
        return self.novelty.candidates(
            self.values.number("cold_start_max_duration"),
            since=query.now if from_now else None,
            most_met=self.values.integer("cold_start_max_interactions"),
        )
