"""What the resource families and the two data planes stand on."""

from __future__ import annotations

from dataclasses import dataclass

from personalize_emulator.clock import Clock
from personalize_emulator.data.interactions import InteractionLog
from personalize_emulator.data.records import Records
from personalize_emulator.jobs import Jobs
from personalize_emulator.metric_data import MetricData
from personalize_emulator.model_store import Models
from personalize_emulator.objects import ObjectStorage
from personalize_emulator.quotas import Quotas
from personalize_emulator.roles import Roles
from personalize_emulator.store import Store


@dataclass(frozen=True)
class Backend:
    """The parts of the emulator that everything shares.

    Attributes:
        store: The state.
        clock: The emulated time.
        jobs: Whatever takes time.
        interactions: What users did.
        records: What is known of items and users.
        models: What was trained.
        objects: Where bulk data comes from, and answers to bulk questions go.
        roles: Which roles the service may use.
        metric_data: Where figures are reported to.
        quotas: How much of each thing there may be.
        seed: The same seed and data make the same models.
    """

    store: Store
    clock: Clock
    jobs: Jobs
    interactions: InteractionLog
    records: Records
    models: Models
    objects: ObjectStorage
    roles: Roles
    metric_data: MetricData
    quotas: Quotas
    seed: int

    def now(self) -> float:
        """Return the emulated time as the documents hold it, to the millisecond."""
        return round(self.clock.now(), 3)
