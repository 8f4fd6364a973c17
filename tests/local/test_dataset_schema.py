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

    def dataset(self) -> dict[str, Any]:
        (summary,) = self.personalize.list_datasets()["datasets"]
        answer = self.personalize.describe_dataset(datasetArn=summary["datasetArn"])
        return dict(answer["dataset"])

    def is_rated(self) -> bool:
        answer = self.personalize.describe_schema(schemaArn=self.dataset()["schemaArn"])
        return "RATING" in answer["schema"]["schema"]

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
    assert stack.is_rated()

    with pytest.raises(DemoError):
        stack.deploy("failing")
    assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.is_rated()

    stack.cli("first").destroy(STACK)
    assert stack.personalize.list_datasets()["datasets"] == []
    assert stack.personalize.list_schemas()["schemas"] == []
