"""The apps of tests that look at templates."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk

_NO_COPIES = {"aws:cdk:disable-asset-staging": True}


def new_app(context: Mapping[str, Any] | None = None) -> cdk.App:
    """Return an app that does not copy the code of its functions, which takes as long as the rest.

    Args:
        context: The context of the app (default: nothing).
    """
    return cdk.App(context={**_NO_COPIES, **(context or {})})
