"""Another schema for a dataset that is there, on a local AWS that asks IAM."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from demo.cdk_cli import ROOT, CdkCli
from demo.progress import DemoError
from personalize_emulator.local import LocalAws

STACK = "Schemas"


@dataclass
class Deployed:
    """The stack of `schemas_app.py`."""

    aws: LocalAws
    folder: Path

    def deploy(self, step: str) -> None:
        self.cli(step).deploy(STACK)

    def cli(self, step: str) -> CdkCli:
        app = f"{sys.executable} tests/local/schemas_app.py"
        return CdkCli(self.aws, self.folder, (("step", step),), app=app)

    def log(self) -> str:
        return self.cli("first").log.read_text(encoding="utf-8")

    def status(self) -> str:
        cloudformation = boto3.client("cloudformation", **self.aws.client_options)
        return str(cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])

    def dataset(self, dataset_type: str = "Interactions") -> dict[str, Any]:
        (arn,) = [
            summary["datasetArn"]
            for summary in self.personalize.list_datasets()["datasets"]
            if summary["datasetType"] == dataset_type
        ]
        return dict(self.personalize.describe_dataset(datasetArn=arn)["dataset"])

    def has(self, column: str, dataset_type: str = "Interactions") -> bool:
        arn = self.dataset(dataset_type)["schemaArn"]
        schema = self.personalize.describe_schema(schemaArn=arn)["schema"]
        return column in schema["schema"]

    def schemas(self) -> list[str]:
        return [one["schemaArn"] for one in self.personalize.list_schemas()["schemas"]]

    def destroy(self) -> None:
        self.cli("first").destroy(STACK)
        assert self.personalize.list_datasets()["datasets"] == []
        assert self.schemas() == []

    @property
    def personalize(self) -> Any:
        return boto3.client("personalize", **self.aws.client_options)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Deployed]:
    with LocalAws(tmp_path / "aws", node_path=ROOT / "node_modules", auth=True) as aws:
        deployed = Deployed(aws, tmp_path)
        deployed.cli("first").bootstrap()
        deployed.deploy("first")
        yield deployed


def test_a_schema_is_refused_replaced_and_rolled_back(stack: Deployed) -> None:
    first = stack.dataset()

    with pytest.raises(DemoError):
        stack.deploy("refused")
    assert "cannot take the schema" in stack.log()
    assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.dataset() == first

    stack.deploy("replaced")
    assert stack.dataset()["creationDateTime"] > first["creationDateTime"]
    assert stack.has("RATING")

    with pytest.raises(DemoError):
        stack.deploy("failing")
    assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.has("RATING")

    stack.destroy()


def test_a_column_that_was_rolled_back_can_be_deployed_again(stack: Deployed) -> None:
    with pytest.raises(DemoError):
        stack.deploy("branded-failing")
    assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.has("BRAND", "Items")

    stack.deploy("branded")
    assert stack.has("BRAND", "Items")
    assert len(stack.schemas()) == 2

    stack.destroy()


def test_what_a_roll_back_left_goes_with_the_stack(stack: Deployed) -> None:
    with pytest.raises(DemoError):
        stack.deploy("branded-failing")
    assert len(stack.schemas()) == 3

    stack.destroy()
