"""How many calls of PutEvents a second the emulator takes, one event each."""

from __future__ import annotations

import itertools
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import boto3

from benchmarks.figure import Figure
from benchmarks.ingest.tracker import create_tracker
from personalize_emulator import PersonalizeEmulator
from personalize_emulator.clock import Clock
from personalize_emulator.service import HttpRequest, PersonalizeService
from personalize_emulator.store import Store

_One = TypeVar("_One")

_CALLS = 6000
_WARM_UP = 300
_HEADERS = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/personalize/"
    "aws4_request, SignedHeaders=host, Signature=0",
    "Content-Type": "application/json",
}


def run() -> dict[str, Figure]:
    """Measure the dispatcher on a state file; boto3 over HTTP; and SQLite alone."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            "emulator.put_events": {
                "unit": "calls/s",
                "ours": _dispatched(Path(folder) / "ours.db"),
                "naive": _over_http(Path(folder) / "naive.db"),
                "floor": _inserted(Path(folder) / "floor.db"),
            }
        }


def _dispatched(path: Path) -> float:
    with PersonalizeService(Store(path), Clock(1e-6)) as service:
        tracking_id = create_tracker(service)
        requests = [
            HttpRequest("POST", "/events", _HEADERS, json.dumps(call).encode())
            for call in itertools.islice(_calls(tracking_id), _CALLS + _WARM_UP)
        ]

        def put(request: HttpRequest) -> None:
            answer = service.handle(request)
            if answer.status != HTTPStatus.OK:
                raise RuntimeError(answer.body.decode())

        return _rate(put, requests)


def _over_http(path: Path) -> float:
    with PersonalizeEmulator(speed=1e-6, state=path) as emulator:
        tracking_id = create_tracker(emulator.service)
        events = boto3.client("personalize-events", **emulator.client_options)
        calls = list(itertools.islice(_calls(tracking_id), _CALLS // 4 + _WARM_UP))
        rate = _rate(lambda call: events.put_events(**call), calls)
        events.close()
        return rate


def _inserted(path: Path) -> float:
    """Insert the same rows into the same table, a transaction each."""
    store = Store(path)
    rows = [
        (
            "arn:of:the:dataset",
            call["eventList"][0]["eventId"],
            call["sessionId"],
            call["userId"],
            0,
            call["eventList"][0]["itemId"],
            "view",
            1.5,
            call["eventList"][0]["sentAt"],
            call["eventList"][0]["properties"],
        )
        for call in itertools.islice(_calls(""), _CALLS + _WARM_UP)
    ]
    store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = NORMAL")

    def insert(row: tuple[object, ...]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO events (arn, event_id, session_id, user_id, anonymous, item_id,"
            " event_type, event_value, sent_at, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        connection.execute("COMMIT")

    rate = _rate(insert, rows)
    connection.close()
    return rate


def _rate(do: Callable[[_One], object], with_each: list[_One]) -> float:
    """Do something with each, and return how often a second that goes, after a warm-up."""
    for one in with_each[:_WARM_UP]:
        do(one)
    started = time.perf_counter()
    for one in with_each[_WARM_UP:]:
        do(one)
    return (len(with_each) - _WARM_UP) / (time.perf_counter() - started)


def _calls(tracking_id: str) -> Iterator[dict[str, Any]]:
    """Yield calls of a thousand users in their sessions, without end."""
    now = int(time.time())
    for number in itertools.count():
        yield {
            "trackingId": tracking_id,
            "userId": f"user-{number % 1000}",
            "sessionId": f"session-{number % 1000}",
            "eventList": [
                {
                    "eventId": f"event-{number}",
                    "eventType": "view",
                    "itemId": f"item-{number * 7 % 5000}",
                    "sentAt": now,
                    "properties": json.dumps({"eventValue": 1.5, "device": "phone"}),
                }
            ],
        }
