"""Throttling: requests beyond the documented rates are refused, where that is switched on.

Requests come in real time, so it is real time that fills the buckets, however fast the emulated
clock runs. Each rate allows a burst of itself: whoever sends nothing for a second may send a
second's worth at once. How much more the service lets through is not documented.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from personalize_emulator.caller import Caller
from personalize_emulator.errors import ThrottlingError
from personalize_emulator.service_model import Operation

_MOST_BUCKETS = 10_000

CONTROL_PLANE_RATE = 1.0
"""Requests a second for each operation of an account in a Region, and not adjustable: AWS General
Reference, "Amazon Personalize endpoints and quotas". Filters, recommenders, tags, and the jobs
beside imports are not listed there."""

CONTROL_PLANE_OPERATIONS = frozenset(
    {
        "CreateCampaign",
        "CreateDataset",
        "CreateDatasetGroup",
        "CreateDatasetImportJob",
        "CreateEventTracker",
        "CreateSchema",
        "CreateSolution",
        "CreateSolutionVersion",
        "DeleteCampaign",
        "DeleteDataset",
        "DeleteDatasetGroup",
        "DeleteEventTracker",
        "DeleteSchema",
        "DeleteSolution",
        "DescribeAlgorithm",
        "DescribeCampaign",
        "DescribeDataset",
        "DescribeDatasetGroup",
        "DescribeDatasetImportJob",
        "DescribeEventTracker",
        "DescribeFeatureTransformation",
        "DescribeRecipe",
        "DescribeSchema",
        "DescribeSolution",
        "GetSolutionMetrics",
        "ListCampaigns",
        "ListDatasetGroups",
        "ListDatasetImportJobs",
        "ListDatasets",
        "ListEventTrackers",
        "ListRecipes",
        "ListSchemas",
        "ListSolutionVersions",
        "ListSolutions",
        "UpdateCampaign",
        "UpdateDataset",
    }
)
"""The operations that the General Reference lists."""

EVENT_RATES: Mapping[str, tuple[float, str]] = {
    "PutEvents": (1000.0, "trackingId"),
    "PutActionInteractions": (1000.0, "trackingId"),
    "PutItems": (10.0, "datasetArn"),
    "PutUsers": (10.0, "datasetArn"),
    "PutActions": (10.0, "datasetArn"),
}
"""Requests a second for each dataset group, and the member that tells the groups apart: a group has
one tracker, and one dataset of a type. From the developer guide's page of limits."""

RUNTIME_RATE = 2500.0
"""Requests a second of all runtime operations of an account, from the same page."""

DEPLOYMENT_RATE = 500.0
"""Requests a second for each operation of a campaign, from the same page. That of a recommender is
not listed; here it is the same."""


class Throttle(Protocol):
    """What lets requests through, or does not."""

    def admit(self, operation: Operation, request: Mapping[str, Any], caller: Caller) -> None:
        """Let a request through.

        Raises:
            ThrottlingError: There were too many.
        """
        ...


@dataclass
class _Bucket:
    tokens: float
    filled: float


class DocumentedRates:
    """Lets requests through at the documented rates."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Start with full buckets.

        Args:
            now: The time, in real seconds.
        """
        self._now = now
        self._lock = threading.Lock()
        self._buckets: OrderedDict[tuple[str, ...], _Bucket] = OrderedDict()

    def admit(self, operation: Operation, request: Mapping[str, Any], caller: Caller) -> None:
        """Let a request through, if each of the rates that hold for it has room.

        Raises:
            ThrottlingError: One has not; the request takes room of none.
        """
        rates = list(_rates(operation, request))
        with self._lock:
            now = self._now()
            buckets = [
                self._bucket((caller.account, caller.region, *key), rate, now)
                for rate, *key in rates
            ]
            if any(bucket.tokens < 1 for bucket in buckets):
                raise ThrottlingError(429 if operation.protocol == "rest-json" else 400)
            for bucket in buckets:
                bucket.tokens -= 1
            while len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)

    def _bucket(self, key: tuple[str, ...], rate: float, now: float) -> _Bucket:
        """Return a bucket, filled up to this moment; one that was long unused may start anew."""
        bucket = self._buckets.setdefault(key, _Bucket(rate, now))
        bucket.tokens = min(rate, bucket.tokens + (now - bucket.filled) * rate)
        bucket.filled = now
        self._buckets.move_to_end(key)
        return bucket


def _rates(
    operation: Operation, request: Mapping[str, Any]
) -> Iterator[tuple[float, *tuple[str, ...]]]:
    """Yield the rates that hold for a request, each with what it is counted by."""
    if operation.service == "personalize-runtime":
        yield RUNTIME_RATE, operation.service
        deployed = request.get("campaignArn") or request.get("recommenderArn")
        yield DEPLOYMENT_RATE, operation.name, str(deployed)
    elif operation.name in EVENT_RATES:
        rate, member = EVENT_RATES[operation.name]
        yield rate, operation.name, str(request.get(member))
    elif operation.name in CONTROL_PLANE_OPERATIONS:
        yield CONTROL_PLANE_RATE, operation.name
