"""The jobs that a pipeline runs: what they say, and what they refuse."""

from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk
import botocore.loaders
import botocore.model
import botocore.validate
import pytest

from cdk_personalize import (
    BatchInferenceJob,
    BatchSegmentJob,
    DataDeletionJob,
    Dataset,
    DatasetExportJob,
    DatasetGroup,
    DatasetImportJob,
    DatasetType,
    Filter,
    PipelineJob,
    RankingInfluence,
    Recipe,
    Schema,
    Solution,
)


def refusal(make: Callable[[], object]) -> str:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole message is looked at
        make()
    return str(refused.value)


@pytest.fixture
def dataset(stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema) -> Dataset:
    return dataset_group.add_dataset("Interactions", schema=interactions)


@pytest.fixture
def ranking(dataset_group: DatasetGroup, dataset: Dataset) -> Solution:
    return dataset_group.add_solution("Ranking", recipe=Recipe.PERSONALIZED_RANKING_V2)


@pytest.fixture
def segments(dataset_group: DatasetGroup, dataset: Dataset) -> Solution:
    return dataset_group.add_solution("Segments", recipe=Recipe.ITEM_AFFINITY)


def of_users(group: DatasetGroup) -> Filter:
    expression = 'INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("view")'
    return group.add_filter("Users", filter_expression=expression)


def of_items(group: DatasetGroup) -> Filter:
    expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")'
    return group.add_filter("Items", filter_expression=expression)


def accepts(operation: str, request: dict[str, Any]) -> str:
    """Return what botocore finds wrong with a part of a request."""
    loader = botocore.loaders.Loader()
    model = botocore.model.ServiceModel(loader.load_service_model("personalize", "service-2"))
    shape = model.operation_model(operation).input_shape
    assert shape is not None
    return str(botocore.validate.ParamValidator().validate(request, shape).generate_report())


# Where they read and write


def test_each_job_has_folders_of_its_own(
    dataset_group: DatasetGroup, dataset: Dataset, ranking: Solution, segments: Solution
) -> None:
    jobs: list[PipelineJob] = [
        DatasetImportJob(dataset=dataset),
        DatasetExportJob(dataset=dataset),
        DataDeletionJob(dataset_group=dataset_group),
        BatchInferenceJob(job_name="mail", solution=ranking),
        BatchSegmentJob(job_name="fans", solution=segments),
    ]

    assert [(job.reads, job.writes) for job in jobs] == [
        ("import/interactions/", None),
        (None, "export/interactions/"),
        ("delete/", None),
        ("batch/mail/input/", "batch/mail/output/"),
        ("batch/fans/input/", "batch/fans/output/"),
    ]


@pytest.mark.parametrize("prefix", ["", "/in/", "in", "x" * 187 + "/"])
def test_a_folder_is_one_of_the_bucket(dataset_group: DatasetGroup, prefix: str) -> None:
    said = refusal(lambda: DataDeletionJob(dataset_group=dataset_group, input_prefix=prefix))

    assert said == (
        "input_prefix must be a folder of the bucket with a slash at its end and none at its"
        f" begin, at most 187 characters, got {prefix!r}"
    )


def test_what_is_known_at_deployment_alone_is_not_checked(ranking: Solution) -> None:
    token = cdk.Token.as_string({"Ref": "Parameter"})

    job = BatchInferenceJob(
        job_name="mail",
        solution=ranking,
        input_prefix=token,
        num_results=cast("int", cdk.Token.as_number({"Ref": "Number"})),
    )

    assert job.reads == token


# Names and tags


def test_a_run_adds_to_the_name_of_its_job(dataset: Dataset) -> None:
    said = refusal(lambda: DatasetImportJob(dataset=dataset, job_name="x" * 43))

    assert said == "job_name must have at most 42 characters, got 43"


def test_a_name_is_one_that_the_service_takes(ranking: Solution) -> None:
    said = refusal(lambda: BatchInferenceJob(job_name="a mail", solution=ranking))

    assert said == (
        "job_name must be 1 to 63 letters, digits, hyphens and underscores, the first a letter or"
        " digit, got 'a mail'"
    )


def test_tags_are_few_and_short_and_none_of_aws(dataset: Dataset) -> None:
    many = {f"{number}": "" for number in range(49)} | {"": "x" * 257, "aws:team": ""}

    said = refusal(lambda: DatasetExportJob(dataset=dataset, tags=many))

    assert said == (
        "tags must be at most 50, got 51; the key of a tag must have 1 to 128 characters, got 0;"
        " the value of a tag must have at most 256 characters, got 257; keys of tags that begin"
        " with aws: are reserved, got aws:team"
    )


# Imports and exports


def test_only_interactions_have_attribution_metrics(
    dataset_group: DatasetGroup, items: Schema
) -> None:
    dataset = dataset_group.add_dataset("Items", schema=items)

    said = refusal(
        lambda: DatasetImportJob(dataset=dataset, publish_attribution_metrics_to_s3=True)
    )

    assert said == (
        "publish_attribution_metrics_to_s3 is for a dataset of Interactions, got one of Items"
    )


