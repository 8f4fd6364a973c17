"""A metric attribution: what recommendations bring in, by where they came from."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol, TypedDict

from aws_cdk import Aws, IResource, RemovalPolicy, Resource
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_personalize._actions import METRIC_ATTRIBUTION_DESCRIBE
from cdk_personalize._declarations import declare, findings_of_declaration
from cdk_personalize._declared_data import check_data
from cdk_personalize._deletion_order import Rank
from cdk_personalize._imported import arn_of_imported, imported_arn
from cdk_personalize._metric_attribute import MetricAttribute
from cdk_personalize._names import arn_of, derived_name, findings_of_name
from cdk_personalize._places import findings_of_place
from cdk_personalize._provider import PersonalizeProvider, managed_request
from cdk_personalize._removal import RemovableResource
from cdk_personalize._request import known, refuse
from cdk_personalize._service_role import KEY_USE, SERVICE, RoleAccess, ServiceRole
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.job_config import findings_of_prefixes
from cdk_personalize.metric_expression import (
    findings_of_columns,
    findings_of_names,
    findings_of_number,
)

_DEFAULT_PREFIX = "metric-attribution/"


class IMetricAttribution(IResource, Protocol):
    """A metric attribution, defined in this app or imported.

    It has no `metric` methods: the service documents neither the namespace nor the dimensions of
    the figures that it puts into CloudWatch.
    """

    @property
    def metric_attribution_arn(self) -> str:
        """The ARN of the metric attribution."""
        ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this metric attribution to `grantee`."""
        ...

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this metric attribution is."""
        ...


class _MetricAttributionBase(Resource):
    """What owned and imported ones share; it rests on `metric_attribution_arn` alone."""

    @property
    @abstractmethod
    def metric_attribution_arn(self) -> str: ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this metric attribution to `grantee`."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.metric_attribution_arn]
        )

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this metric attribution is."""
        return self.grant(grantee, *METRIC_ATTRIBUTION_DESCRIBE)


class MetricAttributionOptions(TypedDict, total=False):
    """The properties of a metric attribution that have defaults; see `MetricAttribution`."""

    bucket: s3.IBucket | None
    prefix: str | None
    encryption_key: kms.IKey | None
    role: iam.IRole | None
    metric_attribution_name: str | None
    removal_policy: RemovalPolicy


