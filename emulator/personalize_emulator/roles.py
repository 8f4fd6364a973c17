"""Whether the service may use the roles that requests give it."""

from __future__ import annotations

from typing import Protocol

from personalize_emulator.caller import Caller


class Roles(Protocol):
    """The roles of an account, as the service sees them when it is handed one."""

    def finding(self, role_arn: str, caller: Caller) -> str | None:
        """Say why a role cannot be used.

        Args:
            role_arn: The role.
            caller: Who hands it over.

        Returns:
            The reason, a sentence without its full stop: the role does not exist, or does not
            trust `personalize.amazonaws.com`. None if the service can use it.
        """
        ...


class AnyRole:
    """Every role exists and trusts the service: in process there is no IAM to ask."""

    def finding(self, role_arn: str, caller: Caller) -> str | None:
        """Find nothing wrong."""
        del role_arn, caller
        return None
