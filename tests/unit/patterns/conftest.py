"""The state machines of a pipeline, made once, and a stack with an archive of events."""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kinesis as kinesis

from cdk_personalize import Dataset, DatasetGroup
from cdk_personalize.patterns import DataStore, EventArchive
from tests.unit.patterns.declared_archive import archived_datasets
from tests.unit.patterns.pipeline_machines import States, read_definitions, states_of


@pytest.fixture(scope="session")
def definitions() -> dict[str, dict[str, Any]]:
    return read_definitions()


@pytest.fixture(scope="session")
def all_states(definitions: dict[str, dict[str, Any]]) -> States:
    return {
        f"{machine}: {name}": state
        for machine, definition in definitions.items()
        for name, state in states_of(definition)
    }


@pytest.fixture
def store(stack: cdk.Stack) -> DataStore:
    return DataStore(stack, "Data")


@pytest.fixture
def stream(stack: cdk.Stack, store: DataStore) -> kinesis.Stream:
    return kinesis.Stream(stack, "Stream", encryption_key=store.key)


@pytest.fixture
def datasets(stack: cdk.Stack, dataset_group: DatasetGroup) -> list[Dataset]:
    return archived_datasets(stack, dataset_group)


@pytest.fixture
def archive(
    stack: cdk.Stack, stream: kinesis.Stream, store: DataStore, datasets: Sequence[Dataset]
) -> EventArchive:
    return EventArchive(stack, "Archive", stream=stream, data_store=store, datasets=datasets)
