"""Export jobs write the data of a dataset so that they can be imported again."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator.bulk.csv_export import write_csv
from personalize_emulator.objects import MemoryObjects
from tests.emulator.cloud import BUCKET, ITEMS, ROLE, interactions

if TYPE_CHECKING:
    from mypy_boto3_personalize.literals import IngestionModeType

    from tests.emulator.cloud import Cloud

KEY = "arn:aws:kms:us-east-1:123456789012:key/0d0e"
NASTY = [
    'the "best", they say',
    "two\nlines",
    "two\r\nlines",
    r"C:\new \"folder\" ends with \\",
    "\\",
    "猫 🐈 élan",
    " spaces ",
    "a|b",
]


def start(
    cloud: Cloud, dataset: str, mode: IngestionModeType | None = None, name: str = "out", **to: str
) -> str:
    destination: Any = {"path": cloud.path("exports/"), **to}
    options: Any = {} if mode is None else {"ingestionMode": mode}
    return cloud.personalize.create_dataset_export_job(
        jobName=name,
        datasetArn=dataset,
        roleArn=ROLE,
        jobOutput={"s3DataDestination": destination},
        **options,
    )["datasetExportJobArn"]


def export(
    cloud: Cloud, dataset: str, mode: IngestionModeType | None = None
) -> list[dict[str, str]]:
    assert cloud.settle(start(cloud, dataset, mode))["status"] == "ACTIVE"
    return list(csv.DictReader(io.StringIO(cloud.read("exports/out/part-00000.csv"))))


def put_items(cloud: Cloud, dataset: str, *items: tuple[str, str]) -> None:
    for item_id, properties in items:
        cloud.events.put_items(
            datasetArn=dataset, items=[{"itemId": item_id, "properties": properties}]
        )


@pytest.fixture
def items(cloud: Cloud) -> str:
    return cloud.dataset(cloud.group(), DatasetType.ITEMS, ITEMS)


def test_is_pending_then_in_progress_then_active(cloud: Cloud, items: str) -> None:
    arn = start(cloud, items)
    assert arn == cloud.arn("dataset-export-job/out")
    assert cloud.describe(arn)["status"] == "CREATE PENDING"
    cloud.reach(arn, "CREATE IN_PROGRESS")
    assert cloud.settle(arn)["status"] == "ACTIVE"


def test_is_described_as_it_was_asked_for(cloud: Cloud, items: str) -> None:
    found = cloud.describe(start(cloud, items, "BULK", kmsKeyArn=KEY))
    assert found["datasetArn"] == items
    assert found["ingestionMode"] == "BULK"
    assert found["roleArn"] == ROLE
    assert found["jobOutput"] == {
        "s3DataDestination": {"path": cloud.path("exports/"), "kmsKeyArn": KEY}
    }


def test_exports_what_was_put_by_default(cloud: Cloud, items: str) -> None:
    put_items(cloud, items, ("new", '{"category": "N", "price": 2}'))
    assert export(cloud, items) == [{"ITEM_ID": "new", "CATEGORY": "N", "PRICE": "2.0"}]


def test_exports_every_put_of_an_item(cloud: Cloud, items: str) -> None:
    put_items(cloud, items, ("new", '{"category": "N"}'), ("new", '{"price": 2}'))
    put_items(cloud, items, ("new", '{"price": 2}'))
    assert [row["PRICE"] for row in export(cloud, items, "PUT")] == ["", "2.0"]


def test_exports_what_was_imported(cloud: Cloud, items: str) -> None:
    put_items(cloud, items, ("a0", '{"price": 99}'), ("new", '{"category": "N"}'))
    exported = export(cloud, items, "BULK")
    assert len(exported) == len(ITEMS.splitlines()) - 1
    assert exported[0] == {"ITEM_ID": "a0", "CATEGORY": "A", "PRICE": "0.0"}


def test_exports_the_newest_of_everything(cloud: Cloud, items: str) -> None:
    put_items(cloud, items, ("a0", '{"price": 99}'), ("new", '{"category": "N"}'))
    exported = {row["ITEM_ID"]: row for row in export(cloud, items, "ALL")}
    assert exported["a0"] == {"ITEM_ID": "a0", "CATEGORY": "A", "PRICE": "99.0"}
    assert exported["new"]["CATEGORY"] == "N"
    assert len(exported) == len(ITEMS.splitlines())


def test_exports_events_in_the_columns_of_the_schema(cloud: Cloud) -> None:
    group = cloud.group()
    dataset = cloud.dataset(group, csv=interactions())
    _, tracking_id = cloud.tracker(group)
    cloud.events.put_events(
        trackingId=tracking_id,
        userId="new",
        sessionId="s",
        eventList=[
            {
                "eventType": "buy",
                "itemId": "a1",
                "eventValue": 2.5,
                "sentAt": datetime.fromtimestamp(1_700_000_000, UTC),
            }
        ],
    )
    assert export(cloud, dataset) == [
        {
            "USER_ID": "new",
            "ITEM_ID": "a1",
            "TIMESTAMP": "1700000000",
            "EVENT_TYPE": "buy",
            "EVENT_VALUE": "2.5",
        }
    ]


def test_exports_impressions_and_where_an_event_came_from(cloud: Cloud) -> None:
    names = ["IMPRESSION", "RECOMMENDATION_ID", "EVENT_ATTRIBUTION_SOURCE", "DEVICE"]
    fields = [SchemaField.string(name, nullable=True) for name in ["EVENT_TYPE", *names]]
    group = cloud.group()
    dataset = cloud.dataset_of_schema(group, AvroSchema.of(DatasetType.INTERACTIONS, fields))
    _, tracking_id = cloud.tracker(group)
    cloud.events.put_events(
        trackingId=tracking_id,
        userId="new",
        sessionId="s",
        eventList=[
            {
                "eventType": "buy",
                "itemId": "a1",
                "sentAt": datetime.now(UTC),
                "impression": ["a1", "a2"],
                "recommendationId": "RID-1",
                "metricAttribution": {"eventAttributionSource": "home"},
                "properties": '{"device": "phone"}',
            }
        ],
    )
    (row,) = export(cloud, dataset)
    assert [row[name] for name in names] == ["a1|a2", "RID-1", "home", "phone"]


def test_exports_bulk_and_events_together_and_the_same_but_once(cloud: Cloud) -> None:
    group = cloud.group()
    dataset = cloud.dataset(group, csv=interactions(users=2, each=3))
    _, tracking_id = cloud.tracker(group)
    for user in ("u0", "new"):
        cloud.events.put_events(
            trackingId=tracking_id,
            userId=user,
            sessionId=user,
            eventList=[
                {
                    "eventType": "view",
                    "itemId": "a0",
                    "sentAt": datetime.fromtimestamp(1_700_000_000, UTC),
                }
            ],
        )
    # u0's event is the interaction that was imported first, in every column.
    assert len(export(cloud, dataset, "ALL")) == 2 * 3 + 1


@pytest.mark.parametrize("text", NASTY)
def test_what_is_exported_can_be_imported(cloud: Cloud, text: str) -> None:
    group = cloud.group()
    items = cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    records = cloud.emulator.service.backend.records
    records.put(items, [("nasty", {"CATEGORY": text, "PRICE": None})], at=0.0)
    cloud.settle(start(cloud, items, "PUT"))
    arn = cloud.personalize.create_dataset_import_job(
        jobName="again",
        datasetArn=items,
        dataSource={"dataLocation": cloud.path("exports/out/")},
        roleArn=ROLE,
    )["datasetImportJobArn"]
    assert cloud.settle(arn)["status"] == "ACTIVE"
    assert list(records.as_they_came(items, put=False)) == [("nasty", {"CATEGORY": text})]


def test_the_folder_needs_no_slash(cloud: Cloud, items: str) -> None:
    cloud.settle(start(cloud, items, path=cloud.path("elsewhere")))
    assert cloud.keys("elsewhere") == ["elsewhere/out/part-00000.csv"]


def test_is_encrypted_with_the_key_that_is_given(cloud: Cloud, items: str) -> None:
    cloud.settle(start(cloud, items, kmsKeyArn=KEY))
    objects = cloud.emulator.objects
    assert isinstance(objects, MemoryObjects)
    assert objects.kms_key_arn(BUCKET, f"{cloud.account}/exports/out/part-00000.csv") == KEY


def test_a_path_that_is_no_bucket_fails_the_job(cloud: Cloud, items: str) -> None:
    found = cloud.settle(start(cloud, items, path="http://example.com/out"))
    assert found["status"] == "CREATE FAILED"
    assert "http://example.com/out is no S3 path" in found["failureReason"]


@pytest.mark.parametrize("dataset_type", [DatasetType.ACTIONS, DatasetType.ACTION_INTERACTIONS])
def test_actions_cannot_be_exported(cloud: Cloud, dataset_type: DatasetType) -> None:
    fields = {
        DatasetType.ACTIONS: [SchemaField.string("KIND", categorical=True)],
        DatasetType.ACTION_INTERACTIONS: [],
    }[dataset_type]
    dataset = cloud.dataset_of_schema(cloud.group(), AvroSchema.of(dataset_type, fields))
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="exported"):
        start(cloud, dataset)


def test_a_name_is_taken_for_ever(cloud: Cloud, items: str) -> None:
    cloud.settle(start(cloud, items))
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        start(cloud, items)


def test_lists_those_of_a_dataset(cloud: Cloud, items: str) -> None:
    users = cloud.dataset(cloud.group("other"), DatasetType.USERS)
    arns = [start(cloud, items, name="one"), start(cloud, users, name="two")]
    listed = cloud.personalize.list_dataset_export_jobs()["datasetExportJobs"]
    assert [job["datasetExportJobArn"] for job in listed] == arns
    listed = cloud.personalize.list_dataset_export_jobs(datasetArn=users)["datasetExportJobs"]
    assert [job["datasetExportJobArn"] for job in listed] == arns[1:]


def test_a_dataset_cannot_be_deleted_while_it_is_exported(cloud: Cloud, items: str) -> None:
    arn = start(cloud, items)
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException, match=arn):
        cloud.personalize.delete_dataset(datasetArn=items)


def test_goes_with_its_dataset_and_keeps_its_name(cloud: Cloud, items: str) -> None:
    cloud.settle(start(cloud, items))
    cloud.personalize.delete_dataset(datasetArn=items)
    cloud.vanish(items)
    assert cloud.personalize.list_dataset_export_jobs()["datasetExportJobs"] == []
    users = cloud.dataset(cloud.arn("dataset-group/shop"), DatasetType.USERS)
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        start(cloud, users)


def test_many_rows_make_more_than_one_file() -> None:
    schema = AvroSchema.of(DatasetType.USERS, [SchemaField.int("AGE")])
    rows = [{"USER_ID": f"u{number}", "AGE": number} for number in range(5)]
    assert list(write_csv(schema, rows, rows_of_a_file=2)) == [
        b"USER_ID,AGE\nu0,0\nu1,1\n",
        b"USER_ID,AGE\nu2,2\nu3,3\n",
        b"USER_ID,AGE\nu4,4\n",
    ]


def test_a_whole_number_that_may_be_null_stays_whole() -> None:
    schema = AvroSchema.of(DatasetType.USERS, [SchemaField.int("AGE", nullable=True)])
    rows: list[dict[str, object]] = [{"USER_ID": "u0", "AGE": 41.0}, {"USER_ID": "u1"}]
    assert list(write_csv(schema, rows)) == [b"USER_ID,AGE\nu0,41\nu1,\n"]


def test_no_rows_make_a_file_with_a_header(cloud: Cloud, items: str) -> None:
    assert export(cloud, items, "PUT") == []
    assert cloud.read("exports/out/part-00000.csv") == "ITEM_ID,CATEGORY,PRICE\n"
