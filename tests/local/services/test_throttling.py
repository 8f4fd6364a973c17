"""A local AWS that throttles Amazon Personalize at its documented rates: one call a second."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from personalize_emulator.local import LocalAws
from tests.local.services.cloud import Cloud
from tests.local.services.conftest import LOCAL_PYTHON

CALLS = 20


@pytest.fixture(scope="module")
def throttled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("throttled")
    with LocalAws(folder, python=LOCAL_PYTHON, throttling=True) as aws:
        yield Cloud(aws)


def test_calls_of_an_sdk_are_throttled(throttled: Cloud) -> None:
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("personalize", config=once, **throttled.aws.client_options)

    def burst() -> None:
        for _ in range(CALLS):
            client.list_schemas()

    with pytest.raises(ClientError, match="ThrottlingException"):
        burst()
    client.close()


def test_calls_of_a_state_machine_are_throttled_too(throttled: Cloud) -> None:
    call = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:personalize:listSchemas",
        "Arguments": {},
        "End": True,
    }
    each = {
        "Type": "Map",
        "Items": list(range(CALLS)),
        "ItemProcessor": {"StartAt": "Call", "States": {"Call": call}},
        "End": True,
    }

    output = throttled.run({"StartAt": "Each", "States": {"Each": each}})

    # No error of the service model: the SDK for Java throws its general one.
    assert output["Error"] == "Personalize.PersonalizeException"


def test_cloudformation_is_not_throttled(throttled: Cloud) -> None:
    group = {"Type": "AWS::Personalize::DatasetGroup", "Properties": {"Name": "many"}}
    other = {"Type": "AWS::Personalize::DatasetGroup", "Properties": {"Name": "more"}}

    assert set(throttled.deploy({"Many": group, "More": other})) == {"Many", "More"}
