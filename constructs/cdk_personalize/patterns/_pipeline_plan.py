"""What the pipeline works on: the resources and the jobs that a stack declares."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import jsii
from aws_cdk import IStableAnyProducer, Lazy, Stack
from constructs import Construct

from cdk_personalize._batch_job import BatchJob
from cdk_personalize._tags import TaggedResource
from cdk_personalize._tokens import is_token
from cdk_personalize._tree import address_of, stack_of
from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.batch_inference_job import BatchInferenceJob
from cdk_personalize.campaign import Campaign
from cdk_personalize.data_deletion_job import DataDeletionJob
from cdk_personalize.dataset import Dataset
from cdk_personalize.dataset_export_job import DatasetExportJob
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.dataset_import_job import IMPORT_PREFIX, DatasetImportJob
from cdk_personalize.patterns._pipeline_tasks import pascal_case
from cdk_personalize.patterns.data_store import DataStore
from cdk_personalize.pipeline_job import PipelineJob
from cdk_personalize.recipe import ServiceRecipe
from cdk_personalize.recommender import Recommender
from cdk_personalize.solution import Solution


class PipelinePlan:
    """The declaration that the state machine carries in its first state.

    It is complete only when the whole app has been constructed, so it is read lazily.
    """

    def __init__(self, group: IDatasetGroup, data_store: DataStore, name_prefix: str) -> None:
        """Start with nothing declared.

        Args:
            group: The dataset group.
            data_store: Where the data lies, and the role that Personalize reads it with.
            name_prefix: What the names of jobs begin with that say no other.
        """
        self._group = group
        self._bucket_url = data_store.bucket.s3_url_for_object()
        self._key_arn = data_store.key.key_arn
        self._role_arn = data_store.role.role_arn
        self._name_prefix = name_prefix
        self._imports: dict[str, DatasetImportJob] = {}
        self._said: set[str] = set()
        self._jobs: list[PipelineJob] = []
        self._solutions: list[Solution] = []
        self._campaigns: list[Campaign] = []
        self._recommenders: list[Recommender] = []

    @property
    def solutions(self) -> tuple[Solution, ...]:
        """The solutions that the pipeline trains."""
        return tuple(self._solutions)

    def add_dataset(self, dataset: Dataset) -> PipelineJob:
        """Declare a dataset, and return its import: in full, as long as no job says otherwise."""
        return self._imports.setdefault(address_of(dataset), DatasetImportJob(dataset=dataset))

    def add_job(self, job: PipelineJob) -> None:
        """Declare a job; an import takes the place of the one that its dataset has by default."""
        if isinstance(job, DatasetImportJob):
            self._imports[address_of(job.dataset)] = job
            self._said.add(address_of(job.dataset))
        else:
            self._jobs.append(job)

    def findings_of(self, job: PipelineJob) -> list[str]:
        """Return why the pipeline cannot take a job."""
        found, group = [], self._group
        if address_of(job.group) != address_of(group):
            found.append(
                f"a job must be of the dataset group of the pipeline, {group.node.path}, got one"
                f" of {job.group.node.path}"
            )
        if isinstance(job, DatasetImportJob) and address_of(job.dataset) in self._said:
            found.append(f"a dataset has one import job, got another of {job.dataset.node.path}")
        others = self._jobs
        if isinstance(job, BatchJob) and job.job_name in [
            each.job_name for each in others if isinstance(each, BatchJob)
        ]:
            found.append(f"each batch job must have its own job_name, got {job.job_name} twice")
        if isinstance(job, DataDeletionJob) and job.reads in [
            each.reads for each in others if isinstance(each, DataDeletionJob)
        ]:
            found.append(f"two deletions must not read one folder, got {job.reads}")
        return [*found, *_findings_of_places(job, [*self._imports.values(), *others])]

    def add_solution(self, solution: Solution) -> None:
        """Declare a solution, which is trained."""
        self._solutions.append(solution)

    def add_campaign(self, campaign: Campaign) -> None:
        """Declare a campaign, which serves the versions of its solution.

        A campaign of a solution that another app trains follows that app, not this pipeline.
        """
        self._campaigns.append(campaign)

    def add_recommender(self, recommender: Recommender) -> None:
        """Declare a recommender, which is created once there is data."""
        self._recommenders.append(recommender)

    def name_prefix_of(self, job: PipelineJob) -> str:
        """Return what the names of the runs of a job begin with."""
        return job.job_name or self._name_prefix

    def declared(self) -> Mapping[str, Any]:
        """Return what is declared by now, in the form that the state machine takes."""
        jobs = self._jobs
        batch = [job for job in jobs if isinstance(job, BatchJob)]
        return {
            "Name": self._name_prefix,
            "DatasetGroupArn": self._group.dataset_group_arn,
            "Datasets": [self._import(job) for job in self._imports.values()],
            "Deletions": [self._deletion(job) for job in jobs if isinstance(job, DataDeletionJob)],
            "Models": [self._model(solution) for solution in self._solutions],
            "BatchJobs": [self._batch_job(job) for job in batch],
            "Recommenders": [
                {
                    "RecommenderArn": each.recommender_arn,
                    "Request": _request(each, each.request),
                    "Needs": _types(each.use_case.required_datasets),
                }
                for each in self._recommenders
            ],
            "Exports": [self._export(job) for job in jobs if isinstance(job, DatasetExportJob)],
        }

    def _model(self, solution: Solution) -> Mapping[str, Any]:
        return {
            "SolutionArn": solution.solution_arn,
            "Request": _request(solution, solution.request),
            "Needs": _types(solution.recipe.required_datasets),
            "Uses": _types(_used_by(solution.recipe)),
            "TrainingMode": solution.training_mode,
            "Campaigns": [
                _campaign(each)
                for each in self._campaigns
                if address_of(each.solution) == address_of(solution)
            ],
        }

    def _import(self, job: DatasetImportJob) -> Mapping[str, Any]:
        more = {"publishAttributionMetricsToS3": True}
        request = {
            "datasetArn": job.dataset.dataset_arn,
            "dataSource": {"dataLocation": self._location(job.reads)},
            "importMode": job.import_mode,
            **(more if job.publish_attribution_metrics_to_s3 else {}),
        }
        return {
            **self._named(job, request),
            "Type": job.dataset.dataset_type.arn_segment,
            "Prefix": job.reads,
            "Bucket": self._location(""),
        }

    def _deletion(self, job: DataDeletionJob) -> Mapping[str, Any]:
        request = {
            "datasetGroupArn": job.group.dataset_group_arn,
            "dataSource": {"dataLocation": self._location(job.reads)},
        }
        return {**self._named(job, request), "Prefix": job.reads}

    def _export(self, job: DatasetExportJob) -> Mapping[str, Any]:
        request = {
            "datasetArn": job.dataset.dataset_arn,
            "ingestionMode": job.ingestion_mode,
            "jobOutput": {"s3DataDestination": self._encrypted(job.writes)},
        }
        return {
            **self._named(job, request),
            "Title": job.writes,
            "Type": job.dataset.dataset_type.arn_segment,
        }

    def _batch_job(self, job: BatchJob) -> Mapping[str, Any]:
        request = {
            **job.request,
            "jobInput": {"s3DataSource": self._encrypted(job.reads)},
            "jobOutput": {"s3DataDestination": self._encrypted(job.writes)},
        }
        return {
            **self._named(job, request),
            "Job": "Infer" if isinstance(job, BatchInferenceJob) else "Segment",
            "SolutionArn": job.solution.solution_arn,
            "Prefix": job.reads,
        }

    def _named(self, job: PipelineJob, request: Mapping[str, Any]) -> dict[str, Any]:
        role = {"roleArn": self._role_arn}
        return {
            "Name": self.name_prefix_of(job),
            "Request": pascal_case({**request, **role, **_tags(job.tags)}),
        }

    def _location(self, prefix: str) -> str:
        return f"{self._bucket_url}/{prefix}"

    def _encrypted(self, prefix: str) -> dict[str, str]:
        return {"path": self._location(prefix), "kmsKeyArn": self._key_arn}

    def as_lazy(self) -> Any:  # noqa: ANN401 - the type of a token that stands for a mapping
        """Return a token for what is declared when the app is synthesised."""
        return Lazy.any(_Produced(self.declared))

    def digest_as_lazy(self, scope: Construct) -> Any:  # noqa: ANN401
        """Return a token for a short text that changes with what there is to do.

        Tags are not in it: what is there already gets them from its provider. Schemas are, since a
        dataset that was replaced for another schema has the ARN that the old one had.
        """
        return Lazy.any(_Produced(lambda: self._digest(stack_of(scope))))

    def run_names_as_lazy(self) -> Any:  # noqa: ANN401
        """Return a token for what the names begin with of all that runs make."""
        return Lazy.any(_Produced(lambda: [*dict.fromkeys(self._beginnings())]))

    def solutions_as_lazy(self, scope: Construct) -> Any:  # noqa: ANN401
        """Return a token for the ARNs of the solutions that are in the stack of `scope`."""
        stack = stack_of(scope)
        return Lazy.any(
            _Produced(
                lambda: [
                    solution.solution_arn
                    for solution in self._solutions
                    if stack_of(solution) is stack
                ]
            )
        )

    def _beginnings(self) -> Iterator[str]:
        yield self._name_prefix  # trainings have no other
        for job in (*self._imports.values(), *self._jobs):
            yield self.name_prefix_of(job)

    def _digest(self, stack: Stack) -> str:
        schemas = [job.dataset.schema.schema_name for job in self._imports.values()]
        to_do = stack.resolve([_without_tags(self.declared()), schemas])
        return hashlib.sha256(json.dumps(to_do, sort_keys=True).encode()).hexdigest()[:16]


def _campaign(campaign: Campaign) -> Mapping[str, Any]:
    request = dict(campaign.request)
    # One is the service's default, and whether Step Functions spells the last letters of
    # this member as the API does is not documented: say it only where it has to be said.
    if request.get("minProvisionedTPS") == 1:
        del request["minProvisionedTPS"]
    config = request.get("campaignConfig", {})
    return {
        "CampaignArn": campaign.campaign_arn,
        "Request": _request(campaign, request),
        "Follows": bool(config.get("syncWithLatestSolutionVersion")),
    }


def _types(dataset_types: Iterable[DatasetType]) -> list[str]:
    return sorted(each.arn_segment for each in dataset_types)


def _used_by(recipe: ServiceRecipe) -> Iterable[DatasetType]:
    """Return what a recipe learns from; of one that is newer than this library, perhaps all."""
    if recipe.is_known:
        return recipe.required_datasets | recipe.optional_datasets
    return DatasetType


def _request(resource: TaggedResource, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what creates a resource; its tags, which its provider would give it, are in it."""
    return pascal_case({**request, **_tags(resource.cdk_tag_manager.tag_values())})


