"""A pipeline that runs a job of each kind, on a local AWS that asks IAM.

The tests run in this order on one deployment; the last one destroys it.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from demo.leftovers import leftovers
from personalize_emulator.generated_data import write_shop
from tests.local.deployment import Deployment, Rows, read_rows
from tests.local.jobs_stack import NAME, JobsStack

pytestmark = pytest.mark.local

HALF = 2000


@dataclass
class Jobs:
    """The stack, and the data of which it gets a half at first."""

    stack: Deployment
    data: Path
    interactions: Rows

    def jobs(self, kind: str) -> list[dict[str, Any]]:
        """Return the jobs of a kind, the oldest first."""
        member = "".join(word.capitalize() for word in kind.split("_"))
        member = member[0].lower() + member[1:]
        personalize = self.stack.personalize
        found = getattr(personalize, f"list_{kind}s")()[f"{member}s"]
        describe = getattr(personalize, f"describe_{kind}")
        arn = f"{member}Arn"
        jobs = [describe(**{arn: each[arn]})[member] for each in found]
        return sorted(jobs, key=lambda job: job["creationDateTime"])

    def versions(self) -> int:
        return len(self.stack.personalize.list_solution_versions()["solutionVersions"])


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    folder = tmp_path_factory.mktemp("jobs")
    data = folder / "data"
    write_shop(data, users=100, items=60, interactions=2 * HALF)
    interactions = read_rows(data / "interactions.csv")
    with Deployment.on_a_new_aws(folder, NAME) as stack:
        stack.deploy(partial(JobsStack, data=data))
        items = sorted({row["ITEM_ID"] for row in interactions})[:2]
        for job in ("related", "fans"):
            lines = "\n".join(json.dumps({"itemId": item}) for item in items)
            stack.put(f"batch/{job}/input/questions.json", lines)
        stack.put("import/items/items.csv", (data / "items.csv").read_text())
        stack.put("import/interactions/first.csv", interactions[:HALF])
        stack.wait(lambda: bool(stack.keys("batch/fans/output/")))
        yield Jobs(stack, data, interactions)


def test_a_first_import_is_full_whatever_the_job_says(pipeline: Jobs) -> None:
    modes = {
        job["datasetArn"].rpartition("/")[2]: job["importMode"]
        for job in pipeline.jobs("dataset_import_job")
    }

    assert modes == {"INTERACTIONS": "FULL", "ITEMS": "FULL"}


def test_a_batch_inference_job_answers_every_line(pipeline: Jobs) -> None:
    text = pipeline.stack.read("batch/related/output/questions.json.out")
    answers = [json.loads(line) for line in text.splitlines()]

    assert [len(answer["output"]["recommendedItems"]) for answer in answers] == [3, 3]
    (job,) = pipeline.jobs("batch_inference_job")
    assert job["jobName"].startswith("related-")
    assert job["filterArn"]


def test_a_batch_segment_job_answers_every_line(pipeline: Jobs) -> None:
    text = pipeline.stack.read("batch/fans/output/questions.json.out")
    answers = [json.loads(line) for line in text.splitlines()]

    assert [len(answer["output"]["recommendedUsers"]) for answer in answers] == [5, 5]
    (job,) = pipeline.jobs("batch_segment_job")
    tags = pipeline.stack.personalize.list_tags_for_resource(resourceArn=job["batchSegmentJobArn"])
    assert tags["tags"] == [{"tagKey": "team", "tagValue": "mail"}]


def test_what_was_imported_is_exported(pipeline: Jobs) -> None:
    rows = [
        row
        for key in pipeline.stack.keys("export/interactions/")
        for row in csv.DictReader(pipeline.stack.read(key).splitlines())
    ]

    assert len(rows) == HALF


def test_a_recommender_and_a_campaign_that_follows_serve(pipeline: Jobs) -> None:
    (recommender,) = pipeline.stack.personalize.list_recommenders()["recommenders"]
    (campaign,) = pipeline.stack.personalize.list_campaigns()["campaigns"]

    assert recommender["status"] == campaign["status"] == "ACTIVE"


def test_a_newer_file_is_added_and_all_that_follows_is_done_again(pipeline: Jobs) -> None:
    pipeline.stack.put("import/interactions/second.csv", pipeline.interactions[HALF:])

    pipeline.stack.wait(lambda: len(pipeline.jobs("batch_segment_job")) == 2)

    last = pipeline.jobs("dataset_import_job")[-1]
    assert last["importMode"] == "INCREMENTAL"
    assert last["dataSource"]["dataLocation"].endswith("/import/interactions/second.csv")
    assert pipeline.versions() == 4
    assert len(pipeline.jobs("batch_inference_job")) == 2
    assert len({job["solutionVersionArn"] for job in pipeline.jobs("batch_inference_job")}) == 2


def test_new_questions_are_answered_without_a_training(pipeline: Jobs) -> None:
    item = pipeline.interactions[0]["ITEM_ID"]
    pipeline.stack.put("batch/related/input/more.json", json.dumps({"itemId": item}))

    pipeline.stack.wait(lambda: len(pipeline.jobs("batch_inference_job")) == 3)

    assert pipeline.stack.keys("batch/related/output/more.json.out")
    assert pipeline.versions() == 4


def test_a_list_of_users_deletes_them_and_everything_is_learnt_without_them(
    pipeline: Jobs,
) -> None:
    exported = len(pipeline.stack.keys("export/interactions/"))
    user = pipeline.interactions[0]["USER_ID"]
    pipeline.stack.put("delete/forget.csv", f"USER_ID\n{user}\n")

    pipeline.stack.wait(lambda: len(pipeline.jobs("batch_segment_job")) == 3)

    (deletion,) = pipeline.jobs("data_deletion_job")
    assert deletion["status"] == "COMPLETED"
    assert deletion["numDeleted"] > 0
    assert pipeline.versions() == 6
    last = pipeline.jobs("dataset_export_job")[-1]["jobName"]
    assert len(pipeline.stack.keys("export/interactions/")) > exported
    for key in pipeline.stack.keys(f"export/interactions/{last}/"):
        rows = csv.DictReader(pipeline.stack.read(key).splitlines())
        assert user not in {row["USER_ID"] for row in rows}


def test_a_replaced_solution_goes_when_its_campaign_has_moved(pipeline: Jobs) -> None:
    personalize = pipeline.stack.personalize
    (before,) = personalize.list_campaigns()["campaigns"]
    pipeline.stack.deploy(partial(JobsStack, data=pipeline.data, event_type="View"))
    # Whatever starts the pipeline would do: the old one may have been retired after its last run.
    pipeline.stack.put("batch/related/input/last.json", json.dumps({"itemId": "I0001"}))

    pipeline.stack.wait(lambda: len(personalize.list_solutions()["solutions"]) == 2)

    (after,) = personalize.list_campaigns()["campaigns"]
    campaign = personalize.describe_campaign(campaignArn=after["campaignArn"])["campaign"]
    served = campaign["solutionVersionArn"].rpartition("/")[0]
    assert after["campaignArn"] == before["campaignArn"]
    assert served in {each["solutionArn"] for each in personalize.list_solutions()["solutions"]}
    assert personalize.describe_solution(solutionArn=served)["solution"]["eventType"] == "View"


def test_nothing_is_left_of_a_destroyed_stack(pipeline: Jobs) -> None:
    pipeline.stack.destroy()

    assert leftovers(pipeline.stack.aws) == []
