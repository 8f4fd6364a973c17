"""The emulator for all tests: one process-wide, a fresh account for each test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator import PersonalizeEmulator, Quotas
from personalize_emulator.objects import MemoryObjects
from tests.emulator.cloud import ITEMS, Cloud, interactions

# So slow that nothing happens before a test lets it: see Cloud.settle.
_STANDING_STILL = 1e-6

_accounts = (f"{number:012d}" for number in itertools.count(1))


@pytest.fixture(scope="session")
def emulator() -> Iterator[PersonalizeEmulator]:
    """An emulator without quotas, so that little data will do."""
    with PersonalizeEmulator(
        speed=_STANDING_STILL, quotas=Quotas.none(), strict_answers=True
    ) as running:
        yield running


@pytest.fixture(scope="session")
def emulator_with_quotas() -> Iterator[PersonalizeEmulator]:
    """An emulator with the documented quotas."""
    with PersonalizeEmulator(speed=_STANDING_STILL, strict_answers=True) as running:
        yield running


@pytest.fixture
def cloud(emulator: PersonalizeEmulator) -> Iterator[Cloud]:
    """A fresh account without quotas."""
    cloud = Cloud(emulator, next(_accounts))
    yield cloud
    cloud.close()


@pytest.fixture
def limited(emulator_with_quotas: PersonalizeEmulator) -> Iterator[Cloud]:
    """A fresh account with the documented quotas."""
    cloud = Cloud(emulator_with_quotas, next(_accounts))
    yield cloud
    cloud.close()


@pytest.fixture
def run(tmp_path: Path) -> Callable[[], PersonalizeEmulator]:
    """Run an emulator on the same state file and the same buckets, as often as wanted."""
    objects = MemoryObjects()
    return lambda: PersonalizeEmulator(
        speed=_STANDING_STILL,
        state=tmp_path / "state.db",
        objects=objects,
        quotas=Quotas.none(),
        strict_answers=True,
    )


@dataclass(frozen=True)
class Shop:
    """A dataset group in which everything is there: data, models, campaigns.

    Users with even numbers like items a0 to a9, the others b0 to b9.
    """

    cloud: Cloud
    group: str
    interactions: str
    items: str
    solution: str
    version: str
    for_you: str
    related: str
    ranking: str
    tracking_id: str

    def recommended(self, user: str, number: int = 25) -> list[str]:
        """Return the items recommended to a user."""
        answer = self.cloud.runtime.get_recommendations(
            campaignArn=self.for_you, userId=user, numResults=number
        )
        return [entry["itemId"] for entry in answer["itemList"]]


@pytest.fixture(scope="session")
def shop(emulator: PersonalizeEmulator) -> Iterator[Shop]:
    """A shop to ask; a test that changes it uses users and items of its own."""
    cloud = Cloud(emulator, next(_accounts))
    group = cloud.group()
    log = cloud.dataset(group, DatasetType.INTERACTIONS, interactions())
    items = cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    solution = cloud.solution(group)
    version = cloud.version(solution)
    related = cloud.version(cloud.solution(group, "related", "aws-similar-items"))
    ranking = cloud.version(cloud.solution(group, "ranking", "aws-personalized-ranking-v2"))
    yield Shop(
        cloud=cloud,
        group=group,
        interactions=log,
        items=items,
        solution=solution,
        version=version,
        for_you=cloud.campaign(version, "for-you"),
        related=cloud.campaign(related, "related"),
        ranking=cloud.campaign(ranking, "ranking"),
        tracking_id=cloud.tracker(group)[1],
    )
    cloud.close()


@pytest.fixture(scope="session")
def certain(shop: Shop) -> str:
    """A campaign that tries nothing out, as the others do from day to day."""
    cloud = shop.cloud
    version = cloud.version(cloud.solution(shop.group, "certain", "aws-user-personalization"))
    arn = cloud.personalize.create_campaign(
        name="certain",
        solutionVersionArn=version,
        campaignConfig={"itemExplorationConfig": {"explorationWeight": "0"}},
    )["campaignArn"]
    cloud.settle(arn)
    return arn
