"""A stack that uses every public construct, every pattern, and each of their properties.

`test_everything.py` holds it to that. Other tests synthesise it, and so does the benchmark:
`python -m tests.everything` is the app.
"""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk_personalize import (
    BatchInferenceJob,
    BatchSegmentJob,
    Campaign,
    DataDeletionJob,
    Dataset,
    DatasetExportJob,
    DatasetGroup,
    DatasetImportJob,
    DatasetType,
    HyperparameterRange,
    ImportMode,
    IngestionMode,
    MetricAttribute,
    MetricAttribution,
    OptimizationObjective,
    PipelineJob,
    RankingInfluence,
    Recipe,
    Schema,
    SchemaField,
    Solution,
    TrainingMode,
)
from cdk_personalize.patterns import (
    ApiAccess,
    ApiOptions,
    ApiRoute,
    Caching,
    Cors,
    DataStore,
    EventArchive,
    EventIngestion,
    EventSourceOptions,
    ExistingResources,
    Experiment,
    Fallback,
    HttpEndpoint,
    ItemMetadata,
    KafkaTopic,
    Model,
    RecommendationApi,
    RecommendationService,
    RequestContext,
    RouteOptions,
    Throttle,
    TrainingPipeline,
)
from tests.everything_apis import Apis
from tests.everything_domain import DomainGroup

_COLUMNS = {
    DatasetType.INTERACTIONS: None,
    DatasetType.ITEMS: [
        SchemaField.string("TITLE", item_name=True),
        SchemaField.string("GENRE", categorical=True, nullable=True),
        SchemaField.string("STORY", textual=True),
        SchemaField.double("PRICE"),
    ],
    DatasetType.USERS: [SchemaField.int("AGE"), SchemaField.string("PLAN", categorical=True)],
    DatasetType.ACTIONS: None,
    DatasetType.ACTION_INTERACTIONS: None,
}


