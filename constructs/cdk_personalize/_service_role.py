"""The role that Amazon Personalize assumes, and what both sides must allow it.

The service asks twice: the role needs a policy, and the bucket or the key needs one too, for the
role and for the service itself (DG: granting-personalize-s3-access and
granting-personalize-key-access). Nothing here is ever an inline policy of the role: the key's
policy names the role, so a role that names the key would be a cycle.
"""

import json
from collections.abc import Mapping

from aws_cdk import Annotations, Resource
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct, DependencyGroup, IDependable

from cdk_personalize._names import arn_prefix
from cdk_personalize._principals import service_principal
from cdk_personalize._tokens import is_token
from cdk_personalize._tree import (
    account_of_stack,
    context_of,
    once,
    path_of,
    region_of_stack,
    stack_of,
)
from cdk_personalize.regions import partition_of

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
        super().__init__(
            scope,
            construct_id,
            description="Amazon Personalize reads and writes the data of its dataset group.",
            assumed_by=iam.ServicePrincipal(SERVICE, conditions=_source_of(scope)),
        )


class RoleAccess:
    """What a role of Amazon Personalize is allowed, on its own side and on the other side.

    It works on roles, keys and buckets of the app and on imported ones. What is imported keeps
    its policy, so warnings tell the statements to add there.
    """

    def __init__(self, scope: Construct, role: iam.IRole) -> None:
        """Begin with nothing allowed; warnings are put on `scope`."""
        self._scope = scope
        self._role = role
        self._ready = DependencyGroup(role)
        # One statement has all of a bucket: a policy has room for so many characters.
        self._of_bucket: dict[
            tuple[str, tuple[str, ...]], tuple[iam.PolicyStatement, iam.PolicyStatement]
        ] = {}
        # What a role of another stack is allowed here is a policy of this stack: one of its own
        # would depend on this stack, which needs the role.
        self._grantee = role
        if isinstance(role, iam.Role) and stack_of(role) is not stack_of(scope):
            self._grantee = iam.Role.from_role_name(scope, "RoleElsewhere", role.role_name)
        if not isinstance(role, iam.Role):
            self._warn("trust policy of an imported role", "roleTrust", _trust_of(scope))

    @property
    def ready(self) -> IDependable:
        """What has to be there before the role is of use: the policies of both sides."""
        return self._ready

    @property
    def defined(self) -> list[Resource]:
        """What is defined for this access alone: the role, if it is in the scope, and policies."""
        inside = f"{path_of(self._scope)}/"
        return [
            each
            for each in (self._role, *self._grantee.node.children)
            if isinstance(each, iam.Role | iam.Policy) and path_of(each).startswith(inside)
        ]

    def allow_key(self, key: kms.IKey) -> None:
        """Let the role and the service use a key (DG: granting-personalize-key-access)."""
        _keys_of(self._role).add(key.key_arn)
        if self._is_apart_from(key):
            # A key that named the role would depend on the stack of the role, which needs the
            # key. It admits the account, and the policy of the role says the rest.
            by_role: iam.IPrincipal = iam.AccountRootPrincipal()
            self._allow_role(KEY_ADMIT, [key.key_arn])
        else:
            by_role = iam.ArnPrincipal(self._role.role_arn)
            self._allow_role(KEY_USE, [key.key_arn])
        for statement in (
            iam.PolicyStatement(principals=[by_role], actions=list(KEY_ADMIT), resources=["*"]),
            self._for_service(KEY_ADMIT, ["*"]),
        ):
            added = key.add_to_resource_policy(statement, allow_no_op=True)
            if not added.statement_added:
                self._warn("policy of an imported key", "keyPolicy", statement)
        self._await(key)  # its policy is a part of it

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
        bucket_arn = once(bucket, "ARN", lambda each: each.bucket_arn)
        objects = f"{bucket_arn}/{prefix}*"
        statements = self._of_bucket.get((bucket_arn, actions))
        if statements is not None:
            for each in statements:
                each.add_resources(objects)
            return
        allowed = self._allow_role(actions, [bucket_arn, objects])
        statement = self._for_service(actions, [bucket_arn, objects])
        added = bucket.add_to_resource_policy(statement)
        self._await(added.policy_dependable)
        if not added.statement_added:
            self._warn("policy of an imported bucket", "bucketPolicy", statement)
        elif allowed is not None:
            self._of_bucket[bucket_arn, actions] = (allowed, statement)

    def _allow_role(
        self, actions: tuple[str, ...], resources: list[str]
    ) -> iam.PolicyStatement | None:
        """Return the statement of the role, or nothing if the role cannot be changed."""
        statement = iam.PolicyStatement(actions=list(actions), resources=resources)
        added = self._grantee.add_to_principal_policy(statement)
        # A role that cannot be changed says that it was, but then there is no policy to wait for.
        if not isinstance(self._role, iam.Role) and not isinstance(
            added.policy_dependable, iam.Policy
        ):
            self._warn("permissions of an imported role", "rolePolicy", statement)
            return None
        self._await(added.policy_dependable)
        return statement

    def _await(self, policy: IDependable | None) -> None:
        if policy is not None:
            self._ready.add(policy)

    def _is_apart_from(self, key: kms.IKey) -> bool:
        """Whether a key of the app cannot name the role, which is in a stack that needs the key."""
        if not isinstance(key, kms.Key) or not isinstance(self._role, iam.Role):
            return False
        return stack_of(key) not in {stack_of(self._role), stack_of(self._scope)}

    def _for_service(self, actions: tuple[str, ...], resources: list[str]) -> iam.PolicyStatement:
        account = account_of_stack(stack_of(self._scope))
        conditional = context_of(self._scope, SOURCE_CONDITION_CONTEXT) is not False
        return iam.PolicyStatement(
            principals=[service_principal(SERVICE)],
            actions=list(actions),
            resources=resources,
            conditions={"StringEquals": {"aws:SourceAccount": account}} if conditional else None,
        )

    def _warn(self, what: str, warning: str, statement: iam.PolicyStatement) -> None:
        text = _as_json(self._scope, statement)
        unknown = " (with the values of your deployment for ${...})" if "${" in text else ""
        Annotations.of(self._scope).add_warning_v2(
            f"cdk-personalize:{warning}",
            f"the {what} cannot be changed here; it needs the statement{unknown} {text}",
        )


