"""Items, users, actions and action interactions, beside interactions on one stream."""

from collections.abc import Iterator
from typing import Any

import pytest

from event_ingest.destinations import SingleRecords
from event_ingest.handler import dead_letters, destinations, personalize_events
from personalize_runtime.envelope import Kind
from personalize_runtime.pace import Pace
from tests.handlers.conftest import DATASET_ARN
from tests.handlers.test_event_ingest import VIEW, batch, invoke, letters, take_all
from tests.handlers.upstream import Answer, Call, Upstream, refused

TAKEN = {
    "kind": "actionInteraction",
    "actionId": "newsletter",
    "userId": "ann",
    "sessionId": "s1",
    "eventType": "Taken",
    "sentAt": 1_700_000_000,
}


@pytest.fixture(autouse=True)
def personalize(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    for destination in destinations.values():
        monkeypatch.setitem(vars(destination), "pace", Pace())
    with Upstream().behind(personalize_events) as upstream:
        yield upstream


@pytest.fixture(autouse=True)
def queue() -> Iterator[Upstream]:
    with Upstream(take_all).behind(dead_letters.client) as upstream:
        yield upstream


def item(item_id: str, **properties: object) -> dict[str, Any]:
    return {"kind": "item", "itemId": item_id, "properties": properties}


def taken(number: int, session: str = "s1") -> dict[str, Any]:
    return TAKEN | {"eventId": f"e{number}", "sessionId": session}


def paths(personalize: Upstream) -> list[str]:
    return sorted(call.url.rpartition("/")[2] for call in personalize.calls)


def test_puts_an_item_with_its_properties_as_text(personalize: Upstream) -> None:
    assert invoke(batch(item("tea", price=2.5, names="té|tea"))) == {"batchItemFailures": []}

    (call,) = personalize.calls
    assert call.url == "https://personalize-events.us-east-1.amazonaws.com/items"
    assert call.body == {
        "datasetArn": f"{DATASET_ARN}/ITEMS",
        "items": [{"itemId": "tea", "properties": '{"price":2.5,"names":"té|tea"}'}],
    }


def test_puts_a_user(personalize: Upstream) -> None:
    invoke(batch({"kind": "user", "userId": "ann"}))

    (call,) = personalize.calls
    assert call.body == {"datasetArn": f"{DATASET_ARN}/USERS", "users": [{"userId": "ann"}]}


def test_puts_an_action_interaction_with_the_tracking_id_of_its_dataset(
    personalize: Upstream,
) -> None:
    invoke(batch(taken(1)))

    (call,) = personalize.calls
    assert call.body == {
        "trackingId": "tracker-2",
        "actionInteractions": [
            {
                "actionId": "newsletter",
                "userId": "ann",
                "sessionId": "s1",
                "eventType": "Taken",
                "timestamp": 1_700_000_000,
                "eventId": "e1",
            }
        ],
    }


def test_puts_ten_items_in_a_call(personalize: Upstream) -> None:
    invoke(batch(*(item(f"i{number}") for number in range(25))))

    assert [len(call.body["items"]) for call in personalize.calls] == [10, 10, 5]


def test_two_versions_of_an_item_are_in_two_calls_and_in_order(personalize: Upstream) -> None:
    invoke(batch(item("tea", price=1), item("cup", price=1), item("tea", price=2)))

    versions = [
        [(one["itemId"], one["properties"]) for one in call.body["items"]]
        for call in personalize.calls
    ]
    assert versions == [
        [("tea", '{"price":1}'), ("cup", '{"price":1}')],
        [("tea", '{"price":2}')],
    ]


def test_action_interactions_of_many_sessions_share_calls(personalize: Upstream) -> None:
    invoke(batch(*(taken(number, f"s{number}") for number in range(100))))

    sizes = [len(call.body["actionInteractions"]) for call in personalize.calls]
    assert (len(sizes), sum(sizes), max(sizes)) == (10, 100, 10)


def test_action_interactions_of_a_session_stay_in_order(personalize: Upstream) -> None:
    invoke(batch(*(taken(number, f"s{number % 3}") for number in range(90))))

    sent = [one for call in personalize.calls for one in call.body["actionInteractions"]]
    for session in ("s0", "s1", "s2"):
        numbers = [int(one["eventId"][1:]) for one in sent if one["sessionId"] == session]
        assert numbers == sorted(numbers)
    assert len(sent) == 90


def test_takes_all_kinds_in_one_batch(personalize: Upstream) -> None:
    result = invoke(batch(VIEW, item("tea"), {"kind": "user", "userId": "ann"}, taken(1)))

    assert result == {"batchItemFailures": []}
    assert paths(personalize) == ["action-interactions", "events", "items", "users"]


def test_dead_letters_a_kind_that_the_stack_has_no_dataset_for(
    personalize: Upstream, queue: Upstream
) -> None:
    invoke(batch({"kind": "action", "actionId": "newsletter"}, VIEW))

    assert paths(personalize) == ["events"]
    (letter,) = letters(queue)
    assert letter["reason"] == (
        "the stack has no dataset for the kind action,"
        " it has them for interaction, actionInteraction, item, user"
    )


def test_dead_letters_the_one_item_that_the_service_refuses(
    personalize: Upstream, queue: Upstream
) -> None:
    def refuse_tea(call: Call) -> Answer:
        ids = [one["itemId"] for one in call.body["items"]]
        return refused("InvalidInputException", message="no column") if "tea" in ids else Answer()

    personalize.answer = refuse_tea

    assert invoke(batch(item("cup"), item("tea"), item("pot"))) == {"batchItemFailures": []}

    (letter,) = letters(queue)
    assert '"tea"' in letter["data"]
    assert "no column" in letter["reason"]


def test_waits_while_a_dataset_is_in_use(personalize: Upstream) -> None:
    answers = iter([refused("ResourceInUseException", 409), Answer()])
    personalize.answer = lambda _: next(answers)

    assert invoke(batch(item("tea"))) == {"batchItemFailures": []}

    assert len(personalize.calls) == 2


def test_a_missing_dataset_holds_up_its_own_kind_and_no_dead_letter_is_written(
    personalize: Upstream, queue: Upstream
) -> None:
    personalize.answer = lambda call: (
        refused("ResourceNotFoundException", 404) if "items" in call.url else Answer()
    )

    result = invoke(batch(VIEW, item("tea"), VIEW | {"sessionId": "s2"}))

    assert result == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert paths(personalize) == ["events", "events", "items"]
    assert queue.calls == []


def test_keeps_to_ten_calls_a_second_for_items() -> None:
    assert SingleRecords(personalize_events, Kind.ITEM, "arn").pace.rate == 10
