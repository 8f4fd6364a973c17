"""What a dataset group has to train on: its datasets, their columns, and what came since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator.backend import Backend
from personalize_emulator.data.records import IDENTIFIERS, Record
from personalize_emulator.datasets import dataset_of, parse_schema
from personalize_emulator.models import TrainingData
from personalize_emulator.store import Document, Resource

DataState = dict[str, list[float]]
"""By the type of each dataset of a group, numbers that change with its data."""

Columns = Mapping[str, Iterable[str]]
"""Names of columns by the type of their dataset."""

MOMENT = ("latestImport", "latestEvent", "data")
"""What the document of a solution version or a recommender holds of its training: the numbers of
the last import and the last event that it saw, and the state of all data."""

_NOTHING: list[float] = [0, 0]

_LOGS = (DatasetType.INTERACTIONS, DatasetType.ACTION_INTERACTIONS)


@dataclass(frozen=True)
class GroupData:
    """The data of a dataset group.

    Attributes:
        backend: What it lies in.
        group_arn: The dataset group.
    """

    backend: Backend
    group_arn: str

    def arn(self, dataset_type: DatasetType) -> str:
        """Return the ARN that the dataset of a type has."""
        return dataset_of(self.group_arn, dataset_type)

    def dataset(self, dataset_type: DatasetType) -> Resource | None:
        """Return the dataset of a type, None if there is none."""
        return self.backend.store.get(self.arn(dataset_type))

    def schema(self, dataset_type: DatasetType) -> AvroSchema | None:
        """Return the columns of the dataset of a type, None if there is none."""
        dataset = self.dataset(dataset_type)
        schema = dataset and self.backend.store.get(dataset.document["schemaArn"])
        return parse_schema(schema.document) if schema else None

    def schemas(self) -> dict[DatasetType, AvroSchema]:
        """Return the columns of all datasets."""
        found = {dataset_type: self.schema(dataset_type) for dataset_type in DatasetType}
        return {kind: schema for kind, schema in found.items() if schema is not None}

    def columns(self) -> dict[str, list[str]]:
        """Return the columns that each dataset of metadata has at this moment."""
        schemas = {dataset_type: self.schema(dataset_type) for dataset_type in IDENTIFIERS}
        return {
            dataset_type.value: list(schema.columns)
            for dataset_type, schema in schemas.items()
            if schema is not None
        }

    def state(self) -> DataState:
        """Return what changes with the data; it costs next to nothing to ask."""
        return {
            dataset_type.value: self._state(dataset_type)
            for dataset_type in DatasetType
            if self.dataset(dataset_type) is not None
        }

    def moment(self) -> Document:
        """Return how far a training looks that begins now: the members of `MOMENT`."""
        interactions = self.backend.interactions
        log = self.arn(DatasetType.INTERACTIONS)
        found = interactions.latest_import(log), interactions.latest_event(log), self.state()
        return dict(zip(MOMENT, found, strict=True))

    def fields_to_train_on(
        self, dataset_type: DatasetType, config: Document, columns: Columns
    ) -> list[SchemaField]:
        """Return the columns of a dataset of metadata that a model may learn from.

        Args:
            dataset_type: The type of the dataset.
            config: A `solutionConfig` or `recommenderConfig`, with its `trainingDataConfig`.
            columns: The columns that there were when it was made; later ones are for filters alone
                (the guide's page updating-dataset-schema).
        """
        schema = self.schema(dataset_type)
        if schema is None:
            return []
        choice = config.get("trainingDataConfig", {})
        known = set(columns.get(dataset_type.value, schema.columns))
        known -= named(choice.get("excludedDatasetColumns", {}), dataset_type)
        if included := named(choice.get("includedDatasetColumns", {}), dataset_type):
            known &= included
        return [
            field
            for field in schema.fields
            if field.name in known and schema.is_trainable(field.name)
        ]

    def to_train_on(
        self,
        config: Document,
        columns: Columns,
        *,
        event_type: str | None = None,
        impressions: bool = False,
    ) -> TrainingData:
        """Return all that a model may learn from; see `fields_to_train_on`.

        Args:
            config: A `solutionConfig` or `recommenderConfig`, with its `trainingDataConfig` and its
                `eventValueThreshold`.
            columns: The columns that there were when it was made.
            event_type: The type that the interactions must have. (default: any)
            impressions: Whether what was shown counts; it does for every event, whatever its type.
        """
        users = self._records(DatasetType.USERS, config, columns)
        schema = self.schema(DatasetType.INTERACTIONS)
        trained = self.fields_to_train_on(DatasetType.INTERACTIONS, config, columns)
        data = self.backend.interactions.training_data(
            self.arn(DatasetType.INTERACTIONS),
            items=self._records(DatasetType.ITEMS, config, columns),
            users=users,
            context=[
                field.name
                for field in trained
                if schema and field in schema.metadata and field.categorical
            ],
        )
        if event_type is not None:
            threshold = config.get("eventValueThreshold")
            data = data.only(event_type, None if threshold is None else float(threshold))
        if impressions:
            shown = self.backend.interactions.impressions(self.arn(DatasetType.INTERACTIONS))
            data = replace(data, impressions=shown)
        if all(field.name != "EVENT_VALUE" for field in trained):
            data = replace(data, event_value=np.full(len(data), np.nan))
        if self.dataset(DatasetType.ACTIONS) is None:
            return data
        actions = self.backend.interactions.training_data(
            self.arn(DatasetType.ACTION_INTERACTIONS),
            items=self._records(DatasetType.ACTIONS, config, columns),
            users=users,
        )
        considered = self.backend.quotas.actions_considered
        return replace(data, actions=actions.with_items_at_most(considered))

    def _state(self, dataset_type: DatasetType) -> list[float]:
        arn = self.arn(dataset_type)
        if dataset_type not in _LOGS:
            return self.backend.records.state(arn)
        interactions = self.backend.interactions
        return [interactions.latest_import(arn), interactions.latest_event(arn)]

    def _records(
        self, dataset_type: DatasetType, config: Document, columns: Columns
    ) -> Mapping[str, Record]:
        schema = self.schema(dataset_type)
        if schema is None:
            return {}
        kept = {field.name for field in self.fields_to_train_on(dataset_type, config, columns)}
        records = self.backend.records.all(self.arn(dataset_type))
        if kept.issuperset(set(schema.columns) - {IDENTIFIERS[dataset_type]}):
            return dict(records)
        return {
            key: {name: value for name, value in record.items() if name in kept}
            for key, record in records.items()
        }


def has_new(
    state: DataState, trained: DataState, dataset_types: Iterable[DatasetType] = DatasetType
) -> bool:
    """Tell whether data came to one of these datasets since a model was trained."""
    return any(
        state.get(dataset_type.value, _NOTHING) != trained.get(dataset_type.value, _NOTHING)
        for dataset_type in dataset_types
    )


def named(choice: Columns, dataset_type: DatasetType) -> set[str]:
    """Return the columns that a choice names of one dataset, whose type it has in any case."""
    return {
        name
        for chosen_type, names in choice.items()
        if chosen_type.casefold() == dataset_type.casefold()
        for name in names
    }
