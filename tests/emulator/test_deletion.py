"""What is deleted before what: the order that the service insists on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from cdk_personalize.avro_schema import DatasetType
from tests.emulator.cloud import ITEMS, ROLE, interactions, recipe

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud

BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")'


@dataclass(frozen=True)
class Stack:
    """A dataset group with something of everything in it."""

    group: str
    schema: str
    log: str
    items: str
    solution: str
    campaign: str
    tracker: str
    filter: str


@pytest.fixture
def stack(cloud: Cloud) -> Stack:
    group = cloud.group()
    log = cloud.dataset(group, csv=interactions())
    items = cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    solution = cloud.solution(group)
    campaign = cloud.campaign(cloud.version(solution))
    return Stack(
        group=group,
        schema=cloud.arn("schema/Interactions"),
        log=log,
        items=items,
        solution=solution,
        campaign=campaign,
        tracker=cloud.tracker(group)[0],
        filter=cloud.filter(group, BOUGHT),
    )


def refused(cloud: Cloud, arn: str) -> str:
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException) as refusal:
        delete(cloud, arn)
    return str(refusal.value)


def delete(cloud: Cloud, arn: str) -> None:
    personalize = cloud.personalize
    kind = arn.split(":", 5)[5].partition("/")[0]
    if kind == "campaign":
        personalize.delete_campaign(campaignArn=arn)
    elif kind == "solution":
        personalize.delete_solution(solutionArn=arn)
    elif kind == "event-tracker":
        personalize.delete_event_tracker(eventTrackerArn=arn)
    elif kind == "filter":
        personalize.delete_filter(filterArn=arn)
    elif kind == "dataset":
        personalize.delete_dataset(datasetArn=arn)
    elif kind == "dataset-group":
        personalize.delete_dataset_group(datasetGroupArn=arn)
    else:
        personalize.delete_schema(schemaArn=arn)


def gone(cloud: Cloud, *arns: str) -> None:
    for arn in arns:
        delete(cloud, arn)
        cloud.vanish(arn)


def test_everything_goes_in_the_order_that_the_guide_recommends(cloud: Cloud, stack: Stack) -> None:
    gone(cloud, stack.campaign, stack.solution, stack.tracker, stack.filter)
    gone(cloud, stack.log, stack.items, stack.group, stack.schema)
    assert cloud.personalize.list_dataset_groups()["datasetGroups"] == []
    assert cloud.personalize.list_solution_versions()["solutionVersions"] == []
    assert cloud.personalize.list_dataset_import_jobs()["datasetImportJobs"] == []


def test_a_solution_outlives_its_campaigns(cloud: Cloud, stack: Stack) -> None:
    assert stack.campaign in refused(cloud, stack.solution)


def test_a_campaign_that_is_being_deleted_still_holds_its_solution(
    cloud: Cloud, stack: Stack
) -> None:
    delete(cloud, stack.campaign)
    assert "DELETE PENDING" in refused(cloud, stack.solution)


def test_a_solution_cannot_go_while_it_trains(cloud: Cloud, stack: Stack) -> None:
    gone(cloud, stack.campaign)
    cloud.personalize.create_solution_version(solutionArn=stack.solution)
    assert "CREATE PENDING" in refused(cloud, stack.solution)


def test_a_solution_can_go_once_its_training_is_stopped(cloud: Cloud, stack: Stack) -> None:
    gone(cloud, stack.campaign)
    answer = cloud.personalize.create_solution_version(solutionArn=stack.solution)
    cloud.personalize.stop_solution_version_creation(
        solutionVersionArn=answer["solutionVersionArn"]
    )
    gone(cloud, stack.solution)


def test_the_versions_go_with_their_solution(cloud: Cloud, stack: Stack) -> None:
    version = cloud.describe(stack.campaign)["solutionVersionArn"]
    gone(cloud, stack.campaign, stack.solution)
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        cloud.describe(version)


def test_any_filter_of_the_group_holds_every_dataset(cloud: Cloud, stack: Stack) -> None:
    gone(cloud, stack.campaign, stack.solution, stack.tracker)
    # The filter looks at interactions alone.
    assert stack.filter in refused(cloud, stack.items)


def test_the_event_tracker_holds_the_interactions(cloud: Cloud, stack: Stack) -> None:
    gone(cloud, stack.campaign, stack.solution, stack.filter)
    assert stack.tracker in refused(cloud, stack.log)
    gone(cloud, stack.items)


def test_a_campaign_holds_the_datasets(cloud: Cloud, stack: Stack) -> None:
    gone(cloud, stack.filter, stack.tracker)
    assert stack.campaign in refused(cloud, stack.items)


def test_a_solution_does_not_hold_the_datasets(cloud: Cloud, stack: Stack) -> None:
    gone(cloud, stack.campaign, stack.filter, stack.tracker)
    gone(cloud, stack.log)


def test_an_import_holds_its_dataset_until_it_is_over(cloud: Cloud) -> None:
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS)
    arn = cloud.personalize.create_dataset_import_job(
        jobName="first",
        datasetArn=items,
        dataSource={"dataLocation": cloud.put("items.csv", ITEMS)},
        roleArn=ROLE,
    )["datasetImportJobArn"]
    assert arn in refused(cloud, items)
    cloud.settle(arn)
    gone(cloud, items)


def test_a_training_holds_the_datasets_until_it_is_over(cloud: Cloud) -> None:
    group = cloud.group()
    log = cloud.dataset(group, csv=interactions())
    solution = cloud.solution(group)
    answer = cloud.personalize.create_solution_version(solutionArn=solution)
    assert answer["solutionVersionArn"] in refused(cloud, log)
    cloud.settle(answer["solutionVersionArn"])
    gone(cloud, log)


def test_a_dataset_holds_its_schema(cloud: Cloud, stack: Stack) -> None:
    assert stack.log in refused(cloud, stack.schema)


def test_a_dataset_holds_its_group(cloud: Cloud) -> None:
    group = cloud.group()
    assert cloud.dataset(group) in refused(cloud, group)


def test_an_event_tracker_holds_its_group(cloud: Cloud) -> None:
    group = cloud.group()
    assert cloud.tracker(group)[0] in refused(cloud, group)


def test_a_solution_holds_its_group(cloud: Cloud) -> None:
    group = cloud.group()
    assert cloud.solution(group) in refused(cloud, group)


def test_what_is_in_the_making_cannot_be_deleted(cloud: Cloud) -> None:
    answer = cloud.personalize.create_event_tracker(name="clicks", datasetGroupArn=cloud.group())
    assert "CREATE PENDING" in refused(cloud, answer["eventTrackerArn"])


def test_a_deletion_is_seen_while_it_goes_on(cloud: Cloud, stack: Stack) -> None:
    delete(cloud, stack.campaign)
    cloud.reach(stack.campaign, "DELETE IN_PROGRESS")
    cloud.vanish(stack.campaign)


def test_data_is_gone_with_its_dataset(cloud: Cloud) -> None:
    group = cloud.group()
    items = cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    gone(cloud, items)
    again = cloud.personalize.create_dataset(
        name="items",
        datasetType="Items",
        datasetGroupArn=group,
        schemaArn=cloud.arn("schema/Items"),
    )["datasetArn"]
    assert again == items
    assert not cloud.emulator.service.backend.records.all(again)


def test_a_group_that_is_being_deleted_takes_nothing_new(cloud: Cloud) -> None:
    group = cloud.group()
    schema = cloud.schema()
    delete(cloud, group)
    personalize = cloud.personalize
    in_use = personalize.exceptions.ResourceInUseException
    with pytest.raises(in_use, match="DELETE PENDING"):
        personalize.create_dataset(
            name="log", datasetGroupArn=group, datasetType="Interactions", schemaArn=schema
        )
    with pytest.raises(in_use, match="DELETE PENDING"):
        personalize.create_solution(
            name="for-you", datasetGroupArn=group, recipeArn=recipe("aws-sims")
        )
    with pytest.raises(in_use, match="DELETE PENDING"):
        personalize.create_event_tracker(name="clicks", datasetGroupArn=group)
    # CreateFilter knows no ResourceInUseException.
    with pytest.raises(personalize.exceptions.InvalidInputException, match="DELETE PENDING"):
        personalize.create_filter(name="some", datasetGroupArn=group, filterExpression=BOUGHT)


def test_a_group_is_deleted_once(cloud: Cloud) -> None:
    group = cloud.group()
    delete(cloud, group)
    assert "DELETE PENDING" in refused(cloud, group)
