"""The processes that functions run in, where MiniStack by itself differs from AWS."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from subprocess import Popen
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from personalize_emulator.local.provisioning import Properties

_FUNCTION = "AWS::Lambda::Function"
_GRACE_SECONDS = 3.0


class _Call(threading.local):
    """The call that a thread is in: the process that is to end, and whether it may go on."""

    process: Popen[str] | None = None
    is_under_way = False


def install() -> None:
    """Let the process of a function live on when its handler fails or its tags change, as on AWS.

    MiniStack ends it, so that the next call is a cold start. The provider framework of the CDK
    fails on purpose each time that a resource is not complete yet: that was a start of Node for
    each look.
    """
    handler = dict(provisioners._RESOURCE_HANDLERS[_FUNCTION])
    handler["update"] = _tagging_what_runs(handler["update"])
    provisioners._RESOURCE_HANDLERS[_FUNCTION] = handler
    invoke, signal, collect = (
        lambda_runtime.Worker.invoke,
        lambda_runtime._signal,
        lambda_runtime._collect,
    )
    call = _Call()

    def invoke_and_keep(self: Any, *arguments: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401
        call.process, call.is_under_way = None, True
        try:
            response: dict[str, Any] = invoke(self, *arguments, **options)
        finally:
            call.is_under_way = False
        process = call.process
        if process is None:
            return response
        # Only what its handler raises has a trace: a process that hangs or has died has none.
        if "trace" in response and process.poll() is None and self._proc is None:
            self._proc = process
        else:
            signal(process)
            collect(process, time.monotonic() + _GRACE_SECONDS)
        return response

    def signal_unless_called(process: Popen[str]) -> None:
        if call.is_under_way:
            call.process = process
        else:
            signal(process)

    def collect_unless_called(process: Popen[str], deadline: float) -> None:
        if not call.is_under_way:
            collect(process, deadline)

    lambda_runtime.Worker.invoke = invoke_and_keep
    lambda_runtime._signal = signal_unless_called
    lambda_runtime._collect = collect_unless_called


def _tagging_what_runs(update: Callable[..., Any]) -> Callable[..., Any]:
    def tag_or_update(name: str, old_props: Properties, new_props: Properties, *names: str) -> Any:  # noqa: ANN401 - it is what MiniStack returns
        function = lambda_svc._functions.get(name)
        if function is None or _without_tags(old_props) != _without_tags(new_props):
            return update(name, old_props, new_props, *names)
        provisioners._reconcile_tag_map(function["tags"], old_props, new_props)
        return name, {"Arn": function["config"]["FunctionArn"]}

    return tag_or_update


def _without_tags(props: Properties) -> dict[str, Any]:
    return {name: value for name, value in props.items() if name != "Tags"}
