"""Figures that the service reports, as CloudWatch takes them."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from botocore.config import Config
from botocore.session import get_session

_log = logging.getLogger(__name__)

_WAITING = 10_000  # figures at most wait for their turn
_AT_ONCE = 1000  # figures, the most that PutMetricData takes


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


class _CloudWatch(Protocol):
    """The client of CloudWatch, as far as it is used."""

    def put_metric_data(self, **request: object) -> object: ...

    def close(self) -> None: ...


class CloudWatchMetricData:
    """Figures for the CloudWatch behind an endpoint, that of local AWS above all.

    They are sent by a thread of its own, so that nobody waits. What cannot be sent is logged and
    lost, and so is what comes in faster than it goes out.
    """

    def __init__(
        self,
        endpoint_url: str | None = None,
        *,
        region: str = "us-east-1",
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
    ) -> None:
        """Send to this endpoint; thread and connection are made with the first figure."""
        self._endpoint_url = endpoint_url
        self._region = region
        self._access_key_id = access_key_id
        self._secret_access_key = secret_access_key
        self._waiting: queue.Queue[tuple[str, MetricDatum] | None] = queue.Queue(_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, namespace: str, data: Sequence[MetricDatum]) -> None:
        """Send figures as soon as it is their turn."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="personalize-metric-data", daemon=True
                )
                self._thread.start()
        for number, datum in enumerate(data):
            try:
                self._waiting.put_nowait((namespace, datum))
            except queue.Full:
                _log.warning("%d figures of %s are lost", len(data) - number, namespace)
                return

    def close(self) -> None:
        """Send what waits, and stop."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def _run(self) -> None:
        client = cast(
            _CloudWatch,
            get_session().create_client(
                "cloudwatch",
                endpoint_url=self._endpoint_url,
                region_name=self._region,
                aws_access_key_id=self._access_key_id,
                aws_secret_access_key=self._secret_access_key,
                config=Config(
                    connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 2}
                ),
            ),
        )
        while (first := self._waiting.get()) is not None:
            namespace, datum = first
            batch = [datum]
            over = False
            while len(batch) < _AT_ONCE:
                try:
                    following = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    over = True
                    break
                if following[0] != namespace:
                    self._send(client, namespace, batch)
                    namespace, batch = following[0], []
                batch.append(following[1])
            self._send(client, namespace, batch)
            if over:
                break
        client.close()

    @staticmethod
    def _send(client: _CloudWatch, namespace: str, batch: Sequence[MetricDatum]) -> None:
        try:
            client.put_metric_data(Namespace=namespace, MetricData=[_as_sent(d) for d in batch])
        except Exception as error:  # whatever it is: a thread that ends would lose all that follows
            _log.warning("%d figures of %s are lost: %s", len(batch), namespace, error)


def _as_sent(datum: MetricDatum) -> dict[str, Any]:
    return {
        "MetricName": datum.name,
        "Value": datum.value,
        "Timestamp": datetime.fromtimestamp(datum.timestamp, UTC),
        "Dimensions": [
            {"Name": name, "Value": value} for name, value in datum.dimensions.items() if value
        ],
        "Unit": datum.unit,
    }
