"""The documented quotas hold, and can be switched off."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cdk_personalize.avro_schema import DatasetType
from tests.emulator.cloud import ITEMS, ROLE, recipe

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


def test_a_region_has_five_dataset_groups(limited: Cloud) -> None:
    for number in range(5):
        limited.personalize.create_dataset_group(name=f"group-{number}")
    with pytest.raises(limited.personalize.exceptions.LimitExceededException, match="5"):
        limited.personalize.create_dataset_group(name="one-more")


def test_without_quotas_there_are_more(cloud: Cloud) -> None:
    for number in range(6):
        cloud.personalize.create_dataset_group(name=f"group-{number}")
    assert len(cloud.personalize.list_dataset_groups()["datasetGroups"]) == 6


def test_the_dataset_groups_of_another_account_do_not_count(limited: Cloud, cloud: Cloud) -> None:
    for number in range(5):
        limited.personalize.create_dataset_group(name=f"group-{number}")
    answer = limited.emulator.service.call(
        "CreateDatasetGroup", {"name": "shop"}, account=cloud.account
    )
    assert cloud.account in answer["datasetGroupArn"]


def test_five_imports_wait_at_once(limited: Cloud) -> None:
    items = limited.dataset(limited.group(), DatasetType.ITEMS)
    location = limited.put("items.csv", ITEMS)

    def start(number: int) -> None:
        limited.personalize.create_dataset_import_job(
            jobName=f"import-{number}",
            datasetArn=items,
            dataSource={"dataLocation": location},
            roleArn=ROLE,
        )

    for number in range(5):
        start(number)
    with pytest.raises(limited.personalize.exceptions.LimitExceededException, match="import"):
        start(5)
    for number in range(5):
        limited.settle(limited.arn(f"dataset-import-job/import-{number}"))
    start(5)


def test_a_group_has_ten_solutions(limited: Cloud) -> None:
    group = limited.group()

    def create(number: int) -> None:
        limited.personalize.create_solution(
            name=f"solution-{number}", datasetGroupArn=group, recipeArn=recipe("aws-sims")
        )

    for number in range(10):
        create(number)
    with pytest.raises(limited.personalize.exceptions.LimitExceededException, match="10"):
        create(10)


def test_the_filters_of_a_group_look_at_twenty_fields(limited: Cloud) -> None:
    group = limited.group()
    columns = [f"COLUMN{number}" for number in range(21)]
    fields = [{"name": "ITEM_ID", "type": "string"}]
    fields += [{"name": name, "type": "int"} for name in columns]
    schema = _schema(limited, fields)
    arn = limited.personalize.create_dataset(
        name="items", datasetType="Items", datasetGroupArn=group, schemaArn=schema
    )["datasetArn"]
    limited.settle(arn)

    def create(name: str, used: list[str]) -> None:
        conditions = " AND ".join(f"Items.{column} > 1" for column in used)
        limited.filter(group, f"INCLUDE ItemID WHERE {conditions}", name)

    create("one", columns[:10])
    create("two", columns[10:20])
    create("again", columns[5:15])
    with pytest.raises(limited.personalize.exceptions.LimitExceededException, match="20"):
        create("three", columns[20:])


def _schema(cloud: Cloud, fields: list[dict[str, str]]) -> str:

    schema = {
        "type": "record",
        "name": "Items",
        "namespace": "com.amazonaws.personalize.schema",
        "fields": fields,
        "version": "1.0",
    }
    answer = cloud.personalize.create_schema(name="many", schema=json.dumps(schema))
    return answer["schemaArn"]
