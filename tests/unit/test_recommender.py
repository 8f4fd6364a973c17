"""The recommender construct."""

import re
from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match, Template

from cdk_personalize import (
    DatasetGroup,
    DatasetType,
    Domain,
    IRecommender,
    RecipeType,
    Recommender,
    Schema,
    SchemaField,
    UseCase,
)
from tests.refusals import at_synth, whole
from tests.unit.apps import new_app

RECOMMENDER = "Custom::PersonalizeRecommender"
ARN = "arn:aws:personalize:us-east-1:111111111111:recommender/demo"
FOR_YOU, BEST_SELLERS = UseCase.RECOMMENDED_FOR_YOU, UseCase.BEST_SELLERS


def group_of(stack: cdk.Stack, domain: Domain | None = Domain.ECOMMERCE) -> DatasetGroup:
    return DatasetGroup(stack, "Group", domain=domain, dataset_group_name="demo")


def add_data(group: DatasetGroup, *types: DatasetType, fields: Sequence[SchemaField] = ()) -> None:
    for each in types:
        schema = Schema(
            group, f"{each}Schema", dataset_type=each, domain=group.domain, fields=fields
        )
        group.add_dataset(str(each), schema=schema)


@pytest.fixture
def group(stack: cdk.Stack) -> DatasetGroup:
    group = group_of(stack)
    add_data(group, DatasetType.INTERACTIONS)
    return group


def test_is_created_by_a_function_once_there_is_data(stack: cdk.Stack, group: DatasetGroup) -> None:
    recommender = Recommender(stack, "ForYou", dataset_group=group, use_case=FOR_YOU)

    (resource,) = Template.from_stack(stack).find_resources(RECOMMENDER).values()
    assert resource["Properties"]["DatasetTypes"] == ["INTERACTIONS"]
    assert "ForYou" in str(resource["Properties"]["Request"])
    assert stack.resolve(recommender.request) == {
        "name": recommender.recommender_name,
        "datasetGroupArn": stack.resolve(group.dataset_group_arn),
        "recipeArn": stack.resolve(FOR_YOU.arn(stack.partition)),
        "recommenderConfig": {"minRecommendationRequestsPerSecond": 1},
    }


def test_has_an_arn_of_its_name(stack: cdk.Stack, group: DatasetGroup) -> None:
    recommender = group.add_recommender("ForYou", use_case=FOR_YOU, recommender_name="demo")

    arn = str(stack.resolve(recommender.recommender_arn))
    assert ":personalize:us-east-1:111111111111:recommender/demo" in arn


def name_of(domain: Domain = Domain.ECOMMERCE, **options: Any) -> str:
    group = group_of(cdk.Stack(new_app(), "Shop"), domain)
    options = {"use_case": FOR_YOU, **options}
    return Recommender(group, "ForYou", dataset_group=group, **options).recommender_name


def test_keeps_its_name_with_another_configuration() -> None:
    assert name_of() == name_of(exploration_weight=0.5)


def test_is_another_one_with_another_use_case() -> None:
    assert name_of() != name_of(use_case=BEST_SELLERS)


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
            {"min_recommendation_requests_per_second": 2},
            {"minRecommendationRequestsPerSecond": 2},
        ),
        (
            {"excluded_columns": {DatasetType.ITEMS: ["PRICE"]}},
            {"trainingDataConfig": {"excludedDatasetColumns": {"Items": ["PRICE"]}}},
        ),
        (
            {"included_columns": {DatasetType.USERS: ["AGE"]}},
            {"trainingDataConfig": {"includedDatasetColumns": {"Users": ["AGE"]}}},
        ),
    ],
)
def test_passes_an_option_on(
    group: DatasetGroup, options: dict[str, Any], config: dict[str, Any]
) -> None:
    recommender = Recommender(group, "ForYou", dataset_group=group, use_case=FOR_YOU, **options)

    least = {"minRecommendationRequestsPerSecond": 1}
    assert recommender.request["recommenderConfig"] == least | config


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"recommender_name": "for you"},
            "recommender_name must be 1 to 63 letters, digits, hyphens and underscores,"
            " the first a letter or digit, got 'for you'",
        ),
        (
            {"use_case": UseCase.TOP_PICKS},
            "aws-vod-top-picks is of the domain VIDEO_ON_DEMAND; the dataset group is of ECOMMERCE",
        ),
        (
            {"min_recommendation_requests_per_second": 0.5},
            "min_recommendation_requests_per_second must be a whole number of at least 1, got 0.5",
        ),
        (
            {"use_case": BEST_SELLERS, "exploration_weight": 0.5},
            "exploration is for aws-ecomm-recommended-for-you and aws-vod-top-picks,"
            " not for aws-ecomm-popular-items-by-purchases",
        ),
        ({"exploration_weight": 2}, "exploration_weight must be from 0 to 1, got 2"),
        (
            {"exploration_item_age_cut_off": 0.5},
            "exploration_item_age_cut_off must be a number of days, at least 1, got 0.5",
        ),
        (
            {
                "excluded_columns": {DatasetType.ITEMS: ["PRICE"]},
                "included_columns": {DatasetType.USERS: ["AGE"]},
            },
            "excluded_columns and included_columns cannot be given together",
        ),
        (
            {"excluded_columns": {DatasetType.INTERACTIONS: ["ITEM_ID"]}},
            "ITEM_ID of Interactions cannot be excluded from training",
        ),
    ],
)
def test_refuses(
    stack: cdk.Stack, group: DatasetGroup, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Recommender(stack, "ForYou", dataset_group=group, **{"use_case": FOR_YOU, **options})


def test_refuses_a_group_without_a_domain(stack: cdk.Stack) -> None:
    group = group_of(stack, None)

    with pytest.raises(
        ValueError,
        match=whole(
            "aws-ecomm-recommended-for-you is of the domain ECOMMERCE; the dataset group has"
            " no domain, and so no recommenders"
        ),
    ):
        group.add_recommender("ForYou", use_case=FOR_YOU)


def test_tells_all_that_is_wrong_at_once(group: DatasetGroup) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "aws-vod-top-picks is of the domain VIDEO_ON_DEMAND; the dataset group is of"
            " ECOMMERCE; exploration_weight must be from 0 to 1, got -1"
        ),
    ):
        group.add_recommender("Top", use_case=UseCase.TOP_PICKS, exploration_weight=-1)


