"""Custom::PersonalizeRecommender: whatever state the recommender is in, on the emulator."""

from typing import Any

import pytest

from resource_provider.lifecycle import ProvisioningError
from tests.handlers.resource_provider.boutique import (
    ARN,
    GROUP_ARN,
    RECIPES,
    RECOMMENDER,
    VIEWED,
    Boutique,
    exploring,
    recommender,
)
from tests.handlers.resource_provider.cloudformation import CloudFormation, Resource, resource_event

# Failed


@pytest.fixture
def failed(stack: CloudFormation, boutique: Boutique) -> Resource:
    """Create a recommender whose training fails."""
    stack.begin(resource_event("Create", RECOMMENDER, recommender()))
    boutique.shop.fail(ARN)
    return Resource(RECOMMENDER, recommender(), ARN)


def test_a_recommender_whose_training_failed_is_created_again(
    stack: CloudFormation, boutique: Boutique, failed: Resource
) -> None:
    updated = stack.update(failed, recommender(exploring("0.5")))

    assert updated.data["State"] == "Active"
    assert boutique.now()["status"] == "ACTIVE"
    assert boutique.config()["itemExplorationConfig"] == {"explorationWeight": "0.5"}


def test_a_recommender_whose_training_failed_can_be_of_another_use_case(
    stack: CloudFormation, boutique: Boutique, failed: Resource
) -> None:
    stack.update(failed, recommender(recipeArn=VIEWED))

    assert (boutique.now()["status"], boutique.now()["recipeArn"]) == ("ACTIVE", VIEWED)


def test_a_recommender_whose_training_failed_is_left_to_the_pipeline_without_data(
    stack: CloudFormation, boutique: Boutique, failed: Resource
) -> None:
    updated = stack.update(failed, recommender(exploring("0.5"), needs=("ITEMS",)))

    assert updated.data["State"] == "Deferred"
    boutique.shop.wait(lambda: boutique.left() == [])


def test_a_training_that_fails_again_is_told_and_rolled_back(
    stack: CloudFormation, boutique: Boutique
) -> None:
    best_sellers = f"{RECIPES}/aws-ecomm-popular-items-by-purchases"  # and nobody buys
    failed = Resource(RECOMMENDER, recommender(recipeArn=best_sellers), ARN)
    attempted = recommender({"minRecommendationRequestsPerSecond": 2}, recipeArn=best_sellers)
    with pytest.raises(ProvisioningError, match=f"{ARN} is CREATE FAILED: .*Purchase"):
        stack.update(failed, attempted)

    rolled_back = stack.roll_back(failed, attempted)

    assert rolled_back.data["State"] == "Deferred"
    boutique.shop.wait(lambda: boutique.left() == [])


def test_a_training_that_fails_while_the_stack_rolls_back_does_not_fail_that(
    stack: CloudFormation, boutique: Boutique
) -> None:
    stack.begin(resource_event("Create", RECOMMENDER, recommender()))
    event = stack.begin(
        resource_event(
            "Update", RECOMMENDER, recommender(), physical_id=ARN, old_properties=recommender()
        )
    )
    boutique.shop.fail(ARN)

    stack.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"

    assert stack.provider.is_complete(event)["IsComplete"]


def test_another_use_case_that_took_the_place_of_one_without_data_is_rolled_back(
    stack: CloudFormation, empty: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender())
    empty.stock()
    attempted = recommender(recipeArn=VIEWED)
    stack.update_only(resource, attempted)

    stack.roll_back(resource, attempted)

    assert empty.now()["status"] == "ACTIVE"
    assert empty.now()["recipeArn"] == f"{RECIPES}/aws-ecomm-recommended-for-you"


def test_another_use_case_that_was_refused_is_rolled_back(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender(recipeArn=VIEWED))
    attempted = recommender(exploring("0.5"))  # which the former one does not do
    with pytest.raises(ProvisioningError, match="recipeArn of the recommender"):
        stack.update(resource, attempted)

    stack.roll_back(resource, attempted)

    assert boutique.now()["recipeArn"] == VIEWED


# Deleted by hand


