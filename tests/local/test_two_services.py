"""Two services in one account, on a local AWS that asks IAM: neither touches the other."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from demo.cdk_cli import ROOT, CdkCli
from demo.leftovers import leftovers
from demo.shop import Shop
from demo.stack import DeployedStack
from personalize_emulator.generated_data import write_shop
from personalize_emulator.local import LocalAws

pytestmark = pytest.mark.local

A, B = "RecommendationsForShopA", "RecommendationsForShopB"
UNAVAILABLE = 503


@dataclass
class Services:
    """The two stacks, of which the first has learnt from data."""

    aws: LocalAws
    cli: CdkCli
    shop: Shop
    first: DeployedStack
    second: DeployedStack

    def names(self) -> list[str]:
        """Return the ARNs of everything that the second service has in Amazon Personalize."""
        personalize: Any = self.second.client("personalize")
        return sorted(
            each[arn]
            for operation, listed, arn in (
                ("list_dataset_groups", "datasetGroups", "datasetGroupArn"),
                ("list_datasets", "datasets", "datasetArn"),
                ("list_filters", "Filters", "filterArn"),
                ("list_solutions", "solutions", "solutionArn"),
            )
            for each in getattr(personalize, operation)()[listed]
            if B in each[arn]
        )


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("two")
    write_shop(folder / "data")
    shop = Shop.read(folder / "data")
    with LocalAws(folder / "aws", node_path=ROOT / "node_modules", auth=True) as aws:
        app = f"{sys.executable} tests/local/two_services_app.py"
        cli = CdkCli(aws, folder, (("data", str(shop.folder)),), app=app)
        cli.bootstrap()
        outputs = cli.deploy()
        first, second = (DeployedStack(aws, outputs[name]) for name in (A, B))
        first.upload([shop.folder / "interactions.csv"])
        first.wait_until_learnt(lambda _: None, models=1)
        yield Services(aws, cli, shop, first, second)


def test_the_service_that_has_data_answers(services: Services) -> None:
    assert services.first.recommend(services.shop.users(1)[0])


def test_the_other_one_goes_on_waiting_for_its_own(services: Services) -> None:
    query = {"userId": services.shop.users(1)[0]}

    assert services.second.ask("GET", "/recommendations", query).status == UNAVAILABLE


def test_when_one_is_destroyed_the_other_stays(services: Services) -> None:
    before = services.names()

    services.cli.destroy(A)

    assert services.names() == before
    assert len(before) == 4


def test_the_one_that_stays_learns_from_its_data(services: Services) -> None:
    services.second.upload([services.shop.folder / "interactions.csv"])
    services.second.wait_until_learnt(lambda _: None, models=1)

    assert services.second.recommend(services.shop.users(1)[0])


def test_nothing_is_left_when_both_are_destroyed(services: Services) -> None:
    services.cli.destroy(B)

    assert leftovers(services.aws) == []
