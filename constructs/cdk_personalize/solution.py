"""A solution: a recipe, applied to the datasets of a group."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypedDict, Unpack

from aws_cdk import Duration, IResource, RemovalPolicy, Resource
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_personalize._actions import SOLUTION_DESCRIBE, SOLUTION_TRAIN
from cdk_personalize._declarations import declare, findings_of_declaration
from cdk_personalize._declared_data import check_data
from cdk_personalize._deletion_order import Rank
from cdk_personalize._imported import arn_of_imported, imported_arn
from cdk_personalize._metrics import Measured, MetricOptions, metric
from cdk_personalize._names import arn_of, derived_name, findings_of_name
from cdk_personalize._places import findings_of_place
from cdk_personalize._provider import PersonalizeProvider, managed_request
from cdk_personalize._removal import RemovableResource
from cdk_personalize._request import as_text, in_properties, known, refuse, without_none
from cdk_personalize._tags import TaggedResource
from cdk_personalize._tokens import is_token
from cdk_personalize._training_options import (
    EventParameters,
    HyperparameterRange,
    OptimizationObjective,
    TrainingMode,
    hpo_config,
    training_data_config,
)
from cdk_personalize._tree import partition_of_stack, stack_of
from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.recipe import Recipe
from cdk_personalize.solution_config import (
    MAX_DAYS_BETWEEN_TRAININGS,
    findings,
    findings_of_columns,
    findings_of_training_mode,
    schedule,
)


class ISolution(IResource, Protocol):
    """A solution, defined in this app or imported."""

    @property
    def solution_arn(self) -> str:
        """The ARN of the solution."""
        ...

    @property
    def recipe(self) -> Recipe | None:
        """The recipe; that of an import is not known."""
        ...

    @property
    def dataset_group(self) -> IDatasetGroup | None:
        """The dataset group; that of an import is not known."""
        ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this solution and its versions to `grantee`."""
        ...

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this solution and its versions are."""
        ...

    def grant_train(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to train versions, to watch and judge them, and to stop training."""
        ...

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this solution (default: average over 5 minutes)."""
        ...

    def metric_solution_training_job_requests(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many trainings were asked for (default: sum over 5 minutes)."""
        ...

    def metric_solution_training_job_error(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many trainings failed (default: sum over 5 minutes)."""
        ...

    def metric_solution_training_job_execution_time(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many seconds training takes (default: average over 5 minutes)."""
        ...


class _SolutionBase(Resource, Measured):
    """What owned and imported solutions share; it rests on `solution_arn` alone."""

    @property
    @abstractmethod
    def solution_arn(self) -> str: ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this solution and its versions to `grantee`."""
        # A version has an ARN below that of its solution, and no name in IAM of its own.
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self.solution_arn, f"{self.solution_arn}/*"],
        )

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this solution and its versions are."""
        return self.grant(grantee, *SOLUTION_DESCRIBE)

    def grant_train(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to train versions, to watch and judge them, and to stop training."""
        return self.grant(grantee, *SOLUTION_TRAIN)

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this solution (default: average over 5 minutes)."""
        return metric(self, metric_name, {"SolutionArn": self.solution_arn}, **options)

    def metric_solution_training_job_requests(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many trainings were asked for (default: sum over 5 minutes)."""
        return self._total("SolutionTrainingJobRequests", options)

    def metric_solution_training_job_error(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many trainings failed (default: sum over 5 minutes)."""
        return self._total("SolutionTrainingJobError", options)

    def metric_solution_training_job_execution_time(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many seconds training takes (default: average over 5 minutes)."""
        return self.metric("SolutionTrainingJobExecutionTime", **options)


class SolutionOptions(TypedDict, total=False):
    """The properties of a solution that have defaults; see `Solution`."""

    solution_name: str | None
    perform_auto_training: bool
    auto_training_interval: Duration | None
    perform_hpo: bool | None
    perform_incremental_update: bool | None
    hpo_ranges: Sequence[HyperparameterRange] | None
    max_number_of_training_jobs: float | None
    max_parallel_training_jobs: float | None
    event_type: str | None
    event_value_threshold: float | None
    events_config: Sequence[EventParameters] | None
    optimization_objective: OptimizationObjective | None
    excluded_columns: Mapping[DatasetType, Sequence[str]] | None
    included_columns: Mapping[DatasetType, Sequence[str]] | None
    algorithm_hyper_parameters: Mapping[str, str] | None
    feature_transformation_parameters: Mapping[str, str] | None
    training_mode: TrainingMode
    removal_policy: RemovalPolicy


class Solution(_SolutionBase, RemovableResource, TaggedResource):
    """Define a solution.

    Its versions are trained by a `TrainingPipeline`, or by the service itself if
    `perform_auto_training` is on. The automatic training, `perform_incremental_update`,
    `events_config` and `training_mode` are changed in place, and hold from the next training on.
    Nothing else of a solution can be changed: its name ends in a hash of all the rest, so other
    parameters are another solution, which campaigns move to when it is trained. AutoML, which AWS
    advises against, is not offered.

    CloudFormation's own type leaves the automatic training on, so this one is managed by a
    function. If the recipe asks for data that is not there yet, the pipeline creates it.

    Example:
        ```python
        solution = Solution(
            self,
            "ForYou",
            dataset_group=group,
            recipe=Recipe.USER_PERSONALIZATION_V2,
            events_config=[
                EventParameters.of("Purchase", weight=1.0),
                EventParameters.of("View", weight=0.2),
            ],
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        dataset_group: IDatasetGroup,
        recipe: Recipe,
        solution_name: str | None = None,
        perform_auto_training: bool = False,
        auto_training_interval: Duration | None = None,
        perform_incremental_update: bool | None = None,
        perform_hpo: bool | None = None,
        hpo_ranges: Sequence[HyperparameterRange] | None = None,
        max_number_of_training_jobs: float | None = None,
        max_parallel_training_jobs: float | None = None,
        event_type: str | None = None,
        event_value_threshold: float | None = None,
        events_config: Sequence[EventParameters] | None = None,
        optimization_objective: OptimizationObjective | None = None,
        excluded_columns: Mapping[DatasetType, Sequence[str]] | None = None,
        included_columns: Mapping[DatasetType, Sequence[str]] | None = None,
        algorithm_hyper_parameters: Mapping[str, str] | None = None,
        feature_transformation_parameters: Mapping[str, str] | None = None,
        training_mode: TrainingMode = TrainingMode.FULL,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        """Define a solution.

        Args:
            scope: The construct to define the solution in.
            construct_id: The id of the solution within `scope`.
            dataset_group: The group whose data it learns from.
            recipe: What it learns. The datasets that it needs must be defined in the group.
            solution_name: The name (default: derived from the construct path and the content). A
                solution that is given a name needs another one for other content.
            perform_auto_training: Whether the service trains by itself; each training costs.
            auto_training_interval: How often it does, 1 to 30 days (default: every 7 days).
            perform_incremental_update: Whether new items are taken in some 30 minutes after they
                are imported, without training; aws-semantic-similarity alone (default: no).
            perform_hpo: Whether training looks for good hyperparameters, which takes longer and
                costs more; recipes that have some to tune (default: no).
            hpo_ranges: Where it looks, 100 ranges of a kind at most (default: everywhere that the
                recipe allows).
            max_number_of_training_jobs: How many trainings it spends at most, 1 to 40 (default:
                what the service does).
            max_parallel_training_jobs: How many of them at a time, 1 to 10 (default: what the
                service does).
            event_type: The one type of event to learn from (default: all of them).
            event_value_threshold: The value below which events of `event_type` are left out
                (default: none is).
            events_config: How much events of each type count, for at most 10 types; the recipes
                of version 2 alone (default: all the same). List every type that is to count. It
                needs the column EVENT_TYPE, and EVENT_VALUE for thresholds.
            optimization_objective: What else recommendations add up to; aws-user-personalization
                and aws-personalized-ranking alone (default: nothing).
            excluded_columns: Columns of interactions, items and users to leave out of training,
                at most 50 of each (default: none). Those that make an interaction cannot be.
            included_columns: Columns of those to train on alone; not together with
                `excluded_columns` (default: all).
            algorithm_hyper_parameters: Parameters of the recipe, as text (default: the recipe's).
            feature_transformation_parameters: Parameters of how the recipe reads the data, as
                text (default: the recipe's).
            training_mode: How a `TrainingPipeline` trains it after the first time;
                TrainingMode.UPDATE with aws-user-personalization and aws-hrnn-coldstart alone
                (default: TrainingMode.FULL). After a deletion of users, for a dataset that is new
                and when it is asked to train anew, the pipeline trains in full all the same.
            removal_policy: What becomes of it when it is removed from the stack, or the stack is
                deleted (default: DESTROY).

        Raises:
            ValueError: If the service would refuse the solution, whatever data there is; all that
                is wrong is in the message. Columns are checked at synth, when all datasets of the
                group are defined. The limits are those of CreateSolution.
        """
        tuning = hpo_config(hpo_ranges, max_number_of_training_jobs, max_parallel_training_jobs)
        config = without_none(
            {
                "eventValueThreshold": as_text(event_value_threshold),
                "algorithmHyperParameters": _or_none(algorithm_hyper_parameters),
                "featureTransformationParameters": _or_none(feature_transformation_parameters),
                "hpoConfig": tuning or None,
                "optimizationObjective": optimization_objective
                and optimization_objective.as_request(),
                "trainingDataConfig": training_data_config(excluded_columns, included_columns),
            }
        )
        fixed: dict[str, Any] = without_none(
            {
                "performHPO": perform_hpo,
                "eventType": event_type,
                "solutionConfig": config or None,
            }
        )
        changeable = _changeable_config(auto_training_interval, events_config)
        told = known(
            {
                **fixed,
                "performIncrementalUpdate": perform_incremental_update,
                "solutionConfig": {**config, **changeable},
            }
        )
        found = [
            *findings_of_name("solution_name", solution_name),
            *_findings_of_interval(perform_auto_training, auto_training_interval),
            *_findings_of_tuning(perform_hpo, tuning),
            *in_properties(
                [*findings(told, recipe), *findings_of_training_mode(training_mode, recipe)]
            ),
            *findings_of_place(scope, dataset_group=dataset_group),
            *findings_of_declaration(scope, construct_id, "solution", solution_name),
        ]
        refuse(found)
        super().__init__(scope, construct_id, physical_name=solution_name)
        self._dataset_group = dataset_group
        self._recipe = recipe
        self._training_mode = training_mode
        # Names and not ARNs: how the CDK writes those depends on feature flags, and another name
        # would be another solution, to be trained anew.
        content = {
            **fixed,
            "recipeArn": recipe.name,
            "datasetGroup": dataset_group.dataset_group_name,
        }
        self._solution_name = solution_name or derived_name(self, content)
        self._request = {
            "name": self._solution_name,
            "datasetGroupArn": dataset_group.dataset_group_arn,
            "performAutoTraining": perform_auto_training,
            "recipeArn": recipe.arn(partition_of_stack(stack_of(self))),
            **fixed,
        }
        if perform_incremental_update is not None:
            self._request["performIncrementalUpdate"] = perform_incremental_update
        if changeable:
            self._request["solutionConfig"] = {**config, **changeable}
        self._solution_arn = arn_of(self, "solution", self._solution_name)
        PersonalizeProvider.of(self).custom_resource(
            self,
            "Resource",
            resource_type="Custom::PersonalizeSolution",
            tags=self.cdk_tag_manager,
            properties={
                "Request": managed_request(self, self._request),
                "DatasetTypes": sorted(each.arn_segment for each in recipe.required_datasets),
            },
            touches=[
                ("solution", self._solution_name),
                ("dataset-group", dataset_group.dataset_group_name),
            ],
        )
        declare(self, "solution", self._solution_name)
        dataset_group.declare(self, Rank.SOLUTION)
        self.apply_removal_policy(removal_policy)
        check_data(
            self,
            dataset_group,
            lambda data: [
                *data.findings_of_needs(recipe),
                *in_properties(findings_of_columns(told, data.schemas, complete=data.is_known)),
            ],
        )

    @property
    def solution_arn(self) -> str:
        """The ARN of the solution."""
        return self._solution_arn

    @property
    def solution_name(self) -> str:
        """The name of the solution."""
        return self._solution_name

    @property
    def recipe(self) -> Recipe:
        """What it learns."""
        return self._recipe

    @property
    def dataset_group(self) -> IDatasetGroup:
        """The group whose data it learns from."""
        return self._dataset_group

    @property
    def training_mode(self) -> TrainingMode:
        """How a pipeline trains it after the first time."""
        return self._training_mode

    @property
    def request(self) -> dict[str, Any]:
        """The request that creates it, as the API writes it."""
        return dict(self._request)

    @property
    def _arn(self) -> str:
        return self._solution_arn

    @property
    def _rests_on(self) -> Sequence[object]:
        return (self._dataset_group,)

    @classmethod
    def from_solution_arn(cls, scope: Construct, construct_id: str, solution_arn: str) -> ISolution:
        """Import a solution by its ARN."""
        return _ImportedSolution(scope, construct_id, solution_arn)

    @classmethod
    def from_solution_name(
        cls, scope: Construct, construct_id: str, solution_name: str
    ) -> ISolution:
        """Import a solution of this account and region by its name."""
        arn = arn_of_imported(scope, "solution", solution_name)
        return cls.from_solution_arn(scope, construct_id, arn)


class _ImportedSolution(_SolutionBase):
    def __init__(self, scope: Construct, construct_id: str, solution_arn: str) -> None:
        arn = imported_arn("solution", solution_arn)
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._solution_arn = solution_arn

    @property
    def solution_arn(self) -> str:
        return self._solution_arn

    @property
    def recipe(self) -> None:
        return None

    @property
    def dataset_group(self) -> None:
        return None


def _findings_of_interval(perform_auto_training: bool, interval: Duration | None) -> list[str]:
    if interval is None:
        return []
    found = []
    if not perform_auto_training:
        found.append("auto_training_interval is for perform_auto_training=True, got False")
    if _whole_days(interval) is None:
        found.append(
            f"auto_training_interval must be 1 to {MAX_DAYS_BETWEEN_TRAININGS} whole days,"
            f" got {interval.to_days(integral=False):g}"
        )
    return found


def _whole_days(interval: Duration | None) -> int | str | None:
    """Return an interval in days, as text if only the deployment knows it; none if it is wrong."""
    days = interval.to_days(integral=False) if interval is not None else 0
    if is_token(days):
        return as_text(days)
    return int(days) if days in range(1, MAX_DAYS_BETWEEN_TRAININGS + 1) else None


def _findings_of_tuning(perform_hpo: bool | None, tuning: Mapping[str, Any]) -> list[str]:
    if perform_hpo or not tuning:
        return []
    return [
        "hpo_ranges, max_number_of_training_jobs and max_parallel_training_jobs are for"
        f" perform_hpo=True, got {perform_hpo}"
    ]


def _changeable_config(
    interval: Duration | None, events: Sequence[EventParameters] | None
) -> dict[str, Any]:
    """Return what of the configuration UpdateSolution can change."""
    config: dict[str, Any] = {}
    if (days := _whole_days(interval)) is not None:
        config["autoTrainingConfig"] = {"schedulingExpression": schedule(days)}
    if events:
        config["eventsConfig"] = {"eventParametersList": [each.as_request() for each in events]}
    return config


def _or_none(parameters: Mapping[str, str] | None) -> dict[str, str] | None:
    return dict(parameters) if parameters else None
