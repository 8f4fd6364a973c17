"""IAM in front of Amazon Personalize, on a local AWS that asks it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from personalize_emulator.local import LocalAws
from tests.local.services.cloud import Cloud, eventually, function, task
from tests.local.services.conftest import LOCAL_PYTHON
from tests.local.services.templates import shop

ACCOUNT = "123456789012"
GROUP = f"arn:aws:personalize:us-east-1:{ACCOUNT}:dataset-group"
CAMPAIGN = f"arn:aws:personalize:us-east-1:{ACCOUNT}:campaign/shop"
RECIPE = "arn:aws:personalize:::recipe/aws-similar-items"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local AWS that checks signatures and permissions; the cloud's own clients are root's."""
    with LocalAws(tmp_path_factory.mktemp("guarded"), python=LOCAL_PYTHON, auth=True) as aws:
        yield Cloud(aws)


@pytest.fixture(scope="module")
def groups(guarded: Cloud) -> tuple[str, str]:
    """Two dataset groups; the first has a tag."""
    create = guarded.client("personalize").create_dataset_group
    tagged = create(name="mine", tags=[{"tagKey": "team", "tagValue": "shop"}])
    return tagged["datasetGroupArn"], create(name="other")["datasetGroupArn"]


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str) -> str:
    principal = {"Service": f"{service}.amazonaws.com"}
    return policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})


def client_of_user(cloud: Cloud, *statements: dict[str, Any], service: str = "personalize") -> Any:
    """A client with the keys of a new user who has this policy."""
    iam, name = cloud.client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="its", PolicyDocument=policy(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.Session().client(
        service,  # type: ignore[call-overload]
        endpoint_url=cloud.aws.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def role(cloud: Cloud, service: str, *statements: dict[str, Any]) -> str:
    """A new role of a service that has this policy; its ARN."""
    iam, name = cloud.client("iam"), f"role-{uuid.uuid4().hex[:8]}"
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"][
        "Arn"
    ]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="its", PolicyDocument=policy(*statements))
    return arn


def refusal(error: pytest.ExceptionInfo[ClientError]) -> str:
    answer = error.value.response["Error"]
    assert answer["Code"] == "AccessDeniedException"
    return answer["Message"]


def test_a_user_is_held_to_the_dataset_group_that_the_policy_names(
    guarded: Cloud, groups: tuple[str, str]
) -> None:
    mine, other = groups
    user = client_of_user(guarded, allow("personalize:DescribeDatasetGroup", mine))

    assert user.describe_dataset_group(datasetGroupArn=mine)["datasetGroup"]["name"] == "mine"
    with pytest.raises(ClientError) as refused:
        user.describe_dataset_group(datasetGroupArn=other)

    caller = guarded.client("iam").list_users()["Users"][-1]["Arn"].rpartition("/")[0]
    message = refusal(refused)
    assert message.startswith(f"User: {caller}/")
    assert message.endswith(
        f" is not authorized to perform: personalize:DescribeDatasetGroup on resource: {other}"
        " because no identity-based policy allows the personalize:DescribeDatasetGroup action"
    )


