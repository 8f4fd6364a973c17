"""The campaign construct."""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match, Template

from cdk_personalize import (
    Campaign,
    DatasetGroup,
    ICampaign,
    ISolution,
    RankingInfluence,
    Recipe,
    RecipeType,
    Schema,
    Solution,
)
from tests.refusals import at_synth, whole
from tests.unit.apps import new_app

CAMPAIGN = "Custom::PersonalizeCampaign"
CAMPAIGN_ARN = "arn:aws:personalize:us-east-1:111111111111:campaign/demo"
SOLUTION_ARN = "arn:aws:personalize:us-east-1:111111111111:solution/demo"
V1, SEMANTIC = Recipe.USER_PERSONALIZATION, Recipe.SEMANTIC_SIMILARITY


@pytest.fixture
def solution(stack: cdk.Stack) -> ISolution:
    return Solution.from_solution_arn(stack, "Solution", SOLUTION_ARN)


def solution_of(stack: cdk.Stack, recipe: Recipe) -> Solution:
    group = DatasetGroup.from_dataset_group_name(stack, "Imported", "demo")
    return Solution(stack, "Owned", dataset_group=group, recipe=recipe)


def test_is_created_by_a_function_once_there_is_a_model(
    stack: cdk.Stack, solution: ISolution
) -> None:
    campaign = Campaign(stack, "Campaign", solution=solution)

    template = Template.from_stack(stack)
    template.has_resource_properties(CAMPAIGN, {"SolutionArn": SOLUTION_ARN})
    (resource,) = template.find_resources(CAMPAIGN).values()
    assert json.loads(resource["Properties"]["Request"]) == {
        "name": campaign.campaign_name,
        "minProvisionedTPS": 1,
    }
    template.resource_count_is("AWS::Personalize::Campaign", 0)


def test_has_an_arn_of_its_name(stack: cdk.Stack, solution: ISolution) -> None:
    campaign = Campaign(stack, "Campaign", solution=solution, campaign_name="demo")

    arn = str(stack.resolve(campaign.campaign_arn))
    assert ":personalize:us-east-1:111111111111:campaign/demo" in arn


def test_keeps_its_name_with_another_configuration() -> None:
    def name(tps: int) -> str:
        stack = cdk.Stack(new_app(), "Shop")
        solution = Solution.from_solution_arn(stack, "Solution", SOLUTION_ARN)
        return Campaign(stack, "Campaign", solution=solution, min_provisioned_tps=tps).campaign_name

    assert name(1) == name(2)


@pytest.mark.parametrize(
    ("options", "config"),
    [
        (
            {"enable_metadata_with_recommendations": True},
            {"enableMetadataWithRecommendations": True},
        ),
        ({"exploration_weight": 0.5}, {"itemExplorationConfig": {"explorationWeight": "0.5"}}),
        (
            {"exploration_item_age_cut_off": 7},
            {"itemExplorationConfig": {"explorationItemAgeCutOff": "7"}},
        ),
        (
            {"sync_with_latest_solution_version": True},
            {"syncWithLatestSolutionVersion": True},
        ),
    ],
)
def test_passes_an_option_on(
    stack: cdk.Stack, options: dict[str, Any], config: dict[str, Any]
) -> None:
    campaign = Campaign(stack, "Campaign", solution=solution_of(stack, V1), **options)

    assert campaign.request["campaignConfig"] == config


def test_prefers_what_is_popular_or_new(stack: cdk.Stack) -> None:
    influence = RankingInfluence.of(popularity=0.4, freshness=0.2)

    campaign = Campaign(
        stack, "Campaign", solution=solution_of(stack, SEMANTIC), ranking_influence=influence
    )

    config = {"rankingInfluence": {"POPULARITY": 0.4, "FRESHNESS": 0.2}}
    assert campaign.request["campaignConfig"] == config


