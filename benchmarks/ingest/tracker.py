"""A dataset group that takes events."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator.service import PersonalizeService

_SCHEMA = AvroSchema.of(
    DatasetType.INTERACTIONS,
    (
        SchemaField.string("EVENT_TYPE"),
        SchemaField.float("EVENT_VALUE", nullable=True),
        SchemaField.string("DEVICE", categorical=True, nullable=True),
    ),
)


def create_tracker(service: PersonalizeService) -> str:
    """Create a dataset group that takes events, and return its tracking id."""
    group = service.call("CreateDatasetGroup", {"name": "shop"})["datasetGroupArn"]
    _settle(service, "DatasetGroup", group)
    schema = service.call("CreateSchema", {"name": "log", "schema": _SCHEMA.to_json()})
    dataset = service.call(
        "CreateDataset",
        {
            "name": "log",
            "datasetType": "Interactions",
            "datasetGroupArn": group,
            "schemaArn": schema["schemaArn"],
        },
    )["datasetArn"]
    _settle(service, "Dataset", dataset)
    tracker = service.call("CreateEventTracker", {"name": "clicks", "datasetGroupArn": group})
    _settle(service, "EventTracker", tracker["eventTrackerArn"])
    return str(tracker["trackingId"])


def _settle(service: PersonalizeService, kind: str, arn: str) -> None:
    member = kind[0].lower() + kind[1:]
    described: Mapping[str, Any] = {}
    while described.get("status") != "ACTIVE":
        service.backend.clock.advance(60)
        time.sleep(0.002)
        described = service.call(f"Describe{kind}", {f"{member}Arn": arn})[member]