def test_a_refusal_has_the_status_of_its_protocol(guarded: Cloud) -> None:
    control = client_of_user(guarded)
    runtime = client_of_user(guarded, service="personalize-runtime")

    with pytest.raises(ClientError) as refused:
        control.list_recipes()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError) as refused:
        runtime.get_recommendations(campaignArn=CAMPAIGN)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_batch_of_messages_needs_the_permission_for_one(guarded: Cloud) -> None:
    url = guarded.client("sqs").create_queue(QueueName="letters")["QueueUrl"]
    entries = [{"Id": "1", "MessageBody": "one"}]
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:letters"

    user = client_of_user(guarded, allow("sqs:SendMessage", queue), service="sqs")
    assert len(user.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 1

    other = client_of_user(guarded, allow("sqs:DeleteMessage", queue), service="sqs")
    with pytest.raises(ClientError, match="not authorized to perform: sqs:SendMessage "):
        other.send_message_batch(QueueUrl=url, Entries=entries)


def test_a_create_needs_the_new_resource_and_its_group(
    guarded: Cloud, groups: tuple[str, str]
) -> None:
    group = groups[0]
    solution = f"arn:aws:personalize:us-east-1:{ACCOUNT}:solution/for-you"
    half = client_of_user(guarded, allow("personalize:CreateSolution", solution))

    with pytest.raises(ClientError) as refused:
        half.create_solution(name="for-you", datasetGroupArn=group, recipeArn=RECIPE)

    assert f"personalize:CreateSolution on resource: {group} " in refusal(refused)


def test_an_explicit_deny_says_so(guarded: Cloud) -> None:
    deny = {"Effect": "Deny", "Action": "personalize:ListSchemas", "Resource": "*"}
    user = client_of_user(guarded, allow("personalize:*"), deny)

    with pytest.raises(ClientError) as refused:
        user.list_schemas()

    assert refusal(refused).endswith(
        "personalize:ListSchemas on resource: * with an explicit deny in an identity-based policy"
    )


def test_a_role_that_may_not_be_passed_is_refused(guarded: Cloud) -> None:
    handed_over = role(guarded, "personalize")
    user = client_of_user(guarded, allow("personalize:*"))

    with pytest.raises(ClientError) as refused:
        user.create_dataset_import_job(
            jobName="job",
            datasetArn=f"arn:aws:personalize:us-east-1:{ACCOUNT}:dataset/shop/ITEMS",
            dataSource={"dataLocation": "s3://bucket/items.csv"},
            roleArn=handed_over,
        )

    assert f"iam:PassRole on resource: {handed_over} " in refusal(refused)


def test_a_role_may_be_passed_to_amazon_personalize_alone(guarded: Cloud) -> None:
    handed_over = role(guarded, "personalize")
    condition = {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}}
    user = client_of_user(
        guarded, allow("personalize:*"), allow("iam:PassRole", handed_over, Condition=condition)
    )

    with pytest.raises(ClientError) as refused:
        user.create_dataset_import_job(
            jobName="job",
            datasetArn=f"arn:aws:personalize:us-east-1:{ACCOUNT}:dataset/none/ITEMS",
            dataSource={"dataLocation": "s3://bucket/items.csv"},
            roleArn=handed_over,
        )

    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_the_tags_of_a_resource_count(guarded: Cloud, groups: tuple[str, str]) -> None:
    tagged, plain = groups
    condition = {"StringEquals": {"aws:ResourceTag/team": "shop"}}
    user = client_of_user(guarded, allow("personalize:Describe*", Condition=condition))

    assert user.describe_dataset_group(datasetGroupArn=tagged)["datasetGroup"]["name"] == "mine"
    with pytest.raises(ClientError) as refused:
        user.describe_dataset_group(datasetGroupArn=plain)
    assert plain in refusal(refused)


def test_the_tags_of_a_request_count(guarded: Cloud) -> None:
    condition = {"StringEquals": {"aws:RequestTag/team": "shop"}}
    user = client_of_user(guarded, allow("personalize:CreateDatasetGroup", Condition=condition))

    user.create_dataset_group(name="of-shop", tags=[{"tagKey": "team", "tagValue": "shop"}])
    with pytest.raises(ClientError) as refused:
        user.create_dataset_group(name="of-none")
    assert f"{GROUP}/of-none" in refusal(refused)


def test_a_key_that_nobody_has_is_refused(guarded: Cloud) -> None:
    options = {**guarded.aws.client_options, "aws_access_key_id": "AKIAAAAAAAAAAAAAAAAA"}

    with pytest.raises(ClientError) as refused:
        boto3.Session().client("personalize", **options).list_recipes()  # type: ignore[call-overload]

    assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"


@pytest.mark.parametrize(
    ("allowed", "code"),
    [
        ("personalize:GetPersonalizedRanking", "AccessDeniedException"),
        ("personalize:GetRecommendations", "ResourceNotFoundException"),
    ],
)
def test_a_function_calls_with_its_role(guarded: Cloud, allowed: str, code: str) -> None:
    source = f"""
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    runtime = boto3.client("personalize-runtime")
    try:
        runtime.get_recommendations(campaignArn="{CAMPAIGN}", userId="u")
    except ClientError as error:
        return error.response["Error"]["Code"]
"""
    its_role = role(guarded, "lambda", allow(allowed, CAMPAIGN))
    name = guarded.deploy({"Function": function(source, Timeout=30, Role=its_role)})["Function"]

    answer = guarded.client("lambda").invoke(FunctionName=name)

    assert json.loads(answer["Payload"].read()) == code


