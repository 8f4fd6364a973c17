"""Filters: expressions that leave items out of the answers."""

from __future__ import annotations

from cdk_personalize.avro_schema import AvroSchema, DatasetType
from cdk_personalize.filter_expression import FilterSyntaxError, findings, parse
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.resources.schema import parse_schema
from personalize_emulator.store import Document, Resource


class Filters(ResourceFamily):
    """The operations on filters."""

    kind = "filter"
    create_seconds = 60.0
    delete_seconds = 20.0

    def create_filter(self, request: Document, caller: Caller) -> Document:
        """Create a filter that fits the datasets of its group."""
        group = self._get_active(request["datasetGroupArn"], caller, kind="dataset-group")
        text = request["filterExpression"]
        try:
            expression = parse(text)
        except FilterSyntaxError as error:
            msg = f"The filter expression cannot be read: {error}."
            raise InvalidInputError(msg) from error
        broken = findings(expression, self._schemas(group), complete=True)
        if broken:
            msg = f"The filter expression is not valid: {'; '.join(broken)}."
            raise InvalidInputError(msg)
        self._require_room(self._quotas.filters, self._count(caller, group=group.arn), "filters")
        fields = set(expression.fields)
        for other in self._store.find(self.kind, group=group.arn):
            fields |= parse(other.document["filterExpression"]).fields
        # One field too many is refused, not the last that there is room for.
        self._require_room(
            self._quotas.filter_fields, len(fields) - 1, "distinct fields in the group's filters"
        )
        arn = caller.arn(f"filter/{request['name']}")
        tags = request.pop("tags", [])
        document = {**request, "filterArn": arn}
        self._create(arn, document, caller, name=request["name"], group=group.arn, tags=tags)
        return {"filterArn": arn}

    def describe_filter(self, request: Document, caller: Caller) -> Document:
        """Describe a filter."""
        return {"filter": self._get(request["filterArn"], caller).document}

    def list_filters(self, request: Document, caller: Caller) -> Document:
        """List the filters, of all groups or of one."""
        # The service writes this one member in a capital letter.
        return self._page(request, caller, "Filters", parent=request.get("datasetGroupArn"))

    def delete_filter(self, request: Document, caller: Caller) -> Document:
        """Delete a filter."""
        self._delete(self._get(request["filterArn"], caller))
        return {}

    def _schemas(self, group: Resource) -> dict[DatasetType, AvroSchema]:
        schemas = {}
        for dataset in self._store.find("dataset", group=group.arn):
            schema = parse_schema(self._existing(dataset.document["schemaArn"]).document)
            schemas[schema.dataset_type] = schema
        return schemas
