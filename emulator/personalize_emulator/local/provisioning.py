"""Properties that MiniStack's CloudFormation leaves out, applied after what it does itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

Properties = Mapping[str, Any]
_Answer = tuple[str, dict[str, Any]]


def also_apply(resource_type: str, apply: Callable[[str, Properties], None]) -> None:
    """Let creates and updates of a type apply more of its properties.

    Args:
        resource_type: The type, "AWS::S3::Bucket".
        apply: Applies properties to the resource of a physical id.
    """
    handler = dict(provisioners._RESOURCE_HANDLERS[resource_type])
    create, update = handler["create"], handler["update"]

    def create_and_apply(logical_id: str, props: Properties, stack_name: str) -> _Answer:
        physical_id, attributes = create(logical_id, props, stack_name)
        apply(physical_id, props)
        return physical_id, attributes

    # Some types are told their logical id as well.
    def update_and_apply(
        physical_id: str, old_props: Properties, new_props: Properties, *names: str
    ) -> _Answer:
        physical_id, attributes = update(physical_id, old_props, new_props, *names)
        apply(physical_id, new_props)
        return physical_id, attributes

    handler |= {"create": create_and_apply, "update": update_and_apply}
    provisioners._RESOURCE_HANDLERS[resource_type] = handler
