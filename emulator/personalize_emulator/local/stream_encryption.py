"""Encryption of ``AWS::Kinesis::Stream``, which MiniStack's CloudFormation leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services import kinesis
from ministack.services.cloudformation import provisioners

Properties = Mapping[str, Any]
Answer = tuple[str, dict[str, Any]]

_STREAM = "AWS::Kinesis::Stream"


def install() -> None:
    """Let creates and updates of streams start and stop their encryption."""
    handler = dict(provisioners._RESOURCE_HANDLERS[_STREAM])
    create, update = handler["create"], handler["update"]

    def create_stream(logical_id: str, props: Properties, stack_name: str) -> Answer:
        name, attributes = create(logical_id, props, stack_name)
        _encrypt(name, props)
        return name, attributes

    def update_stream(
        physical_id: str, old_props: Properties, new_props: Properties, stack_name: str
    ) -> Answer:
        name, attributes = update(physical_id, old_props, new_props, stack_name)
        _encrypt(name, new_props)
        return name, attributes

    handler |= {"create": create_stream, "update": update_stream}
    provisioners._RESOURCE_HANDLERS[_STREAM] = handler


def _encrypt(name: str, props: Properties) -> None:
    encryption = props.get("StreamEncryption")
    if encryption:
        kinesis._start_stream_encryption({"StreamName": name, **encryption})
    else:
        kinesis._stop_stream_encryption({"StreamName": name})
