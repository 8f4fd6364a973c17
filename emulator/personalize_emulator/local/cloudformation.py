"""The ``AWS::Personalize::*`` types in MiniStack's CloudFormation: create, update, delete, wait.

``Ref`` is the ARN, the primary identifier of each type in the registry.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ministack.services.cloudformation import provisioners, stacks

from personalize_emulator.errors import ServiceError
from personalize_emulator.local.registry import TYPES, ResourceType, camel

if TYPE_CHECKING:
    from personalize_emulator.local.personalize import LocalPersonalize

Properties = Mapping[str, Any]
Answer = tuple[str, dict[str, Any]]

_NAMESPACE = "AWS::Personalize::"
_SHORTEST_POLL_SECONDS = 0.02
_LONGEST_POLL_SECONDS = 0.5
# Real time; the fast clock makes a training of hours a matter of seconds.
_PATIENCE_SECONDS = 1800.0
_HANDLER_ERROR_CODES = {
    "ResourceAlreadyExistsException": "AlreadyExists",
    "ResourceNotFoundException": "NotFound",
    "ResourceInUseException": "ResourceConflict",
    "LimitExceededException": "ServiceLimitExceeded",
    "InvalidInputException": "InvalidRequest",
    "ThrottlingException": "Throttling",
}


def install(personalize: LocalPersonalize) -> None:
    """Add the types to MiniStack's CloudFormation.

    Args:
        personalize: The service that they create resources in.
    """
    for resource_type in TYPES:
        handler = ResourceHandler(resource_type, personalize)
        provisioners._RESOURCE_HANDLERS[resource_type.name] = {
            "create": handler.create,
            "update": handler.update,
            "delete": handler.delete,
        }
        # The engine creates the new one first and deletes the old one at the end; a dataset goes
        # the other way round (`replacementStrategy: delete_then_create`), which `update` does.
        if not resource_type.deleted_first:
            provisioners._REPLACING_PROPERTIES[resource_type.name] = tuple(
                sorted(resource_type.create_only)
            )
    stacks._runs_on_worker_thread = _also_ours(stacks._runs_on_worker_thread)


def _also_ours(runs_on_worker_thread: Callable[[str], bool]) -> Callable[[str], bool]:
    """Our types wait for ACTIVE: on the event loop the whole AWS would wait with them."""

    def waits(resource_type: str) -> bool:
        return resource_type.startswith(_NAMESPACE) or runs_on_worker_thread(resource_type)

    return waits


class ResourceHandler:
    """Creates, updates and deletes the resources of one type, and waits for the end of each."""

    def __init__(self, resource_type: ResourceType, personalize: LocalPersonalize) -> None:
        """Bind a type to the service.

        Args:
            resource_type: The type.
            personalize: The service.
        """
        self._type = resource_type
        self._personalize = personalize

    def create(self, logical_id: str, props: Properties, stack_name: str) -> Answer:
        """Create a resource.

        Args:
            logical_id: Its logical id.
            props: Its properties, resolved.
            stack_name: Name of its stack.

        Returns:
            Its physical id, which is its ARN, and its attributes.
        """
        self._check(logical_id, props)
        request = self._request({k: v for k, v in props.items() if k != "DatasetImportJob"})
        arn: str = self._call(f"Create{self._type.noun}", **request)[self._type.arn]
        try:
            self._await_active(arn)
            self._import(arn, props)
        except ValueError:
            # The engine knows no physical id of what failed, so nobody else would delete it.
            self.delete(arn, props)
            raise
        return arn, self._attributes(arn)

    def update(
        self, physical_id: str, old_props: Properties, new_props: Properties, stack_name: str
    ) -> Answer:
        """Update a resource in place; a dataset may be replaced here.

        Args:
            physical_id: Its ARN.
            old_props: The properties that it has.
            new_props: The properties that it is to have.
            stack_name: Name of its stack.

        Returns:
            Its physical id and its attributes.
        """
        self._check(physical_id, new_props)
        changed = {
            name for name in {*old_props, *new_props} if old_props.get(name) != new_props.get(name)
        }
        if changed & self._type.create_only:
            self.delete(physical_id, old_props)
            return self.create(physical_id, new_props, stack_name)
        if changed & self._type.updates:
            values = self._request({n: new_props[n] for n in self._type.updates & {*new_props}})
            self._call(f"Update{self._type.noun}", **{self._type.arn: physical_id}, **values)
            self._await_active(physical_id)
        if "Tags" in changed:
            self._tag(physical_id, old_props, new_props)
        if "DatasetImportJob" in changed:
            self._import(physical_id, new_props)
        return physical_id, self._attributes(physical_id)

    def delete(self, physical_id: str, props: Properties) -> None:
        """Delete a resource and wait until it is gone; one that is gone already is fine.

        Args:
            physical_id: Its ARN.
            props: Its properties.
        """
        description = self._describe(physical_id)
        if description is None:
            return
        if not str(description.get("status", "")).startswith("DELETE"):  # by hand, meanwhile
            self._call(f"Delete{self._type.noun}", **{self._type.arn: physical_id})
        self._wait(lambda: self._describe(physical_id) is None, f"the deletion of {physical_id}")

    def _check(self, logical_id: str, props: Properties) -> None:
        if problems := list(self._type.shape.findings(props)):
            listed = "\n".join(f"[{problem}]" for problem in problems)
            message = f"Properties validation failed for resource {logical_id} with message:\n"
            raise ValueError(message + listed)

    def _request(self, props: Properties) -> dict[str, Any]:
        """Properties of a template as the members of a request."""
        request: dict[str, Any] = self._type.shape.converted(props)
        if "tags" in request:
            request["tags"] = [
                {"tagKey": tag["key"], "tagValue": tag["value"]} for tag in request["tags"]
            ]
        for name, parts in self._type.upper_case.items():
            request[camel(name)] = [
                {k: v.upper() if k in map(camel, parts) else v for k, v in entry.items()}
                for entry in request.get(camel(name), ())
            ]
        return request

    def _import(self, arn: str, props: Properties) -> None:
        job = props.get("DatasetImportJob")
        if not job:
            return
        shape = self._type.shape.properties["DatasetImportJob"]
        request = {**shape.converted(job), "datasetArn": arn}
        request.pop("datasetImportJobArn", None)
        job_arn = self._call("CreateDatasetImportJob", **request)["datasetImportJobArn"]

        def settled() -> bool:
            answer = self._call("DescribeDatasetImportJob", datasetImportJobArn=job_arn)
            return _is_active(answer["datasetImportJob"])

        self._wait(settled, f"the import {job_arn}")

    def _tag(self, arn: str, old_props: Properties, new_props: Properties) -> None:
        old, new = (provisioners._tag_map(props.get("Tags")) for props in (old_props, new_props))
        if gone := sorted(old.keys() - new.keys()):
            self._call("UntagResource", resourceArn=arn, tagKeys=gone)
        if new:
            tags = [{"tagKey": key, "tagValue": value} for key, value in new.items()]
            self._call("TagResource", resourceArn=arn, tags=tags)

    def _await_active(self, arn: str) -> None:
        if not self._type.has_status:
            return

        def settled() -> bool:
            description = self._describe(arn)
            if description is None:
                message = f"{arn} is gone"
                raise ValueError(message)
            # An update leaves the status as it is and has one of its own.
            latest = description.get(f"latest{self._type.noun}Update") or description
            return _is_active(description) and _is_active(latest)

        self._wait(settled, arn)

    def _attributes(self, arn: str) -> dict[str, Any]:
        description = self._describe(arn) or {}
        attributes = {
            name: _attribute(description.get(camel(name), "")) for name in self._type.attributes
        }
        return {f"{self._type.noun}Arn": arn} | attributes

    def _describe(self, arn: str) -> dict[str, Any] | None:
        try:
            answer = self._personalize.call(f"Describe{self._type.noun}", **{self._type.arn: arn})
        except ServiceError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise ValueError(_failure(error)) from error
        found: dict[str, Any] = answer[self._type.member]
        return found

    def _call(self, operation: str, **request: object) -> dict[str, Any]:
        try:
            return self._personalize.call(operation, **request)
        except ServiceError as error:
            raise ValueError(_failure(error)) from error

    @staticmethod
    def _wait(done: Callable[[], bool], what: str) -> None:
        pause, end = _SHORTEST_POLL_SECONDS, time.monotonic() + _PATIENCE_SECONDS
        while not done():
            if time.monotonic() > end:
                message = f"{what} did not end (HandlerErrorCode: NotStabilized)"
                raise ValueError(message)
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_POLL_SECONDS)


def _is_active(description: Mapping[str, Any]) -> bool:
    status = description.get("status", "ACTIVE")
    if status == "CREATE FAILED":
        reason = description.get("failureReason", "no reason was given")
        message = f'Resource handler returned message: "{reason}"'
        message += " (HandlerErrorCode: NotStabilized)"
        raise ValueError(message)
    return bool(status == "ACTIVE")


def _failure(error: ServiceError) -> str:
    code = _HANDLER_ERROR_CODES.get(error.code, "GeneralServiceException")
    detail = f"{error.message} (Service: Personalize, Status Code: {error.status})"
    return f'Resource handler returned message: "{detail}" (HandlerErrorCode: {code})'


def _attribute(value: object) -> str:
    """A value of a description as an attribute: the registry has times as ISO 8601."""
    if isinstance(value, float):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return str(value)
