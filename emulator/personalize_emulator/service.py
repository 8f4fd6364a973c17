"""The service itself: requests in, answers out, and no network around it."""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Self

from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.clock import Clock
from personalize_emulator.data.interactions import InteractionLog
from personalize_emulator.data.records import Records
from personalize_emulator.errors import (
    InvalidInputError,
    NotEmulatedError,
    SerializationError,
    ServiceError,
    UnknownOperationError,
)
from personalize_emulator.events import Events
from personalize_emulator.jobs import Jobs
from personalize_emulator.json_object import json_object
from personalize_emulator.metric_data import MemoryMetricData, MetricData
from personalize_emulator.model_store import Models
from personalize_emulator.objects import MemoryObjects, ObjectStorage
from personalize_emulator.quotas import Quotas
from personalize_emulator.rendering import render
from personalize_emulator.resources import FAMILIES, Tags
from personalize_emulator.roles import AnyRole, Roles
from personalize_emulator.runtime import Runtime
from personalize_emulator.service_model import Operation, Surface
from personalize_emulator.store import Store
from personalize_emulator.throttling import DocumentedRates, Throttle
from personalize_emulator.validation import validate

_log = logging.getLogger(__name__)

_CREDENTIAL = re.compile(
    r"Credential=(?P<key>[^/,\s]+)/\d+/(?P<region>[a-z0-9-]+)/[^/]+/aws4_request"
)
_ACCOUNT = re.compile(r"\d{12}")

