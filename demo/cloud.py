"""Where a stack is deployed to: the AWS of this machine, or an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Cloud(Protocol):
    """What the CDK CLI and the clients of a deployed stack need of an AWS; `LocalAws` is one."""

    @property
    def account(self) -> str:
        """The id of the account."""
        ...

    @property
    def region(self) -> str:
        """The region."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """The whole environment of a command that is to use this AWS."""
        ...

    @property
    def client_options(self) -> Mapping[str, object]:
        """Keyword arguments of `boto3.client`; without keys, boto3 finds the credentials."""
        ...

    def local_url(self, output_url: str) -> str:
        """Return the URL under which an API answers, given what the outputs of a stack say."""
        ...
