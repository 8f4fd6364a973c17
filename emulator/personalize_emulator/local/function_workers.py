"""The processes that functions run in, where MiniStack by itself differs from AWS."""

from __future__ import annotations

import threading
import time
from subprocess import Popen
from typing import Any

from ministack.core import lambda_runtime

_GRACE_SECONDS = 3.0


class _Call(threading.local):
    """The call that a thread is in: the process that is to end, and whether it may go on."""

    process: Popen[str] | None = None
    is_under_way = False


def install() -> None:
    """Let the process of a function live on when its handler fails, as on AWS.

    MiniStack ends it, so that the next call is a cold start. The provider framework of the CDK
    fails on purpose each time that a resource is not complete yet: that was a start of Node for
    each look.
    """
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
