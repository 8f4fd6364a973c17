"""What a dataset group has one of, on local AWS: replaced, rolled back, deleted.

The tests run in this order on one deployment; the last one destroys it.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from demo.cdk_cli import CdkCli
from demo.progress import DemoError
from personalize_emulator.local import LocalAws

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

pytestmark = pytest.mark.local

STACK = "OneOfAKind"


@pytest.fixture(scope="module")
def cli(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> CdkCli:
    app = f"{sys.executable} tests/local/attribution_app.py"
    folder: Path = tmp_path_factory.mktemp("one")
    cli = CdkCli(aws, folder, context=(("version", "first"),), app=app)
    cli.bootstrap()
    cli.deploy(STACK)
    return cli


@pytest.fixture
def personalize(aws: LocalAws) -> "PersonalizeClient":
    return boto3.client("personalize", **aws.client_options)


def group_of(personalize: "PersonalizeClient") -> str:
    groups = personalize.list_dataset_groups()["datasetGroups"]
    return next(each["datasetGroupArn"] for each in groups if STACK in each["name"])


def tracker(personalize: "PersonalizeClient") -> Any:
    group = group_of(personalize)
    (only,) = personalize.list_event_trackers(datasetGroupArn=group)["eventTrackers"]
    return personalize.describe_event_tracker(eventTrackerArn=only["eventTrackerArn"])[
        "eventTracker"
    ]


def attribution(personalize: "PersonalizeClient") -> tuple[str, list[str]]:
    group = group_of(personalize)
    (only,) = personalize.list_metric_attributions(datasetGroupArn=group)["metricAttributions"]
    metrics = personalize.list_metric_attribution_metrics(
        metricAttributionArn=only["metricAttributionArn"]
    )["metrics"]
    return only["name"], [each["eventType"] for each in metrics]


def told(aws: LocalAws) -> str:
    ssm = boto3.client("ssm", **aws.client_options)
    return str(ssm.get_parameter(Name="tracking-id")["Parameter"]["Value"])


def deploy(cli: CdkCli, version: str) -> None:
    replace(cli, context=(("version", version),)).deploy(STACK)


def test_an_event_tracker_is_renamed_and_its_new_tracking_id_told(
    cli: CdkCli, aws: LocalAws, personalize: "PersonalizeClient"
) -> None:
    before = tracker(personalize)
    assert told(aws) == before["trackingId"]

    deploy(cli, "second")

    assert tracker(personalize)["name"] == "touches"
    assert told(aws) == tracker(personalize)["trackingId"] != before["trackingId"]
    assert attribution(personalize) == ("first", ["View"])


def test_a_replacement_is_rolled_back_when_a_later_resource_fails(
    cli: CdkCli, aws: LocalAws, personalize: "PersonalizeClient"
) -> None:
    with pytest.raises(DemoError, match="deploy ended with exit code 1"):
        deploy(cli, "failing")

    assert attribution(personalize) == ("first", ["View"])
    assert told(aws) == tracker(personalize)["trackingId"]


def test_nothing_is_left_of_them(cli: CdkCli, personalize: "PersonalizeClient") -> None:
    group = group_of(personalize)

    cli.destroy(STACK)

    assert personalize.list_event_trackers(datasetGroupArn=group)["eventTrackers"] == []
    assert personalize.list_metric_attributions(datasetGroupArn=group)["metricAttributions"] == []
