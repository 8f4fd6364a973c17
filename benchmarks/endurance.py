"""A million events through the function, which is throttled and killed: is anything lost, or twice?

One call in ten is throttled, one record in a hundred is poison (no JSON, no event, or refused by
the service), answers get lost, and functions are killed between a call and its answer. Batches come
as from an event source mapping: in the order of their shard, and again until every record is
settled. What became of each record is read from the state that the emulator leaves, and from the
dead letters.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.figure import Figure
from benchmarks.function.lambda_process import FunctionDied, LambdaProcess
from benchmarks.ingest.front import Faults, Front
from benchmarks.ingest.records import kinesis_record, shop_event
from benchmarks.ingest.settings import settings
from benchmarks.ingest.tracker import create_tracker
from personalize_emulator.clock import Clock
from personalize_emulator.local.stream_batch import (
    BatchSettlement,
    Condition,
    FunctionError,
    StreamRecord,
    StreamSettings,
)
from personalize_emulator.service import PersonalizeService
from personalize_emulator.store import Store

_EVENTS = 1_000_000
_BATCH_SIZE = 500
_SHARDS = 4
_SESSIONS = 400  # that are under way at the same time; each is on one shard alone
_SESSION_LENGTH = 20
_ANONYMOUS, _ANONYMOUS_LENGTH = 48, 5  # sessions that begin without a user, and for how long
_POISON = 101  # one record in so many
_WITHOUT_ID = 13  # one event in so many has no id of its own


def run() -> dict[str, Figure]:
    """Measure on as many events as `EVENTS` in the environment says, a million by default."""
    events = int(os.environ.get("EVENTS") or _EVENTS)
    faults = Faults(
        throttled=0.1, unanswered=0.001, deadly=0.0005, deadly_letters=0.02, random=Random(0)
    )
    with tempfile.TemporaryDirectory() as folder:
        outcome = endure(Path(folder), events=events, batch_size=_BATCH_SIZE, faults=faults)
    return {
        "ingestion.lost": _figure("records", outcome.lost),
        "ingestion.twice": _figure("records", outcome.twice),
        "ingestion.disordered": _figure("records", outcome.disordered),
        "ingestion.misjudged": _figure("records", outcome.misjudged),
        "ingestion.deaths": _figure("deaths", outcome.deaths),
        "ingestion.endurance": _figure("s", outcome.seconds),
        "ingestion.endurance_rate": _figure("records/s", outcome.records / outcome.seconds),
    }


def _figure(unit: str, value: float) -> Figure:
    return Figure(unit=unit, ours=value, naive=None, floor=None)


@dataclass(frozen=True)
class Outcome:
    """What became of the records.

    Attributes:
        records: How many there were.
        lost: How many are neither stored nor among the dead letters.
        twice: How many are stored more than once, or are stored and a dead letter.
        disordered: How many were taken before an earlier one of their session.
        misjudged: How many are stored and poison, or dead letters and none.
        deaths: How often the function died.
        seconds: How long it took.
    """

    records: int
    lost: int
    twice: int
    disordered: int
    misjudged: int
    deaths: int
    seconds: float


def endure(folder: Path, *, events: int, batch_size: int, faults: Faults) -> Outcome:
    """Send events through the function, and count what became of them.

    Args:
        folder: Where the state of the emulator lies.
        events: How many.
        batch_size: The records of one invocation, at most.
        faults: What goes wrong.
    """
    state = folder / "state.db"
    started = time.perf_counter()
    with PersonalizeService(Store(state), Clock(1e-6), throttling=faults) as service:
        tracking_id = create_tracker(service)
        shards = [_Shard(service, faults, tracking_id, number) for number in range(_SHARDS)]
        with ThreadPoolExecutor(_SHARDS) as threads:
            under_way = [threads.submit(shard.send, events, batch_size) for shard in shards]
            for each in under_way:
                each.result()
    return _outcome(
        state,
        [letter for shard in shards for letter in shard.letters],
        records=events,
        deaths=sum(shard.deaths for shard in shards),
        seconds=time.perf_counter() - started,
    )


class _Shard:
    """One shard of the stream, with a process of the function, which is started after each death.

    Attributes:
        letters: The dead letters of its records.
        deaths: How often the process died.
    """

    def __init__(
        self, service: PersonalizeService, faults: Faults, tracking_id: str, number: int
    ) -> None:
        self.letters: list[dict[str, Any]] = []
        self.deaths = 0
        self._number = number
        self._front = Front(service, faults, self._kill, self.letters)
        self._tracking_id = tracking_id
        self._settings: Mapping[str, str] = {}
        self._process: LambdaProcess | None = None

    def send(self, events: int, batch_size: int) -> None:
        """Let the function settle the records of this shard, batch after batch."""
        settlement = BatchSettlement(
            StreamSettings(bisect=True, reports_failures=True),
            invoke=self._invoke,
            discard=_never,
            checkpoint=lambda _: None,
        )
        numbers = iter(range(self._number, events, _SHARDS))
        with self._front.running() as url:
            self._settings = settings(url, tracking_id=self._tracking_id)
            try:
                while batch := [self._record(one) for one in islice(numbers, batch_size)]:
                    settlement.settle(batch)
            finally:
                self._bury()

    def _record(self, number: int) -> StreamRecord:
        """Return a record, whose number is told by its item, and is its sequence number."""
        turn, slot = divmod(number, _SESSIONS)
        session = f"{turn // _SESSION_LENGTH}-{slot}"
        event = shop_event(number, session)
        if slot < _ANONYMOUS and turn % _SESSION_LENGTH < _ANONYMOUS_LENGTH:
            del event["userId"]
        if number % _WITHOUT_ID == 0:
            del event["eventId"]
        data = _poison(number, event) if _is_poison(number) else json.dumps(event).encode()
        record = kinesis_record(number, session, data, shard=self._number)
        return StreamRecord(str(number), time.time(), record)

    def _invoke(self, records: Sequence[StreamRecord]) -> object:
        """Hand a batch to the function."""
        if self._process is None:
            self._process = LambdaProcess("event_ingest.handler", self._settings)
        try:
            event = {"Records": [record.event for record in records]}
            return self._process.invoke(json.dumps(event)).answer
        except FunctionDied as error:
            if not self._process.was_killed:
                raise
            self.deaths += 1
            self._bury()
            raise FunctionError from error

    def _kill(self) -> None:
        """Kill the function, wherever it is."""
        if (process := self._process) is not None:
            process.kill()

    def _bury(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with process:
                pass


def _is_poison(number: int) -> bool:
    return number % _POISON == _POISON // 2


def _poison(number: int, event: dict[str, Any]) -> bytes:
    """Return what is no JSON, or no event, or what the service alone refuses."""
    match number % 3:
        case 0:
            return b"no event"
        case 1:
            return json.dumps({"itemId": event["itemId"]}).encode()
        case _:
            return json.dumps(event | {"properties": {"device": number}}).encode()


def _never(records: Sequence[StreamRecord], condition: Condition, calls: int) -> None:
    msg = f"nothing is ever given up, got {condition} for {len(records)} after {calls} calls"
    raise AssertionError(msg)


def _outcome(
    state: Path, letters: Sequence[Mapping[str, Any]], *, records: int, deaths: int, seconds: float
) -> Outcome:
    """Count what became of each record: in the state of the emulator, and in the dead letters."""
    dead = {int(letter["position"]["sequenceNumber"]) for letter in letters}
    taken = bytearray(records)
    latest: dict[str, int] = {}
    lost = twice = disordered = misjudged = 0
    with closing(sqlite3.connect(state)) as connection:
        for item, session in connection.execute(
            "SELECT item_id, session_id FROM events ORDER BY number"
        ):
            number = int(item.removeprefix("item-"))
            taken[number] += 1
            disordered += number < latest.get(session, number)
            latest[session] = number
    for number, times in enumerate(taken):
        is_dead = number in dead
        lost += not times and not is_dead
        twice += times + is_dead > 1
        misjudged += times > 0 if _is_poison(number) else is_dead
    return Outcome(
        records=records,
        lost=lost,
        twice=twice,
        disordered=disordered,
        misjudged=misjudged,
        deaths=deaths,
        seconds=seconds,
    )
