"""The surface of the service, read from botocore's own service models.

Nothing here names an operation: what botocore knows is what the emulator knows, in whatever version
of botocore is installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

SERVICES = ("personalize", "personalize-events", "personalize-runtime")


@dataclass(frozen=True)
class Operation:
    """One operation of one of the three services."""

    service: str
    protocol: str
    model: OperationModel

    @property
    def name(self) -> str:
        """The name, `CreateSchema` say."""
        return self.model.name

    @cached_property
    def method(self) -> str:
        """The name that a Python method for it has, `create_schema` say."""
        return xform_name(self.model.name)

    @property
    def input_shape(self) -> StructureShape | None:
        """The shape of a request, None where there is nothing to say."""
        shape = self.model.input_shape
        return shape if isinstance(shape, StructureShape) else None

    @property
    def output_shape(self) -> StructureShape | None:
        """The shape of an answer, None where there is nothing to say."""
        shape = self.model.output_shape
        return shape if isinstance(shape, StructureShape) else None

    def error_status(self, code: str) -> int | None:
        """Return the HTTP status of an error, None if this operation has no such error."""
        for shape in self.model.error_shapes:
            if shape.name == code:
                error: Mapping[str, Any] = shape.metadata.get("error", {})
                # JSON 1.1 gives no status: every modelled error is a 400.
                return int(error.get("httpStatusCode", 400))
        return None


@cache
def request_members(service: str, operation: str) -> Mapping[str, Shape]:
    """Return the members that a request of an operation has, by name."""
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    shape = model.operation_model(operation).input_shape
    return shape.members if isinstance(shape, StructureShape) else {}


class Surface:
    """All operations of the service, found by target, path or name."""

    def __init__(self, loader: Loader | None = None) -> None:
        """Read the service models of the installed botocore."""
        loader = loader or _loader()
        self._by_name: dict[tuple[str, str], Operation] = {}
        self._by_target: dict[str, Operation] = {}
        self._by_path: dict[tuple[str, str], Operation] = {}
        for service in SERVICES:
            model = ServiceModel(loader.load_service_model(service, "service-2"), service)
            protocol = str(model.metadata["protocol"])
            for name in model.operation_names:
                operation = Operation(service, protocol, model.operation_model(name))
                self._by_name[service, name] = operation
                if protocol == "json":
                    self._by_target[f"{model.metadata['targetPrefix']}.{name}"] = operation
                else:
                    http = operation.model.http
                    self._by_path[http["method"], http["requestUri"]] = operation

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Every operation, service by service."""
        return tuple(self._by_name.values())

    def named(self, service: str, name: str) -> Operation | None:
        """Find an operation by its service and name."""
        return self._by_name.get((service, name))

    def requested(self, method: str, path: str, target: str | None) -> Operation | None:
        """Find the operation that an HTTP request means.

        Args:
            method: The HTTP method.
            path: The path, with or without a query.
            target: The value of `X-Amz-Target`, if there is one.
        """
        if target is not None:
            return self._by_target.get(target)
        return self._by_path.get((method, path.partition("?")[0].rstrip("/") or "/"))


@cache
def _loader() -> Loader:
    """One for all: it keeps what it has read, so an emulator for each test costs milliseconds."""
    return Loader()
