"""Streams as targets of event buses, which MiniStack leaves out."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ministack.services import eventbridge, kinesis

_LOG = logging.getLogger("event_bus")


def install() -> None:
    """Let rules put events on streams."""
    invoke = eventbridge._invoke_target

    def invoke_or_put(
        target: Mapping[str, Any],
        event: Mapping[str, Any],
        rule: Mapping[str, Any],
        view: Any = None,  # noqa: ANN401 - MiniStack has no types
    ) -> None:
        if ":kinesis:" in target.get("Arn", ""):
            view = view or eventbridge._pattern_event_view(event)
            _put(target, view.event_with_detail())
        else:
            invoke(target, event, rule, view)

    eventbridge._invoke_target = invoke_or_put


def _put(target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    path = target.get("KinesisParameters", {}).get("PartitionKeyPath", "$.id")
    key = _at(event, path) or event["id"]
    data = base64.b64encode(json.dumps(event).encode()).decode()
    status, _, answer = kinesis._put_record(
        {"StreamARN": target["Arn"], "PartitionKey": str(key)[:256], "Data": data}
    )
    if status != HTTPStatus.OK:
        _LOG.warning("%s does not take an event of a bus: %s", target["Arn"], answer)


def _at(event: object, path: str) -> object:
    """Return what a path like `$.detail.sessionId` leads to, if it leads anywhere."""
    for name in path.removeprefix("$.").split("."):
        if not isinstance(event, Mapping):
            return None
        event = event.get(name)
    return event