def test_leaves_a_use_case_that_is_newer_to_the_service(group: DatasetGroup) -> None:
    new = UseCase(
        name="aws-ecomm-new", type=RecipeType.POPULAR_ITEMS, domain=Domain.ECOMMERCE, title="New"
    )

    recommender = group.add_recommender("New", use_case=new, exploration_weight=0.5)

    assert "itemExplorationConfig" in recommender.request["recommenderConfig"]


def test_leaves_the_domain_of_an_imported_group_to_the_service(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Group", "demo")

    group.add_recommender("ForYou", use_case=FOR_YOU, excluded_columns={DatasetType.ITEMS: ["A"]})

    Template.from_stack(stack).resource_count_is(RECOMMENDER, 1)


def test_takes_numbers_that_are_known_only_at_deployment(
    stack: cdk.Stack, group: DatasetGroup
) -> None:
    number = cdk.CfnParameter(stack, "Number", type="Number").value_as_number

    recommender = group.add_recommender(
        "ForYou",
        use_case=FOR_YOU,
        min_recommendation_requests_per_second=number,
        exploration_weight=number,
    )

    assert stack.resolve(recommender.request["recommenderConfig"]) == {
        "minRecommendationRequestsPerSecond": {"Ref": "Number"},
        "itemExplorationConfig": {"explorationWeight": {"Ref": "Number"}},
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"enable_metadata_with_recommendations": True},
            "enable_metadata_with_recommendations needs an Items dataset in the dataset group",
        ),
        (
            {"excluded_columns": {DatasetType.INTERACTIONS: ["DEVICE"]}},
            "excluded_columns: Interactions has no column DEVICE,"
            " only USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE",
        ),
        (
            {"included_columns": {DatasetType.USERS: ["AGE"]}},
            "included_columns names columns of Users; the dataset group has no such dataset",
        ),
    ],
)
def test_refuses_what_the_data_lacks(
    stack: cdk.Stack, group: DatasetGroup, options: dict[str, Any], message: str
) -> None:
    Recommender(stack, "ForYou", dataset_group=group, use_case=FOR_YOU, **options)

    with pytest.raises(RuntimeError, match=at_synth("Shop/ForYou", message)):
        Template.from_stack(stack)


def test_refuses_a_group_without_the_data_of_the_use_case(stack: cdk.Stack) -> None:
    group = group_of(stack, Domain.VIDEO_ON_DEMAND)
    group.add_recommender("More", use_case=UseCase.MORE_LIKE_X)

    with pytest.raises(
        RuntimeError,
        match=at_synth(
            "Shop/Group/More",
            "aws-vod-more-like-x needs a dataset of Interactions, Items in the dataset group",
        ),
    ):
        Template.from_stack(stack)


def test_warns_of_requests_that_are_paid_for_unasked(group: DatasetGroup) -> None:
    group.add_recommender("ForYou", use_case=FOR_YOU, min_recommendation_requests_per_second=20)

    Annotations.from_stack(cdk.Stack.of(group)).has_warning(
        "/Shop/Group/ForYou",
        "min_recommendation_requests_per_second=20 is billed every hour of the day, used or not, as"
        " 72000 requests an hour, those above 4000 at about 4078 USD a month at the list price for"
        " few users; the service scales up by itself when there is more to do"
        " [ack: cdk-personalize:minRecommendationRequestsPerSecond]",
    )


