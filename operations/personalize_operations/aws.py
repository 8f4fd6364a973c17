"""The services that the commands ask, and what to say when they refuse."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from personalize_operations.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# A call ends, with all its tries, long before a message that is held becomes visible again.
_CONFIG = Config(
    connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 6}
)

AwsError = (ClientError, BotoCoreError)
"""What boto3 raises when AWS refuses, or is not reached."""


@dataclass(frozen=True, slots=True)
class Services:
    """The clients of an account and a Region."""

    cloudformation: "CloudFormationClient"
    kinesis: "KinesisClient"
    s3: "S3Client"
    sqs: "SQSClient"

    @classmethod
    def of(cls, *, profile: str | None, region: str | None) -> Self:
        """Return the clients.

        Args:
            profile: A profile of the AWS CLI (default: as boto3 finds credentials).
            region: The Region (default: that of the profile or the environment).

        Raises:
            CommandError: If the environment names an endpoint that is none.
        """
        session = boto3.Session(profile_name=profile, region_name=region)
        try:
            return cls(
                cloudformation=session.client("cloudformation", config=_CONFIG),
                kinesis=session.client("kinesis", config=_CONFIG),
                s3=session.client("s3", config=_CONFIG),
                sqs=session.client("sqs", config=_CONFIG),
            )
        except ValueError as error:  # of an endpoint that is none
            raise CommandError(str(error)) from error


def code_of(error: ClientError | BotoCoreError) -> str:
    """Return a word for an error."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "")
    return type(error).__name__


def named(error: ClientError | BotoCoreError) -> str:
    """Return a few words for an error."""
    operation = f"{error.operation_name}: " if isinstance(error, ClientError) else ""
    return operation + code_of(error)


def explained(error: ClientError | BotoCoreError) -> str:
    """Return what happened, in one line."""
    if isinstance(error, NoCredentialsError):
        return "there are no AWS credentials: set AWS_PROFILE, or give --profile"
    if isinstance(error, NoRegionError):
        return "there is no Region: set AWS_DEFAULT_REGION, or give --region"
    if isinstance(error, ClientError):
        message = error.response.get("Error", {}).get("Message", "")
        text = f"{named(error)}: {message}"
    else:
        text = str(error)
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class StackOutputs:
    """The outputs of a stack that has a `RecommendationService` in it."""

    stack_name: str
    values: dict[str, str]

    @classmethod
    def of(cls, client: "CloudFormationClient", stack_name: str) -> Self:
        """Read the outputs of a stack.

        Raises:
            CommandError: If there is no such stack.
        """
        try:
            (stack,) = client.describe_stacks(StackName=stack_name)["Stacks"]
        except ClientError as error:
            if code_of(error) == "ValidationError":
                msg = f"there is no stack {stack_name} in {client.meta.region_name}"
                raise CommandError(msg) from error
            raise
        outputs = stack.get("Outputs", [])
        return cls(stack_name, {each["OutputKey"]: each["OutputValue"] for each in outputs})

    def value(self, name: str) -> str:
        """Return an output by the name that the service gives it; the CDK adds to that.

        Raises:
            CommandError: If there is no such output, or there are several.
        """
        if name in self.values:
            return self.values[name]
        by_the_cdk = re.compile(rf"\w*{name}[0-9A-F]{{8}}")
        keys = [key for key in self.values if by_the_cdk.fullmatch(key)]
        if len(keys) == 1:
            return self.values[keys[0]]
        found = f"more than one: {', '.join(sorted(keys))}" if keys else "none"
        msg = (
            f"stack {self.stack_name} must have one output {name}, got {found};"
            " give --queue-url and --stream instead"
        )
        raise CommandError(msg)
