"""A dataset group: what belongs together, apart from everything else in the account."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, Unpack

from aws_cdk import IResource, RemovalPolicy, Resource
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from constructs import Construct

from cdk_personalize._actions import DATASET_GROUP_DESCRIBE
from cdk_personalize._dataset_group_members import DatasetGroupMembers, IDatasetGroupMembers
from cdk_personalize._declarations import (
    check_quota,
    declare,
    deletion_order_of,
    findings_of_declaration,
)
from cdk_personalize._deletion_order import Rank
from cdk_personalize._event_metrics import EventMetrics, IEventMetrics
from cdk_personalize._import_metrics import IImportMetrics, ImportMetrics
from cdk_personalize._imported import arn_of_imported, imported_arn
from cdk_personalize._metrics import MetricOptions, metric
from cdk_personalize._names import arn_of, derived_name, findings_of_name, name_in
from cdk_personalize._removal import RemovableResource
from cdk_personalize._request import refuse
from cdk_personalize._service_role import RoleAccess, ServiceRole, is_left_out
from cdk_personalize._tokens import known_reference
from cdk_personalize._tree import remember_default_child
from cdk_personalize.avro_schema import Domain
from cdk_personalize.quotas import IN_DATASET_GROUP
from cdk_personalize.schema import ISchema

if TYPE_CHECKING:
    from cdk_personalize._metric_attribute import MetricAttribute
    from cdk_personalize.dataset import Dataset, DatasetOptions
    from cdk_personalize.event_tracker import EventTracker
    from cdk_personalize.filters import Filter
    from cdk_personalize.metric_attribution import MetricAttribution, MetricAttributionOptions
    from cdk_personalize.recipe import Recipe
    from cdk_personalize.recommender import Recommender, RecommenderOptions
    from cdk_personalize.solution import Solution, SolutionOptions
    from cdk_personalize.use_case import UseCase

_TYPE = personalize.CfnDatasetGroup.CFN_RESOURCE_TYPE_NAME


class IDatasetGroup(IResource, IDatasetGroupMembers, IImportMetrics, IEventMetrics, Protocol):
    """A dataset group, defined in this app or imported.

    Of an import, this app knows the resources that it defines itself, and no others.
    """

    @property
    def dataset_group_arn(self) -> str:
        """The ARN of the dataset group."""
        ...

    @property
    def dataset_group_name(self) -> str:
        """The name of the dataset group."""
        ...

    @property
    def domain(self) -> Domain | None:
        """The domain of the dataset group; that of an import is not known."""
        ...

    @property
    def is_complete(self) -> bool:
        """Whether this app defines all datasets of the group, as it does if it is no import."""
        ...

    def add_dataset(
        self, construct_id: str, *, schema: ISchema, **options: "Unpack[DatasetOptions]"
    ) -> "Dataset":
        """Define a dataset of this group; see `Dataset`."""
        ...

    def add_filter(
        self,
        construct_id: str,
        *,
        filter_expression: str,
        filter_name: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> "Filter":
        """Define a filter of this group; see `Filter`."""
        ...

    def add_event_tracker(
        self,
        construct_id: str,
        *,
        event_tracker_name: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> "EventTracker":
        """Define the event tracker of this group; see `EventTracker`."""
        ...

    def add_metric_attribution(
        self,
        construct_id: str,
        *,
        metrics: "Sequence[MetricAttribute]",
        **options: "Unpack[MetricAttributionOptions]",
    ) -> "MetricAttribution":
        """Define the metric attribution of this group; see `MetricAttribution`."""
        ...

    def add_solution(
        self, construct_id: str, *, recipe: "Recipe", **options: "Unpack[SolutionOptions]"
    ) -> "Solution":
        """Define a solution of this group; see `Solution`."""
        ...

    def add_recommender(
        self, construct_id: str, *, use_case: "UseCase", **options: "Unpack[RecommenderOptions]"
    ) -> "Recommender":
        """Define a recommender of this group; see `Recommender`."""
        ...

    def declare(self, construct: Construct, rank: Rank) -> None:
        """Take up a resource of the group; its constructor calls this."""
        ...

    def on_declare(self, observer: Callable[[Construct], None]) -> None:
        """Call `observer` for each resource of the group, those to come included."""
        ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this dataset group to `grantee`."""
        ...

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this dataset group is."""
        ...

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this dataset group (default: average over 5 minutes)."""
        ...


