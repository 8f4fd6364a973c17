"""The demo stack as the tests of this folder find it."""

import sys
from dataclasses import dataclass

from demo.cdk_cli import CdkCli
from demo.shop import Shop
from demo.stack import Answer, DeployedStack
from personalize_emulator.local import LocalAws

STACK = "Shop"
MODELS = 3


@dataclass(frozen=True)
class DeployedShop:
    """The demo stack after its first deployment, with data that it has learnt from."""

    aws: LocalAws
    cli: CdkCli
    stack: DeployedStack
    shop: Shop
    answer_before_data: Answer

    def changed(self) -> CdkCli:
        """Return the CLI for the next version of the stack."""
        app = f"{sys.executable} tests/local/changed_app.py"
        return CdkCli(self.aws, self.cli.directory, self.cli.context, app=app)
