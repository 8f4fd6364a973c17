"""The one custom resource provider of a stack, for what CloudFormation lacks or does badly."""

from collections.abc import Mapping, Sequence

from aws_cdk import (
    Aws,
    CustomResource,
    Duration,
    RemovalPolicy,
    TagManager,
    custom_resources,
)
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_personalize._function import LambdaFunction
from cdk_personalize._names import arn_of, name_prefix
from cdk_personalize._principals import service_principal
from cdk_personalize._provider_access import ProviderAccess
from cdk_personalize._tokens import json_of
from cdk_personalize._tree import (
    DEFAULT_CHILD,
    once,
    remember_default_child,
    remember_scope,
    stack_of,
)

RETIRED_TAG = "cdk-personalize:retired-by"
"""The tag of a solution that its stack has let go; its value is the name of the stack."""

_ID = "PersonalizeProvider"
# The service allows one call a second for the whole account, so a poll is not to be had for free.
_QUERY_INTERVAL = Duration.seconds(10)
_TOTAL_TIMEOUT = Duration.hours(1)  # CloudFormation waits no longer

# What the functions do with a resource that they manage, or that one they manage belongs to.
_ACTIONS = {
    "dataset-group": (
        "CreateDataset",
        "CreateEventTracker",
        "CreateMetricAttribution",
        "CreateRecommender",
        "CreateSolution",
    ),
    "schema": ("CreateSchema", "DeleteSchema", "DescribeSchema", "UpdateDataset"),
    "dataset": (
        "CreateDataset",
        "DeleteDataset",
        "DescribeDataset",
        "TagResource",
        "UntagResource",
        "UpdateDataset",
    ),
    "event-tracker": (
        "CreateEventTracker",
        "DeleteEventTracker",
        "DescribeEventTracker",
        "TagResource",
        "UntagResource",
    ),
    "metric-attribution": (
        "CreateMetricAttribution",
        "DeleteMetricAttribution",
        "DescribeMetricAttribution",
        "UpdateMetricAttribution",
    ),
    "solution": (
        "CreateCampaign",
        "CreateSolution",
        "DeleteSolution",
        "DescribeSolution",
        "DescribeSolutionVersion",
        "ListTagsForResource",
        "StopSolutionVersionCreation",
        "TagResource",
        "UntagResource",
        "UpdateCampaign",
        "UpdateSolution",
    ),
    "campaign": (
        "CreateCampaign",
        "DeleteCampaign",
        "DescribeCampaign",
        "TagResource",
        "UntagResource",
        "UpdateCampaign",
    ),
    "recommender": (
        "CreateRecommender",
        "DeleteRecommender",
        "DescribeRecommender",
        "StartRecommender",
        "StopRecommender",
        "TagResource",
        "UntagResource",
        "UpdateRecommender",
    ),
}
# Their ARNs end in an id of the service, so no pattern of names tells those of the stack. A tag
# could, but only if whoever sets it could not set it on those of others.
_KNOWN_BY_ID = frozenset({"event-tracker"})
# IAM knows no resources for these (Service Authorization Reference).
_LISTS = (
    "ListBatchInferenceJobs",
    "ListBatchSegmentJobs",
    "ListCampaigns",
    "ListDataDeletionJobs",
    "ListDatasetExportJobs",
    "ListDatasetImportJobs",
    "ListDatasets",
    "ListEventTrackers",
    "ListFilters",
    "ListMetricAttributionMetrics",
    "ListMetricAttributions",
    "ListSchemas",
    "ListSolutionVersions",
    "ListSolutions",
)