def test_actions_are_not_exported(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    schema = Schema(stack, "Actions", dataset_type=DatasetType.ACTIONS)
    dataset = dataset_group.add_dataset("Actions", schema=schema)

    assert refusal(lambda: DatasetExportJob(dataset=dataset)) == (
        "the data of Interactions or Items or Users is exported, not that of Actions"
    )


# Batch jobs


def test_a_batch_inference_job_says_what_the_api_takes(
    dataset_group: DatasetGroup, dataset: Dataset, items: Schema
) -> None:
    dataset_group.add_dataset("Items", schema=items)
    explores = dataset_group.add_solution("For", recipe=Recipe.USER_PERSONALIZATION)
    similar = dataset_group.add_solution("Similar", recipe=Recipe.SIMILAR_ITEMS)
    means = dataset_group.add_solution("Means", recipe=Recipe.SEMANTIC_SIMILARITY)
    influence = RankingInfluence.of(popularity=0.5)
    requests = [
        BatchInferenceJob(
            job_name="a",
            solution=explores,
            num_results=10,
            exploration_weight=0.1,
            exploration_item_age_cut_off=7,
        ).request,
        BatchInferenceJob(job_name="b", solution=similar, theme_item_name_column="TITLE").request,
        BatchInferenceJob(job_name="c", solution=means, ranking_influence=influence).request,
    ]

    assert requests == [
        {
            "numResults": 10,
            "batchInferenceJobMode": "BATCH_INFERENCE",
            "batchInferenceJobConfig": {
                "itemExplorationConfig": {
                    "explorationWeight": "0.1",
                    "explorationItemAgeCutOff": "7",
                }
            },
        },
        {
            "batchInferenceJobMode": "THEME_GENERATION",
            "themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": "TITLE"}},
        },
        {
            "batchInferenceJobMode": "BATCH_INFERENCE",
            "batchInferenceJobConfig": {"rankingInfluence": {"POPULARITY": 0.5}},
        },
    ]
    for request in requests:
        rest = {
            "jobName": "x",
            "solutionVersionArn": "x",
            "jobInput": {"s3DataSource": {"path": "x"}},
            "jobOutput": {"s3DataDestination": {"path": "x"}},
            "roleArn": "x",
        }
        assert accepts("CreateBatchInferenceJob", {**request, **rest}) == ""


def test_all_that_is_wrong_with_a_batch_inference_job_is_told_at_once(
    stack: cdk.Stack, dataset_group: DatasetGroup, ranking: Solution
) -> None:
    other = DatasetGroup(stack, "Other")

    said = refusal(
        lambda: BatchInferenceJob(
            job_name="mail",
            solution=ranking,
            filter=of_users(other),
            num_results=0,
            exploration_weight=2,
            theme_item_name_column="2",
            output_prefix="out",
        )
    )

    assert said.split("; ") == [
        "num_results must be at least 1, got 0",
        "theme_item_name_column must have 1 to 150 letters, digits and underscores, the first no"
        " digit, got '2'",
        "exploration is for aws-user-personalization, not for aws-personalized-ranking-v2",
        "exploration_weight must be from 0 to 1, got 2",
        "themes are for aws-similar-items, not for aws-personalized-ranking-v2",
        "a filter of ItemID is needed, got one of UserID",
        "filter must be of the dataset group Shop/Group, got one of Shop/Other",
        "output_prefix must be a folder of the bucket with a slash at its end and none at its"
        " begin, at most 187 characters, got 'out'",
    ]


def test_recipes_that_make_no_batch_recommendations_are_refused(segments: Solution) -> None:
    said = refusal(lambda: BatchInferenceJob(job_name="mail", solution=segments))

    assert said == "aws-item-affinity makes no batch recommendations"


def test_all_that_is_wrong_with_a_batch_segment_job_is_told_at_once(
    dataset_group: DatasetGroup, ranking: Solution
) -> None:
    said = refusal(
        lambda: BatchSegmentJob(
            job_name="fans",
            solution=ranking,
            filter=of_items(dataset_group),
            num_results=5_000_001,
        )
    )

    assert said.split("; ") == [
        "num_results must be from 1 to 5000000, got 5000001",
        "aws-personalized-ranking-v2 makes no user segments",
        "a filter of UserID is needed, got one of ItemID",
    ]


def test_segments_by_attributes_take_no_filter_by_interactions(
    dataset_group: DatasetGroup, dataset: Dataset
) -> None:
    solution = dataset_group.add_solution("Attributes", recipe=Recipe.ITEM_ATTRIBUTE_AFFINITY)
    by_events = of_users(dataset_group)

    said = refusal(lambda: BatchSegmentJob(job_name="fans", solution=solution, filter=by_events))

    assert said == "aws-item-attribute-affinity takes no filter by Interactions"
