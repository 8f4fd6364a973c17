"""A dataset: the interactions, items, users or actions of a dataset group."""

from abc import abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, TypedDict, Unpack

from aws_cdk import IResource, RemovalPolicy, Resource
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_personalize._actions import (
    DATASET_DESCRIBE,
    DATASET_EXPORT,
    DATASET_EXPORT_JOB,
    DATASET_IMPORT,
    DATASET_IMPORT_JOB,
    DATASET_PUT_ACTION_INTERACTIONS,
    DATASET_PUT_ACTIONS,
    DATASET_PUT_ITEMS,
    DATASET_PUT_USERS,
)
from cdk_personalize._dataset_metrics import DatasetMetrics, IDatasetMetrics
from cdk_personalize._declarations import declare, findings_of_declaration
from cdk_personalize._deletion_order import Rank
from cdk_personalize._imported import imported_arn
from cdk_personalize._metrics import MetricOptions, metric
from cdk_personalize._names import arn_of, derived_name, findings_of_name
from cdk_personalize._places import findings_of_place
from cdk_personalize._provider import PersonalizeProvider, managed_request
from cdk_personalize._removal import RemovableResource
from cdk_personalize._request import refuse
from cdk_personalize._tags import TaggedResource
from cdk_personalize._tokens import is_token, known_reference
from cdk_personalize._tree import environment_of, stack_of
from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.schema import ISchema

_OF_DOMAINS = frozenset({DatasetType.INTERACTIONS, DatasetType.ITEMS, DatasetType.USERS})


class OnIncompatibleChange(StrEnum):
    """What becomes of a dataset whose new schema the service does not take in place of the old.

    The service takes a schema in place for items and users alone, and only if every old column is
    in it as it was and every new one may be null (DG: updating-dataset-schema).
    """

    REFUSE = "REFUSE"
    """The deployment fails, tells which columns differ, and rolls back; no data is lost."""

    REPLACE = "REPLACE"
    """The dataset is deleted with all its data, and created anew with the new schema.

    The service deletes no dataset while its group has filters, a metric attribution, a campaign,
    or, for interactions, an event tracker (DG: delete-dataset). Take them out of the stack and
    deploy; then put them back, together with the new schema. Else the deployment fails before
    anything is deleted. Imports, batch jobs and trainings are waited for, up to an hour. A
    pipeline of the group then imports the files of the bucket again, which must have the columns of
    the new schema; what events and single records have brought is lost.
    """


class DatasetOptions(TypedDict, total=False):
    """What a dataset can be told besides its schema; see `Dataset`."""

    dataset_name: str | None
    on_incompatible_change: OnIncompatibleChange
    removal_policy: RemovalPolicy


