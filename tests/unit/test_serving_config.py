"""The rules of how campaigns, recommenders and batch inference jobs answer."""

from typing import Any

import botocore.session
import pytest

from cdk_personalize import serving_config
from cdk_personalize.avro_schema import DatasetType, Domain
from cdk_personalize.recipe import Recipe, RecipeType, ServiceRecipe
from cdk_personalize.serving_config import (
    findings,
    findings_of_data,
    findings_of_deployment,
    findings_of_domain,
    findings_of_throughput,
    findings_of_version,
    metadata_costs_extra,
)
from cdk_personalize.use_case import UseCase

V1, V2, SIMS = Recipe.USER_PERSONALIZATION, Recipe.USER_PERSONALIZATION_V2, Recipe.SIMS
SEMANTIC, FOR_YOU = Recipe.SEMANTIC_SIMILARITY, UseCase.RECOMMENDED_FOR_YOU
NEW = Recipe("aws-new", RecipeType.RELATED_ITEMS)
VERSION = "arn:aws:personalize:us-east-1:111111111111:solution/demo/1"


def exploring(**config: Any) -> dict[str, Any]:
    return {"itemExplorationConfig": config}


def influenced(**factors: Any) -> dict[str, Any]:
    return {"rankingInfluence": factors}


def test_what_is_told_nothing_is_fine() -> None:
    recipes = [*Recipe.all(), *UseCase.all()]

    assert [findings({}, recipe) for recipe in recipes] == [[]] * len(recipes)


@pytest.mark.parametrize(
    ("recipe", "config"),
    [
        (V1, exploring(explorationWeight="0", explorationItemAgeCutOff="1")),
        (V1, exploring(explorationWeight="1", explorationItemAgeCutOff="365")),
        (FOR_YOU, exploring(explorationWeight="0.5")),
        (UseCase.TOP_PICKS, exploring(explorationItemAgeCutOff="1.5")),
        (V1, exploring(explorationWeight=None, explorationItemAgeCutOff=None)),
        (NEW, exploring(explorationWeight="0.5")),
        (None, exploring(explorationWeight="0.5") | influenced(POPULARITY=1)),
        (SEMANTIC, influenced(POPULARITY=0, FRESHNESS=1)),
        (SEMANTIC, influenced(POPULARITY=None)),
        (NEW, influenced(FRESHNESS=0.5)),
        (FOR_YOU, {"minRecommendationRequestsPerSecond": 1}),
        (FOR_YOU, {"minRecommendationRequestsPerSecond": None}),
    ],
)
def test_accepts(recipe: ServiceRecipe | None, config: dict[str, Any]) -> None:
    assert findings(config, recipe) == []


@pytest.mark.parametrize(
    ("recipe", "config", "finding"),
    [
        (
            V2,
            exploring(explorationWeight="0.5"),
            "itemExplorationConfig is for aws-user-personalization,"
            " not for aws-user-personalization-v2",
        ),
        (
            UseCase.BEST_SELLERS,
            exploring(explorationWeight="0.5"),
            "itemExplorationConfig is for aws-ecomm-recommended-for-you and aws-vod-top-picks,"
            " not for aws-ecomm-popular-items-by-purchases",
        ),
        *(
            (
                V1,
                exploring(explorationWeight=weight),
                f"explorationWeight must be from 0 to 1, got {weight}",
            )
            for weight in ("-0.1", "1.1", "much", "nan")
        ),
        *(
            (
                FOR_YOU,
                exploring(explorationItemAgeCutOff=days),
                f"explorationItemAgeCutOff must be a number of days, at least 1, got {days}",
            )
            for days in ("0", "0.9", "month", "inf")
        ),
        (
            V1,
            exploring(weight="0.5"),
            "itemExplorationConfig has explorationWeight and explorationItemAgeCutOff, got weight",
        ),
        (
            SIMS,
            influenced(POPULARITY=0.5),
            "rankingInfluence is for aws-semantic-similarity, not for aws-sims",
        ),
        (
            SEMANTIC,
            influenced(POPULARITY=1.5),
            "the influence of POPULARITY must be from 0 to 1, got 1.5",
        ),
        (
            SEMANTIC,
            influenced(FRESHNESS=-1),
            "the influence of FRESHNESS must be from 0 to 1, got -1",
        ),
        (
            SEMANTIC,
            influenced(PRICE=0.5),
            "rankingInfluence has POPULARITY and FRESHNESS, got PRICE",
        ),
        (
            FOR_YOU,
            {"minRecommendationRequestsPerSecond": 0},
            "minRecommendationRequestsPerSecond must be a whole number of at least 1, got 0",
        ),
    ],
)
def test_refuses(recipe: Recipe, config: dict[str, Any], finding: str) -> None:
    assert findings(config, recipe) == [finding]


