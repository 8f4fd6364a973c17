"""One local AWS and one deployment of the demo stack, for every test of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.cdk_cli import ROOT, CdkCli
from demo.shop import Shop
from demo.stack import DeployedStack
from personalize_emulator.generated_data import write_shop
from personalize_emulator.local import LocalAws
from tests.local.deployed_shop import MODELS, STACK, DeployedShop


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("aws"), node_path=ROOT / "node_modules") as local:
        yield local


@pytest.fixture(scope="session")
def shop(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> DeployedShop:
    folder: Path = tmp_path_factory.mktemp("shop")
    write_shop(folder / "data")
    data = Shop.read(folder / "data")
    cli = CdkCli(aws, folder, context=(("data", str(data.folder)),))
    cli.bootstrap()
    stack = DeployedStack(aws, cli.deploy(STACK)[STACK])
    before_data = stack.ask("GET", "/recommendations", {"userId": data.users(1)[0]})
    stack.upload(data.files)
    stack.wait_until_learnt(lambda _: None, MODELS)
    return DeployedShop(aws, cli, stack, data, before_data)
