"""A filter: what recommendations leave out, or are limited to."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from aws_cdk import Annotations, IResource, RemovalPolicy, Resource
from aws_cdk import aws_iam as iam
from aws_cdk import aws_personalize as personalize
from constructs import Construct

from cdk_personalize._actions import FILTER_DESCRIBE
from cdk_personalize._declarations import declare, findings_of_declaration
from cdk_personalize._declared_data import DeclaredData, check_data
from cdk_personalize._deletion_order import Rank
from cdk_personalize._imported import arn_of_imported, imported_arn
from cdk_personalize._names import derived_name, findings_of_name
from cdk_personalize._places import findings_of_place
from cdk_personalize._removal import RemovableResource
from cdk_personalize._request import refuse
from cdk_personalize._tokens import is_token, known_reference
from cdk_personalize._tree import address_of, remember_default_child
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.filter_expression import (
    MAX_FIELDS_OF_GROUP,
    FilterExpression,
    findings,
    parse,
)

_TYPE = personalize.CfnFilter.CFN_RESOURCE_TYPE_NAME


class IFilter(IResource, Protocol):
    """A filter, defined in this app or imported."""

    @property
    def filter_arn(self) -> str:
        """The ARN of the filter."""
        ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this filter to `grantee`."""
        ...

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this filter is."""
        ...


class _FilterBase(Resource):
    """What owned and imported filters share; it rests on `filter_arn` alone."""

    @property
    @abstractmethod
    def filter_arn(self) -> str: ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this filter to `grantee`."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.filter_arn]
        )

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this filter is."""
        return self.grant(grantee, *FILTER_DESCRIBE)


class Filter(_FilterBase, RemovableResource):
    """Define a filter, which a request for recommendations names.

    A filter can never be changed. Its name ends in a hash of the expression, so that another
    expression is another filter.

    Example:
        ```python
        Filter(
            self,
            "NotBought",
            dataset_group=group,
            filter_expression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")',
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        dataset_group: IDatasetGroup,
        filter_expression: str,
        filter_name: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        """Define a filter.

        Its columns are looked up in the schemas of the group when the app is synthesised, since
        the datasets may be defined later on.

        Args:
            scope: The construct to define the filter in.
            construct_id: The id of the filter within `scope`.
            dataset_group: The group whose datasets it filters by.
            filter_expression: The expression.
            filter_name: The name (default: derived from the construct path and the expression).
                A filter that is given a name needs another one for another expression.
            removal_policy: What becomes of it when it is removed from the stack, or the stack is
                deleted (default: DESTROY).

        Raises:
            ValueError: If the expression breaks a rule, or the name is refused or taken; all that
                is wrong is in the message.
        """
        parsed, problems = _parsed(filter_expression)
        refuse(
            [
                *findings_of_name("filter_name", filter_name),
                *problems,
                *findings_of_place(scope, dataset_group=dataset_group),
                *findings_of_declaration(
                    scope, construct_id, "filter", filter_name, resource_type=_TYPE
                ),
            ]
        )
        super().__init__(scope, construct_id, physical_name=filter_name)
        self._dataset_group = dataset_group
        self._expression = filter_expression
        self._parsed = parsed
        self._filter_name = filter_name or derived_name(
            self,
            {"expression": filter_expression, "datasetGroup": dataset_group.dataset_group_name},
        )
        resource = personalize.CfnFilter(
            self,
            "Resource",
            name=self._filter_name,
            dataset_group_arn=dataset_group.dataset_group_arn,
            filter_expression=filter_expression,
        )
        remember_default_child(self, resource)
        self._filter_arn = known_reference(resource.attr_filter_arn)
        declare(self, "filter", self._filter_name)
        for spelling in parsed.warnings if parsed is not None else ():
            Annotations.of(self).add_warning_v2("cdk-personalize:filterSpelling", spelling)
        dataset_group.declare(self, Rank.FILTER)
        self.apply_removal_policy(removal_policy)
        check_data(self, dataset_group, self._findings)

    @property
    def filter_arn(self) -> str:
        """The ARN of the filter."""
        return self._filter_arn

    @property
    def filter_name(self) -> str:
        """The name of the filter."""
        return self._filter_name

    @property
    def expression(self) -> str:
        """The expression."""
        return self._expression

    @property
    def parsed_expression(self) -> FilterExpression | None:
        """The expression, parsed; none if it is known only at deployment."""
        return self._parsed

    @property
    def dataset_group(self) -> IDatasetGroup:
        """The group whose datasets it filters by."""
        return self._dataset_group

    @property
    def _arn(self) -> str:
        return self._filter_arn

    @property
    def _rests_on(self) -> Sequence[object]:
        return (self._dataset_group, *self._dataset_group.datasets)

    def _findings(self, data: DeclaredData) -> list[str]:
        """Check it against the schemas of its group, once all of them are defined."""
        if self._parsed is None:
            return []
        found = findings(self._parsed, data.schemas, complete=data.is_known)
        return found + self._findings_of_group()

    def _findings_of_group(self) -> list[str]:
        filters = self._dataset_group.filters
        if address_of(filters[-1]) != address_of(self):
            return []  # it is said once, of the last one
        parsed = [each.parsed_expression for each in filters]
        fields = {field for each in parsed if each is not None for field in each.fields}
        if len(fields) <= MAX_FIELDS_OF_GROUP:
            return []
        return [
            f"the filters of a dataset group use at most {MAX_FIELDS_OF_GROUP} distinct columns,"
            f" got {len(fields)}"
        ]

    @classmethod
    def from_filter_arn(cls, scope: Construct, construct_id: str, filter_arn: str) -> IFilter:
        """Import a filter by its ARN."""
        return _ImportedFilter(scope, construct_id, filter_arn)

    @classmethod
    def from_filter_name(cls, scope: Construct, construct_id: str, filter_name: str) -> IFilter:
        """Import a filter of this account and region by its name."""
        arn = arn_of_imported(scope, "filter", filter_name)
        return cls.from_filter_arn(scope, construct_id, arn)


class _ImportedFilter(_FilterBase):
    def __init__(self, scope: Construct, construct_id: str, filter_arn: str) -> None:
        arn = imported_arn("filter", filter_arn)
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._filter_arn = filter_arn

    @property
    def filter_arn(self) -> str:
        return self._filter_arn


def _parsed(expression: str) -> tuple[FilterExpression | None, list[str]]:
    """Return an expression, parsed if it is known, and what is wrong with it."""
    if is_token(expression):
        return None, []
    try:
        parsed = parse(expression)
    except ValueError as error:
        return None, [str(error)]
    return parsed, findings(parsed, {})
