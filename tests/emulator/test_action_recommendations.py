"""Next best actions: from a real model, filtered, and moved by what users do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.quotas import Quotas
from personalize_emulator.runtime import Runtime
from tests.emulator.cloud import Cloud, avro, interactions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from personalize_emulator import PersonalizeEmulator
    from tests.emulator.conftest import Shop

ACTIONS = AvroSchema.of(
    DatasetType.ACTIONS,
    (
        SchemaField.string("KIND", categorical=True),
        SchemaField.long("REPEAT_FREQUENCY", nullable=True),
    ),
)
LOG = AvroSchema.of(DatasetType.ACTION_INTERACTIONS, ())


class Nudges:
    """A campaign that recommends the actions act0 to act7.

    Users with even numbers take the even actions, the others the odd ones. Who did anything with
    act0 is not asked to again for a week.
    """

    def __init__(self, cloud: Cloud, name: str = "shop") -> None:
        """Set everything up, in a dataset group of this name."""
        self.cloud = cloud
        self.group = cloud.group(name)
        seen = cloud.dataset_of_schema(self.group, AvroSchema.parse(avro()))
        cloud.import_csv(seen, interactions())
        actions = cloud.dataset_of_schema(self.group, ACTIONS)
        kinds = "\n".join(f"act{n},{('even', 'odd')[n % 2]},{'' if n else 7}" for n in range(8))
        cloud.import_csv(actions, f"ACTION_ID,KIND,REPEAT_FREQUENCY\n{kinds}")
        log = cloud.dataset_of_schema(self.group, LOG)
        rows = [
            f"u{user},act{n},{'TAKEN' if user % 2 == n % 2 else 'NOT_TAKEN'},{1_700_000_000 + n}"
            for user in range(120)
            for n in range(8)
        ]
        cloud.import_csv(log, "\n".join(["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP", *rows]))
        self.tracking_id = cloud.describe(log)["trackingId"]
        version = cloud.version(cloud.solution(self.group, "next", "aws-next-best-action"))
        self.campaign = cloud.campaign(version)

    def ask(self, user: str = "u2", **more: Any) -> list[dict[str, Any]]:
        """Ask for actions."""
        answer = self.cloud.runtime.get_action_recommendations(
            campaignArn=self.campaign, userId=user, **more
        )
        return [dict(entry) for entry in answer["actionList"]]

    def ids(self, user: str = "u2", **more: Any) -> list[str]:
        """Ask for actions, and return their ids."""
        return [entry["actionId"] for entry in self.ask(user, **more)]

    def put(self, user: str, action: str, event_type: str) -> None:
        """Put what a user does now."""
        self.cloud.events.put_action_interactions(
            trackingId=self.tracking_id,
            actionInteractions=[
                {
                    "userId": user,
                    "sessionId": "s",
                    "actionId": action,
                    "eventType": event_type,
                    "timestamp": datetime.fromtimestamp(self.cloud.emulator.clock.now(), UTC),
                }
            ],
        )


@pytest.fixture(scope="module")
def nudges(emulator: PersonalizeEmulator) -> Iterator[Nudges]:
    """A campaign to ask; a test that changes it uses users of its own."""
    cloud = Cloud(emulator, "777777777777")
    yield Nudges(cloud)
    cloud.close()


def test_recommends_what_users_alike_take(nudges: Nudges) -> None:
    first = nudges.ids("u4", numResults=8)
    assert {int(action[3:]) % 2 for action in first[:2]} == {0}


def test_gives_five_unless_told_otherwise(nudges: Nudges) -> None:
    assert len(nudges.ids()) == 5
    assert len(nudges.ids(numResults=3)) == 3


def test_gives_a_hundred_at_most(nudges: Nudges) -> None:
    runtime = Runtime(replace(nudges.cloud.emulator.service.backend, quotas=Quotas()))
    request = {"campaignArn": nudges.campaign, "userId": "u2"}
    caller = Caller(nudges.cloud.account, "us-east-1")
    assert runtime.get_action_recommendations({**request, "numResults": 100}, caller)
    with pytest.raises(InvalidInputError, match="at most 100"):
        runtime.get_action_recommendations({**request, "numResults": 101}, caller)


def test_actions_have_scores(nudges: Nudges) -> None:
    assert all(0 <= entry["score"] <= 1 for entry in nudges.ask())


def test_somebody_unknown_gets_a_list_too(nudges: Nudges) -> None:
    assert nudges.ids("nobody")


def test_a_user_must_be_named(nudges: Nudges) -> None:
    with pytest.raises(nudges.cloud.runtime.exceptions.InvalidInputException, match="userId"):
        nudges.cloud.runtime.get_action_recommendations(campaignArn=nudges.campaign)


def test_actions_are_filtered_by_their_columns(nudges: Nudges) -> None:
    odd = nudges.cloud.filter(
        nudges.group, "INCLUDE ActionID WHERE Actions.KIND IN ($KIND)", "kind"
    )
    found = nudges.ids(numResults=8, filterArn=odd, filterValues={"KIND": '"odd"'})
    assert {int(action[3:]) % 2 for action in found} == {1}


def test_actions_are_filtered_by_what_the_user_did(nudges: Nudges) -> None:
    refused = nudges.cloud.filter(
        nudges.group,
        'EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("NOT_TAKEN")',
        "refused",
    )
    nudges.put("refuser", "act3", "Not Taken")
    assert "act3" in nudges.ids("refuser", numResults=8)
    assert "act3" not in nudges.ids("refuser", numResults=8, filterArn=refused)


def test_a_filter_of_items_does_not_apply(nudges: Nudges) -> None:
    arn = nudges.cloud.filter(
        nudges.group, "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)", "items"
    )
    with pytest.raises(nudges.cloud.runtime.exceptions.InvalidInputException, match="ItemID"):
        nudges.ids(filterArn=arn)


def test_what_a_user_does_counts_at_once(nudges: Nudges) -> None:
    assert "act0" in nudges.ids("busy", numResults=8)
    nudges.put("busy", "act0", "Taken")
    assert "act0" not in nudges.ids("busy", numResults=8)


def test_actions_are_no_items(nudges: Nudges) -> None:
    with pytest.raises(nudges.cloud.runtime.exceptions.InvalidInputException, match="GetAction"):
        nudges.cloud.runtime.get_recommendations(campaignArn=nudges.campaign, userId="u2")


def test_items_are_no_actions(shop: Shop) -> None:
    with pytest.raises(shop.cloud.runtime.exceptions.InvalidInputException, match="GetRecomm"):
        shop.cloud.runtime.get_action_recommendations(campaignArn=shop.for_you, userId="u2")
