"""A dataset that is replaced has its files imported again, on a local AWS that asks IAM."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from demo.cdk_cli import ROOT, CdkCli
from personalize_emulator.local import LocalAws

pytestmark = pytest.mark.local

STACK = "Replaced"
SECONDS = 120
# It fits both schemas, which differ in the type of the ratings.
FILE = "USER_ID,ITEM_ID,TIMESTAMP,RATING\n" + "".join(
    f"u{n % 50},i{n % 20},{1_700_000_000 + n},{n % 5}\n" for n in range(1000)
)


@dataclass
class Deployed:
    """The stack of `replaced_dataset_app.py`."""

    aws: LocalAws
    folder: Path

    def cli(self, rating: str) -> CdkCli:
        app = f"{sys.executable} tests/local/replaced_dataset_app.py"
        return CdkCli(self.aws, self.folder, (("rating", rating),), app=app)

    def client(self, service: str) -> Any:
        session: Any = boto3.Session()  # its types know no service by a variable name
        return session.client(service, **self.aws.client_options)

    def dataset(self) -> dict[str, Any]:
        personalize = self.client("personalize")
        (summary,) = personalize.list_datasets()["datasets"]
        found = personalize.describe_dataset(datasetArn=summary["datasetArn"])["dataset"]
        return dict(found)

    def imports(self) -> list[dict[str, Any]]:
        """Return the imports into the dataset that is there."""
        created = self.dataset()["creationDateTime"]
        jobs = self.client("personalize").list_dataset_import_jobs()["datasetImportJobs"]
        return [job for job in jobs if job["creationDateTime"] > created]

    def wait_until_imported(self) -> None:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if [job for job in self.imports() if job["status"] == "ACTIVE"]:
                return
            time.sleep(0.3)
        pytest.fail(f"nothing was imported within {SECONDS} s: {self.imports()}")

    def wait_until_at_rest(self, machine: str) -> None:
        states = self.client("stepfunctions")
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            runs = states.list_executions(stateMachineArn=machine)["executions"]
            if runs and {run["status"] for run in runs} == {"SUCCEEDED"}:
                return
            time.sleep(0.3)
        pytest.fail(f"the pipeline did not succeed within {SECONDS} s: {runs}")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("replaced")
    with LocalAws(folder / "aws", node_path=ROOT / "node_modules", auth=True) as aws:
        deployed = Deployed(aws, folder)
        deployed.cli("string").bootstrap()
        yield deployed


def test_the_files_of_a_replaced_dataset_are_imported_again_and_once(stack: Deployed) -> None:
    outputs = stack.cli("string").deploy(STACK)[STACK]
    stack.client("s3").put_object(
        Bucket=outputs["BucketName"], Key="import/interactions/all.csv", Body=FILE.encode()
    )
    stack.wait_until_imported()
    first = stack.dataset()

    stack.cli("float").deploy(STACK)
    stack.wait_until_imported()
    machine = outputs["StateMachineArn"]
    stack.wait_until_at_rest(machine)
    stack.client("stepfunctions").start_execution(stateMachineArn=machine)
    stack.wait_until_at_rest(machine)

    assert stack.dataset()["creationDateTime"] > first["creationDateTime"]
    assert [job["importMode"] for job in stack.imports()] == ["FULL"]


def test_it_is_destroyed_with_what_was_imported(stack: Deployed) -> None:
    stack.cli("float").destroy(STACK)

    assert stack.client("personalize").list_dataset_groups()["datasetGroups"] == []
