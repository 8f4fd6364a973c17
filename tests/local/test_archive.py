"""Events through a real stream into the archive, and from there into another dataset group.

Local AWS asks IAM. The tests run in this order on one deployment; the last one destroys it.
"""

import csv
import json
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.leftovers import leftovers
from tests.local.archive_stack import EXPORTED, NAME, ArchiveStack
from tests.local.deployment import Deployment, wait_until

pytestmark = pytest.mark.local

PAGE = Path(__file__).parents[2] / "docs" / "constructs" / "event_archive.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RESTORE, ANEW = _BLOCK.findall(PAGE.read_text(encoding="utf-8"))

DAYS = ("2026-11-20", "2026-11-21")
EVENTS = 1200
DESCRIPTION = 'A "round" table, \\ 2 m.\nOf oak.'


@dataclass
class Archived:
    """The stack, and a folder for the commands of its page."""

    stack: Deployment
    folder: Path

    def run(self, command: str) -> None:
        """Run a command of the page, with the AWS CLI."""
        environment = self.stack.aws.environment
        subprocess.run(
            ["bash", "-euc", command],
            cwd=self.folder,
            env={
                **environment,
                "BUCKET": self.stack.outputs["BucketName"],
                "PATH": f"{sysconfig.get_path('scripts')}:{environment['PATH']}",
            },
            check=True,
            capture_output=True,
        )

    def rows(self, folder: str) -> list[dict[str, str]]:
        """Return the rows of all files of a folder of the archive."""
        return [
            row
            for key in self.stack.keys(f"archive/{folder}/")
            for row in csv.DictReader(self.stack.read(key).splitlines(), escapechar="\\")
        ]

    def arrived(self) -> bool:
        """Tell whether all rows that there should be are in the archive."""
        return (len(self.rows("interactions")), len(self.rows("items"))) == (EVENTS, 1)


def event(number: int) -> dict[str, Any]:
    return {
        "userId": f"u{number % 40}",
        "sessionId": f"s{number % 40}",
        "eventType": "view",
        "itemId": f"i{number % 30}",
        "sentAt": f"{DAYS[number % 2]}T10:{number // 60 % 60:02}:{number % 60:02}Z",
        "properties": {"deviceType": "phone"},
    }


# An item, what is no row, and what is no record.
OTHERS = (
    {
        "kind": "item",
        "itemId": "table",
        "properties": {"price": 99.5, "productDescription": DESCRIPTION},
    },
    {name: value for name, value in event(0).items() if name != "userId"},
    ["no", "record"],
)


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archived]:
    folder = tmp_path_factory.mktemp("archived")
    with Deployment.on_a_new_aws(folder, NAME) as stack:
        stack.deploy(ArchiveStack)
        stack.wait(lambda: bool(stack.runs()))
        records = [*(event(number) for number in range(EVENTS)), *OTHERS]
        entries = [{"Data": json.dumps(each), "PartitionKey": "k"} for each in records]
        for first in range(0, len(entries), 500):
            stack.client("kinesis").put_records(
                StreamName=stack.outputs["StreamName"], Records=entries[first : first + 500]
            )
        found = Archived(stack, folder)
        wait_until(found.arrived)
        yield found


def test_every_record_is_kept_as_it_came(archived: Archived) -> None:
    stack = archived.stack
    lines = [
        json.loads(line)
        for key in stack.keys("archive/raw/")
        for line in stack.read(key).splitlines()
    ]

    assert len(lines) == EVENTS + len(OTHERS)
    assert all(record in lines for record in (event(0), event(EVENTS - 1), *OTHERS))


def test_an_event_is_in_the_file_of_its_day(archived: Archived) -> None:
    keys = archived.stack.keys("archive/interactions/")

    assert {key.split("/")[2] for key in keys} == {f"day={day}" for day in DAYS}
    assert {
        "USER_ID": "u0",
        "ITEM_ID": "i0",
        "TIMESTAMP": "1795168800",
        "EVENT_TYPE": "view",
        "EVENT_VALUE": "",
        "DEVICE_TYPE": "phone",
    } in archived.rows("interactions")


def test_an_item_is_there_with_all_its_properties(archived: Archived) -> None:
    assert archived.rows("items") == [
        {
            "ITEM_ID": "table",
            "PRICE": "99.5",
            "PRODUCT_DESCRIPTION": DESCRIPTION.replace("\n", " "),
        }
    ]


def test_the_files_are_encrypted_with_the_key_of_the_store(archived: Archived) -> None:
    stack = archived.stack
    bucket = stack.outputs["BucketName"]
    heads = [stack.s3.head_object(Bucket=bucket, Key=key) for key in stack.keys("archive/")]

    assert {head["ServerSideEncryption"] for head in heads} == {"aws:kms"}
    assert len({head["SSEKMSKeyId"] for head in heads}) == 1


