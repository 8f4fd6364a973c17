"""State machines, where MiniStack by itself differs from AWS."""

from __future__ import annotations

import json
import uuid
from datetime import datetime

import pytest

from tests.local.services.cloud import ROLE, Cloud, eventually, function, task
from tests.local.services.templates import shop

NO_CAMPAIGN = "arn:aws:personalize:us-east-1:123456789012:campaign/none"
NO_SCHEMA = "arn:aws:personalize:us-east-1:123456789012:schema/none"
CHILD = {
    "StartAt": "Fail",
    "States": {"Fail": {"Type": "Fail", "Error": "NoData", "Cause": "nothing to train with"}},
}


def machine(cloud: Cloud, definition: object, name: str = "") -> str:
    arn: str = cloud.client("stepfunctions").create_state_machine(
        name=name or f"machine-{uuid.uuid4().hex[:8]}",
        definition=json.dumps(definition),
        roleArn=ROLE,
    )["stateMachineArn"]
    return arn


def test_a_call_of_amazon_personalize_answers_in_pascal_case(cloud: Cloud) -> None:
    recipe = "arn:aws:personalize:::recipe/aws-similar-items"
    output = cloud.run(task("aws-sdk:personalize:describeRecipe", {"RecipeArn": recipe}))

    assert output["Recipe"]["RecipeArn"] == recipe


def test_an_error_of_amazon_personalize_has_its_name_on_aws(cloud: Cloud) -> None:
    output = cloud.run(task("aws-sdk:personalize:describeSchema", {"SchemaArn": NO_SCHEMA}))

    assert output["Error"] == "Personalize.ResourceNotFoundException"


def test_a_name_that_is_taken_fails_with_the_exception_of_the_model(cloud: Cloud) -> None:
    create = task("aws-sdk:personalize:createDatasetGroup", {"Name": "taken"})
    group = cloud.run(create)["DatasetGroupArn"]

    output = cloud.run(create)

    cloud.client("personalize").delete_dataset_group(datasetGroupArn=group)
    assert output["Error"] == "Personalize.ResourceAlreadyExistsException"
    assert "(Service: Personalize, Status Code: 400, Request ID: " in output["Cause"]


def test_an_answer_has_its_times_in_iso_8601(cloud: Cloud) -> None:
    recipe = "arn:aws:personalize:::recipe/aws-similar-items"
    output = cloud.run(task("aws-sdk:personalize:describeRecipe", {"RecipeArn": recipe}))

    created = output["Recipe"]["CreationDateTime"]
    assert datetime.fromisoformat(created).tzinfo is not None


def test_the_runtime_is_an_integration_of_its_own(cloud: Cloud) -> None:
    arguments = {"CampaignArn": NO_CAMPAIGN, "UserId": "u", "FilterValues": {"genre": '"a"'}}
    output = cloud.run(task("aws-sdk:personalizeruntime:getRecommendations", arguments))

    assert output["Error"] == "PersonalizeRuntime.ResourceNotFoundException"
    assert "(Service: PersonalizeRuntime, Status Code: 404, " in output["Cause"]


def test_the_events_are_an_integration_of_their_own(cloud: Cloud) -> None:
    event = {"EventType": "View", "ItemId": "i", "SentAt": "2026-11-25T00:00:00Z"}
    arguments = {"TrackingId": "none", "SessionId": "s", "EventList": [event]}
    output = cloud.run(task("aws-sdk:personalizeevents:putEvents", arguments))

    # The tracker is what is wrong, and not the time.
    assert output["Error"] == "PersonalizeEvents.InvalidInputException"
    assert "none" in output["Cause"]


def test_an_event_of_a_state_machine_is_taken(cloud: Cloud) -> None:
    resources = {
        name: definition
        for name, definition in shop("told").items()
        if name in {"Schema", "Group", "Dataset", "Tracker"}
    }
    tracker = cloud.deploy(resources, "told")["Tracker"]
    described = cloud.client("personalize").describe_event_tracker(eventTrackerArn=tracker)
    event = {"EventType": "View", "ItemId": "i", "SentAt": "2026-11-25T00:00:00Z"}
    arguments = {
        "TrackingId": described["eventTracker"]["trackingId"],
        "SessionId": "s",
        "EventList": [event | {"Properties": "{}"}],
    }

    output = cloud.run(task("aws-sdk:personalizeevents:putEvents", arguments))

    assert output == {}
    cloud.delete("told")


def test_an_operation_that_the_service_has_not_is_refused(cloud: Cloud) -> None:
    output = cloud.run(task("aws-sdk:personalize:listWishes", {}))

    assert output["Error"] == "States.Runtime"
    assert "listWishes is not recognized" in output["Cause"]


def test_an_argument_that_is_not_in_pascal_case_is_refused(cloud: Cloud) -> None:
    output = cloud.run(task("aws-sdk:personalize:describeSchema", {"schemaArn": NO_SCHEMA}))

    assert output == {
        "Error": "States.Runtime",
        "Cause": 'The field "schemaArn" is not supported by Step Functions',
    }


def test_a_nested_argument_that_is_not_in_pascal_case_is_refused(cloud: Cloud) -> None:
    arguments = {"JobName": "j", "DataSource": {"dataLocation": "s3://bucket/x"}}
    output = cloud.run(task("aws-sdk:personalize:createDatasetImportJob", arguments))

    assert '"dataLocation" is not supported' in output["Cause"]


