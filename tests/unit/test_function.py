"""The one kind of Lambda function of the library."""

import py_compile
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Match, Template

from cdk_personalize._assets import function_code, lambda_root
from cdk_personalize._function import POWERTOOLS_LAYER_CONTEXT, LambdaFunction
from tests.refusals import whole

FUNCTION = "AWS::Lambda::Function"


def template_of(stack: cdk.Stack, **options: Any) -> Template:
    LambdaFunction(stack, "F", function="recommend", **options)
    return Template.from_stack(stack)


def layer_of(region: str, **context: str) -> str:
    stack = cdk.Stack(
        cdk.App(context=context),
        "Shop",
        env=cdk.Environment(account="111111111111", region=region),
    )
    (function,) = template_of(stack).find_resources(FUNCTION).values()
    (layer,) = function["Properties"]["Layers"]
    return layer if isinstance(layer, str) else str(layer["Fn::Join"][1][-1])


def test_runs_python_on_arm_with_traces_and_json_logs(stack: cdk.Stack) -> None:
    template_of(stack).has_resource_properties(
        FUNCTION,
        {
            "Runtime": "python3.13",
            "Architectures": ["arm64"],
            "Handler": "recommend.handler.handler",
            "TracingConfig": {"Mode": "Active"},
            "LoggingConfig": Match.object_like({"LogFormat": "JSON"}),
            "Timeout": 30,
            "MemorySize": 256,
        },
    )


def test_is_given_what_it_asks_for(stack: cdk.Stack) -> None:
    template = template_of(
        stack,
        handler="on_event",
        environment={"A": "b"},
        timeout=cdk.Duration.minutes(2),
        memory_size=512,
    )

    template.has_resource_properties(
        FUNCTION,
        {
            "Handler": "recommend.handler.on_event",
            "Environment": {"Variables": {"A": "b", "POWERTOOLS_SERVICE_NAME": "recommend"}},
            "Timeout": 120,
            "MemorySize": 512,
        },
    )


def test_keeps_its_logs_for_a_month(stack: cdk.Stack) -> None:
    template_of(stack).has_resource(
        "AWS::Logs::LogGroup",
        {"Properties": {"RetentionInDays": 30}, "DeletionPolicy": "Delete"},
    )


def test_may_write_its_own_logs_and_traces_alone(stack: cdk.Stack) -> None:
    template = template_of(stack)

    (log_group,) = template.find_resources("AWS::Logs::LogGroup")
    template.has_resource_properties("AWS::IAM::Role", {"ManagedPolicyArns": Match.absent()})
    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    by_action = {
        str(statement["Action"]): statement["Resource"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    }
    assert by_action == {
        "['logs:CreateLogStream', 'logs:PutLogEvents']": {"Fn::GetAtt": [log_group, "Arn"]},
        "['xray:PutTraceSegments', 'xray:PutTelemetryRecords']": "*",
    }


def test_runs_with_the_role_that_it_is_given(stack: cdk.Stack, role: iam.Role) -> None:
    template = template_of(stack, role=role)

    template.resource_count_is("AWS::IAM::Role", 1)
    template.has_resource_properties(FUNCTION, {"Role": stack.resolve(role.role_arn)})


def test_encrypts_its_environment_and_logs_with_a_key(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    arn = stack.resolve(key.key_arn)

    template = template_of(stack, encryption_key=key)

    template.has_resource_properties(FUNCTION, {"KmsKeyArn": arn})
    template.has_resource_properties("AWS::Logs::LogGroup", {"KmsKeyId": arn})


def test_the_key_admits_the_logs_of_this_account_and_region(stack: cdk.Stack) -> None:
    template = template_of(stack, encryption_key=kms.Key(stack, "Key"))

    (key,) = template.find_resources("AWS::KMS::Key").values()
    statements = key["Properties"]["KeyPolicy"]["Statement"]
    (of_logs,) = [each for each in statements if "logs." in str(each["Principal"])]
    assert of_logs["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert ":logs:us-east-1:111111111111:log-group:*" in str(of_logs["Condition"]["ArnLike"])


@pytest.mark.parametrize(
    ("region", "account"), [("eu-west-1", "017000801446"), ("cn-north-1", "498634801083")]
)
def test_has_the_public_layer_of_powertools(region: str, account: str) -> None:
    layer = layer_of(region)

    assert f":lambda:{region}:{account}:layer:AWSLambdaPowertoolsPythonV3-python313-arm64:" in layer


def test_has_the_layer_that_the_context_names() -> None:
    arn = "arn:aws:lambda:eu-west-1:111111111111:layer:powertools:1"

    assert layer_of("eu-west-1", **{POWERTOOLS_LAYER_CONTEXT: arn}) == arn


def test_the_code_of_a_function_is_its_package_and_the_runtime() -> None:
    py_compile.compile(str(lambda_root() / "recommend" / "handler.py"))  # as to run it would do
    app = cdk.App()
    LambdaFunction(cdk.Stack(app, "Shop"), "F", function="recommend")

    staged = [path for path in Path(app.synth().directory).glob("asset.*") if path.is_dir()]

    assert [{each.name for each in path.iterdir()} for path in staged] == [
        {"personalize_runtime", "recommend"}
    ]
    assert {path.suffix for path in staged[0].rglob("*") if path.is_file()} == {".py"}


def test_refuses_a_function_that_is_not_there() -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "function must be one of"
            " ['event_archive', 'event_ingest', 'recommend', 'resource_provider'], got 'shop'"
        ),
    ):
        function_code("shop")
