"""The account of the caller's own credentials."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cdk_personalize.regions import finding_of_region
from demo.cloud import Cloud
from demo.progress import DemoError

# One request a second is allowed of most operations, so retries are paced.
_CONFIG = Config(retries={"mode": "adaptive", "max_attempts": 10})


@dataclass(frozen=True)
class Account:
    """An account and a region of AWS, as the environment and the profiles of the caller say.

    It holds no credentials: boto3 and the CDK CLI find them, each for itself.
    """

    account: str
    region: str

    @classmethod
    def of_environment(cls) -> Account:
        """Find the account.

        Raises:
            DemoError: There are no credentials, no region, or no Amazon Personalize there.
        """
        session = boto3.Session()
        region = session.region_name
        if not region:
            msg = "no region is set: say it with AWS_REGION or in the profile"
            raise DemoError(msg)
        if finding := finding_of_region(region):
            raise DemoError(finding)
        try:
            identity = session.client("sts", region_name=region).get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            msg = f"the account cannot be asked who calls: {error}"
            raise DemoError(msg) from error
        return cls(identity["Account"], region)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the caller, with the region said in both of its names."""
        return {**os.environ, "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}

    @property
    def client_options(self) -> dict[str, object]:
        """Where clients work; how they sign is for boto3 to find."""
        return {"region_name": self.region, "config": _CONFIG}

    def local_url(self, output_url: str) -> str:
        """Return the URL as it is: it answers under its own name."""
        return output_url


@functools.cache
def _session() -> Any:  # noqa: ANN401 - its types know no service by a variable name
    return boto3.Session()


def client_of(cloud: Cloud, service: str, **more: object) -> Any:  # noqa: ANN401 - made at run time
    """Return a boto3 client of an AWS.

    Args:
        cloud: The AWS.
        service: The service.
        more: What `boto3.client` is to know beyond the options of the cloud.
    """
    options = {**cloud.client_options, **more}
    if "endpoint_url" in options:
        # An address takes no prefix, which TestState has on AWS.
        options.setdefault("config", Config(inject_host_prefix=False))
    return _session().client(service, **options)


def caller_of(cloud: Cloud) -> str:
    """Return the ARN of who calls."""
    arn: str = client_of(cloud, "sts").get_caller_identity()["Arn"]
    return arn
