"""Actions, and what users do with them, come in."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud

ACTIONS = AvroSchema.of(
    DatasetType.ACTIONS,
    (
        SchemaField.string("CATEGORY", categorical=True, nullable=True),
        SchemaField.int("COST", nullable=True),
    ),
)
INTERACTIONS = AvroSchema.of(
    DatasetType.ACTION_INTERACTIONS, (SchemaField.string("CHANNEL", nullable=True),)
)


class Log:
    """An Action interactions dataset, and its tracking id."""

    def __init__(self, cloud: Cloud) -> None:
        """Create it."""
        self.cloud = cloud
        self.arn = cloud.dataset_of_schema(cloud.group(), INTERACTIONS)
        self.tracking_id = cloud.describe(self.arn)["trackingId"]

    def put(self, *events: Any, tracking_id: str = "") -> None:
        """Put events, which lack nothing."""
        usual: Any = {"sessionId": "s", "userId": "u", "timestamp": datetime.now(UTC)}
        whole: Any = [usual | event for event in events]
        self.cloud.events.put_action_interactions(
            trackingId=tracking_id or self.tracking_id, actionInteractions=whole
        )

    def history(self, user: str = "u") -> list[tuple[str, str]]:
        """What is known of a user; the service itself has no operation that says it."""
        log = self.cloud.emulator.service.backend.interactions
        return [(event.item_id, event.event_type) for event in log.history(self.arn, user)]


@pytest.fixture
def log(cloud: Cloud) -> Log:
    """An empty log."""
    return Log(cloud)


def action(action_id: str, event_type: str = "Taken", **more: Any) -> dict[str, Any]:
    return {"actionId": action_id, "eventType": event_type, **more}


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("Taken", "TAKEN"),
        ("Not Taken", "NOT_TAKEN"),
        ("Not taken", "NOT_TAKEN"),
        ("NOT_TAKEN", "NOT_TAKEN"),
        ("viewed", "VIEWED"),
    ],
)
def test_what_a_user_did_with_an_action_is_kept(log: Log, spelling: str, expected: str) -> None:
    log.put(action("enrol", spelling))
    assert log.history() == [("enrol", expected)]


@pytest.mark.parametrize("event_type", ["Clicked", "View", "Not", "Taken "])
def test_other_types_are_refused(log: Log, event_type: str) -> None:
    with pytest.raises(log.cloud.events.exceptions.InvalidInputException, match="Not Taken"):
        log.put(action("enrol", event_type))


def test_the_same_event_counts_once(log: Log) -> None:
    log.put(action("enrol", eventId="one"), action("enrol", "Viewed", eventId="one"))
    assert log.history() == [("enrol", "TAKEN")]


def test_a_visitor_becomes_a_user_with_the_session(log: Log) -> None:
    log.cloud.events.put_action_interactions(
        trackingId=log.tracking_id,
        actionInteractions=[
            {
                "sessionId": "visit",
                "timestamp": datetime.fromtimestamp(1000, UTC),
                "actionId": "enrol",
                "eventType": "Viewed",
            }
        ],
    )
    assert log.history() == []
    log.put(action("enrol", sessionId="visit"))
    assert log.history() == [("enrol", "VIEWED"), ("enrol", "TAKEN")]


def test_properties_are_columns_in_camel_case(log: Log) -> None:
    log.put(action("enrol", properties=json.dumps({"channel": "app"})))
    with pytest.raises(log.cloud.events.exceptions.InvalidInputException, match="colour"):
        log.put(action("enrol", properties=json.dumps({"colour": "red"})))


def test_the_moment_is_in_seconds(log: Log) -> None:
    request = {
        "trackingId": log.tracking_id,
        "actionInteractions": [
            {**action("enrol"), "sessionId": "s", "timestamp": int(time.time() * 1000)}
        ],
    }
    with pytest.raises(Exception, match="timestamp must be in epoch seconds"):
        log.cloud.emulator.service.call(
            "PutActionInteractions",
            request,
            service="personalize-events",
            account=log.cloud.account,
        )


def test_an_unknown_tracking_id_is_invalid(log: Log) -> None:
    with pytest.raises(log.cloud.events.exceptions.InvalidInputException, match="nobody"):
        log.put(action("enrol"), tracking_id="nobody")


def test_the_id_of_an_event_tracker_is_not_that_of_actions(log: Log) -> None:
    group = log.cloud.describe(log.arn)["datasetGroupArn"]
    _, tracking_id = log.cloud.tracker(group)
    with pytest.raises(log.cloud.events.exceptions.InvalidInputException, match="Action inter"):
        log.put(action("enrol"), tracking_id=tracking_id)


def test_the_dataset_must_be_active(cloud: Cloud) -> None:
    schema = cloud.personalize.create_schema(name="log", schema=INTERACTIONS.to_json())
    arn = cloud.personalize.create_dataset(
        name="log",
        datasetType="Action_Interactions",
        datasetGroupArn=cloud.group(),
        schemaArn=schema["schemaArn"],
    )["datasetArn"]
    with pytest.raises(cloud.events.exceptions.ResourceInUseException, match="CREATE"):
        cloud.events.put_action_interactions(
            trackingId=cloud.describe(arn)["trackingId"],
            actionInteractions=[
                {
                    "actionId": "enrol",
                    "sessionId": "s",
                    "eventType": "Taken",
                    "timestamp": datetime.now(UTC),
                }
            ],
        )


def test_an_action_is_put_with_some_of_its_columns(cloud: Cloud) -> None:
    arn = cloud.dataset_of_schema(cloud.group(), ACTIONS)

    def put(**columns: object) -> None:
        cloud.events.put_actions(
            datasetArn=arn, actions=[{"actionId": "enrol", "properties": json.dumps(columns)}]
        )

    put(category="loyalty", cost=1)
    put(cost=2)
    records = cloud.emulator.service.backend.records
    assert records.get(arn, "enrol") == {"CATEGORY": "loyalty", "COST": 2}


@pytest.mark.parametrize("cost", [2**31, 1.5, "1", True])
def test_a_property_must_fit_its_column(cloud: Cloud, cost: object) -> None:
    arn = cloud.dataset_of_schema(cloud.group(), ACTIONS)
    with pytest.raises(cloud.events.exceptions.InvalidInputException, match="cost must be"):
        cloud.events.put_actions(
            datasetArn=arn,
            actions=[{"actionId": "enrol", "properties": json.dumps({"cost": cost})}],
        )
