"""Connections to a service that stay open: making one takes longer than a call."""

import io
import os
import select
import socket
import ssl
import time
import weakref
from collections.abc import Iterable, Mapping
from functools import cache, partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import botocore


class Answer(NamedTuple):
    """The answer of a service.

    Attributes:
        status: The status of HTTP.
        headers: The headers, by their names in small letters.
        data: The whole body.
    """

    status: int
    headers: Mapping[str, str]
    data: bytes


class TooLargeAnswerError(HTTPException):
    """The answer of a service has more bytes than there is room for."""


class HttpConnections:
    """Connections to one host, one for each call under way; safe to use from many threads."""

    def __init__(
        self,
        url: str,
        *,
        connect_timeout: float,
        read_timeout: float,
        max_connections: int,
        max_answer_bytes: int | None = None,
    ) -> None:
        """Prepare connections; each is made when a call needs it.

        Args:
            url: The host, as a URL; what it has of a path is that of all requests.
            connect_timeout: The seconds that making a connection may take.
            read_timeout: The seconds that an answer may take.
            max_connections: How many stay open between calls.
            max_answer_bytes: The longest body of an answer (default: as long as it may be).
        """
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port
        self._prefix = parts.path
        secure = parts.scheme == "https"
        self._trust = _trust(os.environ.get("AWS_CA_BUNDLE")) if secure else None
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._max_connections = max_connections
        self._max_answer_bytes = max_answer_bytes
        self._idle: list[_Connection] = []  # taken and given back at its end, which is atomic
        weakref.finalize(self, _close_all, self._idle)

    @property
    def tls(self) -> ssl.SSLContext | None:
        """How the host proves who it is; None if it is not asked to."""
        return None if self._trust is None else self._trust.context()

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        within: float | None = None,
    ) -> Answer:
        """Send one request and return its answer.

        Args:
            method: Its method.
            path: Its path.
            body: Its body.
            headers: Its headers, without those that tell of the body.
            within: The seconds in which the whole answer has to be there (default: the connect and
                the read timeout together).

        Raises:
            OSError: If the service cannot be reached, or its answer is not there in time.
            http.client.HTTPException: If its answer breaks off, is too large, or is no HTTP.
        """
        seconds = self._connect_timeout + self._read_timeout if within is None else within
        until = time.monotonic() + seconds
        connection = self._idle_connection() or self._new_connection(until)
        try:
            connection.sock.settimeout(_left(until))
            connection.response_class = partial(_response, until=until)  # type: ignore[assignment]
            connection.request(method, self._prefix + path, body, headers)
            connection.flush()
            with connection.getresponse() as response:
                received = {name.lower(): value for name, value in response.headers.items()}
                answer = Answer(response.status, received, self._body_of(response))
        except BaseException:
            # What comes by it next would be taken for the answer of another call.
            connection.close()
            raise
        if len(self._idle) < self._max_connections:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _idle_connection(self) -> "_Connection | None":
        """Return the connection that was used last and that the service has not closed."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if connection.sock is not None and not _has_something_to_say(connection):
                return connection
            connection.close()

    def _new_connection(self, until: float) -> "_Connection":
        until = min(until, time.monotonic() + self._connect_timeout)
        trust = self._trust
        connection: _Connection
        if trust is None:
            connection = _Connection(self._host, self._port)
        else:
            connection = _Secure(self._host, self._port, context=trust.context())
        reached = _reach(self._host, connection.port, until)
        try:
            reached.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if trust is not None:
                reached.settimeout(_left(until))
                reached = trust.context().wrap_socket(reached, server_hostname=self._host)
        except BaseException:
            reached.close()
            raise
        connection.sock = reached
        return connection

    def _body_of(self, response: HTTPResponse) -> bytes:
        most = self._max_answer_bytes
        if most is None:
            return response.read()
        if response.length is None:  # in chunks, or until the connection ends
            body = response.read(most + 1)
        else:
            body = response.read() if response.length <= most else b""
        if len(body) > most or response.length:
            msg = f"the answer has more than {most} bytes"
            raise TooLargeAnswerError(msg)
        return body


class _Connection(HTTPConnection):
    """Sends a request at once: head and body apart would wake the other side up twice."""

    _held = b""

    def send(self, data: Any) -> None:  # noqa: ANN401 - as in HTTPConnection
        self._held += data

    def flush(self) -> None:
        """Send what is held."""
        held, self._held = self._held, b""
        super().send(held)


class _Secure(_Connection, HTTPSConnection):
    """A connection to a host that proves who it is."""


class _Reader(io.RawIOBase):
    """Reads from a socket until a moment: a timeout of the socket begins anew with each byte."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection = connection
        self._raw = connection.makefile("rb", buffering=0)
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - as in io.RawIOBase
        self._connection.settimeout(_left(self._until))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Readable:
    """What `HTTPResponse` takes for a socket."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._reader = _Reader(connection, until)

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(self._reader)


def _response(connection: socket.socket, *, method: str, until: float) -> HTTPResponse:
    """Return an answer that ends by a moment; `HTTPConnection` calls this for each."""
    return HTTPResponse(cast("socket.socket", _Readable(connection, until)), method=method)


def _reach(host: str, port: int, until: float) -> socket.socket:
    """Return a connection to the first address of a host that takes one.

    `socket.create_connection` gives each address the whole time.
    """
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    problem = OSError(f"{host} has no address")
    for place, (family, kind, protocol, _, address) in enumerate(addresses):
        reached = socket.socket(family, kind, protocol)
        try:
            reached.settimeout(_left(until) / (len(addresses) - place))
            reached.connect(address)
        except OSError as error:
            reached.close()
            problem = error
        else:
            return reached
    raise problem


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        msg = "timed out"
        raise TimeoutError(msg)
    return left


def _close_all(connections: Iterable[HTTPConnection]) -> None:
    for connection in connections:
        connection.close()


def _has_something_to_say(connection: HTTPConnection) -> bool:
    """Whether a service speaks unasked; what it says is that it has closed the connection."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


class _Trust:
    """How services prove who they are; by default to whom boto3 trusts.

    Reading the certificates takes longer than anything else here. It needs no lock of Python, so a
    thread does it while the function goes on loading.
    """

    def __init__(self, authorities: Path) -> None:
        authorities.stat()  # what is not there is told at once
        self._authorities = authorities
        self._context: ssl.SSLContext | None = None
        self._thread = Thread(target=self._read)  # no daemon: Python waits for it at its end
        self._thread.start()

    def context(self) -> ssl.SSLContext:
        """Return it, as soon as it is read."""
        self._thread.join()
        if self._context is None:
            self._read()  # so that it is told what is wrong
        assert self._context is not None
        return self._context

    def _read(self) -> None:
        context = ssl.create_default_context(cafile=self._authorities)
        # As boto3 has it: Python 3.13 alone would refuse what many a company's authority issues.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        self._context = context


@cache
def _trust(authorities: str | None) -> _Trust:
    return _Trust(Path(authorities or Path(botocore.__file__).with_name("cacert.pem")))


if not os.environ.get("AWS_ENDPOINT_URL", "https:").startswith("http:"):
    _trust(os.environ.get("AWS_CA_BUNDLE"))
