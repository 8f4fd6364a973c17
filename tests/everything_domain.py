"""A dataset group of a domain with all that it can have: a part of the stack of everything."""

import aws_cdk as cdk
from constructs import Construct

from cdk_personalize import (
    Campaign,
    Dataset,
    DatasetGroup,
    DatasetType,
    Domain,
    EventParameters,
    EventTracker,
    Filter,
    MetricAttribute,
    MetricAttribution,
    OnIncompatibleChange,
    Recipe,
    Recommender,
    Schema,
    SchemaField,
    Solution,
    UseCase,
)

_SHOP_COLUMNS = {
    DatasetType.INTERACTIONS: [SchemaField.float("EVENT_VALUE", nullable=True)],
    DatasetType.ITEMS: None,
    DatasetType.USERS: None,
}


class DomainGroup(Construct):
    """A dataset group of the domain ECOMMERCE: everything is given a name, and is kept."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        group = DatasetGroup(
            self,
            "Group",
            domain=Domain.ECOMMERCE,
            dataset_group_name="everything-shop",
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        for dataset_type, columns in _SHOP_COLUMNS.items():
            name = f"everything-shop-{dataset_type.lower()}"
            schema = Schema(
                self,
                f"{dataset_type}Schema",
                dataset_type=dataset_type,
                fields=columns,
                domain=Domain.ECOMMERCE,
                schema_name=name,
                removal_policy=cdk.RemovalPolicy.RETAIN,
            )
            Dataset(
                self,
                str(dataset_type),
                dataset_group=group,
                schema=schema,
                dataset_name=name,
                on_incompatible_change=OnIncompatibleChange.REPLACE,
                removal_policy=cdk.RemovalPolicy.RETAIN,
            )
        EventTracker(
            self,
            "Tracker",
            dataset_group=group,
            event_tracker_name="everything-shop-events",
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        Filter(
            self,
            "Cheap",
            dataset_group=group,
            filter_expression="INCLUDE ItemID WHERE Items.PRICE < $MOST",
            filter_name="everything-shop-cheap",
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        solution = Solution(
            self,
            "Ranking",
            dataset_group=group,
            recipe=Recipe.PERSONALIZED_RANKING_V2,
            solution_name="everything-shop-ranking",
            perform_auto_training=True,
            auto_training_interval=cdk.Duration.days(14),
            events_config=[
                EventParameters.of("Purchase", weight=1.0, event_value_threshold=0.5),
                EventParameters.of("View", weight=0.2),
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        Campaign(
            self,
            "RankingCampaign",
            solution=solution,
            campaign_name="everything-shop-ranking",
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        Recommender(
            self,
            "Recommended",
            dataset_group=group,
            use_case=UseCase.RECOMMENDED_FOR_YOU,
            recommender_name="everything-shop-recommended",
            min_recommendation_requests_per_second=2,
            enable_metadata_with_recommendations=True,
            exploration_weight=0.2,
            exploration_item_age_cut_off=14,
            excluded_columns={DatasetType.ITEMS: ["PRICE"]},
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        Recommender(
            self,
            "BestSellers",
            dataset_group=group,
            use_case=UseCase.BEST_SELLERS,
            included_columns={DatasetType.ITEMS: ["CATEGORY_L1"]},
        )
        MetricAttribution(
            self,
            "Attribution",
            dataset_group=group,
            metrics=[
                MetricAttribute.sum(
                    metric_name="Revenue",
                    event_type="Purchase",
                    dataset_type=DatasetType.ITEMS,
                    column="PRICE",
                )
            ],
            metric_attribution_name="everything-shop-attribution",
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
