"""The role that Amazon Personalize assumes, and what both sides must allow it.

The service asks twice: the role needs a policy, and the bucket or the key needs one too, for the
role and for the service itself (DG: granting-personalize-s3-access and
granting-personalize-key-access). Nothing here is ever an inline policy of the role: the key's
policy names the role, so a role that names the key would be a cycle.
"""

import json

from aws_cdk import Annotations, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct, DependencyGroup, IDependable

SERVICE = "personalize.amazonaws.com"

BUCKET_READ = ("s3:GetObject", "s3:ListBucket")
BUCKET_WRITE = ("s3:PutObject", "s3:ListBucket")
KEY_USE = ("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants")
# What the policy of the key allows beyond that of the role. The last one is for exports.
KEY_ADMIT = (*KEY_USE, "kms:CreateGrant", "kms:GenerateDataKeyWithoutPlaintext")

SOURCE_CONDITION_CONTEXT = "cdk-personalize:source-account-condition"
"""Context key: `false` leaves `aws:SourceAccount` out of the statements for the service itself.

The guide recommends the condition and leaves it out of its examples for buckets and keys.
"""


class ServiceRole(iam.Role):
    """A role that Amazon Personalize assumes, for this account and region alone.

    What uses the role depends on `ready`: CloudFormation does not see that a role is of no use
    before its policies are there.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Define a role that may do nothing yet."""
        stack = Stack.of(scope)
        super().__init__(
            scope,
            construct_id,
            description="Amazon Personalize reads and writes the data of its dataset group.",
            assumed_by=iam.ServicePrincipal(
                SERVICE,
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {
                        "aws:SourceArn": (
                            f"arn:{stack.partition}:personalize:{stack.region}:{stack.account}:*"
                        )
                    },
                },
            ),
        )


class RoleAccess:
    """What a role of Amazon Personalize is allowed, on its own side and on the other side.

    It works on roles, keys and buckets of the app and on imported ones. An imported key or bucket
    keeps its policy, so a warning tells the statement to add there.
    """

    def __init__(self, scope: Construct, role: iam.IRole) -> None:
        """Begin with nothing allowed; warnings are put on `scope`."""
        self._scope = scope
        self._role = role
        self._ready = DependencyGroup(role)

    @property
    def ready(self) -> IDependable:
        """What has to be there before the role is of use: the policies of both sides."""
        return self._ready

    def allow_key(self, key: kms.IKey) -> None:
        """Let the role and the service use a key (DG: granting-personalize-key-access)."""
        self._allow_role(KEY_USE, [key.key_arn])
        for statement in self._other_side(KEY_ADMIT, ["*"]):
            added = key.add_to_resource_policy(statement, allow_no_op=True)
            self._settle("key", added, statement)
        self._ready.add(key)  # its policy is a part of it

    def allow_bucket_read(self, bucket: s3.IBucket, prefix: str = "") -> None:
        """Let the role and the service read what begins with `prefix`."""
        self._allow_bucket(bucket, BUCKET_READ, prefix)

    def allow_bucket_write(self, bucket: s3.IBucket, prefix: str = "") -> None:
        """Let the role and the service write what begins with `prefix`."""
        self._allow_bucket(bucket, BUCKET_WRITE, prefix)

    def allow_metric_data(self) -> None:
        """Let the role put figures into CloudWatch, where IAM knows no resources for that."""
        self._allow_role(("cloudwatch:PutMetricData",), ["*"])

    def _allow_bucket(self, bucket: s3.IBucket, actions: tuple[str, ...], prefix: str) -> None:
        resources = [bucket.bucket_arn, bucket.arn_for_objects(f"{prefix}*")]
        self._allow_role(actions, resources)
        statement = self._for_service(actions, resources)
        added = bucket.add_to_resource_policy(statement)
        self._settle("bucket", added, statement)
        if added.policy_dependable is not None:
            self._ready.add(added.policy_dependable)

    def _allow_role(self, actions: tuple[str, ...], resources: list[str]) -> None:
        added = self._role.add_to_principal_policy(
            iam.PolicyStatement(actions=list(actions), resources=resources)
        )
        if added.policy_dependable is not None:
            self._ready.add(added.policy_dependable)

    def _other_side(
        self, actions: tuple[str, ...], resources: list[str]
    ) -> tuple[iam.PolicyStatement, ...]:
        by_role = iam.PolicyStatement(
            principals=[iam.ArnPrincipal(self._role.role_arn)],
            actions=list(actions),
            resources=resources,
        )
        return by_role, self._for_service(actions, resources)

    def _for_service(self, actions: tuple[str, ...], resources: list[str]) -> iam.PolicyStatement:
        account = Stack.of(self._scope).account
        conditional = self._scope.node.try_get_context(SOURCE_CONDITION_CONTEXT) is not False
        return iam.PolicyStatement(
            principals=[iam.ServicePrincipal(SERVICE)],
            actions=list(actions),
            resources=resources,
            conditions={"StringEquals": {"aws:SourceAccount": account}} if conditional else None,
        )

    def _settle(
        self, what: str, added: iam.AddToResourcePolicyResult, statement: iam.PolicyStatement
    ) -> None:
        if not added.statement_added:
            text = json.dumps(Stack.of(self._scope).resolve(statement.to_statement_json()))
            Annotations.of(self._scope).add_warning_v2(
                f"cdk-personalize:{what}Policy",
                f"the policy of an imported {what} cannot be changed here; it needs the statement"
                f" {text}",
            )
