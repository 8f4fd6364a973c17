"""A stack on local AWS: deployed for real in one version after another, and watched."""

import csv
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any, Self

import aws_cdk as cdk
import boto3
import pytest

from demo.cdk_cli import ROOT, CdkCli
from demo.stack import DeployedStack
from personalize_emulator.local import LocalAws
from tests.feature_flags import NO_FLAGS
from tests.local.cloud_assembly import CloudAssembly

SECONDS = 120

Rows = list[dict[str, str]]


def read_rows(file: Path) -> Rows:
    """Return the rows of a CSV file."""
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def as_csv(rows: Rows) -> str:
    """Return rows as the text of a CSV file."""
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


class Deployment:
    """A stack on a local AWS.

    Args:
        aws: Where it is deployed.
        folder: The folder for its assembly and logs.
        stack: The name of the stack.
    """

    def __init__(self, aws: LocalAws, folder: Path, stack: str) -> None:
        self.aws = aws
        self.folder = folder
        self.cli = CdkCli(aws, folder)
        self.assembly = CloudAssembly(aws, self.cli.assembly)
        self.name = stack
        self.outputs: dict[str, str] = {}
        self._session: Any = boto3.Session()  # its types know no service by a variable name
        self._clients: dict[str, Any] = {}

    @classmethod
    @contextmanager
    def on_a_new_aws(cls, folder: Path, stack: str, **options: Any) -> Iterator[Self]:
        """Start a local AWS that asks IAM, for as long as the context lasts."""
        node_path = ROOT / "node_modules"
        with LocalAws(folder / "aws", node_path=node_path, auth=True, **options) as aws:
            deployment = cls(aws, folder, stack)
            deployment.assembly.bootstrap()
            yield deployment

    def deploy(
        self, define: Callable[[cdk.App], object], tags: Mapping[str, str] | None = None
    ) -> None:
        """Deploy what is defined in an app.

        Raises:
            DeploymentError: The deployment failed.
        """
        self.synthesise(define)
        self.outputs = self.assembly.deploy(self.name, tags)

    def synthesise(self, define: Callable[[cdk.App], object]) -> None:
        """Write what is defined in an app; in this process, which has loaded the CDK already."""
        app = cdk.App(outdir=str(self.cli.assembly), context=NO_FLAGS)
        define(app)
        app.synth()

    def destroy(self) -> None:
        """Destroy the stack, as it was deployed last."""
        self.assembly.destroy(self.name)

    def stack(self) -> dict[str, Any]:
        """Return what CloudFormation says of the stack."""
        found: dict[str, Any] = self.client("cloudformation").describe_stacks(StackName=self.name)
        description: dict[str, Any] = found["Stacks"][0]
        return description

    @property
    def service(self) -> DeployedStack:
        """The stack as the users of a recommendation service see it."""
        return DeployedStack(self.aws, self.outputs)

    def client(self, service: str) -> Any:
        """Return a boto3 client of the account's root."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, **self.aws.client_options)
        return self._clients[service]

    @property
    def personalize(self) -> Any:
        return self.client("personalize")

    @property
    def s3(self) -> Any:
        return self.client("s3")

    @property
    def states(self) -> Any:
        return self.client("stepfunctions")

    def put(self, key: str, content: str | Rows) -> None:
        """Put a text, or rows as CSV, into the stack's bucket."""
        text = content if isinstance(content, str) else as_csv(content)
        self.s3.put_object(Bucket=self.outputs["BucketName"], Key=key, Body=text.encode())

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of the objects in the stack's bucket."""
        found = self.s3.list_objects_v2(Bucket=self.outputs["BucketName"], Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", [])]

    def read(self, key: str) -> str:
        """Return an object of the stack's bucket."""
        answer = self.s3.get_object(Bucket=self.outputs["BucketName"], Key=key)
        body: bytes = answer["Body"].read()
        return body.decode()

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs of the pipeline, as the service lists them."""
        arn = self.outputs["StateMachineArn"]
        found: list[dict[str, Any]] = self.states.list_executions(stateMachineArn=arn)["executions"]
        return found

    def run_of(self, start: Callable[[], object]) -> dict[str, Any]:
        """Start a run of the pipeline, and return it when it and those that follow are over."""
        before = len(self.runs())
        start()

        def is_over() -> bool:
            runs = self.runs()
            return len(runs) > before and all(run["status"] != "RUNNING" for run in runs)

        wait_until(is_over)
        newest = max(self.runs(), key=lambda run: run["startDate"])
        run: dict[str, Any] = self.states.describe_execution(executionArn=newest["executionArn"])
        return run

    def start_pipeline(self) -> None:
        """Start a run that nothing has come in for."""
        self.states.start_execution(stateMachineArn=self.outputs["StateMachineArn"], input="{}")

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so and the pipeline rests; a run that failed is an error."""

        def is_so_and_rests() -> bool:
            runs = self.runs()
            if failed := [run for run in runs if run["status"] not in {"RUNNING", "SUCCEEDED"}]:
                run = self.states.describe_execution(executionArn=failed[0]["executionArn"])
                pytest.fail(f"the pipeline failed: {run.get('cause')}")
            return is_so() and not [run for run in runs if run["status"] == "RUNNING"]

        wait_until(is_so_and_rests)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, two minutes at most."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(f"it was not so within {SECONDS} s")
        time.sleep(0.3)
