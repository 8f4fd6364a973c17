"""Deployed models take in new data by the clock, without a training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from cdk_personalize.recipe import Recipe, ServiceRecipe
from cdk_personalize.use_case import UseCase
from personalize_emulator.automatic_updates import update_interval
from tests.emulator.cloud import ITEMS, Cloud, interactions, recipe
from tests.emulator.domain_shop import DomainShop, views

if TYPE_CHECKING:
    from collections.abc import Callable

    from personalize_emulator import PersonalizeEmulator
    from personalize_emulator.models import Model

ACCOUNT = "123456789012"
HOUR = 3600.0
DAY = 24 * HOUR
MINUTE = 60.0


@pytest.fixture
def group(cloud: Cloud) -> str:
    return stocked(cloud)


def stocked(cloud: Cloud) -> str:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    return group


def solution_of(cloud: Cloud, group: str, recipe_name: str = "aws-user-personalization") -> str:
    return cloud.solution(group, recipe_name.removeprefix("aws-"), recipe_name)


def put_item(cloud: Cloud, item: str = "new", group: str = "shop") -> None:
    """Put an item into a dataset, and let the clock tell it from others."""
    cloud.emulator.skip(1)
    cloud.events.put_items(
        datasetArn=cloud.arn(f"dataset/{group}/ITEMS"),
        items=[{"itemId": item, "properties": json.dumps({"price": 5.0})}],
    )


def pass_time(cloud: Cloud, seconds: float) -> None:
    """Let time pass, with what happens in it."""
    for _ in range(4):
        cloud.emulator.skip(seconds / 4)


def body_of(cloud: Cloud, arn: str) -> bytes:
    model = cloud.emulator.service.backend.models.get(arn)
    assert model is not None
    return model.to_bytes()


def knows(cloud: Cloud, arn: str, item: str = "new") -> bool:
    return item.encode() in body_of(cloud, arn)


# Which, and how often


@pytest.mark.parametrize(
    ("found", "seconds"),
    [
        (Recipe.USER_PERSONALIZATION_V2, 2 * HOUR),
        (Recipe.USER_PERSONALIZATION, 2 * HOUR),
        (Recipe.NEXT_BEST_ACTION, 2 * HOUR),
        (UseCase.RECOMMENDED_FOR_YOU, 2 * HOUR),
        (UseCase.TOP_PICKS, 2 * HOUR),
        (UseCase.TRENDING_NOW, 2 * HOUR),
        (Recipe.TRENDING_NOW, 2 * HOUR),
        (Recipe.SEMANTIC_SIMILARITY, 30 * MINUTE),
        (Recipe.PERSONALIZED_RANKING_V2, None),
        (Recipe.SIMILAR_ITEMS, None),
        (Recipe.HRNN_COLDSTART, None),
        (UseCase.BEST_SELLERS, None),
    ],
    ids=str,
)
def test_the_guide_says_which_are_updated_and_how_often(
    found: ServiceRecipe, seconds: float | None
) -> None:
    assert update_interval(found, {}) == seconds


@pytest.mark.parametrize(
    ("frequency", "seconds"),
    [("30 minutes", 30 * MINUTE), ("1 hour", HOUR), ("3 hours", 3 * HOUR), ("1 day", DAY)],
)
def test_trends_are_looked_for_as_often_as_the_solution_says(
    frequency: str, seconds: float
) -> None:
    config = {"featureTransformationParameters": {"trend_discovery_frequency": frequency}}
    assert update_interval(Recipe.TRENDING_NOW, config) == seconds


# Campaigns


@pytest.mark.parametrize("recipe_name", ["aws-user-personalization", "aws-user-personalization-v2"])
def test_a_deployed_model_knows_a_new_item_after_two_hours(
    cloud: Cloud, group: str, recipe_name: str
) -> None:
    version = cloud.version(solution_of(cloud, group, recipe_name))
    cloud.campaign(version)
    put_item(cloud)
    pass_time(cloud, 1.5 * HOUR)
    assert not knows(cloud, version)
    pass_time(cloud, HOUR)
    assert knows(cloud, version)


def test_it_goes_on_every_two_hours(cloud: Cloud, group: str) -> None:
    version = cloud.version(solution_of(cloud, group))
    cloud.campaign(version)
    for item in ("first", "second", "third"):
        put_item(cloud, item)
        pass_time(cloud, 2.5 * HOUR)
        assert knows(cloud, version, item)


def test_no_version_is_created(cloud: Cloud, group: str) -> None:
    solution = solution_of(cloud, group)
    version = cloud.version(solution)
    cloud.campaign(version)
    put_item(cloud)
    pass_time(cloud, 2.5 * HOUR)
    found = cloud.personalize.list_solution_versions(solutionArn=solution)["solutionVersions"]
    assert [entry["solutionVersionArn"] for entry in found] == [version]


def test_a_recipe_that_is_not_updated_learns_by_training_alone(cloud: Cloud, group: str) -> None:
    version = cloud.version(solution_of(cloud, group, "aws-similar-items"))
    cloud.campaign(version)
    put_item(cloud)
    pass_time(cloud, 5 * HOUR)
    assert not knows(cloud, version)


def test_a_model_that_no_campaign_deploys_is_left_alone(cloud: Cloud, group: str) -> None:
    version = cloud.version(solution_of(cloud, group))
    put_item(cloud)
    pass_time(cloud, 5 * HOUR)
    assert not knows(cloud, version)


def test_a_version_that_is_not_the_latest_is_left_alone(cloud: Cloud, group: str) -> None:
    solution = solution_of(cloud, group)
    version = cloud.version(solution)
    cloud.campaign(version)
    cloud.version(solution)
    put_item(cloud)
    pass_time(cloud, 5 * HOUR)
    assert not knows(cloud, version)


def test_a_training_in_the_mode_update_stops_it(cloud: Cloud, group: str) -> None:
    solution = solution_of(cloud, group)
    version = cloud.version(solution)
    campaign = cloud.campaign(version)
    updated = cloud.personalize.create_solution_version(
        solutionArn=solution, trainingMode="UPDATE"
    )["solutionVersionArn"]
    cloud.settle(updated)
    cloud.personalize.update_campaign(campaignArn=campaign, solutionVersionArn=updated)
    cloud.settle(campaign, update=True)
    put_item(cloud)
    pass_time(cloud, 5 * HOUR)
    assert not knows(cloud, version)
    assert not knows(cloud, updated)


def test_a_full_training_that_is_deployed_takes_it_up_again(cloud: Cloud, group: str) -> None:
    solution = solution_of(cloud, group)
    campaign = cloud.campaign(cloud.version(solution))
    cloud.settle(
        cloud.personalize.create_solution_version(solutionArn=solution, trainingMode="UPDATE")[
            "solutionVersionArn"
        ]
    )
    full = cloud.version(solution)
    cloud.personalize.update_campaign(campaignArn=campaign, solutionVersionArn=full)
    cloud.settle(campaign, update=True)
    put_item(cloud)
    pass_time(cloud, 2.5 * HOUR)
    assert knows(cloud, full)


def test_the_deletion_of_a_dataset_stops_it(cloud: Cloud) -> None:
    shop = DomainShop(cloud)
    items = shop.items()
    arn = shop.recommender()
    shop.personalize.delete_dataset(datasetArn=items)
    cloud.vanish(items)
    before = body_of(cloud, arn)
    cloud.import_csv(shop.interactions, views(users=60))
    pass_time(cloud, 5 * HOUR)
    assert body_of(cloud, arn) == before


def test_nothing_is_done_when_nothing_came(
    cloud: Cloud, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = cloud.version(solution_of(cloud, group))
    cloud.campaign(version)
    kept = keepings(cloud, monkeypatch)
    pass_time(cloud, 10 * HOUR)
    assert kept == []
    put_item(cloud)
    pass_time(cloud, 10 * HOUR)
    assert kept == [version]


def test_a_year_that_is_skipped_is_one_update(
    run: Callable[[], PersonalizeEmulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    with run() as emulator:
        cloud = Cloud(emulator, ACCOUNT)
        version = cloud.version(solution_of(cloud, stocked(cloud)))
        cloud.campaign(version)
        kept = keepings(cloud, monkeypatch)
        put_item(cloud)
        emulator.skip(365 * DAY)
        assert kept == [version]
        assert emulator.service.backend.store.execute("SELECT count(*) FROM jobs") == [(1,)]
        cloud.close()


def test_a_campaign_that_is_gone_updates_nothing(cloud: Cloud, group: str) -> None:
    version = cloud.version(solution_of(cloud, group))
    campaign = cloud.campaign(version)
    cloud.personalize.delete_campaign(campaignArn=campaign)
    cloud.vanish(campaign)
    put_item(cloud)
    pass_time(cloud, 5 * HOUR)
    assert not knows(cloud, version)


def test_it_goes_on_after_a_restart(run: Callable[[], PersonalizeEmulator]) -> None:
    with run() as emulator:
        before = Cloud(emulator, ACCOUNT)
        version = before.version(solution_of(before, stocked(before)))
        before.campaign(version)
        put_item(before)
        before.close()
    with run() as emulator:
        after = Cloud(emulator, ACCOUNT)
        assert not knows(after, version)
        pass_time(after, 2.5 * HOUR)
        assert knows(after, version)
        after.close()


def keepings(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which models of this account are kept from now on."""
    models = cloud.emulator.service.backend.models
    kept: list[str] = []
    keep = models.keep

    def note(arn: str, model: bytes, *, loaded: Model | None = None) -> None:
        if cloud.account in arn:
            kept.append(arn)
        keep(arn, model, loaded=loaded)

    monkeypatch.setattr(models, "keep", note)
    return kept