def test_there_is_a_table_for_each_dataset(archived: Archived) -> None:
    database = archived.stack.outputs["DatabaseName"]
    tables = archived.stack.client("glue").get_tables(DatabaseName=database)["TableList"]

    assert {each["Name"] for each in tables} == {"interactions", "items"}


def test_files_that_are_lost_are_made_anew_of_the_raw_records(archived: Archived) -> None:
    stack = archived.stack
    before = {key: stack.read(key) for key in stack.keys("archive/interactions/")}
    for key in before:
        stack.s3.delete_object(Bucket=stack.outputs["BucketName"], Key=key)

    archived.run(ANEW)

    wait_until(archived.arrived)
    assert {key: stack.read(key) for key in stack.keys("archive/interactions/")} == before


def test_a_raw_object_that_cannot_be_read_becomes_a_dead_letter(archived: Archived) -> None:
    outputs = archived.stack.outputs
    told = {
        "time": "2026-11-22T00:00:00Z",
        "detail": {
            "bucket": {"name": outputs["BucketName"]},
            "object": {"key": "archive/raw/2026/11/22/gone"},
        },
    }
    # As EventBridge calls it.
    archived.stack.client("lambda").invoke(
        FunctionName=outputs["ArchiveFunction"], InvocationType="Event", Payload=json.dumps(told)
    )

    queue = archived.stack.client("sqs")
    letters: list[dict[str, Any]] = []

    def came() -> bool:
        found = queue.receive_message(QueueUrl=outputs["ArchiveQueueUrl"]).get("Messages", [])
        letters.extend(json.loads(message["Body"]) for message in found)
        return bool(letters)

    wait_until(came)
    assert [letter["requestPayload"] for letter in letters] == [told]


def test_the_pipeline_imports_what_is_restored(archived: Archived) -> None:
    stack = archived.stack

    run = stack.run_of(lambda: archived.run(RESTORE))

    assert (run["status"], run.get("cause")) == ("SUCCEEDED", None)
    jobs = stack.personalize.list_dataset_import_jobs()["datasetImportJobs"]
    assert {job["status"] for job in jobs} == {"ACTIVE"}


def test_another_dataset_group_imports_every_archived_event(archived: Archived) -> None:
    stack, personalize = archived.stack, archived.stack.personalize
    group = personalize.create_dataset_group(name="another")["datasetGroupArn"]
    wait_until(lambda: status("dataset_group", group, stack) == "ACTIVE")
    dataset = personalize.create_dataset(
        name="another",
        schemaArn=stack.outputs["InteractionsSchemaArn"],
        datasetGroupArn=group,
        datasetType="Interactions",
    )["datasetArn"]
    wait_until(lambda: status("dataset", dataset, stack) == "ACTIVE")
    bucket, role = stack.outputs["BucketName"], stack.outputs["RoleArn"]

    job = personalize.create_dataset_import_job(
        jobName="restored",
        datasetArn=dataset,
        dataSource={"dataLocation": f"s3://{bucket}/import/interactions/"},
        roleArn=role,
    )["datasetImportJobArn"]
    wait_until(lambda: status("dataset_import_job", job, stack) == "ACTIVE")

    export = personalize.create_dataset_export_job(
        jobName="restored",
        datasetArn=dataset,
        ingestionMode="BULK",
        jobOutput={"s3DataDestination": {"path": f"s3://{bucket}/{EXPORTED}"}},
        roleArn=role,
    )["datasetExportJobArn"]
    wait_until(lambda: status("dataset_export_job", export, stack) == "ACTIVE")
    exported = [
        row for key in stack.keys(EXPORTED) for row in csv.DictReader(stack.read(key).splitlines())
    ]
    assert len(exported) == EVENTS
    assert {row["DEVICE_TYPE"] for row in exported} == {"phone"}
    personalize.delete_dataset(datasetArn=dataset)
    wait_until(lambda: not personalize.list_datasets(datasetGroupArn=group)["datasets"])
    personalize.delete_dataset_group(datasetGroupArn=group)


def status(kind: str, arn: str, stack: Deployment) -> str:
    member = "".join(word.capitalize() for word in kind.split("_"))
    member = member[0].lower() + member[1:]
    describe = getattr(stack.personalize, f"describe_{kind}")
    found: str = describe(**{f"{member}Arn": arn})[member]["status"]
    assert "FAILED" not in found, describe(**{f"{member}Arn": arn})[member]
    return found


def test_nothing_is_left_of_a_destroyed_stack(archived: Archived) -> None:
    archived.stack.destroy()

    assert leftovers(archived.stack.aws) == []
