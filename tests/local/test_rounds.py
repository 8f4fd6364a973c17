"""Rounds of a pipeline whose models need different data, on a local AWS that asks IAM.

The tests run in this order on one deployment.
"""

import csv
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest

from demo.cdk_cli import ROOT, CdkCli
from personalize_emulator.generated_data import write_shop
from personalize_emulator.local import LocalAws

pytestmark = pytest.mark.local

STACK = "Rounds"
SECONDS = 90
FOLDER = "import/interactions/"

Rows = list[dict[str, str]]


@dataclass
class Deployed:
    """The stack, and the data that it gets bit by bit."""

    aws: LocalAws
    outputs: dict[str, str]
    items: Rows
    interactions: Rows

    def client(self, service: str) -> Any:
        session: Any = boto3.Session()  # its types know no service by a variable name
        return session.client(service, **self.aws.client_options)

    @cached_property
    def personalize(self) -> Any:
        return self.client("personalize")

    @cached_property
    def states(self) -> Any:
        return self.client("stepfunctions")

    def put(self, key: str, rows: Rows) -> None:
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        self.client("s3").put_object(
            Bucket=self.outputs["BucketName"], Key=key, Body="\n".join(lines).encode()
        )

    def runs(self) -> list[dict[str, Any]]:
        arn = self.outputs["StateMachineArn"]
        found: list[dict[str, Any]] = self.states.list_executions(stateMachineArn=arn)["executions"]
        return found

    def upload(self, key: str, rows: Rows) -> dict[str, Any]:
        """Put a file, and return the run that it starts when it is over."""
        before = len(self.runs())
        self.put(key, rows)
        return self.wait(before)

    def start(self) -> dict[str, Any]:
        """Start a run that nothing has come in for, and return it when it is over."""
        before = len(self.runs())
        self.states.start_execution(stateMachineArn=self.outputs["StateMachineArn"], input="{}")
        return self.wait(before)

    def wait(self, before: int) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            runs = self.runs()
            if len(runs) > before and all(run["status"] != "RUNNING" for run in runs):
                newest = max(runs, key=lambda run: run["startDate"])
                run: dict[str, Any] = self.states.describe_execution(
                    executionArn=newest["executionArn"]
                )
                return run
            time.sleep(0.3)
        pytest.fail(f"no run was over within {SECONDS} s")

    def trainings(self) -> Counter[str]:
        """Return how often each solution has been trained, or its training failed."""
        found = Counter[str]()
        for solution in self.personalize.list_solutions()["solutions"]:
            versions = self.personalize.list_solution_versions(solutionArn=solution["solutionArn"])
            title = next(
                title for title in ("Described", "Viewed", "Bought") if title in solution["name"]
            )
            found[title] = len(versions["solutionVersions"])
        return found


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder: Path = tmp_path_factory.mktemp("rounds")
    write_shop(folder / "data", users=100, items=60, interactions=6000)
    rows = {}
    for name in ("items", "interactions"):
        with (folder / "data" / f"{name}.csv").open(newline="") as file:
            rows[name] = list(csv.DictReader(file))
    items = [
        {
            "ITEM_ID": row["ITEM_ID"],
            "NAME": f"Number {row['ITEM_ID']}",
            **{name: row[name] for name in ("PRICE", "CATEGORY_L1", "PRODUCT_DESCRIPTION")},
        }
        for row in rows["items"]
    ]
    with LocalAws(folder / "aws", node_path=ROOT / "node_modules", auth=True) as aws:
        app = f"{sys.executable} tests/local/rounds_app.py"
        cli = CdkCli(aws, folder, context=(("data", str(folder / "data")),), app=app)
        cli.bootstrap()
        stack = Deployed(aws, cli.deploy(STACK)[STACK], items, rows["interactions"])
        stack.wait(0)
        yield stack


def test_a_model_that_needs_items_alone_is_trained_on_items(deployed: Deployed) -> None:
    run = deployed.upload("import/items/items.csv", deployed.items)

    assert (run["status"], run.get("cause")) == ("SUCCEEDED", None)
    assert deployed.trainings() == {"Described": 1, "Viewed": 0, "Bought": 0}


def test_a_model_that_fails_holds_up_no_other(deployed: Deployed) -> None:
    views = [row for row in deployed.interactions if row["EVENT_TYPE"] == "View"]
    run = deployed.upload(f"{FOLDER}views.csv", views)

    assert run["status"] == "FAILED"
    assert deployed.trainings() == {"Described": 2, "Viewed": 1, "Bought": 1}
    (campaign,) = deployed.personalize.list_campaigns()["campaigns"]
    (recommender,) = deployed.personalize.list_recommenders()["recommenders"]
    assert (campaign["status"], recommender["status"]) == ("ACTIVE", "CREATE FAILED")


def test_a_model_that_failed_is_trained_again_and_no_other(deployed: Deployed) -> None:
    run = deployed.start()

    assert run["status"] == "FAILED"
    assert deployed.trainings() == {"Described": 2, "Viewed": 1, "Bought": 2}


def test_what_failed_is_mended_by_the_data_that_it_lacked(deployed: Deployed) -> None:
    (before,) = deployed.personalize.list_recommenders()["recommenders"]
    run = deployed.upload(f"{FOLDER}all.csv", deployed.interactions)

    assert (run["status"], run.get("cause")) == ("SUCCEEDED", None)
    assert deployed.trainings() == {"Described": 3, "Viewed": 2, "Bought": 3}
    (after,) = deployed.personalize.list_recommenders()["recommenders"]
    assert after["status"] == "ACTIVE"
    assert after["creationDateTime"] > before["creationDateTime"]


def test_a_file_of_a_sub_folder_is_nothing_new(deployed: Deployed) -> None:
    run = deployed.upload(f"{FOLDER}old/all.csv", deployed.interactions)

    assert run["status"] == "SUCCEEDED"
    assert deployed.trainings() == {"Described": 3, "Viewed": 2, "Bought": 3}
