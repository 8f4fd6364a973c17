"""The one kind of Lambda function that this library defines."""

from collections.abc import Mapping

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_personalize._assets import function_code
from cdk_personalize._principals import service_principal
from cdk_personalize._tokens import is_token
from cdk_personalize._tree import (
    account_of_stack,
    address_of,
    context_of,
    once,
    partition_of_stack,
    region_of_stack,
    remember_scope,
    stack_of,
)

POWERTOOLS_LAYER_CONTEXT = "cdk-personalize:powertools-layer-arn"
"""Context key: the ARN of the Powertools layer (default: the public one, of a pinned version)."""

_RUNTIME = lambda_.Runtime.PYTHON_3_13
_ARCHITECTURE = lambda_.Architecture.ARM_64
_LAYER = "AWSLambdaPowertoolsPythonV3-python313-arm64"
_LAYER_VERSION = 27
_LAYER_ACCOUNT = "017000801446"
_LAYER_ACCOUNT_CHINA = "498634801083"


class LambdaFunction(lambda_.Function):
    """A function of `lambda/`: Python on ARM, Powertools, JSON logs, traces.

    Its role is defined here and not by the CDK, which would attach a managed policy on every log
    group of the account.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: str,
        handler: str = "handler",
        environment: Mapping[str, str] | None = None,
        timeout: Duration | None = None,
        memory_size: int = 256,
        role: iam.IRole | None = None,
        encryption_key: kms.IKey | None = None,
        description: str | None = None,
    ) -> None:
        """Define a function.

        Args:
            scope: The construct to define the function in.
            construct_id: The id of the function within `scope`.
            function: The package of the function in `lambda/`.
            handler: The name of the handler in that package's module `handler`.
            environment: What the function is told (default: nothing).
            timeout: How long it may run (default: 30 seconds).
            memory_size: Its memory in MiB.
            role: The role that it runs with (default: one of its own).
            encryption_key: The key of its environment and logs (default: those AWS manages).
            description: What the function is for (default: nothing).
        """
        # Siblings and not children: the CDK takes both when it defines the function.
        own_role = role or iam.Role(
            scope,
            f"{construct_id}Role",
            assumed_by=service_principal("lambda.amazonaws.com"),
        )
        log_group = logs.LogGroup(
            scope,
            f"{construct_id}Log",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
            encryption_key=encryption_key,
        )
        log_group.grant_write(own_role)
        if encryption_key is not None:
            admit_logs(encryption_key, stack_of(scope))
            encryption_key.grant_decrypt(own_role)  # its environment
        super().__init__(
            scope,
            construct_id,
            runtime=_RUNTIME,
            architecture=_ARCHITECTURE,
            code=function_code(function),
            handler=f"{function}.handler.{handler}",
            description=description,
            environment={"POWERTOOLS_SERVICE_NAME": function, **(environment or {})},
            environment_encryption=encryption_key,
            timeout=timeout or Duration.seconds(30),
            memory_size=memory_size,
            role=own_role,
            tracing=lambda_.Tracing.ACTIVE,
            log_group=log_group,
            layers=[_powertools_layer(stack_of(scope))],
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
        )
        remember_scope(self, scope, construct_id)


def _powertools_layer(stack: Stack) -> lambda_.ILayerVersion:
    """Return the layer, which all functions of a stack share."""

    def define(scope: Stack) -> lambda_.ILayerVersion:
        return lambda_.LayerVersion.from_layer_version_arn(
            scope, _LAYER, powertools_layer_arn(scope)
        )

    return once(stack, _LAYER, define)


def powertools_layer_arn(stack: Stack) -> str:
    """Return the ARN of the Powertools layer: what the context says, or the public one."""
    given = context_of(stack, POWERTOOLS_LAYER_CONTEXT)
    if given is not None:
        return str(given)
    region = region_of_stack(stack)
    china = not is_token(region) and region.startswith("cn-")
    account = _LAYER_ACCOUNT_CHINA if china else _LAYER_ACCOUNT
    return stack.format_arn(
        service="lambda",
        account=account,
        resource="layer",
        resource_name=f"{_LAYER}:{_LAYER_VERSION}",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def admit_logs(key: kms.IKey, stack: Stack) -> None:
    """Let CloudWatch Logs use a key, for the log groups of this account and region alone.

    The CDK gives a log group its key without a word in the key's policy.
    """
    once(key, f"admits logs of {address_of(stack)}", lambda each: _admit_logs(each, stack))


def _admit_logs(key: kms.IKey, stack: Stack) -> None:
    region = region_of_stack(stack)
    groups = f"{partition_of_stack(stack)}:logs:{region}:{account_of_stack(stack)}:log-group:*"
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[service_principal(f"logs.{region}.amazonaws.com")],
            actions=[
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:DescribeKey",
            ],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:{groups}"}},
        )
    )
