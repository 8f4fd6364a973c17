"""Import jobs fill datasets; what is wrong with the data fails the job, with a reason."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from tests.emulator.cloud import BUCKET, ITEMS, ROLE, Cloud, interactions

if TYPE_CHECKING:
    from collections.abc import Callable

    from personalize_emulator import PersonalizeEmulator


def start(cloud: Cloud, dataset: str, name: str = "first", location: str = "") -> str:
    return cloud.personalize.create_dataset_import_job(
        jobName=name,
        datasetArn=dataset,
        dataSource={"dataLocation": location or cloud.put("log.csv", interactions())},
        roleArn=ROLE,
    )["datasetImportJobArn"]


def test_is_pending_then_in_progress_then_active(cloud: Cloud) -> None:
    arn = start(cloud, cloud.dataset(cloud.group()))
    assert cloud.describe(arn)["status"] == "CREATE PENDING"
    cloud.reach(arn, "CREATE IN_PROGRESS")
    assert cloud.settle(arn)["status"] == "ACTIVE"


def test_is_described_as_it_was_asked_for(cloud: Cloud) -> None:
    dataset = cloud.dataset(cloud.group())
    location = cloud.put("log.csv", interactions())
    found = cloud.describe(start(cloud, dataset, location=location))
    assert found["datasetArn"] == dataset
    assert found["dataSource"] == {"dataLocation": location}
    assert (found["importMode"], found["roleArn"]) == ("FULL", ROLE)


def test_has_the_arn_of_its_name(cloud: Cloud) -> None:
    arn = start(cloud, cloud.dataset(cloud.group()), "monday")
    assert arn == cloud.arn("dataset-import-job/monday")


def test_a_name_is_taken_for_ever(cloud: Cloud) -> None:
    dataset = cloud.dataset(cloud.group())
    cloud.settle(start(cloud, dataset))
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        start(cloud, dataset)


def test_its_name_stays_taken_when_its_dataset_is_gone(cloud: Cloud) -> None:
    group = cloud.group()
    dataset = cloud.dataset(group)
    cloud.settle(start(cloud, dataset))
    cloud.personalize.delete_dataset(datasetArn=dataset)
    cloud.vanish(dataset)
    schema = cloud.arn("schema/Interactions")
    again = cloud.personalize.create_dataset(
        name="log", datasetType="Interactions", datasetGroupArn=group, schemaArn=schema
    )["datasetArn"]
    cloud.settle(again)
    assert cloud.personalize.list_dataset_import_jobs()["datasetImportJobs"] == []
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        start(cloud, again)


def test_data_that_is_wrong_fails_the_job_with_a_reason(cloud: Cloud) -> None:
    dataset = cloud.dataset(cloud.group())
    job = cloud.import_csv(dataset, interactions().replace("1700000000", "yesterday", 1))
    assert job["status"] == "CREATE FAILED"
    assert "line 2, column TIMESTAMP: got 'yesterday'" in job["failureReason"]


def test_a_failed_import_leaves_the_data_as_it_was(cloud: Cloud) -> None:
    group = cloud.group()
    dataset = cloud.dataset(group, csv=interactions())
    cloud.import_csv(dataset, "nonsense")
    cloud.version(cloud.solution(group))  # which fails without data


def test_a_missing_object_fails_the_job(cloud: Cloud) -> None:
    dataset = cloud.dataset(cloud.group())
    job = cloud.settle(start(cloud, dataset, location=f"s3://{BUCKET}/none.csv"))
    assert job["status"] == "CREATE FAILED"
    assert f"s3://{BUCKET}/none.csv" in job["failureReason"]


def test_the_dataset_must_be_there(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        start(cloud, cloud.arn("dataset/none/ITEMS"))


def test_a_role_must_be_given(cloud: Cloud) -> None:
    dataset = cloud.dataset(cloud.group())
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="roleArn"):
        cloud.personalize.create_dataset_import_job(
            jobName="first", datasetArn=dataset, dataSource={"dataLocation": "s3://data/x"}
        )


def test_the_first_import_must_be_full(cloud: Cloud) -> None:
    dataset = cloud.dataset(cloud.group())
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="FULL"):
        cloud.import_csv(dataset, interactions(), mode="INCREMENTAL")


def test_an_incremental_import_adds(cloud: Cloud) -> None:
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS, ITEMS)
    cloud.import_csv(items, "ITEM_ID,CATEGORY,PRICE\nnew,C,1\n", mode="INCREMENTAL")
    assert {"a0", "new"} <= set(known_items(cloud, items))


def test_a_full_import_replaces(cloud: Cloud) -> None:
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS, ITEMS)
    cloud.import_csv(items, "ITEM_ID,CATEGORY,PRICE\nnew,C,1\n")
    assert known_items(cloud, items) == ["new"]


def test_a_full_import_does_not_replace_what_was_put(cloud: Cloud) -> None:
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS, ITEMS)
    cloud.events.put_items(
        datasetArn=items, items=[{"itemId": "put", "properties": '{"category": "P"}'}]
    )
    cloud.import_csv(items, "ITEM_ID,CATEGORY,PRICE\nnew,C,1\n")
    assert known_items(cloud, items) == ["new", "put"]


def test_a_full_import_of_interactions_replaces(cloud: Cloud) -> None:
    group = cloud.group()
    dataset = cloud.dataset(group, csv=interactions())
    cloud.import_csv(dataset, interactions().replace(",a", ",x").replace(",b", ",y"))
    campaign = cloud.campaign(cloud.version(cloud.solution(group)))
    answer = cloud.runtime.get_recommendations(campaignArn=campaign, userId="u0")
    assert {entry["itemId"][0] for entry in answer["itemList"]} == {"x", "y"}


def test_a_full_import_does_not_replace_events(cloud: Cloud) -> None:
    group = cloud.group()
    dataset = cloud.dataset(group, csv=interactions(users=2))
    _, tracking_id = cloud.tracker(group)
    cloud.events.put_events(
        trackingId=tracking_id,
        userId="new",
        sessionId="s",
        eventList=[{"eventType": "view", "itemId": "a1", "sentAt": datetime.now(UTC)}],
    )
    cloud.import_csv(dataset, interactions(users=1))
    assert known_users(cloud, dataset) == ["new", "u0"]


def test_an_incremental_import_of_interactions_appends(cloud: Cloud) -> None:
    dataset = cloud.dataset(cloud.group(), csv=interactions(users=1))
    more = interactions(users=2).replace("u0,", "u9,")
    cloud.import_csv(dataset, more, mode="INCREMENTAL")
    assert known_users(cloud, dataset) == ["u0", "u1", "u9"]


def test_an_incremental_import_replaces_the_records_of_its_ids(cloud: Cloud) -> None:
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS, ITEMS)
    cloud.import_csv(items, "ITEM_ID,CATEGORY,PRICE\na0,C,\n", mode="INCREMENTAL")
    records = cloud.emulator.service.backend.records
    assert records.get(items, "a0") == {"CATEGORY": "C"}  # whole, not column by column
    imported = [key for key, _ in records.as_they_came(items, put=False)]
    assert imported.count("a0") == 1
    assert len(imported) == len(ITEMS.splitlines()) - 1


def test_of_two_rows_with_the_same_id_the_later_holds(cloud: Cloud) -> None:
    rows = "ITEM_ID,CATEGORY,PRICE\na,C,1\na,D,2\n"
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS, rows)
    assert cloud.emulator.service.backend.records.get(items, "a")["CATEGORY"] == "D"


def test_interactions_that_are_alike_count_once(cloud: Cloud) -> None:
    text = interactions(users=2, each=3)
    rows = text.splitlines()[1:]
    dataset = cloud.dataset(cloud.group(), csv="\n".join([text, *rows]))
    log = cloud.emulator.service.backend.interactions
    assert len(log.training_data(dataset, items={}, users={})) == len(rows)


def test_imports_actions(cloud: Cloud) -> None:
    fields = [SchemaField.string("KIND", categorical=True), SchemaField.long("VALUE")]
    schema = AvroSchema.of(DatasetType.ACTIONS, fields)
    actions = cloud.dataset_of_schema(cloud.group(), schema)
    job = cloud.import_csv(actions, "ACTION_ID,KIND,VALUE\napp,install,10\n")
    assert job["status"] == "ACTIVE"
    assert cloud.emulator.service.backend.records.all(actions) == {
        "app": {"KIND": "install", "VALUE": 10}
    }


def test_imports_interactions_with_actions(cloud: Cloud) -> None:
    dataset = action_interactions(cloud)
    job = cloud.import_csv(dataset, taken(2))
    assert job["status"] == "ACTIVE"
    history = cloud.emulator.service.backend.interactions.history(dataset, "u0")
    assert [(event.item_id, event.event_type) for event in history] == [("app", "taken")]


def test_imports_what_was_on_show(cloud: Cloud) -> None:
    schema = AvroSchema.of(DatasetType.INTERACTIONS, [SchemaField.string("IMPRESSION")])
    dataset = cloud.dataset_of_schema(cloud.group(), schema)
    cloud.import_csv(dataset, "USER_ID,ITEM_ID,TIMESTAMP,IMPRESSION\nu0,a0,17,a0|a1|a2\n")
    (row,) = cloud.emulator.service.backend.interactions.imported_rows(dataset)
    assert row["IMPRESSION"] == "a0|a1|a2"


def test_the_files_of_sub_folders_are_left_out(cloud: Cloud) -> None:
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS)
    cloud.put("folder/one.csv", "ITEM_ID,CATEGORY,PRICE\none,C,1\n")
    cloud.put("folder/old/two.csv", "ITEM_ID,CATEGORY,PRICE\ntwo,C,1\n")
    cloud.settle(start(cloud, items, location=cloud.path("folder/")))
    assert known_items(cloud, items) == ["one"]


def test_too_few_interactions_are_counted(limited: Cloud) -> None:
    dataset = limited.dataset(limited.group())
    job = limited.import_csv(dataset, interactions(users=1, each=8))
    assert "has 8 interactions, at least 1000 are needed" in job["failureReason"]


def test_too_few_interactions_with_actions_cannot_be_added_to_others(limited: Cloud) -> None:
    dataset = action_interactions(limited)
    assert limited.import_csv(dataset, taken(2))["status"] == "ACTIVE"
    job = limited.import_csv(dataset, taken(2), mode="INCREMENTAL")
    assert "has 2 interactions, at least 1000 are needed" in job["failureReason"]


def test_event_types_and_metadata_columns_are_ten_at_most(limited: Cloud) -> None:
    dataset = limited.dataset(limited.group())
    rows = interactions(users=250).splitlines()
    rows = [row.replace("view", f"type-{number % 11}") for number, row in enumerate(rows)]
    job = limited.import_csv(dataset, "\n".join(rows))
    assert "There are 11 event types and 0 metadata columns" in job["failureReason"]


def test_attribution_metrics_are_asked_for_by_the_job(cloud: Cloud) -> None:
    dataset = cloud.dataset(cloud.group())
    arn = cloud.personalize.create_dataset_import_job(
        jobName="first",
        datasetArn=dataset,
        dataSource={"dataLocation": cloud.put("log.csv", interactions())},
        roleArn=ROLE,
        publishAttributionMetricsToS3=True,
    )["datasetImportJobArn"]
    assert cloud.describe(arn)["publishAttributionMetricsToS3"] is True


def test_attribution_metrics_are_written_when_the_job_asks_for_it(cloud: Cloud) -> None:
    group = cloud.group()
    dataset = cloud.dataset(group)
    attribution = cloud.personalize.create_metric_attribution(
        name="views",
        datasetGroupArn=group,
        metrics=[{"eventType": "view", "metricName": "views", "expression": "SAMPLECOUNT()"}],
        metricsOutputConfig={
            "roleArn": ROLE,
            "s3DataDestination": {"path": cloud.path("reports/")},
        },
    )["metricAttributionArn"]
    cloud.settle(attribution)
    cloud.import_csv(dataset, interactions())
    assert cloud.keys("reports/") == []
    arn = cloud.personalize.create_dataset_import_job(
        jobName="published",
        datasetArn=dataset,
        dataSource={"dataLocation": cloud.put("log.csv", interactions(users=2, each=3))},
        roleArn=ROLE,
        publishAttributionMetricsToS3=True,
    )["datasetImportJobArn"]
    assert cloud.settle(arn)["status"] == "ACTIVE"
    (report,) = cloud.keys("reports/")
    rows = csv.DictReader(cloud.read(report).splitlines())
    assert sum(float(row["VALUE"]) for row in rows) == 2 * 3


def test_is_taken_up_again_by_the_next_process(run: Callable[[], PersonalizeEmulator]) -> None:
    with run() as emulator:
        before = Cloud(emulator, "123456789012")
        items = before.dataset(before.group(), DatasetType.ITEMS)
        location = before.put("items.csv", ITEMS)
        arn = start(before, items, location=location)
        before.reach(arn, "CREATE IN_PROGRESS")
        before.close()
    with run() as emulator:
        after = Cloud(emulator, "123456789012")
        assert after.settle(arn)["status"] == "ACTIVE"
        assert "a0" in known_items(after, items)
        after.close()


def test_lists_those_of_a_dataset(cloud: Cloud) -> None:
    group = cloud.group()
    dataset = cloud.dataset(group)
    cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    arn = start(cloud, dataset)
    found = cloud.personalize.list_dataset_import_jobs(datasetArn=dataset)["datasetImportJobs"]
    assert [job["datasetImportJobArn"] for job in found] == [arn]


def known_items(cloud: Cloud, dataset: str) -> list[str]:
    """What is in an Items dataset; the service itself has no operation that says it."""
    return sorted(cloud.emulator.service.backend.records.all(dataset))


def known_users(cloud: Cloud, dataset: str) -> list[str]:
    """Who is in an Interactions dataset."""
    log = cloud.emulator.service.backend.interactions
    return sorted(log.training_data(dataset, items={}, users={}).user_ids)


def action_interactions(cloud: Cloud) -> str:
    """Create an empty dataset of action interactions."""
    schema = AvroSchema.of(DatasetType.ACTION_INTERACTIONS, [])
    return cloud.dataset_of_schema(cloud.group(), schema)


def taken(users: int) -> str:
    """CSV in which users took an action."""
    rows = [f"u{user},app,taken,{1_700_000_000 + user}" for user in range(users)]
    return "\n".join(["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP", *rows])