def _tags(tags: Mapping[str, str]) -> Mapping[str, Any]:
    members = [{"tagKey": key, "tagValue": value} for key, value in tags.items()]
    return {"tags": members} if members else {}


def _without_tags(declared: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(declared, Mapping):
        return {name: _without_tags(value) for name, value in declared.items() if name != "Tags"}
    if isinstance(declared, list):
        return [_without_tags(each) for each in declared]
    return declared


def _findings_of_places(job: PipelineJob, others: Sequence[PipelineJob]) -> Iterator[str]:
    """Yield where a job would take what the pipeline itself has written for something new."""
    together = (job, *others)
    read = {IMPORT_PREFIX, *(each.reads for each in together if each.reads is not None)}
    for written in (each.writes for each in together if each.writes is not None):
        for folder in sorted(read):
            if not (is_token(written) or is_token(folder)) and (
                written.startswith(folder) or folder.startswith(written)
            ):
                yield f"output must lie apart from input, got {written} and {folder}"
    if job.writes is not None and job.writes in [each.writes for each in others]:
        yield f"two jobs must not write to one folder, got {job.writes}"


@jsii.implements(IStableAnyProducer)
class _Produced:
    """What is known only when the whole app has been constructed."""

    def __init__(self, produce: Callable[[], Any]) -> None:
        self._produce = produce

    def produce(self) -> Any:  # noqa: ANN401 - the interface of the CDK
        return self._produce()
