"""What functions log, where MiniStack by itself differs from AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services import lambda_svc


def install() -> None:
    """Let a function that is deleted log nothing more.

    It answers CloudFormation just before it ends. By then the stack may have deleted it, and the
    log group that it wrote to, which MiniStack would make anew.
    """
    emit = lambda_svc._emit_lambda_logs

    def emit_of_function(func: Mapping[str, Any], *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        config = func.get("config") or func
        if config.get("FunctionName") in lambda_svc._functions:
            emit(func, *arguments, **options)

    lambda_svc._emit_lambda_logs = emit_of_function
