"""Custom::PersonalizeSchema.

A data set that has taken up a new schema keeps it when the stack rolls back, since the service
takes no column away. The new schema then outlives the roll-back, and CloudFormation's own type
would fail on it for ever after; this one takes it back when the same columns are deployed again,
and deletes what nobody took back together with the stack. Only names that are derived from the
stack tell that a schema is its own; of a name that was given, one that is there already is another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from personalize_runtime.observability import logger
from resource_provider.adoption import adopt
from resource_provider.control_plane import code_of, unless_missing
from resource_provider.lifecycle import (
    Change,
    ProvisioningError,
    ResourceEvent,
    physical_id,
    request_of,
)
from resource_provider.stacks import Stacks

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient


class SchemaResource:
    """The schemas of the stack, which are there, and gone, at once."""

    def __init__(self, personalize: PersonalizeClient, stacks: Stacks) -> None:
        """Keep the client, and what tells how a stack is."""
        self._personalize = personalize
        self._stacks = stacks

    def create(self, event: ResourceEvent) -> Change:
        """Create the schema, or take the same one back that the stack has left."""
        request, arn = request_of(event), _arn(event)
        # Looked for first: the repeat of a creation needs no room for one more.
        there = self._describe(arn)
        if there is None:
            try:
                return Change(self._personalize.create_schema(**request)["schemaArn"])
            except ClientError as error:
                if code_of(error) != "ResourceAlreadyExistsException":
                    raise
                there = self._describe(arn)
                if there is None:
                    raise
        if not _is_same(request, there):
            msg = (
                f"the schema {arn} is there already, with other columns or for another domain, "
                "and no schema can be changed: give this one another schema_name"
            )
            raise ProvisioningError(msg)
        adopt("schema", arn, there, {}, is_known=self._is_known(event))
        return Change(arn)

    def update(self, event: ResourceEvent) -> Change:
        """Create the schema that takes the place of the old one, which nothing changes."""
        return self.create(event)

    def still_changing(self, event: ResourceEvent) -> str | None:
        """Wait for nothing."""
        return None

    def still_deleting(self, event: ResourceEvent) -> str | None:
        """Delete the schema; with the whole stack, also those that roll-backs have left.

        One that a data set has is left. It is that of a roll-back, which the next deployment may
        take back, or that of a data set that is not of this stack.
        """
        self._delete(physical_id(event))
        prefix = event["ResourceProperties"].get("NamePrefix")
        if prefix and self._stacks.is_being_deleted(event):
            for arn in self._named(prefix):
                self._delete(arn)
        return None

    def _is_known(self, event: ResourceEvent) -> bool:
        """Tell whether a schema that is there already is one of the stack."""
        prefix = event["ResourceProperties"].get("NamePrefix")
        if prefix and request_of(event)["name"].startswith(prefix):
            return True
        is_update = event["RequestType"] == "Update"
        return is_update and (
            _arn(event) == physical_id(event) or self._stacks.is_rolling_back(event)
        )

    def _delete(self, arn: str) -> None:
        try:
            unless_missing(lambda: self._personalize.delete_schema(schemaArn=arn))
        except ClientError as error:
            if code_of(error) != "ResourceInUseException":
                raise
            logger.warning("left: a data set has the schema", arn=arn)

    def _named(self, prefix: str) -> list[str]:
        """Return the schemas whose names begin so, which are those of one construct."""
        return [arn for arn in self._arns() if arn.partition(":schema/")[2].startswith(prefix)]

    def _arns(self) -> Iterator[str]:
        for page in self._personalize.get_paginator("list_schemas").paginate():
            yield from (schema["schemaArn"] for schema in page["schemas"])

    def _describe(self, arn: str) -> dict[str, Any] | None:
        answer = unless_missing(lambda: self._personalize.describe_schema(schemaArn=arn))
        return None if answer is None else dict(answer["schema"])


def _arn(event: ResourceEvent) -> str:
    # That of the stack tells the partition, the Region and the account, and no property does.
    _, partition, _, region, account, _ = event["StackId"].split(":", 5)
    return f"arn:{partition}:personalize:{region}:{account}:schema/{request_of(event)['name']}"


def _is_same(request: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Tell whether a schema is what is asked for, however its text is written."""
    return json.loads(request["schema"]) == json.loads(schema["schema"]) and (
        request.get("domain") or None
    ) == (schema.get("domain") or None)
