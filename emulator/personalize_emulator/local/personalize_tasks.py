"""Amazon Personalize in state machines: the SDK integrations of its three services.

``aws-sdk:personalize``, ``aws-sdk:personalizeevents`` and ``aws-sdk:personalizeruntime``, with
arguments and answers in PascalCase and times in ISO 8601, as the SDK for Java has them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, Shape, StructureShape
from ministack.services import stepfunctions

from personalize_emulator.errors import ServiceError
from personalize_emulator.local import authorization
from personalize_emulator.local.personalize import LocalPersonalize
from personalize_emulator.local.stepfunctions import unknown_parameter
from personalize_emulator.service_model import Operation, Surface

_REFUSED = "States.Runtime"  # what can be seen without asking the service


@dataclass(frozen=True)
class Integration:
    """One service of the SDK for Java.

    Attributes:
        service: Its name in botocore.
        prefix: What the names of its errors begin with.
    """

    service: str
    prefix: str


INTEGRATIONS = {
    "personalize": Integration("personalize", "Personalize"),
    "personalizeevents": Integration("personalize-events", "PersonalizeEvents"),
    "personalizeruntime": Integration("personalize-runtime", "PersonalizeRuntime"),
}


def install(personalize: LocalPersonalize) -> None:
    """Let state machines call Amazon Personalize, each with its own role.

    Args:
        personalize: The service that they call.
    """
    stepfunctions._invoke_aws_sdk_integration = _with_personalize(
        personalize, stepfunctions._invoke_aws_sdk_integration
    )
    stepfunctions._execute_task = _with_its_role(stepfunctions._execute_task)


def _with_its_role(execute: Any) -> Any:  # noqa: ANN401 - MiniStack has no types
    """Remember the role of the state machine, for the calls of this task."""

    def execute_task(state: object, raw_input: object, execution: Any, context: object) -> Any:  # noqa: ANN401
        started = execution["events"][0]["executionStartedEventDetails"]
        authorization.call_as(started["roleArn"])
        return execute(state, raw_input, execution, context)

    return execute_task


def _with_personalize(personalize: LocalPersonalize, invoke: Any) -> Any:  # noqa: ANN401
    surface = Surface()

    def invoke_sdk(resource: str, input_data: Any) -> Any:  # noqa: ANN401
        service, action = resource.split(":")[6:8]
        integration = INTEGRATIONS.get(service.lower())
        if integration is None:
            return invoke(resource, input_data)
        operation = surface.named(integration.service, action[:1].upper() + action[1:])
        if operation is None:
            cause = f"The resource provided {resource} is not recognized."
            raise stepfunctions._ExecutionError(_REFUSED, cause)
        return _call(personalize, integration, operation, input_data or {})

    return invoke_sdk


def _call(
    personalize: LocalPersonalize,
    integration: Integration,
    operation: Operation,
    arguments: Mapping[str, Any],
) -> Any:  # noqa: ANN401
    if wrong := unknown_parameter(arguments, operation.input_shape):
        cause = f'The field "{wrong}" is not supported by Step Functions'
        raise stepfunctions._ExecutionError(_REFUSED, cause)
    request = arguments
    if operation.input_shape is not None:
        request = stepfunctions._sdk_json_param_value(arguments, operation.input_shape)
        request = _with_epochs(request, operation.input_shape)
    try:
        answer = personalize.call_as(
            authorization.calling_role(), operation.name, request, service=operation.service
        )
    except ServiceError as error:
        cause = f"{error.message} (Service: {integration.prefix}, Status Code: {error.status},"
        cause += f" Request ID: {uuid.uuid4()})"
        raise stepfunctions._ExecutionError(_name(integration, operation, error), cause) from error
    if operation.output_shape is None:
        return {}
    return stepfunctions._sdk_json_value(answer, operation.output_shape)


def _name(integration: Integration, operation: Operation, error: ServiceError) -> str:
    """The exception of the SDK for Java: one of the model's, else the service's general one.

    Seen of a request that broke a constraint of its shape: ``Personalize.PersonalizeException``.
    """
    modelled = {shape.name for shape in operation.model.service_model.error_shapes}
    name = error.code if error.code in modelled else f"{integration.prefix}Exception"
    return f"{integration.prefix}.{name}"


def _with_epochs(value: Any, shape: Shape) -> Any:  # noqa: ANN401 - JSON
    """Times in seconds, as they are on the wire; the SDK takes them in ISO 8601."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            name: _with_epochs(item, shape.members[name]) if name in shape.members else item
            for name, item in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_with_epochs(item, shape.member) for item in value]
    if shape.type_name == "timestamp" and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return value