@pytest.mark.parametrize(
    ("recipe", "options", "message"),
    [
        (
            V1,
            {"min_provisioned_tps": 0},
            "min_provisioned_tps must be a whole number of at least 1, got 0",
        ),
        (
            V1,
            {"min_provisioned_tps": 1.5},
            "min_provisioned_tps must be a whole number of at least 1, got 1.5",
        ),
        (
            V1,
            {"min_provisioned_tps": float("nan")},
            "min_provisioned_tps must be a whole number of at least 1, got nan",
        ),
        (V1, {"exploration_weight": 1.1}, "exploration_weight must be from 0 to 1, got 1.1"),
        (
            V1,
            {"exploration_item_age_cut_off": 0},
            "exploration_item_age_cut_off must be a number of days, at least 1, got 0",
        ),
        (
            V1,
            {"campaign_name": "for you"},
            "campaign_name must be 1 to 63 letters, digits, hyphens and underscores,"
            " the first a letter or digit, got 'for you'",
        ),
        (
            Recipe.USER_PERSONALIZATION_V2,
            {"exploration_weight": 0.5},
            "exploration is for aws-user-personalization, not for aws-user-personalization-v2",
        ),
        (
            Recipe.SIMS,
            {"ranking_influence": RankingInfluence.of(popularity=0.5)},
            "ranking_influence is for aws-semantic-similarity, not for aws-sims",
        ),
        (
            SEMANTIC,
            {"ranking_influence": RankingInfluence(freshness=2)},
            "the influence of FRESHNESS must be from 0 to 1, got 2",
        ),
        (
            Recipe.ITEM_AFFINITY,
            {},
            "a campaign answers in real time; aws-item-affinity segments users,"
            " which batch segment jobs do",
        ),
    ],
)
def test_refuses(stack: cdk.Stack, recipe: Recipe, options: dict[str, Any], message: str) -> None:
    solution = solution_of(stack, recipe)

    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Campaign(stack, "Campaign", solution=solution, **options)


def test_tells_all_that_is_wrong_at_once(stack: cdk.Stack, solution: ISolution) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "min_provisioned_tps must be a whole number of at least 1, got 0;"
            " exploration_weight must be from 0 to 1, got -1"
        ),
    ):
        Campaign(stack, "Campaign", solution=solution, min_provisioned_tps=0, exploration_weight=-1)


