"""Figures go to the CloudWatch behind an endpoint, and nobody waits for them."""

from __future__ import annotations

import gzip
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from personalize_emulator.metric_data import CloudWatchMetricData, MetricDatum


class CloudWatch(ThreadingHTTPServer):
    """As much of CloudWatch as PutMetricData needs."""

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.bodies: list[bytes] = []


class _Handler(BaseHTTPRequestHandler):
    server: CloudWatch

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packed = self.headers.get("Content-Encoding") == "gzip"
        self.server.bodies.append(gzip.decompress(body) if packed else body)
        self.send_response(self.server.status)
        for name in ("Content-Type", "smithy-protocol"):
            if value := self.headers.get(name):
                self.send_header(name, value)
        # Older clients speak the query protocol, and want XML.
        query = "urlencoded" in self.headers.get("Content-Type", "")
        answer = b"<PutMetricDataResponse/>" if query else b""
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def cloudwatch() -> Iterator[CloudWatch]:
    """A CloudWatch that notes what it is sent."""
    with CloudWatch() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def metric_data(server: CloudWatch) -> CloudWatchMetricData:
    return CloudWatchMetricData(
        f"http://127.0.0.1:{server.server_port}",
        access_key_id="123456789012",
        secret_access_key="any",
    )


def test_figures_arrive(cloudwatch: CloudWatch) -> None:
    data = metric_data(cloudwatch)
    data.put("Shop", [MetricDatum("views", 3.0, 1_700_000_000, {"Source": "mail"}, "Count")])
    data.close()
    sent = b"".join(cloudwatch.bodies)
    assert all(part in sent for part in (b"Shop", b"views", b"Source", b"mail", b"Count"))


def test_figures_of_one_namespace_go_together(cloudwatch: CloudWatch) -> None:
    data = metric_data(cloudwatch)
    data.put("Shop", [MetricDatum(f"metric-{n}", n, 1_700_000_000) for n in range(50)])
    data.close()
    assert len(cloudwatch.bodies) <= 2
    assert all(f"metric-{n}".encode() in b"".join(cloudwatch.bodies) for n in range(50))


def test_figures_that_cannot_be_sent_are_logged(
    cloudwatch: CloudWatch, caplog: pytest.LogCaptureFixture
) -> None:
    cloudwatch.status = 400
    data = metric_data(cloudwatch)
    with caplog.at_level(logging.WARNING, "personalize_emulator.metric_data"):
        data.put("Shop", [MetricDatum("views", 1.0, 1_700_000_000)])
        data.close()
    assert "1 figures of Shop are lost" in caplog.text


def test_what_was_never_used_is_closed_at_once(cloudwatch: CloudWatch) -> None:
    metric_data(cloudwatch).close()
    assert cloudwatch.bodies == []
