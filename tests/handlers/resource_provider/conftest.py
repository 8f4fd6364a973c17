"""A shop in the emulator, and a stack whose custom resources are made there."""

from collections.abc import Iterator

import boto3
import pytest

from personalize_emulator import PersonalizeEmulator
from resource_provider.provider import ResourceProvider
from tests.handlers.resource_provider.boutique import Boutique
from tests.handlers.resource_provider.cloudformation import CloudFormation, Stacks
from tests.handlers.resource_provider.shop import Shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    # The clock runs as fast as ours: nothing ends before a test waits for it.
    with PersonalizeEmulator(speed=1) as aws:
        shop = Shop(aws, boto3.client("personalize", **aws.client_options))
        shop.open()
        yield shop


@pytest.fixture
def stack(shop: Shop) -> CloudFormation:
    stacks = Stacks()
    provider = ResourceProvider(shop.personalize, boto3.client("stepfunctions"), stacks.client())
    return CloudFormation(provider, shop.aws.skip_to_next, stacks=stacks)


@pytest.fixture
def empty(shop: Shop) -> Boutique:
    boutique = Boutique(shop)
    boutique.open()
    return boutique


@pytest.fixture
def boutique(empty: Boutique) -> Boutique:
    empty.stock()
    return empty
