"""The Avro schema that declares the columns of a data set, and the rules that it must keep.

The rules are those of the developer guide's pages "Creating schema JSON files for Amazon
Personalize schemas" (how-it-works-dataset-schema), "Custom datasets and schemas", "ECOMMERCE
datasets and schemas", "VIDEO_ON_DEMAND datasets and schemas" and "Replacing a dataset's schema"
(updating-dataset-schema). Pure Python: the constructs check with it at synth, the emulator when
it is asked.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from cdk_personalize._columns import (
    DEFAULT_EXTRAS,
    FIELD_TYPES,
    MAX_METADATA,
    NEEDS_METADATA,
    NUMERIC_TYPES,
    REQUIRED,
    RESERVED,
    DatasetType,
    Domain,
    FieldType,
    SchemaField,
)
from cdk_personalize._csv_columns import fields_of_csv

__all__ = [
    "FIELD_TYPES",
    "NUMERIC_TYPES",
    "AvroSchema",
    "DatasetType",
    "Domain",
    "FieldType",
    "SchemaField",
    "fields_of_csv",
]

_NAMESPACE = "com.amazonaws.personalize.schema"
_MAX_CHARACTERS = 20_000  # CreateSchema
_COLUMN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class AvroSchema:
    """The columns of a data set, as Personalize's Avro schemas declare them."""

    dataset_type: DatasetType
    fields: tuple[SchemaField, ...]
    domain: Domain | None = None

    @classmethod
    def of(
        cls,
        dataset_type: DatasetType,
        fields: Sequence[SchemaField] | None = None,
        domain: Domain | None = None,
    ) -> Self:
        """Return a schema with its required columns, first where `fields` lacks them.

        Args:
            dataset_type: The kind of data set.
            fields: The columns (default: the domain's default schema, or for custom data sets the
                columns that most shops have).
            domain: The domain of the dataset group (default: none, a custom one).
        """
        kind = (domain, dataset_type)
        required = REQUIRED.get(kind, ())
        if fields is None:
            return cls(dataset_type, (*required, *DEFAULT_EXTRAS.get(kind, ())), domain)
        given = {field.name for field in fields}
        missing = (field for field in required if field.name not in given)
        return cls(dataset_type, (*missing, *fields), domain)

    @classmethod
    def parse(cls, text: str, domain: Domain | None = None) -> Self:
        """Read an Avro schema.

        Raises:
            ValueError: If it breaks a rule; the message names every one that it breaks.
        """
        try:
            record = json.loads(text)
        except json.JSONDecodeError as error:
            msg = f"the schema is no JSON: {error}"
            raise ValueError(msg) from error
        if not isinstance(record, dict) or record.get("type") != "record":
            msg = 'the schema must be a JSON object with "type": "record"'
            raise ValueError(msg)
        if not isinstance(record.get("fields"), list):
            msg = 'the schema must have a list of "fields"'
            raise ValueError(msg)
        names = {member.record_name: member for member in DatasetType}
        findings: list[str] = []
        if (name := record.get("name")) not in names:
            findings.append(f"the name of the record must be one of {', '.join(names)}, got {name}")
        fields = []
        for field in record["fields"]:
            try:
                fields.append(SchemaField.from_avro(field))
            except ValueError as error:
                findings.append(str(error))
        if name in names:
            schema = cls(names[name], tuple(fields), domain)
            unread = {field.get("name") for field in record["fields"] if isinstance(field, dict)}
            findings += schema.findings(ignored=unread - {field.name for field in fields})
        if findings:
            raise ValueError("; ".join(findings))
        return schema

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(field.name for field in self.fields)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the columns that such a data set must have."""
        return tuple(field.name for field in REQUIRED.get((self.domain, self.dataset_type), ()))

    @property
    def documented(self) -> dict[str, SchemaField]:
        """The required and the reserved columns of such a data set, as the guide has them."""
        kind = (self.domain, self.dataset_type)
        return {field.name: field for field in (*REQUIRED.get(kind, ()), *RESERVED.get(kind, ()))}

    @property
    def metadata(self) -> tuple[SchemaField, ...]:
        """The columns that are neither required nor reserved."""
        return tuple(field for field in self.fields if field.name not in self.documented)

    def field(self, name: str) -> SchemaField | None:
        """Return the column of that name, if there is one."""
        return next((field for field in self.fields if field.name == name), None)

    def is_trainable(self, name: str) -> bool:
        """Tell whether models may learn from a column.

        They never do from booleans, impressions, and text that is neither categorical nor textual,
        unless it is a column that the service knows (the guide's page custom-config-columns). The
        names of items are what aws-semantic-similarity is made for.
        """
        field = self.field(name)
        if field is None or field.type == "boolean" or name == "IMPRESSION":
            return False
        return field.is_trainable_metadata or field.item_name or name in self.documented

    def to_json(self) -> str:
        """Return the schema as CreateSchema takes it."""
        record = {
            "type": "record",
            "name": self.dataset_type.record_name,
            "namespace": _NAMESPACE,
            "fields": [field.as_avro() for field in self.fields],
            "version": "1.0",
        }
        return json.dumps(record, separators=(",", ":"))

    def findings(self, *, ignored: Iterable[object] = ()) -> list[str]:
        """Return every rule that the schema breaks; none if it is fine.

        Args:
            ignored: Columns that are not to be reported as missing.
        """
        if (self.domain, self.dataset_type) not in REQUIRED:
            return [f"the domain {self.domain} has no data set of type {self.dataset_type}"]
        return [
            *self._findings_of_names(),
            *self._findings_of_documented(frozenset(ignored)),
            *self._findings_of_attributes(),
            *self._findings_of_metadata(),
            *self._findings_of_length(),
        ]

    def findings_of_update(self, new: "AvroSchema") -> list[str]:
        """Return why a data set with this schema cannot be given `new` in place.

        See "Replacing a dataset's schema" (updating-dataset-schema): Items and Users only, every
        old column stays as it is, and every new one may be null.
        """
        if self.dataset_type not in {DatasetType.ITEMS, DatasetType.USERS}:
            return [f"the schema of a data set of type {self.dataset_type} cannot be replaced"]
        if new.dataset_type is not self.dataset_type:
            return [
                f"the new schema is for {new.dataset_type}, the data set is {self.dataset_type}"
            ]
        changed = [
            f"the column {old.name} must stay as it is"
            for old in self.fields
            if new.field(old.name) != old
        ]
        strict = [
            f"the new column {field.name} must be nullable"
            for field in new.fields
            if self.field(field.name) is None and not field.nullable
        ]
        return changed + strict

    def _findings_of_names(self) -> list[str]:
        findings = [
            f"a column name is made of letters, digits and underscores, got {name!r}"
            for name in self.columns
            if not _COLUMN_NAME.fullmatch(name)
        ]
        counted = Counter(self.columns)
        findings += [
            f"the column {name} is there {n} times" for name, n in counted.items() if n > 1
        ]
        alike: dict[str, list[str]] = {}
        for name in counted:
            alike.setdefault(name.replace("_", ""), []).append(name)
        findings += [
            f"the columns {' and '.join(names)} differ by underscores alone"
            for names in alike.values()
            if len(names) > 1
        ]
        return findings

    def _findings_of_documented(self, ignored: frozenset[object]) -> list[str]:
        findings = []
        for name, documented in self.documented.items():
            field = self.field(name)
            if field is None:
                if name in self.required and name not in ignored:
                    findings.append(
                        f"{self.dataset_type} needs the column {name} ({documented.type})"
                    )
                continue
            if field.type != documented.type:
                findings.append(f"{name} must be of type {documented.type}, got {field.type}")
            # Which of the optional columns may be null differs from page to page of the guide.
            if field.nullable and name in self.required:
                findings.append(f"{name} is required and cannot be null")
            if field.categorical != documented.categorical:
                findings.append(
                    f"{name} must {'' if documented.categorical else 'not '}be categorical"
                )
            if field.textual != documented.textual:
                findings.append(f"{name} must {'' if documented.textual else 'not '}be textual")
        return findings

    def _findings_of_attributes(self) -> list[str]:
        findings = []
        for field in self.fields:
            flags = {
                "categorical": field.categorical,
                "textual": field.textual,
                "itemName": field.item_name,
            }
            findings += [
                f"{field.name} is {flag} and must be of type string, got {field.type}"
                for flag, on in flags.items()
                if on and field.type != "string"
            ]
            if field.categorical and field.textual:
                findings.append(f"{field.name} cannot be both categorical and textual")
        for flag, on in (
            ("textual", [field.name for field in self.fields if field.textual]),
            ("itemName", [field.name for field in self.fields if field.item_name]),
        ):
            if on and self.dataset_type is not DatasetType.ITEMS:
                findings.append(f"only Items has {flag} columns, got {', '.join(on)}")
            elif len(on) > 1:
                findings.append(f"Items has at most one {flag} column, got {', '.join(on)}")
        return findings

    def _findings_of_metadata(self) -> list[str]:
        findings = []
        most = MAX_METADATA[self.dataset_type]
        if len(self.metadata) > most:
            findings.append(
                f"{self.dataset_type} has at most {most} metadata columns, got {len(self.metadata)}"
            )
        # A creation time alone is no metadata; the prices and categories of a domain are.
        candidates = [field for field in self.fields if field.name != "CREATION_TIMESTAMP"]
        if self.dataset_type in NEEDS_METADATA and not any(
            field.is_trainable_metadata for field in candidates
        ):
            prose = "textual, " if self.dataset_type is DatasetType.ITEMS else ""
            findings.append(
                f"{self.dataset_type} needs at least one metadata column: "
                f"categorical, {prose}or a number"
            )
        return findings

    def _findings_of_length(self) -> list[str]:
        length = len(self.to_json())
        if length <= _MAX_CHARACTERS:
            return []
        return [f"a schema has at most {_MAX_CHARACTERS} characters, got {length} as JSON"]
