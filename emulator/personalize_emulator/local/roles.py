"""The roles of MiniStack's IAM, as Amazon Personalize sees them when it is handed one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam

from personalize_emulator.caller import Caller
from personalize_emulator.permissions import SERVICE_PRINCIPAL

_WILDCARDS = str.maketrans("*?", "xx")


class IamRoles:
    """The roles that IAM knows: each must be there, of the same account, and trust the service."""

    def finding(self, role_arn: str, caller: Caller) -> str | None:
        """Say why a role cannot be used.

        Args:
            role_arn: The role.
            caller: Who hands it over.
        """
        account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
        if account != caller.account:  # IAM allows nobody to pass a role across accounts
            return f"The role {role_arn} belongs to another account than {caller.account}"
        role = iam._roles.get_scoped(account, None, name)
        if role is None or role["Arn"] != role_arn:
            return f"The role {role_arn} does not exist"
        if not _trusts(role["AssumeRolePolicyDocument"], role_arn, caller):
            return f"The role {role_arn} does not let {SERVICE_PRINCIPAL} assume it"
        return None


def _trusts(document: str | dict[str, Any], role_arn: str, caller: Caller) -> bool:
    """Whether a trust policy lets the service in, for some resource of the caller's."""
    policy = json.loads(document) if isinstance(document, str) else document
    return any(
        iam_evaluator.evaluate_resource_policy(
            policy,
            iam_evaluator.EvalContext(
                principal_arn=SERVICE_PRINCIPAL,
                principal_type="Service",
                principal_account=caller.account,
                action="sts:AssumeRole",
                resource_arn=role_arn,
                region=caller.region,
                service_context={
                    "aws:sourceaccount": caller.account,
                    "aws:sourcearn": source,
                },
            ),
            service=SERVICE_PRINCIPAL,
        ).decision
        == "Allow"
        for source in _sources(policy, caller)
    )


def _sources(policy: object, caller: Caller) -> Iterator[str]:
    """Resources that the service may act for: one of no name, and those that the policy names.

    A role is handed over for one resource or another; a policy that lets the service in for
    campaigns alone is no reason to call the role useless.
    """
    yield caller.arn("dataset-group/x")
    ours = caller.arn("")
    for value in _values_of("aws:sourcearn", policy):
        if (arn := value.translate(_WILDCARDS)).startswith(ours):
            yield arn


def _values_of(key: str, value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name.lower() == key:
                yield from (item,) if isinstance(item, str) else item
            else:
                yield from _values_of(key, item)
    elif isinstance(value, list):
        for item in value:
            yield from _values_of(key, item)
