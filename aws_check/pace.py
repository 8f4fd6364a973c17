"""How long things may take, and how often to look: on AWS, and on the fast clock of local AWS."""

from __future__ import annotations

from dataclasses import dataclass

_HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Intervals and limits, in seconds of this machine.

    Args:
        learning_poll: Between two looks at the pipeline; one request a second is the account's
            ceiling for each operation (GR).
        learning_limit: For imports, trainings and campaigns.
        poll: Between two looks at anything else.
        limit: For one resource to be made or deleted.
        effect_limit: For events to show in the recommendations.
        figures_limit: For the figures of a metric attribution, reported every 15 minutes at best.
        new_role: Until a new role is known everywhere.
    """

    learning_poll: float
    learning_limit: float
    poll: float
    limit: float
    effect_limit: float
    figures_limit: float
    new_role: float


AWS_PACE = Pace(
    learning_poll=60,
    learning_limit=12 * _HOUR,
    poll=15,
    limit=1.5 * _HOUR,
    effect_limit=900,
    figures_limit=_HOUR,
    new_role=20,
)
LOCAL_PACE = Pace(
    learning_poll=0.25,
    learning_limit=300,
    poll=0.1,
    limit=60,
    effect_limit=60,
    figures_limit=30,
    new_role=0,
)
