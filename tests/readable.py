"""A template as a person reads it, for snapshots and their diffs."""

import contextlib
import copy
import json
import re
from typing import Any

_HASH = re.compile(r"[0-9a-f]{64}")


def readable(value: Any) -> Any:
    """Return a part of a template for a diff.

    No asset hashes; references as `${Name.Attribute}`; joined texts as one text; and JSON within a
    text (a state machine, a request) as what it says.
    """
    if isinstance(value, list):
        return [readable(each) for each in value]
    if isinstance(value, dict):
        return _readable_intrinsic(value)
    if isinstance(value, str):
        if value.startswith("{") and value.endswith("}"):
            with contextlib.suppress(ValueError):
                return readable(json.loads(value))
        return _HASH.sub("<asset hash>", value)
    return value


def with_whole_policies(template: dict[str, Any]) -> dict[str, Any]:
    """Return a template in which the inline policy of a role has all that the role is allowed.

    The CDK puts what IAM has no room for into a managed policy, `OverflowPolicy1`. It estimates
    the room by the length of tokens, which are other ones at each synth, so what is near the limit
    is here once and there the next time.
    """
    template = copy.deepcopy(template)
    resources: dict[str, Any] = template["Resources"]
    overflows = {name for name in resources if "OverflowPolicy" in name}
    statements = {
        json.dumps(each["Properties"]["Roles"]): each["Properties"]["PolicyDocument"]["Statement"]
        for each in resources.values()
        if each["Type"] == "AWS::IAM::Policy"
    }
    for name in overflows:
        properties = resources.pop(name)["Properties"]
        statements[json.dumps(properties["Roles"])] += properties["PolicyDocument"]["Statement"]
    for inline in statements.values():
        inline.sort(key=json.dumps)
    for resource in resources.values():
        if isinstance(depends := resource.get("DependsOn"), list):
            resource["DependsOn"] = [each for each in depends if each not in overflows]
    return template


def as_lines(value: Any) -> str:
    """Return JSON that differs by lines."""
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def _readable_intrinsic(value: dict[str, Any]) -> Any:
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Join": ["", list(parts)]}:
            joined = [readable(part) for part in parts]
            if all(isinstance(part, str) for part in joined):
                return readable("".join(joined))
    return {key: readable(each) for key, each in value.items()}
