"""A pipeline that runs a job of each kind, on a local AWS that asks IAM.

The tests run in this order on one deployment; the last one destroys it.
"""

import csv
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest

from demo.cdk_cli import ROOT, CdkCli
from demo.leftovers import leftovers
from personalize_emulator.generated_data import write_shop
from personalize_emulator.local import LocalAws

pytestmark = pytest.mark.local

STACK = "Jobs"
SECONDS = 60
HALF = 2000


@dataclass
class Deployed:
    """The stack, and what its users see of it."""

    aws: LocalAws
    cli: CdkCli
    outputs: dict[str, str]
    interactions: list[dict[str, str]]

    def client(self, service: str) -> Any:
        session: Any = boto3.Session()  # its types know no service by a variable name
        return session.client(service, **self.aws.client_options)

    @cached_property
    def personalize(self) -> Any:
        return self.client("personalize")

    @cached_property
    def s3(self) -> Any:
        return self.client("s3")

    @property
    def bucket(self) -> str:
        return self.outputs["BucketName"]

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def put_interactions(self, name: str, rows: list[dict[str, str]]) -> None:
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        self.put(f"import/interactions/{name}", "\n".join(lines) + "\n")

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", [])]

    def read(self, key: str) -> str:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body.decode()

    def jobs(self, kind: str) -> list[dict[str, Any]]:
        """Return the jobs of a kind, the oldest first."""
        member = "".join(word.capitalize() for word in kind.split("_"))
        member = member[0].lower() + member[1:]
        found = getattr(self.personalize, f"list_{kind}s")()[f"{member}s"]
        describe = getattr(self.personalize, f"describe_{kind}")
        arn = f"{member}Arn"
        jobs = [describe(**{arn: each[arn]})[member] for each in found]
        return sorted(jobs, key=lambda job: job["creationDateTime"])

    def versions(self) -> int:
        return len(self.personalize.list_solution_versions()["solutionVersions"])

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so and the pipeline rests; a run that failed is an error."""
        states, arn = self.client("stepfunctions"), self.outputs["StateMachineArn"]
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            runs = states.list_executions(stateMachineArn=arn)["executions"]
            if failed := [run for run in runs if run["status"] not in {"RUNNING", "SUCCEEDED"}]:
                run = states.describe_execution(executionArn=failed[0]["executionArn"])
                pytest.fail(f"the pipeline failed: {run.get('cause')}")
            if is_so() and not [run for run in runs if run["status"] == "RUNNING"]:
                return
            time.sleep(0.3)
        pytest.fail(f"it was not so within {SECONDS} s")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder: Path = tmp_path_factory.mktemp("jobs")
    write_shop(folder / "data", users=100, items=60, interactions=2 * HALF)
    with (folder / "data" / "interactions.csv").open(newline="") as file:
        interactions = list(csv.DictReader(file))
    with LocalAws(folder / "aws", node_path=ROOT / "node_modules", auth=True) as aws:
        app = f"{sys.executable} tests/local/pipeline_jobs_app.py"
        cli = CdkCli(aws, folder, context=(("data", str(folder / "data")),), app=app)
        cli.bootstrap()
        stack = Deployed(aws, cli, cli.deploy(STACK)[STACK], interactions)
        items = sorted({row["ITEM_ID"] for row in interactions})[:2]
        for job in ("related", "fans"):
            lines = "\n".join(json.dumps({"itemId": item}) for item in items)
            stack.put(f"batch/{job}/input/questions.json", lines)
        stack.put("import/items/items.csv", (folder / "data" / "items.csv").read_text())
        stack.put_interactions("first.csv", interactions[:HALF])
        stack.wait(lambda: bool(stack.keys("batch/fans/output/")))
        yield stack


def test_a_first_import_is_full_whatever_the_job_says(deployed: Deployed) -> None:
    modes = {
        job["datasetArn"].rpartition("/")[2]: job["importMode"]
        for job in deployed.jobs("dataset_import_job")
    }

    assert modes == {"INTERACTIONS": "FULL", "ITEMS": "FULL"}


def test_a_batch_inference_job_answers_every_line(deployed: Deployed) -> None:
    text = deployed.read("batch/related/output/questions.json.out")
    answers = [json.loads(line) for line in text.splitlines()]

    assert [len(answer["output"]["recommendedItems"]) for answer in answers] == [3, 3]
    (job,) = deployed.jobs("batch_inference_job")
    assert job["jobName"].startswith("related-")
    assert job["filterArn"]


def test_a_batch_segment_job_answers_every_line(deployed: Deployed) -> None:
    text = deployed.read("batch/fans/output/questions.json.out")
    answers = [json.loads(line) for line in text.splitlines()]

    assert [len(answer["output"]["recommendedUsers"]) for answer in answers] == [5, 5]
    (job,) = deployed.jobs("batch_segment_job")
    tags = deployed.personalize.list_tags_for_resource(resourceArn=job["batchSegmentJobArn"])
    assert tags["tags"] == [{"tagKey": "team", "tagValue": "mail"}]


def test_what_was_imported_is_exported(deployed: Deployed) -> None:
    rows = [
        row
        for key in deployed.keys("export/interactions/")
        for row in csv.DictReader(deployed.read(key).splitlines())
    ]

    assert len(rows) == HALF


def test_a_recommender_and_a_campaign_that_follows_serve(deployed: Deployed) -> None:
    (recommender,) = deployed.personalize.list_recommenders()["recommenders"]
    (campaign,) = deployed.personalize.list_campaigns()["campaigns"]

    assert recommender["status"] == campaign["status"] == "ACTIVE"


def test_a_newer_file_is_added_and_all_that_follows_is_done_again(deployed: Deployed) -> None:
    deployed.put_interactions("second.csv", deployed.interactions[HALF:])

    deployed.wait(lambda: len(deployed.jobs("batch_segment_job")) == 2)

    last = deployed.jobs("dataset_import_job")[-1]
    assert last["importMode"] == "INCREMENTAL"
    assert last["dataSource"]["dataLocation"].endswith("/import/interactions/second.csv")
    assert deployed.versions() == 4
    assert len(deployed.jobs("batch_inference_job")) == 2
    assert len({job["solutionVersionArn"] for job in deployed.jobs("batch_inference_job")}) == 2


def test_new_questions_are_answered_without_a_training(deployed: Deployed) -> None:
    item = deployed.interactions[0]["ITEM_ID"]
    deployed.put("batch/related/input/more.json", json.dumps({"itemId": item}))

    deployed.wait(lambda: len(deployed.jobs("batch_inference_job")) == 3)

    assert deployed.keys("batch/related/output/more.json.out")
    assert deployed.versions() == 4


def test_a_list_of_users_deletes_them_and_everything_is_learnt_without_them(
    deployed: Deployed,
) -> None:
    exported = len(deployed.keys("export/interactions/"))
    user = deployed.interactions[0]["USER_ID"]
    deployed.put("delete/forget.csv", f"USER_ID\n{user}\n")

    deployed.wait(lambda: len(deployed.jobs("batch_segment_job")) == 3)

    (deletion,) = deployed.jobs("data_deletion_job")
    assert deletion["status"] == "COMPLETED"
    assert deletion["numDeleted"] > 0
    assert deployed.versions() == 6
    last = deployed.jobs("dataset_export_job")[-1]["jobName"]
    assert len(deployed.keys("export/interactions/")) > exported
    for key in deployed.keys(f"export/interactions/{last}/"):
        rows = csv.DictReader(deployed.read(key).splitlines())
        assert user not in {row["USER_ID"] for row in rows}


def test_a_replaced_solution_goes_when_its_campaign_has_moved(deployed: Deployed) -> None:
    personalize = deployed.personalize
    (before,) = personalize.list_campaigns()["campaigns"]
    context = (*deployed.cli.context, ("event_type", "View"))
    CdkCli(deployed.aws, deployed.cli.directory, context, deployed.cli.app).deploy(STACK)
    # Whatever starts the pipeline would do: the old one may have been retired after its last run.
    deployed.put("batch/related/input/last.json", json.dumps({"itemId": "I0001"}))

    deployed.wait(lambda: len(personalize.list_solutions()["solutions"]) == 2)

    (after,) = personalize.list_campaigns()["campaigns"]
    campaign = personalize.describe_campaign(campaignArn=after["campaignArn"])["campaign"]
    served = campaign["solutionVersionArn"].rpartition("/")[0]
    assert after["campaignArn"] == before["campaignArn"]
    assert served in {each["solutionArn"] for each in personalize.list_solutions()["solutions"]}
    assert personalize.describe_solution(solutionArn=served)["solution"]["eventType"] == "View"


def test_nothing_is_left_of_a_destroyed_stack(deployed: Deployed) -> None:
    deployed.cli.destroy(STACK)

    assert leftovers(deployed.aws) == []
