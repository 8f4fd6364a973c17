"""Who calls, and where: what an ARN is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """The account and Region of a request; resources of others do not exist for it."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """The partition that the Region lies in."""
        return "aws-cn" if self.region.startswith("cn-") else "aws"

    def arn(self, resource: str) -> str:
        """Return the ARN of a resource, `schema/retail` say."""
        return f"arn:{self.partition}:personalize:{self.region}:{self.account}:{resource}"
