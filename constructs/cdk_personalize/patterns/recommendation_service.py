"""A whole recommendation service on Amazon Personalize, in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import CfnOutput, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_personalize._tree import remember_scope
from cdk_personalize.avro_schema import DatasetType, SchemaField
from cdk_personalize.campaign import Campaign
from cdk_personalize.dataset import Dataset
from cdk_personalize.dataset_group import DatasetGroup
from cdk_personalize.event_tracker import EventTracker
from cdk_personalize.filters import Filter
from cdk_personalize.patterns.api_access import ApiAccess
from cdk_personalize.patterns.api_endpoint import HttpEndpoint, RestEndpoint
from cdk_personalize.patterns.api_routes import ApiRoute, RouteOptions
from cdk_personalize.patterns.data_store import DataStore
from cdk_personalize.patterns.event_archive import EventArchive
from cdk_personalize.patterns.event_ingestion import EventIngestion
from cdk_personalize.patterns.item_metadata import ItemMetadata
from cdk_personalize.patterns.recommendation_api import RecommendationApi
from cdk_personalize.patterns.request_context import RequestContext
from cdk_personalize.patterns.training_pipeline import TrainingPipeline
from cdk_personalize.recipe import Recipe
from cdk_personalize.schema import Schema
from cdk_personalize.solution import Solution


@dataclass(frozen=True, kw_only=True)
class Model:
    """A solution and the campaign that serves it.

    Args:
        recipe: What the solution learns.
        min_provisioned_tps: The requests a second that are always paid for.
        algorithm_hyper_parameters: The parameters of the recipe, as text (default: the recipe's).
    """

    recipe: Recipe
    min_provisioned_tps: int = 1
    algorithm_hyper_parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ExistingResources:
    """What is there already, and is used instead of being defined.

    Args:
        bucket: The data bucket.
        encryption_key: The key that everything is encrypted with.
        role: The role that Amazon Personalize reads and writes the bucket with.
        stream: The stream that the events come from.
    """

    bucket: s3.IBucket | None = None
    encryption_key: kms.IKey | None = None
    role: iam.IRole | None = None
    stream: kinesis.IStream | None = None


@dataclass(frozen=True, kw_only=True)
class ApiOptions:
    """What is asked of the API of a service; see `RecommendationApi`.

    Args:
        routes: How routes answer (default: within three seconds, by the model alone).
        access: Who may ask (default: callers that IAM allows).
        endpoint: What the API is asked at (default: an HTTP API).
        context: What the headers of requests tell models (default: nothing).
        item_metadata: What requests may ask of items (default: ids and scores).
        event_access: Who may send events (default: as `access` says).
    """

    routes: Mapping[ApiRoute, RouteOptions] = field(default_factory=dict)
    access: ApiAccess | None = None
    endpoint: HttpEndpoint | RestEndpoint | None = None
    context: RequestContext | None = None
    item_metadata: ItemMetadata | None = None
    event_access: ApiAccess | None = None


class RecommendationService(Construct):
    """Recommend items to users: from the data in a bucket to the answer of an API.

    Defines:
        - a KMS key, the data bucket and the role of Amazon Personalize (`data_store`)
        - a dataset group with its schemas and datasets, an event tracker and filters
        - a solution and a campaign for each model (`solutions`, `campaigns`)
        - a pipeline that imports, trains and deploys as data arrives (`pipeline`)
        - a Kinesis stream and a function that sends its events to the tracker, and its items and
          users to their datasets (`ingestion`)
        - an archive of what was on the stream, if asked for (`archive`)
        - an API and a function that answer (`api`)
        - outputs: `ApiUrl`, `StreamName`, `BucketName`, `DatasetGroupArn`, `StateMachineArn`,
          `DeadLetterQueueUrl`

    A first deployment takes minutes. The API answers 503 until interactions lie under
    `import/interactions/` in the bucket and the pipeline has learnt from them.

    Example:
        ```python
        service = RecommendationService(
            self, "Recommendations", models={"for-you": Recipe.USER_PERSONALIZATION_V2}
        )
        service.api.grant_invoke(web_shop)
        service.ingestion.grant_write(web_shop)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        models: Mapping[str, Recipe | Model],
        interactions: Sequence[SchemaField] | None = None,
        items: Sequence[SchemaField] | None = None,
        users: Sequence[SchemaField] | None = None,
        filters: Mapping[str, str] | None = None,
        schedule: events.Schedule | None = None,
        api: ApiOptions | None = None,
        archive_events: bool = False,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        existing: ExistingResources | None = None,
    ) -> None:
        """Define a recommendation service.

        Args:
            scope: The construct to define the service in.
            construct_id: The id of the service within `scope`.
            models: What to recommend by, under the names that requests give; at most five, since
                a dataset group has at most five campaigns (DG:limits).
            interactions: The columns of `interactions.csv` (default: USER_ID, ITEM_ID, TIMESTAMP,
                EVENT_TYPE and EVENT_VALUE).
            items: The columns of `items.csv` (default: there is no such file).
            users: The columns of `users.csv` (default: there is no such file).
            filters: Filter expressions, under the names that requests give.
            schedule: When to train anew even without new data (default: never).
            api: How the API answers, and whom (default: callers that IAM allows).
            archive_events: Whether the records of the stream are kept in the bucket too, in files
                that the pipeline can import again and Athena can query (`archive`).
            removal_policy: Whether bucket and key, and so the data, outlive the stack.
            existing: What is there already (default: nothing; all is defined here).

        Raises:
            ValueError: If no model is given, or a name, column, expression or recipe is refused.
        """
        super().__init__(scope, construct_id)
        remember_scope(self, scope, construct_id)
        if not models:
            msg = "models must name at least one recipe, got none"
            raise ValueError(msg)
        there = existing or ExistingResources()

        self.data_store = DataStore(
            self,
            "Data",
            bucket=there.bucket,
            encryption_key=there.encryption_key,
            role=there.role,
            removal_policy=removal_policy,
            auto_delete_objects=there.bucket is None and removal_policy is RemovalPolicy.DESTROY,
        )
        self.dataset_group = DatasetGroup(
            self, "Group", encryption_key=self.data_store.key, role=self.data_store.role
        )
        self.dataset_group.node.add_dependency(self.data_store.role_ready)
        datasets = self._define_datasets(
            {
                DatasetType.INTERACTIONS: interactions,
                DatasetType.ITEMS: items,
                DatasetType.USERS: users,
            }
        )
        self.event_tracker = EventTracker(self, "Tracker", dataset_group=self.dataset_group)
        self.filters = {
            name: Filter(
                self,
                f"Filter-{name}",
                dataset_group=self.dataset_group,
                filter_expression=expression,
            )
            for name, expression in (filters or {}).items()
        }
        self.solutions: dict[str, Solution] = {}
        self.campaigns: dict[str, Campaign] = {}
        for name, model in models.items():
            self._define_model(name, model if isinstance(model, Model) else Model(recipe=model))

        self.pipeline = TrainingPipeline(
            self,
            "Pipeline",
            dataset_group=self.dataset_group,
            data_store=self.data_store,
            schedule=schedule,
        )
        self.ingestion = EventIngestion(
            self,
            "Ingestion",
            event_tracker=self.event_tracker,
            datasets=[one for one in datasets if one.dataset_type != DatasetType.INTERACTIONS],
            stream=there.stream,
            dead_letter_bucket=self.data_store.bucket,
            encryption_key=self.data_store.key,
        )
        self.archive = (
            EventArchive(
                self,
                "Archive",
                stream=self.ingestion.stream,
                data_store=self.data_store,
                datasets=datasets,
            )
            if archive_events
            else None
        )
        options = api or ApiOptions()
        self.api = RecommendationApi(
            self,
            "Api",
            models=self.campaigns,
            filters=self.filters,
            routes=options.routes,
            access=options.access,
            endpoint=options.endpoint,
            context=options.context,
            item_metadata=options.item_metadata,
            event_stream=self.ingestion.stream,
            event_access=options.event_access,
            encryption_key=self.data_store.key,
        )
        self._define_outputs()

    def _define_datasets(
        self, columns: Mapping[DatasetType, Sequence[SchemaField] | None]
    ) -> list[Dataset]:
        datasets: list[Dataset] = []
        for dataset_type, fields in columns.items():
            if fields is None and dataset_type is not DatasetType.INTERACTIONS:
                continue
            schema = Schema(self, f"{dataset_type}Schema", dataset_type=dataset_type, fields=fields)
            dataset = self.dataset_group.add_dataset(str(dataset_type), schema=schema)
            datasets.append(dataset)
        return datasets

    def _define_model(self, name: str, model: Model) -> None:
        solution = Solution(
            self,
            f"Solution-{name}",
            dataset_group=self.dataset_group,
            recipe=model.recipe,
            algorithm_hyper_parameters=model.algorithm_hyper_parameters or None,
        )
        self.solutions[name] = solution
        self.campaigns[name] = Campaign(
            self,
            f"Campaign-{name}",
            solution=solution,
            min_provisioned_tps=model.min_provisioned_tps,
        )

    def _define_outputs(self) -> None:
        for name, value, description in (
            ("ApiUrl", self.api.url, "Where recommendations are asked for"),
            ("StreamName", self.ingestion.stream.stream_name, "Where events are put"),
            ("BucketName", self.data_store.bucket.bucket_name, "Where data is put, under import/"),
            ("DatasetGroupArn", self.dataset_group.dataset_group_arn, "The dataset group"),
            (
                "StateMachineArn",
                self.pipeline.state_machine.state_machine_arn,
                "The pipeline that imports, trains and deploys",
            ),
            (
                "DeadLetterQueueUrl",
                self.ingestion.dead_letter_queue.queue_url,
                "Where records go that cannot be sent, with the reason",
            ),
        ):
            CfnOutput(self, name, value=value, description=description)