class _DatasetGroupBase(Resource, DatasetGroupMembers, ImportMetrics, EventMetrics):
    """What owned and imported dataset groups share; it rests on `dataset_group_arn` alone."""

    @property
    @abstractmethod
    def dataset_group_arn(self) -> str: ...

    @property
    @abstractmethod
    def dataset_group_name(self) -> str: ...

    @property
    @abstractmethod
    def domain(self) -> Domain | None: ...

    @property
    @abstractmethod
    def is_complete(self) -> bool: ...

    # The modules of what a group holds stand on this one, so they are imported when needed.

    def add_dataset(
        self, construct_id: str, *, schema: ISchema, **options: "Unpack[DatasetOptions]"
    ) -> "Dataset":
        """Define a dataset of this group; see `Dataset`."""
        from cdk_personalize.dataset import Dataset  # noqa: PLC0415

        return Dataset(self, construct_id, dataset_group=self, schema=schema, **options)

    def add_filter(
        self,
        construct_id: str,
        *,
        filter_expression: str,
        filter_name: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> "Filter":
        """Define a filter of this group; see `Filter`."""
        from cdk_personalize.filters import Filter  # noqa: PLC0415

        return Filter(
            self,
            construct_id,
            dataset_group=self,
            filter_expression=filter_expression,
            filter_name=filter_name,
            removal_policy=removal_policy,
        )

    def add_event_tracker(
        self,
        construct_id: str,
        *,
        event_tracker_name: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> "EventTracker":
        """Define the event tracker of this group; see `EventTracker`."""
        from cdk_personalize.event_tracker import EventTracker  # noqa: PLC0415

        return EventTracker(
            self,
            construct_id,
            dataset_group=self,
            event_tracker_name=event_tracker_name,
            removal_policy=removal_policy,
        )

    def add_metric_attribution(
        self,
        construct_id: str,
        *,
        metrics: "Sequence[MetricAttribute]",
        **options: "Unpack[MetricAttributionOptions]",
    ) -> "MetricAttribution":
        """Define the metric attribution of this group; see `MetricAttribution`."""
        from cdk_personalize.metric_attribution import MetricAttribution  # noqa: PLC0415

        return MetricAttribution(self, construct_id, dataset_group=self, metrics=metrics, **options)

    def add_solution(
        self, construct_id: str, *, recipe: "Recipe", **options: "Unpack[SolutionOptions]"
    ) -> "Solution":
        """Define a solution of this group; see `Solution`."""
        from cdk_personalize.solution import Solution  # noqa: PLC0415

        return Solution(self, construct_id, dataset_group=self, recipe=recipe, **options)

    def add_recommender(
        self, construct_id: str, *, use_case: "UseCase", **options: "Unpack[RecommenderOptions]"
    ) -> "Recommender":
        """Define a recommender of this group; see `Recommender`."""
        from cdk_personalize.recommender import Recommender  # noqa: PLC0415

        return Recommender(self, construct_id, dataset_group=self, use_case=use_case, **options)

    def declare(self, construct: Construct, rank: Rank) -> None:
        """Take up a resource of the group; its constructor calls this."""
        self._deletion_order.add(construct, rank)
        quota = IN_DATASET_GROUP.get(rank.name.lower())
        if quota is not None:
            count = len(self._deletion_order.members_of(rank))
            check_quota(self, quota, count, holder="a dataset group")

    def on_declare(self, observer: Callable[[Construct], None]) -> None:
        """Call `observer` for each resource of the group, those to come included."""
        self._deletion_order.on_add(observer)

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this dataset group to `grantee`."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.dataset_group_arn]
        )

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this dataset group is."""
        return self.grant(grantee, *DATASET_GROUP_DESCRIBE)

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this dataset group (default: average over 5 minutes)."""
        return metric(self, metric_name, {"DatasetGroupArn": self.dataset_group_arn}, **options)


class DatasetGroup(_DatasetGroupBase, RemovableResource):
    """Define a dataset group.

    Nothing of it can be changed later, and to replace it is to lose its data. Its name therefore
    says nothing of its content: a deployment that would replace it fails on the name, before it
    deletes anything. It bears no tags, for each change of a tag would be a replacement, too.

    Example:
        ```python
        group = DatasetGroup(self, "Shop", encryption_key=key)
        group.add_dataset("Interactions", schema=schema)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain: Domain | None = None,
        encryption_key: kms.IKey | None = None,
        role: iam.IRole | None = None,
        dataset_group_name: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        """Define a dataset group.

        Args:
            scope: The construct to define the dataset group in.
            construct_id: The id of the dataset group within `scope`.
            domain: The domain whose use cases it serves (default: none, a custom dataset group).
            encryption_key: The key that its data is encrypted with (default: one of AWS's own).
            role: The role with which Amazon Personalize uses the key; it must be allowed to
                already, and warnings tell the statements if it or the key is imported (default:
                a role is defined if there is a key).
            dataset_group_name: The name (default: derived from the construct path).
            removal_policy: What becomes of it when it is removed from the stack, or the stack is
                deleted (default: DESTROY).

        Raises:
            ValueError: If there is a role and no key, the key is an alias, or the name is refused
                or taken; all that is wrong is in the message.
        """
        refuse(
            [
                *findings_of_name("dataset_group_name", dataset_group_name),
                *_findings_of_encryption(encryption_key, role),
                *findings_of_declaration(
                    scope, construct_id, "dataset-group", dataset_group_name, resource_type=_TYPE
                ),
            ]
        )
        super().__init__(scope, construct_id, physical_name=dataset_group_name)
        self._domain = domain
        self._dataset_group_name = dataset_group_name or derived_name(self)
        access = None
        if encryption_key is not None and (role is None or is_left_out(role, encryption_key)):
            role = role or ServiceRole(self, "Role")
            access = RoleAccess(self, role)
            access.allow_key(encryption_key)
            self._goes_with = access.defined
        self._role = role
        self._encryption_key = encryption_key
        resource = personalize.CfnDatasetGroup(
            self,
            "Resource",
            name=self._dataset_group_name,
            domain=domain,
            kms_key_arn=encryption_key.key_arn if encryption_key is not None else None,
            role_arn=role.role_arn if role is not None else None,
        )
        remember_default_child(self, resource)
        resource.add_property_deletion_override("Tags")
        if access is not None:
            resource.node.add_dependency(access.ready)
        self._dataset_group_arn = known_reference(resource.attr_dataset_group_arn)
        declare(self, "dataset-group", self._dataset_group_name)
        self._deletion_order = deletion_order_of(
            self,
            self._dataset_group_arn,
            arn_of(self, "dataset-group", self._dataset_group_name),
        )
        self._deletion_order.place(self, Rank.DATASET_GROUP)
        self.apply_removal_policy(removal_policy)

    @property
    def dataset_group_arn(self) -> str:
        """The ARN of the dataset group."""
        return self._dataset_group_arn

    @property
    def dataset_group_name(self) -> str:
        """The name of the dataset group."""
        return self._dataset_group_name

    @property
    def domain(self) -> Domain | None:
        """The domain of the dataset group."""
        return self._domain

    @property
    def is_complete(self) -> bool:
        """Whether this app defines all datasets of the group: it does."""
        return True

    @property
    def role(self) -> iam.IRole | None:
        """The role with which Amazon Personalize uses the key; none if there is no key."""
        return self._role

    @property
    def _arn(self) -> str:
        return self._dataset_group_arn

    @property
    def _rests_on(self) -> Sequence[object]:
        return (self._encryption_key, self._role)

    @classmethod
    def from_dataset_group_arn(
        cls, scope: Construct, construct_id: str, dataset_group_arn: str
    ) -> IDatasetGroup:
        """Import a dataset group by its ARN."""
        return _ImportedDatasetGroup(scope, construct_id, dataset_group_arn)

    @classmethod
    def from_dataset_group_name(
        cls, scope: Construct, construct_id: str, dataset_group_name: str
    ) -> IDatasetGroup:
        """Import a dataset group of this account and region by its name."""
        arn = arn_of_imported(scope, "dataset-group", dataset_group_name)
        return cls.from_dataset_group_arn(scope, construct_id, arn)


class _ImportedDatasetGroup(_DatasetGroupBase):
    def __init__(self, scope: Construct, construct_id: str, dataset_group_arn: str) -> None:
        arn = imported_arn("dataset-group", dataset_group_arn)
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._dataset_group_arn = dataset_group_arn
        self._deletion_order = deletion_order_of(self, dataset_group_arn)

    @property
    def dataset_group_arn(self) -> str:
        return self._dataset_group_arn

    @property
    def dataset_group_name(self) -> str:
        return name_in(self, self._dataset_group_arn)

    @property
    def domain(self) -> None:
        return None

    @property
    def is_complete(self) -> bool:
        return False


def _findings_of_encryption(key: kms.IKey | None, role: iam.IRole | None) -> list[str]:
    found = []
    if role is not None and key is None:
        found.append("a role is for the encryption_key of the dataset group, got a role and no key")
    if key is not None and ":alias/" in key.key_arn:
        found.append(f"encryption_key must be a key and no alias, got {key.key_arn!r}")
    return found
