"""A dataset: the interactions, items, users or actions of a dataset group."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol, Unpack

from aws_cdk import IResource, RemovalPolicy, Resource, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_personalize._actions import (
    DATASET_DESCRIBE,
    DATASET_IMPORT,
    DATASET_IMPORT_JOB,
    DATASET_PUT_ITEMS,
    DATASET_PUT_USERS,
)
from cdk_personalize._deletion_order import Rank
from cdk_personalize._metrics import MetricOptions, metric, total
from cdk_personalize._names import arn_of, check_name, derived_name
from cdk_personalize._provider import PersonalizeProvider, managed_request
from cdk_personalize._removal import RemovableResource
from cdk_personalize._tags import TaggedResource
from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.schema import ISchema

_OF_DOMAINS = frozenset({DatasetType.INTERACTIONS, DatasetType.ITEMS, DatasetType.USERS})


class IDataset(IResource, Protocol):
    """A dataset, defined in this app or imported."""

    @property
    def dataset_arn(self) -> str:
        """The ARN of the dataset, which holds the name of its group and its type."""
        ...

    @property
    def dataset_type(self) -> DatasetType | None:
        """The type of the dataset; none if its ARN is known only at deployment."""
        ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this dataset to `grantee`."""
        ...

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this dataset is."""
        ...

    def grant_import(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to import data from a bucket, in jobs of any name."""
        ...

    def grant_put_items(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to put single items; the dataset must be one of items."""
        ...

    def grant_put_users(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to put single users; the dataset must be one of users."""
        ...

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this dataset (default: average over 5 minutes)."""
        ...

    def metric_dataset_import_job_requests(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many imports were asked for (default: sum over 5 minutes)."""
        ...

    def metric_dataset_import_job_error(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many imports failed (default: sum over 5 minutes)."""
        ...

    def metric_dataset_import_job_execution_time(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many seconds imports take (default: average over 5 minutes)."""
        ...

    def metric_dataset_size(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many bytes were imported (default: average over 5 minutes)."""
        ...


class _DatasetBase(Resource):
    """What owned and imported datasets share; it rests on `dataset_arn` alone."""

    @property
    @abstractmethod
    def dataset_arn(self) -> str: ...

    @property
    @abstractmethod
    def dataset_type(self) -> DatasetType | None: ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this dataset to `grantee`."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.dataset_arn]
        )

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this dataset is."""
        return self.grant(grantee, *DATASET_DESCRIBE)

    def grant_import(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to import data from a bucket, in jobs of any name.

        The role that reads the bucket is passed to the service: grant that with the role's own
        `grant_pass_role`.
        """
        # The job is a resource of its own, next to the dataset that it fills.
        jobs = arn_of(self, "dataset-import-job", "*")
        on_dataset = self.grant(grantee, *DATASET_IMPORT)
        on_jobs = iam.Grant.add_to_principal(
            grantee=grantee, actions=list(DATASET_IMPORT_JOB), resource_arns=[jobs]
        )
        return on_dataset.combine(on_jobs)

    def grant_put_items(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to put single items; the dataset must be one of items."""
        self._check_type("grant_put_items", DatasetType.ITEMS)
        return self.grant(grantee, *DATASET_PUT_ITEMS)

    def grant_put_users(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to put single users; the dataset must be one of users."""
        self._check_type("grant_put_users", DatasetType.USERS)
        return self.grant(grantee, *DATASET_PUT_USERS)

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this dataset (default: average over 5 minutes)."""
        return metric(self, metric_name, {"DatasetArn": self.dataset_arn}, **options)

    def metric_dataset_import_job_requests(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many imports were asked for (default: sum over 5 minutes)."""
        return self._total("DatasetImportJobRequests", options)

    def metric_dataset_import_job_error(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many imports failed (default: sum over 5 minutes)."""
        return self._total("DatasetImportJobError", options)

    def metric_dataset_import_job_execution_time(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many seconds imports take (default: average over 5 minutes)."""
        return self.metric("DatasetImportJobExecutionTime", **options)

    def metric_dataset_size(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many bytes were imported (default: average over 5 minutes)."""
        return self.metric("DatasetSize", **options)

    def _total(self, metric_name: str, options: MetricOptions) -> cloudwatch.Metric:
        return total(self, metric_name, {"DatasetArn": self.dataset_arn}, options)

    def _check_type(self, method: str, wanted: DatasetType) -> None:
        if self.dataset_type not in {None, wanted}:
            msg = f"{method} is for a dataset of {wanted}, got one of {self.dataset_type}"
            raise ValueError(msg)


class Dataset(_DatasetBase, RemovableResource, TaggedResource):
    """Define a dataset, which a dataset group has one of for each type.

    A new schema is taken up in place if it only adds columns to items or users that may be
    missing. CloudFormation's own type would delete the data, so this one is managed by a function.

    Example:
        ```python
        items = Dataset(self, "Items", dataset_group=group, schema=schema)
        items.grant_put_items(catalogue_function)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        dataset_group: IDatasetGroup,
        schema: ISchema,
        dataset_name: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        """Define a dataset.

        Args:
            scope: The construct to define the dataset in.
            construct_id: The id of the dataset within `scope`.
            dataset_group: The group that it belongs to.
            schema: Its columns, which tell its type, too.
            dataset_name: The name (default: derived from the construct path). Its ARN holds the
                name of the group and the type instead.
            removal_policy: What becomes of it when it is removed from the stack, or the stack is
                deleted (default: DESTROY).

        Raises:
            ValueError: If the group has a dataset of that type, the schema is for another domain
                than the group, or the name is refused.
        """
        check_name("dataset_name", dataset_name)
        _check_place(dataset_group, schema)
        super().__init__(scope, construct_id, physical_name=dataset_name)
        self._dataset_group = dataset_group
        self._schema = schema
        self._dataset_name = dataset_name or derived_name(self)
        name_in_arn = f"{dataset_group.dataset_group_name}/{schema.dataset_type.arn_segment}"
        self._dataset_arn = arn_of(self, "dataset", name_in_arn)
        request = {
            "name": self._dataset_name,
            "schemaArn": schema.schema_arn,
            "datasetGroupArn": dataset_group.dataset_group_arn,
            "datasetType": str(schema.dataset_type),
        }
        PersonalizeProvider.of(self).custom_resource(
            self,
            "Resource",
            resource_type="Custom::PersonalizeDataset",
            tags=self.cdk_tag_manager,
            properties={"Request": managed_request(self, request)},
            touches=[
                ("dataset", name_in_arn),
                ("dataset-group", dataset_group.dataset_group_name),
                ("schema", schema.schema_name),
            ],
        )
        dataset_group.deletion_order.place(schema, Rank.SCHEMA)
        dataset_group.declare(self, Rank.DATASET)
        self.apply_removal_policy(removal_policy)

    @property
    def dataset_arn(self) -> str:
        """The ARN of the dataset, which holds the name of its group and its type."""
        return self._dataset_arn

    @property
    def dataset_name(self) -> str:
        """The name of the dataset."""
        return self._dataset_name

    @property
    def dataset_type(self) -> DatasetType:
        """The type of the dataset."""
        return self._schema.dataset_type

    @property
    def dataset_group(self) -> IDatasetGroup:
        """The group that it belongs to."""
        return self._dataset_group

    @property
    def schema(self) -> ISchema:
        """Its columns."""
        return self._schema

    @property
    def _arn(self) -> str:
        return self._dataset_arn

    @property
    def _rests_on(self) -> Sequence[object]:
        return (self._dataset_group, self._schema)

    @classmethod
    def from_dataset_arn(cls, scope: Construct, construct_id: str, dataset_arn: str) -> IDataset:
        """Import a dataset by its ARN."""
        return _ImportedDataset(scope, construct_id, dataset_arn)

    @classmethod
    def from_dataset_type(
        cls,
        scope: Construct,
        construct_id: str,
        dataset_type: DatasetType,
        *,
        dataset_group: IDatasetGroup,
    ) -> IDataset:
        """Import the dataset of a type of a dataset group."""
        name = f"{dataset_group.dataset_group_name}/{dataset_type.arn_segment}"
        return cls.from_dataset_arn(scope, construct_id, arn_of(scope, "dataset", name))


class _ImportedDataset(_DatasetBase):
    def __init__(self, scope: Construct, construct_id: str, dataset_arn: str) -> None:
        # The last part of the ARN of a dataset is the type, also where the rest is a token.
        segment = dataset_arn.rpartition("/")[2]
        known = "/" in dataset_arn and not Token.is_unresolved(segment)
        self._dataset_type = DatasetType.of(segment) if known else None
        super().__init__(scope, construct_id, environment_from_arn=dataset_arn)
        self._dataset_arn = dataset_arn

    @property
    def dataset_arn(self) -> str:
        return self._dataset_arn

    @property
    def dataset_type(self) -> DatasetType | None:
        return self._dataset_type


def _check_place(dataset_group: IDatasetGroup, schema: ISchema) -> None:
    for dataset in dataset_group.datasets:
        if dataset.dataset_type is schema.dataset_type:
            msg = (
                f"a dataset group has at most one dataset of {schema.dataset_type},"
                f" got another one beside {dataset.node.path}"
            )
            raise ValueError(msg)
    avro = schema.avro
    if (
        avro is not None
        and dataset_group.is_complete
        and schema.dataset_type in _OF_DOMAINS
        and avro.domain != dataset_group.domain
    ):
        msg = (
            f"the schema of {schema.dataset_type} must be for the domain of the dataset group,"
            f" which is {dataset_group.domain}, got {avro.domain}"
        )
        raise ValueError(msg)
