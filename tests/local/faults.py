"""A way to Amazon Personalize on which things go wrong: throttling, and processes that die."""

import json
import os
import random
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import psutil

_NOT_SENT_ON = {"connection", "content-length", "transfer-encoding", "date", "server"}


@dataclass
class Faults:
    """What goes wrong with which share of the calls, and how often it has.

    Attributes:
        throttled_share: How many of the calls are throttled before the service sees them.
        killed_share: How many of the callers are killed when the service has answered, and they
            have not heard of it.
    """

    throttled_share: float
    killed_share: float
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    throttled: int = 0
    killed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def throttle(self) -> bool:
        """Whether to throttle the next call."""
        with self._lock:
            throttles = self.chance.random() < self.throttled_share
            self.throttled += throttles
            return throttles

    def kill(self, port: int) -> bool:
        """Kill the process that has a port, perhaps."""
        with self._lock:
            if self.chance.random() >= self.killed_share:
                return False
            for connection in psutil.net_connections("tcp4"):
                if connection.laddr and connection.laddr.port == port and connection.pid:
                    os.kill(connection.pid, signal.SIGKILL)
                    self.killed += 1
                    return True
            return False


class _Service(HTTPConnection):
    """A connection to the service, which lasts as long as the caller's."""

    def answer(self, path: str, headers: Message, body: bytes) -> tuple[int, str, bytes]:
        """Send a request on; return the status, the error and the content of the answer."""
        if self.sock and select.select([self.sock], [], [], 0)[0]:
            self.close()  # the service has closed it meanwhile
        # The host is signed, so it has to stay the one of this server.
        self.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            self.putheader(name, value)
        self.endheaders(body)
        answer = self.getresponse()
        return answer.status, answer.getheader("x-amzn-errortype", ""), answer.read()


@contextmanager
def way_to(service: str, faults: Faults) -> Iterator[str]:
    """Stand before a service, at the URL that is given."""
    host = urlsplit(service).netloc

    class Way(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.upstream = _Service(host)

        def finish(self) -> None:
            self.upstream.close()
            super().finish()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if faults.throttle():
                self.answer(400, json.dumps({"message": "slow down"}).encode(), "Throttling")
                return
            status, error, content = self.upstream.answer(self.path, self.headers, body)
            if not faults.kill(self.client_address[1]):
                self.answer(status, content, error)

        def answer(self, status: int, content: bytes, error: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Type", "application/json")
            if error:
                self.send_header("x-amzn-errortype", error)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing of callers that were killed while others of their calls were answered."""

    server = Server(("127.0.0.1", 0), Way)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
