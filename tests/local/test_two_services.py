"""Two services in one account, on a local AWS that asks IAM: neither touches the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
import pytest

from cdk_personalize import Recipe, fields_of_csv
from cdk_personalize.patterns import RecommendationService
from demo.leftovers import leftovers
from demo.shop import Shop
from demo.stack import DeployedStack
from personalize_emulator.generated_data import write_shop
from tests.local.deployment import Deployment

pytestmark = pytest.mark.local

# They differ in their last letter.
A, B = "RecommendationsForShopA", "RecommendationsForShopB"
UNAVAILABLE = 503


@dataclass
class Services:
    """The two stacks, of which the first has learnt from data."""

    stack: Deployment
    shop: Shop
    first: DeployedStack
    second: DeployedStack

    def of_the_second(self) -> list[str]:
        """Return the ARNs of everything that the second service has in Amazon Personalize."""
        personalize: Any = self.second.client("personalize")
        group = self.second.output("DatasetGroupArn")
        assert personalize.describe_dataset_group(datasetGroupArn=group)
        return sorted(
            each[arn]
            for operation, listed, arn in (
                ("list_datasets", "datasets", "datasetArn"),
                ("list_filters", "Filters", "filterArn"),
                ("list_solutions", "solutions", "solutionArn"),
            )
            for each in getattr(personalize, operation)(datasetGroupArn=group)[listed]
        )


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("two")
    write_shop(folder / "data")
    shop = Shop.read(folder / "data")

    def define(app: cdk.App) -> None:
        for name in (A, B):
            RecommendationService(
                cdk.Stack(app, name),
                "Shop",
                models={"for-you": Recipe.USER_PERSONALIZATION_V2},
                interactions=fields_of_csv(shop.folder / "interactions.csv"),
                filters={
                    "not-bought": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'
                },
                removal_policy=cdk.RemovalPolicy.DESTROY,
            )

    with Deployment.on_a_new_aws(folder, A) as stack:
        stack.synthesise(define)
        first, second = (DeployedStack(stack.aws, stack.assembly.deploy(name)) for name in (A, B))
        first.upload([shop.folder / "interactions.csv"])
        first.wait_until_learnt(lambda _: None, models=1)
        yield Services(stack, shop, first, second)


def test_the_service_that_has_data_answers(services: Services) -> None:
    assert services.first.recommend(services.shop.users(1)[0])


def test_the_other_one_goes_on_waiting_for_its_own(services: Services) -> None:
    query = {"userId": services.shop.users(1)[0]}

    assert services.second.ask("GET", "/recommendations", query).status == UNAVAILABLE


def test_when_one_is_destroyed_the_other_stays(services: Services) -> None:
    before = services.of_the_second()

    services.stack.destroy()

    assert services.of_the_second() == before
    assert len(before) == 3


def test_the_one_that_stays_learns_from_its_data(services: Services) -> None:
    services.second.upload([services.shop.folder / "interactions.csv"])
    services.second.wait_until_learnt(lambda _: None, models=1)

    assert services.second.recommend(services.shop.users(1)[0])


def test_nothing_is_left_when_both_are_destroyed(services: Services) -> None:
    services.stack.assembly.destroy(B)

    assert leftovers(services.stack.aws) == []