# Recommenders


@pytest.fixture
def shop(cloud: Cloud) -> DomainShop:
    shop = DomainShop(cloud)
    shop.items()
    return shop


def put_into(shop: DomainShop, item: str = "new") -> None:
    shop.cloud.emulator.skip(1)
    shop.cloud.events.put_items(
        datasetArn=shop.cloud.arn("dataset/boutique/ITEMS"),
        items=[{"itemId": item, "properties": json.dumps({"price": 5.0, "categoryL1": "A"})}],
    )


def test_a_recommender_knows_a_new_item_after_two_hours(shop: DomainShop) -> None:
    arn = shop.recommender()
    put_into(shop)
    pass_time(shop.cloud, 1.5 * HOUR)
    assert not knows(shop.cloud, arn)
    pass_time(shop.cloud, HOUR)
    assert knows(shop.cloud, arn)


def test_a_recommender_that_is_stopped_learns_nothing(shop: DomainShop) -> None:
    arn = shop.recommender()
    shop.stop(arn)
    put_into(shop)
    shop.cloud.import_csv(shop.interactions, views(users=60))
    before = body_of(shop.cloud, arn)
    pass_time(shop.cloud, 15 * DAY)
    assert body_of(shop.cloud, arn) == before


def test_a_recommender_that_is_started_again_learns_again(shop: DomainShop) -> None:
    arn = shop.recommender()
    shop.stop(arn)
    put_into(shop)
    shop.personalize.start_recommender(recommenderArn=arn)
    shop.cloud.settle(arn)
    pass_time(shop.cloud, 2.5 * HOUR)
    assert knows(shop.cloud, arn)