def is_left_out(role: iam.IRole, key: kms.IKey) -> bool:
    """Tell whether a role or a key is imported, and nothing of this app has seen to the two."""
    is_ours = isinstance(role, iam.Role) and isinstance(key, kms.Key)
    return not is_ours and key.key_arn not in _keys_of(role)


def _keys_of(role: iam.IRole) -> set[str]:
    """Return the keys that a role has been allowed."""
    known: set[str] = once(role, "keys", lambda _: set())
    return known


def _source_of(scope: Construct) -> dict[str, dict[str, str]]:
    """Return the condition that a request is on behalf of this account and Region alone."""
    return {
        "StringEquals": {"aws:SourceAccount": account_of_stack(stack_of(scope))},
        "ArnLike": {"aws:SourceArn": f"{arn_prefix(scope)}*"},
    }


def _trust_of(scope: Construct) -> iam.PolicyStatement:
    """Return the statement by which Amazon Personalize assumes a role, for this account alone."""
    return iam.PolicyStatement(
        principals=[service_principal(SERVICE)],
        actions=["sts:AssumeRole"],
        conditions=_source_of(scope),
    )


def _as_json(scope: Construct, statement: iam.PolicyStatement) -> str:
    """Return a statement as it is pasted into a policy.

    What is known at deployment only is written as in `Fn::Sub`, `${AWS::AccountId}` say.
    """
    stack = stack_of(scope)
    known = {}
    region = region_of_stack(stack)
    if not is_token(region):
        known["AWS::Partition"] = partition_of(region)
    return json.dumps(_substituted(stack.resolve(statement.to_statement_json()), known))


def _substituted(value: object, known: Mapping[str, str]) -> object:
    """Return a part of a template as text, its intrinsic functions as `Fn::Sub` writes them."""
    match value:
        case list():
            return [_substituted(each, known) for each in value]
        case {"Ref": str(name)}:
            return known.get(name, f"${{{name}}}")
        case {"Fn::GetAtt": [logical_id, attribute]}:
            return f"${{{logical_id}.{attribute}}}"
        case {"Fn::Join": [str(separator), [*parts]]}:
            return separator.join(str(_substituted(each, known)) for each in parts)
        case dict():
            return {name: _substituted(each, known) for name, each in value.items()}
        case _:
            return value
