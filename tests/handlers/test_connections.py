"""What calls go out by: connections that stay open."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest

from personalize_runtime.connections import HttpConnections
from personalize_runtime.service_errors import Trouble, trouble_of

TLS_HANDSHAKE = b"\x16"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amzn-RequestId: r1\r\n\r\n{}"


@dataclass
class Service:
    """Serves HTTP, and whatever else it is told to.

    Attributes:
        answers: What it does on the requests to come; then it answers as it should.
        requests: What it received.
        url: Where it is.
        closed: Counts the connections that it has closed.
    """

    answers: list[Callable[[socket.socket], bool]] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    url: str = ""
    closed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _accepted: list[socket.socket] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator["Service"]:
        with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as threads:
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            threads.submit(self._accept, listener, threads)
            try:
                yield self
            finally:
                for each in (listener, *self._accepted):
                    with suppress(OSError):  # it may be closed already
                        each.shutdown(socket.SHUT_RDWR)

    @property
    def accepted(self) -> int:
        """The number of connections that were made to it."""
        return len(self._accepted)

    def connections(self, *, max_connections: int = 4) -> HttpConnections:
        return HttpConnections(
            self.url, connect_timeout=5, read_timeout=0.2, max_connections=max_connections
        )

    def _accept(self, listener: socket.socket, threads: ThreadPoolExecutor) -> None:
        with suppress(OSError):  # it is shut down
            while True:
                connection, _ = listener.accept()
                self._accepted.append(connection)
                threads.submit(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while request := _read(connection):
                self.requests.append(request)
                answer = self.answers.pop(0) if self.answers else answer_well
                if not answer(connection):
                    break
        self.closed.release()


def _read(connection: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"\r\n\r\nbody") and not received.startswith(TLS_HANDSHAKE):
        data = connection.recv(65536)
        if not data:
            return b""
        received += data
    return received


def answer_well(connection: socket.socket) -> bool:
    connection.sendall(OK)
    return True


def answer_and_close(connection: socket.socket) -> bool:
    connection.sendall(OK)
    return False


def say_nothing(connection: socket.socket) -> bool:
    connection.recv(1)
    return False


def close_without_an_answer(_: socket.socket) -> bool:
    return False


def break_off(connection: socket.socket) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{")
    return False


def speak_no_http(connection: socket.socket) -> bool:
    connection.sendall(b"SSH-2.0\r\n\r\n")
    return False


@pytest.fixture
def service() -> Iterator[Service]:
    with Service().running() as running:
        yield running


def call(connections: HttpConnections) -> bytes:
    return connections.request("POST", "/events", body=b"body", headers={"X-Amz-Target": "it"}).data


def test_sends_the_request_and_returns_the_answer(service: Service) -> None:
    answer = service.connections().request(
        "POST", "/events", body=b"body", headers={"X-Amz-Target": "it"}
    )

    assert answer == (200, {"content-length": "2", "x-amzn-requestid": "r1"}, b"{}")
    (request,) = service.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /events HTTP/1.1\r\n")
    assert b"\r\nX-Amz-Target: it" in head
    assert b"\r\nContent-Length: 4" in head
    assert body == b"body"


def test_calls_one_after_the_other_share_a_connection(service: Service) -> None:
    connections = service.connections()

    for _ in range(5):
        call(connections)

    assert service.accepted == 1


def test_calls_side_by_side_have_a_connection_each(service: Service) -> None:
    connections = service.connections()
    together = threading.Barrier(3)

    def answer_together(connection: socket.socket) -> bool:
        together.wait()
        return answer_well(connection)

    service.answers = [answer_together] * 3
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(lambda _: call(connections), range(3))) == [b"{}"] * 3

    assert service.accepted == 3


def test_no_more_connections_stay_open_than_it_is_told(service: Service) -> None:
    connections = service.connections(max_connections=0)

    call(connections)
    call(connections)

    assert service.accepted == 2


def test_a_connection_that_the_service_has_closed_is_made_anew(service: Service) -> None:
    connections = service.connections()
    service.answers = [answer_and_close] * 3

    for _ in range(3):
        assert call(connections) == b"{}"
        service.closed.acquire()

    assert call(connections) == b"{}"
    assert service.accepted == 4


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (say_nothing, Trouble.TIMED_OUT),
        (close_without_an_answer, Trouble.UNAVAILABLE),
        (break_off, Trouble.UNAVAILABLE),
        (speak_no_http, Trouble.UNAVAILABLE),
    ],
)
def test_what_goes_wrong_on_the_way_passes(
    service: Service, answer: Callable[[socket.socket], bool], trouble: Trouble
) -> None:
    connections = service.connections()
    service.answers = [answer]

    with pytest.raises((OSError, HTTPException)) as raised:
        call(connections)

    assert trouble_of(raised.value) is trouble
    assert trouble.passes
    assert call(connections) == b"{}"


def test_a_service_that_is_not_there_is_unavailable() -> None:
    with Service().running() as gone:
        pass

    with pytest.raises(OSError, match="refused") as raised:
        call(gone.connections())

    assert trouble_of(raised.value) is Trouble.UNAVAILABLE


def test_a_late_answer_is_not_taken_for_that_of_the_next_call(service: Service) -> None:
    connections = service.connections()
    timed_out = threading.Event()

    def answer_late(connection: socket.socket) -> bool:
        timed_out.wait()
        connection.sendall(OK.replace(b"{}", b"[]"))
        return False

    service.answers = [answer_late]
    with pytest.raises(TimeoutError):
        call(connections)
    timed_out.set()

    assert call(connections) == b"{}"


def test_a_service_with_tls_has_to_prove_who_it_is(service: Service) -> None:
    connections = HttpConnections(
        service.url.replace("http", "https"), connect_timeout=5, read_timeout=5, max_connections=1
    )
    service.answers = [speak_no_http]

    with pytest.raises(ssl.SSLError):
        call(connections)

    context = connections.tls
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.cert_store_stats()["x509_ca"] > 100


def test_who_vouches_for_services_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "missing.pem"))

    with pytest.raises(FileNotFoundError):
        HttpConnections("https://aws", connect_timeout=1, read_timeout=1, max_connections=1)
