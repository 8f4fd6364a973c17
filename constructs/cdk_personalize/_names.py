"""Names and ARNs that Amazon Personalize accepts.

The service knows a resource by its name alone and has no client token, so two resources of one
type may never share a name. Names are therefore derived from the stack and the construct path, and
where CloudFormation replaces a resource (it creates the new one first) from the content too.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from aws_cdk import ArnFormat, Stack
from constructs import Construct, IConstruct

from cdk_personalize._tokens import is_token, resolved
from cdk_personalize._tree import (
    account_of_stack,
    partition_of_stack,
    path_of,
    region_of_stack,
    root_stack_of,
    stack_of,
)

MAX_LENGTH = 63
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]*")
_NOT_READABLE = re.compile(r"[^a-zA-Z0-9-]")
_HASH_LENGTH = 8
_STACK_LENGTH = 16

# Each name in a stack begins so, and to make it asks the CDK a dozen things.
_prefixes: WeakKeyDictionary[Stack, str] = WeakKeyDictionary()


def findings_of_name(property_name: str, name: str | None) -> list[str]:
    """Return why the service would refuse a name; a token is left to the deployment."""
    if name is None or is_token(name) or is_name(name):
        return []
    return [
        f"{property_name} must be 1 to {MAX_LENGTH} letters, digits, hyphens and underscores,"
        f" the first a letter or digit, got {name!r}"
    ]


def is_name(text: str) -> bool:
    """Return whether the service would take a text for a name."""
    return _NAME.fullmatch(text) is not None and len(text) <= MAX_LENGTH


def derived_name(construct: Construct, content: Mapping[str, object] | None = None) -> str:
    """Return a name made from the path of `construct`, and of its content if any is given.

    It is the prefix of the stack, what there is room for of the path within the stack, and a hash:
    `Shop-0d4a1f5e-Service-Items-7b1c9a02`. The content is hashed as CloudFormation will see it, so
    a token counts by what it stands for and not by its number, which changes from synth to synth.
    """
    return _derived(construct, content, MAX_LENGTH)


def derived_stem(construct: Construct) -> str:
    """Return what all names begin with that `name_of_version` gives a construct, and no others."""
    return _derived(construct, None, MAX_LENGTH - _HASH_LENGTH - 1) + "-"


def name_of_version(construct: Construct, content: Mapping[str, object]) -> str:
    """Return a name whose stem tells what else the same construct has defined, or will.

    A derived name does not: paths that are much alike may differ by its one hash alone. This one
    has a hash of the path and another of the content, and less room for the path.
    """
    return derived_stem(construct) + _hash_of(resolved(stack_of(construct), dict(content)))


def _derived(construct: Construct, content: Mapping[str, object] | None, length: int) -> str:
    stack = stack_of(construct)
    prefix = name_prefix(construct)
    # As in logical ids, what is called Default may be put around a construct later.
    ids = [each for each in _path_below(stack, construct).split("/") if each not in {"", "Default"}]
    hashed = [prefix, ids, None if content is None else resolved(stack, dict(content))]
    room = length - len(prefix) - _HASH_LENGTH - 1
    # The end of a path tells most.
    readable = "-".join(filter(None, (_NOT_READABLE.sub("", each) for each in ids)))[-room:]
    return prefix + "-".join(filter(None, (readable.strip("-"), _hash_of(hashed))))


def name_prefix(scope: Construct) -> str:
    """Return what all names begin with that are derived in the stack of `scope`, and no others.

    The hash makes it so: stacks of an account and region have names of their own, and a nested
    stack, whose name is known only at deployment, has a path of its own in the stack that it
    belongs to. So a policy may allow everything that begins so.
    """
    stack = stack_of(scope)
    if (known := _prefixes.get(stack)) is not None:
        return known
    named = root_stack_of(stack)
    identity = f"{named.stack_name}{_path_below(named, stack)}"
    readable = _NOT_READABLE.sub("", identity.replace("/", "-"))[:_STACK_LENGTH].strip("-")
    return _prefixes.setdefault(stack, f"{readable}-{_hash_of(identity)}-")


def arn_of(scope: Construct, resource: str, resource_name: str) -> str:
    """Return the ARN of a resource of Amazon Personalize, composed of its name.

    Policies use this and never `Fn::GetAtt`: what a policy refers to must not have to be there
    before it.
    """
    return f"{arn_prefix(scope)}{resource}/{resource_name}"


def arn_prefix(scope: IConstruct) -> str:
    """Return what all ARNs of Amazon Personalize in the stack of `scope` begin with."""
    stack = stack_of(scope)
    place = f"{region_of_stack(stack)}:{account_of_stack(stack)}"
    return f"arn:{partition_of_stack(stack)}:personalize:{place}:"


def name_in(scope: Construct, arn: str) -> str:
    """Return the last part of an ARN, which is the name; `arn` may be a token."""
    if arn.startswith("arn:"):  # whatever tokens are in it; one that is a token tells no parts
        name = arn.rpartition("/")[2] if "/" in arn else None
    else:
        name = stack_of(scope).split_arn(arn, ArnFormat.SLASH_RESOURCE_NAME).resource_name
    if name is None:
        msg = f"an ARN of Amazon Personalize ends in /name, got {arn!r}"
        raise ValueError(msg)
    return name


def _path_below(above: Construct, construct: Construct) -> str:
    return path_of(construct).removeprefix(path_of(above))


def _hash_of(content: object) -> str:
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]
