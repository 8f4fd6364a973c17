"""An issuer of tokens on this machine: its keys by HTTP, and tokens that it has signed."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from personalize_emulator.local.rs256 import Rs256Key


class Issuer:
    """An issuer, as OpenID Connect has it.

    Args:
        url: Its address.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._key = Rs256Key("mine")

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["Issuer"]:
        """Serve the keys of an issuer for as long as the context lasts."""
        documents: dict[str, object] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = documents.get(self.path)
                body = json.dumps(found or {}).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            issuer = cls(f"http://127.0.0.1:{server.server_port}")
            documents["/.well-known/openid-configuration"] = {
                "issuer": issuer.url,
                "jwks_uri": f"{issuer.url}/keys",
            }
            documents["/keys"] = {"keys": [issuer._key.jwk]}
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield issuer
            finally:
                server.shutdown()
                thread.join()

    def token(self, **claims: Any) -> str:
        """Return a token that is good for an hour, but for what `claims` say otherwise."""
        now = int(time.time())
        return self._key.token({"iss": self.url, "iat": now - 1, "exp": now + 3600, **claims})