class PersonalizeProvider(Construct):
    """Create, update and delete what is managed here and not by CloudFormation itself.

    Two functions of ours stand behind the provider framework of the CDK: one begins an operation,
    one asks whether it is complete. They share a role, which may do what it has to with whatever
    bears a name derived from the stack. That is one policy, however much there is in the stack.
    What is named otherwise is in policies beside it, on the names that are there.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Define a provider; use `of`."""
        super().__init__(scope, construct_id)
        remember_scope(self, scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            description="Creates, updates and deletes resources of Amazon Personalize.",
            assumed_by=service_principal("lambda.amazonaws.com"),
        )
        self._prefix = name_prefix(self)
        self._access = ProviderAccess(self, "Access", role=self.role)
        for kind in [each for each in _ACTIONS if each not in _KNOWN_BY_ID]:
            self.role.add_to_policy(self._allow_all_of(kind, f"{self._prefix}*"))
        self.role.add_to_policy(allow(_LISTS, ["*"]))
        self.role.add_to_policy(allow_retired(self))
        # Whether it rolls back or is deleted: no event says so.
        self.role.add_to_policy(
            iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[Aws.STACK_ID])
        )
        framework = custom_resources.Provider(
            self,
            "Framework",
            on_event_handler=self._function(
                "OnEvent", "on_event", "Begins to create, update or delete for CloudFormation."
            ),
            is_complete_handler=self._function(
                "IsComplete", "is_complete", "Asks whether what was begun is complete."
            ),
            query_interval=_QUERY_INTERVAL,
            total_timeout=_TOTAL_TIMEOUT,
            # Given, because the CDK would otherwise let Lambda make groups that are never emptied.
            log_group=logs.LogGroup(
                self,
                "FrameworkLog",
                retention=logs.RetentionDays.ONE_MONTH,
                removal_policy=RemovalPolicy.DESTROY,
            ),
        )
        self._service_token = framework.service_token

    @classmethod
    def of(cls, scope: Construct) -> "PersonalizeProvider":
        """Return the provider of the stack of `scope`; the first call defines it."""
        stack = stack_of(scope)
        return once(stack, _ID, lambda each: cls(each, _ID))

    def custom_resource(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resource_type: str,
        properties: Mapping[str, object],
        tags: TagManager | None = None,
        touches: Sequence[tuple[str, str]] = (),
        statements: Sequence[iam.PolicyStatement] = (),
    ) -> CustomResource:
        """Define a resource that this provider manages.

        What it needs beyond the names derived from the stack is in policies that it depends on.
        So its permissions outlive it, also when it is taken out of a stack that stays:
        CloudFormation changes policies first and deletes what is gone at the end.

        Args:
            scope: The construct to define the resource in.
            construct_id: The id of the resource within `scope`.
            resource_type: `Custom::Personalize...`
            properties: What the functions are told.
            tags: The tags, which the functions change in place.
            touches: What the functions work on, each the type and the name of an ARN.
            statements: What the functions may do besides.
        """
        resource = CustomResource(
            scope,
            construct_id,
            resource_type=resource_type,
            # By this it depends on everything of the provider: on the functions, and so on their
            # roles with all policies.
            service_token=self._service_token,
            properties={**properties, **({"Tags": tags.rendered_tags} if tags else {})},
        )
        if construct_id == DEFAULT_CHILD:
            remember_default_child(scope, resource)
        strange = [each for each in touches if not each[1].startswith(self._prefix)]
        self._access.allow(resource, "Names", [self._allow_all_of(*each) for each in strange])
        # Of its own kind alone: what these are on may depend on resources with names of their own.
        kind = resource_type.removeprefix("Custom::Personalize")
        self._access.allow(resource, kind, statements)
        return resource

    def _allow_all_of(self, kind: str, name: str) -> iam.PolicyStatement:
        arn = arn_of(self, kind, name)
        # A version has its ARN below that of its solution; a pattern ends in * already.
        versions = [f"{arn}/*"] if kind == "solution" and not name.endswith("*") else []
        return allow(_ACTIONS[kind], [arn, *versions])

    def _function(self, construct_id: str, handler: str, description: str) -> LambdaFunction:
        return LambdaFunction(
            self,
            construct_id,
            function="resource_provider",
            handler=handler,
            timeout=Duration.minutes(5),
            role=self.role,
            description=description,
        )


def managed_request(scope: Construct, request: Mapping[str, object]) -> str:
    """Return a request of the API as one JSON string.

    CloudFormation hands the properties of custom resources over with every number and boolean
    made a string; in JSON they stay what they are.
    """
    return json_of(stack_of(scope), dict(request))


def allow(actions: Sequence[str], resource_arns: Sequence[str]) -> iam.PolicyStatement:
    """Return a statement that allows `actions` of Amazon Personalize on `resource_arns`."""
    return iam.PolicyStatement(
        actions=[f"personalize:{action}" for action in actions], resources=list(resource_arns)
    )


def allow_retired(scope: Construct) -> iam.PolicyStatement:
    """Return a statement that allows to delete the solutions that the stack has retired.

    A solution that a campaign still served when it was replaced bears a tag with the name of its
    stack. If it had a policy of its own, that is gone by then.
    """
    return iam.PolicyStatement(
        actions=[
            "personalize:DeleteSolution",
            "personalize:DescribeSolution",
            "personalize:ListTagsForResource",
        ],
        resources=[arn_of(scope, "solution", "*")],
        conditions={"StringEquals": {f"aws:ResourceTag/{RETIRED_TAG}": Aws.STACK_NAME}},
    )