class MetricAttribution(_MetricAttributionBase, RemovableResource):
    """Define the metric attribution of a dataset group, which can have no other.

    It reports what the events of `PutEvents` and of incremental imports add up to, by the
    recommender, campaign or other source that they name: to CloudWatch every 15 minutes. Imports
    whose jobs ask for it are reported to a bucket. Each metric costs what CloudWatch asks for a
    metric of one's own, for each source. Only what comes in after it is there is reported, so it
    is best defined with the datasets. Action interactions are not reported on.

    Metrics and where reports go are changed in place. With another name it is replaced: the old
    one is deleted first, whatever its removal policy, and what comes in meanwhile is not
    reported. CloudFormation's own type cannot change metrics, so this one is managed by a
    function. It bears no tags, as the service takes none.

    Example:
        ```python
        MetricAttribution(
            self,
            "Attribution",
            dataset_group=group,
            metrics=[
                MetricAttribute.count(metric_name="Clicks", event_type="Click"),
                MetricAttribute.sum(
                    metric_name="Revenue",
                    event_type="Purchase",
                    dataset_type=DatasetType.ITEMS,
                    column="PRICE",
                ),
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
        metrics: Sequence[MetricAttribute],
        bucket: s3.IBucket | None = None,
        prefix: str | None = None,
        encryption_key: kms.IKey | None = None,
        role: iam.IRole | None = None,
        metric_attribution_name: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        """Define a metric attribution.

        Args:
            scope: The construct to define the metric attribution in.
            construct_id: The id of the metric attribution within `scope`.
            dataset_group: The group whose events it reports on; it needs a dataset of
                interactions with the column EVENT_TYPE.
            metrics: What to report, 1 to 10 metrics of different names.
            bucket: Where imports are reported to (default: nowhere, but to CloudWatch).
            prefix: What the names of the reports begin with, a folder that ends in a slash
                (default: `metric-attribution/`).
            encryption_key: The key that the reports are encrypted with (default: that of the
                bucket, if it has one).
            role: The role with which Amazon Personalize writes to CloudWatch and the bucket,
                which is allowed to here (default: a new one).
            metric_attribution_name: The name (default: derived from the construct path and the
                group).
            removal_policy: What becomes of it when it is removed from the stack, or the stack is
                deleted (default: DESTROY).

        Raises:
            ValueError: If the group has a metric attribution, or the service would refuse this
                one; all that is wrong is in the message. The columns are checked at synth, when
                all datasets of the group are defined. The limits are those of
                CreateMetricAttribution.
        """
        requests = [metric.as_request() for metric in metrics]
        findings = [
            *_findings_of_another(dataset_group),
            *findings_of_name("metric_attribution_name", metric_attribution_name),
            *([] if metrics else ["metrics must hold at least one metric, got none"]),
            *findings_of_number(requests),
            *findings_of_names(known(requests)),
            *_findings_of_output(bucket, prefix, encryption_key),
            *findings_of_place(scope, dataset_group=dataset_group),
            *findings_of_declaration(
                scope, construct_id, "metric-attribution", metric_attribution_name
            ),
        ]
        refuse(findings)
        super().__init__(scope, construct_id, physical_name=metric_attribution_name)
        self._dataset_group = dataset_group
        self._metrics = tuple(metrics)
        self._metric_attribution_name = metric_attribution_name or derived_name(
            self, {"datasetGroup": dataset_group.dataset_group_name}
        )
        self._metric_attribution_arn = arn_of(
            self, "metric-attribution", self._metric_attribution_name
        )
        self._role = role or ServiceRole(self, "Role")
        if bucket is not None:
            encryption_key = encryption_key or bucket.encryption_key
        self._outputs = (bucket, encryption_key)
        access = self._allow(bucket, prefix or _DEFAULT_PREFIX, encryption_key)
        self._goes_with = access.defined
        output: dict[str, Any] = {"roleArn": self._role.role_arn}
        if bucket is not None:
            output["s3DataDestination"] = {
                "path": f"s3://{bucket.bucket_name}/{prefix or _DEFAULT_PREFIX}",
                **({"kmsKeyArn": encryption_key.key_arn} if encryption_key is not None else {}),
            }
        request = {
            "name": self._metric_attribution_name,
            "datasetGroupArn": dataset_group.dataset_group_arn,
            "metrics": requests,
            "metricsOutputConfig": output,
        }
        resource = PersonalizeProvider.of(self).custom_resource(
            self,
            "Resource",
            resource_type="Custom::PersonalizeMetricAttribution",
            properties={"Request": managed_request(self, request)},
            touches=[
                ("metric-attribution", self._metric_attribution_name),
                ("dataset-group", dataset_group.dataset_group_name),
            ],
            statements=self._statements(encryption_key),
        )
        resource.node.add_dependency(access.ready)
        declare(self, "metric-attribution", self._metric_attribution_name)
        dataset_group.declare(self, Rank.METRIC_ATTRIBUTION)
        requests = known([metric.as_request() for metric in metrics])
        check_data(
            self,
            dataset_group,
            lambda data: findings_of_columns(requests, data.schemas, complete=data.is_known),
        )
        self.apply_removal_policy(removal_policy)

    @property
    def metric_attribution_arn(self) -> str:
        """The ARN of the metric attribution."""
        return self._metric_attribution_arn

    @property
    def metric_attribution_name(self) -> str:
        """The name of the metric attribution."""
        return self._metric_attribution_name

    @property
    def dataset_group(self) -> IDatasetGroup:
        """The group whose events it reports on."""
        return self._dataset_group

    @property
    def metrics(self) -> tuple[MetricAttribute, ...]:
        """What it reports."""
        return self._metrics

    @property
    def role(self) -> iam.IRole:
        """The role with which Amazon Personalize writes to CloudWatch and the bucket."""
        return self._role

    @classmethod
    def from_metric_attribution_arn(
        cls, scope: Construct, construct_id: str, metric_attribution_arn: str
    ) -> IMetricAttribution:
        """Import a metric attribution by its ARN."""
        return _ImportedMetricAttribution(scope, construct_id, metric_attribution_arn)

    @classmethod
    def from_metric_attribution_name(
        cls, scope: Construct, construct_id: str, metric_attribution_name: str
    ) -> IMetricAttribution:
        """Import a metric attribution of this account and region by its name."""
        arn = arn_of_imported(scope, "metric-attribution", metric_attribution_name)
        return cls.from_metric_attribution_arn(scope, construct_id, arn)

    @property
    def _arn(self) -> str:
        return self._metric_attribution_arn

    @property
    def _rests_on(self) -> Sequence[object]:
        return (self._dataset_group, *self._dataset_group.datasets, *self._outputs, self._role)

    def _allow(self, bucket: s3.IBucket | None, prefix: str, key: kms.IKey | None) -> RoleAccess:
        access = RoleAccess(self, self._role)
        access.allow_metric_data()
        if bucket is not None:
            access.allow_bucket_write(bucket, prefix)
        if key is not None:
            access.allow_key(key)
        return access

    def _statements(self, key: kms.IKey | None) -> list[iam.PolicyStatement]:
        """Return what the functions must be allowed besides: to hand the role and the key on."""
        passing = iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[self._role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": SERVICE}},
        )
        if key is None:
            return [passing]
        # CloudFormation's own type asks this of whoever creates one with a key (the registry).
        service = f"personalize.{Aws.REGION}.{Aws.URL_SUFFIX}"
        using = iam.PolicyStatement(
            actions=[*KEY_USE, "kms:CreateGrant"],
            resources=[key.key_arn],
            conditions={"StringEquals": {"kms:ViaService": service}},
        )
        return [passing, using]


class _ImportedMetricAttribution(_MetricAttributionBase):
    def __init__(self, scope: Construct, construct_id: str, metric_attribution_arn: str) -> None:
        arn = imported_arn("metric-attribution", metric_attribution_arn)
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._metric_attribution_arn = metric_attribution_arn

    @property
    def metric_attribution_arn(self) -> str:
        return self._metric_attribution_arn


def _findings_of_another(dataset_group: IDatasetGroup) -> list[str]:
    return [
        "a dataset group has at most one metric attribution,"
        f" got another one beside {attribution.node.path}"
        for attribution in dataset_group.metric_attributions
    ]


def _findings_of_output(
    bucket: s3.IBucket | None, prefix: str | None, encryption_key: kms.IKey | None
) -> list[str]:
    found = []
    if bucket is None:
        given = {"prefix": prefix, "encryption_key": encryption_key}
        found += [
            f"{name} is for reports in a bucket, got no bucket"
            for name, value in given.items()
            if value is not None
        ]
    found += findings_of_prefixes([("prefix", known(prefix))])
    if encryption_key is not None and ":alias/" in encryption_key.key_arn:
        found.append(f"encryption_key must be a key and no alias, got {encryption_key.key_arn!r}")
    return found
