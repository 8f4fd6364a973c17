"""Step Functions, where MiniStack by itself differs from AWS."""

from __future__ import annotations

import functools
import json
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from jsonata import timebox
from ministack.services import eventbridge, stepfunctions

# A poller that waits 20 s would spin at a thousand times the speed.
_SHORTEST_WAIT_SECONDS = 0.2


def install(*, speed: float) -> None:
    """Let state machines wait by the fast clock, and do as on AWS where they would not.

    Args:
        speed: How many times faster than the wall clock waits pass.
    """
    stepfunctions._invoke_aws_sdk_integration = _checking_parameter_names(
        stepfunctions._invoke_aws_sdk_integration
    )
    stepfunctions._dispatch_aws_sdk_rest_xml = _with_types(stepfunctions._dispatch_aws_sdk_rest_xml)
    stepfunctions._scaled_sleep = functools.partial(_wait, speed)
    eventbridge._dispatch_to_stepfunctions = _start_execution
    stepfunctions._nested_execution_failure = _child_failure
    stepfunctions._invoke_nested_start_execution_sync = _refusing_used_names(
        stepfunctions._invoke_nested_start_execution_sync
    )
    stepfunctions._execute_task = _unless_stopped(stepfunctions._execute_task)
    stepfunctions._fail_execution = _unless_ended(stepfunctions._fail_execution)
    # An expression may compute for a second; on a busy machine it may wait for longer than that.
    timebox.Timebox.current_milli_time = staticmethod(_computing_milliseconds)


def _computing_milliseconds() -> int:
    return time.thread_time_ns() // 1_000_000


def _wait(speed: float, seconds: float) -> None:
    time.sleep(max(seconds / speed, min(seconds, _SHORTEST_WAIT_SECONDS)))


def _start_execution(arn: str, payload: str) -> None:
    """Start an execution for an event, under a name of 73 characters as EventBridge gives it."""
    if stepfunctions._resolve_state_machine_arn(arn) is None:
        return
    name = f"{uuid.uuid4()}_{uuid.uuid4()}"
    stepfunctions._start_execution({"stateMachineArn": arn, "input": payload, "name": name})


def _child_failure(child: Mapping[str, Any]) -> tuple[str, str]:
    """What a task of ``startExecution.sync`` fails with when the execution it started does.

    The error is always the same one; the child's own is in the cause, as JSON. MiniStack gives
    the child's error, and a Catch by its name would work here and never on AWS.
    """
    cause = {f"{name[:1].upper()}{name[1:]}": value for name, value in child.items()}
    cause.pop("Output", None)
    return "States.TaskFailed", json.dumps(cause)


def _refusing_used_names(start: Any) -> Any:  # noqa: ANN401
    """Refuse to start a child under the name of one that has been, as AWS does for 90 days."""

    def start_new(resource: str, input_data: Mapping[str, Any]) -> Any:  # noqa: ANN401
        machine, name = input_data.get("StateMachineArn", ""), input_data.get("Name")
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        if name and arn in stepfunctions._executions:
            error = "StepFunctions.ExecutionAlreadyExistsException"
            raise stepfunctions._ExecutionError(error, f"Execution Already Exists: '{arn}'")
        return start(resource, input_data)

    return start_new


class _StoppedError(Exception):
    """The execution was stopped: nothing of it may go on, and no Catch may take this up."""


def _unless_stopped(execute: Any) -> Any:  # noqa: ANN401
    """Let no task begin after ``StopExecution``; in a Map MiniStack goes on to the end."""

    def execute_task(state: object, raw_input: object, execution: Any, context: object) -> Any:  # noqa: ANN401
        if execution["status"] != "RUNNING":
            raise _StoppedError(execution["executionArn"])
        return execute(state, raw_input, execution, context)

    return execute_task


def _unless_ended(fail: Any) -> Any:  # noqa: ANN401
    """Leave the status of an execution that has ended, an aborted one above all."""

    def fail_running(execution: Any, error: str, cause: str) -> None:  # noqa: ANN401
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    return fail_running


def _checking_parameter_names(invoke: Any) -> Any:  # noqa: ANN401 - MiniStack has no types
    """Refuse parameters that are not spelt in PascalCase, as AWS does; MiniStack takes them."""

    def invoke_checked(resource: str, input_data: Any) -> Any:  # noqa: ANN401
        service, action = resource.split(":")[6:8]
        info = stepfunctions._AWS_SDK_SERVICE_MAP.get(service.lower(), {})
        operation = action[:1].upper() + action[1:]
        if info.get("param_case") == "lower-camel":
            model = stepfunctions._service_model(info.get("service_key", service.lower()))
            known = model is not None and operation in model.operation_names
            shape = model.operation_model(operation).input_shape if known else None
            if wrong := unknown_parameter(input_data, shape):
                error = "States.Runtime"
                cause = f'The field "{wrong}" is not supported by Step Functions'
                raise stepfunctions._ExecutionError(error, cause)
        return invoke(resource, input_data)

    return invoke_checked


def unknown_parameter(value: Any, shape: Any) -> str | None:  # noqa: ANN401
    """The first name in an argument that the SDK's shape does not have, None if there is none."""
    if shape is None or shape.type_name not in {"structure", "list"}:
        return None
    if shape.type_name == "list":
        found = (unknown_parameter(item, shape.member) for item in _as_list(value))
        return next(filter(None, found), None)
    if not isinstance(value, Mapping) or getattr(shape, "is_document_type", False):
        return None
    # The SDK for Java keeps capitals at the end of a name: minProvisionedTPS.
    members = {name[:1].upper() + name[1:]: name for name in shape.members}
    for key, item in value.items():
        if key not in members:
            return str(key)
        if wrong := unknown_parameter(item, shape.members[members[key]]):
            return wrong
    return None


def _with_types(dispatch: Any) -> Any:  # noqa: ANN401
    """Give S3's answers numbers and booleans where the SDK has them; in XML they are all text."""

    def dispatch_typed(
        service_info: Mapping[str, Any], service_name: str, action: str, input_data: object
    ) -> Any:  # noqa: ANN401
        result = dispatch(service_info, service_name, action, input_data)
        model = stepfunctions._service_model(service_info.get("service_key", service_name))
        operation = action[:1].upper() + action[1:]
        if model is None or operation not in model.operation_names:
            return result
        return _typed(result, model.operation_model(operation).output_shape)

    return dispatch_typed


def _typed(value: Any, shape: Any) -> Any:  # noqa: ANN401
    if shape is None:
        return value
    if shape.type_name == "structure" and isinstance(value, Mapping):
        shapes = {stepfunctions._api_name_to_sfn_key(n): s for n, s in shape.members.items()}
        return {key: _typed(item, shapes.get(key)) for key, item in value.items()}
    if shape.type_name == "list":
        return [_typed(item, shape.member) for item in _as_list(value)]
    return _SCALARS.get(shape.type_name, str)(value) if isinstance(value, str) else value


def _timestamp(text: str) -> str:
    """A moment as ISO 8601; a header has it in words."""
    if "," not in text:
        return text
    return parsedate_to_datetime(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_SCALARS: dict[str, Callable[[str], object]] = {
    "integer": int,
    "long": int,
    "boolean": lambda text: text == "true",
    "timestamp": _timestamp,
}


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else []
