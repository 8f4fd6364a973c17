"""Pages in a real Chromium ask the deployed API: of the origin that may, and of another one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest

from personalize_emulator.generated_data import write_shop
from tests.local.browser import CHROMIUM, Page
from tests.local.browser_stack import NAME, BrowserStack
from tests.local.deployment import Deployment, wait_until

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
]

ITEMS = ["I0001", "I0002", "I0003"]
SCRIPT = """
await tell("recommendations", async () => read(await fetch(
    `${api}/recommendations?userId=a%2Fb&numResults=5`,
)));
await tell("problem", async () => read(await fetch(`${api}/recommendations?numResults=5`)));
await tell("ranking", async () => read(await fetch(`${api}/ranking`, {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({userId: "ann", itemIds: ["I0001", "I0002", "I0003"]}),
})));
await tell("forbidden header", async () => read(await fetch(
    `${api}/recommendations?userId=ann`, {headers: {"X-Unheard-Of": "1"}},
)));
await tell("forbidden method", async () => read(await fetch(
    `${api}/recommendations?userId=ann`, {method: "DELETE"},
)));
await tell("beacon", async () => navigator.sendBeacon(`${api}/events`, JSON.stringify({
    userId: "ann", sessionId: location.origin, eventType: "View", itemId: "I0001",
})));
"""


@dataclass
class Visits:
    """What two pages report, both with the same script.

    Attributes:
        stack: The stack whose API they ask.
        welcome: The report of the page whose origin may ask.
        stranger: The report of the other one.
    """

    stack: Deployment
    welcome: dict[str, Any]
    stranger: dict[str, Any]

    def sessions(self) -> set[str]:
        """Return the sessions of the events on the stream."""
        kinesis, stream = self.stack.client("kinesis"), self.stack.outputs["StreamName"]
        found = set()
        for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
            iterator = kinesis.get_shard_iterator(
                StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            records = kinesis.get_records(ShardIterator=iterator)["Records"]
            found |= {json.loads(record["Data"])["sessionId"] for record in records}
        return found


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visits]:
    folder = tmp_path_factory.mktemp("browser")
    data = folder / "data"
    write_shop(data, users=50, items=50, interactions=2000)
    with (
        Page.served(SCRIPT) as welcome,
        Page.served(SCRIPT) as stranger,
        Deployment.on_a_new_aws(folder, NAME) as stack,
    ):
        stack.deploy(partial(BrowserStack, data=data, origin=welcome.origin))
        rows = (data / "interactions.csv").read_text(encoding="utf-8")
        stack.put("import/interactions/interactions.csv", rows)

        def is_learnt() -> bool:
            campaigns = stack.personalize.list_campaigns()["campaigns"]
            return [campaign["status"] for campaign in campaigns] == ["ACTIVE", "ACTIVE"]

        stack.wait(is_learnt)
        api = stack.service.api_url
        yield Visits(stack, welcome.visit(api), stranger.visit(api))


def test_a_page_of_an_origin_that_may_ask_reads_recommendations(visits: Visits) -> None:
    answer = visits.welcome["recommendations"]

    assert answer["status"] == HTTPStatus.OK
    assert len(answer["body"]["items"]) == 5


def test_it_reads_what_was_wrong_with_its_request(visits: Visits) -> None:
    answer = visits.welcome["problem"]

    assert answer["status"] == HTTPStatus.BAD_REQUEST
    assert answer["body"]["parameter"] == "userId"


def test_it_posts_json_which_the_browser_asks_permission_for(visits: Visits) -> None:
    answer = visits.welcome["ranking"]

    assert answer["status"] == HTTPStatus.OK
    assert sorted(item["itemId"] for item in answer["body"]["items"]) == ITEMS


@pytest.mark.parametrize("request_with_a", ["forbidden header", "forbidden method"])
def test_it_sends_nothing_that_the_api_does_not_permit(visits: Visits, request_with_a: str) -> None:
    assert visits.welcome[request_with_a] == {"error": "TypeError"}


def test_its_beacon_is_on_the_stream(visits: Visits) -> None:
    assert visits.welcome["beacon"] is True
    wait_until(lambda: visits.welcome["origin"] in visits.sessions())


@pytest.mark.parametrize("request_for", ["recommendations", "problem", "ranking"])
def test_the_browser_keeps_every_answer_from_a_page_of_another_origin(
    visits: Visits, request_for: str
) -> None:
    assert visits.stranger[request_for] == {"error": "TypeError"}
