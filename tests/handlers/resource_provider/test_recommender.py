"""Custom::PersonalizeRecommender, on the emulator."""

import time
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from resource_provider.control_plane import personalize_client
from resource_provider.lifecycle import ProvisioningError
from resource_provider.provider import ResourceProvider
from resource_provider.recommender import LONGEST_WAIT_SECONDS
from tests.handlers.resource_provider.boutique import (
    ARN,
    DATASET_ARN,
    GROUP_ARN,
    RECIPES,
    RECOMMENDER,
    VIEWED,
    Boutique,
    exploring,
    recommender,
)
from tests.handlers.resource_provider.cloudformation import CloudFormation, Resource, resource_event
from tests.handlers.resource_provider.shop import PREFIX
from tests.handlers.upstream import Answer, Call, Upstream

# Creation


def test_a_recommender_without_data_is_left_to_the_pipeline(
    stack: CloudFormation, empty: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender())

    assert resource.data == {"Arn": ARN, "State": "Deferred"}
    assert empty.left() == []


def test_a_recommender_does_not_take_data_that_is_only_coming(
    stack: CloudFormation, empty: Boutique
) -> None:
    empty.shop.start_import(DATASET_ARN)

    assert stack.create(RECOMMENDER, recommender()).data["State"] == "Deferred"


@pytest.mark.usefixtures("boutique")
def test_a_recommender_waits_for_all_data_that_its_use_case_needs(stack: CloudFormation) -> None:
    resource = stack.create(RECOMMENDER, recommender(needs=("ITEMS",)))

    assert resource.data["State"] == "Deferred"


def test_a_recommender_with_data_is_created_at_once(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender(exploring("0.5")))

    assert resource.data == {"Arn": ARN, "State": "Active"}
    assert boutique.now()["status"] == "ACTIVE"
    assert boutique.config() == {"minRecommendationRequestsPerSecond": 1, **exploring("0.5")}


def test_a_training_that_takes_too_long_goes_on_without_cloudformation(
    stack: CloudFormation, boutique: Boutique
) -> None:
    event = stack.begin(resource_event("Create", RECOMMENDER, recommender()))
    event["BeganAt"] = time.time() - LONGEST_WAIT_SECONDS

    assert stack.provider.is_complete(event)["IsComplete"]
    boutique.become("ACTIVE")


@pytest.mark.usefixtures("boutique")
def test_a_training_that_fails_is_told(stack: CloudFormation) -> None:
    best_sellers = f"{RECIPES}/aws-ecomm-popular-items-by-purchases"  # and nobody buys

    with pytest.raises(ProvisioningError, match=f"{ARN} is CREATE FAILED: .*Purchase"):
        stack.create(RECOMMENDER, recommender(recipeArn=best_sellers))


@pytest.mark.usefixtures("boutique")
def test_a_repeated_creation_finds_what_the_first_one_made(stack: CloudFormation) -> None:
    event = resource_event("Create", RECOMMENDER, recommender())
    stack.provider.on_event(event)

    assert stack.provider.on_event(event)["PhysicalResourceId"] == ARN


def test_a_recommender_of_somebody_else_is_not_taken_over(
    stack: CloudFormation, boutique: Boutique
) -> None:
    best_sellers = f"{RECIPES}/aws-ecomm-popular-items-by-views"
    boutique.personalize.create_recommender(
        name="live", datasetGroupArn=GROUP_ARN, recipeArn=best_sellers
    )

    with pytest.raises(ProvisioningError, match=f"{ARN} is there already, and not made by this"):
        stack.create(RECOMMENDER, recommender())


# Update


def test_how_it_answers_is_changed_in_place(stack: CloudFormation, boutique: Boutique) -> None:
    resource = stack.create(RECOMMENDER, recommender())

    config = {"minRecommendationRequestsPerSecond": 3, **exploring("0.7")}
    updated = stack.update(resource, recommender(config))

    assert (updated.physical_id, boutique.config()) == (ARN, config)


def test_columns_are_changed_in_place(stack: CloudFormation, boutique: Boutique) -> None:
    resource = stack.create(RECOMMENDER, recommender())

    choice = {"excludedDatasetColumns": {"Interactions": ["EVENT_VALUE"]}}
    stack.update(resource, recommender({"trainingDataConfig": choice}))

    assert boutique.config()["trainingDataConfig"] == choice


def test_what_is_no_longer_declared_returns_to_the_default(
    stack: CloudFormation, boutique: Boutique
) -> None:
    choice = {"excludedDatasetColumns": {"Interactions": ["EVENT_VALUE"]}}
    config = {"trainingDataConfig": choice, **exploring("0.9")}
    resource = stack.create(RECOMMENDER, recommender(config))

    stack.update(resource, recommender())

    assert boutique.config() == {
        "minRecommendationRequestsPerSecond": 1,
        "itemExplorationConfig": {"explorationWeight": "0.3", "explorationItemAgeCutOff": "30"},
        "trainingDataConfig": {"excludedDatasetColumns": {}},
    }


def test_an_update_that_changes_nothing_calls_for_nothing(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender(exploring("0.5")))

    stack.update(resource, recommender(exploring("0.50")))

    assert "latestRecommenderUpdate" not in boutique.now()


