"""What the resources of a template depend on."""

import re
from collections.abc import Iterator
from typing import Any


def references(value: object) -> Iterator[str]:
    """Yield the logical ids that a part of a template refers to."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name == "Ref":
                yield str(each)
            elif name == "Fn::GetAtt":
                yield each[0] if isinstance(each, list) else str(each).partition(".")[0]
            elif name == "Fn::Sub":
                text = each[0] if isinstance(each, list) else each
                yield from (m.partition(".")[0] for m in re.findall(r"\$\{([\w.:]+)\}", text))
                yield from references(each)
            else:
                yield from references(each)


def dependencies(template: dict[str, Any]) -> dict[str, set[str]]:
    """Return all that each resource of a template depends on, directly or not."""
    resources = template["Resources"]
    direct = {}
    for logical_id, resource in resources.items():
        stated = resource.get("DependsOn", [])
        named = {stated} if isinstance(stated, str) else set(stated)
        direct[logical_id] = named | (set(references(resource["Properties"])) & set(resources))

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        rest = list(direct[start])
        while rest:
            each = rest.pop()
            if each not in seen:
                seen.add(each)
                rest += direct[each]
        return seen

    return {logical_id: reachable(logical_id) for logical_id in resources}
