"""The demo stack on a local AWS that asks IAM: its roles may do what they must."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.cdk_cli import ROOT, CdkCli
from demo.shop import Shop
from demo.stack import DeployedStack
from personalize_emulator.generated_data import write_shop
from personalize_emulator.local import LocalAws
from tests.local.deployed_shop import MODELS, STACK


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[LocalAws]:
    with LocalAws(tmp_path / "aws", node_path=ROOT / "node_modules", auth=True) as aws:
        yield aws


def test_the_stack_deploys_learns_answers_and_goes_with_the_permissions_it_has(
    guarded: LocalAws, tmp_path: Path
) -> None:
    write_shop(tmp_path / "data")
    data = Shop.read(tmp_path / "data")
    cli = CdkCli(guarded, tmp_path, context=(("data", str(data.folder)),))
    cli.bootstrap()

    stack = DeployedStack(guarded, cli.deploy(STACK)[STACK])
    stack.upload(data.files)
    stack.wait_until_learnt(lambda _: None, MODELS)
    user = data.users(1)[0]
    before = stack.recommend(user)
    bought = stack.related(before[-1])
    stack.send(stack.events_of(user, bought))

    assert stack.wait_for_change(user, before) != before
    cli.destroy(STACK)
