"""A schema: the columns of a dataset."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from aws_cdk import IResource, RemovalPolicy, Resource
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_personalize._actions import SCHEMA_DESCRIBE
from cdk_personalize._declarations import declare, findings_of_declaration
from cdk_personalize._imported import arn_of_imported, imported_arn
from cdk_personalize._names import (
    derived_stem,
    findings_of_name,
    name_in,
    name_of_version,
)
from cdk_personalize._provider import PersonalizeProvider, managed_request
from cdk_personalize._removal import RemovableResource
from cdk_personalize._request import refuse, without_none
from cdk_personalize._tokens import known_reference
from cdk_personalize.avro_schema import AvroSchema, DatasetType, Domain, SchemaField


class ISchema(IResource, Protocol):
    """A schema, defined in this app or imported."""

    @property
    def schema_arn(self) -> str:
        """The ARN of the schema."""
        ...

    @property
    def schema_name(self) -> str:
        """The name of the schema."""
        ...

    @property
    def dataset_type(self) -> DatasetType:
        """The type of the datasets that have these columns."""
        ...

    @property
    def avro(self) -> AvroSchema | None:
        """The columns; those of an import are not known."""
        ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this schema to `grantee`."""
        ...

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read the columns."""
        ...


class _SchemaBase(Resource):
    """What owned and imported schemas share; it rests on `schema_arn` alone."""

    @property
    @abstractmethod
    def schema_arn(self) -> str: ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this schema to `grantee`."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.schema_arn]
        )

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read the columns."""
        return self.grant(grantee, *SCHEMA_DESCRIBE)


class Schema(_SchemaBase, RemovableResource):
    """Define the columns of a dataset.

    A schema can never be changed. Its name ends in a hash of the columns, so other columns are
    another schema, which a dataset of items or users takes up in place of the old one. The service
    knows no tags of schemas.

    CloudFormation's own type fails for ever on a schema that is there already, so this one is
    managed by a function. What a dataset has taken up stays when the stack rolls back; the next
    deployment with the same columns takes it back, and the deletion of the stack deletes it.

    Example:
        ```python
        schema = Schema(
            self,
            "Items",
            dataset_type=DatasetType.ITEMS,
            fields=[SchemaField.string("ITEM_ID"), SchemaField.string("GENRE", categorical=True)],
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        dataset_type: DatasetType,
        fields: Sequence[SchemaField] | None = None,
        domain: Domain | None = None,
        schema_name: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        """Define a schema.

        Args:
            scope: The construct to define the schema in.
            construct_id: The id of the schema within `scope`.
            dataset_type: The type of the datasets that it is for.
            fields: The columns; required ones that are left out are put first (default: those
                that the developer guide gives as an example).
            domain: The domain of the dataset group (default: none, a custom dataset group).
            schema_name: The name of the schema (default: derived from the construct path and the
                columns). A schema that is given a name needs another one for other columns; the
                deployment fails if there is a schema of that name already.
            removal_policy: What becomes of it when it is removed from the stack, or the stack is
                deleted (default: DESTROY).

        Raises:
            ValueError: If the name or the columns break a rule, all of which are told at once, the
                columns take more than the 20,000 characters of CreateSchema, or the name is taken.
        """
        avro = AvroSchema.of(dataset_type, fields, domain)
        refuse(
            [
                *findings_of_name("schema_name", schema_name),
                *avro.findings(),
                *findings_of_declaration(scope, construct_id, "schema", schema_name),
            ]
        )
        super().__init__(scope, construct_id, physical_name=schema_name)
        self._avro = avro
        content = {"schema": avro.to_json(), "domain": domain}
        self._schema_name = schema_name or name_of_version(self, content)
        request = {"name": self._schema_name, **without_none(content)}
        properties = {"Request": managed_request(self, request)}
        if schema_name is None:
            properties["NamePrefix"] = derived_stem(self)
        resource = PersonalizeProvider.of(self).custom_resource(
            self,
            "Resource",
            resource_type="Custom::PersonalizeSchema",
            properties=properties,
            touches=[("schema", self._schema_name)],
        )
        # The attribute and not the name: whatever has the ARN waits for the schema.
        self._schema_arn = known_reference(resource.get_att_string("Arn"))
        declare(self, "schema", self._schema_name)
        self.apply_removal_policy(removal_policy)

    @property
    def schema_arn(self) -> str:
        """The ARN of the schema."""
        return self._schema_arn

    @property
    def schema_name(self) -> str:
        """The name of the schema."""
        return self._schema_name

    @property
    def dataset_type(self) -> DatasetType:
        """The type of the datasets that have these columns."""
        return self._avro.dataset_type

    @property
    def avro(self) -> AvroSchema:
        """The columns."""
        return self._avro

    @property
    def _arn(self) -> str:
        return self._schema_arn

    @property
    def _rests_on(self) -> Sequence[object]:
        return ()

    @classmethod
    def from_schema_arn(
        cls, scope: Construct, construct_id: str, schema_arn: str, *, dataset_type: DatasetType
    ) -> ISchema:
        """Import a schema by its ARN, which does not tell its type."""
        return _ImportedSchema(scope, construct_id, schema_arn, dataset_type)

    @classmethod
    def from_schema_name(
        cls, scope: Construct, construct_id: str, schema_name: str, *, dataset_type: DatasetType
    ) -> ISchema:
        """Import a schema of this account and region by its name."""
        arn = arn_of_imported(scope, "schema", schema_name)
        return cls.from_schema_arn(scope, construct_id, arn, dataset_type=dataset_type)


class _ImportedSchema(_SchemaBase):
    def __init__(
        self, scope: Construct, construct_id: str, schema_arn: str, dataset_type: DatasetType
    ) -> None:
        arn = imported_arn("schema", schema_arn)
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._schema_arn = schema_arn
        self._dataset_type = dataset_type

    @property
    def schema_arn(self) -> str:
        return self._schema_arn

    @property
    def schema_name(self) -> str:
        return name_in(self, self._schema_arn)

    @property
    def dataset_type(self) -> DatasetType:
        return self._dataset_type

    @property
    def avro(self) -> None:
        return None
