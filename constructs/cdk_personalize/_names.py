"""Names and ARNs that Amazon Personalize accepts.

The service knows a resource by its name alone and has no client token, so two resources of one
type may never share a name. Names are therefore derived from the construct path, and where
CloudFormation replaces a resource (it creates the new one first) from the content too.
"""

import hashlib
import json
import re
from collections.abc import Mapping

from aws_cdk import ArnFormat, Names, Stack, Token
from constructs import Construct

MAX_LENGTH = 63
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]*")
_HASH_LENGTH = 8


def check_name(property_name: str, name: str | None) -> None:
    """Refuse a name that the service would refuse; a token is left to the deployment.

    Raises:
        ValueError: If the name is too long or holds other characters than the service allows.
    """
    if findings := findings_of_name(property_name, name):
        raise ValueError("; ".join(findings))


def findings_of_name(property_name: str, name: str | None) -> list[str]:
    """Return why the service would refuse a name; a token is left to the deployment."""
    if name is None or Token.is_unresolved(name):
        return []
    if _NAME.fullmatch(name) and len(name) <= MAX_LENGTH:
        return []
    return [
        f"{property_name} must be 1 to {MAX_LENGTH} letters, digits, hyphens and underscores,"
        f" the first a letter or digit, got {name!r}"
    ]


def derived_name(construct: Construct, content: Mapping[str, object] | None = None) -> str:
    """Return a name made from the path of `construct`, and of its content if any is given.

    The content is hashed as CloudFormation will see it, so a token counts by what it stands for
    and not by its number, which changes from synth to synth.
    """
    if content is None:
        return Names.unique_resource_name(construct, max_length=MAX_LENGTH, separator="-")
    path = Names.unique_resource_name(
        construct, max_length=MAX_LENGTH - _HASH_LENGTH - 1, separator="-"
    )
    resolved = json.dumps(Stack.of(construct).resolve(dict(content)), sort_keys=True)
    return f"{path}-{hashlib.sha256(resolved.encode()).hexdigest()[:_HASH_LENGTH]}"


def arn_of(scope: Construct, resource: str, resource_name: str) -> str:
    """Return the ARN of a resource of Amazon Personalize, composed of its name.

    Policies use this and never `Fn::GetAtt`: what a policy refers to must not have to be there
    before it.
    """
    return Stack.of(scope).format_arn(
        service="personalize",
        resource=resource,
        resource_name=resource_name,
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )


def name_in(scope: Construct, arn: str) -> str:
    """Return the last part of an ARN, which is the name; `arn` may be a token."""
    parsed = Stack.of(scope).split_arn(arn, ArnFormat.SLASH_RESOURCE_NAME)
    if parsed.resource_name is None:
        msg = f"an ARN of Amazon Personalize ends in /name, got {arn!r}"
        raise ValueError(msg)
    return parsed.resource_name
