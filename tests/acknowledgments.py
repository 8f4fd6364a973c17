"""What cdk-nag's AwsSolutions says of the demo stack and is to stay, each with its reason.

A finding that no entry takes fails the tests, and so does an entry that takes no finding.
"""

import re
from dataclasses import dataclass

_LEAST_PRIVILEGE = "https://docs.aws.amazon.com/service-authorization/latest/reference/"


@dataclass(frozen=True)
class Acknowledgment:
    """A finding that is to stay."""

    rule: str
    """The rule, as a regular expression over the whole name with its detail."""
    path: str
    """The construct, as a regular expression over the whole path."""
    reason: str
    link: str

    def takes(self, rule: str, path: str) -> bool:
        """Whether this is about a finding."""
        return bool(re.fullmatch(self.rule, rule) and re.fullmatch(self.path, path))


# What belongs to the CDK: we define neither the roles nor the functions.
_OF_THE_CDK = (
    Acknowledgment(
        r"AwsSolutions-IAM4\[.*AWSLambdaBasicExecutionRole\]",
        r"Shop/PersonalizeProvider/Framework/.*",
        "the CDK gives the functions of its provider framework this managed policy",
        "https://github.com/aws/aws-cdk/tree/main/packages/aws-cdk-lib/custom-resources",
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::<.*\.Arn>:\*\]",
        r"Shop/PersonalizeProvider/Framework/.*",
        "the provider framework may call any version of the functions that it was given",
        "https://github.com/aws/aws-cdk/tree/main/packages/aws-cdk-lib/custom-resources",
    ),
    Acknowledgment(
        r"AwsSolutions-(L1|SF1|SF2)(\[.*\])?",
        r"Shop/PersonalizeProvider/Framework/.*",
        "the runtime, the logs and the traces of the framework are the CDK's to choose",
        "https://github.com/aws/aws-cdk/tree/main/packages/aws-cdk-lib/custom-resources",
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::\*\]",
        r"Shop/PersonalizeProvider/Framework/.*",
        "the CDK lets the waiter write its own logs and traces, which know no resources",
        "https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html",
    ),
)

_OF_OURS = (
    Acknowledgment(
        r"AwsSolutions-L1",
        r"Shop/(Shop/Ingestion/Function|Shop/Api/Function|PersonalizeProvider/(OnEvent|IsComplete))"
        r"/Resource",
        "3.13 is the newest Python that the functions are tested on",
        "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
    ),
)

ACKNOWLEDGED = (*_OF_THE_CDK, *_OF_OURS)
