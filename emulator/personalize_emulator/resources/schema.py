"""Schemas: the columns of a dataset, as Avro has them."""

from __future__ import annotations

from personalize_emulator.caller import Caller
from personalize_emulator.datasets import parse_schema
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.store import Document, Resource

__all__ = ["Schemas", "parse_schema"]


class Schemas(ResourceFamily):
    """The operations on schemas, which are there, and gone, at once."""

    kind = "schema"

    def create_schema(self, request: Document, caller: Caller) -> Document:
        """Create a schema that breaks no rule."""
        try:
            parse_schema(request)
        except ValueError as error:
            msg = f"The schema is not valid: {error}."
            raise InvalidInputError(msg) from error
        self._require_room(self._quotas.schemas, self._count(caller), "schemas")
        arn = caller.arn(f"schema/{request['name']}")
        now = self._backend.now()
        document = {
            **request,
            "schemaArn": arn,
            "creationDateTime": now,
            "lastUpdatedDateTime": now,
        }
        self._add(Resource(arn, self.kind, caller, request["name"], document))
        return {"schemaArn": arn}

    def describe_schema(self, request: Document, caller: Caller) -> Document:
        """Describe a schema."""
        return {"schema": self._get(request["schemaArn"], caller).document}

    def list_schemas(self, request: Document, caller: Caller) -> Document:
        """List the schemas."""
        return self._page(request, caller, "schemas")

    def delete_schema(self, request: Document, caller: Caller) -> Document:
        """Delete a schema that no dataset uses."""
        arn = self._get(request["schemaArn"], caller).arn
        for dataset in self._store.find("dataset", caller=caller):
            update = dataset.document.get("latestDatasetUpdate", {})
            if arn in {dataset.document["schemaArn"], update.get("schemaArn")}:
                self._refuse(f"{arn} is the schema of", dataset)
        self._store.remove(arn)
        return {}
