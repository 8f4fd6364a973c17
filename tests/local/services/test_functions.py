"""Functions: behind a stream, behind an API, and in front of Amazon Personalize."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from tests.local.services.cloud import Cloud, eventually, function

CONSUMER = """
import base64, json, os, boto3

def handler(event, context):
    failures = []
    for record in event["Records"]:
        body = base64.b64decode(record["kinesis"]["data"]).decode()
        if body == "bad":
            failures.append({"itemIdentifier": record["kinesis"]["sequenceNumber"]})
        else:
            boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=body)
    return {"batchItemFailures": failures}
"""


LEAVER = """
import boto3

def handler(event, context):
    boto3.client("logs").delete_log_group(logGroupName=event["group"])
    boto3.client("lambda").delete_function(FunctionName=context.function_name)
"""


FAILING = """
calls = []

def handler(event, context):
    calls.append(event)
    raise ValueError(f"call {len(calls)}")
"""


def test_an_event_that_a_function_fails_on_is_tried_again_and_then_dead_lettered(
    cloud: Cloud,
) -> None:
    arn = {"Fn::GetAtt": ["Consumer", "Arn"]}
    made = cloud.deploy(
        {
            "Dead": {"Type": "AWS::SQS::Queue"},
            "Consumer": function(FAILING),
            "Retries": {
                "Type": "AWS::Lambda::EventInvokeConfig",
                "Properties": {
                    "FunctionName": {"Ref": "Consumer"},
                    "Qualifier": "$LATEST",
                    "MaximumRetryAttempts": 1,
                    "DestinationConfig": {
                        "OnFailure": {"Destination": {"Fn::GetAtt": ["Dead", "Arn"]}}
                    },
                },
            },
            "Rule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "EventPattern": {"source": ["shop"]},
                    "Targets": [{"Id": "Target0", "Arn": arn}],
                },
            },
        }
    )
    entry = {"Source": "shop", "DetailType": "sold", "Detail": json.dumps({"n": 1})}
    cloud.client("events").put_events(Entries=[entry])

    dead = json.loads(received(cloud, made["Dead"], 1).pop())
    assert dead["requestPayload"]["detail"] == {"n": 1}
    assert dead["responsePayload"]["errorMessage"] == "call 2"


def test_a_bad_record_goes_to_its_destination_and_the_next_ones_are_processed(
    cloud: Cloud,
) -> None:
    made = cloud.deploy(
        {
            "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
            "Done": {"Type": "AWS::SQS::Queue"},
            "Dead": {"Type": "AWS::SQS::Queue"},
            "Consumer": function(CONSUMER, Environment={"Variables": {"QUEUE": {"Ref": "Done"}}}),
            "Mapping": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "EventSourceArn": {"Fn::GetAtt": ["Stream", "Arn"]},
                    "FunctionName": {"Ref": "Consumer"},
                    "StartingPosition": "TRIM_HORIZON",
                    "BatchSize": 10,
                    "MaximumRetryAttempts": 1,
                    "BisectBatchOnFunctionError": True,
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    "DestinationConfig": {
                        "OnFailure": {"Destination": {"Fn::GetAtt": ["Dead", "Arn"]}}
                    },
                },
            },
        }
    )
    records = [{"Data": body, "PartitionKey": "k"} for body in (b"one", b"bad", b"two")]
    cloud.client("kinesis").put_records(StreamName=made["Stream"], Records=records)

    assert received(cloud, made["Done"], 2) == {"one", "two"}
    dead = json.loads(received(cloud, made["Dead"], 1).pop())
    assert dead["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert dead["KinesisBatchInfo"]["batchSize"] == 1


def received(cloud: Cloud, queue: str, number: int) -> set[str]:
    bodies: set[str] = set()

    def enough() -> bool:
        answer = cloud.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        bodies.update(message["Body"] for message in answer.get("Messages", []))
        return len(bodies) >= number

    eventually(enough)
    return bodies


def test_a_function_that_is_deleted_while_it_runs_makes_no_log_group_anew(cloud: Cloud) -> None:
    logs, functions = cloud.client("logs"), cloud.client("lambda")
    name = cloud.deploy({"Leaver": function(LEAVER)})["Leaver"]
    group = f"/aws/lambda/{name}"
    logs.create_log_group(logGroupName=group)

    functions.invoke(FunctionName=name, Payload=json.dumps({"group": group}))

    assert name not in [each["FunctionName"] for each in functions.list_functions()["Functions"]]
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []


def test_a_function_that_fails_is_the_same_process_at_the_next_call(cloud: Cloud) -> None:
    functions = cloud.client("lambda")
    name = cloud.deploy({"Failing": function(FAILING)})["Failing"]

    def failure() -> str:
        answer = functions.invoke(FunctionName=name, Payload=b"{}")
        assert answer["FunctionError"] == "Unhandled"
        return str(json.loads(answer["Payload"].read())["errorMessage"])

    assert [failure() for _ in range(3)] == ["call 1", "call 2", "call 3"]


def test_a_function_whose_tags_change_is_the_same_process_at_the_next_call(cloud: Cloud) -> None:
    functions = cloud.client("lambda")
    code = (
        "calls = []\n\ndef handler(event, context):\n    calls.append(0)\n    return len(calls)\n"
    )

    def calls(version: str) -> bytes:
        tags = [{"Key": "version", "Value": version}]
        name = cloud.deploy({"Tagged": function(code, Tags=tags)}, "tagged")["Tagged"]
        arn = functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
        assert functions.list_tags(Resource=arn)["Tags"]["version"] == version
        called: bytes = functions.invoke(FunctionName=name, Payload=b"{}")["Payload"].read()
        return called

    assert [calls("one"), calls("two")] == [b"1", b"2"]


def test_a_function_that_ends_its_process_is_started_again(cloud: Cloud) -> None:
    functions = cloud.client("lambda")
    code = "import os\n\ndef handler(event, context):\n    return event or os._exit(1)\n"
    name = cloud.deploy({"Leaving": function(code)})["Leaving"]

    assert functions.invoke(FunctionName=name, Payload=b"{}")["FunctionError"]
    assert functions.invoke(FunctionName=name, Payload=b'"again"')["Payload"].read() == b'"again"'


def test_a_function_reaches_amazon_personalize(cloud: Cloud) -> None:
    code = """
