"""The state file: everything is there again, and a broken one is left alone."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import pytest

from personalize_emulator import PersonalizeEmulator
from personalize_emulator.errors import StateFileError
from personalize_emulator.service import PersonalizeService
from personalize_emulator.store import Store
from tests.emulator.cloud import Cloud, interactions

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "123456789012"


_ACKNOWLEDGING = """
import itertools, sys
from personalize_emulator.quotas import Quotas
from personalize_emulator.service import PersonalizeService
from personalize_emulator.store import Store

service = PersonalizeService(Store(sys.argv[1]), quotas=Quotas.none())
for number in itertools.count():
    service.call("CreateDatasetGroup", {"name": f"group-{number}"})
    print(number, flush=True)
"""

_RECORDING = """
import itertools, json, sys
from personalize_emulator.service import HttpRequest, PersonalizeService
from personalize_emulator.store import Store

service = PersonalizeService(Store(sys.argv[1]))
for number in itertools.count():
    event = {"eventType": "view", "itemId": "i", "sentAt": 1, "eventId": f"{sys.argv[3]}-{number}"}
    body = {"trackingId": sys.argv[2], "sessionId": "s", "userId": "u", "eventList": [event]}
    answer = service.handle(HttpRequest("POST", "/events", {}, json.dumps(body).encode()))
    assert answer.status == 200, answer
    print(event["eventId"], flush=True)
"""

_KILLS = 4


def test_resources_are_there_again(run: Callable[[], PersonalizeEmulator]) -> None:
    with run() as emulator:
        before = Cloud(emulator, ACCOUNT)
        arn = before.group()
        before.close()
    with run() as emulator:
        after = Cloud(emulator, ACCOUNT)
        assert after.describe(arn)["status"] == "ACTIVE"
        after.close()


def test_what_was_under_way_goes_on(run: Callable[[], PersonalizeEmulator]) -> None:
    with run() as emulator:
        before = Cloud(emulator, ACCOUNT)
        arn = before.personalize.create_dataset_group(name="shop")["datasetGroupArn"]
        before.close()
    with run() as emulator:
        after = Cloud(emulator, ACCOUNT)
        assert after.settle(arn)["status"] == "ACTIVE"
        after.close()


def test_models_and_events_answer_again(run: Callable[[], PersonalizeEmulator]) -> None:
    with run() as emulator:
        before = Cloud(emulator, ACCOUNT)
        group = before.group()
        before.dataset(group, csv=interactions())
        campaign = before.campaign(before.version(before.solution(group)))
        _, tracking_id = before.tracker(group)
        before.events.put_events(
            trackingId=tracking_id,
            userId="new",
            sessionId="s",
            eventList=[
                {"eventType": "view", "itemId": f"b{number}", "sentAt": datetime.now(UTC)}
                for number in range(5)
            ],
        )
        expected = before.runtime.get_recommendations(campaignArn=campaign, userId="new")
        before.close()
    with run() as emulator:
        after = Cloud(emulator, ACCOUNT)
        answer = after.runtime.get_recommendations(campaignArn=campaign, userId="new")
        assert answer["itemList"] == expected["itemList"]
        after.close()


def test_time_goes_on_where_it_was(run: Callable[[], PersonalizeEmulator]) -> None:
    with run() as emulator:
        emulator.skip(1_000_000)
        before = Cloud(emulator, ACCOUNT)
        before.group()
        before.close()
        reached = emulator.clock.now()
    with run() as emulator:
        assert emulator.clock.now() >= reached - 60


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    acknowledged = 25
    with subprocess.Popen(
        [sys.executable, "-c", _ACKNOWLEDGING, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(acknowledged):
            process.stdout.readline()
        process.kill()
    with PersonalizeService(Store(path)) as service:
        names = {found["name"] for found in service.call("ListDatasetGroups", {})["datasetGroups"]}
    assert {f"group-{number}" for number in range(acknowledged)} <= names


def test_no_event_that_was_acknowledged_is_lost_however_often_the_process_is_killed(
    run: Callable[[], PersonalizeEmulator], tmp_path: Path
) -> None:
    with run() as emulator:
        cloud = Cloud(emulator, ACCOUNT)
        group = cloud.group()
        dataset = cloud.dataset(group)
        _, tracking_id = cloud.tracker(group)
        cloud.close()
    path = str(tmp_path / "state.db")
    acknowledged: set[str] = set()
    for life in range(_KILLS):
        command = [sys.executable, "-c", _RECORDING, path, tracking_id, str(life)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            acknowledged |= {process.stdout.readline().strip() for _ in range(37 * life + 1)}
            process.kill()
            acknowledged |= {line.strip() for line in process.stdout if line.endswith("\n")}
    with Store(path) as store:
        rows = store.execute("SELECT event_id FROM events WHERE arn = ?", (dataset,))
    assert acknowledged <= {event_id for (event_id,) in rows}
    assert len(acknowledged) > _KILLS


def test_a_damaged_state_file_is_named_and_left_alone(
    run: Callable[[], PersonalizeEmulator], tmp_path: Path
) -> None:
    with run() as emulator:
        cloud = Cloud(emulator, ACCOUNT)
        cloud.group()
        cloud.close()
    path = tmp_path / "state.db"
    body = bytearray(path.read_bytes())
    body[8_192:12_288] = b"x" * 4_096
    path.write_bytes(body)
    with pytest.raises(StateFileError, match=r"state\.db"):
        run().start()
    assert path.read_bytes() == bytes(body)


def test_a_file_that_is_something_else_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes. " * 100)
    with pytest.raises(StateFileError, match=r"notes\.txt"):
        PersonalizeEmulator(state=path).start()
    assert path.read_text() == "These are my notes. " * 100


def test_a_database_of_something_else_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE birds (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StateFileError, match=r"other\.db"):
        PersonalizeEmulator(state=path).start()
    assert path.read_bytes() == before


def test_an_emulator_without_a_state_file_forgets() -> None:
    for _ in range(2):
        with PersonalizeEmulator() as emulator:
            client = boto3.client("personalize", **emulator.client_options)
            client.create_dataset_group(name="shop")
            client.close()
