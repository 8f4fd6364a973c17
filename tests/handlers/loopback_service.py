"""A service on this machine, by real sockets: it answers well, or in each way that goes wrong."""

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

TLS_HANDSHAKE = b"\x16"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amzn-RequestId: r1\r\n\r\n{}"
_MANY = 256
_BETWEEN_DRIPS = 0.02
_LINGER = struct.pack("ii", 1, 0)
_SOME = b" " * 65536

Answering = Callable[[socket.socket], bool]
"""Answers a request, and tells whether the connection goes on."""


def answer_well(connection: socket.socket) -> bool:
    connection.sendall(OK)
    return True


@dataclass
class Service:
    """Serves HTTP, and whatever else it is told to.

    Attributes:
        answers: What it does on the requests to come; then it does as `answer` says.
        answer: What it does on a request.
        requests: What it received.
        url: Where it is, also while it is not there.
        closed: Counts the connections that it has closed.
    """

    answers: list[Answering] = field(default_factory=list)
    answer: Callable[[bytes], Answering] = lambda _: answer_well
    requests: list[bytes] = field(default_factory=list)
    url: str = ""
    closed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _accepted: list[socket.socket] = field(default_factory=list)
    _listener: socket.socket | None = None

    @contextmanager
    def running(self) -> Iterator["Service"]:
        """Be there from now on, until the end of the block."""
        with self.absent():
            self.start()
            yield self

    @contextmanager
    def absent(self) -> Iterator["Service"]:
        """Have a place, which refuses connections until it is started."""
        with (
            ThreadPoolExecutor(_MANY) as self._threads,
            # Bound and not listening, it keeps the port while nobody listens.
            socket.socket() as place,
        ):
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            place.bind(("127.0.0.1", 0))
            self._address = place.getsockname()
            self.url = f"http://127.0.0.1:{self._address[1]}"
            try:
                yield self
            finally:
                self.stop()

    def start(self) -> None:
        """Take connections."""
        self._listener = socket.create_server(self._address, reuse_port=True)
        self._threads.submit(self._accept, self._listener)

    def stop(self) -> None:
        """Refuse connections, and end those that there are."""
        listener, self._listener = self._listener, None
        for each in (listener, *self._accepted):
            with suppress(OSError):  # it may be closed already
                if each is not None:
                    each.shutdown(socket.SHUT_RDWR)
        if listener is not None:
            listener.close()

    @property
    def accepted(self) -> int:
        """The number of connections that were made to it."""
        return len(self._accepted)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it is shut down
            while True:
                connection, _ = listener.accept()
                self._accepted.append(connection)
                self._threads.submit(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the client has gone
            while request := _read(connection):
                self.requests.append(request)
                answering = self.answers.pop(0) if self.answers else self.answer(request)
                if not answering(connection):
                    break
        self.closed.release()


def _read(connection: socket.socket) -> bytes:
    received = b""
    while not _is_whole(received):
        data = connection.recv(65536)
        if not data:
            return b""
        received += data
    return received


def _is_whole(request: bytes) -> bool:
    if request.startswith(TLS_HANDSHAKE):
        return True
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


def body_of(request: bytes) -> Any:
    """Return what a request says, as JSON."""
    return json.loads(request.partition(b"\r\n\r\n")[2] or b"{}")


def http(
    body: bytes | Mapping[str, Any] | list[Any],
    status: int = 200,
    *,
    length: int | None = None,
    **headers: str,
) -> bytes:
    """Return an answer as it goes over the wire.

    Args:
        body: Its body; what is no text becomes JSON.
        status: Its status.
        length: The length that it tells of (default: that of the body).
        headers: More headers; an underscore in a name is a hyphen.
    """
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Told", f"Content-Length: {length or len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + data


def saying(answer: bytes) -> Answering:
    """Return what says this, and goes on."""

    def say(connection: socket.socket) -> bool:
        connection.sendall(answer)
        return True

    return say


def dripping(start: bytes, rest: Iterable[bytes]) -> Answering:
    """Return what begins an answer, and goes on with a little now and then until nobody listens."""

    def drip(connection: socket.socket) -> bool:
        connection.sendall(start)
        connection.settimeout(_BETWEEN_DRIPS)
        for drop in rest:
            with suppress(TimeoutError):
                if not connection.recv(1):
                    break
            connection.sendall(drop)
        return False

    return drip


def pouring(start: bytes, rest: bytes) -> Answering:
    """Return what begins an answer, and goes on as fast as it can until nobody listens."""

    def pour(connection: socket.socket) -> bool:
        connection.sendall(start)
        while True:
            connection.sendall(rest)

    return pour


def say_nothing(connection: socket.socket) -> bool:
    connection.recv(1)
    return False


def close_without_an_answer(_: socket.socket) -> bool:
    return False


def reset(connection: socket.socket) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    return False


def answer_and_close(connection: socket.socket) -> bool:
    connection.sendall(OK)
    return False


def break_off(connection: socket.socket) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{")
    return False


def speak_no_http(connection: socket.socket) -> bool:
    connection.sendall(b"SSH-2.0\r\n\r\n")
    return False


def _forever(drop: bytes) -> Iterable[bytes]:
    return iter(lambda: drop, None)


_HTML = b"<html><h1>Service Unavailable</h1></html>"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

SLOW: Mapping[str, Answering] = {
    "says nothing": say_nothing,
    "drips the head": dripping(_HEAD, _forever(b"X-Drop: 1\r\n")),
    "drips one header": dripping(_HEAD + b"X-Drop: ", _forever(b"x")),
    "drips the body": dripping(http(b"{", length=10**6), _forever(b" ")),
    "drips chunks": dripping(_CHUNKED, _forever(b"1\r\n \r\n")),
    "drips statuses": dripping(b"", _forever(b"HTTP/1.1 100 Continue\r\n\r\n")),
}
"""The ways of an answer that does not come in time."""

THROTTLED: Mapping[str, Answering] = {
    "429": saying(http(_HTML, 429)),
    "400 ThrottlingException": saying(http({"__type": "x#ThrottlingException"}, 400)),
    "400 by a header": saying(http(b"", 400, x_amzn_errortype="ThrottlingException:http://x/")),
}
"""The ways of an answer that tells of too many requests."""

UNAVAILABLE: Mapping[str, Answering] = {
    "resets": reset,
    "closes without an answer": close_without_an_answer,
    "breaks off": break_off,
    "500 with HTML": saying(http(_HTML, 500)),
    "503 with HTML": saying(http(_HTML, 503)),
    "599 with deep JSON": saying(http(b"[" * 100_000, 599)),
    "speaks no HTTP": speak_no_http,
    "endless head": pouring(_HEAD, b"X-Filler: filler\r\n" * 1000),
    "endless header": pouring(_HEAD + b"X-Filler: ", b"x" * 65536),
    "large body": pouring(http(b"{", length=10**12), _SOME),
    "endless body": pouring(_HEAD + b"Connection: close\r\n\r\n", _SOME),
    "endless chunks": pouring(_CHUNKED, b"10000\r\n" + _SOME + b"\r\n"),
    "broken chunks": saying(_CHUNKED + b"many\r\n{}\r\n"),
    "no JSON": saying(http(_HTML)),
    "no UTF-8": saying(http(b'{"itemList": [{"itemId": "\xff"}]}')),
    "unknown encoding": saying(http(b"\x0b\x02\x80{}\x03", Content_Encoding="br")),
    "deep JSON": saying(http(b"[" * 100_000)),
    "a list of numbers": saying(http([1, 2, 3])),
    "nothing": saying(http(b"", 204)),
}
"""The ways of an answer that is none, whatever was asked."""