import boto3

def handler(event, context):
    return len(boto3.client("personalize").list_recipes()["recipes"])
"""
    name = cloud.deploy({"Function": function(code, Timeout=30)})["Function"]

    answer = cloud.client("lambda").invoke(FunctionName=name)
    assert int(answer["Payload"].read()) > 0


@pytest.fixture(scope="module")
def api(cloud: Cloud) -> str:
    """An API with one route, /closed, behind the IAM authorizer."""
    code = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'in'}\n"
    made = cloud.deploy(
        {
            "Function": function(code),
            "Api": {
                "Type": "AWS::ApiGatewayV2::Api",
                "Properties": {"Name": "api", "ProtocolType": "HTTP"},
            },
            "Integration": {
                "Type": "AWS::ApiGatewayV2::Integration",
                "Properties": {
                    "ApiId": {"Ref": "Api"},
                    "IntegrationType": "AWS_PROXY",
                    "IntegrationUri": {"Fn::GetAtt": ["Function", "Arn"]},
                    "PayloadFormatVersion": "2.0",
                },
            },
            "Route": {
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": {
                    "ApiId": {"Ref": "Api"},
                    "RouteKey": "GET /closed",
                    "AuthorizationType": "AWS_IAM",
                    "Target": {"Fn::Sub": "integrations/${Integration}"},
                },
            },
            "Stage": {
                "Type": "AWS::ApiGatewayV2::Stage",
                "Properties": {
                    "ApiId": {"Ref": "Api"},
                    "StageName": "$default",
                    "AutoDeploy": True,
                },
            },
        }
    )
    host = f"{made['Api']}.execute-api.us-east-1.amazonaws.com"
    return cloud.aws.local_url(f"https://{host}/closed")


def test_an_api_with_iam_authorization_refuses_an_unsigned_request(api: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(api)
    refused.value.close()

    assert refused.value.code == 403


def test_an_api_with_iam_authorization_takes_a_signed_request(cloud: Cloud, api: str) -> None:
    scope = f"{cloud.aws.account}/20260101/us-east-1/execute-api/aws4_request"
    signature = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    request = urllib.request.Request(api, headers={"Authorization": signature})

    with urllib.request.urlopen(request) as answer:
        assert answer.read() == b"in"


def test_an_api_takes_other_origins_in_place(cloud: Cloud) -> None:
    def origins(origin: str) -> tuple[str, list[str]]:
        properties = {
            "Name": "shop",
            "ProtocolType": "HTTP",
            "CorsConfiguration": {"AllowOrigins": [origin]},
        }
        made = cloud.deploy(
            {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": properties}}, "origins"
        )
        found = cloud.client("apigatewayv2").get_api(ApiId=made["Api"])
        return made["Api"], found["CorsConfiguration"]["AllowOrigins"]

    api, _ = origins("https://old.example.com")

    assert origins("https://new.example.com") == (api, ["https://new.example.com"])