def test_a_listing_of_objects_has_numbers_and_booleans(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="listed")
    s3.put_object(Bucket="listed", Key="import/a.csv", Body=b"abc")

    output = cloud.run(task("aws-sdk:s3:listObjectsV2", {"Bucket": "listed"}))

    assert (output["KeyCount"], output["IsTruncated"]) == (1, False)
    assert [(found["Key"], found["Size"]) for found in output["Contents"]] == [("import/a.csv", 3)]


def test_a_listing_without_objects_has_no_contents(cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(Bucket="empty")

    output = cloud.run(task("aws-sdk:s3:listObjectsV2", {"Bucket": "empty"}))

    assert "Contents" not in output


@pytest.mark.parametrize(
    ("integration", "error"),
    [
        ("dynamodb:putItem", "DynamoDB.ConditionalCheckFailedException"),
        ("aws-sdk:dynamodb:putItem", "DynamoDb.ConditionalCheckFailedException"),
    ],
)
def test_a_conditional_write_that_fails_has_its_name_on_aws(
    cloud: Cloud, integration: str, error: str
) -> None:
    table = f"table-{uuid.uuid4().hex[:8]}"
    cloud.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"pk": {"S": "lock"}}
    condition = {"ConditionExpression": "attribute_exists(pk)"}

    output = cloud.run(task(integration, {"TableName": table, "Item": item, **condition}))

    assert output["Error"] == error


def test_the_output_of_a_child_is_json(cloud: Cloud) -> None:
    states = {"Only": {"Type": "Pass", "Output": {"learnt": True}, "End": True}}
    child = machine(cloud, {"QueryLanguage": "JSONata", "StartAt": "Only", "States": states})

    output = cloud.run(task("states:startExecution.sync:2", {"StateMachineArn": child}))

    assert (output["Status"], output["Output"]) == ("SUCCEEDED", {"learnt": True})


def test_a_child_that_fails_fails_its_task_with_the_one_error_that_aws_gives(cloud: Cloud) -> None:
    child = machine(cloud, CHILD)

    output = cloud.run(task("states:startExecution.sync:2", {"StateMachineArn": child}))

    assert output["Error"] == "States.TaskFailed"
    cause = json.loads(output["Cause"])
    assert (cause["Status"], cause["Error"]) == ("FAILED", "NoData")


def test_a_child_of_a_used_name_is_refused(cloud: Cloud) -> None:
    states = {"Only": {"Type": "Succeed"}}
    child = machine(cloud, {"StartAt": "Only", "States": states})
    start = task("states:startExecution.sync:2", {"StateMachineArn": child, "Name": "once"})
    cloud.run(start)

    output = cloud.run(start)

    assert output["Error"] == "StepFunctions.ExecutionAlreadyExistsException"


def test_an_event_starts_an_execution_with_a_name_as_long_as_on_aws(cloud: Cloud) -> None:
    pattern = {"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "import/"}]}}}
    made = cloud.deploy(
        {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": ROLE,
                    "Definition": {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}},
                },
            },
            "Rule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "EventPattern": pattern,
                    "Targets": [{"Id": "m", "Arn": {"Ref": "Machine"}, "RoleArn": ROLE}],
                },
            },
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "NotificationConfiguration": {
                        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
                    }
                },
            },
        }
    )
    cloud.client("s3").put_object(Bucket=made["Bucket"], Key="import/a.csv", Body=b"a")
    states = cloud.client("stepfunctions")

    found = eventually(
        lambda: states.list_executions(stateMachineArn=made["Machine"])["executions"]
    )
    assert [len(execution["name"]) for execution in found] == [73]


def test_nothing_of_a_map_goes_on_after_the_execution_is_stopped(cloud: Cloud) -> None:
    code = """
import os, time, boto3

def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=str(event))
    time.sleep(2)
"""
    made = cloud.deploy(
        {
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Slow": function(
                code, Timeout=30, Environment={"Variables": {"QUEUE": {"Ref": "Queue"}}}
            ),
        }
    )
    invoke = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": made["Slow"], "Payload": "{% $states.input %}"},
    }
    items = {
        "Type": "Map",
        "Items": [1, 2, 3],
        "MaxConcurrency": 1,
        "ItemProcessor": {"StartAt": "Call", "States": {"Call": {**invoke, "End": True}}},
        "End": True,
    }
    arn = machine(cloud, {"QueryLanguage": "JSONata", "StartAt": "Each", "States": {"Each": items}})
    states, sqs = cloud.client("stepfunctions"), cloud.client("sqs")
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    eventually(lambda: sqs.receive_message(QueueUrl=made["Queue"]).get("Messages"))

    states.stop_execution(executionArn=execution)

    later = sqs.receive_message(QueueUrl=made["Queue"], WaitTimeSeconds=4)
    assert later.get("Messages", []) == []
    assert states.describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_a_message_of_json_is_published_as_its_text(cloud: Cloud) -> None:
    made = cloud.deploy(
        {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Subscription": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {
                    "TopicArn": {"Ref": "Topic"},
                    "Protocol": "sqs",
                    "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
                    "RawMessageDelivery": True,
                },
            },
        }
    )

    cloud.run(task("sns:publish", {"TopicArn": made["Topic"], "Message": {"trained": 3}}))

    sqs = cloud.client("sqs")
    answer = eventually(lambda: sqs.receive_message(QueueUrl=made["Queue"]).get("Messages"))
    assert json.loads(answer[0]["Body"]) == {"trained": 3}
