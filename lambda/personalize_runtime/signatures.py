"""Signatures of AWS, version 4: by them a service knows who calls, and that nobody changed it."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_SCOPE_END = "aws4_request"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_S3 = "s3"


class Credentials(NamedTuple):
    """Who calls.

    Attributes:
        access_key: The id of the key.
        secret_key: What signatures are made with.
        token: The session that the key belongs to, if it is a temporary one.
    """

    access_key: str
    secret_key: str
    token: str | None


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs requests to one service in one Region.

    Attributes:
        service: The name of the service in a signature.
        region: The Region.
    """

    service: str
    region: str

    def signed(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        credentials: Credentials,
        *,
        at: float,
    ) -> dict[str, str]:
        """Return all headers that a request is to be sent with, its signature among them.

        Args:
            method: The method of HTTP.
            url: Where the request goes; it has no query.
            headers: What else the request says, all of which is signed.
            body: The body.
            credentials: Who calls.
            at: The time, in seconds since 1970.
        """
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        digest = hashlib.sha256(body).hexdigest()
        headers = {**headers, "Host": _host(url), "X-Amz-Date": moment}
        if credentials.token is not None:
            headers["X-Amz-Security-Token"] = credentials.token
        if self.service == _S3:
            headers["X-Amz-Content-SHA256"] = digest

        canonical = {name.lower(): " ".join(text.split()) for name, text in headers.items()}
        names = ";".join(sorted(canonical))
        lines = [f"{name}:{canonical[name]}" for name in sorted(canonical)]
        request = "\n".join([method, self._path(url), "", *lines, "", names, digest])
        scope = f"{moment[:8]}/{self.region}/{self.service}/{_SCOPE_END}"
        hashed = hashlib.sha256(request.encode()).hexdigest()
        key = _signing_key(credentials.secret_key, scope)
        signature = _hmac(key, f"{_ALGORITHM}\n{moment}\n{scope}\n{hashed}").hex()
        return {
            **headers,
            "Authorization": (
                f"{_ALGORITHM} Credential={credentials.access_key}/{scope},"
                f" SignedHeaders={names}, Signature={signature}"
            ),
        }

    def _path(self, url: str) -> str:
        """Return the path as it is signed: quoted once more than it is sent, but for Amazon S3."""
        path = urlsplit(url).path or "/"
        return path if self.service == _S3 else quote(path, safe="/~")


@lru_cache(maxsize=8)
def _host(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    default = parts.port in (None, _DEFAULT_PORTS[parts.scheme])
    return host if default else f"{host}:{parts.port}"


@lru_cache(maxsize=8)  # it is the same all day
def _signing_key(secret_key: str, scope: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
