"""What clients and caches may keep."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from personalize_runtime.fields import json_of


def etag_of(document: Mapping[str, Any], *, without: Collection[str] = ()) -> str:
    """Return the weak ETag."""
    said = {name: value for name, value in document.items() if name not in without}
    digest = hashlib.blake2b(json_of(said).encode(), digest_size=12).hexdigest()
    return f'W/"{digest}"'


def matches(header: str | None, etag: str) -> bool:
    """Whether."""
    return header is not None and etag in header