class IDataset(IDatasetMetrics, IResource, Protocol):
    """A dataset, defined in this app or imported."""

    @property
    def dataset_arn(self) -> str:
        """The ARN of the dataset, which holds the name of its group and its type."""
        ...

    @property
    def dataset_type(self) -> DatasetType | None:
        """The type of the dataset; none if its ARN is known only at deployment."""
        ...

    @property
    def tracking_id(self) -> str | None:
        """The id that action interactions are sent with; no other dataset has one."""
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

    def grant_export(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to export the data to a bucket, in jobs of any name."""
        ...

    def grant_put_items(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to put single items; the dataset must be one of items."""
        ...

    def grant_put_users(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to put single users; the dataset must be one of users."""
        ...

    def grant_put_actions(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to put single actions; the dataset must be one of actions."""
        ...

    def grant_put_action_interactions(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to send action interactions, to this dataset and to any other."""
        ...


class _DatasetBase(Resource, DatasetMetrics):
    """What owned and imported datasets share; it rests on `dataset_arn` alone."""

    @property
    @abstractmethod
    def dataset_arn(self) -> str: ...

    @property
    @abstractmethod
    def dataset_type(self) -> DatasetType | None: ...

    @property
    @abstractmethod
    def tracking_id(self) -> str | None: ...

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
        return self._grant_jobs(grantee, DATASET_IMPORT, "dataset-import-job", DATASET_IMPORT_JOB)

    def grant_export(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to export the data to a bucket, in jobs of any name.

        The role that writes to the bucket is passed to the service: grant that with the role's own
        `grant_pass_role`.
        """
        return self._grant_jobs(grantee, DATASET_EXPORT, "dataset-export-job", DATASET_EXPORT_JOB)

    def grant_put_items(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to put single items; the dataset must be one of items."""
        self._check_type("grant_put_items", DatasetType.ITEMS)
        return self.grant(grantee, *DATASET_PUT_ITEMS)

    def grant_put_users(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to put single users; the dataset must be one of users."""
        self._check_type("grant_put_users", DatasetType.USERS)
        return self.grant(grantee, *DATASET_PUT_USERS)

    def grant_put_actions(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to put single actions; the dataset must be one of actions."""
        self._check_type("grant_put_actions", DatasetType.ACTIONS)
        return self.grant(grantee, *DATASET_PUT_ACTIONS)

    def grant_put_action_interactions(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to send action interactions, to this dataset and to any other."""
        self._check_type("grant_put_action_interactions", DatasetType.ACTION_INTERACTIONS)
        # IAM knows no resource for this action (Service Authorization Reference).
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(DATASET_PUT_ACTION_INTERACTIONS), resource_arns=["*"]
        )

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this dataset (default: average over 5 minutes)."""
        return metric(self, metric_name, {"DatasetArn": self.dataset_arn}, **options)

    def _grant_jobs(
        self, grantee: iam.IGrantable, actions: Sequence[str], kind: str, on_jobs: Sequence[str]
    ) -> iam.Grant:
        # The job is a resource of its own, next to the dataset that it fills or reads.
        account, region = environment_of(self)
        jobs = stack_of(self).format_arn(
            service="personalize",
            account=account,
            region=region,
            resource=kind,
            resource_name="*",
        )
        granted = iam.Grant.add_to_principal(
            grantee=grantee, actions=list(on_jobs), resource_arns=[jobs]
        )
        return self.grant(grantee, *actions).combine(granted)

    def _check_type(self, method: str, wanted: DatasetType) -> None:
        if self.dataset_type not in {None, wanted}:
            msg = f"{method} is for a dataset of {wanted}, got one of {self.dataset_type}"
            raise ValueError(msg)


class Dataset(_DatasetBase, RemovableResource, TaggedResource):
    """Define a dataset, which a dataset group has one of for each type.

    A new schema is taken up in place if it only adds columns to items or users that may be
    missing. CloudFormation's own type would delete the data, so this one is managed by a function.
    The service takes no column away, so a schema that was taken up stays if the stack then rolls
    back. The next deployment with these columns finds it there.

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
        on_incompatible_change: OnIncompatibleChange = OnIncompatibleChange.REFUSE,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        """Define a dataset.

        Args:
            scope: The construct to define the dataset in.
            construct_id: The id of the dataset within `scope`.
            dataset_group: The group that it belongs to.
            schema: Its columns, which tell its type, too.
            dataset_name: The name (default: derived from the construct path). Its ARN holds the
                name of the group and the type instead, so it cannot be renamed.
            on_incompatible_change: What becomes of it when the service does not take another
                schema in place (default: REFUSE, the deployment fails and no data is lost).
            removal_policy: What becomes of it when it is removed from the stack, or the stack is
                deleted (default: DESTROY).

        Raises:
            ValueError: If the group has a dataset of that type, the schema is for another domain
                than the group, actions are for a group of a domain, or the name is refused; all
                findings are told at once.
        """
        refuse(
            [
                *findings_of_name("dataset_name", dataset_name),
                *_findings_of_group(dataset_group, schema),
                *findings_of_place(scope, dataset_group=dataset_group, schema=schema),
                *findings_of_declaration(scope, construct_id, "dataset", None),
            ]
        )
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
        resource = PersonalizeProvider.of(self).custom_resource(
            self,
            "Resource",
            resource_type="Custom::PersonalizeDataset",
            tags=self.cdk_tag_manager,
            properties={
                "Request": managed_request(self, request),
                "OnIncompatibleChange": on_incompatible_change.value,
            },
            touches=[
                ("dataset", name_in_arn),
                ("dataset-group", dataset_group.dataset_group_name),
                ("schema", schema.schema_name),
            ],
        )
        self._tracking_id = (
            known_reference(resource.get_att_string("TrackingId"))
            if schema.dataset_type is DatasetType.ACTION_INTERACTIONS
            else None
        )
        declare(self, "dataset", name_in_arn)
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
    def tracking_id(self) -> str | None:
        """The id that action interactions are sent with; no other dataset has one."""
        return self._tracking_id

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
        """Import a dataset by its ARN, which does not tell the tracking id."""
        return cls.from_dataset_attributes(scope, construct_id, dataset_arn=dataset_arn)

    @classmethod
    def from_dataset_attributes(
        cls,
        scope: Construct,
        construct_id: str,
        *,
        dataset_arn: str,
        tracking_id: str | None = None,
    ) -> IDataset:
        """Import a dataset by its ARN and, of action interactions, its tracking id."""
        return _ImportedDataset(scope, construct_id, dataset_arn, tracking_id)

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
    def __init__(
        self, scope: Construct, construct_id: str, dataset_arn: str, tracking_id: str | None
    ) -> None:
        arn = imported_arn("dataset", dataset_arn)
        # The last part of the ARN of a dataset is the type, also where the rest is a token.
        segment = dataset_arn.rpartition("/")[2]
        known = "/" in dataset_arn and not is_token(segment)
        self._dataset_type = DatasetType.of(segment) if known else None
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._dataset_arn = dataset_arn
        self._tracking_id = tracking_id

    @property
    def tracking_id(self) -> str | None:
        return self._tracking_id

    @property
    def dataset_arn(self) -> str:
        return self._dataset_arn

    @property
    def dataset_type(self) -> DatasetType | None:
        return self._dataset_type


def _findings_of_group(dataset_group: IDatasetGroup, schema: ISchema) -> list[str]:
    """Return why the service would refuse a dataset with this schema in this group."""
    findings = [
        f"a dataset group has at most one dataset of {schema.dataset_type},"
        f" got another one beside {dataset.node.path}"
        for dataset in dataset_group.datasets
        if dataset.dataset_type is schema.dataset_type
    ]
    domain = dataset_group.domain
    avro = schema.avro
    if schema.dataset_type not in _OF_DOMAINS:
        # The guide has them for custom dataset groups alone (DG: custom-datasets-and-schemas).
        if domain is not None:
            known = ", ".join(each for each in DatasetType if each in _OF_DOMAINS)
            findings.append(
                f"a dataset group of the domain {domain} has datasets of {known},"
                f" got {schema.dataset_type}"
            )
    elif avro is not None and dataset_group.is_complete and avro.domain != domain:
        findings.append(
            f"the schema of {schema.dataset_type} must be for the domain of the dataset group,"
            f" which is {domain}, got {avro.domain}"
        )
    return findings
