"""Functions as targets of EventBridge's rules, tried again and dead-lettered as on AWS.

MiniStack calls such a function once and forgets how it went, though it has the asynchronous call
that AWS makes: with retries, and a destination for what fails.
"""

from __future__ import annotations

import json
import logging

from ministack.services import eventbridge, lambda_svc

_LOG = logging.getLogger("rule_targets")


def install() -> None:
    """Let rules call their functions asynchronously."""
    eventbridge._dispatch_to_lambda = _call


def _call(arn: str, payload: str) -> None:
    function, configuration, name = lambda_svc._get_func_record_for_ref(arn)
    if function is None or configuration is None:
        _LOG.warning("there is no function %s", name)
        return
    record = lambda_svc._execution_record_for_config(function, configuration)
    lambda_svc.invoke_async_with_retry(record, json.loads(payload))
