"""The emulator in the process of a test."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import boto3
import pytest

from personalize_emulator import PersonalizeEmulator, Quotas
from personalize_emulator.objects import MemoryObjects


def test_answers_boto3() -> None:
    with PersonalizeEmulator() as aws:
        client = boto3.client("personalize", **aws.client_options)
        assert client.list_dataset_groups()["datasetGroups"] == []
        client.close()


def test_listens_on_this_machine_alone() -> None:
    with PersonalizeEmulator() as aws:
        assert aws.client_options["endpoint_url"].startswith("http://127.0.0.1:")


def test_has_the_account_and_the_region_that_it_is_given() -> None:
    with PersonalizeEmulator(account="111122223333", region="eu-west-1") as aws:
        client = boto3.client("personalize", **aws.client_options)
        arn = client.create_dataset_group(name="shop")["datasetGroupArn"]
        client.close()
    assert arn == "arn:aws:personalize:eu-west-1:111122223333:dataset-group/shop"


def test_two_know_nothing_of_each_other() -> None:
    with PersonalizeEmulator() as one, PersonalizeEmulator() as two:
        one.service.call("CreateDatasetGroup", {"name": "shop"})
        assert two.service.call("ListDatasetGroups", {}) == {"datasetGroups": []}


def test_takes_buckets_that_are_there_already() -> None:
    objects = MemoryObjects()
    objects.put("data", "key", b"body")
    with PersonalizeEmulator(objects=objects) as aws:
        assert aws.objects.get("data", "key") == b"body"


def test_is_not_reachable_after_it_has_stopped() -> None:
    with PersonalizeEmulator() as aws:
        port = int(aws.client_options["endpoint_url"].rpartition(":")[2])
    with socket.socket() as client, pytest.raises(ConnectionRefusedError):
        client.connect(("127.0.0.1", port))


def test_leaves_no_thread_behind_although_a_client_keeps_its_connection() -> None:
    before = set(threading.enumerate())
    with PersonalizeEmulator() as aws:
        client = boto3.client("personalize", **aws.client_options)
        client.list_dataset_groups()
        assert set(threading.enumerate()) > before
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
        assert not thread.is_alive()
    client.close()


def test_stopping_twice_is_stopping_once() -> None:
    emulator = PersonalizeEmulator().start()
    emulator.stop()
    emulator.stop()


def test_one_that_does_not_run_has_no_client_options() -> None:
    with pytest.raises(RuntimeError, match="does not run"):
        _ = PersonalizeEmulator().client_options


def test_a_fast_clock_makes_short_work_of_a_creation() -> None:
    with PersonalizeEmulator(speed=1_000_000) as aws:
        arn = aws.service.call("CreateDatasetGroup", {"name": "shop"})["datasetGroupArn"]
        status = ""
        while status != "ACTIVE":
            answer = aws.service.call("DescribeDatasetGroup", {"datasetGroupArn": arn})
            status = answer["datasetGroup"]["status"]


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = "import sys, personalize_emulator; print({'numpy', 'botocore'} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == "set()"


def test_many_clients_at_once_lose_nothing() -> None:
    with PersonalizeEmulator(quotas=Quotas.none()) as aws:

        def create(number: int) -> None:
            aws.service.call("CreateDatasetGroup", {"name": f"group-{number}"})

        with ThreadPoolExecutor(8) as clients:
            list(clients.map(create, range(80)))
        found = aws.service.call("ListDatasetGroups", {})["datasetGroups"]
    assert {group["name"] for group in found} == {f"group-{number}" for number in range(80)}


def test_a_request_whose_length_is_no_number_is_refused() -> None:
    with PersonalizeEmulator() as aws:
        port = int(aws.client_options["endpoint_url"].rpartition(":")[2])
        connection = HTTPConnection("127.0.0.1", port)
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", "many")
        connection.endheaders()
        assert connection.getresponse().status == 411
        connection.close()