def deleted_during_an_update(
    stack: CloudFormation, resource: Resource, properties: dict[str, Any]
) -> Resource:
    """Delete a recommender while it is updated, and return what the update has made."""
    event = stack.begin(
        resource_event(
            "Update",
            RECOMMENDER,
            properties,
            physical_id=ARN,
            old_properties=resource.properties,
        )
    )
    stack.delete(resource)
    return stack.settle(event)


def test_a_recommender_that_is_deleted_by_hand_during_an_update_is_created_again(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender())

    deleted_during_an_update(stack, resource, recommender(exploring("0.7")))

    assert boutique.config()["itemExplorationConfig"] == {"explorationWeight": "0.7"}


def test_one_that_was_updated_before_and_is_deleted_by_hand_returns_to_the_defaults(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender())
    resource = stack.update(resource, recommender(exploring("0.7")))

    deleted_during_an_update(stack, resource, recommender())

    assert boutique.config()["itemExplorationConfig"]["explorationWeight"] == "0.3"


def test_a_recommender_that_is_deleted_by_hand_before_there_is_data_is_left_to_the_pipeline(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender())

    tagged = {**recommender(needs=("ITEMS",)), "Tags": {"team": "search"}}
    deleted_during_an_update(stack, resource, tagged)

    assert boutique.left() == []


# Stopped


def test_a_stopped_recommender_is_updated_and_stopped_again(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender())
    boutique.stop()

    stack.update(resource, recommender(exploring("0.7")))

    assert boutique.config()["itemExplorationConfig"] == {"explorationWeight": "0.7"}
    assert boutique.now()["status"] == "INACTIVE"


def test_a_stopped_recommender_that_need_not_change_is_left_alone(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender())
    boutique.stop()
    stopped = boutique.now()

    stack.update(resource, recommender())

    assert boutique.now() == stopped


def test_a_stopped_recommender_is_stopped_again_if_its_update_is_refused(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender())
    boutique.stop()

    with pytest.raises(ProvisioningError, match="needs an Items dataset"):
        stack.update(resource, recommender({"enableMetadataWithRecommendations": True}))

    boutique.become("INACTIVE")


# Deletion


def stopping(boutique: Boutique) -> None:
    boutique.personalize.stop_recommender(recommenderArn=ARN)


def starting(boutique: Boutique) -> None:
    boutique.stop()
    boutique.personalize.start_recommender(recommenderArn=ARN)


def updating(boutique: Boutique) -> None:
    boutique.personalize.update_recommender(
        recommenderArn=ARN, recommenderConfig={"minRecommendationRequestsPerSecond": 7}
    )


def being_deleted(boutique: Boutique) -> None:
    boutique.personalize.delete_recommender(recommenderArn=ARN)


STATES = {
    "running": lambda boutique: None,
    "stopped": Boutique.stop,
    "stopping": stopping,
    "starting": starting,
    "updating": updating,
    "being deleted": being_deleted,
}


@pytest.mark.parametrize("state", STATES)
def test_deletes_a_recommender_in_any_state_and_waits_until_it_is_gone(
    stack: CloudFormation, boutique: Boutique, state: str
) -> None:
    resource = stack.create(RECOMMENDER, recommender())
    STATES[state](boutique)

    stack.delete(resource)

    assert boutique.left() == []


@pytest.mark.parametrize("recipe", ["recommended-for-you", "popular-items-by-purchases"])
def test_deletes_a_recommender_that_is_being_trained_or_fails_to_be(
    stack: CloudFormation, boutique: Boutique, recipe: str
) -> None:
    boutique.personalize.create_recommender(
        name="live", datasetGroupArn=GROUP_ARN, recipeArn=f"{RECIPES}/aws-ecomm-{recipe}"
    )

    stack.delete(Resource(RECOMMENDER, recommender(), ARN))

    assert boutique.left() == []


def test_a_recommender_that_was_never_created_is_gone(
    stack: CloudFormation, empty: Boutique
) -> None:
    stack.delete(stack.create(RECOMMENDER, recommender()))

    assert empty.left() == []
