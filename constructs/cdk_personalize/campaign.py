"""A campaign: a trained solution, deployed to answer in real time."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol, Unpack

from aws_cdk import IResource, RemovalPolicy, Resource
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_personalize._actions import CAMPAIGN_DESCRIBE, CAMPAIGN_QUERY
from cdk_personalize._declarations import declare, findings_of_declaration
from cdk_personalize._declared_data import check_data
from cdk_personalize._deletion_order import Rank, resource_of
from cdk_personalize._imported import arn_of_imported, imported_arn
from cdk_personalize._metrics import MetricOptions, metric
from cdk_personalize._names import arn_of, derived_name, findings_of_name, name_in
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
    COST_OF_CAMPAIGN,
    RankingInfluence,
    serving_config,
    warn_of_metadata,
    warn_of_throughput,
)
from cdk_personalize._tags import TaggedResource
from cdk_personalize.serving_config import (
    findings,
    findings_of_data,
    findings_of_deployment,
    findings_of_throughput,
)
from cdk_personalize.solution import ISolution


class ICampaign(IResource, IRecommendationMetrics, Protocol):
    """A campaign, defined in this app or imported."""

    @property
    def campaign_arn(self) -> str:
        """The ARN of the campaign."""
        ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this campaign to `grantee`."""
        ...

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this campaign is."""
        ...

    def grant_query(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to ask this campaign for recommendations and rankings."""
        ...

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this campaign (default: average over 5 minutes)."""
        ...

    def metric_get_personalized_ranking(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many rankings were asked for (default: sum over 5 minutes)."""
        ...

    def metric_get_personalized_ranking_4xx_errors(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many of these requests were wrong (default: sum over 5 minutes)."""
        ...

    def metric_get_personalized_ranking_5xx_errors(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many of these requests the service failed (default: sum over 5 minutes)."""
        ...

    def metric_get_personalized_ranking_latency(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many milliseconds a ranking takes (default: average over 5 minutes)."""
        ...


class _CampaignBase(Resource, RecommendationMetrics):
    """What owned and imported campaigns share; it rests on `campaign_arn` alone."""

    @property
    @abstractmethod
    def campaign_arn(self) -> str: ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this campaign to `grantee`."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.campaign_arn]
        )

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this campaign is."""
        return self.grant(grantee, *CAMPAIGN_DESCRIBE)

    def grant_query(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to ask this campaign for recommendations and rankings."""
        return self.grant(grantee, *CAMPAIGN_QUERY)

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this campaign (default: average over 5 minutes)."""
        return metric(self, metric_name, {"CampaignArn": self.campaign_arn}, **options)

    def metric_get_personalized_ranking(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many rankings were asked for (default: sum over 5 minutes)."""
        return self._total("GetPersonalizedRanking", options)

    def metric_get_personalized_ranking_4xx_errors(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many of these requests were wrong (default: sum over 5 minutes)."""
        return self._total("GetPersonalizedRanking4xxErrors", options)

    def metric_get_personalized_ranking_5xx_errors(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many of these requests the service failed (default: sum over 5 minutes)."""
        return self._total("GetPersonalizedRanking5xxErrors", options)

    def metric_get_personalized_ranking_latency(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many milliseconds a ranking takes (default: average over 5 minutes)."""
        return self.metric("GetPersonalizedRankingLatency", **options)


class Campaign(_CampaignBase, RemovableResource, TaggedResource):
    """Define a campaign, which answers requests with a version of a solution.

    It is created as soon as the solution has been trained, so a deployment does not wait for it;
    a `TrainingPipeline` creates it then, and moves it to each later version. Without one, and of a
    solution that is imported, only a deployment creates it, which a warning tells. A campaign is
    billed by its provisioned throughput, used or not.

    Example:
        ```python
        campaign = Campaign(self, "Campaign", solution=solution)
        campaign.grant_query(api_function)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        solution: ISolution,
        campaign_name: str | None = None,
        min_provisioned_tps: float = 1,
        sync_with_latest_solution_version: bool | None = None,
        enable_metadata_with_recommendations: bool | None = None,
        exploration_weight: float | None = None,
        exploration_item_age_cut_off: float | None = None,
        ranking_influence: RankingInfluence | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        """Define a campaign.

        Args:
            scope: The construct to define the campaign in.
            construct_id: The id of the campaign within `scope`.
            solution: The solution whose versions answer.
            campaign_name: The name (default: derived from the construct path).
            min_provisioned_tps: The requests a second that are always paid for.
            sync_with_latest_solution_version: Whether the service itself moves the campaign to
                each new version of the solution, also to those that nobody has judged (default:
                no; the pipeline moves it).
            enable_metadata_with_recommendations: Whether answers can hold columns of the items,
                at an extra cost (default: no, apart from recipes that always do). It needs an
                Items dataset.
            exploration_weight: How much new items are tried out, 0 to 1; for the recipe
                aws-user-personalization alone (default: 0.3).
            exploration_item_age_cut_off: How many days an item counts as new, at least 1; for the
                recipe aws-user-personalization alone (default: 30).
            ranking_influence: How much popular and new items are preferred; for the recipe
                aws-semantic-similarity alone (default: what the service does).
            removal_policy: What becomes of it when it is removed from the stack, or the stack is
                deleted (default: DESTROY).

        Raises:
            ValueError: If the service would refuse the campaign; all that is wrong is in the
                message. Whether there is an Items dataset is checked at synth, when all datasets
                of the group are defined. The limits are those of CreateCampaign.
        """
        config = serving_config(
            enable_metadata_with_recommendations=enable_metadata_with_recommendations,
            exploration_weight=exploration_weight,
            exploration_item_age_cut_off=exploration_item_age_cut_off,
        )
        if ranking_influence is not None:
            config["rankingInfluence"] = ranking_influence.as_request()
        if sync_with_latest_solution_version is not None:
            config["syncWithLatestSolutionVersion"] = sync_with_latest_solution_version
        recipe = solution.recipe
        refuse(
            [
                *findings_of_name("campaign_name", campaign_name),
                *findings_of_throughput("min_provisioned_tps", known(min_provisioned_tps)),
                *(findings_of_deployment(recipe) if recipe is not None else ()),
                *in_properties(findings(known(config), recipe)),
                *findings_of_place(scope, solution=solution),
                *findings_of_declaration(scope, construct_id, "campaign", campaign_name),
            ]
        )
        super().__init__(scope, construct_id, physical_name=campaign_name)
        self._solution = solution
        self._campaign_name = campaign_name or derived_name(self)
        self._request: dict[str, Any] = {
            "name": self._campaign_name,
            "minProvisionedTPS": min_provisioned_tps,
        }
        if config:
            self._request["campaignConfig"] = config
        self._campaign_arn = arn_of(self, "campaign", self._campaign_name)
        PersonalizeProvider.of(self).custom_resource(
            self,
            "Resource",
            resource_type="Custom::PersonalizeCampaign",
            tags=self.cdk_tag_manager,
            properties={
                "Request": managed_request(self, self._request),
                "SolutionArn": solution.solution_arn,
            },
            touches=[
                ("campaign", self._campaign_name),
                ("solution", name_in(self, solution.solution_arn)),
            ],
        )
        declare(self, "campaign", self._campaign_name)
        warn_of_throughput(
            self,
            "minProvisionedTps",
            "min_provisioned_tps",
            min_provisioned_tps,
            COST_OF_CAMPAIGN,
        )
        warn_of_metadata(self, config, recipe)
        # The ARN is composed of the name, so nothing else tells another stack which one is first.
        resource_of(self).node.add_dependency(resource_of(solution))
        warn_unless_realised(
            self,
            why="no TrainingPipeline of this app has its dataset group"
            if solution.dataset_group is not None
            else "its solution is imported and no TrainingPipeline has it",
            condition="its solution has a model",
        )
        if solution.dataset_group is not None:
            solution.dataset_group.declare(self, Rank.CAMPAIGN)
            check_data(
                self,
                solution.dataset_group,
                lambda data: in_properties(
                    findings_of_data(config, data.dataset_types, complete=data.is_complete)
                ),
            )
        self.apply_removal_policy(removal_policy)

    @property
    def campaign_arn(self) -> str:
        """The ARN of the campaign."""
        return self._campaign_arn

    @property
    def campaign_name(self) -> str:
        """The name of the campaign."""
        return self._campaign_name

    @property
    def solution(self) -> ISolution:
        """The solution whose versions answer."""
        return self._solution

    @property
    def request(self) -> dict[str, Any]:
        """The request that creates it, as the API writes it, less the version."""
        return dict(self._request)

    @property
    def _arn(self) -> str:
        return self._campaign_arn

    @property
    def _rests_on(self) -> Sequence[object]:
        group = self._solution.dataset_group
        return (self._solution, *(group.datasets if group is not None else ()))

    @classmethod
    def from_campaign_arn(cls, scope: Construct, construct_id: str, campaign_arn: str) -> ICampaign:
        """Import a campaign by its ARN."""
        return _ImportedCampaign(scope, construct_id, campaign_arn)

    @classmethod
    def from_campaign_name(
        cls, scope: Construct, construct_id: str, campaign_name: str
    ) -> ICampaign:
        """Import a campaign of this account and region by its name."""
        arn = arn_of_imported(scope, "campaign", campaign_name)
        return cls.from_campaign_arn(scope, construct_id, arn)


class _ImportedCampaign(_CampaignBase):
    def __init__(self, scope: Construct, construct_id: str, campaign_arn: str) -> None:
        arn = imported_arn("campaign", campaign_arn)
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._campaign_arn = campaign_arn

    @property
    def campaign_arn(self) -> str:
        return self._campaign_arn
