"""Amazon Personalize as a service of MiniStack: one module for its three endpoints.

Control plane, events and runtime all sign as ``personalize``, so MiniStack routes them to one
service; the service itself tells them apart.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ministack import app
from ministack.core import responses, router

from personalize_emulator.local.authorization import Authorization, credentials_of
from personalize_emulator.local.roles import IamRoles
from personalize_emulator.metric_data import CloudWatchMetricData
from personalize_emulator.store import Store

if TYPE_CHECKING:
    from personalize_emulator.metric_data import MetricData
    from personalize_emulator.service import PersonalizeService

NAME = "personalize"
_SECRET = "local"  # of the account's root, whose signature nobody checks

Response = tuple[int, dict[str, str], bytes]


class LocalPersonalize:
    """The service, made when it is first asked for: numpy and scipy take their time to import."""

    def __init__(
        self, make: Callable[[Store], PersonalizeService], state: Path | None = None
    ) -> None:
        """Open the state and keep how to make the service.

        Args:
            make: Makes the service that has this state.
            state: The file that keeps it. (default: in memory)

        Raises:
            StateFileError: The file holds something else, is broken, or is in use.
        """
        self._make = make
        self._state = state
        self._store: Store | None = Store(state)
        self._made: PersonalizeService | None = None
        self._lock = threading.RLock()

    @property
    def service(self) -> PersonalizeService:
        """The service itself."""
        with self._lock:
            if self._made is None:
                self._store = self._store or Store(self._state)
                self._made = self._make(self._store)
            return self._made

    def call(self, operation: str, **request: object) -> dict[str, Any]:
        """Make a call of the control plane as the account and Region of the current request.

        Nobody is asked whether that is allowed: CloudFormation's types call so.

        Args:
            operation: Name of the operation, as ``CreateSchema``.
            **request: The request's members.

        Raises:
            ServiceError: The service refused it.
        """
        return self.service.call(
            operation, request, account=responses.get_account_id(), region=responses.get_region()
        )

    def call_as(
        self, access_key_id: str, operation: str, request: Mapping[str, Any], *, service: str
    ) -> dict[str, Any]:
        """Make a call with an access key, in the account and Region of the current request.

        Args:
            access_key_id: The access key; with IAM switched on it must be allowed the call.
            operation: Name of the operation, as ``GetRecommendations``.
            request: The request's members.
            service: Name of the service in botocore, as ``personalize-runtime``.

        Raises:
            ServiceError: IAM or the service refused it.
        """
        account, region = responses.get_account_id(), responses.get_region()
        return self.service.call(
            operation,
            request,
            account=account,
            region=region,
            service=service,
            authorize=self._authorization(access_key_id, {}),
            throttled=True,
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

        authorize = self._authorization(router.extract_access_key_id(headers), headers)
        # The account of a function's or a state machine's call is known to MiniStack alone.
        scope = f"{responses.get_account_id()}/00000000/{responses.get_region()}/{NAME}"
        signed = headers | {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}/aws4_request"}
        response = self.service.handle(HttpRequest(method, path, signed, body), authorize)
        return response.status, dict(response.headers), response.body

    def _authorization(
        self, access_key_id: str, headers: Mapping[str, str]
    ) -> Authorization | None:
        if not app.AUTH:
            return None
        return Authorization(access_key_id, headers, self.service.backend.store)

    def close(self) -> None:
        """Stop all jobs and close the state; a state file can be opened again."""
        with self._lock:
            if self._made is not None:
                self._made.close()
            elif self._store is not None:
                self._store.close()
            self._made = self._store = None

    def reset(self) -> None:
        """Forget everything, a state file included, as MiniStack's own services do on a reset."""
        with self._lock:
            self.close()
            if self._state is not None:
                for ending in ("", "-wal", "-shm"):
                    self._state.with_name(self._state.name + ending).unlink(missing_ok=True)
            self._store = Store(self._state)

    def get_state(self) -> dict[str, Any]:
        """Nothing for MiniStack to keep: the service keeps its own state."""
        return {}

    def load_persisted_state(self, data: object) -> None:
        """Nothing to take from MiniStack: the service keeps its own state."""


def install(
    *, endpoint_url: str, speed: float, seed: int, state: Path | None, throttling: bool
) -> LocalPersonalize:
    """Add Amazon Personalize to the services of MiniStack.

    Args:
        endpoint_url: Endpoint of S3 and CloudWatch.
        speed: How many times faster than the wall clock its jobs run.
        seed: Seed of everything random in its models.
        state: The file that keeps its state. (default: in memory)
        throttling: Whether it throttles at the documented rates.

    Raises:
        StateFileError: The state file holds something else, is broken, or is in use.
    """
    metric_data = CloudWatchMetricData(
        endpoint_url,
        region=responses.get_region(),
        access_key_id=responses.get_account_id(),
        secret_access_key=_SECRET,
    )
    make = functools.partial(
        _make,
        endpoint_url=endpoint_url,
        speed=speed,
        seed=seed,
        throttling=throttling,
        metric_data=metric_data,
    )
    service = LocalPersonalize(make, state)
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


def _make(
    store: Store,
    *,
    endpoint_url: str,
    speed: float,
    seed: int,
    throttling: bool,
    metric_data: MetricData,
) -> PersonalizeService:
    # numpy and scipy would triple the time that the server takes to start.
    from personalize_emulator.clock import Clock  # noqa: PLC0415
    from personalize_emulator.objects import S3Objects  # noqa: PLC0415
    from personalize_emulator.service import PersonalizeService  # noqa: PLC0415

    account, region = responses.get_account_id(), responses.get_region()
    objects = S3Objects(
        endpoint_url,
        region=region,
        access_key_id=account,
        secret_access_key=_SECRET,
        # Without IAM all credentials are the same, and need no look-up.
        assume=functools.partial(credentials_of, session_name=NAME) if app.AUTH else None,
    )
    return PersonalizeService(
        store,
        Clock(speed),
        objects,
        roles=IamRoles(),
        metric_data=metric_data,
        throttling=throttling,
        seed=seed,
        account=account,
        region=region,
    )
