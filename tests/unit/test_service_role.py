"""The role of Amazon Personalize, and what both sides allow it."""

import json
import re
from typing import Any

import aws_cdk as cdk
import cfnlint.api
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match, Template

from cdk_personalize._service_role import SOURCE_CONDITION_CONTEXT, RoleAccess, ServiceRole
from tests.unit.apps import new_app

SERVICE = "personalize.amazonaws.com"
KEY_ARN = "arn:aws:kms:us-east-1:111111111111:key/00000000-0000-0000-0000-000000000000"
KEY_ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants"]


@pytest.fixture
def service_role(stack: cdk.Stack) -> ServiceRole:
    return ServiceRole(stack, "Role")


@pytest.fixture
def access(stack: cdk.Stack, service_role: ServiceRole) -> RoleAccess:
    return RoleAccess(stack, service_role)


def other_side(template: Template, resource_type: str, member: str) -> list[dict[str, Any]]:
    """Return the statements of a policy of a resource that are for the role or the service."""
    (resource,) = template.find_resources(resource_type).values()
    statements = resource["Properties"][member]["Statement"]
    return [each for each in statements if ":root" not in str(each["Principal"])]


def test_is_assumed_by_the_service_for_this_account_and_region_alone(
    stack: cdk.Stack, service_role: ServiceRole
) -> None:
    arn = {
        "Fn::Join": [
            "",
            [
                "arn:",
                {"Ref": "AWS::Partition"},
                ":personalize:us-east-1:111111111111:*",
            ],
        ]
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": {
                "Statement": [
                    {
                        "Action": "sts:AssumeRole",
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": "111111111111"},
                            "ArnLike": {"aws:SourceArn": arn},
                        },
                        "Effect": "Allow",
                        "Principal": {"Service": SERVICE},
                    }
                ]
            },
            "Policies": Match.absent(),  # inline, they would be a cycle with the key
        },
    )


def test_may_use_the_key(stack: cdk.Stack, access: RoleAccess) -> None:
    key = kms.Key(stack, "Key")

    access.allow_key(key)

    statement = {
        "Action": KEY_ACTIONS,
        "Effect": "Allow",
        "Resource": stack.resolve(key.key_arn),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": {"Statement": [statement]}}
    )


def test_the_key_admits_the_role_and_the_service(
    stack: cdk.Stack, service_role: ServiceRole, access: RoleAccess
) -> None:
    access.allow_key(kms.Key(stack, "Key"))

    by_role, by_service = other_side(Template.from_stack(stack), "AWS::KMS::Key", "KeyPolicy")
    assert by_role["Principal"] == {"AWS": stack.resolve(service_role.role_arn)}
    assert by_service["Principal"] == {"Service": SERVICE}
    assert by_service["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    # Grants are for the key's policy alone.
    assert {*KEY_ACTIONS, "kms:CreateGrant"} <= set(by_role["Action"])
    assert by_role["Action"] == by_service["Action"]


@pytest.mark.parametrize(
    ("method", "action"),
    [("allow_bucket_read", "s3:GetObject"), ("allow_bucket_write", "s3:PutObject")],
)
def test_both_sides_allow_a_prefix_of_a_bucket(
    stack: cdk.Stack, access: RoleAccess, method: str, action: str
) -> None:
    bucket = s3.Bucket(stack, "Bucket")

    getattr(access, method)(bucket, "import/")

    arns = [stack.resolve(bucket.bucket_arn), stack.resolve(bucket.arn_for_objects("import/*"))]
    wanted = {"Action": [action, "s3:ListBucket"], "Effect": "Allow", "Resource": arns}
    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": {"Statement": [wanted]}}
    )
    (statement,) = other_side(template, "AWS::S3::BucketPolicy", "PolicyDocument")
    assert statement == {
        **wanted,
        "Principal": {"Service": SERVICE},
        "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}},
    }


def test_more_folders_of_a_bucket_take_no_statements_of_their_own(
    stack: cdk.Stack, access: RoleAccess
) -> None:
    bucket = s3.Bucket(stack, "Bucket")

    for prefix in ("import/", "batch/", "import/"):
        access.allow_bucket_read(bucket, prefix)

    arns = [bucket.bucket_arn, *map(bucket.arn_for_objects, ("import/*", "batch/*"))]
    template = Template.from_stack(stack)
    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    (of_role,) = policy["Properties"]["PolicyDocument"]["Statement"]
    (of_bucket,) = other_side(template, "AWS::S3::BucketPolicy", "PolicyDocument")
    assert of_role["Resource"] == of_bucket["Resource"] == stack.resolve(arns)


