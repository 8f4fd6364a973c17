"""A solution: a recipe, applied to the datasets of a group."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol, TypedDict, Unpack

import jsii
from aws_cdk import Duration, IResource, Resource, Stack, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

from cdk_personalize._actions import SOLUTION_DESCRIBE, SOLUTION_TRAIN
from cdk_personalize._deletion_order import Rank
from cdk_personalize._metrics import MetricOptions, metric, total
from cdk_personalize._names import arn_of, check_name, derived_name
from cdk_personalize._provider import PersonalizeProvider, managed_request
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.recipe import Recipe

_MAX_INTERVAL_DAYS = 30
_MAX_EVENT_TYPE = 256


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


class _SolutionBase(Resource):
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

    def _total(self, metric_name: str, options: MetricOptions) -> cloudwatch.Metric:
        return total(self, metric_name, {"SolutionArn": self.solution_arn}, options)


class SolutionOptions(TypedDict, total=False):
    """The properties of a solution that have defaults; see `Solution`."""

    solution_name: str | None
    perform_auto_training: bool
    auto_training_interval: Duration | None
    perform_hpo: bool | None
    event_type: str | None
    event_value_threshold: float | None
    algorithm_hyper_parameters: Mapping[str, str] | None
    feature_transformation_parameters: Mapping[str, str] | None


class Solution(_SolutionBase):
    """Define a solution.

    Its versions are trained by a `TrainingPipeline`, or by the service itself if
    `perform_auto_training` is on. Apart from the automatic training, nothing of a solution can be
    changed: its name ends in a hash of all the rest, so other parameters are another solution,
    which campaigns move to when it is trained.

    CloudFormation's own type leaves the automatic training on, so this one is managed by a
    function. If the recipe asks for data that is not there yet, the pipeline creates it.

    Example:
        ```python
        solution = Solution(
            self, "ForYou", dataset_group=group, recipe=Recipe.USER_PERSONALIZATION_V2
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
        perform_hpo: bool | None = None,
        event_type: str | None = None,
        event_value_threshold: float | None = None,
        algorithm_hyper_parameters: Mapping[str, str] | None = None,
        feature_transformation_parameters: Mapping[str, str] | None = None,
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
            perform_hpo: Whether training looks for good hyperparameters, which takes longer and
                costs more (default: what the recipe does).
            event_type: The one type of event to learn from (default: all of them).
            event_value_threshold: The value below which events are left out (default: none is).
            algorithm_hyper_parameters: Parameters of the recipe, as text (default: the recipe's).
            feature_transformation_parameters: Parameters of how the recipe reads the data, as
                text (default: the recipe's).

        Raises:
            ValueError: If the name, a number or a text is refused.
        """
        check_name("solution_name", solution_name)
        if event_type is not None and not Token.is_unresolved(event_type):
            _check_length("event_type", event_type, _MAX_EVENT_TYPE)
        interval = _schedule(perform_auto_training, auto_training_interval)
        super().__init__(scope, construct_id, physical_name=solution_name)
        self._dataset_group = dataset_group
        self._recipe = recipe
        config = {
            "eventValueThreshold": _as_text(event_value_threshold),
            "algorithmHyperParameters": _texts(algorithm_hyper_parameters),
            "featureTransformationParameters": _texts(feature_transformation_parameters),
        }
        fixed: dict[str, Any] = _without_none(
            {
                "recipeArn": recipe.arn(Stack.of(self).partition),
                "performHPO": perform_hpo,
                "eventType": event_type,
                "solutionConfig": _without_none(config) or None,
            }
        )
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
            **fixed,
        }
        if interval is not None:
            self._request["solutionConfig"] = {
                **fixed.get("solutionConfig", {}),
                "autoTrainingConfig": {"schedulingExpression": interval},
            }
        self._solution_arn = arn_of(self, "solution", self._solution_name)
        PersonalizeProvider.of(self).custom_resource(
            self,
            "Resource",
            resource_type="Custom::PersonalizeSolution",
            properties={"Request": managed_request(self, self._request)},
            touches=[
                ("solution", self._solution_name),
                ("dataset-group", dataset_group.dataset_group_name),
            ],
        )
        dataset_group.declare(self, Rank.SOLUTION)
        self.node.add_validation(_RequiredDatasets(self))

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
    def request(self) -> dict[str, Any]:
        """The request that creates it, as the API writes it."""
        return dict(self._request)

    @classmethod
    def from_solution_arn(cls, scope: Construct, construct_id: str, solution_arn: str) -> ISolution:
        """Import a solution by its ARN."""
        return _ImportedSolution(scope, construct_id, solution_arn)

    @classmethod
    def from_solution_name(
        cls, scope: Construct, construct_id: str, solution_name: str
    ) -> ISolution:
        """Import a solution of this account and region by its name."""
        arn = arn_of(scope, "solution", solution_name)
        return cls.from_solution_arn(scope, construct_id, arn)


class _ImportedSolution(_SolutionBase):
    def __init__(self, scope: Construct, construct_id: str, solution_arn: str) -> None:
        super().__init__(scope, construct_id, environment_from_arn=solution_arn)
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


@jsii.implements(IValidation)
class _RequiredDatasets:
    """Check that the group has the datasets of a recipe, once all of them are defined."""

    def __init__(self, solution: Solution) -> None:
        self._solution = solution

    def validate(self) -> list[str]:
        group, recipe = self._solution.dataset_group, self._solution.recipe
        missing = recipe.required_datasets - {each.dataset_type for each in group.datasets}
        if not missing or not group.is_complete:
            return []
        return [f"{recipe} needs a dataset of {', '.join(sorted(missing))} in the dataset group"]


def _schedule(perform_auto_training: bool, interval: Duration | None) -> str | None:
    if interval is None:
        return None
    if not perform_auto_training:
        msg = "auto_training_interval is for perform_auto_training=True, got False"
        raise ValueError(msg)
    days = interval.to_days(integral=False)
    if days not in range(1, _MAX_INTERVAL_DAYS + 1):
        msg = f"auto_training_interval must be 1 to {_MAX_INTERVAL_DAYS} whole days, got {days:g}"
        raise ValueError(msg)
    return f"rate({days:g} {'day' if days == 1 else 'days'})"


def _check_length(property_name: str, text: str, longest: int) -> None:
    if not 1 <= len(text) <= longest:
        msg = f"{property_name} must have 1 to {longest} characters, got {len(text)}"
        raise ValueError(msg)


def _as_text(number: float | None) -> str | None:
    if number is None or Token.is_unresolved(number):
        return None if number is None else Token.as_string(number)
    return f"{number:g}"


def _texts(parameters: Mapping[str, str] | None) -> dict[str, str] | None:
    for name, value in (parameters or {}).items():
        if not isinstance(value, str):
            msg = f"the parameter {name} must be text, got {value!r}"
            raise ValueError(msg)
    return dict(parameters) if parameters else None


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
