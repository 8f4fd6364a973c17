"""What calls go out by: connections that stay open."""

import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPException, IncompleteRead
from pathlib import Path

import pytest

from personalize_runtime.connections import HttpConnections, TooLargeAnswerError
from personalize_runtime.service_errors import Trouble, trouble_of
from tests.handlers.loopback_service import (
    OK,
    Answering,
    Service,
    answer_and_close,
    answer_well,
    break_off,
    close_without_an_answer,
    http,
    say_nothing,
    saying,
    speak_no_http,
)


def connections_to(service: Service, *, max_connections: int = 4) -> HttpConnections:
    return HttpConnections(
        service.url, connect_timeout=1, read_timeout=0.2, max_connections=max_connections
    )


@pytest.fixture
def service() -> Iterator[Service]:
    with Service().running() as running:
        yield running


def call(connections: HttpConnections) -> bytes:
    return connections.request("POST", "/events", body=b"body", headers={"X-Amz-Target": "it"}).data


def test_sends_the_request_and_returns_the_answer(service: Service) -> None:
    answer = connections_to(service).request(
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
    connections = connections_to(service)

    for _ in range(5):
        call(connections)

    assert service.accepted == 1


def test_calls_side_by_side_have_a_connection_each(service: Service) -> None:
    connections = connections_to(service)
    together = threading.Barrier(3)

    def answer_together(connection: socket.socket) -> bool:
        together.wait()
        return answer_well(connection)

    service.answers = [answer_together] * 3
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(lambda _: call(connections), range(3))) == [b"{}"] * 3

    assert service.accepted == 3


def test_no_more_connections_stay_open_than_it_is_told(service: Service) -> None:
    connections = connections_to(service, max_connections=0)

    call(connections)
    call(connections)

    assert service.accepted == 2


def test_a_connection_that_the_service_has_closed_is_made_anew(service: Service) -> None:
    connections = connections_to(service)
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
    service: Service, answer: Answering, trouble: Trouble
) -> None:
    connections = connections_to(service)
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
        call(connections_to(gone))

    assert trouble_of(raised.value) is Trouble.UNAVAILABLE


def test_an_answer_that_is_too_large_is_not_read(service: Service) -> None:
    connections = HttpConnections(
        service.url, connect_timeout=5, read_timeout=5, max_connections=1, max_answer_bytes=1000
    )
    chunk = b"3e9\r\n" + b" " * 1001 + b"\r\n0\r\n\r\n"
    too_large = [
        http(b" " * 1001),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b" " * 1001,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk,
    ]
    for answer in too_large:
        service.answers = [saying(answer)]
        with pytest.raises(TooLargeAnswerError, match="more than 1000 bytes"):
            call(connections)

    service.answers = [saying(http(b" " * 1000))]
    assert call(connections) == b" " * 1000


def test_an_answer_of_bounded_length_may_come_in_chunks(service: Service) -> None:
    connections = HttpConnections(
        service.url, connect_timeout=5, read_timeout=5, max_connections=1, max_answer_bytes=1000
    )
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"
    service.answers = [saying(chunked)] * 2

    assert call(connections) == b"[]"
    assert call(connections) == b"[]"
    assert service.accepted == 1


def test_an_answer_of_bounded_length_that_breaks_off_is_none(service: Service) -> None:
    connections = HttpConnections(
        service.url, connect_timeout=5, read_timeout=5, max_connections=1, max_answer_bytes=1000
    )
    service.answers = [break_off]

    with pytest.raises(IncompleteRead):
        call(connections)


@pytest.mark.skipif(sys.platform != "linux", reason="a full queue is silent on Linux alone")
def test_an_address_that_takes_no_connection_leaves_time_for_the_next(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(service.url.rpartition(":")[2])
    with socket.socket() as silent, ExitStack() as waiting:
        silent.bind(("127.0.0.2", port))
        silent.listen(0)
        for _ in range(2):  # more than it has room for, so that the next one waits
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(silent.getsockname())
        known = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port))
            for host in ("127.0.0.2", "127.0.0.1")
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: known)
        connections = HttpConnections(
            service.url, connect_timeout=5, read_timeout=5, max_connections=1
        )

        assert connections.request("GET", "/", body=b"", headers={}, within=1).data == b"{}"


def test_a_late_answer_is_not_taken_for_that_of_the_next_call(service: Service) -> None:
    connections = connections_to(service)
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