def test_warns_of_metadata_that_costs_extra(stack: cdk.Stack, group: DatasetGroup) -> None:
    add_data(group, DatasetType.ITEMS, fields=[SchemaField.float("WEIGHT")])
    group.add_recommender("ForYou", use_case=FOR_YOU, enable_metadata_with_recommendations=True)

    Annotations.from_stack(stack).has_warning(
        "/Shop/Group/ForYou",
        Match.string_like_regexp("extra for each request with aws-ecomm-"),
    )


def test_says_that_it_is_one_too_many_with_all_else_that_is_wrong(group: DatasetGroup) -> None:
    for number in range(5):
        group.add_recommender(f"Recommender{number}", use_case=FOR_YOU)

    with pytest.raises(
        ValueError,
        match=whole(
            "exploration_weight must be from 0 to 1, got 2; a dataset group holds at most 5"
            " recommenders, got number 6"
        ),
    ):
        group.add_recommender("OneMore", use_case=FOR_YOU, exploration_weight=2)


def test_does_not_warn_of_what_costs_the_least(stack: cdk.Stack, group: DatasetGroup) -> None:
    group.add_recommender("ForYou", use_case=FOR_YOU)

    Annotations.from_stack(stack).has_no_warning("*", Match.string_like_regexp("billed|costs"))


def test_belongs_to_its_group(group: DatasetGroup) -> None:
    recommender = group.add_recommender("ForYou", use_case=FOR_YOU)

    assert group.recommenders == (recommender,)
    assert (recommender.dataset_group, recommender.use_case) == (group, FOR_YOU)


def test_is_deleted_before_the_data(stack: cdk.Stack, group: DatasetGroup) -> None:
    group.add_recommender("ForYou", use_case=FOR_YOU)

    template = Template.from_stack(stack)
    (dataset,) = template.find_resources("Custom::PersonalizeDataset")
    template.has_resource(RECOMMENDER, {"DependsOn": Match.array_with([dataset])})


def test_bears_the_tags_of_the_stack(stack: cdk.Stack, group: DatasetGroup) -> None:
    group.add_recommender("ForYou", use_case=FOR_YOU)

    cdk.Tags.of(stack).add("team", "search")

    Template.from_stack(stack).has_resource_properties(RECOMMENDER, {"Tags": {"team": "search"}})


def test_is_retained_with_the_group_and_its_data_alone(
    stack: cdk.Stack, group: DatasetGroup
) -> None:
    group.add_recommender("ForYou", use_case=FOR_YOU, removal_policy=RemovalPolicy.RETAIN)

    with pytest.raises(RuntimeError, match="removal_policy of Shop/Group, Shop/Group/Interactions"):
        Template.from_stack(stack)


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("grant_query", "personalize:GetRecommendations"),
        ("grant_describe", "personalize:DescribeRecommender"),
        (
            "grant_start_stop",
            [
                "personalize:DescribeRecommender",
                "personalize:StartRecommender",
                "personalize:StopRecommender",
            ],
        ),
    ],
)
@pytest.mark.parametrize("owned", [True, False], ids=["owned", "imported"])
def test_grants_on_itself_alone(
    *,
    stack: cdk.Stack,
    group: DatasetGroup,
    role: iam.Role,
    method: str,
    action: object,
    owned: bool,
) -> None:
    recommender: IRecommender = (
        group.add_recommender("ForYou", use_case=FOR_YOU)
        if owned
        else Recommender.from_recommender_name(stack, "ForYou", "demo")
    )

    getattr(recommender, method)(role)

    statement = {
        "Action": action,
        "Effect": "Allow",
        "Resource": stack.resolve(recommender.recommender_arn),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": {"Statement": [statement]}}
    )


METRICS = [
    ("metric_get_recommendations", "GetRecommendations", "Sum"),
    ("metric_get_recommendations_4xx_errors", "GetRecommendations4xxErrors", "Sum"),
    ("metric_get_recommendations_5xx_errors", "GetRecommendations5xxErrors", "Sum"),
    ("metric_get_recommendations_latency", "GetRecommendationsLatency", "Average"),
]


@pytest.mark.parametrize(("method", "name", "statistic"), METRICS)
def test_measures(stack: cdk.Stack, method: str, name: str, statistic: str) -> None:
    metric = getattr(Recommender.from_recommender_arn(stack, "ForYou", ARN), method)()

    assert (metric.namespace, metric.metric_name) == ("AWS/Personalize", name)
    assert metric.dimensions == {"RecommenderArn": ARN}
    assert metric.statistic == statistic


def test_knows_nothing_of_an_import_but_its_arn(stack: cdk.Stack) -> None:
    imported = Recommender.from_recommender_arn(stack, "ForYou", ARN)

    assert (imported.recommender_arn, imported.use_case, imported.dataset_group) == (
        ARN,
        None,
        None,
    )