def test_more_folders_of_an_imported_bucket_are_told_each(
    stack: cdk.Stack, access: RoleAccess
) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "theirs")

    for prefix in ("import/", "batch/"):
        access.allow_bucket_read(bucket, prefix)

    assert [each["Resource"][1] for each in told(stack, "bucketPolicy")] == [
        "arn:aws:s3:::theirs/import/*",
        "arn:aws:s3:::theirs/batch/*",
    ]


def test_the_condition_for_the_service_can_be_left_out() -> None:
    stack = cdk.Stack(new_app({SOURCE_CONDITION_CONTEXT: False}), "Shop")

    RoleAccess(stack, ServiceRole(stack, "Role")).allow_bucket_read(s3.Bucket(stack, "Bucket"))

    template = Template.from_stack(stack)
    (statement,) = other_side(template, "AWS::S3::BucketPolicy", "PolicyDocument")
    assert "Condition" not in statement


def test_is_ready_when_the_policies_of_both_sides_are_there(
    stack: cdk.Stack, access: RoleAccess
) -> None:
    access.allow_key(kms.Key(stack, "Key"))
    access.allow_bucket_read(s3.Bucket(stack, "Bucket"))
    user = cdk.CfnResource(stack, "User", type="Test::User")

    user.node.add_dependency(access.ready)

    template = Template.from_stack(stack)
    (resource,) = template.find_resources("Test::User").values()
    for resource_type in (
        "AWS::IAM::Role",
        "AWS::IAM::Policy",
        "AWS::KMS::Key",
        "AWS::S3::BucketPolicy",
    ):
        assert set(template.find_resources(resource_type)) <= set(resource["DependsOn"])


def told(stack: cdk.Stack, warning: str) -> list[dict[str, Any]]:
    """Return the statements that the warnings of one id tell to add, as one pastes them."""
    messages = [
        str(each.entry.data)
        for each in Annotations.from_stack(stack).find_warning("*", Match.any_value())
    ]
    end = f" [ack: cdk-personalize:{warning}]"
    return [
        json.loads("{" + message.removesuffix(end).partition(" {")[2])
        for message in messages
        if message.endswith(end)
    ]


def imported_role(stack: cdk.Stack, *, mutable: bool = False) -> iam.IRole:
    arn = "arn:aws:iam::111111111111:role/personalize"
    return iam.Role.from_role_arn(stack, "Imported", arn, mutable=mutable)


FOR_THE_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
KEY_ADMITS = [*KEY_ACTIONS, "kms:CreateGrant", "kms:GenerateDataKeyWithoutPlaintext"]


def test_tells_the_statements_that_an_imported_key_needs(stack: cdk.Stack) -> None:
    RoleAccess(stack, imported_role(stack)).allow_key(kms.Key.from_key_arn(stack, "Key", KEY_ARN))

    assert told(stack, "keyPolicy") == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111111111111:role/personalize"},
            "Action": KEY_ADMITS,
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": KEY_ADMITS,
            "Resource": "*",
            "Condition": FOR_THE_ACCOUNT,
        },
    ]


@pytest.mark.parametrize(
    ("method", "prefix", "action"),
    [
        ("allow_bucket_read", "import/", "s3:GetObject"),
        ("allow_bucket_write", "batch-output/", "s3:PutObject"),
    ],
)
def test_tells_the_statement_that_an_imported_bucket_needs(
    *, stack: cdk.Stack, access: RoleAccess, method: str, prefix: str, action: str
) -> None:
    getattr(access, method)(s3.Bucket.from_bucket_name(stack, "Bucket", "theirs"), prefix)

    assert told(stack, "bucketPolicy") == [
        {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": [action, "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::theirs", f"arn:aws:s3:::theirs/{prefix}*"],
            "Condition": FOR_THE_ACCOUNT,
        }
    ]


def test_tells_the_trust_that_an_imported_role_needs(stack: cdk.Stack) -> None:
    RoleAccess(stack, imported_role(stack, mutable=True))

    assert told(stack, "roleTrust") == [
        {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sts:AssumeRole",
            "Condition": {
                **FOR_THE_ACCOUNT,
                "ArnLike": {"aws:SourceArn": "arn:aws:personalize:us-east-1:111111111111:*"},
            },
        }
    ]


