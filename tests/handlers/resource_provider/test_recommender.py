"""Custom::PersonalizeRecommender, on the emulator."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, Domain
from personalize_runtime.control_plane import personalize_client
from resource_provider.lifecycle import ProvisioningError
from resource_provider.provider import ResourceProvider
from resource_provider.recommender import LONGEST_WAIT_SECONDS
from tests.handlers.resource_provider.cloudformation import CloudFormation, Resource, resource_event
from tests.handlers.resource_provider.shop import PREFIX, Shop, as_request
from tests.handlers.upstream import Answer, Call, Upstream

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

RECOMMENDER = "Custom::PersonalizeRecommender"
GROUP_ARN = f"{PREFIX}:dataset-group/boutique"
DATASET_ARN = f"{PREFIX}:dataset/boutique/INTERACTIONS"
ARN = f"{PREFIX}:recommender/live"
RECIPES = "arn:aws:personalize:::recipe"


def recommender(
    config: dict[str, Any] | None = None, *, needs: tuple[str, ...] = (), **others: object
) -> dict[str, Any]:
    """Return the properties of a recommender."""
    request: dict[str, object] = {
        "name": "live",
        "datasetGroupArn": GROUP_ARN,
        "recipeArn": f"{RECIPES}/aws-ecomm-recommended-for-you",
        "recommenderConfig": {"minRecommendationRequestsPerSecond": 1, **(config or {})},
    }
    return {**as_request(**(request | others)), "DatasetTypes": ["INTERACTIONS", *needs]}


def exploring(weight: str) -> dict[str, Any]:
    return {"itemExplorationConfig": {"explorationWeight": weight}}


@dataclass
class Boutique:
    """A dataset group of the domain ECOMMERCE, in the emulator of a shop."""

    shop: Shop

    @property
    def personalize(self) -> "PersonalizeClient":
        return self.shop.personalize

    def open(self) -> None:
        """Create the dataset group and its interactions, which are empty."""
        self.personalize.create_dataset_group(name="boutique", domain="ECOMMERCE")
        self.shop.wait(self._is_open)
        fields = AvroSchema.of(DatasetType.INTERACTIONS).fields
        schema = AvroSchema.of(DatasetType.INTERACTIONS, fields, Domain.ECOMMERCE).to_json()
        self.personalize.create_dataset(
            name="boutique-interactions",
            datasetGroupArn=GROUP_ARN,
            datasetType="Interactions",
            schemaArn=self.personalize.create_schema(
                name="boutique-interactions", schema=schema, domain="ECOMMERCE"
            )["schemaArn"],
        )
        self.shop.wait(lambda: self.shop.dataset(DATASET_ARN)["status"] == "ACTIVE")

    def stock(self) -> None:
        """Import some interactions."""
        job = self.shop.start_import(DATASET_ARN, "boutique")
        self.shop.wait(lambda: self.shop.job(job)["status"] == "ACTIVE")

    def now(self) -> dict[str, Any]:
        """Return the recommender."""
        return dict(self.personalize.describe_recommender(recommenderArn=ARN)["recommender"])

    def config(self) -> dict[str, Any]:
        """Return how the recommender is configured."""
        return dict(self.now()["recommenderConfig"])

    def left(self) -> list[str]:
        """Return the ARNs of the recommenders that are there."""
        there = self.personalize.list_recommenders()["recommenders"]
        return [one["recommenderArn"] for one in there]

    def become(self, status: str) -> None:
        """Wait until the recommender has a status."""
        self.shop.wait(lambda: self.now()["status"] == status)

    def stop(self) -> None:
        """Stop the recommender."""
        self.personalize.stop_recommender(recommenderArn=ARN)
        self.become("INACTIVE")

    def _is_open(self) -> bool:
        group = self.personalize.describe_dataset_group(datasetGroupArn=GROUP_ARN)
        return group["datasetGroup"]["status"] == "ACTIVE"


@pytest.fixture
def empty(shop: Shop) -> Boutique:
    boutique = Boutique(shop)
    boutique.open()
    return boutique


@pytest.fixture
def boutique(empty: Boutique) -> Boutique:
    empty.stock()
    return empty


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


def test_a_deferred_recommender_is_created_by_an_update_once_there_is_data(
    stack: CloudFormation, empty: Boutique
) -> None:
    deferred = stack.create(RECOMMENDER, recommender())
    empty.stock()

    updated = stack.update(deferred, recommender())

    assert updated.data["State"] == "Active"
    assert empty.now()["status"] == "ACTIVE"


def test_a_recommender_whose_training_failed_is_left_to_the_pipeline(
    stack: CloudFormation, boutique: Boutique
) -> None:
    best_sellers = f"{RECIPES}/aws-ecomm-popular-items-by-purchases"
    boutique.personalize.create_recommender(
        name="live", datasetGroupArn=GROUP_ARN, recipeArn=best_sellers
    )
    boutique.become("CREATE FAILED")
    deferred = Resource(RECOMMENDER, recommender(recipeArn=best_sellers), ARN)

    updated = stack.update(deferred, recommender(exploring("0.5"), recipeArn=best_sellers))

    assert updated.data["State"] == "Deferred"


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
