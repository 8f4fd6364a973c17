"""The warning of campaigns and recommenders that no pipeline creates."""

from typing import Any, cast

import aws_cdk as cdk
from aws_cdk.assertions import Annotations, Match
from constructs import Construct

from cdk_personalize import (
    Campaign,
    DatasetGroup,
    DatasetType,
    Domain,
    IDatasetGroup,
    Recipe,
    Schema,
    Solution,
    UseCase,
)
from cdk_personalize.patterns import DataStore, RecommendationService, TrainingPipeline
from tests.unit.apps import new_app

ACK = "[ack: cdk-personalize:notRealised]"


def campaign_of(group: IDatasetGroup) -> Campaign:
    solution = group.add_solution("Related", recipe=Recipe.SIMS)
    return Campaign(cast("Construct", group), "Campaign", solution=solution)


def add_pipeline(stack: cdk.Stack, group: IDatasetGroup) -> TrainingPipeline:
    store = DataStore(stack, "Data")
    return TrainingPipeline(stack, "Pipeline", dataset_group=group, data_store=store)


def warnings_in(stack: cdk.Stack) -> list[Any]:
    return Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("notRealised"))


def test_warns_of_a_campaign_whose_group_has_no_pipeline(stack: cdk.Stack) -> None:
    campaign_of(DatasetGroup.from_dataset_group_name(stack, "Group", "demo"))

    Annotations.from_stack(stack).has_warning(
        "/Shop/Group/Campaign",
        "no TrainingPipeline of this app has its dataset group, so only a deployment creates it:"
        " this one if its solution has a model by then, else the next one that changes it when"
        f" that is so {ACK}",
    )


def test_warns_of_a_campaign_of_an_imported_solution(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Group", "demo")
    add_pipeline(stack, group)

    solution = Solution.from_solution_name(stack, "Solution", "demo")
    Campaign(stack, "Campaign", solution=solution)

    Annotations.from_stack(stack).has_warning(
        "/Shop/Campaign",
        "its solution is imported and no TrainingPipeline has it, so only a deployment creates it:"
        " this one if its solution has a model by then, else the next one that changes it when"
        f" that is so {ACK}",
    )


def test_warns_of_a_recommender_whose_group_has_no_pipeline(stack: cdk.Stack) -> None:
    group = DatasetGroup(stack, "Group", domain=Domain.ECOMMERCE)
    schema = Schema(stack, "Schema", dataset_type=DatasetType.INTERACTIONS, domain=Domain.ECOMMERCE)
    group.add_dataset("Interactions", schema=schema)
    group.add_recommender("ForYou", use_case=UseCase.RECOMMENDED_FOR_YOU)

    Annotations.from_stack(stack).has_warning(
        "/Shop/Group/ForYou",
        "no TrainingPipeline of this app has its dataset group, so only a deployment creates it:"
        " this one if the datasets that its use case needs have data by then, else the next one"
        f" that changes it when that is so {ACK}",
    )


def test_is_silent_if_a_pipeline_is_defined_later(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Group", "demo")
    campaign_of(group)

    add_pipeline(stack, group)

    assert warnings_in(stack) == []


def test_is_silent_if_the_pipeline_has_another_import_of_the_group(stack: cdk.Stack) -> None:
    add_pipeline(stack, DatasetGroup.from_dataset_group_name(stack, "Theirs", "demo"))

    campaign_of(DatasetGroup.from_dataset_group_name(stack, "Group", "demo"))

    assert warnings_in(stack) == []


def test_is_silent_in_a_recommendation_service(stack: cdk.Stack) -> None:
    RecommendationService(stack, "Service", models={"related": Recipe.SIMILAR_ITEMS})

    assert warnings_in(stack) == []


def test_can_be_acknowledged(stack: cdk.Stack) -> None:
    campaign = campaign_of(DatasetGroup.from_dataset_group_name(stack, "Group", "demo"))

    cdk.Annotations.of(campaign).acknowledge_warning("cdk-personalize:notRealised")

    assert warnings_in(stack) == []


def test_reaches_whoever_deploys_the_app() -> None:
    app = new_app()
    stack = cdk.Stack(app, "Shop")
    campaign_of(DatasetGroup.from_dataset_group_name(stack, "Group", "demo"))

    messages = app.synth().get_stack_by_name("Shop").messages

    assert [each.id for each in messages if ACK in str(each.entry.data)] == ["/Shop/Group/Campaign"]
