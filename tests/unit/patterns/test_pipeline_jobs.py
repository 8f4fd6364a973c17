"""The jobs of a training pipeline: what it carries of them, what it may do, what it refuses."""

import json
import re
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import botocore.loaders
import botocore.model
import pytest
from aws_cdk import aws_events as events
from aws_cdk.assertions import Template

from cdk_personalize import (
    BatchInferenceJob,
    BatchSegmentJob,
    Campaign,
    DataDeletionJob,
    DatasetExportJob,
    DatasetGroup,
    DatasetImportJob,
    DatasetType,
    Domain,
    ImportMode,
    IngestionMode,
    PipelineJob,
    Recipe,
    Recommender,
    Schema,
    Solution,
    UseCase,
)
from cdk_personalize.patterns import DataStore, TrainingPipeline
from tests.refusals import at_synth
from tests.unit.apps import new_app
from tests.unit.patterns.declared_pipeline import (
    Declared,
    Tree,
    actions,
    plan,
    resources,
    statements,
)


class WithJobs(Declared):
    """The stack with one job of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.affinity = self.group.add_solution("Affinity", recipe=Recipe.ITEM_AFFINITY)
        self.filter = self.group.add_filter(
            "Filter", filter_expression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")'
        )
        for job in (
            DatasetImportJob(dataset=self.dataset, import_mode=ImportMode.INCREMENTAL),
            DataDeletionJob(dataset_group=self.group),
            DatasetExportJob(dataset=self.dataset, ingestion_mode=IngestionMode.ALL),
            BatchInferenceJob(
                job_name="mail", solution=self.solution, filter=self.filter, tags={"team": "mail"}
            ),
            BatchSegmentJob(job_name="fans", solution=self.affinity, num_results=100),
        ):
            self.pipeline.add_job(job)


@pytest.fixture(scope="module")
def with_jobs() -> WithJobs:
    return WithJobs()


@pytest.fixture(scope="module")
def template(with_jobs: WithJobs) -> Tree:
    read: Tree = Template.from_stack(with_jobs.stack).to_json()
    return read


@pytest.mark.parametrize(
    ("where", "operation", "given_by_the_machine"),
    [
        ("Datasets", "CreateDatasetImportJob", {"jobName"}),
        ("Deletions", "CreateDataDeletionJob", {"jobName"}),
        ("Exports", "CreateDatasetExportJob", {"jobName"}),
        ("BatchJobs", "CreateBatchInferenceJob", {"jobName", "solutionVersionArn"}),
        ("BatchJobs", "CreateBatchSegmentJob", {"jobName", "solutionVersionArn"}),
    ],
)
def test_carries_requests_that_the_api_takes(
    template: Tree, where: str, operation: str, given_by_the_machine: set[str]
) -> None:
    model = botocore.model.ServiceModel(
        botocore.loaders.Loader().load_service_model("personalize", "service-2")
    )
    shape = model.operation_model(operation).input_shape
    assert shape is not None
    kind = {"CreateBatchInferenceJob": "Infer", "CreateBatchSegmentJob": "Segment"}.get(operation)
    (request,) = [
        each["Request"] for each in plan(template)[where] if kind is None or each["Job"] == kind
    ]

    def check(value: Any, of: Any) -> None:
        if of.type_name == "structure":
            members = {name[0].upper() + name[1:]: member for name, member in of.members.items()}
            assert set(value) <= set(members)
            for name, inner in value.items():
                check(inner, members[name])

    check(request, shape)
    required = {name[0].upper() + name[1:] for name in set(shape.required_members)}
    assert required - set(request) == {name[0].upper() + name[1:] for name in given_by_the_machine}


def test_an_import_is_as_its_job_says(template: Tree) -> None:
    (dataset,) = plan(template)["Datasets"]

    assert dataset["Request"]["ImportMode"] == "INCREMENTAL"


def test_files_of_jobs_are_encrypted_with_the_key_of_the_store(
    with_jobs: WithJobs, template: Tree
) -> None:
    key = json.dumps(with_jobs.stack.resolve(with_jobs.store.key.key_arn)).replace('"', "'")
    found = plan(template)

    assert [
        each["Request"]["JobOutput"]["S3DataDestination"]["KmsKeyArn"]
        for each in [*found["Exports"], *found["BatchJobs"]]
    ] == [key] * 3


def test_starts_on_what_jobs_read_and_on_nothing_that_they_write(template: Tree) -> None:
    (rule,) = resources(template, "AWS::Events::Rule").values()
    prefixes = [
        each["prefix"] for each in rule["Properties"]["EventPattern"]["detail"]["object"]["key"]
    ]

    assert prefixes == ["import/", "delete/", "batch/mail/input/", "batch/fans/input/"]


@pytest.mark.parametrize("role", ["DataRole", "DataBucketPolicy"])
def test_personalize_may_read_and_write_the_folders_of_jobs(template: Tree, role: str) -> None:
    """On both sides: its role and the policy of the bucket."""
    kind = "AWS::S3::BucketPolicy" if "Bucket" in role else "AWS::IAM::Policy"
    found: dict[str, set[str]] = {}
    for logical_id, policy in resources(template, kind).items():
        if "Data" not in logical_id or "LogBucket" in logical_id:
            continue
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow" and isinstance(statement["Resource"], list):
                for action in actions(statement):
                    for text in re.findall(r"/([a-z/]+)\*", json.dumps(statement["Resource"])):
                        found.setdefault(action, set()).add(text)

    assert found["s3:GetObject"] == {
        "import/",
        "delete/",
        "batch/mail/input/",
        "batch/fans/input/",
    }
    assert found["s3:PutObject"] == {
        "export/interactions/",
        "batch/mail/output/",
        "batch/fans/output/",
    }


@pytest.mark.parametrize(
    ("action", "endings"),
    [
        ("CreateDataDeletionJob", {"data-deletion-job/", "GroupArn"}),
        ("CreateDatasetExportJob", {"dataset-export-job/", "INTERACTIONS"}),
        ("CreateBatchInferenceJob", {"batch-inference-job/mail-*", "solution/", "FilterArn"}),
        ("CreateBatchSegmentJob", {"batch-segment-job/fans-*", "solution/"}),
    ],
)
def test_may_run_each_job_and_no_other(template: Tree, action: str, endings: set[str]) -> None:
    allowed = [
        json.dumps(resource)
        for statement in statements(template, "PipelineJobsMachineRole")
        if f"personalize:{action}" in actions(statement)
        for resource in (
            statement["Resource"]
            if isinstance(statement["Resource"], list)
            else [statement["Resource"]]
        )
    ]

    for ending in endings:
        assert [resource for resource in allowed if ending in resource], ending
    for resource in allowed:
        assert [ending for ending in endings if ending in resource], resource


def test_may_tag_the_runs_of_a_job_with_tags(template: Tree) -> None:
    tagging = [
        json.dumps(statement["Resource"])
        for statement in statements(template, "PipelineJobsMachineRole")
        if "personalize:TagResource" in actions(statement)
    ]

    assert [each for each in tagging if "batch-inference-job/mail-*" in each]
    assert not [each for each in tagging if "batch-segment-job" in each]


def test_a_changed_job_starts_the_pipeline_anew(template: Tree) -> None:
    def digest(of: Tree) -> str:
        (lifecycle,) = resources(of, "Custom::PersonalizePipeline").values()
        found: str = lifecycle["Properties"]["Plan"]
        return found

    assert digest(template) != digest(Template.from_stack(Declared().stack).to_json())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda stack: DataDeletionJob(
                dataset_group=DatasetGroup(stack.stack, "Other"), input_prefix="other/"
            ),
            "a job must be of the dataset group of the pipeline, Shop/Group, got one of Shop/Other",
        ),
        (
            lambda stack: DatasetImportJob(dataset=stack.dataset),
            "a dataset has one import job, got another of Shop/Group/Interactions",
        ),
        (
            lambda stack: DataDeletionJob(dataset_group=stack.group, job_name="again"),
            "two deletions must not read one folder, got delete/",
        ),
        (
            lambda stack: DatasetExportJob(dataset=stack.dataset),
            "two jobs must not write to one folder, got export/interactions/",
        ),
        (
            lambda stack: BatchInferenceJob(job_name="fans", solution=stack.solution),
            "each batch job must have its own job_name, got fans twice; two jobs must not write to"
            " one folder, got batch/fans/output/",
        ),
        (
            lambda stack: DatasetExportJob(
                dataset=stack.dataset, output_prefix="import/interactions/"
            ),
            "output must lie apart from input, got import/interactions/ and import/; output must"
            " lie apart from input, got import/interactions/ and import/interactions/",
        ),
    ],
)
def test_refuses_a_job(
    with_jobs: WithJobs, make: Callable[[WithJobs], PipelineJob], message: str
) -> None:
    job = make(with_jobs)

    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole message is looked at
        with_jobs.pipeline.add_job(job)

    assert str(refused.value) == message


def test_takes_jobs_as_a_property_too() -> None:
    stack = cdk.Stack(new_app(), "Shop")
    store = DataStore(stack, "Data")
    group = DatasetGroup(stack, "Group")
    job = DataDeletionJob(dataset_group=group, input_prefix="gone/")

    TrainingPipeline(stack, "Pipeline", dataset_group=group, data_store=store, jobs=[job])

    (deletion,) = plan(Template.from_stack(stack).to_json())["Deletions"]
    assert deletion["Prefix"] == "gone/"


def test_themes_are_checked_when_all_datasets_are_defined() -> None:
    other = Declared()
    similar = other.group.add_solution("Similar", recipe=Recipe.SIMILAR_ITEMS)
    other.pipeline.add_job(
        BatchInferenceJob(job_name="themes", solution=similar, theme_item_name_column="TITLE")
    )

    with pytest.raises(
        RuntimeError, match=at_synth("Shop/Pipeline", "themes need a dataset of type Items")
    ):
        Template.from_stack(other.stack)


# Campaigns and recommenders


def test_a_campaign_that_follows_its_solution_is_left_to_the_service() -> None:
    other = Declared()
    Campaign(
        other.stack, "Follower", solution=other.solution, sync_with_latest_solution_version=True
    )

    (model,) = plan(Template.from_stack(other.stack).to_json())["Models"]

    assert [campaign["Follows"] for campaign in model["Campaigns"]] == [False, True]


class WithRecommender:
    """A stack with a pipeline and a recommender."""

    def __init__(self) -> None:
        self.stack = cdk.Stack(new_app(), "Shop")
        store = DataStore(self.stack, "Data")
        group = DatasetGroup(self.stack, "Group", domain=Domain.ECOMMERCE)
        kind = DatasetType.INTERACTIONS
        schema = Schema(self.stack, "Schema", dataset_type=kind, domain=Domain.ECOMMERCE)
        group.add_dataset("Interactions", schema=schema)
        self.recommender = Recommender(
            self.stack, "MostViewed", dataset_group=group, use_case=UseCase.MOST_VIEWED
        )
        TrainingPipeline(self.stack, "Pipeline", dataset_group=group, data_store=store)
        cdk.Tags.of(self.stack).add("team", "shop")


def test_creates_the_recommenders_of_a_domain() -> None:
    domain = WithRecommender()
    template = Template.from_stack(domain.stack).to_json()

    (declared,) = plan(template)["Recommenders"]
    allowed = {
        action
        for statement in statements(template, "PipelineJobsMachineRole")
        for action in actions(statement)
    }

    assert declared["Request"]["Name"] == domain.recommender.recommender_name
    assert declared["Request"]["RecommenderConfig"] == {"MinRecommendationRequestsPerSecond": 1}
    assert {"personalize:CreateRecommender", "personalize:DescribeRecommender"} <= allowed


def test_a_recommender_that_the_pipeline_creates_bears_its_tags() -> None:
    domain = WithRecommender()
    template = Template.from_stack(domain.stack).to_json()

    (declared,) = plan(template)["Recommenders"]
    tagging = [
        statement["Resource"]
        for statement in statements(template, "PipelineJobsMachineRole")
        if "personalize:TagResource" in actions(statement)
    ]

    assert declared["Request"]["Tags"] == [{"TagKey": "team", "TagValue": "shop"}]
    assert tagging == [domain.stack.resolve(domain.recommender.recommender_arn)]


def test_what_the_pipeline_creates_bears_the_tags_that_its_provider_would_give_it() -> None:
    other = Declared()
    cdk.Tags.of(other.stack).add("team", "shop")

    (model,) = plan(Template.from_stack(other.stack).to_json())["Models"]

    tags = [{"TagKey": "team", "TagValue": "shop"}]
    assert model["Request"]["Tags"] == tags
    assert model["Campaigns"][0]["Request"]["Tags"] == tags


def test_a_tag_that_is_added_by_an_aspect_reaches_what_the_pipeline_creates() -> None:
    """The plan is read after all aspects, of which one may come from another construct."""
    other = Declared()
    cdk.Aspects.of(other.campaign).add(cdk.Tag("cost-centre", "42"))

    (model,) = plan(Template.from_stack(other.stack).to_json())["Models"]

    assert "Tags" not in model["Request"]
    assert model["Campaigns"][0]["Request"]["Tags"] == [{"TagKey": "cost-centre", "TagValue": "42"}]


# Automatic training


def test_a_schedule_beside_automatic_training_is_refused() -> None:
    other = Declared(schedule=events.Schedule.rate(cdk.Duration.days(7)))
    Solution(
        other.stack,
        "Automatic",
        dataset_group=other.group,
        recipe=Recipe.SIMILAR_ITEMS,
        perform_auto_training=True,
    )

    with pytest.raises(
        RuntimeError,
        match=at_synth(
            "Shop/Pipeline",
            "perform_auto_training of Shop/Automatic and schedule of Shop/Pipeline must not both"
            " be on: each would train, and be paid for",
        ),
    ):
        Template.from_stack(other.stack)


def test_automatic_training_alone_is_fine() -> None:
    other = Declared()
    Solution(
        other.stack,
        "Automatic",
        dataset_group=other.group,
        recipe=Recipe.SIMILAR_ITEMS,
        perform_auto_training=True,
    )

    Template.from_stack(other.stack).resource_count_is("Custom::PersonalizeSolution", 2)
