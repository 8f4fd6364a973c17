"""A recommender: a use case of a domain, trained by the service itself and there to answer."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypedDict, Unpack

from aws_cdk import IResource, RemovalPolicy, Resource
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_personalize._actions import RECOMMENDER_DESCRIBE, RECOMMENDER_QUERY, RECOMMENDER_SWITCH
from cdk_personalize._declarations import declare, findings_of_declaration, findings_of_member
from cdk_personalize._declared_data import check_data
from cdk_personalize._deletion_order import Rank
from cdk_personalize._imported import arn_of_imported, imported_arn
from cdk_personalize._metrics import MetricOptions, metric
from cdk_personalize._names import arn_of, derived_name, findings_of_name
from cdk_personalize._places import findings_of_place
from cdk_personalize._provider import PersonalizeProvider, managed_request
from cdk_personalize._realisation import warn_unless_realised
from cdk_personalize._recommendation_metrics import (
    IRecommendationMetrics,
    RecommendationMetrics,
)
from cdk_personalize._removal import RemovableResource
from cdk_personalize._request import in_properties, known, refuse
from cdk_personalize._serving_options import (
    cost_of_recommender,
    serving_config,
    warn_of_metadata,
    warn_of_throughput,
)
from cdk_personalize._tags import TaggedResource
from cdk_personalize._training_options import training_data_config
from cdk_personalize._tree import partition_of_stack, stack_of
from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.serving_config import findings, findings_of_data, findings_of_domain
from cdk_personalize.training_data import findings_of_choice, findings_of_chosen
from cdk_personalize.use_case import UseCase


class IRecommender(IResource, IRecommendationMetrics, Protocol):
    """A recommender, defined in this app or imported."""

    @property
    def recommender_arn(self) -> str:
        """The ARN of the recommender."""
        ...

    @property
    def use_case(self) -> UseCase | None:
        """The use case; that of an import is not known."""
        ...

    @property
    def dataset_group(self) -> IDatasetGroup | None:
        """The dataset group; that of an import is not known."""
        ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this recommender to `grantee`."""
        ...

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this recommender is."""
        ...

    def grant_query(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to ask this recommender for recommendations."""
        ...

    def grant_start_stop(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to stop this recommender, which then costs nothing, and to start it."""
        ...

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this recommender (default: average over 5 minutes)."""
        ...


class _RecommenderBase(Resource, RecommendationMetrics):
    """What owned and imported recommenders share; it rests on `recommender_arn` alone."""

    @property
    @abstractmethod
    def recommender_arn(self) -> str: ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this recommender to `grantee`."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.recommender_arn]
        )

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this recommender is."""
        return self.grant(grantee, *RECOMMENDER_DESCRIBE)

    def grant_query(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to ask this recommender for recommendations."""
        return self.grant(grantee, *RECOMMENDER_QUERY)

    def grant_start_stop(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to stop this recommender, which then costs nothing, and to start it."""
        return self.grant(grantee, *RECOMMENDER_SWITCH)

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this recommender (default: average over 5 minutes).

        The developer guide's list of metrics names no recommenders, and campaigns by the dimension
        CampaignArn (cloudwatch-metrics); that theirs is RecommenderArn is taken from there.
        """
        return metric(self, metric_name, {"RecommenderArn": self.recommender_arn}, **options)


class RecommenderOptions(TypedDict, total=False):
    """The properties of a recommender that have defaults; see `Recommender`."""

    recommender_name: str | None
    min_recommendation_requests_per_second: float
    enable_metadata_with_recommendations: bool | None
    exploration_weight: float | None
    exploration_item_age_cut_off: float | None
    excluded_columns: Mapping[DatasetType, Sequence[str]] | None
    included_columns: Mapping[DatasetType, Sequence[str]] | None
    removal_policy: RemovalPolicy


class Recommender(_RecommenderBase, RemovableResource, TaggedResource):
    """Define a recommender, which answers requests for a use case of a domain.

    It is created at once if the dataset group has data; else the deployment does not wait for any,
    and a `TrainingPipeline` creates it; a warning tells if there is no pipeline. The service trains
    it then, and again every 7 days. It is billed as long as it is there, asked or not, unless it is
    stopped; a deployment that changes a stopped one starts it for as long as that takes.

    How it answers and the columns that it learns from are changed in place; other columns are a
    full training. Its name ends in a hash of the use case and the dataset group, so another use
    case is another recommender.

    Example:
        ```python
        recommender = Recommender(
            self, "ForYou", dataset_group=group, use_case=UseCase.RECOMMENDED_FOR_YOU
        )
        recommender.grant_query(api_function)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        dataset_group: IDatasetGroup,
        use_case: UseCase,
        recommender_name: str | None = None,
        min_recommendation_requests_per_second: float = 1,
        enable_metadata_with_recommendations: bool | None = None,
        exploration_weight: float | None = None,
        exploration_item_age_cut_off: float | None = None,
        excluded_columns: Mapping[DatasetType, Sequence[str]] | None = None,
        included_columns: Mapping[DatasetType, Sequence[str]] | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        """Define a recommender.

        Args:
            scope: The construct to define the recommender in.
            construct_id: The id of the recommender within `scope`.
            dataset_group: The group whose data it learns from, of the domain of the use case. The
                datasets that the use case needs must be defined in it.
            use_case: What it recommends.
            recommender_name: The name (default: derived from the construct path, the use case and
                the group). A recommender that is given a name needs another one for another use
                case or group.
            min_recommendation_requests_per_second: The requests a second that are always paid for.
            enable_metadata_with_recommendations: Whether answers can hold columns of the items,
                at an extra cost (default: no). It needs an Items dataset.
            exploration_weight: How much new items are tried out, 0 to 1; for "Recommended for you"
                and "Top picks for you" alone (default: 0.3).
            exploration_item_age_cut_off: How many days an item counts as new, at least 1; for the
                same use cases (default: 30).
            excluded_columns: Columns of interactions, items and users to leave out of training,
                at most 50 of each (default: none). Those that make an interaction cannot be.
            included_columns: Columns of those to train on alone; not together with
                `excluded_columns` (default: all).
            removal_policy: What becomes of it when it is removed from the stack, or the stack is
                deleted (default: DESTROY).

        Raises:
            ValueError: If the service would refuse the recommender, whatever data there is; all
                that is wrong is in the message. Datasets and columns are checked at synth, when
                all datasets of the group are defined. The limits are those of CreateRecommender.
        """
        config: dict[str, Any] = {
            "minRecommendationRequestsPerSecond": min_recommendation_requests_per_second,
            **serving_config(
                enable_metadata_with_recommendations=enable_metadata_with_recommendations,
                exploration_weight=exploration_weight,
                exploration_item_age_cut_off=exploration_item_age_cut_off,
            ),
        }
        if choice := training_data_config(excluded_columns, included_columns):
            config["trainingDataConfig"] = choice
        told = known(config)
        refuse(
            [
                *findings_of_name("recommender_name", recommender_name),
                *(
                    findings_of_domain(use_case, dataset_group.domain)
                    if dataset_group.is_complete
                    else ()
                ),
                *in_properties(findings(told, use_case)),
                *in_properties(findings_of_choice(told, use_case)),
                *findings_of_place(scope, dataset_group=dataset_group),
                *findings_of_declaration(scope, construct_id, "recommender", recommender_name),
                *findings_of_member(dataset_group.deletion_order, Rank.RECOMMENDER),
            ]
        )
        super().__init__(scope, construct_id, physical_name=recommender_name)
        self._dataset_group = dataset_group
        self._use_case = use_case
        # The group by its name, as in the name of a solution.
        content = {"useCase": use_case.name, "datasetGroup": dataset_group.dataset_group_name}
        self._recommender_name = recommender_name or derived_name(self, content)
        self._request = {
            "name": self._recommender_name,
            "datasetGroupArn": dataset_group.dataset_group_arn,
            "recipeArn": use_case.arn(partition_of_stack(stack_of(self))),
            "recommenderConfig": config,
        }
        self._recommender_arn = arn_of(self, "recommender", self._recommender_name)
        PersonalizeProvider.of(self).custom_resource(
            self,
            "Resource",
            resource_type="Custom::PersonalizeRecommender",
            tags=self.cdk_tag_manager,
            properties={
                "Request": managed_request(self, self._request),
                "DatasetTypes": sorted(each.arn_segment for each in use_case.required_datasets),
            },
            touches=[
                ("recommender", self._recommender_name),
                ("dataset-group", dataset_group.dataset_group_name),
            ],
        )
        warn_of_throughput(
            self,
            "minRecommendationRequestsPerSecond",
            "min_recommendation_requests_per_second",
            min_recommendation_requests_per_second,
            cost_of_recommender(min_recommendation_requests_per_second),
        )
        warn_of_metadata(self, config, use_case)
        warn_unless_realised(
            self,
            why="no TrainingPipeline of this app has its dataset group",
            condition="the datasets that its use case needs have data",
        )
        declare(self, "recommender", self._recommender_name)
        dataset_group.declare(self, Rank.RECOMMENDER)
        self.apply_removal_policy(removal_policy)
        check_data(
            self,
            dataset_group,
            lambda data: [
                *data.findings_of_needs(use_case),
                *in_properties(
                    [
                        *findings_of_data(told, data.dataset_types, complete=data.is_complete),
                        *findings_of_chosen(told, data.schemas, complete=data.is_known),
                    ]
                ),
            ],
        )

    @property
    def recommender_arn(self) -> str:
        """The ARN of the recommender."""
        return self._recommender_arn

    @property
    def recommender_name(self) -> str:
        """The name of the recommender."""
        return self._recommender_name

    @property
    def use_case(self) -> UseCase:
        """What it recommends."""
        return self._use_case

    @property
    def dataset_group(self) -> IDatasetGroup:
        """The group whose data it learns from."""
        return self._dataset_group

    @property
    def request(self) -> dict[str, Any]:
        """The request that creates it, as the API writes it."""
        return dict(self._request)

    @property
    def _arn(self) -> str:
        return self._recommender_arn

    @property
    def _rests_on(self) -> Sequence[object]:
        return (self._dataset_group, *self._dataset_group.datasets)

    @classmethod
    def from_recommender_arn(
        cls, scope: Construct, construct_id: str, recommender_arn: str
    ) -> IRecommender:
        """Import a recommender by its ARN."""
        return _ImportedRecommender(scope, construct_id, recommender_arn)

    @classmethod
    def from_recommender_name(
        cls, scope: Construct, construct_id: str, recommender_name: str
    ) -> IRecommender:
        """Import a recommender of this account and region by its name."""
        arn = arn_of_imported(scope, "recommender", recommender_name)
        return cls.from_recommender_arn(scope, construct_id, arn)


class _ImportedRecommender(_RecommenderBase):
    def __init__(self, scope: Construct, construct_id: str, recommender_arn: str) -> None:
        arn = imported_arn("recommender", recommender_arn)
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._recommender_arn = recommender_arn

    @property
    def recommender_arn(self) -> str:
        return self._recommender_arn

    @property
    def use_case(self) -> None:
        return None

    @property
    def dataset_group(self) -> None:
        return None
