"""What a model is asked, from the request, the data and the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cdk_personalize.recipe import Recipe
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.models import Exploration, Query, ScoredItem
from personalize_emulator.runtime import Runtime
from personalize_emulator.serving import Deployment, Serving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.emulator.conftest import Shop


@dataclass
class Listener:
    """A model that remembers what it was asked."""

    asked: list[Query] = field(default_factory=list)
    answer: list[ScoredItem] = field(default_factory=list)
    metrics: Mapping[str, float] = field(default_factory=dict)

    def recommend(self, query: Query) -> list[ScoredItem]:
        """Answer as was agreed."""
        self.asked.append(query)
        return self.answer

    def to_bytes(self) -> bytes:
        """Be nothing to keep."""
        return b""


@pytest.fixture
def model() -> Listener:
    """A model that listens."""
    return Listener()


@pytest.fixture
def serving(shop: Shop) -> Serving:
    """What asks."""
    return Serving(shop.cloud.emulator.service.backend)


@pytest.fixture
def deployment(shop: Shop, serving: Serving, model: Listener) -> Deployment:
    """The campaign of the shop, with the listener in place of its model."""
    found = serving.campaign(shop.for_you, Caller(shop.cloud.account, "us-east-1"))
    return replace(found, model=model)


def test_the_user_and_the_history_are_told(
    serving: Serving, deployment: Deployment, model: Listener
) -> None:
    serving.recommend(deployment, {"userId": "u2"}, num_results=3)
    (query,) = model.asked
    assert (query.user_id, query.num_results, len(query.history)) == ("u2", 3, 8)


def test_the_context_is_told(serving: Serving, deployment: Deployment, model: Listener) -> None:
    request = {"userId": "u2", "context": {"EVENT_TYPE": "view"}}
    serving.recommend(deployment, request, num_results=3)
    assert model.asked[0].context == {"EVENT_TYPE": "view"}


def test_the_emulated_time_is_told(
    shop: Shop, serving: Serving, deployment: Deployment, model: Listener
) -> None:
    serving.recommend(deployment, {"userId": "u2"}, num_results=3)
    now = model.asked[0].now
    assert now is not None
    assert abs(now - shop.cloud.emulator.clock.now()) < 60


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, None),
        ({"explorationWeight": "0.7"}, Exploration(0.7, 30)),
        ({"explorationItemAgeCutOff": "10"}, Exploration(0.3, 10)),
        ({"explorationWeight": "0", "explorationItemAgeCutOff": "5.5"}, Exploration(0, 5.5)),
    ],
)
def test_how_much_to_explore_is_told(
    serving: Serving,
    deployment: Deployment,
    model: Listener,
    config: dict[str, str],
    expected: Exploration | None,
) -> None:
    configured = replace(deployment, config={"itemExplorationConfig": config})
    serving.recommend(configured, {"userId": "u2"}, num_results=3)
    assert model.asked[0].exploration == expected


def test_exploration_is_in_numbers(serving: Serving, deployment: Deployment) -> None:
    configured = replace(deployment, config={"itemExplorationConfig": {"explorationWeight": "x"}})
    with pytest.raises(InvalidInputError, match="must hold numbers"):
        serving.recommend(configured, {"userId": "u2"}, num_results=3)


def test_the_influence_of_popularity_and_freshness_is_told(
    serving: Serving, deployment: Deployment, model: Listener
) -> None:
    configured = replace(deployment, config={"rankingInfluence": {"POPULARITY": 0.4}})
    serving.recommend(configured, {"userId": "u2"}, num_results=3)
    assert model.asked[0].influence == {"POPULARITY": 0.4}


def test_a_recipe_that_is_not_real_time_hears_of_no_event(
    shop: Shop, serving: Serving, deployment: Deployment, model: Listener
) -> None:
    shop.cloud.events.put_events(
        trackingId=shop.tracking_id,
        userId="heard",
        sessionId="heard",
        eventList=[{"eventType": "view", "itemId": "a1", "sentAt": datetime.now(UTC)}],
    )
    for recipe in (Recipe.HRNN, Recipe.USER_PERSONALIZATION):
        asked = replace(deployment, recipe=recipe)
        serving.recommend(asked, {"userId": "heard"}, num_results=3)
    assert [len(query.history) for query in model.asked] == [0, 1]


def test_a_placeholder_has_a_reason_and_no_score(
    shop: Shop, deployment: Deployment, model: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.answer = [ScoredItem("a1", 0.5), ScoredItem("a2", 0.0, ("Popular item",))]
    runtime = Runtime(shop.cloud.emulator.service.backend)
    monkeypatch.setattr(Serving, "campaign", lambda *_: deployment)
    answer = runtime.get_recommendations(
        {"campaignArn": shop.for_you, "userId": "u2"}, Caller(shop.cloud.account, "us-east-1")
    )
    assert answer["itemList"] == [
        {"itemId": "a1", "score": 0.5},
        {"itemId": "a2", "reason": ["Popular item"]},
    ]
