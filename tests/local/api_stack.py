"""A stack whose API has a model of every route and every kind, and of each route one of none."""

from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_personalize import (
    Campaign,
    Dataset,
    DatasetGroup,
    DatasetType,
    Domain,
    Recipe,
    Recommender,
    Schema,
    SchemaField,
    UseCase,
)
from cdk_personalize.patterns import (
    ApiAccess,
    ApiRoute,
    EventIngestion,
    Experiment,
    Fallback,
    ItemMetadata,
    RecommendationApi,
    RequestContext,
    RouteOptions,
    TrainingPipeline,
)
from tests.local.piped_stack import PipedStack

NAME = "Everything"

# A dataset group holds five campaigns (DG:limits), so there are two.
CAMPAIGNS: Mapping[str, Recipe] = {
    "for-you": Recipe.USER_PERSONALIZATION_V2,
    "related": Recipe.SIMILAR_ITEMS,
    "popular": Recipe.POPULARITY_COUNT,
    "ranking": Recipe.PERSONALIZED_RANKING_V2,
    "actions": Recipe.NEXT_BEST_ACTION,
}
MORE_CAMPAIGNS: Mapping[str, Recipe] = {
    "for-you-1": Recipe.USER_PERSONALIZATION,
    "sims": Recipe.SIMS,
    "text": Recipe.SEMANTIC_SIMILARITY,
    "trending": Recipe.TRENDING_NOW,
    "ranking-1": Recipe.PERSONALIZED_RANKING,
}
RECOMMENDERS: Mapping[str, UseCase] = {
    "picks": UseCase.RECOMMENDED_FOR_YOU,
    "best-sellers": UseCase.BEST_SELLERS,
    "most-viewed": UseCase.MOST_VIEWED,
    "together": UseCase.FREQUENTLY_BOUGHT_TOGETHER,
    "also-viewed": UseCase.CUSTOMERS_WHO_VIEWED_X_ALSO_VIEWED,
}
# The environment of a function holds 4 KB, so these have an API of their own.
VIDEO_RECOMMENDERS: Mapping[str, UseCase] = {
    "top-picks": UseCase.TOP_PICKS,
    "more-like-it": UseCase.MORE_LIKE_X,
    "because-of-it": UseCase.BECAUSE_YOU_WATCHED_X,
    "most-popular": UseCase.MOST_POPULAR,
    "trending-videos": UseCase.TRENDING_NOW,
}
UNTRAINED: Mapping[ApiRoute, Recipe] = {
    ApiRoute.RECOMMENDATIONS: Recipe.USER_PERSONALIZATION_V2,
    ApiRoute.RELATED: Recipe.SIMILAR_ITEMS,
    ApiRoute.POPULAR: Recipe.POPULARITY_COUNT,
    ApiRoute.TRENDING: Recipe.TRENDING_NOW,
    ApiRoute.RANKING: Recipe.PERSONALIZED_RANKING_V2,
    ApiRoute.ACTIONS: Recipe.NEXT_BEST_ACTION,
}
"""Of each route a model that is never there."""
EXPERIMENT = "alike"
VARIANTS = ["related", "sims"]
LAST_RESORT = ["I0001", "I0002", "I0003"]
LAST_ACTIONS = ["action 1", "action 2"]
PROMOTED_PERCENT = 40

_EVENTS = (
    SchemaField.string("EVENT_TYPE"),
    SchemaField.float("EVENT_VALUE", nullable=True),
    SchemaField.string("DEVICE", categorical=True, nullable=True),
)
_ITEMS = (
    SchemaField.float("PRICE"),
    SchemaField.string("CATEGORY_L1", categorical=True),
    SchemaField.string("NAME", item_name=True),
    SchemaField.string("GENRES", categorical=True),
    SchemaField.long("CREATION_TIMESTAMP"),
    SchemaField.string("PRODUCT_DESCRIPTION", textual=True),
)
_COLUMNS: Mapping[DatasetType, tuple[SchemaField, ...] | None] = {
    DatasetType.INTERACTIONS: _EVENTS,
    DatasetType.ITEMS: _ITEMS,
    DatasetType.ACTIONS: (
        SchemaField.string("KIND", categorical=True),
        SchemaField.long("REPEAT_FREQUENCY", nullable=True),
    ),
    DatasetType.ACTION_INTERACTIONS: None,
}


