"""What the role of the provider may do beyond what is named after the stack."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

import jsii
from aws_cdk import Aspects, IAspect
from aws_cdk import aws_iam as iam
from constructs import Construct, DependencyGroup, IConstruct, IValidation

from cdk_personalize._policy_size import LARGEST_MANAGED, MOST_MANAGED, pack
from cdk_personalize._tree import node_of, remember_scope, stack_of

_Statement = Mapping[str, object]
# An update has the policies of before and of after.
_MOST = MOST_MANAGED // 2


@jsii.implements(IAspect, IValidation)
class ProviderAccess(Construct):
    """Define what is needed beyond the one policy of the provider, in as few policies as it takes.

    Each is named by what it allows: when a resource gets another name, or goes, its policy becomes
    another policy. The old one stays until the old resource is deleted, which depends on it:
    CloudFormation changes policies first and deletes what is gone at the end.

    They are managed policies, because IAM allows a role 10,240 characters of inline ones. They are
    defined when the tree is prepared: only then is it known what goes into one.
    """

    def __init__(self, scope: Construct, construct_id: str, *, role: iam.Role) -> None:
        """Define the access of a role, which is none as yet."""
        super().__init__(scope, construct_id)
        remember_scope(self, scope, construct_id)
        self._role = role
        self._statements: dict[str, list[iam.PolicyStatement]] = defaultdict(list)
        self._policies: dict[str, DependencyGroup] = defaultdict(DependencyGroup)
        Aspects.of(self).add(self)
        self.node.add_validation(self)

    def allow(
        self, resource: Construct, purpose: str, statements: Sequence[iam.PolicyStatement]
    ) -> None:
        """Let the role do what `resource` needs, for as long as it is there.

        Args:
            resource: What is to depend on the policies.
            purpose: What shares policies. What the statements are on must not depend on a resource
                of the same purpose.
            statements: What is allowed.
        """
        if statements:
            self._statements[purpose] += statements
            node_of(resource).add_dependency(self._policies[purpose])

    def visit(self, node: IConstruct) -> None:
        """Define the policies, once all else is defined."""
        if node is not self:
            return  # one of the policies
        for purpose, statements in self._statements.items():
            self._define(purpose, [each.to_json() for each in statements])

    def validate(self) -> list[str]:
        """Tell if it does not fit."""
        count = len(self.node.children)
        if count <= _MOST:
            return []
        return [
            f"what is named otherwise than after the stack takes {count} policies of"
            f" {LARGEST_MANAGED:,} characters; a role has at most {MOST_MANAGED}, and an update has"
            f" the old ones beside the new ones, so at most {_MOST} are possible: leave names to be"
            " derived, or define a dataset group in another stack"
        ]

    def _define(self, purpose: str, statements: list[_Statement]) -> None:
        # Texts tell what is the same and how long it is; the values still refer to other stacks.
        heads: dict[str, _Statement] = {}
        arns: dict[str, object] = {}
        needed: dict[str, set[str]] = defaultdict(set)
        for given, resolved in zip(statements, stack_of(self).resolve(statements), strict=True):
            head = _text(_head(resolved))
            resources = dict(zip(map(_text, _resources(resolved)), _resources(given), strict=True))
            heads[head] = _head(given)
            arns |= resources
            needed[head] |= resources.keys()
        for policy in pack(needed):
            digest = hashlib.sha256(_text(policy).encode()).hexdigest()
            policy_id = f"{purpose}{digest[:8]}"
            if self.node.try_find_child(policy_id) is not None:
                continue  # the tree is prepared at each synth, and there may be several
            defined = iam.ManagedPolicy(
                self,
                policy_id,
                description="What the functions for Amazon Personalize may do besides.",
                roles=[self._role],
                statements=[
                    iam.PolicyStatement.from_json(
                        {**heads[head], "Resource": [arns[each] for each in resources]}
                    )
                    for head, resources in policy.items()
                ],
            )
            self._policies[purpose].add(defined)


def _head(statement: _Statement) -> _Statement:
    return {name: value for name, value in statement.items() if name != "Resource"}


def _resources(statement: _Statement) -> list[object]:
    resources = statement["Resource"]
    return resources if isinstance(resources, list) else [resources]


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