def test_a_state_machine_calls_with_its_role(guarded: Cloud) -> None:
    allowed = role(guarded, "states", allow("personalize:DescribeRecipe", RECIPE))
    describe = task("aws-sdk:personalize:describeRecipe", {"RecipeArn": RECIPE})
    refused = task("aws-sdk:personalize:listRecipes", {})

    assert guarded.run(describe, role=allowed)["Recipe"]["RecipeArn"] == RECIPE
    output = guarded.run(refused, role=allowed)

    # The service model has no such error: the SDK for Java throws its general one.
    assert output["Error"] == "Personalize.PersonalizeException"
    assert "personalize:ListRecipes on resource: * because" in output["Cause"]


def test_what_stays_on_this_machine_is_secure_transport(guarded: Cloud) -> None:
    s3 = guarded.client("s3")
    s3.create_bucket(Bucket="tls-only")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="tls-only", Policy=policy(deny))
    user = client_of_user(guarded, allow("s3:PutObject"), service="s3")

    assert user.put_object(Bucket="tls-only", Key="asset", Body=b"x")["ETag"]


@pytest.mark.parametrize(
    ("allowed", "status"), [("s3:ListBucket", "CREATE FAILED"), ("s3:*", "ACTIVE")]
)
def test_an_import_reads_with_the_permissions_of_its_role(
    guarded: Cloud, allowed: str, status: str
) -> None:
    name = f"import-{uuid.uuid4().hex[:8]}"
    resources = {n: shop(name)[n] for n in ("Schema", "Group")}
    fields = [{"name": n, "type": "string"} for n in ("USER_ID", "COUNTRY")]
    fields[1]["categorical"] = True  # type: ignore[assignment]
    avro = json.loads(resources["Schema"]["Properties"]["Schema"])
    avro |= {"name": "Users", "fields": fields}
    resources["Schema"]["Properties"]["Schema"] = json.dumps(avro)
    resources["Dataset"] = shop(name)["Dataset"]
    resources["Dataset"]["Properties"]["DatasetType"] = "Users"
    made = guarded.deploy(resources, name)
    s3 = guarded.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="users.csv", Body=b"USER_ID,COUNTRY\nu1,FR\nu2,DE\n")
    personalize = guarded.client("personalize")

    job = personalize.create_dataset_import_job(
        jobName=name,
        datasetArn=made["Dataset"],
        dataSource={"dataLocation": f"s3://{name}/users.csv"},
        roleArn=role(guarded, "personalize", allow(allowed)),
    )["datasetImportJobArn"]

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = personalize.describe_dataset_import_job(datasetImportJobArn=job)
        described: dict[str, Any] = found["datasetImportJob"]
        return described if described["status"] in {"ACTIVE", "CREATE FAILED"} else None

    described = eventually(ended)
    guarded.delete(name)
    assert described["status"] == status
    assert ("AccessDenied" in described.get("failureReason", "")) == (status != "ACTIVE")


def test_firehose_reads_and_writes_with_the_permissions_of_its_role(guarded: Cloud) -> None:
    kinesis, s3, firehose = (guarded.client(each) for each in ("kinesis", "s3", "firehose"))
    kinesis.create_stream(StreamName="events", ShardCount=1)
    stream_arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/events"
    read = allow("kinesis:GetRecords", stream_arn)
    s3.create_bucket(Bucket="delivered")
    roles = {
        "reader": [read],
        "writer": [allow("s3:PutObject", "arn:aws:s3:::delivered/writer/*")],
        "both": [read, allow("s3:PutObject", "arn:aws:s3:::delivered/both/*")],
    }
    for name, statements in roles.items():
        arn = role(guarded, "firehose", *statements)
        firehose.create_delivery_stream(
            DeliveryStreamName=name,
            DeliveryStreamType="KinesisStreamAsSource",
            KinesisStreamSourceConfiguration={"KinesisStreamARN": stream_arn, "RoleARN": arn},
            ExtendedS3DestinationConfiguration={
                "BucketARN": "arn:aws:s3:::delivered",
                "RoleARN": arn,
                "Prefix": f"{name}/",
                # The last one is written when the others have been.
                "BufferingHints": {"IntervalInSeconds": 900 if name == "both" else 0},
            },
        )

    kinesis.put_record(StreamName="events", Data=b"one", PartitionKey="k")

    (found,) = eventually(lambda: s3.list_objects_v2(Bucket="delivered").get("Contents"))
    assert found["Key"].startswith("both/")
