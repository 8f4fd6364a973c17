"""Data deletion jobs delete users from a dataset group, wherever they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType
from personalize_emulator.data.interactions import Moment
from tests.emulator.cloud import ROLE, Cloud, interactions

if TYPE_CHECKING:
    from collections.abc import Callable

    from personalize_emulator import PersonalizeEmulator

USERS = "USER_ID,COUNTRY\nu0,DE\nu1,FR\n"


def start(cloud: Cloud, group: str, csv: str = "USER_ID\nu0\n", name: str = "forget") -> str:
    return begin(cloud, group, cloud.put("forget/users.csv", csv), name)


def begin(cloud: Cloud, group: str, location: str, name: str = "forget") -> str:
    return cloud.personalize.create_data_deletion_job(
        jobName=name,
        datasetGroupArn=group,
        dataSource={"dataLocation": location},
        roleArn=ROLE,
    )["dataDeletionJobArn"]


def known(cloud: Cloud, dataset: str) -> set[str]:
    """Who did something, by what a training would see."""
    data = cloud.emulator.service.backend.interactions.training_data(dataset, items={}, users={})
    return {data.user_ids[number] for number in data.user}


def click(cloud: Cloud, tracking_id: str, user: str | None, session: str) -> None:
    who: Any = {} if user is None else {"userId": user}
    cloud.events.put_events(
        trackingId=tracking_id,
        sessionId=session,
        eventList=[{"eventType": "view", "itemId": "a1", "sentAt": datetime.now(UTC)}],
        **who,
    )


@pytest.fixture
def group(cloud: Cloud) -> str:
    return cloud.group()


def test_is_pending_then_in_progress_then_completed(cloud: Cloud, group: str) -> None:
    arn = start(cloud, group)
    assert arn == cloud.arn("data-deletion-job/forget")
    assert cloud.describe(arn)["status"] == "PENDING"
    cloud.reach(arn, "IN_PROGRESS")
    assert cloud.settle(arn)["status"] == "COMPLETED"


def test_is_described_as_it_was_asked_for(cloud: Cloud, group: str) -> None:
    found = cloud.describe(start(cloud, group))
    assert (found["jobName"], found["datasetGroupArn"]) == ("forget", group)
    assert found["dataSource"] == {"dataLocation": cloud.path("forget/users.csv")}
    assert found["roleArn"] == ROLE


def test_deletes_what_was_imported(cloud: Cloud, group: str) -> None:
    dataset = cloud.dataset(group, csv=interactions(users=3))
    cloud.settle(start(cloud, group))
    assert known(cloud, dataset) == {"u1", "u2"}


def test_deletes_what_came_as_events(cloud: Cloud, group: str) -> None:
    dataset = cloud.dataset(group)
    _, tracking_id = cloud.tracker(group)
    click(cloud, tracking_id, None, "first")  # before anybody knew that it was u0
    for user in ("u0", "u1"):
        click(cloud, tracking_id, user, "first" if user == "u0" else "second")
    cloud.settle(start(cloud, group))
    assert known(cloud, dataset) == {"u1"}


def test_deletes_what_is_known_of_the_user(cloud: Cloud, group: str) -> None:
    users = cloud.dataset(group, DatasetType.USERS, USERS)
    cloud.events.put_users(
        datasetArn=users, users=[{"userId": "u0", "properties": '{"country": "ES"}'}]
    )
    cloud.settle(start(cloud, group))
    assert set(cloud.emulator.service.backend.records.all(users)) == {"u1"}


def test_deletes_interactions_with_actions(cloud: Cloud, group: str) -> None:
    schema = AvroSchema.of(DatasetType.ACTION_INTERACTIONS, [])
    dataset = cloud.dataset_of_schema(group, schema)
    rows = "\n".join(f"u{n % 2},app,taken,{1_700_000_000 + n}" for n in range(6))
    cloud.import_csv(dataset, f"USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP\n{rows}\n")
    cloud.settle(start(cloud, group))
    assert known(cloud, dataset) == {"u1"}


def test_deletes_what_an_import_replaced_and_a_model_still_knows(cloud: Cloud, group: str) -> None:
    dataset = cloud.dataset(group, csv=interactions())
    version = cloud.version(cloud.solution(group))
    cloud.import_csv(dataset, interactions(users=2))
    assert cloud.settle(start(cloud, group))["numDeleted"] == 8
    log = cloud.emulator.service.backend.interactions
    resource = cloud.emulator.service.backend.store.get(version)
    assert resource is not None
    trained = Moment.of(resource.document, DatasetType.INTERACTIONS)
    assert log.history(dataset, "u0", trained=trained, real_time=False) == []
    assert log.history(dataset, "u2", trained=trained, real_time=False) != []


def test_counts_what_it_deleted(cloud: Cloud, group: str) -> None:
    cloud.dataset(group, csv=interactions(users=3, each=8))
    cloud.dataset(group, DatasetType.USERS, USERS)
    _, tracking_id = cloud.tracker(group)
    click(cloud, tracking_id, "u0", "s")
    assert cloud.settle(start(cloud, group))["numDeleted"] == 8 + 1 + 1


def test_a_user_whom_nobody_knows_is_deleted_too(cloud: Cloud, group: str) -> None:
    found = cloud.settle(start(cloud, group, "USER_ID\nnobody\n"))
    assert (found["status"], found["numDeleted"]) == ("COMPLETED", 0)


def test_the_users_of_other_groups_stay(cloud: Cloud, group: str) -> None:
    other = cloud.dataset(cloud.group("other"), csv=interactions(users=2))
    cloud.settle(start(cloud, group))
    assert known(cloud, other) == {"u0", "u1"}


def test_what_comes_in_while_it_runs_goes_too(cloud: Cloud, group: str) -> None:
    dataset = cloud.dataset(group)
    arn = start(cloud, group)
    cloud.reach(arn, "IN_PROGRESS")
    cloud.import_csv(dataset, interactions(users=2))
    assert cloud.settle(arn)["status"] == "COMPLETED"
    assert known(cloud, dataset) == {"u1"}


def test_a_later_import_brings_the_user_back(cloud: Cloud, group: str) -> None:
    dataset = cloud.dataset(group, csv=interactions(users=2))
    cloud.settle(start(cloud, group))
    cloud.import_csv(dataset, interactions(users=2), mode="INCREMENTAL")
    assert known(cloud, dataset) == {"u0", "u1"}


def test_a_model_knows_the_user_until_it_is_trained_anew(cloud: Cloud, group: str) -> None:
    cloud.dataset(group, csv=interactions())
    solution = cloud.solution(group, recipe_name="aws-popularity-count")
    before = cloud.version(solution)
    everybody = "\n".join(["USER_ID", *(f"u{number}" for number in range(0, 40, 2))])
    cloud.settle(start(cloud, group, everybody))
    campaigns = [cloud.campaign(before, "old"), cloud.campaign(cloud.version(solution), "new")]
    assert ["a" in tastes(cloud, campaign) for campaign in campaigns] == [True, False]


def test_an_item_that_nobody_else_met_is_recommended_no_more(cloud: Cloud, group: str) -> None:
    rows = f"{interactions()}\nu0,rare,1700000000,view,\nu0,rare,1700000001,view,"
    dataset = cloud.dataset(group, csv=rows)
    cloud.settle(start(cloud, group))
    interactions_left = cloud.emulator.service.backend.interactions
    assert "rare" not in interactions_left.training_data(dataset, items={}, users={}).item_ids


def test_reads_the_csv_files_of_a_folder_and_its_sub_folders(cloud: Cloud, group: str) -> None:
    dataset = cloud.dataset(group, csv=interactions(users=4))
    cloud.put("list/one.csv", "USER_ID\nu0\n")
    cloud.put("list/more/two.csv", "USER_ID\nu1\n")
    cloud.put("list/notes.txt", "Nobody reads this.")
    assert cloud.settle(begin(cloud, group, cloud.path("list/")))["status"] == "COMPLETED"
    assert known(cloud, dataset) == {"u2", "u3"}


@pytest.mark.parametrize(
    ("csv", "said"),
    [
        ("USER_ID,COUNTRY\nu0,DE\n", "'COUNTRY'"),
        ("ITEM_ID\nu0\n", "misses the column USER_ID"),
        ("USER_ID\n", "has a header and no rows"),
        ("", "is empty"),
    ],
)
def test_a_list_that_is_none_fails_the_job(cloud: Cloud, group: str, csv: str, said: str) -> None:
    found = cloud.settle(start(cloud, group, csv))
    assert found["status"] == "FAILED"
    assert said in found["failureReason"]


def test_a_folder_without_csv_files_fails_the_job(cloud: Cloud, group: str) -> None:
    cloud.put("notes/notes.txt", "USER_ID\nu0\n")
    found = cloud.settle(begin(cloud, group, cloud.path("notes/")))
    assert "has no .csv files" in found["failureReason"]


def test_a_location_must_be_given(cloud: Cloud, group: str) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="dataLocation"):
        cloud.personalize.create_data_deletion_job(
            jobName="forget", datasetGroupArn=group, dataSource={}, roleArn=ROLE
        )


def test_the_group_must_be_there(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        start(cloud, cloud.arn("dataset-group/none"))


def test_a_name_is_taken_for_ever(cloud: Cloud, group: str) -> None:
    cloud.settle(start(cloud, group))
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        start(cloud, group)


def test_five_can_be_pending_in_a_group(limited: Cloud) -> None:
    group = limited.group()
    for number in range(5):
        start(limited, group, name=f"job-{number}")
    with pytest.raises(limited.personalize.exceptions.LimitExceededException):
        start(limited, group, name="one-too-many")
    start(limited, limited.group("other"), name="of-another-group")


def test_those_in_progress_do_not_count_as_pending(limited: Cloud) -> None:
    group = limited.group()
    arns = [start(limited, group, name=f"job-{number}") for number in range(5)]
    limited.reach(arns[-1], "IN_PROGRESS")
    start(limited, group, name="one-more")


def test_lists_those_of_a_group(cloud: Cloud, group: str) -> None:
    other = cloud.group("other")
    arns = [start(cloud, group, name="one"), start(cloud, other, name="two")]
    found = cloud.personalize.list_data_deletion_jobs()["dataDeletionJobs"]
    assert [job["dataDeletionJobArn"] for job in found] == arns
    found = cloud.personalize.list_data_deletion_jobs(datasetGroupArn=other)["dataDeletionJobs"]
    assert [job["dataDeletionJobArn"] for job in found] == arns[1:]


def test_a_group_cannot_be_deleted_while_it_runs(cloud: Cloud, group: str) -> None:
    arn = start(cloud, group)
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException, match=arn):
        cloud.personalize.delete_dataset_group(datasetGroupArn=group)


def test_goes_with_its_group_and_keeps_its_name(cloud: Cloud, group: str) -> None:
    cloud.settle(start(cloud, group))
    cloud.personalize.delete_dataset_group(datasetGroupArn=group)
    cloud.vanish(group)
    assert cloud.personalize.list_data_deletion_jobs()["dataDeletionJobs"] == []
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        start(cloud, cloud.group())


def test_is_taken_up_again_by_the_next_process(
    run: Callable[[], PersonalizeEmulator],
) -> None:
    with run() as emulator:
        before = Cloud(emulator, "123456789012")
        group = before.group()
        dataset = before.dataset(group, csv=interactions(users=2))
        arn = start(before, group)
        before.reach(arn, "IN_PROGRESS")
        before.close()
    with run() as emulator:
        after = Cloud(emulator, "123456789012")
        assert after.settle(arn)["status"] == "COMPLETED"
        assert known(after, dataset) == {"u1"}
        after.close()


def tastes(cloud: Cloud, campaign: str) -> set[str]:
    """The first letters of what is recommended, which are tastes."""
    answer = cloud.runtime.get_recommendations(campaignArn=campaign, userId="nobody")
    return {entry["itemId"][0] for entry in answer["itemList"]}
