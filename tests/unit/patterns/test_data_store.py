"""The store of data."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match, Matcher, Template

from cdk_personalize.patterns.data_store import DataStore
from tests.refusals import whole
from tests.unit.apps import new_app

ROLE_ARN = "arn:aws:iam::111111111111:role/personalize"
KEY_ARN = "arn:aws:kms:us-east-1:111111111111:key/00000000-0000-0000-0000-000000000000"


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(env=cdk.Environment(account="111111111111", region="us-east-1"))


def logical_id(stack: cdk.Stack, construct: cdk.IResource) -> str:
    child = construct.node.default_child
    assert isinstance(child, cdk.CfnElement)
    resolved: str = stack.resolve(child.logical_id)
    return resolved


def data_bucket(**properties: object) -> Matcher:
    """Return a match of the bucket that holds the data, which alone keeps versions."""
    return Match.object_like({"VersioningConfiguration": {"Status": "Enabled"}, **properties})


def test_encrypts_the_data_with_its_own_key(stack: cdk.Stack) -> None:
    store = DataStore(stack, "Data")

    encryption = {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {
            "KMSMasterKeyID": stack.resolve(store.key.key_arn),
            "SSEAlgorithm": "aws:kms",
        },
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::S3::Bucket",
        data_bucket(
            BucketEncryption={"ServerSideEncryptionConfiguration": [encryption]},
        ),
    )


def test_rotates_the_key(stack: cdk.Stack) -> None:
    DataStore(stack, "Data")

    Template.from_stack(stack).has_resource_properties("AWS::KMS::Key", {"EnableKeyRotation": True})


def test_keeps_buckets_and_key_by_default(stack: cdk.Stack) -> None:
    DataStore(stack, "Data")

    template = Template.from_stack(stack)
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    template.all_resources("AWS::S3::Bucket", Match.object_like(kept))
    template.all_resources("AWS::KMS::Key", Match.object_like(kept))
    template.resource_count_is("Custom::S3AutoDeleteObjects", 0)


def test_leaves_nothing_behind_if_asked(stack: cdk.Stack) -> None:
    DataStore(stack, "Data", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True)

    template = Template.from_stack(stack)
    template.all_resources("AWS::S3::Bucket", Match.object_like({"DeletionPolicy": "Delete"}))
    template.all_resources("AWS::KMS::Key", Match.object_like({"DeletionPolicy": "Delete"}))
    template.resource_count_is("Custom::S3AutoDeleteObjects", 2)


def test_the_log_of_the_function_that_empties_the_buckets_goes_after_it(
    stack: cdk.Stack,
) -> None:
    DataStore(stack, "Data", removal_policy=cdk.RemovalPolicy.DESTROY, auto_delete_objects=True)

    template = Template.from_stack(stack)
    (log,) = template.find_resources("AWS::Logs::LogGroup", {"DeletionPolicy": "Delete"})
    # It refers to the group, so CloudFormation deletes it first.
    template.has_resource_properties(
        "AWS::Lambda::Function", {"LoggingConfig": {"LogGroup": {"Ref": log}}}
    )


def test_refuses_to_empty_a_bucket_that_is_kept(stack: cdk.Stack) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "auto_delete_objects needs a new bucket and removal_policy DESTROY, got"
            " removal_policy RETAIN"
        ),
    ):
        DataStore(stack, "Data", auto_delete_objects=True)


def test_refuses_to_empty_a_bucket_of_others(stack: cdk.Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "theirs")

    with pytest.raises(
        ValueError,
        match=whole(
            "auto_delete_objects needs a new bucket and removal_policy DESTROY, got an"
            " existing bucket"
        ),
    ):
        DataStore(
            stack,
            "Data",
            bucket=bucket,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            auto_delete_objects=True,
        )


def test_takes_encrypted_connections_alone(stack: cdk.Stack) -> None:
    DataStore(stack, "Data")

    deny = {
        "Effect": "Deny",
        "Action": "s3:*",
        "Principal": {"AWS": "*"},
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::S3::BucketPolicy", 2)
    template.all_resources_properties(
        "AWS::S3::BucketPolicy",
        {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(deny)])}},
    )


def test_blocks_public_access(stack: cdk.Stack) -> None:
    DataStore(stack, "Data")

    Template.from_stack(stack).all_resources_properties(
        "AWS::S3::Bucket",
        {
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            }
        },
    )


def test_drops_old_versions_and_abandoned_uploads(stack: cdk.Stack) -> None:
    DataStore(stack, "Data")

    rule = {
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        "Status": "Enabled",
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::S3::Bucket",
        data_bucket(LifecycleConfiguration={"Rules": Match.array_with([rule])}),
    )


def test_drops_dead_letters_after_four_weeks(stack: cdk.Stack) -> None:
    DataStore(stack, "Data")

    rule = {"Prefix": "dead-letters/", "ExpirationInDays": 28, "Status": "Enabled"}
    Template.from_stack(stack).has_resource_properties(
        "AWS::S3::Bucket",
        data_bucket(LifecycleConfiguration={"Rules": Match.array_with([rule])}),
    )


def test_tells_event_bridge_of_uploads_without_a_function(stack: cdk.Stack) -> None:
    DataStore(stack, "Data")

    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::S3::Bucket",
        data_bucket(
            NotificationConfiguration={"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
        ),
    )
    template.resource_count_is("AWS::Lambda::Function", 0)


def test_logs_access_to_a_bucket_that_s3_can_write_to(stack: cdk.Stack) -> None:
    DataStore(stack, "Data")

    template = Template.from_stack(stack)
    (log_id,) = template.find_resources(
        "AWS::S3::Bucket",
        {"Properties": {"VersioningConfiguration": Match.absent()}},
    )
    template.has_resource_properties(
        "AWS::S3::Bucket",
        data_bucket(LoggingConfiguration={"DestinationBucketName": {"Ref": log_id}}),
    )
    template.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "VersioningConfiguration": Match.absent(),
            "AccessControl": Match.absent(),
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                ]
            },
        },
    )


@pytest.mark.parametrize("flag", [True, False])
def test_lets_s3_write_its_logs_whatever_the_feature_flags_say(flag: bool) -> None:
    app = new_app({"@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": flag})
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111"))
    store = DataStore(stack, "Data")

    delivery = {
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Condition": {
            "ArnLike": {"aws:SourceArn": stack.resolve(store.bucket.bucket_arn)},
            "StringEquals": {"aws:SourceAccount": "111111111111"},
        },
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::S3::BucketPolicy",
        {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(delivery)])}},
    )


def test_lets_the_role_read_what_is_to_be_imported_and_use_the_key(stack: cdk.Stack) -> None:
    store = DataStore(stack, "Data")

    bucket = stack.resolve(store.bucket.bucket_arn)
    read = {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [bucket, {"Fn::Join": ["", [bucket, "/import/*"]]}],
    }
    use = {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants"],
        "Resource": stack.resolve(store.key.key_arn),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with([Match.object_like(use), Match.object_like(read)])
            }
        },
    )


def test_lets_the_service_read_the_bucket_too(stack: cdk.Stack) -> None:
    DataStore(stack, "Data")

    read = {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Principal": {"Service": "personalize.amazonaws.com"},
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::S3::BucketPolicy",
        {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(read)])}},
    )


@pytest.mark.parametrize("principal", ["role", "service"])
def test_lets_the_role_and_the_service_use_the_key(stack: cdk.Stack, principal: str) -> None:
    store = DataStore(stack, "Data")

    user = (
        {"AWS": stack.resolve(store.role.role_arn)}
        if principal == "role"
        else {"Service": "personalize.amazonaws.com"}
    )
    Template.from_stack(stack).has_resource_properties(
        "AWS::KMS::Key",
        {
            "KeyPolicy": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Principal": user,
                                "Action": Match.array_with(["kms:Decrypt", "kms:CreateGrant"]),
                            }
                        )
                    ]
                )
            }
        },
    )


def test_whatever_uses_the_role_waits_for_the_policies_of_both_sides(stack: cdk.Stack) -> None:
    store = DataStore(stack, "Data")
    user = cdk.CfnResource(stack, "User", type="AWS::Personalize::DatasetGroup")

    user.node.add_dependency(store.role_ready)

    template = Template.from_stack(stack)
    (role_policy,) = template.find_resources("AWS::IAM::Policy")
    bucket_policies = template.find_resources(
        "AWS::S3::BucketPolicy",
        {"Properties": {"Bucket": {"Ref": logical_id(stack, store.bucket)}}},
    )
    (found,) = template.find_resources("AWS::Personalize::DatasetGroup").values()
    assert {role_policy, *bucket_policies} <= set(found["DependsOn"])


@pytest.mark.parametrize(
    ("dataset", "prefix"),
    [
        ("interactions", "import/interactions/"),
        ("Items", "import/items/"),
        ("USERS", "import/users/"),
    ],
)
def test_has_a_folder_for_each_data_set(stack: cdk.Stack, dataset: str, prefix: str) -> None:
    assert DataStore(stack, "Data").import_prefix(dataset) == prefix


def test_refuses_a_data_set_that_there_is_not(stack: cdk.Stack) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "a dataset type must be one of Interactions, Items, Users, Actions,"
            " Action_Interactions, got 'orders'"
        ),
    ):
        DataStore(stack, "Data").import_prefix("orders")


def test_takes_what_exists_already(stack: cdk.Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "theirs")
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    role = iam.Role.from_role_arn(stack, "Role", ROLE_ARN, mutable=False)

    store = DataStore(stack, "Data", bucket=bucket, encryption_key=key, role=role)

    assert (store.bucket, store.key, store.role) == (bucket, key, role)
    template = Template.from_stack(stack)
    for kind in ("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::IAM::Role"):
        template.resource_count_is(kind, 0)


def test_names_a_bucket_of_the_app_by_its_path_where_it_has_no_name_yet(stack: cdk.Stack) -> None:
    DataStore(stack, "Data", bucket=s3.Bucket(stack, "Ours"))

    Annotations.from_stack(stack).has_warning(
        "/Default/Data", Match.string_like_regexp("configuration of the bucket Default/Ours has")
    )


@pytest.mark.parametrize(
    "statement",
    [
        r'.*imported bucket.*"Principal": *{"Service": *"personalize.amazonaws.com"}.*',
        r".*imported key.*kms:CreateGrant.*personalize.amazonaws.com.*",
        r".*trust policy of an imported role.*sts:AssumeRole.*",
        r".*permissions of an imported role.*s3:GetObject.*arn:aws:s3:::theirs/import/\*.*",
        r".*permissions of an imported role.*kms:Decrypt.*",
        r'.*notification configuration of the bucket theirs has "EventBridgeConfiguration": {} .*',
    ],
)
def test_tells_what_to_add_to_the_policies_of_what_exists_already(
    stack: cdk.Stack, statement: str
) -> None:
    DataStore(
        stack,
        "Data",
        bucket=s3.Bucket.from_bucket_name(stack, "Bucket", "theirs"),
        encryption_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN),
        role=iam.Role.from_role_arn(stack, "Role", ROLE_ARN, mutable=False),
    )

    Annotations.from_stack(stack).has_warning("/Default/Data", Match.string_like_regexp(statement))


@pytest.mark.parametrize(
    "statement",
    [
        r".*imported bucket.*s3:PutObject.*export/interactions/\*.*",
        r".*permissions of an imported role.*s3:PutObject.*export/interactions/\*.*",
        r".*imported bucket.*s3:GetObject.*delete/\*.*",
        r".*permissions of an imported role.*s3:GetObject.*delete/\*.*",
    ],
)
def test_tells_what_jobs_need_of_what_exists_already(stack: cdk.Stack, statement: str) -> None:
    store = DataStore(
        stack,
        "Data",
        bucket=s3.Bucket.from_bucket_name(stack, "Bucket", "theirs"),
        encryption_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN),
        role=iam.Role.from_role_arn(stack, "Role", ROLE_ARN, mutable=False),
    )

    store.allow_read("delete/")
    store.allow_write("export/interactions/")

    Annotations.from_stack(stack).has_warning("/Default/Data", Match.string_like_regexp(statement))


def test_says_nothing_about_what_it_defines_itself(stack: cdk.Stack) -> None:
    DataStore(stack, "Data")

    Annotations.from_stack(stack).has_no_warning("*", Match.any_value())


def test_lets_the_role_use_the_key_of_a_bucket_that_has_another(stack: cdk.Stack) -> None:
    bucket = s3.Bucket.from_bucket_attributes(
        stack,
        "Bucket",
        bucket_name="theirs",
        encryption_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN),
    )

    DataStore(stack, "Data", bucket=bucket)

    use = {"Action": Match.array_with(["kms:Decrypt"]), "Resource": KEY_ARN}
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(use)])}},
    )
