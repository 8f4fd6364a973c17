"""What is measured of the answers, as a line in the log (CloudWatch's embedded metric format).

Powertools writes a line for each set of dimensions, and each takes as long as the rest of an answer
that needs no call. Here it is one line for a request, by the format's specification.
"""

import json
import os
import time
from typing import Any

from personalize_runtime.observability import NAMESPACE
from recommend.declarations import Route
from recommend.serving import Told

_MILLISECONDS = 1000
_UNITS = {"Latency": "Milliseconds"}
_OF_ALL = ["service"]
_OF_MODEL = ["service", "route", "model"]
_encoder = json.JSONEncoder(separators=(",", ":"))


class Measures:
    """Tells of the answers: of all of them, and of each model's."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._service = os.environ.get("POWERTOOLS_SERVICE_NAME", "recommend")
        self._counts: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._about: dict[str, str] = {}

    def count(self, name: str, number: int = 1) -> None:
        """Count something of all answers."""
        self._counts[name] = self._counts.get(name, 0) + number

    def told(self, route: Route, told: Told) -> None:
        """Tell of an answer, by the model that was asked.

        Args:
            route: The route of the request.
            told: What is measured of it.
        """
        served = told.served
        self._about = {"route": route, "model": served.asked, "servedBy": served.served_by}
        if told.user_id is not None:
            self._about["userId"] = told.user_id
        self._told = {
            "Latency": told.seconds * _MILLISECONDS,
            "Fallbacks": int(served.is_fallback),
            "EmptyLists": int(not served.entries),
            "CacheHits": int(told.cached),
        }

    def write(self) -> None:
        """Write what was told since the last time."""
        metrics = [_directive([_OF_ALL], self._counts)]
        if self._told:
            metrics.append(_directive([_OF_ALL, _OF_MODEL], self._told))
        line = {
            "_aws": {
                "Timestamp": int(time.time() * _MILLISECONDS),
                "CloudWatchMetrics": metrics,
            },
            "service": self._service,
            **self._about,
            **self._counts,
            **self._told,
        }
        self._counts, self._told, self._about = {}, {}, {}
        print(_encoder.encode(line))


def _directive(dimensions: list[list[str]], values: dict[str, float]) -> dict[str, Any]:
    return {
        "Namespace": NAMESPACE,
        "Dimensions": dimensions,
        "Metrics": [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in values],
    }
