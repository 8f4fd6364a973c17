"""Whether a resource outlives its stack, and what has to outlive it with it."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import cast

from aws_cdk import (
    CfnDeletionPolicy,
    CfnOutput,
    CfnResource,
    CustomResource,
    RemovalPolicy,
    Resource,
)
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_personalize._checks import check_at_synth
from cdk_personalize._deletion_order import resource_of
from cdk_personalize._tree import path_of, remember_scope

_KEPT = (RemovalPolicy.RETAIN, RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
_POLICIES = (RemovalPolicy.DESTROY, *_KEPT)
_KEPT_BY_CLOUDFORMATION = (
    CfnDeletionPolicy.RETAIN,
    CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE,
)
_OUTPUT = "Retained"


class RemovableResource(Resource):
    """A resource of this stack, which is deleted with the stack unless it is said otherwise."""

    _removal_policy = RemovalPolicy.DESTROY
    _goes_with: Sequence[Resource] = ()
    """What is defined for it alone: its role, and the policies of that."""

    def __init__(self, scope: Construct, construct_id: str, *, physical_name: str | None) -> None:
        """Define a resource; `physical_name` is the name that it is given, if any."""
        super().__init__(scope, construct_id, physical_name=physical_name)
        remember_scope(self, scope, construct_id)

    @property
    @abstractmethod
    def _arn(self) -> str: ...

    @property
    @abstractmethod
    def _rests_on(self) -> Sequence[object]:
        """What the service does not delete while this one is there, and what it is made of."""

    @property
    def is_retained(self) -> bool:
        """Whether it is kept when it is removed from the stack, or the stack is deleted."""
        return self._removal_policy in _KEPT

    def apply_removal_policy(self, policy: RemovalPolicy) -> None:
        """Say what becomes of it when it is removed from the stack, or the stack is deleted.

        What is retained costs what it cost before. An output of the stack tells its ARN.

        Args:
            policy: DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE.

        Raises:
            ValueError: If it is another policy.
        """
        if policy not in _POLICIES:
            allowed = ", ".join(each.name for each in _POLICIES)
            msg = f"removal_policy must be one of {allowed}, got {policy.name}"
            raise ValueError(msg)
        if policy is self._removal_policy:
            return
        self._removal_policy = policy
        # The resource is a CfnResource, or a custom resource, which is a construct around one.
        cast("CustomResource", resource_of(self)).apply_removal_policy(policy)
        for each in self._goes_with:
            each.apply_removal_policy(policy)
        if not self.is_retained:
            self.node.try_remove_child(_OUTPUT)
        elif self.node.try_find_child(_OUTPUT) is None:
            check_at_synth(self, self._findings_of_rest)
            CfnOutput(
                self,
                _OUTPUT,
                value=self._arn,
                description=f"{path_of(self)} is kept when it is removed from this stack",
            )

    def _findings_of_rest(self) -> list[str]:
        """Check that what it rests on is retained if it is, once all is defined."""
        if not self.is_retained:
            return []
        lost = [
            path_of(each)
            for resource in self._rests_on
            for each in _removable(resource)
            if not _is_retained(each)
        ]
        if not lost:
            return []
        return [
            "what is retained needs what it rests on to be retained too:"
            f" removal_policy of {', '.join(lost)} must be RETAIN, got DESTROY"
        ]


def _removable(resource: object) -> list[Resource]:
    """Return what of `resource` this app removes with its stack: nothing, if it is an import."""
    if isinstance(resource, iam.Role):
        policies = [each for each in resource.node.children if isinstance(each, iam.Policy)]
        return [resource, *policies]
    return [resource] if isinstance(resource, RemovableResource | kms.Key | s3.Bucket) else []


def _is_retained(resource: Resource) -> bool:
    if isinstance(resource, RemovableResource):
        return resource.is_retained
    deployed = cast("CfnResource", resource.node.default_child)
    return deployed.cfn_options.deletion_policy in _KEPT_BY_CLOUDFORMATION
