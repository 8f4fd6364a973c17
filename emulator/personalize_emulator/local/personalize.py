"""Amazon Personalize as a service of MiniStack: one module for its three endpoints.

Control plane, events and runtime all sign as ``personalize``, so MiniStack routes them to one
service; the service itself tells them apart.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ministack import app
from ministack.core import responses, router

if TYPE_CHECKING:
    from personalize_emulator.service import PersonalizeService

NAME = "personalize"

Response = tuple[int, dict[str, str], bytes]


class LocalPersonalize:
    """The service, made when it is first asked for: numpy and scipy take their time to import."""

    def __init__(self, make: Callable[[], PersonalizeService]) -> None:
        """Keep how to make the service.

        Args:
            make: Makes the service.
        """
        self._make = make
        self._made: PersonalizeService | None = None
        self._lock = threading.Lock()

    @property
    def service(self) -> PersonalizeService:
        """The service itself."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def call(self, operation: str, **request: object) -> dict[str, Any]:
        """Make a call as the account and Region of the current request.

        Args:
            operation: Name of the operation, as ``CreateSchema``.
            **request: The request's members.

        Raises:
            ServiceError: The service refused it.
        """
        return self.service.call(
            operation, request, account=responses.get_account_id(), region=responses.get_region()
        )

    async def handle_request(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | str,
        query_params: dict[str, list[str]],
    ) -> Response:
        """Answer a request, off the event loop: the whole AWS would wait for it there."""
        query = f"?{urlencode(query_params, doseq=True)}" if query_params else ""
        data = body.encode() if isinstance(body, str) else body
        return await asyncio.to_thread(self._handle, method, path + query, dict(headers), data)

    def _handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Response:
        from personalize_emulator.service import HttpRequest  # noqa: PLC0415 - see _make

        # The account of a function's or a state machine's call is known to MiniStack alone.
        scope = f"{responses.get_account_id()}/00000000/{responses.get_region()}/{NAME}"
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}/aws4_request"
        response = self.service.handle(HttpRequest(method, path, headers, body))
        return response.status, dict(response.headers), response.body

    def reset(self) -> None:
        """Forget everything, as MiniStack's own services do on a reset."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made.close()

    def get_state(self) -> dict[str, Any]:
        """Nothing for MiniStack to keep: the service keeps its own state."""
        return {}

    def load_persisted_state(self, data: object) -> None:
        """Nothing to take from MiniStack: the service keeps its own state."""


def install(*, endpoint_url: str, speed: float, seed: int) -> LocalPersonalize:
    """Add Amazon Personalize to the services of MiniStack.

    Args:
        endpoint_url: Endpoint that it reads from S3 at.
        speed: How many times faster than the wall clock its jobs run.
        seed: Seed of everything random in its models.
    """
    service = LocalPersonalize(functools.partial(_make, endpoint_url, speed, seed))
    app.SERVICE_REGISTRY[NAME] = {"module": NAME}
    app._loaded_modules[NAME] = service
    app.SERVICE_HANDLERS[NAME] = app._lazy_handler(NAME)
    app._state_map[NAME] = NAME
    # Without it the router reads every service model of botocore to find out what this may be:
    # 3 s and 400 MB.
    router.SERVICE_PATTERNS[NAME] = {
        "host_patterns": [r"personalize(-events|-runtime)?\."],
        "target_prefixes": ["AmazonPersonalize."],
    }
    return service


def _make(endpoint_url: str, speed: float, seed: int) -> PersonalizeService:
    # numpy and scipy would triple the time that the server takes to start.
    from personalize_emulator.clock import Clock  # noqa: PLC0415
    from personalize_emulator.objects import S3Objects  # noqa: PLC0415
    from personalize_emulator.service import PersonalizeService  # noqa: PLC0415

    objects = S3Objects(
        endpoint_url,
        region=responses.get_region(),
        access_key_id=responses.get_account_id(),
        secret_access_key="local",
    )
    return PersonalizeService(
        clock=Clock(speed),
        objects=objects,
        seed=seed,
        account=responses.get_account_id(),
        region=responses.get_region(),
    )
