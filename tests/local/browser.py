"""A page on an origin of its own, in a real Chromium without a window."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from tempfile import TemporaryDirectory
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

_SECONDS = 60
_REPORT = "/report"
_PAGE = """<!doctype html>
<meta charset="utf-8">
<title>A page of a shop</title>
<pre id="report"></pre>
<script type="module">
const api = %(api)s;
const report = {origin: location.origin};
async function tell(name, ask) {
    try {
        report[name] = await ask();
    } catch (error) {
        report[name] = {error: error.name};
    }
}
async function read(answer) {
    return {status: answer.status, body: await answer.json()};
}
%(script)s
document.getElementById("report").textContent = JSON.stringify(report, null, 2);
await fetch("%(report)s", {method: "POST", body: JSON.stringify(report)});
</script>
"""


class Page:
    """A page at `/` of an origin, which sends what its script reports back to where it is from.

    The script says `await tell(NAME, async () => ...)` for each thing that it does: what comes of
    it is in the report by that name, or else the error. The API is `api`, and `read` an answer.

    Attributes:
        origin: The scheme, the host and the port.
    """

    def __init__(self, script: str) -> None:
        """Serve the page, on a free port."""
        self._script = script
        self._html = b""
        self._reports: Queue[dict[str, Any]] = Queue()
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200 if self.path == "/" else 404, page._html)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == _REPORT:
                    page._reports.put(json.loads(body))
                self._answer(200, b"")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    @classmethod
    @contextmanager
    def served(cls, script: str) -> Iterator[Page]:
        """Serve a page for as long as the context lasts."""
        page = cls(script)
        thread = threading.Thread(target=page._server.serve_forever, name=page.origin)
        thread.start()
        try:
            yield page
        finally:
            page._server.shutdown()
            thread.join()
            page._server.server_close()

    def visit(self, api: str) -> dict[str, Any]:
        """Open the page in a new browser, and return its report.

        Args:
            api: The URL of the API that the page asks.
        """
        parts = {"api": json.dumps(api), "script": self._script, "report": _REPORT}
        self._html = (_PAGE % parts).encode()
        with _chromium(f"{self.origin}/") as log:
            try:
                return self._reports.get(timeout=_SECONDS)
            except Empty:
                pytest.fail(f"the page did not report within {_SECONDS} s: {log.read_text()}")


@contextmanager
def _chromium(url: str) -> Iterator[Path]:
    """Open a page in a browser that has never been used; give the file with what it says."""
    assert CHROMIUM is not None
    options = [
        "--headless",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--remote-debugging-port=0",  # without this or another task, it might end by itself
    ]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium refuses to run as root in one
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [CHROMIUM, *options, f"--user-data-dir={folder}/profile", url],
                env={**os.environ, "HOME": folder},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # it starts others, and all must end
            )
        try:
            yield log
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
