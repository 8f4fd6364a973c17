"""What a training is given of the datasets of a group."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator.group_data import GroupData
from personalize_emulator.models import TrainingData
from tests.emulator.cloud import Cloud

DEVICE = SchemaField.string("DEVICE", categorical=True, nullable=True)
LOG = "\n".join(
    [
        "USER_ID,ITEM_ID,TIMESTAMP,DEVICE",
        "u1,a,1700000003,phone",
        "u1,b,1700000001,",
        "u2,a,1700000002,desktop",
        "u2,a,1700000002,phone",
    ]
)


def dataset(cloud: Cloud, group: str, schema: AvroSchema, csv: str) -> str:
    """Create a dataset with columns of its own."""
    name = schema.dataset_type.value
    arn = cloud.personalize.create_dataset(
        name=name,
        datasetType=name,
        datasetGroupArn=group,
        schemaArn=cloud.personalize.create_schema(name=name, schema=schema.to_json())["schemaArn"],
    )["datasetArn"]
    cloud.settle(arn)
    cloud.import_csv(arn, csv)
    return arn


@pytest.fixture
def group(cloud: Cloud) -> str:
    group = cloud.group()
    dataset(cloud, group, AvroSchema.of(DatasetType.INTERACTIONS, [DEVICE]), LOG)
    return group


def trained_on(cloud: Cloud, group: str, **config: object) -> TrainingData:
    data = GroupData(cloud.emulator.service.backend, group)
    return data.to_train_on(config, data.columns())


def devices(data: TrainingData) -> list[tuple[str, str, str | None]]:
    """The user, the item and the device of each interaction."""
    column = data.context["DEVICE"]
    names: list[str | None] = [*column.values, None]
    return [
        (data.user_ids[user], data.item_ids[item], names[code])
        for user, item, code in zip(data.user, data.item, column.codes, strict=True)
    ]


def test_contextual_metadata_is_that_of_each_interaction(cloud: Cloud, group: str) -> None:
    # The same interaction counts once, in the context that it was met in first.
    assert devices(trained_on(cloud, group)) == [
        ("u1", "b", None),
        ("u2", "a", "desktop"),
        ("u1", "a", "phone"),
    ]


def test_events_have_contextual_metadata_too(cloud: Cloud, group: str) -> None:
    _, tracking_id = cloud.tracker(group)
    cloud.events.put_events(
        trackingId=tracking_id,
        userId="u3",
        sessionId="s",
        eventList=[
            {
                "eventType": "view",
                "itemId": "c",
                "sentAt": datetime.now(UTC),
                "properties": json.dumps({"device": "tv"}),
            },
            {"eventType": "buy", "itemId": "c", "sentAt": datetime.now(UTC)},
        ],
    )
    assert devices(trained_on(cloud, group))[-2:] == [("u3", "c", "tv"), ("u3", "c", None)]


def test_contextual_metadata_can_be_excluded(cloud: Cloud, group: str) -> None:
    choice = {"excludedDatasetColumns": {"INTERACTIONS": ["DEVICE"]}}
    assert trained_on(cloud, group, trainingDataConfig=choice).context == {}


RATED = "\n".join(
    [
        "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE",
        "u1,a,1700000001,rate,5",
        "u1,b,1700000002,rate,1",
        "u2,a,1700000003,view,",
    ]
)


@pytest.fixture
def rated(cloud: Cloud) -> GroupData:
    group = cloud.group()
    cloud.dataset(group, DatasetType.INTERACTIONS, RATED)
    return GroupData(cloud.emulator.service.backend, group)


def test_interactions_are_of_the_type_and_above_the_threshold_that_is_asked_for(
    rated: GroupData,
) -> None:
    data = rated.to_train_on({"eventValueThreshold": "3"}, {}, event_type="Rate")
    assert [data.item_ids[item] for item in data.item] == ["a"]


def test_a_value_that_is_excluded_chooses_and_is_not_learned_from(rated: GroupData) -> None:
    choice = {"excludedDatasetColumns": {"Interactions": ["EVENT_VALUE"]}}
    config = {"eventValueThreshold": "3", "trainingDataConfig": choice}
    data = rated.to_train_on(config, {}, event_type="rate")
    assert len(data) == 1
    assert np.isnan(data.event_value).all()


def test_the_items_that_are_considered_were_met_last() -> None:
    data = TrainingData.of(
        ["u1", "u1", "u2", "u2"],
        ["old", "new", "old", "middle"],
        [1, 9, 2, 5],
        item_metadata={"new": {"PRICE": 1}, "old": {"PRICE": 2}, "unmet": {"PRICE": 3}},
    ).with_items_at_most(2)
    assert data.item_ids == ["new", "middle"]
    assert [data.item_ids[item] for item in data.item] == ["middle", "new"]
    assert data.item_metadata == {"new": {"PRICE": 1}}


def test_the_state_changes_with_the_data_and_not_by_itself(cloud: Cloud, group: str) -> None:
    schema = AvroSchema.of(DatasetType.ITEMS, [SchemaField.float("PRICE", nullable=True)])
    items = dataset(cloud, group, schema, "ITEM_ID,PRICE\na,1")
    data = GroupData(cloud.emulator.service.backend, group)
    before = data.state()
    assert data.state() == before
    cloud.emulator.skip(1)
    cloud.events.put_items(
        datasetArn=items, items=[{"itemId": "a", "properties": json.dumps({"price": 2.0})}]
    )
    changed = {name for name, state in data.state().items() if state != before[name]}
    assert changed == {"Items"}


def test_actions_are_given_as_if_they_were_items(cloud: Cloud, group: str) -> None:
    schema = AvroSchema.of(DatasetType.ACTIONS, [SchemaField.long("VALUE", nullable=True)])
    dataset(cloud, group, schema, "ACTION_ID,VALUE\njoin,3\nsubscribe,5")
    actions = trained_on(cloud, group).actions
    assert actions is not None
    assert actions.item_ids == ["join", "subscribe"]
    assert actions.item_metadata["subscribe"] == {"VALUE": 5}


def test_a_thousand_actions_are_considered(limited: Cloud) -> None:
    group = limited.group()
    schema = AvroSchema.of(DatasetType.ACTIONS, [SchemaField.long("VALUE", nullable=True)])
    rows = [f"action-{number},{number}" for number in range(1200)]
    dataset(limited, group, schema, "\n".join(["ACTION_ID,VALUE", *rows]))
    actions = trained_on(limited, group).actions
    assert actions is not None
    assert len(actions.item_ids) == 1000