class CustomGroup(Construct):
    """A custom dataset group with all types of datasets, every kind of solution, and a pipeline."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.store = DataStore(
            self, "Data", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True
        )
        self.group = DatasetGroup(
            self, "Group", encryption_key=self.store.key, role=self.store.role
        )
        self.group.node.add_dependency(self.store.role_ready)
        self.datasets: dict[DatasetType, Dataset] = {}
        for dataset_type, columns in _COLUMNS.items():
            schema = Schema(
                self, f"{dataset_type}Schema", dataset_type=dataset_type, fields=columns
            )
            self.datasets[dataset_type] = self.group.add_dataset(str(dataset_type), schema=schema)
        self.tracker = self.group.add_event_tracker("Tracker")
        self.not_bought = self.group.add_filter(
            "NotBought",
            filter_expression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")',
        )
        MetricAttribution(
            self,
            "Attribution",
            dataset_group=self.group,
            metrics=[MetricAttribute.count(metric_name="Clicks", event_type="Click")],
            bucket=self.store.bucket,
            prefix="reports/",
            encryption_key=self.store.key,
            role=self.store.role,
        )
        self._define_solutions()
        TrainingPipeline(
            self,
            "Pipeline",
            dataset_group=self.group,
            data_store=self.store,
            schedule=events.Schedule.rate(cdk.Duration.days(7)),
            quiet_period=cdk.Duration.minutes(2),
            jobs=self._jobs(),
        )
        self._define_ingestion()
        self._define_api()

    def _define_solutions(self) -> None:
        self.for_you = Solution(
            self,
            "ForYou",
            dataset_group=self.group,
            recipe=Recipe.USER_PERSONALIZATION,
            training_mode=TrainingMode.UPDATE,
            perform_hpo=True,
            hpo_ranges=[
                HyperparameterRange.integer("hidden_dimension", 64, 128),
                HyperparameterRange.categorical("recency_mask", ["true", "false"]),
            ],
            max_number_of_training_jobs=4,
            max_parallel_training_jobs=2,
            event_type="View",
            event_value_threshold=0.5,
            optimization_objective=OptimizationObjective.low("PRICE"),
            excluded_columns={DatasetType.ITEMS: ["GENRE"], DatasetType.USERS: ["PLAN"]},
        )
        self.related = Solution(
            self,
            "Related",
            dataset_group=self.group,
            recipe=Recipe.SIMILAR_ITEMS,
            algorithm_hyper_parameters={"item_id_hidden_dim": "64"},
            included_columns={DatasetType.ITEMS: ["GENRE"]},
        )
        self.alike = Solution(
            self,
            "Alike",
            dataset_group=self.group,
            recipe=Recipe.SEMANTIC_SIMILARITY,
            perform_incremental_update=True,
        )
        Solution(
            self,
            "Trending",
            dataset_group=self.group,
            recipe=Recipe.TRENDING_NOW,
            feature_transformation_parameters={"trend_discovery_frequency": "1 hour"},
        )
        Solution(self, "Next", dataset_group=self.group, recipe=Recipe.NEXT_BEST_ACTION)
        self.segments = Solution(
            self, "Segments", dataset_group=self.group, recipe=Recipe.ITEM_AFFINITY
        )
        self.campaign = Campaign(
            self,
            "ForYouCampaign",
            solution=self.for_you,
            min_provisioned_tps=2,
            enable_metadata_with_recommendations=True,
            exploration_weight=0.2,
            exploration_item_age_cut_off=14,
        )
        self.related_campaign = Campaign(self, "RelatedCampaign", solution=self.related)
        Campaign(
            self,
            "AlikeCampaign",
            solution=self.alike,
            sync_with_latest_solution_version=True,
            ranking_influence=RankingInfluence.of(popularity=0.5, freshness=0.2),
        )

    def _jobs(self) -> list[PipelineJob]:
        interactions = self.datasets[DatasetType.INTERACTIONS]
        paying = self.group.add_filter(
            "Paying", filter_expression='EXCLUDE UserID WHERE Users.PLAN IN ("free")'
        )
        return [
            DatasetImportJob(
                job_name="imported",
                tags={"team": "shop"},
                dataset=interactions,
                import_mode=ImportMode.INCREMENTAL,
                publish_attribution_metrics_to_s3=True,
                input_prefix="import/events/",
            ),
            DatasetExportJob(
                job_name="exported",
                tags={"team": "shop"},
                dataset=interactions,
                ingestion_mode=IngestionMode.ALL,
                output_prefix="exported/",
            ),
            DataDeletionJob(
                job_name="deleted",
                tags={"team": "shop"},
                dataset_group=self.group,
                input_prefix="to-delete/",
            ),
            BatchInferenceJob(
                job_name="newsletter",
                tags={"team": "shop"},
                solution=self.for_you,
                input_prefix="newsletter/in/",
                output_prefix="newsletter/out/",
                filter=self.not_bought,
                num_results=10,
                exploration_weight=0.2,
                exploration_item_age_cut_off=14,
            ),
            BatchInferenceJob(
                job_name="themes", solution=self.related, theme_item_name_column="TITLE"
            ),
            BatchInferenceJob(
                job_name="alike",
                solution=self.alike,
                ranking_influence=RankingInfluence.of(popularity=0.5),
            ),
            BatchSegmentJob(
                job_name="lookalikes",
                tags={"team": "shop"},
                solution=self.segments,
                input_prefix="lookalikes/in/",
                output_prefix="lookalikes/out/",
                filter=paying,
                num_results=1000,
            ),
        ]

    def _define_ingestion(self) -> None:
        self.ingestion = EventIngestion(
            self,
            "Ingestion",
            event_tracker=self.tracker,
            datasets=[
                dataset
                for kind, dataset in self.datasets.items()
                if kind is not DatasetType.INTERACTIONS
            ],
            shard_count=2,
            retention_period=cdk.Duration.days(3),
            event_source=EventSourceOptions(
                batch_size=100,
                max_batching_window=cdk.Duration.seconds(2),
                parallelization_factor=4,
                max_record_age=cdk.Duration.hours(12),
                retry_attempts=5,
                bisect_batch_on_error=False,
                dead_letter_retention=cdk.Duration.days(7),
            ),
            dead_letter_bucket=self.store.bucket,
            encryption_key=self.store.key,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.ingestion.add_event_bus("Orders", event_pattern=events.EventPattern(source=["shop"]))
        self.ingestion.add_alarms()
        EventIngestion(
            self,
            "KafkaIngestion",
            event_tracker=self.tracker,
            kafka_topic=KafkaTopic(
                cluster_arn=cdk.Stack.of(self).format_arn(
                    service="kafka", resource="cluster", resource_name="clicks/1234"
                ),
                topic="clicks",
                consumer_group_id="personalize",
                minimum_pollers=2,
                maximum_pollers=4,
            ),
            encryption_key=self.store.key,
        )
        EventArchive(
            self,
            "Archive",
            stream=self.ingestion.stream,
            data_store=self.store,
            datasets=list(self.datasets.values()),
            buffering_interval=cdk.Duration.minutes(5),
            buffering_size=cdk.Size.mebibytes(32),
        )

    def _define_api(self) -> None:
        liked = Campaign(
            self,
            "LikedCampaign",
            solution=self.group.add_solution("Liked", recipe=Recipe.POPULARITY_COUNT),
        )
        api = RecommendationApi(
            self,
            "Api",
            models={"for-you": self.campaign, "related": self.related_campaign, "liked": liked},
            filters={
                "not-bought": self.not_bought,
                "genre": self.group.add_filter(
                    "Genre", filter_expression="EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE)"
                ),
            },
            routes={
                ApiRoute.RECOMMENDATIONS: RouteOptions(
                    limit=cdk.Duration.seconds(2),
                    fallbacks=[
                        Fallback.to_model("liked"),
                        Fallback.to_last_good_list("liked", bucket=self.store.bucket),
                        Fallback.to_items("tea", "cup"),
                    ],
                    experiment=Experiment(
                        name="one",
                        weights={"for-you": 1},
                        parameter=ssm.StringParameter(self, "Weights", string_value="{}"),
                    ),
                    filter="genre",
                    filter_values={"GENRE": ["unknown"]},
                ),
                ApiRoute.POPULAR: RouteOptions(
                    promotion="bargains",
                    caching=Caching(
                        of_user=cdk.Duration.seconds(10),
                        of_anyone=cdk.Duration.minutes(5),
                        is_public=True,
                        stale_while_revalidate=cdk.Duration.minutes(1),
                        stale_if_error=cdk.Duration.hours(1),
                        in_memory=cdk.Duration.minutes(1),
                    ),
                ),
            },
            context=RequestContext(
                device="DEVICE",
                country="COUNTRY",
                time_of_day="TIME_OF_DAY",
                weekday="WEEKDAY",
                season="SEASON",
            ),
            item_metadata=ItemMetadata.of_table(
                dynamodb.TableV2(
                    self,
                    "Items",
                    partition_key=dynamodb.Attribute(name="ID", type=dynamodb.AttributeType.STRING),
                ),
                attributes=["PRICE"],
                key="ID",
                kept=cdk.Duration.minutes(10),
            ),
            access=ApiAccess.public(),
            endpoint=HttpEndpoint(
                throttle=Throttle(rate_limit=100, burst_limit=200),
                cors=Cors(origins=["https://example.com"]),
            ),
            event_stream=self.ingestion.stream,
            event_access=ApiAccess.public(),
            encryption_key=self.store.key,
        )
        api.add_promotion("bargains", filter="not-bought", percent_promoted_items=10)


class Services(Construct):
    """The whole service twice: with all that it defines, and on what is there already."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        RecommendationService(
            self,
            "New",
            models={
                "for-you": Model(
                    recipe=Recipe.USER_PERSONALIZATION_V2,
                    min_provisioned_tps=2,
                    algorithm_hyper_parameters={"apply_recency_bias": "false"},
                )
            },
            interactions=[SchemaField.string("EVENT_TYPE"), SchemaField.string("DEVICE")],
            items=[SchemaField.string("GENRE", categorical=True)],
            users=[SchemaField.int("AGE")],
            filters={"genre": "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)"},
            schedule=events.Schedule.rate(cdk.Duration.days(1)),
            api=ApiOptions(
                routes={ApiRoute.RECOMMENDATIONS: RouteOptions(limit=cdk.Duration.seconds(1))},
                access=ApiAccess.public(),
                endpoint=HttpEndpoint(cors=Cors(origins=["https://shop.example"])),
                context=RequestContext(device="DEVICE"),
                item_metadata=ItemMetadata.of_personalize("GENRE"),
                event_access=ApiAccess.public(),
            ),
            archive_events=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        key = kms.Key(self, "Key", enable_key_rotation=True)
        bucket = s3.Bucket(self, "Bucket", encryption_key=key, enforce_ssl=True)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))
        stream = kinesis.Stream(self, "Stream", encryption_key=key)
        RecommendationService(
            self,
            "Existing",
            models={"for-you": Recipe.USER_PERSONALIZATION_V2},
            existing=ExistingResources(bucket=bucket, encryption_key=key, role=role, stream=stream),
        )
        store = DataStore(self, "Data", bucket=bucket, encryption_key=key, role=role)
        group = DatasetGroup(self, "Group", encryption_key=store.key)
        schema = Schema(self, "Schema", dataset_type=DatasetType.INTERACTIONS)
        group.add_dataset("Interactions", schema=schema)
        EventIngestion(
            self,
            "Ingestion",
            event_tracker=group.add_event_tracker("Tracker"),
            stream=stream,
        )


class Everything(cdk.Stack):
    """One stack with all of it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, env: cdk.Environment | None = None
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        custom = CustomGroup(self, "Custom")
        DomainGroup(self, "Domain")
        Services(self, "Services")
        Apis(self, "Apis", campaign=custom.campaign)


if __name__ == "__main__":
    app = cdk.App()
    Everything(app, "Everything")
    app.synth()