def test_tells_the_permissions_that_a_role_needs_that_cannot_be_changed(
    stack: cdk.Stack,
) -> None:
    access = RoleAccess(stack, imported_role(stack))
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "theirs")

    access.allow_key(kms.Key.from_key_arn(stack, "Key", KEY_ARN))
    access.allow_bucket_read(bucket, "import/")
    access.allow_bucket_write(bucket, "batch-output/")

    assert told(stack, "rolePolicy") == [
        {"Effect": "Allow", "Action": KEY_ACTIONS, "Resource": KEY_ARN},
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::theirs", "arn:aws:s3:::theirs/import/*"],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::theirs", "arn:aws:s3:::theirs/batch-output/*"],
        },
    ]


def test_gives_an_imported_role_its_permissions_where_it_can(stack: cdk.Stack) -> None:
    access = RoleAccess(stack, imported_role(stack, mutable=True))

    access.allow_bucket_read(s3.Bucket(stack, "Bucket"))

    assert told(stack, "rolePolicy") == []
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy", {"Roles": ["personalize"]}
    )


def test_what_is_told_is_a_policy_to_cfn_lint(stack: cdk.Stack) -> None:
    access = RoleAccess(stack, imported_role(stack))
    access.allow_key(kms.Key.from_key_arn(stack, "Key", KEY_ARN))
    access.allow_bucket_write(s3.Bucket.from_bucket_name(stack, "Bucket", "theirs"), "export/")

    def policy(warning: str) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Statement": told(stack, warning)}

    template = {
        "Resources": {
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy("keyPolicy")}},
            "Bucket": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": "theirs", "PolicyDocument": policy("bucketPolicy")},
            },
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": policy("roleTrust"),
                    "Policies": [{"PolicyName": "Data", "PolicyDocument": policy("rolePolicy")}],
                },
            },
        }
    }

    assert [each.message for each in cfnlint.api.lint(json.dumps(template))] == []


def test_names_what_only_the_deployment_knows_as_fn_sub_does() -> None:
    stack = cdk.Stack(new_app(), "Shop")
    access = RoleAccess(stack, ServiceRole(stack, "Role"))

    access.allow_key(kms.Key.from_key_arn(stack, "Key", KEY_ARN))
    access.allow_bucket_read(s3.Bucket.from_bucket_name(stack, "Bucket", "theirs"), "import/")

    by_role, by_service = told(stack, "keyPolicy")
    assert re.fullmatch(r"\$\{Role\w+\.Arn\}", by_role["Principal"]["AWS"])
    assert by_service["Condition"]["StringEquals"]["aws:SourceAccount"] == "${AWS::AccountId}"
    (statement,) = told(stack, "bucketPolicy")
    assert statement["Resource"][0] == "arn:${AWS::Partition}:s3:::theirs"
    Annotations.from_stack(stack).has_warning(
        "/Shop",
        Match.string_like_regexp(
            r"^the policy of an imported bucket cannot be changed here; it needs the statement"
            r" \(with the values of your deployment for \$\{\.\.\.\}\) \{"
        ),
    )


def test_knows_the_partition_of_china(stack: cdk.Stack) -> None:
    china = cdk.Stack(
        new_app(), "Shop", env=cdk.Environment(account="111111111111", region="cn-north-1")
    )

    RoleAccess(china, ServiceRole(china, "Role")).allow_bucket_read(
        s3.Bucket.from_bucket_name(china, "Bucket", "theirs")
    )

    (statement,) = told(china, "bucketPolicy")
    assert statement["Resource"] == ["arn:aws-cn:s3:::theirs", "arn:aws-cn:s3:::theirs/*"]


@pytest.mark.parametrize("warning", ["keyPolicy", "bucketPolicy", "rolePolicy", "roleTrust"])
def test_a_statement_that_was_added_is_acknowledged(stack: cdk.Stack, warning: str) -> None:
    cdk.Annotations.of(stack).acknowledge_warning(f"cdk-personalize:{warning}")
    access = RoleAccess(stack, imported_role(stack))

    access.allow_key(kms.Key.from_key_arn(stack, "Key", KEY_ARN))
    access.allow_bucket_read(s3.Bucket.from_bucket_name(stack, "Bucket", "theirs"))

    assert told(stack, warning) == []


def test_leaves_an_imported_role_as_it_is_and_admits_it(stack: cdk.Stack) -> None:
    arn = "arn:aws:iam::222222222222:role/personalize"
    role = iam.Role.from_role_arn(stack, "Imported", arn)

    RoleAccess(stack, role).allow_key(kms.Key(stack, "Key"))

    by_role, _ = other_side(Template.from_stack(stack), "AWS::KMS::Key", "KeyPolicy")
    assert by_role["Principal"] == {"AWS": arn}
