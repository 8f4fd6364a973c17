"""The custom resources of a stack: one function, called by the CDK's provider framework."""

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from personalize_runtime.observability import logger
from resource_provider.control_plane import CONFIG, personalize_client
from resource_provider.lifecycle import Begun, Completion, ResourceEvent
from resource_provider.provider import ResourceProvider

provider = ResourceProvider(
    personalize_client(),
    boto3.client("stepfunctions", config=CONFIG),
    boto3.client("cloudformation", config=CONFIG),
)


# The event itself is never logged: it holds a signed URL that answers CloudFormation.
@logger.inject_lambda_context
def on_event(event: ResourceEvent, context: LambdaContext) -> Begun:
    """Begin what CloudFormation asks for."""
    return provider.on_event(event)


@logger.inject_lambda_context
def is_complete(event: ResourceEvent, context: LambdaContext) -> Completion:
    """Tell whether what was begun is done, and go on with it if not."""
    return provider.is_complete(event)
