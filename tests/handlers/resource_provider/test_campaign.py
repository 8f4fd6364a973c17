"""Custom::PersonalizeCampaign, on the emulator."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from resource_provider.control_plane import personalize_client
from resource_provider.lifecycle import ProvisioningError
from resource_provider.provider import ResourceProvider
from tests.handlers.resource_provider.cloudformation import (
    CloudFormation,
    Resource,
    Stacks,
    resource_event,
)
from tests.handlers.resource_provider.shop import PREFIX, Shop, campaign, solution
from tests.handlers.upstream import Answer, Call, Upstream

CAMPAIGN = "Custom::PersonalizeCampaign"
SOLUTION_ARN = f"{PREFIX}:solution/similar"
ARN = f"{PREFIX}:campaign/live"
V1 = "arn:aws:personalize:::recipe/aws-user-personalization"
EXPLORATION = {"itemExplorationConfig": {"explorationWeight": "0.1"}}


@pytest.fixture
def trained(stack: CloudFormation, shop: Shop) -> str:
    """Create and train a solution, and return its version."""
    shop.stock()
    stack.create("Custom::PersonalizeSolution", solution())
    return shop.train(SOLUTION_ARN)


def taking_updates(
    call: Call, upstream: Upstream, updates: list[dict[str, Any]], failure: str = ""
) -> Answer:
    """Answer as a service with a campaign and a trained second solution does."""
    if "solutionArn" in call.body:
        version = {"solutionVersionArn": f"{SOLUTION_ARN}-2/9", "status": "ACTIVE"}
        return Answer({"solutionVersions": [version | {"creationDateTime": 1}]})
    if "minProvisionedTPS" in call.body:
        status = {"status": "CREATE FAILED", "failureReason": failure}
        # The clock of the service: no two updates begin at the same time.
        begun = {"creationDateTime": datetime.now(UTC).timestamp() + len(upstream.calls)}
        updates.append(call.body | begun | (status if failure else {"status": "ACTIVE"}))
        return Answer({"campaignArn": ARN})
    document = {"campaignArn": ARN, "status": "ACTIVE", "solutionVersionArn": f"{SOLUTION_ARN}/1"}
    return Answer(
        {"campaign": document | ({"latestCampaignUpdate": updates[-1]} if updates else {})}
    )


# Creation


def test_a_campaign_without_a_model_is_left_to_the_pipeline(
    stack: CloudFormation, shop: Shop
) -> None:
    stack.create("Custom::PersonalizeSolution", solution())

    resource = stack.create(CAMPAIGN, campaign())

    assert resource.data == {"Arn": ARN, "State": "Deferred"}
    assert shop.left() == [SOLUTION_ARN]


def test_a_campaign_of_a_deferred_solution_is_left_to_the_pipeline(stack: CloudFormation) -> None:
    assert stack.create(CAMPAIGN, campaign()).data["State"] == "Deferred"


def test_a_campaign_with_a_model_is_created_at_once(
    stack: CloudFormation, shop: Shop, trained: str
) -> None:
    resource = stack.create(CAMPAIGN, campaign(minProvisionedTPS=2))

    assert resource.data == {"Arn": ARN, "State": "Active"}
    now = shop.campaign(ARN)
    assert (now["status"], now["solutionVersionArn"]) == ("ACTIVE", trained)
    assert now["minProvisionedTPS"] == 2


@pytest.mark.usefixtures("trained")
def test_a_campaign_serves_the_newest_model(stack: CloudFormation, shop: Shop) -> None:
    newer = shop.train(SOLUTION_ARN)

    stack.create(CAMPAIGN, campaign())

    assert shop.campaign(ARN)["solutionVersionArn"] == newer


@pytest.mark.usefixtures("trained")
def test_a_campaign_can_follow_its_solution(stack: CloudFormation, shop: Shop) -> None:
    stack.create(CAMPAIGN, campaign(campaignConfig={"syncWithLatestSolutionVersion": True}))

    assert shop.campaign(ARN)["campaignConfig"]["syncWithLatestSolutionVersion"] is True


@pytest.mark.usefixtures("trained")
def test_a_repeated_creation_finds_what_the_first_one_made(stack: CloudFormation) -> None:
    event = resource_event("Create", CAMPAIGN, campaign())
    stack.provider.on_event(event)

    assert stack.provider.on_event(event)["PhysicalResourceId"] == ARN


def test_a_campaign_of_somebody_else_is_not_taken_over(
    stack: CloudFormation, shop: Shop, trained: str
) -> None:
    shop.personalize.create_campaign(name="live", solutionVersionArn=trained, minProvisionedTPS=9)

    with pytest.raises(ProvisioningError, match=f"{ARN} is there already, and not made by this"):
        stack.create(CAMPAIGN, campaign())


def test_a_campaign_of_another_solution_is_not_taken_over_however_new(
    stack: CloudFormation, shop: Shop, trained: str
) -> None:
    shop.personalize.create_campaign(name="live", solutionVersionArn=trained, minProvisionedTPS=1)
    stack.create("Custom::PersonalizeSolution", solution("similar-2"))
    shop.train(f"{SOLUTION_ARN}-2")

    with pytest.raises(ProvisioningError, match=f"{ARN} is there already, and not made by this"):
        stack.create(CAMPAIGN, campaign("similar-2"))


# Update


@pytest.mark.usefixtures("trained")
def test_throughput_is_changed_in_place_and_the_model_stays(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(CAMPAIGN, campaign())
    served = shop.campaign(ARN)["solutionVersionArn"]
    shop.train(SOLUTION_ARN)

    updated = stack.update(resource, campaign(minProvisionedTPS=3))

    now = shop.campaign(ARN)
    assert (updated.physical_id, now["minProvisionedTPS"]) == (ARN, 3)
    assert now["solutionVersionArn"] == served


@pytest.mark.usefixtures("trained")
def test_a_campaign_can_begin_to_follow_its_solution(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(CAMPAIGN, campaign())

    stack.update(resource, campaign(campaignConfig={"syncWithLatestSolutionVersion": True}))

    newer = shop.train(SOLUTION_ARN)
    shop.wait(lambda: shop.campaign(ARN)["solutionVersionArn"] == newer)


@pytest.mark.usefixtures("trained")
def test_a_campaign_can_cease_to_follow_its_solution(stack: CloudFormation, shop: Shop) -> None:
    config = {"syncWithLatestSolutionVersion": True}
    resource = stack.create(CAMPAIGN, campaign(campaignConfig=config))

    stack.update(resource, campaign())

    now = shop.campaign(ARN)
    assert now["campaignConfig"] == {"syncWithLatestSolutionVersion": False}
    shop.train(SOLUTION_ARN)
    assert shop.campaign(ARN)["solutionVersionArn"] == now["solutionVersionArn"]


@pytest.mark.usefixtures("trained")
def test_an_update_that_changes_nothing_calls_for_nothing(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(CAMPAIGN, campaign())

    stack.update(resource, campaign())

    assert "latestCampaignUpdate" not in shop.campaign(ARN)


@pytest.mark.usefixtures("trained")
def test_an_update_waits_for_the_one_that_is_under_way(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(CAMPAIGN, campaign())
    shop.personalize.update_campaign(campaignArn=ARN, minProvisionedTPS=7)

    stack.update(resource, campaign(minProvisionedTPS=3))

    assert shop.campaign(ARN)["minProvisionedTPS"] == 3


@pytest.mark.usefixtures("trained")
def test_an_update_can_be_rolled_back(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(CAMPAIGN, campaign())
    updated = stack.update(resource, campaign(minProvisionedTPS=3))

    stack.update(updated, campaign())

    assert shop.campaign(ARN)["minProvisionedTPS"] == 1


@pytest.mark.usefixtures("trained")
def test_a_campaign_that_is_deleted_by_hand_during_an_update_is_created_again(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(CAMPAIGN, campaign())
    update = resource_event(
        "Update",
        CAMPAIGN,
        campaign(minProvisionedTPS=3),
        physical_id=ARN,
        old_properties=resource.properties,
    )
    begun = stack.begin(update)
    stack.delete(resource)

    stack.settle(begun)

    assert shop.campaign(ARN)["minProvisionedTPS"] == 3


def test_another_solution_that_is_trained_is_served_at_once() -> None:
    personalize, upstream, updates = personalize_client(), Upstream(), list[dict[str, Any]]()
    upstream.answer = lambda call: taking_updates(call, upstream, updates)
    elsewhere = CloudFormation(
        ResourceProvider(personalize, boto3.client("stepfunctions"), Stacks().client())
    )

    with upstream.behind(personalize):
        elsewhere.update(Resource(CAMPAIGN, campaign(), ARN), campaign("similar-2"))

    assert [update["solutionVersionArn"] for update in updates] == [f"{SOLUTION_ARN}-2/9"]


def test_another_solution_that_is_not_trained_is_left_to_the_pipeline(
    stack: CloudFormation, shop: Shop, trained: str
) -> None:
    resource = stack.create(CAMPAIGN, campaign())
    stack.create("Custom::PersonalizeSolution", solution("similar-2"))

    stack.update(resource, campaign("similar-2"))

    assert shop.campaign(ARN)["solutionVersionArn"] == trained


@pytest.fixture
def exploring(stack: CloudFormation, shop: Shop) -> Resource:
    """Create a campaign that cannot explore, and declare the solution of another that can."""
    shop.stock()
    stack.create("Custom::PersonalizeSolution", solution(recipeArn=f"{V1}-v2"))
    shop.train(SOLUTION_ARN)
    stack.create("Custom::PersonalizeSolution", solution("exploring", recipeArn=V1))
    return stack.create(CAMPAIGN, campaign())


def test_options_of_another_solution_wait_until_that_is_trained(
    stack: CloudFormation, shop: Shop, exploring: Resource
) -> None:
    stack.update(exploring, campaign("exploring", minProvisionedTPS=2, campaignConfig=EXPLORATION))

    now = shop.campaign(ARN)
    assert (now["minProvisionedTPS"], now.get("campaignConfig")) == (2, None)


def test_options_that_wait_alone_call_for_nothing(
    stack: CloudFormation, shop: Shop, exploring: Resource
) -> None:
    stack.update(exploring, campaign("exploring", campaignConfig=EXPLORATION))

    assert "latestCampaignUpdate" not in shop.campaign(ARN)


def test_options_that_waited_come_with_an_update_once_the_solution_is_trained(
    stack: CloudFormation, shop: Shop, exploring: Resource
) -> None:
    waiting = stack.update(exploring, campaign("exploring", campaignConfig=EXPLORATION))
    version = shop.train(f"{PREFIX}:solution/exploring")

    stack.update(waiting, campaign("exploring", minProvisionedTPS=2, campaignConfig=EXPLORATION))

    now = shop.campaign(ARN)
    assert (now["solutionVersionArn"], now["minProvisionedTPS"]) == (version, 2)
    assert now["campaignConfig"] == EXPLORATION


def test_options_that_wait_can_be_rolled_back(
    stack: CloudFormation, shop: Shop, exploring: Resource
) -> None:
    attempted = campaign("exploring", minProvisionedTPS=2, campaignConfig=EXPLORATION)
    stack.update(exploring, attempted)

    stack.roll_back(exploring, attempted)

    assert shop.campaign(ARN)["minProvisionedTPS"] == 1


@pytest.mark.usefixtures("trained")
def test_another_name_is_another_campaign(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(CAMPAIGN, campaign())

    stack.update(resource, campaign(name="live-2"))

    assert [arn for arn in shop.left() if "campaign" in arn] == [f"{PREFIX}:campaign/live-2"]


@pytest.mark.parametrize("solution_name", ["similar", "untrained"])
def test_a_rename_does_not_take_over_a_campaign_of_somebody_else(
    stack: CloudFormation, shop: Shop, trained: str, solution_name: str
) -> None:
    resource = stack.create(CAMPAIGN, campaign())
    theirs = shop.personalize.create_campaign(
        name="live-2", solutionVersionArn=trained, minProvisionedTPS=1
    )["campaignArn"]
    shop.age(theirs)

    with pytest.raises(ProvisioningError, match=f"{theirs} is there already, and not made by this"):
        stack.update(resource, campaign(solution_name, name="live-2"))


@pytest.mark.usefixtures("trained")
def test_a_rename_is_rolled_back(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(CAMPAIGN, campaign())
    shop.age(ARN)
    renamed = stack.update_only(resource, campaign(name="live-2"))

    stack.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    stack.update(renamed, campaign())

    assert [arn for arn in shop.left() if "campaign" in arn] == [ARN]


@pytest.mark.usefixtures("trained")
def test_a_roll_back_makes_the_old_campaign_again_if_somebody_is_deleting_it(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(CAMPAIGN, campaign())
    renamed = stack.update_only(resource, campaign(name="live-2"))
    shop.personalize.delete_campaign(campaignArn=ARN)

    stack.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    stack.update(renamed, campaign())

    assert [arn for arn in shop.left() if "campaign" in arn] == [ARN]


@pytest.mark.usefixtures("trained")
def test_a_roll_back_returns_to_a_campaign_that_has_not_moved_yet(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(CAMPAIGN, campaign())
    shop.age(ARN)
    stack.create("Custom::PersonalizeSolution", solution("similar-2"))
    moving = stack.update(resource, campaign("similar-2"))
    stack.delete(Resource("Custom::PersonalizeSolution", solution(), SOLUTION_ARN))
    renamed = stack.update_only(moving, campaign("similar-2", name="live-2"))

    stack.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"

    assert stack.update(renamed, campaign("similar-2")).physical_id == ARN


def test_a_roll_back_does_not_return_to_a_campaign_of_somebody_else(
    stack: CloudFormation, shop: Shop, trained: str
) -> None:
    shop.personalize.create_campaign(name="live", solutionVersionArn=trained, minProvisionedTPS=1)
    renamed = Resource(CAMPAIGN, campaign("similar-2", name="live-2"), f"{PREFIX}:campaign/live-2")

    stack.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    with pytest.raises(ProvisioningError, match=f"{ARN} is there already, and not made by this"):
        stack.update(renamed, campaign("similar-2"))


@pytest.mark.usefixtures("trained")
def test_a_deferred_campaign_is_created_by_an_update_once_there_is_a_model(
    stack: CloudFormation, shop: Shop
) -> None:
    deferred = Resource(CAMPAIGN, campaign(), ARN, {"Arn": ARN, "State": "Deferred"})

    updated = stack.update(deferred, campaign())

    assert updated.data["State"] == "Active"
    assert shop.campaign(ARN)["status"] == "ACTIVE"


def test_a_campaign_that_the_pipeline_created_is_updated(
    stack: CloudFormation, shop: Shop, trained: str
) -> None:
    deferred = Resource(CAMPAIGN, campaign(), ARN, {"Arn": ARN, "State": "Deferred"})
    shop.personalize.create_campaign(name="live", solutionVersionArn=trained, minProvisionedTPS=1)

    stack.update(deferred, campaign(minProvisionedTPS=2))

    assert shop.campaign(ARN)["minProvisionedTPS"] == 2


def test_an_update_that_failed_is_told_and_not_tried_for_ever() -> None:
    personalize, upstream, updates = personalize_client(), Upstream(), list[dict[str, Any]]()
    upstream.answer = lambda call: taking_updates(call, upstream, updates, "there is no capacity")
    elsewhere = CloudFormation(
        ResourceProvider(personalize, boto3.client("stepfunctions"), Stacks().client())
    )

    with (
        upstream.behind(personalize),
        pytest.raises(ProvisioningError, match=r"could not be updated: there is no capacity"),
    ):
        elsewhere.update(Resource(CAMPAIGN, campaign(), ARN), campaign(minProvisionedTPS=2))

    assert len(updates) == 1


def test_an_update_that_failed_before_can_be_tried_again() -> None:
    personalize, upstream, updates = personalize_client(), Upstream(), list[dict[str, Any]]()
    upstream.answer = lambda call: taking_updates(call, upstream, updates, "there is no capacity")
    elsewhere = CloudFormation(
        ResourceProvider(personalize, boto3.client("stepfunctions"), Stacks().client())
    )
    with upstream.behind(personalize):
        for _ in range(2):
            with pytest.raises(ProvisioningError):
                elsewhere.update(Resource(CAMPAIGN, campaign(), ARN), campaign(minProvisionedTPS=2))

    assert len(updates) == 2


# Deletion


@pytest.mark.usefixtures("trained")
def test_deletes_a_campaign_and_waits_until_it_is_gone(stack: CloudFormation, shop: Shop) -> None:
    stack.delete(stack.create(CAMPAIGN, campaign()))

    assert [arn for arn in shop.left() if "campaign" in arn] == []


def test_a_campaign_that_the_pipeline_never_created_is_gone(stack: CloudFormation) -> None:
    stack.delete(Resource(CAMPAIGN, campaign(), ARN))

    assert stack.create(CAMPAIGN, campaign()).data["State"] == "Deferred"


def test_a_campaign_that_is_still_being_created_is_waited_for(
    stack: CloudFormation, shop: Shop, trained: str
) -> None:
    shop.personalize.create_campaign(name="live", solutionVersionArn=trained)

    stack.delete(Resource(CAMPAIGN, campaign(), ARN))

    assert [arn for arn in shop.left() if "campaign" in arn] == []


@pytest.mark.usefixtures("trained")
def test_a_campaign_that_is_being_updated_is_waited_for(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(CAMPAIGN, campaign())
    shop.personalize.update_campaign(campaignArn=ARN, minProvisionedTPS=7)

    stack.delete(resource)

    shop.wait(lambda: not [arn for arn in shop.left() if "campaign" in arn])