def test_an_update_waits_for_the_one_that_is_under_way(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender())
    boutique.personalize.update_recommender(
        recommenderArn=ARN, recommenderConfig={"minRecommendationRequestsPerSecond": 7}
    )

    stack.update(resource, recommender({"minRecommendationRequestsPerSecond": 3}))

    assert boutique.config()["minRecommendationRequestsPerSecond"] == 3


def test_an_update_that_is_under_way_can_be_rolled_back(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender())
    changed = recommender({"minRecommendationRequestsPerSecond": 3})
    event = stack.begin(
        resource_event(
            "Update", RECOMMENDER, changed, physical_id=ARN, old_properties=resource.properties
        )
    )
    assert not stack.provider.is_complete(event)["IsComplete"]

    stack.update(Resource(RECOMMENDER, changed, ARN), recommender())

    assert boutique.config()["minRecommendationRequestsPerSecond"] == 1


@pytest.mark.usefixtures("boutique")
def test_another_use_case_under_the_same_name_is_refused(stack: CloudFormation) -> None:
    resource = stack.create(RECOMMENDER, recommender())

    with pytest.raises(
        ProvisioningError,
        match=f"recipeArn of the recommender {ARN} cannot be changed: give the recommender another",
    ):
        stack.update(resource, recommender(recipeArn=f"{RECIPES}/aws-ecomm-popular-items-by-views"))


def test_another_name_is_another_recommender(stack: CloudFormation, boutique: Boutique) -> None:
    resource = stack.create(RECOMMENDER, recommender())

    stack.update(resource, recommender(name="live-2"))

    assert boutique.left() == [f"{PREFIX}:recommender/live-2"]


def test_another_use_case_is_not_told_what_the_former_one_was(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender(exploring("0.5")))

    stack.update(resource, recommender(name="live-2", recipeArn=VIEWED))

    assert boutique.left() == [f"{PREFIX}:recommender/live-2"]


def test_a_rename_does_not_take_over_a_recommender_of_somebody_else(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender())
    theirs = boutique.personalize.create_recommender(
        name="live-2",
        datasetGroupArn=GROUP_ARN,
        recipeArn=f"{RECIPES}/aws-ecomm-recommended-for-you",
    )["recommenderArn"]
    boutique.shop.age(theirs)

    with pytest.raises(ProvisioningError, match=f"{theirs} is there already, and not made by this"):
        stack.update(resource, recommender(name="live-2"))


def test_a_rename_is_rolled_back(stack: CloudFormation, boutique: Boutique) -> None:
    resource = stack.create(RECOMMENDER, recommender(exploring("0.5")))
    boutique.shop.age(ARN)
    renamed = stack.update_only(resource, recommender(name="live-2"))

    stack.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    stack.update(renamed, recommender(exploring("0.5")))

    assert boutique.left() == [ARN]


def test_a_roll_back_makes_the_old_recommender_again_if_somebody_is_deleting_it(
    stack: CloudFormation, boutique: Boutique
) -> None:
    resource = stack.create(RECOMMENDER, recommender())
    renamed = stack.update_only(resource, recommender(name="live-2"))
    boutique.personalize.delete_recommender(recommenderArn=ARN)

    stack.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    stack.update(renamed, recommender())

    assert boutique.left() == [ARN]


def test_a_deferred_recommender_is_created_by_an_update_once_there_is_data(
    stack: CloudFormation, empty: Boutique
) -> None:
    deferred = stack.create(RECOMMENDER, recommender())
    empty.stock()

    updated = stack.update(deferred, recommender())

    assert updated.data["State"] == "Active"
    assert empty.now()["status"] == "ACTIVE"


def test_an_update_that_failed_is_told_and_not_tried_for_ever() -> None:
    personalize, upstream, updates = personalize_client(), Upstream(), list[dict[str, Any]]()
    upstream.answer = lambda call: failing_updates(call, updates)
    elsewhere = CloudFormation(
        ResourceProvider(personalize, boto3.client("stepfunctions"), boto3.client("cloudformation"))
    )

    with (
        upstream.behind(personalize),
        pytest.raises(ProvisioningError, match=r"could not be updated: there is no capacity"),
    ):
        elsewhere.update(Resource(RECOMMENDER, recommender(), ARN), recommender(exploring("0.7")))

    assert len(updates) == 1


def failing_updates(call: Call, updates: list[dict[str, Any]]) -> Answer:
    """Answer as a service with a recommender that it cannot update does."""
    if "recommenderConfig" in call.body:
        begun = {"creationDateTime": datetime.now(UTC).timestamp()}
        failure = {"status": "CREATE FAILED", "failureReason": "there is no capacity"}
        updates.append(call.body | begun | failure)
        return Answer({"recommenderArn": ARN})
    document = {
        "recommenderArn": ARN,
        "name": "live",
        "datasetGroupArn": GROUP_ARN,
        "recipeArn": f"{RECIPES}/aws-ecomm-recommended-for-you",
        "status": "ACTIVE",
        "recommenderConfig": {"minRecommendationRequestsPerSecond": 1},
    }
    update = {"latestRecommenderUpdate": updates[-1]} if updates else {}
    return Answer({"recommender": document | update})
