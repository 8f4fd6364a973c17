"""Campaigns deploy versions, and go on serving while they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulator.cloud import interactions

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


@pytest.fixture
def solution(cloud: Cloud) -> str:
    """A solution with data to train on."""
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    return cloud.solution(group)


def test_is_pending_then_in_progress_then_active(cloud: Cloud, solution: str) -> None:
    version = cloud.version(solution)
    arn = cloud.personalize.create_campaign(name="live", solutionVersionArn=version)["campaignArn"]
    assert arn == cloud.arn("campaign/live")
    assert cloud.describe(arn)["status"] == "CREATE PENDING"
    cloud.reach(arn, "CREATE IN_PROGRESS")
    assert cloud.settle(arn)["status"] == "ACTIVE"


def test_has_one_transaction_a_second_unless_told_otherwise(cloud: Cloud, solution: str) -> None:
    campaign = cloud.describe(cloud.campaign(cloud.version(solution)))
    assert campaign["minProvisionedTPS"] == 1


def test_shows_no_update_before_there_was_one(cloud: Cloud, solution: str) -> None:
    assert "latestCampaignUpdate" not in cloud.describe(cloud.campaign(cloud.version(solution)))


def test_a_name_is_taken_once(cloud: Cloud, solution: str) -> None:
    version = cloud.version(solution)
    cloud.campaign(version)
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        cloud.personalize.create_campaign(name="live", solutionVersionArn=version)


def test_the_version_must_be_there(cloud: Cloud, solution: str) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        cloud.personalize.create_campaign(name="live", solutionVersionArn=f"{solution}/none")


def test_the_version_must_be_active(cloud: Cloud, solution: str) -> None:
    answer = cloud.personalize.create_solution_version(solutionArn=solution)
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException):
        cloud.personalize.create_campaign(
            name="live", solutionVersionArn=answer["solutionVersionArn"]
        )


@pytest.mark.parametrize("latest", [True, False])
def test_the_version_must_not_be_going_with_its_solution(
    cloud: Cloud, solution: str, *, latest: bool
) -> None:
    version = cloud.version(solution)
    cloud.personalize.delete_solution(solutionArn=solution)
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException, match="goes with"):
        cloud.personalize.create_campaign(
            name="live", solutionVersionArn=f"{solution}/$LATEST" if latest else version
        )


def test_a_solution_is_no_version(cloud: Cloud, solution: str) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        cloud.personalize.create_campaign(name="live", solutionVersionArn=solution)


def test_the_latest_version_can_be_asked_for(cloud: Cloud, solution: str) -> None:
    cloud.version(solution)
    latest = cloud.version(solution)
    campaign = cloud.campaign(f"{solution}/$LATEST")
    assert cloud.describe(campaign)["solutionVersionArn"] == latest


def test_there_must_be_a_latest_version(cloud: Cloud, solution: str) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="no version"):
        cloud.personalize.create_campaign(name="live", solutionVersionArn=f"{solution}/$LATEST")


def test_to_follow_the_latest_version_it_must_be_asked_for(cloud: Cloud, solution: str) -> None:
    version = cloud.version(solution)
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="LATEST"):
        cloud.personalize.create_campaign(
            name="live",
            solutionVersionArn=version,
            campaignConfig={"syncWithLatestSolutionVersion": True},
        )


def test_exploration_is_for_the_first_user_personalization(cloud: Cloud, solution: str) -> None:
    version = cloud.version(solution)
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="Exploration"):
        cloud.personalize.create_campaign(
            name="live",
            solutionVersionArn=version,
            campaignConfig={"itemExplorationConfig": {"explorationWeight": "0.3"}},
        )


def test_an_update_shows_apart_until_it_is_active(cloud: Cloud, solution: str) -> None:
    old = cloud.version(solution)
    campaign = cloud.campaign(old)
    new = cloud.version(solution)
    cloud.personalize.update_campaign(
        campaignArn=campaign, solutionVersionArn=new, minProvisionedTPS=2
    )
    found = cloud.describe(campaign)
    assert (found["status"], found["solutionVersionArn"]) == ("ACTIVE", old)
    update = found["latestCampaignUpdate"]
    assert (update["status"], update["solutionVersionArn"]) == ("CREATE PENDING", new)
    found = cloud.settle(campaign, update=True)
    assert (found["solutionVersionArn"], found["minProvisionedTPS"]) == (new, 2)


def test_an_update_leaves_what_it_does_not_name(cloud: Cloud, solution: str) -> None:
    version = cloud.version(solution)
    campaign = cloud.campaign(version)
    cloud.personalize.update_campaign(campaignArn=campaign, minProvisionedTPS=3)
    assert cloud.settle(campaign, update=True)["solutionVersionArn"] == version


def test_answers_while_it_is_updated(cloud: Cloud, solution: str) -> None:
    campaign = cloud.campaign(cloud.version(solution))
    cloud.personalize.update_campaign(campaignArn=campaign, minProvisionedTPS=3)
    answer = cloud.runtime.get_recommendations(campaignArn=campaign, userId="u0")
    assert answer["itemList"]


def test_moves_to_another_solution_which_then_cannot_be_deleted(
    cloud: Cloud, solution: str
) -> None:
    group = cloud.describe(solution)["datasetGroupArn"]
    arn = cloud.campaign(cloud.version(solution))
    other = cloud.solution(group, name="other")

    cloud.personalize.update_campaign(campaignArn=arn, solutionVersionArn=cloud.version(other))
    cloud.settle(arn, update=True)

    assert cloud.describe(arn)["solutionVersionArn"].startswith(other)
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException):
        cloud.personalize.delete_solution(solutionArn=other)
    cloud.personalize.delete_solution(solutionArn=solution)
    cloud.vanish(solution)


def test_cannot_be_updated_twice_at_once(cloud: Cloud, solution: str) -> None:
    campaign = cloud.campaign(cloud.version(solution))
    cloud.personalize.update_campaign(campaignArn=campaign, minProvisionedTPS=3)
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException):
        cloud.personalize.update_campaign(campaignArn=campaign, minProvisionedTPS=4)


def test_cannot_be_updated_before_it_is_active(cloud: Cloud, solution: str) -> None:
    version = cloud.version(solution)
    arn = cloud.personalize.create_campaign(name="live", solutionVersionArn=version)["campaignArn"]
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException):
        cloud.personalize.update_campaign(campaignArn=arn, minProvisionedTPS=2)


def test_cannot_be_deleted_while_it_is_updated(cloud: Cloud, solution: str) -> None:
    campaign = cloud.campaign(cloud.version(solution))
    cloud.personalize.update_campaign(campaignArn=campaign, minProvisionedTPS=3)
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException):
        cloud.personalize.delete_campaign(campaignArn=campaign)


def test_follows_the_latest_version_if_told_so(cloud: Cloud, solution: str) -> None:
    cloud.version(solution)
    arn = cloud.personalize.create_campaign(
        name="live",
        solutionVersionArn=f"{solution}/$LATEST",
        campaignConfig={"syncWithLatestSolutionVersion": True},
    )["campaignArn"]
    cloud.settle(arn)
    new = cloud.version(solution)
    assert cloud.settle(arn, update=True)["solutionVersionArn"] == new


def test_does_not_follow_unless_told_so(cloud: Cloud, solution: str) -> None:
    old = cloud.version(solution)
    campaign = cloud.campaign(f"{solution}/$LATEST")
    cloud.version(solution)
    found = cloud.describe(campaign)
    assert found["solutionVersionArn"] == old
    assert "latestCampaignUpdate" not in found


def test_lists_those_of_a_solution(cloud: Cloud, solution: str) -> None:
    arn = cloud.campaign(cloud.version(solution))
    other = cloud.arn("solution/other")
    assert cloud.personalize.list_campaigns(solutionArn=other)["campaigns"] == []
    found = cloud.personalize.list_campaigns(solutionArn=solution)["campaigns"]
    assert [campaign["campaignArn"] for campaign in found] == [arn]
