"""Where the datasets of a group are, and how their columns are read."""

from __future__ import annotations

from functools import lru_cache

from cdk_personalize.avro_schema import AvroSchema, DatasetType, Domain
from personalize_emulator.store import Document


def dataset_of(group_arn: str, dataset_type: DatasetType) -> str:
    """Return the ARN that the dataset of this type has, in this group."""
    return f"{group_arn.replace(':dataset-group/', ':dataset/')}/{dataset_type.arn_segment}"


def parse_schema(document: Document) -> AvroSchema:
    """Return the columns that the document, or the request, of a schema declares.

    Raises:
        ValueError: They break a rule.
    """
    return _parsed(document["schema"], document.get("domain"))


@lru_cache(maxsize=128)
def _parsed(text: str, domain: str | None) -> AvroSchema:
    return AvroSchema.parse(text, Domain(domain) if domain else None)
