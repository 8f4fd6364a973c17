"""Import jobs fill datasets; what is wrong with the data fails the job, with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_personalize.avro_schema import DatasetType
from tests.emulator.cloud import BUCKET, ITEMS, ROLE, interactions

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


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