def test_finds_all_that_is_wrong() -> None:
    config = exploring(explorationWeight="2", explorationItemAgeCutOff="0")

    assert len(findings(config | influenced(PRICE=1), SIMS)) == 5


@pytest.mark.parametrize("tps", [1, 500, 3.0, None])
def test_throughput_is_whole_requests(tps: float | None) -> None:
    assert findings_of_throughput("minProvisionedTPS", tps) == []


@pytest.mark.parametrize("tps", [0, -1, 1.5, float("nan")])
def test_refuses_a_throughput_of_less_or_of_parts(tps: float) -> None:
    assert findings_of_throughput("minProvisionedTPS", tps) == [
        f"minProvisionedTPS must be a whole number of at least 1, got {tps}"
    ]


@pytest.mark.parametrize(
    ("types", "complete"), [([DatasetType.ITEMS], True), ([], False)], ids=["items", "unknown"]
)
def test_metadata_is_that_of_items(types: list[DatasetType], *, complete: bool) -> None:
    config = {"enableMetadataWithRecommendations": True}

    assert findings_of_data(config, types, complete=complete) == []


def test_metadata_needs_items() -> None:
    found = findings_of_data(
        {"enableMetadataWithRecommendations": True}, [DatasetType.USERS], complete=True
    )

    assert found == [
        "enableMetadataWithRecommendations needs an Items dataset in the dataset group"
    ]


def test_metadata_that_is_off_needs_nothing() -> None:
    assert findings_of_data({"enableMetadataWithRecommendations": False}, [], complete=True) == []


@pytest.mark.parametrize(
    ("recipe", "costs"), [(V2, False), (SEMANTIC, False), (V1, True), (FOR_YOU, True), (None, True)]
)
def test_metadata_costs_extra_apart_from_some_recipes(
    recipe: ServiceRecipe | None, *, costs: bool
) -> None:
    config = {"enableMetadataWithRecommendations": True}

    assert metadata_costs_extra(config, recipe) is costs
    assert not metadata_costs_extra({}, recipe)


def test_a_campaign_serves_what_answers_in_real_time() -> None:
    refused = {recipe for recipe in Recipe.all() if findings_of_deployment(recipe)}

    assert refused == {Recipe.ITEM_AFFINITY, Recipe.ITEM_ATTRIBUTE_AFFINITY}


@pytest.mark.parametrize(
    ("follows", "arn"), [(True, "arn:of:solution/$LATEST"), (False, VERSION), (None, VERSION)]
)
def test_a_campaign_serves_a_version_or_follows_a_solution(*, follows: bool, arn: str) -> None:
    assert findings_of_version({"syncWithLatestSolutionVersion": follows}, arn) == []


def test_a_campaign_cannot_follow_a_version() -> None:
    assert findings_of_version({"syncWithLatestSolutionVersion": True}, VERSION) == [
        "syncWithLatestSolutionVersion needs the solutionVersionArn in the form"
        f" <ARN of the solution>/$LATEST, got {VERSION}"
    ]


def test_a_recommender_is_of_the_domain_of_its_group() -> None:
    assert findings_of_domain(FOR_YOU, Domain.ECOMMERCE) == []


@pytest.mark.parametrize(
    ("domain", "finding"),
    [
        (Domain.VIDEO_ON_DEMAND, "the dataset group is of VIDEO_ON_DEMAND"),
        (None, "the dataset group has no domain, and so no recommenders"),
    ],
)
def test_a_recommender_is_of_no_other_domain(domain: Domain | None, finding: str) -> None:
    assert findings_of_domain(FOR_YOU, domain) == [
        f"aws-ecomm-recommended-for-you is of the domain ECOMMERCE; {finding}"
    ]


def test_the_factors_of_a_ranking_are_those_of_the_service() -> None:
    service = botocore.session.get_session().get_service_model("personalize")

    factors = service.shape_for("RankingInfluenceType").metadata["enum"]
    assert set(factors) == set(serving_config.RANKING_FACTORS)