@pytest.mark.parametrize(
    ("influences", "message"),
    [
        ({"popularity": 1.5}, "the influence of popularity must be from 0 to 1, got 1.5"),
        ({"freshness": -0.5}, "the influence of freshness must be from 0 to 1, got -0.5"),
    ],
)
def test_refuses_an_influence_beyond_all(influences: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        RankingInfluence.of(**influences)


def test_leaves_a_recipe_that_is_newer_to_the_service(stack: cdk.Stack) -> None:
    solution = solution_of(stack, Recipe("aws-new", RecipeType.RELATED_ITEMS))

    campaign = Campaign(stack, "Campaign", solution=solution, exploration_weight=0.5)

    assert "itemExplorationConfig" in campaign.request["campaignConfig"]


def test_refuses_metadata_that_no_dataset_has(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    dataset_group.add_dataset("Interactions", schema=interactions)
    solution = dataset_group.add_solution("Similar", recipe=Recipe.SIMS)
    Campaign(stack, "Campaign", solution=solution, enable_metadata_with_recommendations=True)

    with pytest.raises(
        RuntimeError,
        match=at_synth(
            "Shop/Campaign",
            "enable_metadata_with_recommendations needs an Items dataset in the dataset group",
        ),
    ):
        Template.from_stack(stack)


def test_finds_the_metadata_of_items_that_are_defined_later(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema, items: Schema
) -> None:
    solution = dataset_group.add_solution("Similar", recipe=Recipe.SIMS)
    Campaign(stack, "Campaign", solution=solution, enable_metadata_with_recommendations=True)
    dataset_group.add_dataset("Interactions", schema=interactions)
    dataset_group.add_dataset("Items", schema=items)

    Template.from_stack(stack).resource_count_is(CAMPAIGN, 1)


def test_takes_numbers_that_are_known_only_at_deployment(
    stack: cdk.Stack, solution: ISolution
) -> None:
    number = cdk.CfnParameter(stack, "Number", type="Number").value_as_number

    campaign = Campaign(
        stack,
        "Campaign",
        solution=solution,
        min_provisioned_tps=number,
        exploration_weight=number,
        exploration_item_age_cut_off=number,
    )

    exploration = {"explorationWeight": {"Ref": "Number"}}
    assert stack.resolve(campaign.request) == {
        "name": campaign.campaign_name,
        "minProvisionedTPS": {"Ref": "Number"},
        "campaignConfig": {
            "itemExplorationConfig": {**exploration, "explorationItemAgeCutOff": {"Ref": "Number"}}
        },
    }


def test_warns_of_throughput_that_is_paid_for_unused(stack: cdk.Stack, solution: ISolution) -> None:
    Campaign(stack, "Campaign", solution=solution, min_provisioned_tps=20)

    Annotations.from_stack(stack).has_warning(
        "/Shop/Campaign",
        "min_provisioned_tps=20 is billed every hour of the day, used or not, about 144 USD a month"
        " for each at the list price of the older recipes, and up to 389 USD at that of the v2"
        " recipes; the service scales up by itself when there is more to do"
        " [ack: cdk-personalize:minProvisionedTps]",
    )


def test_warns_of_metadata_that_costs_extra(stack: cdk.Stack) -> None:
    solution = solution_of(stack, Recipe.SIMS)

    Campaign(stack, "Campaign", solution=solution, enable_metadata_with_recommendations=True)

    Annotations.from_stack(stack).has_warning(
        "/Shop/Campaign",
        "enable_metadata_with_recommendations=True costs extra for each request with aws-sims"
        " (https://aws.amazon.com/personalize/pricing/)"
        " [ack: cdk-personalize:metadataWithRecommendations]",
    )


def test_warns_of_metadata_that_may_cost_extra(stack: cdk.Stack, solution: ISolution) -> None:
    Campaign(stack, "Campaign", solution=solution, enable_metadata_with_recommendations=True)

    Annotations.from_stack(stack).has_warning(
        "/Shop/Campaign",
        Match.string_like_regexp("each request unless the recipe is one of .*-v2 and .*-v2 and"),
    )


@pytest.mark.parametrize(
    "options", [{}, {"enable_metadata_with_recommendations": True}], ids=["least", "free metadata"]
)
def test_does_not_warn_of_what_costs_no_more(stack: cdk.Stack, options: dict[str, Any]) -> None:
    solution = solution_of(stack, Recipe.USER_PERSONALIZATION_V2)

    Campaign(stack, "Campaign", solution=solution, **options)

    Annotations.from_stack(stack).has_no_warning("*", Match.string_like_regexp("billed|costs"))


def test_belongs_to_the_group_of_its_solution(stack: cdk.Stack) -> None:
    solution = solution_of(stack, Recipe.SIMS)

    campaign = Campaign(stack, "Campaign", solution=solution)

    assert solution.dataset_group.campaigns == (campaign,)
    assert campaign.solution is solution


@pytest.mark.parametrize(
    ("method", "action"),
    [
        (
            "grant_query",
            [
                "personalize:GetRecommendations",
                "personalize:GetPersonalizedRanking",
                "personalize:GetActionRecommendations",
            ],
        ),
        ("grant_describe", "personalize:DescribeCampaign"),
    ],
)
@pytest.mark.parametrize("owned", [True, False], ids=["owned", "imported"])
def test_grants_on_itself_alone(
    *,
    stack: cdk.Stack,
    solution: ISolution,
    role: iam.Role,
    method: str,
    action: object,
    owned: bool,
) -> None:
    campaign: ICampaign = (
        Campaign(stack, "Campaign", solution=solution)
        if owned
        else Campaign.from_campaign_name(stack, "Campaign", "demo")
    )

    getattr(campaign, method)(role)

    statement = {
        "Action": action,
        "Effect": "Allow",
        "Resource": stack.resolve(campaign.campaign_arn),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": {"Statement": [statement]}}
    )


METRICS = [
    ("metric_get_recommendations", "GetRecommendations", "Sum"),
    ("metric_get_recommendations_4xx_errors", "GetRecommendations4xxErrors", "Sum"),
    ("metric_get_recommendations_5xx_errors", "GetRecommendations5xxErrors", "Sum"),
    ("metric_get_recommendations_latency", "GetRecommendationsLatency", "Average"),
    ("metric_get_personalized_ranking", "GetPersonalizedRanking", "Sum"),
    ("metric_get_personalized_ranking_4xx_errors", "GetPersonalizedRanking4xxErrors", "Sum"),
    ("metric_get_personalized_ranking_5xx_errors", "GetPersonalizedRanking5xxErrors", "Sum"),
    ("metric_get_personalized_ranking_latency", "GetPersonalizedRankingLatency", "Average"),
]


@pytest.mark.parametrize(("method", "name", "statistic"), METRICS)
def test_measures(stack: cdk.Stack, method: str, name: str, statistic: str) -> None:
    metric = getattr(Campaign.from_campaign_arn(stack, "Campaign", CAMPAIGN_ARN), method)()

    assert (metric.namespace, metric.metric_name) == ("AWS/Personalize", name)
    assert metric.dimensions == {"CampaignArn": CAMPAIGN_ARN}
    assert metric.statistic == statistic


def test_measures_as_it_is_told(stack: cdk.Stack) -> None:
    campaign = Campaign.from_campaign_arn(stack, "Campaign", CAMPAIGN_ARN)

    metric = campaign.metric_get_recommendations_latency(statistic="p90")

    assert metric.statistic == "p90"
    assert metric.region == "us-east-1"
