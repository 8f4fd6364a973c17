"""How large managed policies of IAM are, and how what is allowed is packed in as few as it takes.

A statement is told in two: its head, which is all of it but the resources, and each resource. All
of them are JSON texts, as CloudFormation is given them.
"""

import json
from collections.abc import Iterable, Mapping

LARGEST_MANAGED = 6_144
"""The characters that a managed policy may have, white space not counted (IAM: quotas)."""
MOST_MANAGED = 10
"""How many managed policies a role may have, unless AWS is asked for more (IAM: quotas)."""

_AROUND = len('{"Version":"2012-10-17","Statement":[]}')
# The longest of what the deployment will fill in.
_FILLED_IN = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "AWS::URLSuffix": "amazonaws.com.cn",
}
# As long as the ARN of a state machine with the longest name, which is longer than a stack's name.
_UNKNOWN = "x" * 143

Policy = dict[str, list[str]]
"""The resources of each head."""


def size_of(text: str) -> int:
    """Return the characters that a part of a policy has once it is deployed."""
    return len(_compact(_filled_in(json.loads(text))))


def pack(needed: Mapping[str, Iterable[str]]) -> list[Policy]:
    """Return as few policies as hold all that is needed, in an order that its content alone tells.

    Args:
        needed: The resources of each head.
    """
    policies: list[Policy] = []
    room = 0
    for head in sorted(needed):
        opening = size_of(head) + len(',"Resource":[],')
        for resource in sorted(needed[head]):
            size = size_of(resource) + len(",")
            if room < size + (0 if policies and head in policies[-1] else opening):
                policies.append({})
                room = LARGEST_MANAGED - _AROUND
            if head not in policies[-1]:
                room -= opening
            policies[-1].setdefault(head, []).append(resource)
            room -= size
    return policies


def _filled_in(value: object) -> object:
    if isinstance(value, list):
        return [_filled_in(each) for each in value]
    if not isinstance(value, dict):
        return value
    match list(value.items()):
        case [("Ref", name)]:
            return _FILLED_IN.get(name, _UNKNOWN)
        case [("Fn::Join", [delimiter, [*parts]])]:
            return str(delimiter).join(str(_filled_in(each)) for each in parts)
        case [(name, _)] if name.startswith("Fn::"):
            return _UNKNOWN
    return {name: _filled_in(each) for name, each in value.items()}


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
