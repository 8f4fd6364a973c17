"""The emulator in the process of a test: the service behind HTTP on a free port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self, TypedDict

from personalize_emulator.clock import Clock
from personalize_emulator.metric_data import MemoryMetricData, MetricData
from personalize_emulator.objects import MemoryObjects, ObjectStorage
from personalize_emulator.quotas import Quotas
from personalize_emulator.roles import Roles
from personalize_emulator.service import HttpRequest, PersonalizeService
from personalize_emulator.store import Store
from personalize_emulator.throttling import Throttle

_log = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_LOOK_UP_SECONDS = 0.05  # how soon the server sees that it is to stop


class ClientOptions(TypedDict):
    """What `boto3.client` needs to talk to the emulator."""

    endpoint_url: str
    region_name: str
    aws_access_key_id: str
    aws_secret_access_key: str


class PersonalizeEmulator:
    """Amazon Personalize for as long as a `with` statement lasts.

    Example:
        ```python
        with PersonalizeEmulator() as aws:
            aws.objects.put("data", "interactions.csv", rows)
            personalize = boto3.client("personalize", **aws.client_options)
        ```

    Attributes:
        clock: The emulated time.
        objects: The buckets that bulk data is read and written in.
        metric_data: Where figures are reported to.
        service: The service without HTTP, while the emulator runs.
    """

    clock: Clock
    objects: ObjectStorage
    metric_data: MetricData
    service: PersonalizeService

    def __init__(
        self,
        *,
        speed: float = 1000.0,
        seed: int = 0,
        state: Path | str | None = None,
        account: str = "123456789012",
        region: str = "us-east-1",
        objects: ObjectStorage | None = None,
        roles: Roles | None = None,
        metric_data: MetricData | None = None,
        quotas: Quotas | None = None,
        strict_answers: bool = False,
        throttling: bool | Throttle = False,
    ) -> None:
        """Prepare the emulator; it starts with the `with` statement, or with `start`.

        Args:
            speed: Emulated seconds for each real second.
            seed: The same seed and data make the same models.
            state: The file that keeps the state. (default: in memory)
            account: The account that clients with `client_options` have.
            region: The Region that they are in.
            objects: The buckets that bulk data is read and written in. (default: in memory)
            roles: Which roles the service may use. (default: every role)
            metric_data: Where figures are reported to. (default: kept in memory)
            quotas: How much of each thing there may be. (default: the documented quotas)
            strict_answers: Hold every answer to the service model, and fail where it breaks it.
            throttling: Refuse requests beyond the documented rates, by real time, or by rules of
                your own. (default: refuse none)
        """
        self.objects = MemoryObjects() if objects is None else objects
        self._speed = speed
        self._seed = seed
        self._state = state
        self._account = account
        self._region = region
        self.metric_data = MemoryMetricData() if metric_data is None else metric_data
        self._roles = roles
        self._quotas = quotas
        self._strict_answers = strict_answers
        self._throttling = throttling
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        """Start the emulator."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop the emulator."""
        self.stop()

    def start(self) -> Self:
        """Start the emulator.

        Raises:
            StateFileError: The state file is broken, or of another format.
        """
        self.clock = Clock(self._speed)
        self.service = PersonalizeService(
            Store(self._state),
            self.clock,
            self.objects,
            roles=self._roles,
            metric_data=self.metric_data,
            quotas=self._quotas,
            seed=self._seed,
            account=self._account,
            region=self._region,
            strict_answers=self._strict_answers,
            throttling=self._throttling,
        )
        self._server = _Server(self.service)
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop the emulator; an emulator that does not run is stopped already."""
        if self._server is not None:
            self._server.stop()
            self._server = None
            self.service.close()

    def skip(self, seconds: float) -> None:
        """Skip emulated time, and return once what was to happen in it has happened.

        What begins in that time (a training that an automatic schedule starts, say) has begun, and
        takes its time from now on.

        Args:
            seconds: How much emulated time to skip.
        """
        self.clock.advance(seconds)
        self.service.backend.jobs.settle()

    def skip_to_next(self) -> None:
        """Skip to the moment when the next thing happens: a job begins, ends, or is due again.

        No time is skipped while nothing is under way.

        Example:
            ```python
            while describe()["status"] != "ACTIVE":
                aws.skip_to_next()
            ```
        """
        moment = self.service.backend.jobs.next_moment()
        if moment is not None:
            self.clock.advance_to(moment)
            self.service.backend.jobs.settle()

    @property
    def client_options(self) -> ClientOptions:
        """What `boto3.client` needs to talk to the emulator, for all three services."""
        if self._server is None:
            msg = "the emulator does not run"
            raise RuntimeError(msg)
        return {
            "endpoint_url": f"http://{_HOST}:{self._server.server_port}",
            "region_name": self._region,
            "aws_access_key_id": self._account,
            "aws_secret_access_key": "emulator",
        }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, service: PersonalizeService) -> None:
        self.service = service
        self._connections: set[socket.socket] = set()
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_LOOK_UP_SECONDS,), name="personalize-http"
        )
        super().__init__((_HOST, 0), _Handler)

    def start(self) -> None:
        self._thread.start()

    def process_request(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: object) -> None:
        assert isinstance(request, socket.socket)
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log what the base class prints: a client went away, most likely."""
        _log.debug("a connection from %s broke", client_address, exc_info=True)

    def stop(self) -> None:
        ending = threading.Thread(target=self.shutdown, name="personalize-http-end")
        ending.start()
        with contextlib.suppress(OSError):  # the server looks up at once, and sees that it is over
            socket.create_connection((_HOST, self.server_port), _LOOK_UP_SECONDS).close()
        ending.join()
        self._thread.join()
        self.server_close()
        # Clients keep connections open: their threads would wait for requests for ever.
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return
        body = self.rfile.read(int(length))
        request = HttpRequest(self.command, self.path, dict(self.headers.items()), body)
        answer = self.server.service.handle(request)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST  # noqa: N815
    do_PUT = do_POST  # noqa: N815
    do_DELETE = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing: the test speaks."""