def test_a_recommender_trains_anew_after_a_week_with_new_data(shop: DomainShop) -> None:
    arn = shop.recommender()
    shop.cloud.import_csv(shop.interactions, views(users=60))
    trained = body_of(shop.cloud, shop.recommender("trained-on-all"))
    pass_time(shop.cloud, 6 * DAY)
    assert body_of(shop.cloud, arn) != trained
    pass_time(shop.cloud, 2 * DAY)
    assert body_of(shop.cloud, arn) == trained


def test_a_recommender_that_is_due_for_both_is_trained_anew(shop: DomainShop) -> None:
    arn = shop.recommender()
    shop.cloud.import_csv(shop.interactions, views(users=60))
    trained = body_of(shop.cloud, shop.recommender("trained-on-all"))
    shop.cloud.emulator.skip(8 * DAY)
    assert body_of(shop.cloud, arn) == trained


def test_a_recommender_does_not_train_anew_without_new_data(
    shop: DomainShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.recommender()
    kept = keepings(shop.cloud, monkeypatch)
    pass_time(shop.cloud, 15 * DAY)
    assert kept == []


def test_a_retraining_that_fails_leaves_the_model(limited: Cloud) -> None:
    shop = DomainShop(limited, views(users=200, each=8), name="shrinking")
    arn = shop.recommender()
    before = limited.describe(arn)
    limited.import_csv(shop.interactions, views(users=20, each=60))
    pass_time(limited, 8 * DAY)
    assert limited.describe(arn) == before
    assert body_of(limited, arn)


# Recipes with intervals of their own


def shop_with_prose(cloud: Cloud) -> str:
    """A group whose items have names and descriptions."""
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    fields = [
        SchemaField.string("TITLE", item_name=True),
        SchemaField.string("PROSE", textual=True),
    ]
    schema = cloud.personalize.create_schema(
        name="prose", schema=AvroSchema.of(DatasetType.ITEMS, fields).to_json()
    )
    items = cloud.personalize.create_dataset(
        name="items",
        datasetType="Items",
        datasetGroupArn=group,
        schemaArn=schema["schemaArn"],
    )["datasetArn"]
    cloud.settle(items)
    rows = [
        f"{taste}{number},Thing {number},all about {taste} and {number}"
        for taste in "ab"
        for number in range(10)
    ]
    cloud.import_csv(items, "\n".join(["ITEM_ID,TITLE,PROSE", *rows]))
    return group


def put_prose(cloud: Cloud) -> None:
    cloud.emulator.skip(1)
    properties = {"title": "A new thing", "prose": "all about a and more"}
    cloud.events.put_items(
        datasetArn=cloud.arn("dataset/shop/ITEMS"),
        items=[{"itemId": "new", "properties": json.dumps(properties)}],
    )


def test_an_incremental_update_takes_half_an_hour(cloud: Cloud) -> None:
    solution = solution_of(cloud, shop_with_prose(cloud), "aws-semantic-similarity")
    cloud.personalize.update_solution(solutionArn=solution, performIncrementalUpdate=True)
    cloud.settle(solution, update=True)
    version = cloud.version(solution)
    cloud.campaign(version)
    put_prose(cloud)
    pass_time(cloud, 35 * MINUTE)
    assert knows(cloud, version)


def test_an_incremental_update_must_be_asked_for(cloud: Cloud) -> None:
    version = cloud.version(solution_of(cloud, shop_with_prose(cloud), "aws-semantic-similarity"))
    cloud.campaign(version)
    put_prose(cloud)
    pass_time(cloud, 5 * HOUR)
    assert not knows(cloud, version)


def test_a_trend_is_found_after_the_interval_of_the_solution(cloud: Cloud, group: str) -> None:
    solution = cloud.personalize.create_solution(
        name="trends",
        datasetGroupArn=group,
        recipeArn=recipe("aws-trending-now"),
        performAutoTraining=False,
        solutionConfig={
            "featureTransformationParameters": {"trend_discovery_frequency": "30 minutes"}
        },
    )["solutionArn"]
    cloud.settle(solution)
    version = cloud.version(solution)
    cloud.campaign(version)
    cloud.import_csv(
        cloud.arn("dataset/shop/INTERACTIONS"), interactions() + "\nu1,new,1700000100,view,"
    )
    pass_time(cloud, 35 * MINUTE)
    assert knows(cloud, version)


def test_a_new_action_is_known_after_two_hours(cloud: Cloud, group: str) -> None:
    schema = AvroSchema.of(DatasetType.ACTIONS, [SchemaField.long("VALUE", nullable=True)])
    answer = cloud.personalize.create_schema(name="actions", schema=schema.to_json())
    actions = cloud.personalize.create_dataset(
        name="actions",
        datasetType="Actions",
        datasetGroupArn=group,
        schemaArn=answer["schemaArn"],
    )["datasetArn"]
    cloud.settle(actions)
    cloud.import_csv(actions, "ACTION_ID,VALUE\njoin,3")
    version = cloud.version(solution_of(cloud, group, "aws-next-best-action"))
    cloud.campaign(version)
    cloud.emulator.skip(1)
    cloud.import_csv(actions, "ACTION_ID,VALUE\njoin,3\nsubscribe,5")
    assert not knows(cloud, version, "subscribe")
    pass_time(cloud, 2.5 * HOUR)
    assert knows(cloud, version, "subscribe")
