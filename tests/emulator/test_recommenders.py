"""Recommenders train on creation, are stopped and started, updated and deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdk_personalize.avro_schema import DatasetType, Domain, SchemaField
from cdk_personalize.use_case import UseCase
from personalize_emulator import PersonalizeEmulator, Quotas
from tests.emulator.cloud import Cloud, recipe
from tests.emulator.domain_shop import ITEMS, DomainShop, views

WITHOUT_CATEGORY = {"excludedDatasetColumns": {"ITEMS": ["CATEGORY_L1"]}}


@pytest.fixture
def shop(cloud: Cloud) -> DomainShop:
    return DomainShop(cloud)


def test_is_pending_then_in_progress_then_active(shop: DomainShop) -> None:
    arn = shop.create()
    assert arn == shop.cloud.arn("recommender/for-you")
    assert shop.cloud.describe(arn)["status"] == "CREATE PENDING"
    shop.cloud.reach(arn, "CREATE IN_PROGRESS")
    assert shop.cloud.settle(arn)["status"] == "ACTIVE"


def test_shows_what_it_was_created_with(shop: DomainShop) -> None:
    found = shop.cloud.describe(shop.create(itemExplorationConfig={"explorationWeight": "0.5"}))
    assert (found["name"], found["datasetGroupArn"]) == ("for-you", shop.group)
    assert found["recipeArn"] == recipe("aws-ecomm-recommended-for-you")
    assert found["recommenderConfig"] == {
        "itemExplorationConfig": {"explorationWeight": "0.5"},
        "minRecommendationRequestsPerSecond": 1,
    }


def test_shows_how_good_its_model_is(shop: DomainShop) -> None:
    arn = shop.create()
    assert "modelMetrics" not in shop.cloud.describe(arn)
    metrics = shop.cloud.settle(arn)["modelMetrics"]
    assert 0 < metrics["coverage"] <= 1
    assert "normalized_discounted_cumulative_gain_at_25" in metrics


@pytest.mark.parametrize(
    "use_case",
    [found for found in UseCase.all() if found.domain is Domain.ECOMMERCE],
    ids=str,
)
def test_every_use_case_of_the_domain_is_trained(cloud: Cloud, use_case: UseCase) -> None:
    _, *bought = views(event_type="Purchase").splitlines()
    shop = DomainShop(cloud, "\n".join([views(), *bought]))
    assert "coverage" in shop.cloud.describe(shop.recommender("some", use_case))["modelMetrics"]


def test_a_name_is_taken_once(shop: DomainShop) -> None:
    shop.create()
    with pytest.raises(shop.personalize.exceptions.ResourceAlreadyExistsException):
        shop.create()


def test_can_have_tags(shop: DomainShop) -> None:
    arn = shop.personalize.create_recommender(
        name="for-you",
        datasetGroupArn=shop.group,
        recipeArn=recipe(UseCase.RECOMMENDED_FOR_YOU.name),
        tags=[{"tagKey": "team", "tagValue": "search"}],
    )["recommenderArn"]
    tags = shop.personalize.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == [{"tagKey": "team", "tagValue": "search"}]


def test_lists_those_of_a_group(shop: DomainShop) -> None:
    other = DomainShop(shop.cloud, name="other")
    other.create("theirs")
    arn = shop.create()
    found = shop.personalize.list_recommenders(datasetGroupArn=shop.group)["recommenders"]
    assert [entry["recommenderArn"] for entry in found] == [arn]
    assert len(shop.personalize.list_recommenders()["recommenders"]) == 2


def test_a_custom_group_can_have_none(cloud: Cloud) -> None:
    group = cloud.group()
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="no domain"):
        cloud.personalize.create_recommender(
            name="for-you",
            datasetGroupArn=group,
            recipeArn=recipe(UseCase.RECOMMENDED_FOR_YOU.name),
        )


def test_a_use_case_of_the_other_domain_is_refused(shop: DomainShop) -> None:
    with pytest.raises(shop.personalize.exceptions.InvalidInputException, match="VIDEO_ON_DEMAND"):
        shop.create(use_case=UseCase.TOP_PICKS)


def test_a_recipe_for_solutions_is_refused(shop: DomainShop) -> None:
    with pytest.raises(shop.personalize.exceptions.InvalidInputException, match="use case"):
        shop.personalize.create_recommender(
            name="for-you",
            datasetGroupArn=shop.group,
            recipeArn=recipe("aws-user-personalization-v2"),
        )


def test_a_use_case_that_is_not_there_is_not_found(shop: DomainShop) -> None:
    with pytest.raises(shop.personalize.exceptions.ResourceNotFoundException):
        shop.personalize.create_recommender(
            name="for-you", datasetGroupArn=shop.group, recipeArn=recipe("aws-ecomm-none")
        )


def test_the_datasets_of_the_use_case_must_be_there(cloud: Cloud) -> None:
    group = cloud.personalize.create_dataset_group(name="empty", domain="VIDEO_ON_DEMAND")
    cloud.settle(group["datasetGroupArn"])
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="Interactions"):
        cloud.personalize.create_recommender(
            name="more",
            datasetGroupArn=group["datasetGroupArn"],
            recipeArn=recipe(UseCase.TOP_PICKS.name),
        )


def test_a_group_that_is_being_deleted_takes_none(cloud: Cloud) -> None:
    group = cloud.personalize.create_dataset_group(name="gone", domain="ECOMMERCE")
    cloud.settle(group["datasetGroupArn"])
    cloud.personalize.delete_dataset_group(datasetGroupArn=group["datasetGroupArn"])
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException, match="DELETE"):
        cloud.personalize.create_recommender(
            name="for-you",
            datasetGroupArn=group["datasetGroupArn"],
            recipeArn=recipe(UseCase.RECOMMENDED_FOR_YOU.name),
        )


def test_too_little_data_fails_it_with_a_reason(limited: Cloud) -> None:
    shop = DomainShop(limited, views(users=200, each=5), name="little")
    limited.import_csv(shop.interactions, views(users=20, each=60))
    found = limited.settle(shop.create())
    assert found["status"] == "CREATE FAILED"
    assert "20 users with at least two interactions" in found["failureReason"]


def test_too_few_events_of_its_type_fail_it_with_a_reason(limited: Cloud) -> None:
    shop = DomainShop(limited, views(users=200, each=8))
    found = limited.settle(shop.create("best", UseCase.BEST_SELLERS))
    assert found["status"] == "CREATE FAILED"
    assert "0 unique interactions of the event type Purchase" in found["failureReason"]


# Configuration


def test_only_a_use_case_that_explores_can_be_told_how(shop: DomainShop) -> None:
    with pytest.raises(
        shop.personalize.exceptions.InvalidInputException,
        match="aws-vod-top-picks, not",
    ):
        shop.create(
            "best",
            UseCase.BEST_SELLERS,
            itemExplorationConfig={"explorationWeight": "0.5"},
        )


@pytest.mark.parametrize(
    ("exploration", "wanted"),
    [
        ({"explorationWeight": "1.1"}, "from 0 to 1"),
        ({"explorationWeight": "nan"}, "from 0 to 1"),
        ({"explorationItemAgeCutOff": "0.5"}, "at least 1"),
        ({"explorationItemAgeCutOff": "soon"}, "at least 1"),
        ({"weight": "0.3"}, "got weight"),
    ],
)
def test_exploration_has_two_parameters_within_bounds(
    shop: DomainShop, exploration: dict[str, str], wanted: str
) -> None:
    with pytest.raises(shop.personalize.exceptions.InvalidInputException, match=wanted):
        shop.create(itemExplorationConfig=exploration)


def test_metadata_needs_items(shop: DomainShop) -> None:
    with pytest.raises(shop.personalize.exceptions.InvalidInputException, match="Items dataset"):
        shop.create(enableMetadataWithRecommendations=True)
    shop.items()
    shop.create(enableMetadataWithRecommendations=True)


def test_columns_that_are_excluded_must_be_there(shop: DomainShop) -> None:
    shop.items()
    with pytest.raises(shop.personalize.exceptions.InvalidInputException, match="COLOUR"):
        shop.create(trainingDataConfig={"excludedDatasetColumns": {"ITEMS": ["COLOUR"]}})


# Updates


def test_an_update_shows_apart_until_it_is_active(shop: DomainShop) -> None:
    arn = shop.recommender()
    shop.update(arn, minRecommendationRequestsPerSecond=3)
    found = shop.cloud.describe(arn)
    assert found["status"] == "ACTIVE"
    assert found["recommenderConfig"]["minRecommendationRequestsPerSecond"] == 1
    assert found["latestRecommenderUpdate"]["status"] == "CREATE PENDING"
    found = shop.cloud.settle(arn, update=True)
    assert found["recommenderConfig"]["minRecommendationRequestsPerSecond"] == 3


def test_an_update_leaves_what_it_does_not_name(shop: DomainShop) -> None:
    exploration = {"explorationWeight": "0.5"}
    arn = shop.recommender(itemExplorationConfig=exploration)
    shop.update(arn, minRecommendationRequestsPerSecond=3)
    found = shop.cloud.settle(arn, update=True)
    assert found["recommenderConfig"]["itemExplorationConfig"] == exploration


def test_other_columns_mean_a_new_training(shop: DomainShop) -> None:
    shop.items()
    arn = shop.recommender()
    before = model_of(shop, arn)
    shop.update(arn, trainingDataConfig=WITHOUT_CATEGORY)
    shop.cloud.settle(arn, update=True)
    assert model_of(shop, arn) != before


def test_the_same_columns_mean_none(shop: DomainShop) -> None:
    shop.items()
    arn = shop.recommender(trainingDataConfig=WITHOUT_CATEGORY)
    before = model_of(shop, arn)
    shop.cloud.import_csv(shop.interactions, views(users=60))
    shop.update(arn, trainingDataConfig=WITHOUT_CATEGORY)
    shop.cloud.settle(arn, update=True)
    assert model_of(shop, arn) == before


def test_a_column_that_came_later_is_trained_on_after_an_update(shop: DomainShop) -> None:
    items = shop.items()
    arn = shop.recommender()
    colour = SchemaField.string("COLOUR", categorical=True, nullable=True)
    shop.personalize.update_dataset(
        datasetArn=items, schemaArn=shop.schema("coloured", DatasetType.ITEMS, [colour])
    )
    shop.cloud.settle(items, update=True)
    header, *rows = ITEMS.splitlines()
    coloured = [f"{header},COLOUR", *(f"{row},{row[0]}" for row in rows)]
    shop.cloud.import_csv(items, "\n".join(coloured))
    before = model_of(shop, arn)
    shop.update(arn, trainingDataConfig={})
    shop.cloud.settle(arn, update=True)
    assert model_of(shop, arn) != before


def test_an_update_that_fails_says_why_and_leaves_the_model(limited: Cloud) -> None:
    shop = DomainShop(limited, views(users=200, each=8), name="shrinking")
    shop.items()
    arn = shop.recommender()
    before = model_of(shop, arn)
    limited.import_csv(shop.interactions, views(users=20, each=60))
    shop.update(arn, trainingDataConfig=WITHOUT_CATEGORY)
    found = limited.settle(arn, update=True)
    assert (found["status"], found["latestRecommenderUpdate"]["status"]) == (
        "ACTIVE",
        "CREATE FAILED",
    )
    assert "20 users" in found["latestRecommenderUpdate"]["failureReason"]
    assert model_of(shop, arn) == before


def test_cannot_be_updated_before_it_is_active(shop: DomainShop) -> None:
    with pytest.raises(shop.personalize.exceptions.ResourceInUseException, match="PENDING"):
        shop.update(shop.create())


def test_cannot_be_updated_twice_at_once(shop: DomainShop) -> None:
    arn = shop.recommender()
    shop.update(arn)
    with pytest.raises(shop.personalize.exceptions.ResourceInUseException, match="under way"):
        shop.update(arn)


# Stopping and starting


def test_is_stopped_and_started(shop: DomainShop) -> None:
    arn = shop.recommender()
    answer = shop.personalize.stop_recommender(recommenderArn=arn)
    assert answer["recommenderArn"] == arn
    assert shop.cloud.describe(arn)["status"] == "STOP PENDING"
    shop.cloud.reach(arn, "STOP IN_PROGRESS")
    shop.cloud.reach(arn, "INACTIVE")
    shop.personalize.start_recommender(recommenderArn=arn)
    assert shop.cloud.describe(arn)["status"] == "START PENDING"
    shop.cloud.reach(arn, "START IN_PROGRESS")
    shop.cloud.settle(arn)


def test_keeps_its_model_while_it_is_stopped(shop: DomainShop) -> None:
    arn = shop.recommender()
    before = model_of(shop, arn)
    shop.stop(arn)
    shop.personalize.start_recommender(recommenderArn=arn)
    assert shop.cloud.settle(arn)["status"] == "ACTIVE"
    assert model_of(shop, arn) == before


def test_what_is_stopped_cannot_be_stopped_again(shop: DomainShop) -> None:
    arn = shop.recommender()
    shop.personalize.stop_recommender(recommenderArn=arn)
    with pytest.raises(shop.personalize.exceptions.ResourceInUseException, match="STOP PENDING"):
        shop.personalize.stop_recommender(recommenderArn=arn)
    shop.cloud.reach(arn, "INACTIVE")
    with pytest.raises(shop.personalize.exceptions.InvalidInputException, match="INACTIVE"):
        shop.personalize.stop_recommender(recommenderArn=arn)


def test_what_runs_cannot_be_started(shop: DomainShop) -> None:
    arn = shop.recommender()
    with pytest.raises(shop.personalize.exceptions.InvalidInputException, match="ACTIVE"):
        shop.personalize.start_recommender(recommenderArn=arn)


def test_what_is_stopped_cannot_be_updated(shop: DomainShop) -> None:
    arn = shop.recommender()
    shop.stop(arn)
    with pytest.raises(shop.personalize.exceptions.InvalidInputException, match="INACTIVE"):
        shop.update(arn)


def test_an_update_that_is_under_way_is_not_stopped(shop: DomainShop) -> None:
    arn = shop.recommender()
    shop.update(arn)
    with pytest.raises(shop.personalize.exceptions.ResourceInUseException, match="under way"):
        shop.personalize.stop_recommender(recommenderArn=arn)


# Deletion


def test_is_deleted_while_it_runs_and_while_it_is_stopped(shop: DomainShop) -> None:
    running, stopped = shop.recommender(), shop.recommender("stopped")
    shop.stop(stopped)
    for arn in (running, stopped):
        shop.personalize.delete_recommender(recommenderArn=arn)
        assert shop.cloud.describe(arn)["status"] == "DELETE PENDING"
        shop.cloud.reach(arn, "DELETE IN_PROGRESS")
        shop.cloud.vanish(arn)


def test_its_model_goes_with_it(shop: DomainShop) -> None:
    arn = shop.recommender()
    assert model_of(shop, arn)
    shop.personalize.delete_recommender(recommenderArn=arn)
    shop.cloud.vanish(arn)
    shop.create()
    assert shop.cloud.emulator.service.backend.models.get(arn) is None


def test_cannot_be_deleted_while_it_is_made(shop: DomainShop) -> None:
    with pytest.raises(shop.personalize.exceptions.ResourceInUseException, match="PENDING"):
        shop.personalize.delete_recommender(recommenderArn=shop.create())


def test_holds_its_group(shop: DomainShop) -> None:
    arn = shop.recommender()
    with pytest.raises(shop.personalize.exceptions.ResourceInUseException, match=arn):
        shop.personalize.delete_dataset_group(datasetGroupArn=shop.group)


def test_holds_the_datasets_until_it_is_trained(shop: DomainShop) -> None:
    arn = shop.create()
    with pytest.raises(shop.personalize.exceptions.ResourceInUseException, match=arn):
        shop.personalize.delete_dataset(datasetArn=shop.interactions)
    shop.cloud.settle(arn)
    shop.personalize.delete_dataset(datasetArn=shop.interactions)


# Quotas


def test_a_group_has_five(limited: Cloud) -> None:
    shop = DomainShop(limited, views(users=200, each=8), name="many")
    for number in range(5):
        shop.create(f"for-you-{number}")
    with pytest.raises(limited.personalize.exceptions.LimitExceededException, match="5"):
        shop.create("one-more")


def test_a_region_has_fifteen() -> None:
    quotas = replace(Quotas.none(), recommenders_in_region=Quotas().recommenders_in_region)
    with PersonalizeEmulator(speed=1e-6, quotas=quotas, strict_answers=True) as emulator:
        cloud = Cloud(emulator, "123456789012")
        shop = DomainShop(cloud)
        for number in range(15):
            shop.create(f"for-you-{number}")
        with pytest.raises(cloud.personalize.exceptions.LimitExceededException, match="15"):
            shop.create("one-more")
        cloud.close()


def model_of(shop: DomainShop, recommender: str) -> bytes:
    model = shop.cloud.emulator.service.backend.models.get(recommender)
    assert model is not None
    return model.to_bytes()
