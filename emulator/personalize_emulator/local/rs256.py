"""Signatures of tokens, RS256, in plain Python: local AWS needs no library of cryptography for it.

It is slow, and keeps no secret from whoever measures its time: it is for tokens that are good on
this machine alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

_EXPONENT = 65537
_KEY_BYTES = 256
_LEAST_KEY_BYTES = 128
# What goes before a SHA-256 hash in a signature (RFC 8017, section 9.2, note 1).
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_BASES = (2, 3, 5, 7)


class Rs256Key:
    """A new pair of keys that tokens are signed with."""

    def __init__(self, key_id: str) -> None:
        """Make the keys, which takes about a second.

        Args:
            key_id: What they are called.
        """
        self.key_id = key_id
        p, q = _prime(), _prime()
        self._modulus = p * q
        self._secret = pow(_EXPONENT, -1, (p - 1) * (q - 1))

    @property
    def jwk(self) -> dict[str, str]:
        """The key that tokens are checked with, as a JSON Web Key."""
        return {
            "kid": self.key_id,
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "n": encode(self._modulus.to_bytes(_KEY_BYTES)),
            "e": encode(_EXPONENT.to_bytes(3)),
        }

    def token(self, claims: Mapping[str, Any]) -> str:
        """Return claims as a signed token."""
        header = {"alg": "RS256", "kid": self.key_id}
        signed = ".".join(encode(json.dumps(part).encode()) for part in (header, dict(claims)))
        padded = int.from_bytes(_padded(signed.encode(), _KEY_BYTES))
        signature = pow(padded, self._secret, self._modulus).to_bytes(_KEY_BYTES)
        return f"{signed}.{encode(signature)}"


def is_signed_by(token: str, jwk: Mapping[str, Any]) -> bool:
    """Whether a token has the signature of a key (RFC 8017, section 8.2.2).

    Args:
        token: The token.
        jwk: The key, as a JSON Web Key.
    """
    signed, _, signature = token.rpartition(".")
    try:
        modulus, exponent = (int.from_bytes(decode(str(jwk[name]))) for name in ("n", "e"))
        given = decode(signature)
    except (KeyError, ValueError):
        return False
    length = (modulus.bit_length() + 7) // 8
    if length < _LEAST_KEY_BYTES or len(given) != length:
        return False
    opened = pow(int.from_bytes(given), exponent, modulus).to_bytes(length)
    return secrets.compare_digest(opened, _padded(signed.encode(), length))


def encode(data: bytes) -> str:
    """Return base64 as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return what a part of a token stands for.

    Raises:
        ValueError: If it is no base64.
    """
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _padded(message: bytes, length: int) -> bytes:
    """Return what is signed of a message (RFC 8017, section 9.2)."""
    info = _DIGEST_INFO + hashlib.sha256(message).digest()
    return b"\0\1" + b"\xff" * (length - 3 - len(info)) + b"\0" + info


def _prime() -> int:
    """Return a prime of half the length of a key, with its two highest bits set."""
    bits = _KEY_BYTES * 4
    while True:
        candidate = secrets.randbits(bits) | (0b11 << (bits - 2)) | 1
        # By Fermat's little theorem: hardly a number of this length lies about it.
        if all(pow(base, candidate - 1, candidate) == 1 for base in _BASES):
            return candidate
