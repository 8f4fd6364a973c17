"""Events and single records come in, and count at once."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator.errors import ServiceError
from tests.emulator.cloud import interactions, taste_of

if TYPE_CHECKING:
    from mypy_boto3_personalize_events.type_defs import EventTypeDef

    from tests.emulator.cloud import Cloud
    from tests.emulator.conftest import Shop


def event(
    item: str | None,
    *,
    event_id: str | None = None,
    sent_at: float | None = None,
    properties: object = None,
) -> EventTypeDef:
    moment = time.time() if sent_at is None else sent_at
    made: EventTypeDef = {"eventType": "view", "sentAt": datetime.fromtimestamp(moment, UTC)}
    if item is not None:
        made["itemId"] = item
    if event_id is not None:
        made["eventId"] = event_id
    if properties is not None:
        made["properties"] = properties if isinstance(properties, str) else json.dumps(properties)
    return made


def put(
    shop: Shop, *events: EventTypeDef, user: str | None = None, session: str = "session"
) -> None:
    if user is None:
        shop.cloud.events.put_events(
            trackingId=shop.tracking_id, sessionId=session, eventList=events
        )
    else:
        shop.cloud.events.put_events(
            trackingId=shop.tracking_id, sessionId=session, eventList=events, userId=user
        )


def put_into(cloud: Cloud, tracking_id: str) -> None:
    cloud.events.put_events(trackingId=tracking_id, sessionId="s", eventList=[event("a1")])


def history(shop: Shop, user: str) -> list[str]:
    """What is known of a user; the service itself has no operation that says it."""
    log = shop.cloud.emulator.service.backend.interactions
    return [entry.item_id for entry in log.history(shop.interactions, user)]


def details(shop: Shop, user: str) -> dict[str, object]:
    """What is kept of the only event of a user."""
    ((text,),) = shop.cloud.emulator.service.backend.store.execute(
        "SELECT details FROM events WHERE arn = ? AND user_id = ?", (shop.interactions, user)
    )
    found: dict[str, object] = json.loads(text)
    return found


@pytest.fixture
def user() -> str:
    """A user whom nobody knows yet."""
    return f"new-{uuid.uuid4()}"


@pytest.fixture
def session() -> str:
    """A session of its own."""
    return f"session-{uuid.uuid4()}"


def test_change_the_next_answer(shop: Shop, user: str) -> None:
    cold = shop.recommended(user, 5)
    put(shop, *(event(f"b{number}") for number in range(3)), user=user)
    assert shop.recommended(user, 5) != cold


def test_move_the_answer_towards_what_was_liked(shop: Shop, user: str) -> None:
    put(shop, *(event(f"b{number}") for number in range(5)), user=user)
    assert taste_of(shop.recommended(user, 5)) == "b"


def test_do_not_change_the_answers_of_others(shop: Shop, user: str) -> None:
    before = shop.recommended("u0")
    put(shop, *(event(f"b{number}") for number in range(5)), user=user)
    assert shop.recommended("u0") == before


def test_the_same_event_counts_once(shop: Shop, user: str) -> None:
    again = event("a1", event_id=f"event-{user}")
    put(shop, again, user=user)
    put(shop, again, user=user)
    assert history(shop, user) == ["a1"]


def test_events_that_say_the_same_at_the_same_time_count_once(shop: Shop, user: str) -> None:
    put(shop, event("a1", sent_at=1000), event("a1", sent_at=1000), user=user)
    put(shop, event("a1", sent_at=1000), event("a1", sent_at=1001), user=user)
    assert history(shop, user) == ["a1", "a1"]


def test_events_of_different_ids_all_count(shop: Shop, user: str) -> None:
    events = [event("a1", event_id=f"{number}-{user}", sent_at=1000) for number in range(2)]
    put(shop, *events, user=user)
    assert history(shop, user) == ["a1", "a1"]


def test_an_id_within_one_call_counts_once(shop: Shop, user: str) -> None:
    put(shop, event("a1", event_id=user), event("a2", event_id=user), user=user)
    assert history(shop, user) == ["a1"]


def test_a_visitor_becomes_a_user_with_the_session(shop: Shop, user: str, session: str) -> None:
    put(shop, event("a1"), session=session)
    assert history(shop, user) == []
    put(shop, event("a2"), session=session, user=user)
    assert history(shop, user) == ["a1", "a2"]


def test_a_user_who_logs_out_is_known_for_the_rest_of_the_session(
    shop: Shop, user: str, session: str
) -> None:
    put(shop, event("a1"), session=session, user=user)
    put(shop, event("a2"), session=session)
    assert history(shop, user) == ["a1", "a2"]


def test_of_two_users_in_a_session_each_has_what_came_before(
    shop: Shop, user: str, session: str
) -> None:
    put(shop, event("a1"), session=session)
    put(shop, event("a2"), session=session, user=user)
    put(shop, event("a3"), session=session)
    put(shop, event("a4"), session=session, user=f"{user}-other")
    assert history(shop, user) == ["a1", "a2", "a3"]
    assert history(shop, f"{user}-other") == ["a4"]


def test_what_a_visitor_did_counts_for_the_user_after_the_next_training(
    cloud: Cloud,
) -> None:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    solution = cloud.solution(group)
    campaign = cloud.campaign(cloud.version(solution))
    _, tracking_id = cloud.tracker(group)

    def put(user: str | None, *items: str) -> None:
        who = {} if user is None else {"userId": user}
        cloud.events.put_events(
            trackingId=tracking_id,
            sessionId="visit",
            eventList=[event(item) for item in items],
            **who,
        )

    def taste(user: str) -> str:
        answer = cloud.runtime.get_recommendations(campaignArn=campaign, userId=user, numResults=5)
        return taste_of([entry["itemId"] for entry in answer["itemList"]])

    put(None, *(f"b{number}" for number in range(6)))
    put("late", "a1")
    assert (taste("late"), taste("visit")) == ("a", "b")
    cloud.personalize.update_campaign(
        campaignArn=campaign, solutionVersionArn=cloud.version(solution)
    )
    cloud.settle(campaign, update=True)
    assert taste("late") == "b"


def test_a_session_of_a_user_does_not_become_anothers(shop: Shop, user: str, session: str) -> None:
    put(shop, event("a1"), session=session, user=user)
    put(shop, event("a2"), session=session, user="another")
    assert history(shop, user) == ["a1"]


def test_a_visitor_is_known_by_the_session(shop: Shop, session: str) -> None:
    put(shop, *(event(f"b{number}") for number in range(5)), session=session)
    assert taste_of(shop.recommended(session, 5)) == "b"


def test_an_event_may_be_about_no_item(shop: Shop, user: str) -> None:
    put(shop, event(None), event("a1"), user=user)
    assert history(shop, user) == ["a1"]


def test_the_item_may_be_among_the_properties(shop: Shop, user: str) -> None:
    put(shop, event(None, properties={"itemId": "a7"}), user=user)
    assert history(shop, user) == ["a7"]


def test_a_property_may_be_a_column_in_camel_case(shop: Shop, user: str) -> None:
    put(shop, event("a1", properties={"eventValue": 2.5}), user=user)
    log = shop.cloud.emulator.service.backend.interactions
    assert log.history(shop.interactions, user)[0].event_value == 2.5


def test_events_are_in_the_order_in_which_they_happened(shop: Shop, user: str) -> None:
    put(shop, event("a2", sent_at=2000), event("a1", sent_at=1000), user=user)
    assert history(shop, user) == ["a1", "a2"]


@pytest.mark.parametrize("name", ["userId", "sessionid", "EVENTTYPE", "timestamp", "impression"])
def test_what_has_a_member_of_its_own_is_no_property(shop: Shop, user: str, name: str) -> None:
    with pytest.raises(shop.cloud.events.exceptions.InvalidInputException, match=name):
        put(shop, event("a1", properties={name: "x"}), user=user)


def test_a_property_that_no_column_has_is_refused(shop: Shop, user: str) -> None:
    with pytest.raises(shop.cloud.events.exceptions.InvalidInputException, match="colour"):
        put(shop, event("a1", properties={"colour": "red"}), user=user)


@pytest.mark.parametrize("properties", ["{", "[]", "7"])
def test_properties_that_are_no_object_are_refused(shop: Shop, user: str, properties: str) -> None:
    with pytest.raises(shop.cloud.events.exceptions.InvalidInputException, match="JSON object"):
        put(shop, event("a1", properties=properties), user=user)


@pytest.mark.parametrize(
    "properties", [{"eventValue": "2"}, {"eventValue": True}, {"itemId": 7}, {"itemId": ""}]
)
def test_what_has_a_member_has_its_type_among_the_properties(
    shop: Shop, user: str, properties: object
) -> None:
    with pytest.raises(shop.cloud.events.exceptions.InvalidInputException, match="must be"):
        put(shop, event(None, properties=properties), user=user)


def test_a_moment_in_milliseconds_is_refused(shop: Shop) -> None:
    with pytest.raises(ServiceError, match="sentAt must be in epoch seconds"):
        shop.cloud.emulator.service.call(
            "PutEvents",
            {
                "trackingId": shop.tracking_id,
                "sessionId": "s",
                "eventList": [{"eventType": "view", "sentAt": int(time.time() * 1000)}],
            },
            service="personalize-events",
            account=shop.cloud.account,
        )


def test_an_event_has_ten_kilobytes_at_most(limited: Cloud) -> None:
    group = limited.group("large")
    limited.dataset(group)
    _, tracking_id = limited.tracker(group)
    large = event("a1")
    large["impression"] = ["\N{GRINNING FACE}" * 150 for _ in range(25)]
    with pytest.raises(limited.events.exceptions.InvalidInputException, match="10240 bytes"):
        limited.events.put_events(trackingId=tracking_id, sessionId="s", eventList=[large])


def test_a_list_that_was_recommended_is_an_impression(shop: Shop, user: str) -> None:
    given = shop.cloud.runtime.get_recommendations(
        campaignArn=shop.for_you, userId=user, numResults=3
    )
    said = event("a1")
    said["recommendationId"] = given["recommendationId"]
    put(shop, said, user=user)
    assert details(shop, user)["impression"] == [item["itemId"] for item in given["itemList"]]


def test_an_impression_that_is_named_counts_before_the_list(shop: Shop, user: str) -> None:
    given = shop.cloud.runtime.get_recommendations(campaignArn=shop.for_you, userId=user)
    said = event("a1")
    said["recommendationId"] = given["recommendationId"]
    said["impression"] = ["a1", "b1"]
    put(shop, said, user=user)
    assert details(shop, user)["impression"] == ["a1", "b1"]


def test_visitors_nobody_knows_are_not_trained_on(shop: Shop, session: str) -> None:
    put(shop, event("a1"), session=session)
    data = shop.cloud.emulator.service.backend.interactions.training_data(
        shop.interactions, items={}, users={}
    )
    assert session not in data.user_ids


@pytest.mark.parametrize("properties", ['{"itemId":"\\ud800"}', '{"\\udfff":1}'])
def test_halves_of_characters_are_refused(shop: Shop, user: str, properties: str) -> None:
    with pytest.raises(shop.cloud.events.exceptions.InvalidInputException, match="Unicode"):
        put(shop, event(None, properties=properties), user=user)


def test_a_property_is_not_longer_than_a_column(limited: Cloud) -> None:
    items = limited.dataset(limited.group("long"), DatasetType.ITEMS)
    put_item(limited, items, "new", category="x" * 1000)
    with pytest.raises(limited.events.exceptions.InvalidInputException, match="at most 1000"):
        put_item(limited, items, "new", category="x" * 1001)


def test_one_bad_event_keeps_all_of_the_call_out(shop: Shop, user: str) -> None:
    with pytest.raises(shop.cloud.events.exceptions.InvalidInputException):
        put(shop, event("a1"), event("a2", properties="{"), user=user)
    assert history(shop, user) == []


def test_more_than_ten_events_are_refused(shop: Shop, user: str) -> None:
    with pytest.raises(shop.cloud.events.exceptions.InvalidInputException, match="10"):
        put(shop, *(event("a1") for _ in range(11)), user=user)


def test_an_unknown_tracking_id_is_invalid(cloud: Cloud) -> None:
    with pytest.raises(cloud.events.exceptions.InvalidInputException, match="none"):
        put_into(cloud, "none")


def test_the_tracking_id_of_another_account_is_invalid(shop: Shop, cloud: Cloud) -> None:
    with pytest.raises(cloud.events.exceptions.InvalidInputException, match="unknown"):
        put_into(cloud, shop.tracking_id)


def test_the_tracker_must_be_active(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group)
    answer = cloud.personalize.create_event_tracker(name="clicks", datasetGroupArn=group)
    with pytest.raises(cloud.events.exceptions.InvalidInputException, match="PENDING"):
        put_into(cloud, answer["trackingId"])


def test_the_group_must_have_interactions(cloud: Cloud) -> None:
    _, tracking_id = cloud.tracker(cloud.group())
    with pytest.raises(cloud.events.exceptions.InvalidInputException, match="Interactions"):
        put_into(cloud, tracking_id)


def test_a_model_can_be_trained_on_events_alone(cloud: Cloud) -> None:
    group = cloud.group()
    cloud.dataset(group)
    _, tracking_id = cloud.tracker(group)
    for line in interactions().splitlines()[1:]:
        user, item, timestamp, event_type, _ = line.split(",")
        cloud.emulator.service.call(
            "PutEvents",
            {
                "trackingId": tracking_id,
                "userId": user,
                "sessionId": user,
                "eventList": [{"eventType": event_type, "itemId": item, "sentAt": int(timestamp)}],
            },
            service="personalize-events",
            account=cloud.account,
        )
    campaign = cloud.campaign(cloud.version(cloud.solution(group)))
    answer = cloud.runtime.get_recommendations(campaignArn=campaign, userId="u0", numResults=3)
    assert {entry["itemId"][0] for entry in answer["itemList"]} == {"a"}


def test_events_do_not_move_recipes_that_wait_for_training(shop: Shop, user: str) -> None:
    def related() -> list[str]:
        answer = shop.cloud.runtime.get_recommendations(
            campaignArn=shop.related, itemId="a1", userId=user
        )
        return [entry["itemId"] for entry in answer["itemList"]]

    before = related()
    put(shop, *(event(f"b{number}") for number in range(5)), user=user)
    assert related() == before


def test_an_item_is_put_with_some_of_its_columns(cloud: Cloud) -> None:
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS)
    put_item(cloud, items, "new", category="C", price=2)
    put_item(cloud, items, "new", price=3)
    assert cloud.emulator.service.backend.records.get(items, "new") == {
        "CATEGORY": "C",
        "PRICE": 3,
    }


def test_a_user_is_put(cloud: Cloud) -> None:
    users = cloud.dataset(cloud.group(), DatasetType.USERS)
    cloud.events.put_users(
        datasetArn=users, users=[{"userId": "u1", "properties": '{"country": "UK"}'}]
    )
    assert cloud.emulator.service.backend.records.get(users, "u1") == {"COUNTRY": "UK"}


def test_a_put_property_must_be_of_the_type_of_its_column(cloud: Cloud) -> None:
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS)
    with pytest.raises(cloud.events.exceptions.InvalidInputException, match="price"):
        put_item(cloud, items, "new", price="cheap")


def test_a_put_property_must_have_a_column(cloud: Cloud) -> None:
    items = cloud.dataset(cloud.group(), DatasetType.ITEMS)
    with pytest.raises(cloud.events.exceptions.InvalidInputException, match="colour"):
        put_item(cloud, items, "new", colour="red")


def test_items_are_put_into_items_alone(cloud: Cloud) -> None:
    users = cloud.dataset(cloud.group(), DatasetType.USERS)
    with pytest.raises(cloud.events.exceptions.InvalidInputException, match="Users"):
        put_item(cloud, users, "new")


def test_items_of_a_missing_dataset_are_not_found(cloud: Cloud) -> None:
    with pytest.raises(cloud.events.exceptions.ResourceNotFoundException):
        put_item(cloud, cloud.arn("dataset/none/ITEMS"), "new")


def test_items_cannot_be_put_before_the_dataset_is_active(cloud: Cloud) -> None:
    arn = cloud.personalize.create_dataset(
        name="items",
        datasetType="Items",
        datasetGroupArn=cloud.group(),
        schemaArn=cloud.schema(DatasetType.ITEMS),
    )["datasetArn"]
    with pytest.raises(cloud.events.exceptions.ResourceInUseException):
        put_item(cloud, arn, "new")


def put_item(cloud: Cloud, dataset: str, item: str, **columns: object) -> None:
    cloud.events.put_items(
        datasetArn=dataset, items=[{"itemId": item, "properties": json.dumps(columns)}]
    )