Handler = Callable[[dict[str, Any], Caller], Mapping[str, Any]]
# Asked before a request is looked at; raises a ServiceError when the caller may not do it.
Authorize = Callable[[Operation, Mapping[str, Any], Caller], None]


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came in.

    Attributes:
        method: The HTTP method.
        path: The path, with or without a query.
        headers: The headers, in any case.
        body: The body.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class HttpResponse:
    """An answer as it goes out."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class PersonalizeService:
    """Amazon Personalize: all three endpoints behind one door.

    It is safe to use from many threads. No call waits for a job: creates, imports, trainings and
    deletes go on behind the answer, by the emulated clock.

    Attributes:
        backend: What lies behind the operations.
    """

    def __init__(
        self,
        store: Store | None = None,
        clock: Clock | None = None,
        objects: ObjectStorage | None = None,
        *,
        roles: Roles | None = None,
        metric_data: MetricData | None = None,
        quotas: Quotas | None = None,
        seed: int = 0,
        account: str = "123456789012",
        region: str = "us-east-1",
        strict_answers: bool = False,
        throttling: bool | Throttle = False,
    ) -> None:
        """Start the service.

        Args:
            store: The state; the service closes it. (default: in memory)
            clock: The emulated time. (default: real time)
            objects: Where bulk data is read and written. (default: buckets in memory)
            roles: Which roles the service may use. (default: every role)
            metric_data: Where figures are reported to. (default: kept in memory)
            quotas: How much of each thing there may be. (default: the documented quotas)
            seed: The same seed and data make the same models.
            account: The account of requests whose access key is no account number.
            region: The Region of requests that are not signed.
            strict_answers: Hold every answer to its shape; tests do.
            throttling: Whether requests beyond the documented rates are refused, or by what.
                (default: none is)
        """
        store, clock = store or Store(), clock or Clock()
        clock.advance_to(store.latest_moment())
        self._default = Caller(account, region)
        self._strict_answers = strict_answers
        self._throttle = DocumentedRates() if throttling is True else throttling or None
        self._surface = Surface()
        self.backend = Backend(
            store=store,
            clock=clock,
            jobs=Jobs(store, clock),
            interactions=InteractionLog(store),
            records=Records(store),
            models=Models(store),
            objects=objects or MemoryObjects(),
            roles=roles or AnyRole(),
            metric_data=metric_data or MemoryMetricData(),
            quotas=quotas or Quotas(),
            seed=seed,
        )
        backend = self.backend
        families = [family(backend) for family in FAMILIES]
        parts = [*families, Tags(backend), Events(backend), Runtime(backend)]
        self._handlers: dict[str, Handler] = {
            operation.name: getattr(part, operation.method)
            for operation in self._surface.operations
            for part in parts
            if hasattr(part, operation.method)
        }
        self.backend.jobs.start({family.kind: family for family in families})

    def __enter__(self) -> Self:
        """Return the service."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the service."""
        self.close()

    def close(self) -> None:
        """Stop all jobs and close the state; a state file can be opened again."""
        self.backend.jobs.stop()
        self.backend.store.close()

    def handle(self, request: HttpRequest, authorize: Authorize | None = None) -> HttpResponse:
        """Answer a request of any of the three endpoints; every failure is an error document.

        Args:
            request: The request.
            authorize: Asked whether the caller may do it. (default: everybody may do everything)
        """
        headers = {name.lower(): value for name, value in request.headers.items()}
        target = headers.get("x-amz-target")
        operation = self._surface.requested(request.method, request.path, target)
        try:
            if operation is None:
                raise UnknownOperationError(404 if target is None else 400)
            document, caller = _parsed(request.body), self._caller(headers)
            if self._throttle is not None:
                self._throttle.admit(operation, document, caller)
            answer = self._answer(operation, document, caller, authorize)
        except ServiceError as error:
            return _response(error.status, {"message": error.message}, operation, error.code)
        except Exception:
            _log.exception("the emulator broke on %s %s", request.method, target or request.path)
            return _response(500, {"message": "The emulator broke."}, operation, "InternalFailure")
        return _response(200, answer, operation)

    def call(
        self,
        operation: str,
        request: Mapping[str, Any],
        *,
        account: str | None = None,
        region: str | None = None,
        service: str = "personalize",
        authorize: Authorize | None = None,
        throttled: bool = False,
    ) -> dict[str, Any]:
        """Call an operation in process.

        Args:
            operation: The name, `CreateSchema` say.
            request: The request by the members of its shape.
            account: The account that calls. (default: that of the service)
            region: The Region that it calls in. (default: that of the service)
            service: Which endpoint: "personalize", "personalize-events" or "personalize-runtime".
            authorize: Asked whether the caller may do it. (default: everybody may do everything)
            throttled: Whether it counts against the rates, where the service has any.

        Raises:
            ServiceError: What the service answers with.
        """
        found = self._surface.named(service, operation)
        if found is None:
            raise UnknownOperationError(400)
        caller = Caller(account or self._default.account, region or self._default.region)
        if throttled and self._throttle is not None:
            self._throttle.admit(found, request, caller)
        return self._answer(found, request, caller, authorize)

    def _answer(
        self,
        operation: Operation,
        request: Mapping[str, Any],
        caller: Caller,
        authorize: Authorize | None,
    ) -> dict[str, Any]:
        if authorize is not None:
            authorize(operation, request, caller)
        try:
            if operation.input_shape is not None:
                request = validate(operation.input_shape, request)
            handler = self._handlers.get(operation.name)
            if handler is None:
                raise NotEmulatedError(operation.name)
            with self._alone(operation):
                answer = handler(dict(request), caller)
        except ServiceError as raised:
            raise _as_modelled(raised, operation) from raised
        return render(operation.output_shape, answer, strict=self._strict_answers)

    def _alone(self, operation: Operation) -> AbstractContextManager[None]:
        """Let an operation that may change things happen whole, and one at a time."""
        if operation.service == "personalize-runtime":
            return nullcontext()
        return self.backend.store.transaction()

    def _caller(self, headers: Mapping[str, str]) -> Caller:
        """Tell who calls: an access key of twelve digits is the number of an account."""
        credential = _CREDENTIAL.search(headers.get("authorization", ""))
        if credential is None:
            return self._default
        key = credential["key"]
        account = key if _ACCOUNT.fullmatch(key) else self._default.account
        return Caller(account, credential["region"])


def _as_modelled(error: ServiceError, operation: Operation) -> ServiceError:
    """Return an error as the operation knows it: with its status, and a name that it has.

    Some operations know no ResourceInUseException, those of the runtime and CreateFilter say. What
    they answer instead is not documented; here it is InvalidInputException.
    """
    if error.code == "ResourceInUseException" and operation.error_status(error.code) is None:
        error = InvalidInputError(error.message)
    error.status = operation.error_status(error.code) or error.status
    return error


def _parsed(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        return json_object(body, "The request body")
    except ValueError as error:
        raise SerializationError(str(error)) from error


def _response(
    status: int, document: Mapping[str, Any], operation: Operation | None, error: str | None = None
) -> HttpResponse:
    rest = operation is not None and operation.protocol == "rest-json"
    headers = {
        "Content-Type": "application/json" if rest else "application/x-amz-json-1.1",
        "x-amzn-RequestId": str(uuid.uuid4()),
    }
    if error is not None:
        headers["x-amzn-ErrorType"] = error
        document = {"__type": error, **document}
    elif operation is not None and operation.output_shape is None:
        return HttpResponse(status, headers, b"")
    return HttpResponse(status, headers, json.dumps(document).encode())
