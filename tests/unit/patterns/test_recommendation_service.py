"""The whole service in one statement."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from cdk_personalize import Recipe, SchemaField
from cdk_personalize.patterns import ExistingResources, Model, RecommendationService
from tests.refusals import at_synth, whole
from tests.unit.apps import new_app


def service(**options: Any) -> tuple[cdk.Stack, RecommendationService]:
    stack = cdk.Stack(new_app(), "Shop")
    options = {"models": {"for-you": Recipe.USER_PERSONALIZATION_V2}, **options}
    return stack, RecommendationService(stack, "Service", **options)


@pytest.fixture(scope="module")
def minimal() -> Template:
    stack, _ = service()
    return Template.from_stack(stack)


def test_one_statement_defines_one_of_each(minimal: Template) -> None:
    for resource_type in (
        "AWS::KMS::Key",
        "AWS::Personalize::DatasetGroup",
        "Custom::PersonalizeSchema",
        "Custom::PersonalizeEventTracker",
        "Custom::PersonalizeDataset",
        "Custom::PersonalizeSolution",
        "Custom::PersonalizeCampaign",
        "Custom::PersonalizePipeline",
        "AWS::Kinesis::Stream",
        "AWS::SQS::Queue",
        "AWS::ApiGatewayV2::Api",
    ):
        minimal.resource_count_is(resource_type, 1)


def test_keeps_the_data_by_default(minimal: Template) -> None:
    for resource_type in ("AWS::S3::Bucket", "AWS::KMS::Key"):
        for resource in minimal.find_resources(resource_type).values():
            assert resource["DeletionPolicy"] == "Retain"
            assert resource["UpdateReplacePolicy"] == "Retain"


def test_never_keeps_what_costs_money_by_the_hour(minimal: Template) -> None:
    for resource_type in ("Custom::PersonalizeCampaign", "AWS::Kinesis::Stream"):
        for resource in minimal.find_resources(resource_type).values():
            assert resource.get("DeletionPolicy", "Delete") == "Delete"


def test_lets_nobody_ask_who_is_not_allowed_to_by_default(minimal: Template) -> None:
    routes = minimal.find_resources("AWS::ApiGatewayV2::Route").values()

    assert routes
    assert {route["Properties"]["AuthorizationType"] for route in routes} == {"AWS_IAM"}


def test_tells_where_everything_is(minimal: Template) -> None:
    outputs = minimal.find_outputs("*")

    for name in (
        "ApiUrl",
        "StreamName",
        "BucketName",
        "DatasetGroupArn",
        "StateMachineArn",
        "DeadLetterQueueUrl",
    ):
        assert len([key for key in outputs if name in key]) == 1, name


def test_a_dataset_is_defined_for_each_file_that_there_is() -> None:
    stack, made = service(
        items=[SchemaField.string("CATEGORY", categorical=True)],
        users=[SchemaField.string("COUNTRY", categorical=True)],
    )

    assert [dataset.dataset_type for dataset in made.dataset_group.datasets] == [
        "Interactions",
        "Items",
        "Users",
    ]
    Template.from_stack(stack).resource_count_is("Custom::PersonalizeSchema", 3)


def test_a_model_has_the_throughput_and_the_parameters_that_it_is_given() -> None:
    _, made = service(
        models={
            "for-you": Model(
                recipe=Recipe.USER_PERSONALIZATION_V2,
                min_provisioned_tps=3,
                algorithm_hyper_parameters={"apply_recency_bias": "false"},
            )
        }
    )

    assert made.campaigns["for-you"].request["minProvisionedTPS"] == 3
    assert made.solutions["for-you"].request["solutionConfig"] == {
        "algorithmHyperParameters": {"apply_recency_bias": "false"}
    }


def test_never_leaves_it_to_the_service_when_to_train() -> None:
    _, made = service()

    assert made.solutions["for-you"].request["performAutoTraining"] is False


def test_refuses_to_recommend_by_nothing() -> None:
    with pytest.raises(ValueError, match=whole("models must name at least one recipe, got none")):
        service(models={})


def test_refuses_a_filter_on_a_column_that_no_schema_has() -> None:
    columns = [SchemaField.string("CATEGORY", categorical=True)]
    stack, _ = service(
        items=columns, filters={"not-red": 'EXCLUDE ItemID WHERE Items.COLOUR IN ("red")'}
    )

    with pytest.raises(
        RuntimeError,
        match=at_synth(
            "Shop/Service/Filter-not-red",
            "the schema of Items has no column COLOUR, only ITEM_ID, CATEGORY, at character 22",
        ),
    ):
        Template.from_stack(stack)


def test_uses_what_exists_already() -> None:
    stack = cdk.Stack(new_app(), "Shop")
    key = kms.Key(stack, "Key")
    stream = kinesis.Stream(stack, "Stream", encryption_key=key)

    made = RecommendationService(
        stack,
        "Service",
        models={"for-you": Recipe.USER_PERSONALIZATION_V2},
        existing=ExistingResources(encryption_key=key, stream=stream),
    )

    assert made.ingestion.stream is stream
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::KMS::Key", 1)
    template.resource_count_is("AWS::Kinesis::Stream", 1)


def test_two_services_live_in_one_stack() -> None:
    stack = cdk.Stack(new_app(), "Shop")
    for name in ("One", "Two"):
        RecommendationService(stack, name, models={"for-you": Recipe.USER_PERSONALIZATION_V2})

    template = Template.from_stack(stack)

    groups = template.find_resources("AWS::Personalize::DatasetGroup").values()
    assert len({group["Properties"]["Name"] for group in groups}) == 2


def test_a_demo_that_is_destroyed_empties_its_buckets_first() -> None:
    stack, _ = service(removal_policy=cdk.RemovalPolicy.DESTROY)

    Template.from_stack(stack).resource_count_is("Custom::S3AutoDeleteObjects", 2)
