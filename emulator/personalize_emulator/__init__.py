"""Amazon Personalize on this machine: in the process of a test, or as a part of local AWS.

`from personalize_emulator import PersonalizeEmulator` is the way in for tests.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from personalize_emulator.emulator import PersonalizeEmulator
    from personalize_emulator.quotas import Quotas

__all__ = ["PersonalizeEmulator", "Quotas"]

_MODULES = {"PersonalizeEmulator": "emulator", "Quotas": "quotas"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever is asked for
    """Import what is asked for, when it is: numpy and botocore take their time."""
    if name not in _MODULES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
