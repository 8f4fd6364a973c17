"""The demo app under a name of its own, so that no stack of the account is taken for it."""

from pathlib import Path

import aws_cdk as cdk

from app import ShopStack
from aws_check.names import STACK, STACK_DESCRIPTION

app = cdk.App()
stack = ShopStack(app, STACK, data=Path(app.node.get_context("data")))
stack.template_options.description = STACK_DESCRIPTION
app.synth()