class ApiStack(PipedStack):
    """The stack: two dataset groups of its own making and one of each domain, on the same data."""

    def __init__(self, scope: Construct) -> None:
        """Define the stack."""
        super().__init__(scope, NAME)
        datasets = self._datasets(self.group, _COLUMNS)
        campaigns = self._campaigns(self.group, CAMPAIGNS)
        self.add_pipeline()
        ingestion = EventIngestion(
            self,
            "Ingestion",
            event_tracker=self.group.add_event_tracker("Tracker"),
            datasets=[datasets[DatasetType.ACTION_INTERACTIONS]],
            shard_count=1,
        )
        lists = s3.Bucket(
            self, "Lists", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True
        )
        api = RecommendationApi(
            self,
            "Api",
            models={
                **campaigns,
                **self._more_campaigns(),
                **self._recommenders(Domain.ECOMMERCE, RECOMMENDERS),
            },
            routes=_routes(lists),
            access=ApiAccess.public(),
            context=RequestContext(device="DEVICE"),
            item_metadata=ItemMetadata.of_personalize("PRICE", "CATEGORY_L1"),
            event_stream=ingestion.stream,
        )
        nowhere = Campaign.from_campaign_name(self, "Nowhere", "never-trained")
        for route, recipe in UNTRAINED.items():
            api.add_model(untrained(route), nowhere, recipe=recipe)
        self._add_filters(api)
        videos = RecommendationApi(
            self,
            "Videos",
            models=self._recommenders(Domain.VIDEO_ON_DEMAND, VIDEO_RECOMMENDERS),
            access=ApiAccess.public(),
        )
        for name, value in (
            ("ApiUrl", api.url),
            ("VideosUrl", videos.url),
            ("FunctionName", api.function.function_name),
            ("ListsName", lists.bucket_name),
            ("InteractionsArn", datasets[DatasetType.INTERACTIONS].dataset_arn),
        ):
            cdk.CfnOutput(self, name, value=value)

    def _more_campaigns(self) -> dict[str, Campaign]:
        group = self._group("More")
        self._datasets(group, [DatasetType.INTERACTIONS, DatasetType.ITEMS])
        return self._campaigns(group, MORE_CAMPAIGNS)

    def _recommenders(
        self, domain: Domain, use_cases: Mapping[str, UseCase]
    ) -> dict[str, Recommender]:
        group = self._group(str(domain), domain)
        self._datasets(group, [DatasetType.INTERACTIONS, DatasetType.ITEMS], domain)
        return {
            name: group.add_recommender(name, use_case=use_case, recommender_name=name)
            for name, use_case in use_cases.items()
        }

    def _group(self, construct_id: str, domain: Domain | None = None) -> DatasetGroup:
        """Define another dataset group, with a pipeline of its own."""
        key, role = self.store.key, self.store.role
        group = DatasetGroup(self, construct_id, domain=domain, encryption_key=key, role=role)
        group.node.add_dependency(self.store.role_ready)
        TrainingPipeline(
            self,
            f"{construct_id}Pipeline",
            dataset_group=group,
            data_store=self.store,
            quiet_period=cdk.Duration.seconds(1),
        )
        return group

    def _datasets(
        self, group: DatasetGroup, kinds: Iterable[DatasetType], domain: Domain | None = None
    ) -> dict[DatasetType, Dataset]:
        datasets = {}
        for kind in kinds:
            schema = Schema(
                group, f"{kind}Schema", dataset_type=kind, domain=domain, fields=_COLUMNS[kind]
            )
            datasets[kind] = group.add_dataset(str(kind), schema=schema)
        return datasets

    @staticmethod
    def _campaigns(group: DatasetGroup, recipes: Mapping[str, Recipe]) -> dict[str, Campaign]:
        return {
            name: Campaign(
                group,
                f"{name}Campaign",
                solution=group.add_solution(name, recipe=recipe, solution_name=name),
                campaign_name=name,
                enable_metadata_with_recommendations=True if name == "related" else None,
            )
            for name, recipe in recipes.items()
        }

    def _add_filters(self, api: RecommendationApi) -> None:
        for name, expression in (
            (
                "cheap",
                "INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($CATEGORY) AND Items.PRICE < $PRICE",
            ),
            ("of-category", "INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ($CATEGORY)"),
            ("of-kind", "INCLUDE ActionID WHERE Actions.KIND IN ($KIND)"),
        ):
            one = self.group.add_filter(f"{name}Filter", filter_expression=expression)
            api.add_filter(name, one)
        for name, values in (("mugs", {"CATEGORY": ["MUG"]}), ("category", None)):
            api.add_promotion(
                name,
                filter="of-category",
                percent_promoted_items=PROMOTED_PERCENT,
                filter_values=values,
            )


def untrained(route: ApiRoute) -> str:
    """Return the name of the model of a route that is never there."""
    return f"no-{route}"


def _routes(lists: s3.IBucket) -> dict[ApiRoute, RouteOptions]:
    last_good = Fallback.to_last_good_list("popular", bucket=lists)
    last_resort = Fallback.to_items(*LAST_RESORT)
    return {
        ApiRoute.RECOMMENDATIONS: RouteOptions(fallbacks=[Fallback.to_model("popular")]),
        ApiRoute.RELATED: RouteOptions(
            fallbacks=[last_resort],
            experiment=Experiment(name=EXPERIMENT, weights=dict.fromkeys(VARIANTS, 1)),
        ),
        ApiRoute.POPULAR: RouteOptions(fallbacks=[last_good, last_resort]),
        ApiRoute.RANKING: RouteOptions(fallbacks=[Fallback.to_given_order()]),
        ApiRoute.ACTIONS: RouteOptions(fallbacks=[Fallback.to_items(*LAST_ACTIONS)]),
    }
