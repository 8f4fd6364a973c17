"""Many resources at once, where the service takes one request a second of each operation."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from personalize_emulator import PersonalizeEmulator
from personalize_emulator.caller import Caller
from personalize_emulator.service_model import Operation
from personalize_emulator.throttling import DocumentedRates
from resource_provider.control_plane import CONFIG
from resource_provider.provider import ResourceProvider
from tests.handlers.resource_provider.cloudformation import Stacks, resource_event
from tests.handlers.resource_provider.shop import PREFIX, Shop, solution

SIDE_BY_SIDE = 6


class Rates(DocumentedRates):
    """The documented rates, once they are switched on."""

    is_on = False

    def admit(self, operation: Operation, request: Mapping[str, Any], caller: Caller) -> None:
        if self.is_on:
            super().admit(operation, request, caller)


@pytest.fixture
def rates() -> Rates:
    return Rates()


@pytest.fixture
def shop(rates: Rates) -> Iterator[Shop]:
    with PersonalizeEmulator(speed=1, throttling=rates) as aws:
        shop = Shop(aws, boto3.client("personalize", **aws.client_options))
        shop.open()
        yield shop


def test_what_is_created_side_by_side_is_all_created(shop: Shop, rates: Rates) -> None:
    def create(number: int) -> str:
        # Each function of Lambda that runs has a client of its own.
        personalize = boto3.client("personalize", config=CONFIG, **shop.aws.client_options)
        provider = ResourceProvider(personalize, boto3.client("stepfunctions"), Stacks().client())
        event = resource_event("Create", "Custom::PersonalizeSolution", solution(f"s-{number}"))
        return provider.on_event(event)["PhysicalResourceId"]

    rates.is_on = True
    with ThreadPoolExecutor(SIDE_BY_SIDE) as functions:
        created = set(functions.map(create, range(SIDE_BY_SIDE)))
    rates.is_on = False

    assert created == {f"{PREFIX}:solution/s-{number}" for number in range(SIDE_BY_SIDE)}
    assert created == set(shop.left())
