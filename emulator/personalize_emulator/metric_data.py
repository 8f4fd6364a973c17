"""Figures that the service reports, as CloudWatch takes them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class MetricDatum:
    """One figure.

    Attributes:
        name: The name of the metric.
        value: The figure.
        timestamp: When it was so, in epoch seconds.
        dimensions: What it is of, by the name of the dimension.
        unit: The unit, as CloudWatch has it.
    """

    name: str
    value: float
    timestamp: float
    dimensions: Mapping[str, str] = field(default_factory=dict)
    unit: str = "None"


class MetricData(Protocol):
    """Where figures go."""

    def put(self, namespace: str, data: Sequence[MetricDatum]) -> None:
        """Report figures; the caller waits for nothing and hears of no failure."""
        ...


class MemoryMetricData:
    """Figures in memory, for tests to look at.

    Attributes:
        reported: What was reported, by namespace, oldest first.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.reported: dict[str, list[MetricDatum]] = {}
        self._lock = threading.Lock()

    def put(self, namespace: str, data: Sequence[MetricDatum]) -> None:
        """Keep figures."""
        with self._lock:
            self.reported.setdefault(namespace, []).extend(data)
